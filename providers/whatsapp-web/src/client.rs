//! whatsapp-rust, set up our way. Linking and sessions both begin here.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use cetar_model::DownReason;
use cetar_provider::Host;
use tokio::sync::mpsc;
use wacore::{
    msg_secret::{MsgSecretPolicy, MsgSecretRetention},
    store::device::DevicePropsOverride,
    types::events::{Event, EventHandler, EventInterest, EventKind, ServerAck},
};
use waproto::whatsapp::device_props::PlatformType;
use whatsapp_rust::{
    CacheConfig, InboundDurabilityHook,
    bot::{Bot, BotBuilderError},
    http::UreqHttpClient,
    pair_code::PairCodeOptions,
};

use crate::{
    acks::Acks,
    convert,
    debts::{Debt, Debts},
    health::{HealthBoard, Line},
    settings::Settings,
    store::SessionStore,
    transport::{WatchedFactory, WireState},
};

/// Talks to WhatsApp's media servers; one for all sessions, so that they share its connections. The whole of a transfer is bounded
/// by [`Settings::media_timeout`]; here each step is, so that no thread waits for a server that says nothing.
static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    const STEP: Duration = Duration::from_secs(30);
    let config = ureq::Agent::config_builder()
        .https_only(true)
        .max_redirects(0)
        .timeout_resolve(Some(STEP))
        .timeout_connect(Some(STEP))
        .timeout_send_request(Some(STEP))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .timeout_send_body(Some(Duration::from_mins(10)))
        .timeout_recv_body(Some(Duration::from_mins(10)));
    #[cfg(feature = "simulated")]
    let config = config.tls_config(ureq::tls::TlsConfig::builder().disable_verification(true).build());
    config.build().new_agent()
});

/// What a client needs of us.
pub(crate) struct Wiring<H> {
    pub(crate) store: Arc<SessionStore>,
    pub(crate) wire: WireState,
    pub(crate) sink: EventSink,
    pub(crate) hook: H,
    pub(crate) pair_code: Option<PairCodeOptions>,
}

/// How long a text can be told to have been changed. Its writer has 20 minutes; what waits on WhatsApp's side meanwhile comes later.
const SECRETS_KEPT: Duration = Duration::from_hours(2 * 24);

/// Builds a client; nothing connects yet. Its socket is watched, its state is in our store, and WhatsApp is acknowledged
/// only after `hook` said so.
pub(crate) async fn build<H>(settings: &Settings, wiring: Wiring<H>) -> Result<Bot, BotBuilderError>
where
    H: InboundDurabilityHook + 'static,
{
    let Wiring { store, wire, sink, hook, pair_code } = wiring;
    let builder = Bot::builder()
        .with_backend_arc(store)
        .with_transport_factory(WatchedFactory::new(settings.url.as_deref(), wire, sink.debts.clone()))
        .with_http_client(UreqHttpClient::with_agent(AGENT.clone()))
        .with_version(settings.version)
        // How the phone lists us. WhatsApp refuses a pairing code to anything that is not an operating system it knows.
        .with_device_props(
            DevicePropsOverride::new().with_os("Windows").with_platform_type(PlatformType::CHROME),
        )
        .skip_history_sync()
        .with_wanted_pre_key_count(settings.pre_keys)
        .with_cache_config(CacheConfig {
            // The library reads edits and reactions that are sealed under the secret of the message they are about. Those of messages
            // we sent are not kept: see `store::device`.
            msg_secret_policy: MsgSecretPolicy::Managed,
            msg_secret_retention: MsgSecretRetention { text: SECRETS_KEPT, ..MsgSecretRetention::default() },
            ..CacheConfig::default()
        })
        .with_inbound_durability_hook(hook)
        .with_event_handler(sink);
    match pair_code {
        Some(options) => builder.with_pair_code(options),
        None => builder,
    }
    .build()
    .await
}

/// Takes the library's events on its own tasks, in the order they happen: notes what must be known at once and hands the
/// rest to the session's loop. It never blocks.
pub(crate) struct EventSink {
    pub(crate) wire: WireState,
    pub(crate) board: Arc<HealthBoard>,
    pub(crate) acks: Arc<Acks>,
    pub(crate) host: Arc<dyn Host>,
    /// Not bounded by itself: the socket is, by what is owed.
    pub(crate) to: mpsc::UnboundedSender<Told>,
    pub(crate) debts: Debts,
}

/// What the sink tells the loop.
pub(crate) struct Told {
    pub(crate) word: Word,
    /// Paid once this is dropped: when it is committed, or was nothing to commit.
    _debt: Debt,
}

/// What there is to tell.
pub(crate) enum Word {
    /// Something happened. An acknowledgement among these is one nobody waited for.
    Event(Arc<Event>),
    /// A send was answered; a restriction may have begun or ended by it.
    Answered,
}

impl EventSink {
    fn acknowledged(&self, ack: &ServerAck) {
        let now = self.host.now();
        self.board.answered_at(now);
        // The board first: whoever waits for this answer may ask for the health next.
        let chat = self.acks.chat_of(&ack.id);
        match (ack.error.as_deref(), chat) {
            (None, Some(chat)) => {
                self.board.accepted(&chat);
            }
            (Some(convert::REACHOUT_LOCK), Some(chat)) => self.board.refused(&chat, now),
            // Too late for whoever waited; the account is restricted all the same. A chat that is told by its LID is not the one we
            // wrote to by number, so that no later message to it proves the restriction over: it ends when WhatsApp says, or in a day.
            (Some(convert::REACHOUT_LOCK), None) if convert::may_be_ours(&ack.id) => {
                self.board.refused(ack.from.as_ref().map_or("", |chat| chat.user.as_str()), now);
            }
            _ => {}
        }
    }
}

impl EventHandler for EventSink {
    fn handle_event(&self, event: Arc<Event>) {
        let word = match &*event {
            Event::Connected(_) => {
                self.wire.ready();
                Word::Event(event)
            }
            Event::ServerAck(ack) => {
                self.acknowledged(ack);
                if !convert::may_be_ours(&ack.id) {
                    return;
                }
                if self.acks.resolve(&ack.id, ack.error.as_deref()) {
                    Word::Answered
                } else {
                    Word::Event(event)
                }
            }
            Event::LoggedOut(out) => {
                // At once: our own request to be unlinked may be cut off by its success.
                let reason = convert::closed_door(out.reason).unwrap_or(DownReason::LoggedOut);
                self.board.set_line(Line::Over(reason));
                Word::Event(event)
            }
            // What the hook has committed needs nothing more.
            Event::Messages(batch) if batch.hook_committed => return,
            _ => Word::Event(event),
        };
        // The loop is gone only after the client is.
        let _ended = self.to.send(Told { word, _debt: self.debts.incur() });
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::Connected,
            EventKind::LoggedOut,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ConnectFailure,
            EventKind::ClientOutdated,
            EventKind::StreamError,
            EventKind::ServerAck,
            EventKind::Receipt,
            EventKind::Messages,
            EventKind::UndecryptableMessage,
            EventKind::PairingQrCode,
            EventKind::PairingQrCodesExhausted,
            EventKind::PairingCode,
            EventKind::PairingCodeRefresh,
            EventKind::PairingCodeError,
            EventKind::QrScannedWithoutMultidevice,
            EventKind::PairSuccess,
            EventKind::PairError,
            EventKind::PairPasskeyRequest,
            EventKind::PairPasskeyError,
        ])
    }
}
