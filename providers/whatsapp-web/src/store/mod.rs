//! whatsapp-rust's store over the session state of our own host.
//!
//! One object is one session, so whatsapp-rust's tables become `(collection, key)` rows and its batches one atomic
//! [`Host::save`]. Every write is durable before the method returns: the library persists ratchet leases through here
//! before a frame goes out, and a lease that is lost would be used twice.
//!
//! Reads go to the host. whatsapp-rust keeps its own write-behind cache of sessions, identities, sender keys, device lists
//! and mappings, so a second copy here would only cost memory. The exceptions are the LID to number table, which every
//! inbound message asks and whatsapp-rust's cache answers only through the client, and the tokens of people, of which it keeps none.

mod app_sync;
mod device;
mod insist;
mod notes;
mod protocol;
mod repeats;
mod rows;
mod signal;
#[cfg(test)]
mod suite;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use cetar_model::Timestamp;
use cetar_provider::{Host, HostError, StateWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wacore::store::{
    error::{Result, StoreError},
    traits::TcTokenEntry,
};

use crate::transport::{Wire, WireState};
use repeats::{FirstCopy, Repeats};

pub(crate) use insist::promptly;
pub(crate) use notes::{Refusal, Unreadable};

/// The collections, each a table of its own. The names are stored: they may be added to, never changed.
mod collection {
    pub(super) const IDENTITY: &str = "identity";
    pub(super) const SESSION: &str = "session";
    pub(super) const SIGNAL_USER: &str = "signal_user";
    pub(super) const PREKEY: &str = "prekey";
    pub(super) const SIGNED_PREKEY: &str = "signed_prekey";
    pub(super) const SENDER_KEY: &str = "sender_key";
    pub(super) const SYNC_KEY: &str = "sync_key";
    pub(super) const SYNC_KEY_LATEST: &str = "sync_key_latest";
    pub(super) const SYNC_VERSION: &str = "sync_version";
    pub(super) const MUTATION_MAC: &str = "mutation_mac";
    pub(super) const SENDER_KEY_DEVICES: &str = "sender_key_devices";
    pub(super) const LID: &str = "lid";
    pub(super) const LID_OF_NUMBER: &str = "lid_of_number";
    pub(super) const BASE_KEY: &str = "base_key";
    pub(super) const DEVICE_LIST: &str = "device_list";
    pub(super) const GROUP: &str = "group";
    pub(super) const TC_TOKEN: &str = "tc_token";
    pub(super) const SENT: &str = "sent";
    pub(super) const PENDING_INBOUND: &str = "pending_inbound";
    pub(super) const MSG_SECRET: &str = "msg_secret";
    pub(super) const DEVICE: &str = "device";
    /// Ours: LIDs we told as an alias and whose number we still owe.
    pub(super) const ALIAS: &str = "alias";
    /// Ours: messages that were taken in and told nobody anything, by chat, writer and id.
    pub(super) const SAID_NOTHING: &str = "said_nothing";
    /// Ours: messages that could not be read yet.
    pub(super) const UNREADABLE: &str = "unreadable";
    /// Ours: polls, by chat and id.
    pub(super) const POLL: &str = "poll";
    /// Ours: single notes, such as a restriction.
    pub(super) const NOTE: &str = "note";
}

/// The key of rows of which a collection has only one.
const ONLY: &[u8] = b"";

/// One session's state.
pub(crate) struct SessionStore {
    host: Arc<dyn Host>,
    /// Held over every read-modify-write: the contract wants those atomic.
    gate: tokio::sync::Mutex<()>,
    /// Users whose `signal_user` row is known to exist.
    signal_users: Mutex<HashSet<String>>,
    /// LID to number, all of it.
    numbers: Mutex<HashMap<String, String>>,
    /// Tokens of people that were asked for, and of whom there is none. Filled and changed under the gate.
    tokens: Mutex<HashMap<String, Option<TcTokenEntry>>>,
    /// LIDs told as an alias.
    aliases: Mutex<HashSet<String>>,
    /// Where a number that turned up for such an alias is told: `(lid, number)`.
    resolved: mpsc::UnboundedSender<(String, String)>,
    repeats: Mutex<Repeats>,
    /// Held, with others, over the first attempt to put a message on disk: until then it is not known whether it is there.
    keeping: tokio::sync::RwLock<()>,
    /// What the session is connected by; nothing while it is only being linked.
    wire: OnceLock<WireState>,
    /// Cancelled when the host said that this session no longer holds its device.
    lease_lost: CancellationToken,
    /// Cancelled when the session has ended and its connection is closed: nothing can be refused on it any more.
    line_is_gone: CancellationToken,
}

impl SessionStore {
    /// Opens the store and reads what is kept in memory. Also answers where resolved aliases are told.
    pub(crate) async fn open(
        host: Arc<dyn Host>,
    ) -> std::result::Result<(Arc<Self>, mpsc::UnboundedReceiver<(String, String)>), HostError> {
        let (resolved, told) = mpsc::unbounded_channel();
        let store = Self {
            host,
            gate: tokio::sync::Mutex::default(),
            signal_users: Mutex::default(),
            numbers: Mutex::default(),
            tokens: Mutex::default(),
            aliases: Mutex::default(),
            resolved,
            repeats: Mutex::default(),
            keeping: tokio::sync::RwLock::default(),
            wire: OnceLock::new(),
            lease_lost: CancellationToken::new(),
            line_is_gone: CancellationToken::new(),
        };
        store.warm_up().await?;
        Ok((Arc::new(store), told))
    }

    async fn warm_up(&self) -> std::result::Result<(), HostError> {
        let mut numbers = HashMap::new();
        for (_, value) in self.host.load_all(collection::LID).await? {
            // An unreadable row is reported when the library asks for it by key.
            if let Ok(entry) = rows::from_json::<wacore::store::traits::LidPnMappingEntry>(&value) {
                numbers.insert(entry.lid, entry.phone_number);
            }
        }
        let aliases = self.host.load_all(collection::ALIAS).await?;
        let aliases: HashSet<String> =
            aliases.into_iter().filter_map(|(key, _)| String::from_utf8(key.to_vec()).ok()).collect();
        // A number that was stored just before the process ended, and not yet told.
        for lid in &aliases {
            if let Some(number) = numbers.get(lid) {
                let _told_later = self.resolved.send((lid.clone(), number.clone()));
            }
        }
        *lock(&self.numbers) = numbers;
        *lock(&self.aliases) = aliases;
        Ok(())
    }

    /// Cancelled once the host said that another process holds the device.
    pub(crate) fn lease_lost(&self) -> &CancellationToken {
        &self.lease_lost
    }

    /// The session has ended, and its connection is closed: who waits for the database waits no longer.
    pub(crate) fn let_go(&self) {
        self.line_is_gone.cancel();
    }

    /// Nothing that is told now would reach WhatsApp's side of this session any more.
    pub(crate) fn is_over(&self) -> bool {
        self.line_is_gone.is_cancelled() || self.lease_lost.is_cancelled()
    }

    /// Whether the database takes what we write at this moment.
    pub(crate) async fn can_be_written(&self) -> bool {
        self.put(collection::NOTE, b"probe", Bytes::new()).await.is_ok()
    }

    /// A session runs on this store: messages that come a second time are told apart by its connections.
    pub(crate) fn runs_on(&self, wire: WireState) {
        let _set_once = self.wire.set(wire);
    }

    /// A message was committed.
    pub(crate) fn taken(&self, id: &str) {
        lock(&self.repeats).taken(id);
    }

    /// A message was read and tells nobody anything. It is noted in the step in which its row goes: the host knows nothing of it, so
    /// that a repeat in a later process could not be told from a message that was lost.
    pub(crate) fn said_nothing(&self, id: &str) {
        lock(&self.repeats).said_nothing(id);
    }

    /// What is known of a message that came a second time, and does not wait to be committed.
    fn first_copy(&self, id: &str) -> FirstCopy {
        if self.wire.get().is_none() {
            return FirstCopy::Taken;
        }
        lock(&self.repeats).first_copy(id, self.connection(), self.host.now())
    }

    /// Since when a message that came a second time on this connection waits to be committed, if one does.
    pub(crate) fn oldest_doubt(&self) -> Option<Timestamp> {
        lock(&self.repeats).oldest_doubt(self.connection())
    }

    /// The number of the open connection; 0 where there is none.
    fn connection(&self) -> u64 {
        match self.wire.get().map(WireState::now) {
            Some(Wire::Open(number) | Wire::Ready(number)) => number,
            Some(Wire::Closed | Wire::Failed) | None => 0,
        }
    }

    /// The session's last connection has ended, and the next one is not there.
    fn is_between_connections(&self) -> bool {
        self.wire.get().is_some_and(|wire| matches!(wire.now(), Wire::Closed | Wire::Failed))
    }

    /// The host, for events.
    pub(crate) fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// Notes a lost lease and passes the error on.
    pub(crate) fn note<T>(
        &self,
        result: std::result::Result<T, HostError>,
    ) -> std::result::Result<T, HostError> {
        if matches!(result, Err(HostError::LeaseLost)) {
            self.lease_lost.cancel();
        }
        result
    }

    async fn get(&self, collection: &'static str, key: &[u8]) -> Result<Option<Bytes>> {
        self.note(self.host.load(collection, key).await).map_err(unavailable)
    }

    async fn all(&self, collection: &'static str) -> Result<Vec<(Bytes, Bytes)>> {
        self.note(self.host.load_all(collection).await).map_err(unavailable)
    }

    async fn write(&self, batch: Vec<StateWrite>) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.note(self.host.save(batch).await).map_err(unavailable)
    }

    async fn put(&self, collection: &'static str, key: &[u8], value: impl Into<Bytes>) -> Result<()> {
        self.write(vec![rows::put(collection, key, value)]).await
    }

    async fn delete(&self, collection: &'static str, key: &[u8]) -> Result<()> {
        self.write(vec![rows::delete(collection, key)]).await
    }

    /// Deletes the rows of a collection that `stale` names and counts them.
    async fn sweep(&self, collection: &'static str, stale: impl Fn(&[u8]) -> bool + Send) -> Result<u32> {
        let gone: Vec<StateWrite> = self
            .all(collection)
            .await?
            .into_iter()
            .filter(|(_, value)| stale(value))
            .map(|(key, _)| StateWrite::Delete { collection, key })
            .collect();
        let count = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        self.write(gone).await?;
        Ok(count)
    }
}

fn unavailable(error: HostError) -> StoreError {
    StoreError::Database(Box::new(error))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
