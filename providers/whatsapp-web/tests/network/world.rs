//! A network, an account on it, and the gateway's side of one device.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Channel, Chat, Content, DeviceId, DeviceState, Health, IdSource, LinkMethod, Media, MediaId, MediaSource,
    MessageId, PhoneNumber, Receipt, Timestamp, Writer,
};
use cetar_provider::{
    Account, Host, HostError, Inbound, InboundMessage, InboundReceipt, LinkError, LinkProcess, LinkRequest,
    LinkStep, Linked, Outbound, Provider, SendError, Sent, Session, SessionEnd, StateWrite, StoredMedia,
    SystemClock, testkit::MemoryHost,
};
use cetar_simulator_whatsapp_web::{Peer, Phone, Simulator};
use cetar_whatsapp_web::{Linking, Settings, Watch, WhatsappWeb};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub(crate) const OWNER: &str = "6281100000001";
pub(crate) const PEER: &str = "6281200000002";

/// Nothing on the loopback takes that long: whoever waits longer waits for something that will not come.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Worlds made so far, so that each has ids of its own.
static COUNT: Mutex<u8> = Mutex::new(0);

/// A host in memory that can be told to fail.
pub(crate) struct ScriptedHost {
    inner: Arc<MemoryHost>,
    refused_messages: AtomicUsize,
    refuses_receipts: AtomicBool,
    refuses_notes: AtomicBool,
    refuses_rows: AtomicBool,
    refuses_reads: AtomicBool,
    refuses_sessions: AtomicBool,
    refuses_identities: Mutex<Vec<String>>,
    taken_over: AtomicBool,
    /// Receipts whose commit has begun, and how many of them may end.
    receipts_begun: watch::Sender<usize>,
    receipts_allowed: watch::Sender<usize>,
    /// The addresses whose Signal sessions were written.
    keys_written: watch::Sender<Vec<String>>,
    /// Notified when a message that came before is looked for among those that wait to be committed.
    pub(crate) looked_for: tokio::sync::Notify,
    /// Notified when an event was refused.
    pub(crate) refused: tokio::sync::Notify,
}

impl ScriptedHost {
    /// The next so many messages are not committed.
    pub(crate) fn refuse_messages(&self, count: usize) {
        self.refused_messages.store(count, Ordering::SeqCst);
    }

    /// Whether what others say of our messages is committed.
    pub(crate) fn refuse_receipts(&self, on: bool) {
        self.refuses_receipts.store(on, Ordering::SeqCst);
    }

    /// So many receipts, counted from the first, are committed; the others wait.
    pub(crate) fn allow_receipts(&self, count: usize) {
        self.receipts_allowed.send_replace(count);
    }

    /// Waits until the commit of so many receipts has begun, counted from the first.
    pub(crate) async fn receipts_begun(&self, count: usize) {
        self.receipts_begun.subscribe().wait_for(|begun| *begun >= count).await.expect("the sender is here");
    }

    /// Whether what we want to remember of unreadable messages is committed.
    pub(crate) fn refuse_notes(&self, on: bool) {
        self.refuses_notes.store(on, Ordering::SeqCst);
    }

    /// Whether decrypted messages cannot be kept until they are committed. Everything else of the session's state can.
    pub(crate) fn refuse_rows(&self, on: bool) {
        self.refuses_rows.store(on, Ordering::SeqCst);
    }

    /// Whether the session's state can be read.
    pub(crate) fn refuse_reads(&self, on: bool) {
        self.refuses_reads.store(on, Ordering::SeqCst);
    }

    /// Whether the keys that have gone forward can be written.
    pub(crate) fn refuse_sessions(&self, on: bool) {
        self.refuses_sessions.store(on, Ordering::SeqCst);
    }

    /// What messages for this person are sealed with cannot be read, whatever else can.
    pub(crate) fn refuse_identity_of(&self, peer: &Peer) {
        *self.refuses_identities.lock().unwrap() = vec![PEER.to_owned(), peer.lid().to_owned()];
    }

    /// It can again.
    pub(crate) fn allow_identities(&self) {
        self.refuses_identities.lock().unwrap().clear();
    }

    /// Waits until what messages of this person are read with was written.
    pub(crate) async fn has_keys_of(&self, peer: &Peer) {
        let theirs = |address: &String| address.starts_with(PEER) || address.starts_with(peer.lid());
        let mut written = self.keys_written.subscribe();
        written.wait_for(|all| all.iter().any(theirs)).await.expect("the sender is here");
    }

