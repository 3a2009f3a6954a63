//! What comes in.

use bytes::Bytes;
use cetar_model::{
    Chat, ContactId, Content, ConversationId, DeviceId, EventId, EventType, FailureCode, MessageId, Moved,
    OfPart, Receipt, TemplateChange, Timestamp,
};

use super::{DeviceLease, NewWanted};

/// A message that came in.
#[derive(Debug, Clone)]
pub struct NewInbound {
    /// The id it gets.
    pub message: MessageId,
    /// The event's id.
    pub event: EventId,
    /// The conversation's id, if this is its first message.
    pub conversation: ConversationId,
    /// The contact's id, if this is the first we hear of it.
    pub contact: ContactId,
    /// Through which device, under which lease.
    pub device: DeviceId,
    /// The lease of its session; none for what a network told by calling us.
    pub lease: Option<DeviceLease>,
    /// The network's id; with `chat` the dedupe key.
    pub remote_id: String,
    /// The conversation.
    pub chat: Chat,
    /// Who wrote it.
    pub from: Chat,
    /// `from` is an alias whose number is not known.
    pub from_alias: bool,
    /// Written in a group.
    pub group: bool,
    /// Typed by the owner on the phone.
    pub echo: bool,
    /// The sender's name for themselves.
    pub sender_name: Option<String>,
    /// What it says.
    pub content: Content,
    /// The medium it carries, if it does; `content` names it as stored.
    pub wanted: Option<NewWanted>,
    /// Where its media can be fetched, as webhooks are told.
    pub media_url: Option<String>,
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// The network's own bytes, of what we do not understand.
    pub raw: Option<Bytes>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// The network's word on messages of ours.
#[derive(Debug, Clone)]
pub struct NewReceipt {
    /// Through which device.
    pub device: DeviceId,
    /// The lease of its session.
    pub lease: DeviceLease,
    /// Which messages.
    pub remote_ids: Vec<String>,
    /// What it says.
    pub receipt: cetar_model::Receipt,
    /// With a failure, why.
    pub failure: Option<(FailureCode, Option<String>)>,
    /// When, by the network's clock.
    pub at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// What a callback tells of one device.
#[derive(Debug, Clone)]
pub struct NewCallback {
    /// Which device.
    pub device: DeviceId,
    /// What webhooks get in place of an event for each message.
    pub forwarded: Option<NewForwarded>,
    /// Messages, in order; without leases.
    pub messages: Vec<NewInbound>,
    /// What became of messages of ours.
    pub statuses: Vec<NewStatus>,
    /// What became of everything in a chat up to a moment.
    pub watermarks: Vec<(Chat, Receipt, Timestamp)>,
    /// By which other address somebody is spoken of: the alias, and whose it is.
    pub aliases: Vec<(Chat, Chat)>,
    /// Who has another address from now on.
    pub moves: Vec<Moved>,
    /// What became of its templates.
    pub templates: Vec<TemplateChange>,
    /// Now.
    pub now: Timestamp,
}

/// A body to be passed on as it came.
#[derive(Clone)]
pub struct NewForwarded {
    /// As which event.
    pub event: EventType,
    /// JSON text.
    pub body: String,
    /// SHA-256 of it, in hexadecimal: the very same body is passed on once.
    pub fingerprint: String,
}

impl std::fmt::Debug for NewForwarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewForwarded({}, {} bytes)", self.event, self.body.len())
    }
}

/// The network's word on one message of ours.
#[derive(Debug, Clone)]
pub struct NewStatus {
    /// The network's id of it; empty where it is of a part that has no row of its own.
    pub remote_id: String,
    /// Our id, where the network gives it back.
    pub message: Option<MessageId>,
    /// What it says.
    pub receipt: Receipt,
    /// Where it is about one of several parts of the message, which.
    pub part: Option<OfPart>,
    /// With a failure, why.
    pub failure: Option<(FailureCode, Option<String>)>,
    /// When, by the network's clock.
    pub at: Timestamp,
}

/// What came of a callback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallbackTaken {
    /// Messages that were new.
    pub messages: usize,
    /// Messages of ours that moved.
    pub moved: usize,
}

/// Somebody wants no messages any more, or wants them again.
#[derive(Debug, Clone)]
pub struct NewReach {
    /// Through which device, under which lease.
    pub device: DeviceId,
    /// The lease of its session.
    pub lease: DeviceLease,
    /// The network's id of this news; with `chat` the dedupe key.
    pub remote_id: String,
    /// The conversation.
    pub chat: Chat,
    /// Messages can be sent there.
    pub reachable: bool,
    /// Since when, by the network's clock.
    pub at: Timestamp,
    /// Now.
    pub now: Timestamp,
}
