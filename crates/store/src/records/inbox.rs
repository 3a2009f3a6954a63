//! Conversations and the people in them, as the inbox shows them.

use cetar_model::{
    Channel, Chat, ContactId, Content, ConversationId, DeviceId, Direction, FailureCode, JobId, MessageId,
    MessageState, NoteId, Timestamp, UserId, WorkspaceId,
};

use super::SentRequest;

/// How much was sent, came in and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Accepted to be sent.
    pub sent: u32,
    /// Came in.
    pub came_in: u32,
    /// Of those to be sent, those that failed.
    pub failed: u32,
}

impl std::iter::Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            sent: sum.sent.saturating_add(one.sent),
            came_in: sum.came_in.saturating_add(one.came_in),
            failed: sum.failed.saturating_add(one.failed),
        })
    }
}

/// Which conversations are wanted.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// In a name or an address, whichever the case of its letters (of names in ASCII).
    pub search: Option<String>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// Of this device.
    pub device: Option<DeviceId>,
    /// Resolved, or open.
    pub resolved: Option<bool>,
    /// With something unread.
    pub unread: bool,
    /// Assigned so.
    pub assigned: Option<Assigned>,
    /// Of one of these devices; empty: of any.
    pub devices: Vec<DeviceId>,
    /// After this place.
    pub after: Option<InboxPlace>,
}

/// A place in the inbox: a conversation's last activity and its id.
pub type InboxPlace = (Timestamp, ConversationId);

/// What is few among all conversations, and has an index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrowed {
    All,
    Unread,
    Assigned,
    Resolved,
}

impl ConversationFilter {
    /// By which index to look.
    pub(crate) const fn narrowed(&self) -> Narrowed {
        match self {
            Self { unread: true, .. } => Narrowed::Unread,
            Self { assigned: Some(Assigned::To(_)), .. } => Narrowed::Assigned,
            Self { resolved: Some(true), .. } => Narrowed::Resolved,
            _ => Narrowed::All,
        }
    }

    /// Whether it leaves out some of what that index has.
    pub(crate) fn passes_over(&self) -> bool {
        let by = self.narrowed();
        self.search.is_some()
            || self.channel.is_some()
            || self.device.is_some()
            || !self.devices.is_empty()
            || (self.resolved.is_some() && by != Narrowed::Resolved)
            || (self.assigned.is_some() && by != Narrowed::Assigned)
    }
}

/// To whom a conversation is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// Nobody.
    Nobody,
    /// This person.
    To(UserId),
}

/// A conversation, as a line of the inbox.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Through which device.
    pub device: DeviceId,
    /// On which channel.
    pub channel: Channel,
    /// The chat.
    pub chat: Chat,
    /// Of several people.
    pub group: bool,
    /// The other side, if it is one person.
    pub contact: Option<ContactId>,
    /// What they are called.
    pub name: Option<String>,
    /// The newest message.
    pub last: Option<LastMessage>,
    /// Messages that came in since somebody looked.
    pub unread: u32,
    /// Since when it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// Who looks after it.
    pub assigned_to: Option<UserId>,
    /// When the other side last wrote.
    pub inbound_at: Option<Timestamp>,
    /// Since when the other side wants no messages of this device.
    pub unreachable_since: Option<Timestamp>,
    /// The last activity.
    pub updated_at: Timestamp,
}

/// The newest message of a conversation.
#[derive(Debug, Clone)]
pub struct LastMessage {
    /// What it says.
    pub content: Content,
    /// Which way.
    pub direction: Direction,
    /// Where it stands.
    pub state: MessageState,
    /// When it was accepted or received.
    pub at: Timestamp,
}

/// A message of a conversation.
#[derive(Debug, Clone)]
pub struct InboxMessage {
    /// Its id.
    pub id: MessageId,
    /// The job that sends it.
    pub job: Option<JobId>,
    /// Its position in the conversation.
    pub sequence: i64,
    /// Which way.
    pub direction: Direction,
    /// Who wrote it, of one that came in.
    pub sender: Option<String>,
    /// What it says.
    pub content: Content,
    /// Where it stands.
    pub state: MessageState,
    /// Why it failed.
    pub error: Option<(FailureCode, Option<String>)>,
    /// The network's id.
    pub remote_id: Option<String>,
    /// The message it answers, where we have that.
    pub reply_to: Option<MessageId>,
    /// When it was accepted or received.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub state_at: Timestamp,
}

/// What somebody does with a conversation.
#[derive(Debug, Clone)]
pub enum ConversationChange {
    /// Looked at it.
    Read,
    /// Gives it to somebody, or to nobody.
    Assign(Option<UserId>),
    /// Says that it is done.
    Resolve,
    /// Says that it is not.
    Reopen,
}

/// What a colleague noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Who: an e-mail, or a key's name, as it was then.
    pub author: String,
    /// What.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// Somebody on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// On which channel.
    pub channel: Channel,
    /// The address there.
    pub address: String,
    /// What we call them.
    pub own_name: Option<String>,
    /// What they call themselves.
    pub name: Option<String>,
    /// What they are filed under.
    pub labels: Vec<String>,
    /// What is worth knowing.
    pub note: Option<String>,
    /// When they last wrote.
    pub seen_at: Option<Timestamp>,
    /// When we first heard of them.
    pub created_at: Timestamp,
}

/// What to change about somebody; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ContactChange {
    /// What we call them; empty: what they call themselves.
    pub name: Option<String>,
    /// What they are filed under.
    pub labels: Option<Vec<String>>,
    /// What is worth knowing; empty: nothing.
    pub note: Option<String>,
}

/// Which messages of the log are wanted.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// The whole or the beginning of its id, its job's, its sender's reference or its address.
    pub search: Option<String>,
    /// Which way; out includes what the owner typed on the phone.
    pub direction: Option<Direction>,
    /// Only those that a job sends.
    pub jobs: bool,
    /// In this state.
    pub state: Option<MessageState>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// Through this device.
    pub device: Option<DeviceId>,
    /// Made from then on.
    pub since: Option<Timestamp>,
    /// Made before then.
    pub until: Option<Timestamp>,
    /// Older than this one.
    pub after: Option<MessageId>,
}

/// A line of the message log.
#[derive(Debug, Clone)]
pub struct LoggedMessage {
    /// Its id.
    pub id: MessageId,
    /// The job that sends it.
    pub job: Option<JobId>,
    /// Through which device.
    pub device: DeviceId,
    /// On which channel.
    pub channel: Channel,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which way.
    pub direction: Direction,
    /// The other side.
    pub chat: String,
    /// What it says.
    pub content: Content,
    /// Where it stands.
    pub state: MessageState,
    /// Why it failed.
    pub error: Option<(FailureCode, Option<String>)>,
    /// Attempts that counted.
    pub attempts: u32,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// When it was accepted or received.
    pub created_at: Timestamp,
}

/// What a list does not show of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRest {
    /// Who wrote it, of one that came in.
    pub sender: Option<String>,
    /// The network's id.
    pub remote_id: Option<String>,
    /// When its state last changed.
    pub state_at: Timestamp,
    /// The request that asked for it; `None`: none did, or it is from before requests were kept.
    pub request: Option<SentRequest>,
}