    /// Loses the messages that were put on disk and not committed.
    pub(crate) async fn lose_rows(&self) {
        self.inner.save(vec![StateWrite::Clear { collection: "pending_inbound" }]).await.unwrap();
    }

    fn full(&self) -> HostError {
        self.refused.notify_one();
        HostError::Unavailable("the disk is full".into())
    }

    /// Another device of the workspace is linked to this account from now on.
    pub(crate) fn link_elsewhere(&self, address: &str) {
        self.inner.link_elsewhere(address);
    }

    /// This message is known from now on.
    pub(crate) fn note_writer(&self, remote_id: &str, writer: Writer) {
        self.inner.note_writer(Chat::new(PEER), remote_id, writer);
    }

    /// Another node holds the device from now on.
    pub(crate) fn take_over(&self) {
        self.taken_over.store(true, Ordering::SeqCst);
    }

    fn held(&self) -> Result<(), HostError> {
        if self.taken_over.load(Ordering::SeqCst) { Err(HostError::LeaseLost) } else { Ok(()) }
    }
}

#[async_trait]
impl Host for ScriptedHost {
    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        self.held()?;
        let refuse = matches!(event, Inbound::Message(_))
            && self
                .refused_messages
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_ok();
        let refuse =
            refuse || matches!(event, Inbound::Receipt(_)) && self.refuses_receipts.load(Ordering::SeqCst);
        if refuse {
            return Err(self.full());
        }
        if matches!(event, Inbound::Receipt(_)) {
            let mut number = 0;
            self.receipts_begun.send_modify(|begun| {
                *begun += 1;
                number = *begun;
            });
            let mut allowed = self.receipts_allowed.subscribe();
            allowed.wait_for(|allowed| *allowed >= number).await.expect("the sender is here");
        }
        self.inner.emit(event).await
    }

    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        self.held()?;
        if self.refuses_reads.load(Ordering::SeqCst) {
            return Err(self.full());
        }
        let theirs = |user: &String| key.starts_with(user.as_bytes());
        if collection == "identity" && self.refuses_identities.lock().unwrap().iter().any(theirs) {
            return Err(self.full());
        }
        if collection == "pending_inbound" {
            self.looked_for.notify_one();
        }
        self.inner.load(collection, key).await
    }

    async fn load_all(&self, collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        self.held()?;
        self.inner.load_all(collection).await
    }

    async fn save(&self, batch: Vec<StateWrite>) -> Result<(), HostError> {
        self.held()?;
        let note = |write: &StateWrite| matches!(write, StateWrite::Put { collection: "unreadable", .. });
        if self.refuses_notes.load(Ordering::SeqCst) && batch.iter().any(note) {
            return Err(self.full());
        }
        // A database that takes no message takes nothing: else it would be the message's fault.
        let probe = |write: &StateWrite| matches!(write, StateWrite::Put { collection: "note", .. });
        if self.refused_messages.load(Ordering::SeqCst) > 0 && batch.iter().any(probe) {
            return Err(HostError::Unavailable("the disk is full".into()));
        }
        let row = |write: &StateWrite| matches!(write, StateWrite::Put { collection: "pending_inbound", .. });
        if self.refuses_rows.load(Ordering::SeqCst) && batch.iter().any(row) {
            return Err(self.full());
        }
        let keys = |write: &StateWrite| matches!(write, StateWrite::Put { collection: "session", .. });
        if self.refuses_sessions.load(Ordering::SeqCst) && batch.iter().any(keys) {
            return Err(self.full());
        }
        let written: Vec<String> = batch
            .iter()
            .filter_map(|write| match write {
                StateWrite::Put { collection: "session", key, .. } => {
                    Some(String::from_utf8_lossy(key).into_owned())
                }
                _ => None,
            })
            .collect();
        self.inner.save(batch).await?;
        self.keys_written.send_modify(|all| all.extend(written));
        Ok(())
    }

    async fn media(&self, id: &MediaId) -> Result<StoredMedia, HostError> {
        self.held()?;
        self.inner.media(id).await
    }

    async fn is_linked_elsewhere(&self, address: &str) -> Result<bool, HostError> {
        self.held()?;
        self.inner.is_linked_elsewhere(address).await
    }

    async fn writer_of(&self, chat: &Chat, remote_id: &str) -> Result<Option<Writer>, HostError> {
        self.held()?;
        self.inner.writer_of(chat, remote_id).await
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}

