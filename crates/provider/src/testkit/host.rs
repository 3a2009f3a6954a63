use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{Clock, Timestamp};
use tokio::sync::mpsc;

use crate::{Host, HostError, Inbound, StateWrite};

/// Keeps state in a map and hands events to the test.
pub struct MemoryHost {
    clock: Arc<dyn Clock>,
    state: Mutex<BTreeMap<(String, Bytes), Bytes>>,
    events: mpsc::UnboundedSender<Inbound>,
}

impl MemoryHost {
    /// A host and the events told to it.
    pub fn new(clock: Arc<dyn Clock>) -> (Arc<Self>, mpsc::UnboundedReceiver<Inbound>) {
        let (events, told) = mpsc::unbounded_channel();
        (Arc::new(Self { clock, state: Mutex::default(), events }), told)
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

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
