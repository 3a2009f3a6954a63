//! Pictures, films, sounds and files: fetched for sends, read from networks for what came in, kept, and given out under addresses
//! that cannot be guessed and end.
//!
//! Bytes are kept once for each workspace and content hash, in a folder or a bucket; which medium has which bytes is in the database. Nothing
//! is ever whole in memory.
mod bucket;
pub(crate) mod download;
mod fetch;
mod folder;
mod kind;
mod links;
mod place;
mod prune;
mod queue;
mod serve;
mod upload;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use cetar_model::{Timestamp, WorkspaceId};
use cetar_provider::{HostError, StoredMedia, http};
use cetar_store::{MediaState, StoredBytes};
use tokio::sync::watch;

use crate::Engine;

pub use bucket::Bucket;
pub(crate) use fetch::{NotFetched, is_here};
use folder::Folder;
pub(crate) use folder::hex;
pub use links::BadLink;
use place::Place;
pub(crate) use queue::Fetches;
use queue::Fetching;
pub use serve::{MediaAnswer, MediaFile};
pub use upload::{UploadError, Uploaded};

/// Where media are kept, and how they are fetched.
#[derive(Clone)]
pub struct Setup {
    /// The folder; made when the first medium comes.
    pub folder: PathBuf,
    /// Where they are kept instead once they are whole. Several nodes on one database share it.
    pub bucket: Option<Bucket>,
    /// The largest one taken, in bytes (`media.max_bytes`).
    pub max_bytes: u64,
    /// Reads strangers' addresses, under the guard; it allows public addresses by plain http.
    pub http: http::Client,
}

impl Setup {
    /// The longest a fetch may take, for the client that reads strangers' addresses.
    pub const FETCH_TIME: Duration = Duration::from_mins(2);

    /// With the product's largest size.
    pub fn new(folder: impl Into<PathBuf>, http: http::Client) -> Self {
        Self { folder: folder.into(), bucket: None, max_bytes: 100 << 20, http }
    }
}

/// What is shared about media.
pub(crate) struct Media {
    place: Place,
    max_bytes: u64,
    http: http::Client,
    /// Where this server is reached from outside, once that is known.
    base: OnceLock<String>,
    /// Addresses being fetched: the second to want one waits for the first.
    fetching: Mutex<HashMap<FetchKey, Arc<Fetching>>>,
    /// Rises whenever a medium has come, or will not come any more.
    arrived: watch::Sender<u64>,
}

/// An address of a workspace, by its SHA-256.
type FetchKey = (WorkspaceId, [u8; 32]);

impl Media {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup { folder, bucket, max_bytes, http } = setup;
        Self {
            place: Place::new(Folder::new(folder), bucket),
            max_bytes,
            http,
            base: OnceLock::new(),
            fetching: Mutex::default(),
            arrived: watch::Sender::new(0),
        }
    }

    /// Deletes what a process that died left unfinished.
    pub(crate) async fn sweep(&self, now: Timestamp) -> io::Result<()> {
        self.place.sweep(now).await
    }

    /// A medium has come, or will not come any more.
    fn tell(&self) {
        self.arrived.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Engine {
    /// Says where this server is reached from outside (`public_url`, or where it listens): media that come in are given out below it.
    /// Until it is said, and of what comes in until then, `media_url` is a path without a host. Only the first word counts.
    pub fn set_base_url(&self, base: &str) {
        let _said_before = self.inner.media.base.set(base.trim_end_matches('/').to_owned());
    }

    /// Where this server is reached from outside; empty until that is said.
    pub(crate) fn base_url(&self) -> &str {
        self.inner.media.base.get().map_or("", String::as_str)
    }

    /// Opens a medium for a session of this workspace.
    pub(crate) async fn open_media(
        &self,
        workspace: &WorkspaceId,
        id: &cetar_model::MediaId,
    ) -> Result<StoredMedia, HostError> {
        let unavailable = |why: &str| HostError::Unavailable(why.to_owned().into());
        let record = self.inner.store.media(id).await;
        let record = record.map_err(|error| HostError::Unavailable(error.into()))?;
        let record = record.filter(|record| record.workspace == *workspace);
        let Some(MediaState::Stored(StoredBytes { hash, .. })) = record.map(|record| record.state) else {
            return Err(unavailable("there is no such medium"));
        };
        let opened = self.inner.media.place.open(workspace, &hash, 0, None).await;
        let opened = opened.map_err(|error| HostError::Unavailable(error.into()))?;
        let (size, bytes) = opened.ok_or_else(|| unavailable("the bytes of a medium are gone"))?;
        Ok(StoredMedia { size, bytes })
    }
}
