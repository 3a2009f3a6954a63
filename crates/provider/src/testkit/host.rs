use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{Chat, Clock, MediaId, Timestamp, Writer};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::{Host, HostError, Inbound, StateWrite, StoredMedia};

/// Keeps state in a map and hands events to the test.
pub struct MemoryHost {
    clock: Arc<dyn Clock>,
    state: Mutex<BTreeMap<(String, Bytes), Bytes>>,
    media: Mutex<BTreeMap<MediaId, Bytes>>,
    linked_elsewhere: Mutex<BTreeSet<String>>,
    writers: Mutex<BTreeMap<(Chat, String), Writer>>,
    events: mpsc::UnboundedSender<Inbound>,
}

impl MemoryHost {
    /// A host and the events told to it.
    pub fn new(clock: Arc<dyn Clock>) -> (Arc<Self>, mpsc::UnboundedReceiver<Inbound>) {
        let (events, told) = mpsc::unbounded_channel();
        let host = Self {
            clock,
            state: Mutex::default(),
            media: Mutex::default(),
            linked_elsewhere: Mutex::default(),
            writers: Mutex::default(),
            events,
        };
        (Arc::new(host), told)
    }

    /// From now on another device is linked to the account of this address.
    pub fn link_elsewhere(&self, address: &str) {
        self.linked_elsewhere.lock().unwrap_or_else(PoisonError::into_inner).insert(address.to_owned());
    }

    /// From now on it is known who wrote this message.
    pub fn note_writer(&self, chat: Chat, remote_id: &str, writer: Writer) {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.insert((chat, remote_id.to_owned()), writer);
    }

    /// Keeps a medium, to be read by [`Host::media`].
    pub fn keep(&self, id: MediaId, bytes: impl Into<Bytes>) {
        self.media.lock().unwrap_or_else(PoisonError::into_inner).insert(id, bytes.into());
    }
}

#[async_trait]
impl Host for MemoryHost {
    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        self.events.send(event).map_err(|gone| HostError::Unavailable(gone.to_string().into()))
    }

    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state.get(&(collection.to_owned(), Bytes::copy_from_slice(key))).cloned())
    }

    async fn load_all(&self, collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = state.iter().filter(|((of, _), _)| of == collection);
        Ok(entries.map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    async fn save(&self, batch: Vec<StateWrite>) -> Result<(), HostError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for write in batch {
            match write {
                StateWrite::Put { collection, key, value } => {
                    state.insert((collection.to_owned(), key), value);
                }
                StateWrite::Delete { collection, key } => {
                    state.remove(&(collection.to_owned(), key));
                }
                StateWrite::Clear { collection } => state.retain(|(of, _), _| of != collection),
                StateWrite::ClearAll => state.clear(),
            }
        }
        Ok(())
    }

    async fn media(&self, id: &MediaId) -> Result<StoredMedia, HostError> {
        /// So that whoever reads it sees more than one piece.
        const PIECE: usize = 16 * 1024;
        let kept = self.media.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let bytes = kept.ok_or_else(|| HostError::Unavailable("there is no such medium".into()))?;
        let size = bytes.len() as u64;
        let pieces: Vec<_> = bytes.chunks(PIECE).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(StoredMedia { size, bytes: stream::iter(pieces).boxed() })
    }

    async fn is_linked_elsewhere(&self, address: &str) -> Result<bool, HostError> {
        Ok(self.linked_elsewhere.lock().unwrap_or_else(PoisonError::into_inner).contains(address))
    }

    async fn writer_of(&self, chat: &Chat, remote_id: &str) -> Result<Option<Writer>, HostError> {
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(writers.get(&(chat.clone(), remote_id.to_owned())).cloned())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
