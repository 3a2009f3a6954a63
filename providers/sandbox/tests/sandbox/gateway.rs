//! The gateway's part, reduced to what decides.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use cetar_model::{
    Channel, Chat, Clock, Content, Decision, IdSource, MAX_ATTEMPTS, SendError, Timestamp, decide,
};
use cetar_provider::{
    Account, Inbound, Outbound, Provider, Session, SessionEnd,
    testkit::{ManualClock, MemoryHost},
};
use cetar_sandbox::Sandbox;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) const TICK: Duration = Duration::from_millis(100);

/// The gateway's part, reduced to what decides: send, follow the retry policy, write down what is told and when.
pub(crate) struct Gateway {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) began: Timestamp,
    pub(crate) provider: Sandbox,
    pub(crate) account: Account,
    pub(crate) host: Arc<MemoryHost>,
    pub(crate) told: mpsc::UnboundedReceiver<Inbound>,
    pub(crate) ids: IdSource,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) running: JoinSet<SessionEnd>,
    pub(crate) stop: CancellationToken,
    pub(crate) last_remote_id: String,
    pub(crate) log: Vec<String>,
}

impl Gateway {
    pub(crate) async fn on(channel: Channel) -> Self {
        static SEED: Mutex<u8> = Mutex::new(0);
        let clock = Arc::new(ManualClock::default());
        let (host, told) = MemoryHost::new(clock.clone());
        let provider = Sandbox::new(channel, clock.clone());
        let ids = IdSource::new(|bytes| {
            let mut seed = SEED.lock().unwrap();
            bytes.fill_with(|| {
                *seed = seed.wrapping_add(1);
                *seed
            });
        });
        let account = Account {
            device: ids.make(clock.now()),
            channel,
            address: Some("6200012345678".to_owned()),
            settings: std::collections::BTreeMap::default(),
            language: cetar_model::Language::Indonesian,
            credentials_until: None,
        };
        let session = provider.open(account.clone(), host.clone()).unwrap();
        let mut gateway = Self {
            began: clock.now(),
            clock,
            provider,
            account,
            host,
            told,
            ids,
            session,
            running: JoinSet::new(),
            stop: CancellationToken::new(),
            last_remote_id: String::new(),
            log: Vec::new(),
        };
        gateway.start().await;
        gateway.log.clear();
        gateway
    }

    pub(crate) async fn start(&mut self) {
        self.session = self.provider.open(self.account.clone(), self.host.clone()).unwrap();
        self.stop = CancellationToken::new();
        let (session, stop) = (Arc::clone(&self.session), self.stop.clone());
        self.running.spawn(async move { session.run(stop).await });
        self.listen().await;
    }

    pub(crate) async fn stop(&mut self) -> SessionEnd {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap()
    }

    pub(crate) fn note(&mut self, what: impl std::fmt::Display) {
        let elapsed = self.clock.now().since(self.began).as_secs_f32();
        self.log.push(format!("{elapsed:.1} {what}"));
    }

    /// Lets the session do all it can at this moment (on one thread, with a host that never waits, a few turns do), and
    /// writes down what it told.
    pub(crate) async fn listen(&mut self) {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        while let Ok(event) = self.told.try_recv() {
            match event {
                Inbound::Receipt(receipt) => self.note(receipt.receipt),
                Inbound::Health(health) => self.note(health.state),
                Inbound::Message(message) => {
                    let id = message.remote_id.replace(&self.last_remote_id, "…");
                    let text = message.content.text().unwrap_or_default();
                    self.note(format_args!("\"{text}\" from {} as {id}", message.from));
                }
                Inbound::Reachable { .. } => self.note("reachable"),
                Inbound::AccountRate(_) => self.note("rate"),
                Inbound::Templates { .. } => self.note("templates"),
                Inbound::Renewed(_) => self.note("renewed"),
                Inbound::Resolved { .. } => self.note("resolved"),
            }
        }
    }

    pub(crate) async fn pass(&mut self, time: Duration) {
        let until = self.clock.now() + time;
        while self.clock.now() < until {
            self.clock.advance(TICK);
            self.listen().await;
        }
    }

    pub(crate) fn message(&self, to: &str) -> Outbound {
        Outbound {
            id: self.ids.make(self.clock.now()),
            to: Chat::new(to),
            content: Content::Text { text: "Halo!".to_owned() },
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    /// One attempt, time passing while it lasts.
    pub(crate) async fn attempt(&mut self, message: &Outbound) -> Option<SendError> {
        let session = Arc::clone(&self.session);
        let mut sending = pin!(session.send(message));
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut sending => break outcome,
                () = tokio::task::yield_now() => self.clock.advance(TICK),
            }
        };
        match &outcome {
            Ok(sent) => {
                assert_eq!(Some(&sent.remote_id), self.provider.remote_id(&message.id).as_ref());
                self.last_remote_id.clone_from(&sent.remote_id);
                self.note("took it");
            }
            Err(SendError::Rejected { code, provider_code, .. }) => {
                self.note(format_args!("refused: {code} ({})", provider_code.as_deref().unwrap_or("-")));
            }
            Err(SendError::Unknown(_)) => self.note("no word"),
            Err(SendError::SlowDown { .. }) => self.note("slow down"),
            Err(error) => self.note(error),
        }
        self.listen().await;
        outcome.err()
    }

    /// Sends as the gateway does, at most `rounds` times, then waits a minute for what comes in.
    pub(crate) async fn send(&mut self, to: &str, rounds: u32) {
        let mut message = self.message(to);
        for _ in 0..rounds {
            let Some(error) = self.attempt(&message).await else { break };
            let safe = self.provider.capabilities().resend_is_safe;
            match decide(&error, message.attempt, Some(MAX_ATTEMPTS), safe) {
                Decision::Retry(after) => {
                    message.attempt += 1;
                    self.pass(after).await;
                }
                Decision::Postpone(after) => self.pass(after).await,
                Decision::Hold => {
                    while !self.session.health().state.can_send() {
                        self.pass(TICK).await;
                    }
                }
                Decision::Fail(_) | Decision::Unknown => break,
            }
        }
        self.pass(Duration::from_mins(1)).await;
    }
}
