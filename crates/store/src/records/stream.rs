//! The stream of a workspace's events.

use cetar_model::{DeviceId, EventId, Timestamp};

/// A place in the stream: after this event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPlace {
    /// The event's number; 0 is before the first.
    pub number: i64,
    /// The event: a number alone would be mistaken for another's in a database that was restored from a backup.
    pub event: Option<EventId>,
}

/// An event of the stream, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntry {
    /// The place after it.
    pub place: StreamPlace,
    /// Its device, and whether that is a sandbox one, if it is known.
    pub device: Option<(DeviceId, Option<bool>)>,
    /// Bytes of its body.
    pub size: usize,
}

/// An event of the stream.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its number, ascending from 1.
    pub number: i64,
    /// Its id.
    pub id: EventId,
    /// Its name. A word, so that one of a later version does not hold up the stream.
    pub event_type: String,
    /// Its device.
    pub device: Option<DeviceId>,
    /// The body, as webhooks have it.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for StreamEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamEvent({} {} {})", self.number, self.event_type, self.id)
    }
}

/// What became of a place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything after it is there.
    Good,
    /// Something after it is not kept any more.
    Pruned,
    /// No place of this stream: of another workspace, or of this one before it was restored from a backup.
    Foreign,
}
