//! How many event streams may be open at once: each holds a connection and some memory for as long as its reader likes.

use cetar_engine::auth::Caller;
use cetar_model::{UserId, WorkspaceId};

use crate::places::{Place, Places};

/// In all.
const MOST: usize = 1024;
/// Of these, for one workspace: it takes several to shut the others out.
const MOST_OF_ONE: usize = 512;
/// Of these, for all its keys and the command line together. What programs open takes nothing from people.
const MOST_OF_KEYS: usize = 32;
/// … and for one person: their open tabs. So a workspace has the more the more people it has, and nobody shuts out a colleague.
const MOST_OF_A_PERSON: usize = 16;

/// The open streams.
#[derive(Clone, Default)]
pub(crate) struct Streams(Places<Share>);

/// To whose share a stream counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Share {
    All,
    Workspace(WorkspaceId),
    Keys(WorkspaceId),
    Person(UserId),
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// This person has as many as they may.
    Person,
    /// This workspace, or its keys, have.
    Workspace,
    /// All workspaces together have.
    Server,
}

impl Streams {
    /// A place, held until it is dropped.
    pub(crate) fn open(&self, caller: &Caller) -> Result<Stream, Full> {
        let workspace = &caller.workspace.id;
        let own = match &caller.session {
            Some(session) => (Share::Person(session.user.id.clone()), MOST_OF_A_PERSON),
            None => (Share::Keys(workspace.clone()), MOST_OF_KEYS),
        };
        let shares = [own, (Share::Workspace(workspace.clone()), MOST_OF_ONE), (Share::All, MOST)];
        let place = self.0.take(shares).map_err(|full| match full {
            Share::Person(_) => Full::Person,
            Share::Workspace(_) | Share::Keys(_) => Full::Workspace,
            Share::All => Full::Server,
        })?;
        metrics::gauge!("cetar_event_streams").increment(1.0);
        Ok(Stream { _place: place })
    }
}

/// An open stream.
pub(crate) struct Stream {
    _place: Place<Share>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        metrics::gauge!("cetar_event_streams").decrement(1.0);
    }
}
