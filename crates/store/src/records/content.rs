//! Media and templates.

use bytes::Bytes;
use cetar_model::{DeviceId, KnownTemplate, MediaId, Template, Timestamp, WorkspaceId};

/// A medium of a message that came in, still with the network.
#[derive(Debug, Clone)]
pub struct NewWanted {
    /// The id it gets, as the message's content names it.
    pub media: MediaId,
    /// The network's reference; sealed at rest.
    pub reference: String,
}

/// A medium whose bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBytes {
    /// SHA-256 of them; they are kept under it.
    pub hash: [u8; 32],
    /// How many.
    pub size: u64,
    /// Their media type.
    pub content_type: String,
    /// The name they are shown and saved under.
    pub file_name: Option<String>,
}

/// Where a medium stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaState {
    /// Its bytes are still to be read from the network.
    Wanted,
    /// Its bytes are here.
    Stored(StoredBytes),
    /// The network will not give them any more; why, in English.
    Lost(String),
}

/// A medium.
#[derive(Debug, Clone)]
pub struct MediaRecord {
    /// Its id.
    pub id: MediaId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Through which device it came or goes; none of one that a person gave us.
    pub device: Option<DeviceId>,
    /// Where it stands.
    pub state: MediaState,
    /// When its message came.
    pub created_at: Timestamp,
}

/// A medium to be read from the network now.
#[derive(Clone)]
pub struct WantedMedia {
    /// Which.
    pub id: MediaId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// The network's reference.
    pub reference: String,
    /// Tries so far.
    pub attempts: u32,
    /// When its message came.
    pub created_at: Timestamp,
    /// The name its sender gave it.
    pub file_name: Option<String>,
    /// Its media type as its sender says it.
    pub content_type: Option<String>,
}

/// References are as good as the bytes: not for logs.
impl std::fmt::Debug for WantedMedia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WantedMedia").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What came of a try to read one.
#[derive(Debug, Clone)]
pub enum MediaOutcome {
    /// Its bytes are kept.
    Stored(StoredBytes),
    /// Another try.
    Again(Timestamp),
    /// No further try; why, in English.
    Lost(String),
}

/// What an address led to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSourceRecord {
    /// The medium.
    pub media: MediaId,
    /// The server's `ETag`.
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    pub last_modified: Option<String>,
    /// When it was last known to be current.
    pub fetched_at: Timestamp,
}

/// SHA-256 of an address: addresses may carry secrets.
pub type UrlHash = Bytes;

/// A template, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct TemplateRecord {
    /// Its number in its workspace, from 1.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// The message.
    pub template: Template,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A template to be made.
#[derive(Clone)]
pub struct NewTemplate {
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Its number, if it is to have a certain one; else the next.
    pub id: Option<i64>,
    /// What its owner calls it.
    pub name: String,
    /// The message.
    pub template: Template,
    /// Now.
    pub now: Timestamp,
}

/// A template as the network of a device keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialRecord {
    /// Whose.
    pub device: DeviceId,
    /// It.
    pub template: KnownTemplate,
    /// When the network was asked, or told us.
    pub updated_at: Timestamp,
}
