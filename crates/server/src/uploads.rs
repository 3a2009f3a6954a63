//! Files on their way in: few at once, apart from all other requests, because how long each takes is up to whoever sends it.

use std::sync::{Arc, Mutex, PoisonError};

use cetar_model::WorkspaceId;
use tokio::sync::OwnedSemaphorePermit;

use crate::places::{Place, Places};

/// In all.
const MOST: usize = 256;
/// Of these, for one workspace.
const MOST_OF_ONE: usize = 32;

/// The files on their way in.
#[derive(Clone, Default)]
pub(crate) struct Uploads(Places<Share>);

/// To whose share a file counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    All,
    Workspace(WorkspaceId),
}

impl Uploads {
    /// A place, held until it is dropped; `None` where there is none.
    pub(crate) fn open(&self, workspace: &WorkspaceId) -> Option<Place<Share>> {
        let shares = [(Share::Workspace(workspace.clone()), MOST_OF_ONE), (Share::All, MOST)];
        self.0.take(shares).ok()
    }
}

/// The place among all requests that one was let in to; whatever may take long gives it back and goes on under a limit of its own.
#[derive(Clone)]
pub(crate) struct Admitted(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Admitted {
    pub(crate) fn new(place: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Mutex::new(Some(place))))
    }

    /// To others.
    pub(crate) fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
