//! A client, as the gateway runs it, with its events in a list to wait on.

use std::sync::Arc;
use std::time::Duration;

use cetar_simulator_whatsapp_web::{Phone, Simulator};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::UreqHttpClient;
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::types::events::{Event, InboundMessage};
use whatsapp_rust::waproto::whatsapp::Message;
use whatsapp_rust::{Client, Jid, SendOptions};

/// Nothing on loopback takes that long: whoever waits longer waits for something that will not come.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const OWNER: &str = "6281100000001";
pub(crate) const PEER: &str = "6281200000002";

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// The media servers have a certificate of their own making.
fn trusting() -> ureq::Agent {
    let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
    ureq::Agent::config_builder().tls_config(tls).build().new_agent()
}

pub(crate) struct Session {
    handle: BotHandle,
    store: Arc<InMemoryBackend>,
    events: UnboundedReceiver<Arc<Event>>,
    /// Came while something else was waited for.
    seen: Vec<Arc<Event>>,
}

impl Session {
    /// A client that is not linked yet; with a number it asks for a link code.
    pub(crate) async fn unlinked(simulator: &Simulator, number: Option<&str>) -> Self {
        Self::start(&simulator.url(), Arc::new(InMemoryBackend::new()), number).await
    }

    /// A client linked to this phone by QR code, and connected.
    pub(crate) async fn linked(simulator: &Simulator, phone: &Phone) -> Self {
        let mut session = Self::unlinked(simulator, None).await;
        let code = session.qr_code().await;
        soon("scan", phone.scan(&code)).await.expect("linked");
        session.connected().await;
        session
    }

    async fn start(url: &str, store: Arc<InMemoryBackend>, number: Option<&str>) -> Self {
        let (sender, events) = unbounded_channel();
        let mut bot = Bot::builder()
            .with_backend_arc(store.clone())
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(url))
            .with_http_client(UreqHttpClient::with_agent(trusting()))
            .with_version((2, 3000, 1_030_000_000))
            .skip_history_sync()
            .with_wanted_pre_key_count(20)
            .on_event(move |event, _| {
                let _ = sender.send(event);
                async {}
            });
        if let Some(number) = number {
            bot =
                bot.with_pair_code(PairCodeOptions { phone_number: number.to_owned(), ..Default::default() });
        }
        let handle = bot.build().await.expect("a complete client").spawn();
        Self { handle, store, events, seen: Vec::new() }
    }

    /// Stops the client and starts it again from its store.
    pub(crate) async fn restart(self, simulator: &Simulator) -> Self {
        let store = self.stop_and_keep().await;
        Self::resume(simulator, store).await
    }

    pub(crate) async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// Stops the client and gives what it keeps for its next start.
    pub(crate) async fn stop_and_keep(self) -> Arc<InMemoryBackend> {
        soon("stop", self.handle.shutdown()).await;
        self.store
    }

    /// A client on what an earlier one kept.
    pub(crate) async fn resume(simulator: &Simulator, store: Arc<InMemoryBackend>) -> Self {
        Self::start(&simulator.url(), store, None).await
    }

    /// A second client on the store of this one: what must never happen, and sometimes does.
    pub(crate) async fn twin(&self, simulator: &Simulator) -> Self {
        Self::start(&simulator.url(), self.store.clone(), None).await
    }

    pub(crate) fn client(&self) -> Arc<Client> {
        self.handle.client()
    }

    /// The first event that fits, of those not yet taken.
    pub(crate) async fn event<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        for place in 0..self.seen.len() {
            if let Some(found) = pick(&self.seen[place]) {
                self.seen.remove(place);
                return found;
            }
        }
        soon(what, async {
            loop {
                let event = self.events.recv().await.expect("the client runs");
                if let Some(found) = pick(&event) {
                    return found;
                }
                self.seen.push(event);
            }
        })
        .await
    }

    pub(crate) async fn qr_code(&mut self) -> String {
        self.event("a QR code", |event| match event {
            Event::PairingQrCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn link_code(&mut self) -> String {
        self.event("a link code", |event| match event {
            Event::PairingCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connected(&mut self) {
        self.event("Connected", |event| matches!(event, Event::Connected(_)).then_some(())).await;
    }

    /// The server's answer to a message: `None` if it took it, else the code.
    pub(crate) async fn server_ack(&mut self, id: &str) -> Option<String> {
        self.event("the server's ack", |event| match event {
            Event::ServerAck(ack) if ack.id == id => Some(ack.error.clone()),
            _ => None,
        })
        .await
    }

    /// A receipt of this type, as the library spells it.
    pub(crate) async fn receipt(&mut self, id: &str, kind: &str) {
        self.event(&format!("receipt {kind}"), |event| match event {
            Event::Receipt(receipt) => {
                let fits = receipt.message_ids.iter().any(|it| it == id)
                    && format!("{:?}", receipt.r#type).eq_ignore_ascii_case(kind);
                fits.then_some(())
            }
            _ => None,
        })
        .await;
    }

    pub(crate) async fn message(&mut self, id: &str) -> InboundMessage {
        let find = |event: &Event| event.as_messages()?.messages.iter().find(|it| it.info.id == id).cloned();
        // One event can carry several messages: look without taking it.
        if let Some(found) = self.seen.iter().find_map(|event| find(event)) {
            return found;
        }
        let (event, found) =
            self.event("a message", |event| find(event).map(|found| (event.clone(), found))).await;
        self.seen.push(Arc::new(event));
        found
    }

    pub(crate) async fn send_text(&self, number: &str, text: &str) -> String {
        self.send(number, text, SendOptions::default()).await
    }

    pub(crate) async fn send_text_as(&self, number: &str, text: &str, id: &str) {
        self.send(number, text, SendOptions::default().with_message_id(id)).await;
    }

    async fn send(&self, number: &str, text: &str, options: SendOptions) -> String {
        let message = Message { conversation: Some(text.to_owned()), ..Default::default() };
        let client = self.client();
        let sent = client.send_message_with_options(Jid::pn(number), message, options);
        soon("send", sent).await.expect("written").message_id.clone()
    }
}

pub(crate) fn text_of(inbound: &InboundMessage) -> Option<String> {
    inbound.message.conversation.clone()
}
