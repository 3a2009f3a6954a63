//! One linked account, live.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cetar_model::{Chat, DeviceId, DownReason, Health, PhoneNumber};
use cetar_provider::{
    ByteStream, CheckError, DownloadError, Host, HostError, NumberCheck, Outbound, SendError, Sent, Session,
    SessionEnd,
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use wacore::store::{error::StoreError, traits::DeviceStore};
use whatsapp_rust::bot::Bot;

use crate::{
    acks::Acks,
    client::{self, EventSink, Told, Wiring},
    debts::Debts,
    health::{HealthBoard, Line},
    inbound::{Inbox, TakeIn},
    life::{Life, Sources},
    media::Uploads,
    recipients::Recipients,
    send::Live,
    settings::Settings,
    store::SessionStore,
    transport::WireState,
};

pub(crate) struct WebSession {
    settings: Arc<Settings>,
    device: DeviceId,
    host: Arc<dyn Host>,
    /// Held by whoever runs a client on this device's state: two would break the ratchets.
    alone: Arc<tokio::sync::Mutex<()>>,
    board: Arc<HealthBoard>,
    acks: Arc<Acks>,
    recipients: Arc<Recipients>,
    uploads: Arc<Uploads>,
    live: Mutex<Option<Arc<Live>>>,
}

impl WebSession {
    pub(crate) fn new(
        settings: Arc<Settings>,
        device: DeviceId,
        host: Arc<dyn Host>,
        alone: Arc<tokio::sync::Mutex<()>>,
    ) -> Self {
        Self {
            settings,
            device,
            host,
            alone,
            board: Arc::new(HealthBoard::new()),
            acks: Arc::default(),
            recipients: Arc::default(),
            uploads: Arc::default(),
            live: Mutex::new(None),
        }
    }

    fn live(&self) -> Option<Arc<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_live(&self, live: Option<Arc<Live>>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// From the stored state to the end of the client. Whatever the end, the client has fully disconnected.
    async fn live_through(&self, stop: &CancellationToken) -> Result<SessionEnd, NotStarted> {
        let (store, resolved) = SessionStore::open(Arc::clone(&self.host)).await?;
        let device = store.load().await?;
        let Some(own) = device.and_then(|device| device.pn).map(|jid| jid.user.to_string()) else {
            return Ok(SessionEnd::Ended(DownReason::LoggedOut));
        };
        if let Some(refusal) = store.refusal().await? {
            self.board.restore(refusal);
        }
        let (ask, asked) = mpsc::unbounded_channel();
        let unread = store.unreadable().await?;
        let inbox = Arc::new(Inbox::new(Arc::clone(&store), Arc::clone(&self.recipients), own, unread, ask));
        let wire = WireState::new();
        store.runs_on(wire.clone());
        let debts = Debts::new(self.settings.unconfirmed_max);
        let (events_to, events) = mpsc::unbounded_channel();
        let bot = self.build(&store, &wire, &inbox, events_to, debts.clone()).await?;
        let live = Arc::new(Live {
            client: bot.client(),
            wire: wire.clone(),
            store,
            board: Arc::clone(&self.board),
            acks: Arc::clone(&self.acks),
            recipients: Arc::clone(&self.recipients),
            uploads: Arc::clone(&self.uploads),
            settings: Arc::clone(&self.settings),
            doubt: Notify::new(),
            unlinked: CancellationToken::new(),
        });
        let handle = bot.spawn();
        self.set_live(Some(Arc::clone(&live)));
        let sources = Sources { events, resolved, asked, wire: wire.subscribe(), debts };
        let end = Life::new(self.device.clone(), live, inbox, sources).run(handle, stop).await;
        self.set_live(None);
        Ok(end)
    }

    async fn build(
        &self,
        store: &Arc<SessionStore>,
        wire: &WireState,
        inbox: &Arc<Inbox>,
        to: mpsc::UnboundedSender<Told>,
        debts: Debts,
    ) -> Result<Bot, NotStarted> {
        let sink = EventSink {
            wire: wire.clone(),
            board: Arc::clone(&self.board),
            acks: Arc::clone(&self.acks),
            host: Arc::clone(&self.host),
            to,
            debts,
        };
        let wiring = Wiring {
            store: Arc::clone(store),
            wire: wire.clone(),
            sink,
            hook: TakeIn(Arc::clone(inbox)),
            pair_code: None,
        };
        client::build(&self.settings, wiring).await.map_err(|error| NotStarted::Client(error.to_string()))
    }
}

/// The session could not begin.
#[derive(Debug, thiserror::Error)]
enum NotStarted {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("the stored state cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("the client cannot be built: {0}")]
    Client(String),
}

impl NotStarted {
    fn end(&self) -> SessionEnd {
        let lost = match self {
            Self::Host(HostError::LeaseLost) => DownReason::HeldByAnotherNode,
            Self::Host(HostError::Unavailable(_)) | Self::Store(_) | Self::Client(_) => {
                DownReason::Disconnected
            }
        };
        SessionEnd::Lost(lost)
    }
}

#[async_trait]
impl Session for WebSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        let Some(_alone) = stop.run_until_cancelled(self.alone.lock()).await else {
            return SessionEnd::Stopped;
        };
        self.board.set_line(Line::Down(None));
        let end = self.live_through(&stop).await.unwrap_or_else(|error| {
            tracing::warn!(device = %self.device, %error, "the session could not begin");
            error.end()
        });
        match end {
            SessionEnd::Ended(reason) => {
                self.board.set_line(Line::Over(reason));
                // The end itself says the same; a host that cannot take this will learn it from there.
                let _said_by_the_end = self.host.emit(cetar_provider::Inbound::Health(self.health())).await;
            }
            SessionEnd::Lost(reason) => self.board.set_line(Line::Down(Some(reason))),
            SessionEnd::Stopped => self.board.set_line(Line::Down(None)),
        }
        end
    }

    fn health(&self) -> Health {
        if let Some(live) = self.live() {
            live.observe();
        }
        self.board.health()
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        match self.live() {
            Some(live) => live.send(message).await,
            None => Err(SendError::AccountDown(self.down())),
        }
    }

    async fn typing(&self, chat: &Chat) -> Result<(), SendError> {
        match self.live() {
            Some(live) => live.typing(chat).await,
            None => Err(SendError::AccountDown(self.down())),
        }
    }

    async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        match self.live() {
            Some(live) => live.check(number).await,
            None => Err(CheckError::AccountDown(self.down())),
        }
    }

    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        match self.live() {
            Some(live) => live.download(reference).await,
            None => Err(DownloadError::AccountDown(self.down())),
        }
    }

    async fn logout(&self) -> Result<(), SendError> {
        match self.live() {
            Some(live) => live.unlink().await,
            None => Err(SendError::AccountDown(self.down())),
        }
    }
}

impl WebSession {
    fn down(&self) -> DownReason {
        match self.board.line() {
            Line::Over(reason) | Line::Down(Some(reason)) => reason,
            Line::Down(None) | Line::Up | Line::Silent => DownReason::Disconnected,
        }
    }
}