/// Settings under which nothing waits for long.
pub(crate) fn quick(simulator: &Simulator, temp: &TempDir) -> Settings {
    Settings {
        url: Some(simulator.url()),
        send_timeout: Duration::from_secs(20),
        watch: Watch { silence: Duration::from_secs(15), answer: Duration::from_secs(8) },
        linking: Linking::default(),
        unreadable_after: Duration::from_mins(2),
        doubted_for: Duration::from_mins(2),
        pre_keys: 20,
        ..Settings::new(temp.path().to_owned())
    }
}

/// What the gateway knows of one device: its host and what it was told.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) phone: Phone,
    pub(crate) peer: Peer,
    pub(crate) provider: WhatsappWeb,
    pub(crate) host: Arc<ScriptedHost>,
    /// Where media lie on their way.
    temp: TempDir,
    told: UnboundedReceiver<Inbound>,
    /// Told while something else was waited for.
    seen: Vec<Inbound>,
    ids: IdSource,
    device: DeviceId,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    pub(crate) async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let simulator = Simulator::start().await;
        let temp = TempDir::new().unwrap();
        let (inner, told) = MemoryHost::new(Arc::new(SystemClock));
        let host = Arc::new(ScriptedHost {
            inner,
            refused_messages: AtomicUsize::new(0),
            refuses_receipts: AtomicBool::new(false),
            refuses_notes: AtomicBool::new(false),
            refuses_rows: AtomicBool::new(false),
            refuses_reads: AtomicBool::new(false),
            refuses_sessions: AtomicBool::new(false),
            refuses_identities: Mutex::default(),
            taken_over: AtomicBool::new(false),
            receipts_begun: watch::Sender::new(0),
            receipts_allowed: watch::Sender::new(usize::MAX),
            keys_written: watch::Sender::new(Vec::new()),
            looked_for: tokio::sync::Notify::new(),
            refused: tokio::sync::Notify::new(),
        });
        let ids = IdSource::new(|bytes| {
            // Another sequence for every world.
            let mut count = COUNT.lock().unwrap();
            *count = count.wrapping_add(1);
            bytes.fill(*count);
        });
        let now = Timestamp::from_secs(1_709_650_000);
        Self {
            phone: simulator.phone(OWNER),
            peer: simulator.peer(PEER),
            provider: WhatsappWeb::new(change(quick(&simulator, &temp))),
            simulator,
            temp,
            host,
            told,
            seen: Vec::new(),
            device: ids.make(now),
            ids,
        }
    }

    /// A world whose device is linked and whose session is connected.
    pub(crate) async fn connected() -> (Self, Running) {
        Self::connected_with(|settings| settings).await
    }

    pub(crate) async fn connected_with(change: impl FnOnce(Settings) -> Settings) -> (Self, Running) {
        let mut world = Self::with(change).await;
        world.link().await;
        let running = world.run().await;
        (world, running)
    }

    pub(crate) fn account(&self) -> Account {
        Account {
            device: self.device.clone(),
            channel: Channel::Whatsapp,
            address: None,
            settings: std::collections::BTreeMap::new(),
            language: cetar_model::Language::Indonesian,
            credentials_until: None,
        }
    }

    pub(crate) async fn begin(&self, method: LinkMethod) -> Box<dyn LinkProcess> {
        let phone = (method == LinkMethod::PairingCode).then(|| PhoneNumber::parse(OWNER).unwrap());
        let request = LinkRequest { method, phone, outcome: None };
        self.provider.link(self.account(), request, self.host.clone()).await.unwrap()
    }

    /// Links by QR.
    pub(crate) async fn link(&mut self) -> Linked {
        let mut process = self.begin(LinkMethod::Qr).await;
        let code = qr(process.as_mut()).await;
        soon("the scan", self.phone.scan(&code)).await.expect("linked");
        done(process.as_mut()).await
    }

    pub(crate) fn open(&self) -> Arc<dyn Session> {
        self.provider.open(self.account(), self.host.clone()).unwrap()
    }

    /// Runs a session until it is connected.
    pub(crate) async fn run(&mut self) -> Running {
        let running = self.start();
        self.state(DeviceState::Connected).await;
        // How it came to be connected is nobody's question any more.
        self.seen.retain(|event| !matches!(event, Inbound::Health(_)));
        running
    }

    /// Runs a session.
    pub(crate) fn start(&self) -> Running {
        Self::start_on(self.open())
    }

    fn start_on(session: Arc<dyn Session>) -> Running {
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        let (runs, token) = (session.clone(), stop.clone());
        task.spawn(async move { runs.run(token).await });
        Running { session, stop, task }
    }

    /// Another process on the same stored state: it knows nothing of ours, as a copied data directory would.
    pub(crate) fn twin(&self) -> Running {
        let provider = WhatsappWeb::new(quick(&self.simulator, &self.temp));
        Self::start_on(provider.open(self.account(), self.host.clone()).unwrap())
    }

    /// Loses the keys of all chats, as a restored backup would.
    pub(crate) async fn lose_sessions(&self) {
        self.host.save(vec![StateWrite::Clear { collection: "session" }]).await.unwrap();
    }

    pub(crate) fn message(&self, text: &str) -> Outbound {
        Outbound {
            id: self.message_id(),
            to: Chat::new(PEER),
            content: Content::Text { text: text.to_owned() },
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    pub(crate) fn sends(&self, content: Content) -> Outbound {
        Outbound { content, ..self.message("") }
    }

    /// A medium as the gateway has it when a message is to be sent.
    pub(crate) fn stored(&self, content_type: &str, bytes: &[u8]) -> Media {
        let id: MediaId = self.ids.make(Timestamp::from_secs(1_709_650_000));
        self.host.inner.keep(id.clone(), bytes.to_vec());
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        Media {
            content_type: Some(content_type.to_owned()),
            size: Some(bytes.len() as u64),
            sha256: Some(sha256),
            ..Media::of(MediaSource::Stored(id))
        }
    }

    pub(crate) fn message_id(&self) -> MessageId {
        self.ids.make(Timestamp::from_secs(1_709_650_000))
    }

    /// The first thing told that fits, of those not yet taken.
    pub(crate) async fn told<T>(&mut self, what: &str, mut pick: impl FnMut(&Inbound) -> Option<T>) -> T {
        for place in 0..self.seen.len() {
            if let Some(found) = pick(&self.seen[place]) {
                self.seen.remove(place);
                return found;
            }
        }
        soon(what, async {
            loop {
                let event = self.told.recv().await.expect("the host lives");
                if let Some(found) = pick(&event) {
                    return found;
                }
                self.seen.push(event);
            }
        })
        .await
    }

    pub(crate) async fn inbound(&mut self) -> InboundMessage {
        self.told("a message", |event| match event {
            Inbound::Message(message) => Some(message.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn state(&mut self, state: DeviceState) -> Health {
        self.told(&format!("the state {state}"), |event| match event {
            Inbound::Health(health) if health.state == state => Some(*health),
            _ => None,
        })
        .await
    }

    pub(crate) async fn receipt(&mut self, receipt: Receipt) -> InboundReceipt {
        self.told(&format!("the receipt {receipt}"), |event| match event {
            Inbound::Receipt(told) if told.receipt == receipt => Some(told.clone()),
            _ => None,
        })
        .await
    }

    /// Messages told and not taken.
    pub(crate) fn further_messages(&mut self) -> usize {
        while let Ok(event) = self.told.try_recv() {
            self.seen.push(event);
        }
        self.seen.iter().filter(|event| matches!(event, Inbound::Message(_))).count()
    }
}

/// A session that runs.
pub(crate) struct Running {
    pub(crate) session: Arc<dyn Session>,
    stop: CancellationToken,
    task: JoinSet<SessionEnd>,
}

impl Running {
    pub(crate) async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        soon("a send", self.session.send(message)).await
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> SessionEnd {
        soon("the end", self.task.join_next()).await.expect("it ran").expect("no panic")
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        assert_eq!(self.ended().await, SessionEnd::Stopped);
    }
}

pub(crate) async fn next(process: &mut dyn LinkProcess) -> Result<LinkStep, LinkError> {
    soon("the next step", process.next()).await
}

pub(crate) async fn qr(process: &mut dyn LinkProcess) -> String {
    match next(process).await.expect("a QR") {
        LinkStep::Qr { data, expires_in } => {
            assert!(expires_in > Duration::ZERO);
            data
        }
        _ => panic!("not a QR"),
    }
}

/// The steps after the phone's yes.
pub(crate) async fn done(process: &mut dyn LinkProcess) -> Linked {
    loop {
        match next(process).await.expect("linked") {
            LinkStep::Done(linked) => return linked,
            LinkStep::Connecting | LinkStep::Qr { .. } => {}
            LinkStep::Code { .. } => panic!("a code after the phone's yes"),
        }
    }
}
