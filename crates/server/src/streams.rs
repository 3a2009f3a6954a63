//! How many event streams may be open at once: each holds a connection and some memory for as long as its reader likes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cetar_model::WorkspaceId;

/// In all.
const MOST: usize = 512;
/// Of these, for one workspace: it takes several to shut the others out.
const MOST_OF_ONE: usize = 32;

/// The open streams, by workspace.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<WorkspaceId, usize>>>);

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// This workspace has as many as it may.
    Workspace,
    /// All workspaces together have.
    Server,
}

impl Streams {
    /// A place, held until it is dropped.
    pub(crate) fn open(&self, workspace: &WorkspaceId) -> Result<Place, Full> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.entry(workspace.clone()).or_default();
        if *own >= MOST_OF_ONE {
            return Err(Full::Workspace);
        }
        if all >= MOST {
            return Err(Full::Server);
        }
        *own += 1;
        metrics::gauge!("cetar_event_streams").increment(1.0);
        Ok(Place { of: self.clone(), workspace: workspace.clone() })
    }
}

/// An open stream.
pub(crate) struct Place {
    of: Streams,
    workspace: WorkspaceId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.workspace) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.workspace);
            }
        }
        metrics::gauge!("cetar_event_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use cetar_model::{IdSource, Timestamp};

    use super::*;

    #[test]
    fn a_workspace_has_its_share_and_gets_back_what_it_closes() {
        static NEXT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
        let ids = IdSource::new(|bytes| bytes.fill(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        let streams = Streams::default();
        let mut held = Vec::new();
        let greedy: WorkspaceId = ids.make(Timestamp::from_secs(1));
        for _ in 0..MOST_OF_ONE {
            held.push(streams.open(&greedy).map_err(drop).expect("a place"));
        }
        assert_eq!(streams.open(&greedy).err(), Some(Full::Workspace));
        held.pop();
        held.push(streams.open(&greedy).map_err(drop).expect("the place that was given back"));
        while held.len() < MOST {
            held.push(streams.open(&ids.make(Timestamp::from_secs(1))).map_err(drop).expect("a place"));
        }
        assert_eq!(streams.open(&ids.make(Timestamp::from_secs(1))).err(), Some(Full::Server));
        held.clear();
        assert!(streams.open(&greedy).is_ok());
    }
}
