//! The handle tests hold.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use wacore_binary::Server;
use waproto::whatsapp::Message;

use crate::account::Account;
use crate::log::{Event, LogEntry, Violation};
use crate::media::{MediaKind, SealedMedia};
use crate::number::digits;
use crate::state::State;
use crate::{Faults, Group, Peer, Phone, server};

/// A running stand-in for the WhatsApp Web server. Clones are the same one; it stops when the last is dropped.
///
/// What it knows (linked devices, keys, messages that wait) survives the connections of its clients, but not itself.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
    faults: Faults,
    _stop_on_drop: Arc<DropGuard>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Counts changes of the state, for those who wait for one.
    changes: watch::Sender<u64>,
    pub(crate) stalled: watch::Sender<bool>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    address: SocketAddr,
}

impl Shared {
    /// Works on the state and wakes those who wait for a change.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// The next message of an inbox that nobody took yet. Wakes nobody: the waiters themselves ask.
    pub(crate) fn take_message(&self, number: &str) -> Option<crate::Received> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let account = state.account(number);
        let next = account.inbox.get(account.taken).cloned()?;
        account.taken += 1;
        Some(next)
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Simulator {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Panics
    /// If there is no free port: a test cannot go on without one.
    pub async fn start() -> Self {
        match Self::start_on((Ipv4Addr::LOCALHOST, 0).into()).await {
            Ok(simulator) => simulator,
            #[expect(clippy::panic, reason = "a test without its server has nothing to test")]
            Err(error) => panic!("no port for the WhatsApp Web simulator: {error}"),
        }
    }

    /// Starts on this address; port 0 is any free port.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new()),
            changes: watch::Sender::new(0),
            stalled: watch::Sender::new(false),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            address: listener.local_addr()?,
        });
        let media = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let host = media.local_addr()?.to_string();
        shared.with(|state| state.media.host = host);
        crate::media::serve(&shared, media)?;
        shared.tasks.spawn(server::accept(shared.clone(), listener));
        let faults = Faults::new(shared.clone());
        Ok(Self { shared, faults, _stop_on_drop: Arc::new(stop.drop_guard()) })
    }

    /// Where clients connect to, e.g. `ws://127.0.0.1:40123/ws/chat`.
    pub fn url(&self) -> String {
        format!("ws://{}{}", self.shared.address, server::PATH)
    }

    /// The phone of an account owner, with which a client is linked. Created at need, with a LID of its own; any
    /// usual notation of the number will do.
    pub fn phone(&self, number: &str) -> Phone {
        Phone::new(self.clone(), digits(number))
    }

    /// Somebody on WhatsApp. Created at need; any usual notation of the number will do. Who was never asked for here,
    /// and is no [`phone`](Self::phone) either, is not on WhatsApp.
    pub fn peer(&self, number: &str) -> Peer {
        Peer::new(self.clone(), digits(number))
    }

    /// A group of the owner and these, whose members are told by LID as is usual by now.
    pub fn group(&self, owner: &Phone, members: &[&Peer]) -> Group {
        Group::new(self.clone(), owner, members, Server::Lid)
    }

    /// A group from before, whose members are told by number.
    pub fn group_by_number(&self, owner: &Phone, members: &[&Peer]) -> Group {
        Group::new(self.clone(), owner, members, Server::Pn)
    }

    /// Seals a medium as a phone does and puts it on the media servers, for a message that tells of it.
    ///
    /// # Panics
    /// Never for a medium that fits into memory.
    pub fn keep_media(&self, kind: MediaKind, plain: &[u8]) -> SealedMedia {
        #[expect(clippy::expect_used, reason = "keys are of the right length by construction")]
        let (blob, told) = crate::media::seal(kind, plain).expect("a key of the right length");
        let direct_path = self.with(|state| state.media.keep(kind.name(), blob));
        SealedMedia { direct_path, ..told }
    }

    /// Fetches the medium of a message, opens it and checks it against all that the message says of it, as a phone does.
    pub fn open_media(&self, message: &Message) -> Result<Vec<u8>, String> {
        let told = crate::media::told(message).ok_or("the message tells of no medium that can be fetched")?;
        let blob = self.shared.read(|state| state.media.blobs.get(&told.direct_path).cloned());
        crate::media::open(&told, &blob.ok_or("it is not on the media servers")?)
    }

    /// How many uploads the media servers took.
    pub fn media_uploads(&self) -> usize {
        self.shared.read(|state| state.media.uploads)
    }

    /// The media servers lose everything they have.
    pub fn forget_media(&self) {
        self.with(|state| state.media.blobs.clear());
    }

    /// Scripted misbehaviour.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How many sockets are through the handshake and open.
    pub fn connections(&self) -> usize {
        self.shared.read(|state| state.connections.len())
    }

    /// Voids all QR codes and link codes on display, as if nobody had scanned them in time. Clients get new QR codes.
    pub fn expire_codes(&self) {
        self.with(State::expire_codes);
    }

    /// Everything that happened so far, in order.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.read(|state| state.log.entries().to_vec())
    }

    /// What happened since, in order: all but the first `seen` entries. For those who follow a long log.
    pub fn log_since(&self, seen: usize) -> Vec<LogEntry> {
        self.shared.read(|state| state.log.entries().get(seen..).unwrap_or_default().to_vec())
    }

    /// Everything a client did that the real server refuses, or that could not be read.
    pub fn violations(&self) -> Vec<Violation> {
        let violation = |entry: &LogEntry| match &entry.event {
            Event::Violation(violation) => Some(violation.clone()),
            _ => None,
        };
        self.shared.read(|state| state.log.entries().iter().filter_map(violation).collect())
    }

    /// Waits, without polling, until the condition holds. It is looked at after every change.
    pub async fn wait_until(&self, mut condition: impl FnMut(&Self) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if condition(self) || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits for the first event that fits, past ones included, and gives what was found in it.
    pub async fn wait_for<T>(&self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let mut seen = 0;
        let mut found = None;
        loop {
            self.wait_until(|simulator| {
                simulator.shared.read(|state| {
                    let entries = state.log.entries();
                    found = entries[seen..].iter().find_map(|entry| pick(&entry.event));
                    seen = entries.len();
                });
                found.is_some()
            })
            .await;
            if let Some(found) = found.take() {
                return found;
            }
        }
    }

    /// Closes all sockets and the port, and waits for it.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        self.shared.with(work)
    }

    /// Looks at an account. Wakes nobody, so that conditions of [`wait_until`](Self::wait_until) may do it.
    pub(crate) fn look<T: Default>(&self, number: &str, look: impl FnOnce(&Account) -> T) -> T {
        self.shared.read(|state| state.accounts.get(number).map(look)).unwrap_or_default()
    }

    /// The LID of a number, whose account is created at need.
    pub(crate) fn lid_of(&self, number: &str) -> String {
        let known = self.shared.read(|state| state.accounts.get(number).map(|account| account.lid.clone()));
        known.unwrap_or_else(|| self.with(|state| state.account(number).lid.clone()))
    }
}
