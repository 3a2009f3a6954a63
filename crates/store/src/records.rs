//! What goes in and comes out: plain records in the product's words.

use std::collections::BTreeMap;

use bytes::Bytes;
use cetar_model::{
    ApiKeyId, Channel, Chat, ContactId, Content, ConversationId, DeliveryId, DeviceId, Direction, EndpointId,
    EventId, EventType, FailureCode, Health, JobId, JobState, Language, MessageId, MessageState, Plan,
    Subscription, Timestamp, UserId, WorkspaceId,
};
use ipnet::IpNet;
use secrecy::SecretString;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub plan: Plan,
    /// The language of texts nobody asked for in another: webhooks, events.
    pub language: Language,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A dashboard account. Only what this version needs: it is made at the first run.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Sign-in name, lower case.
    pub email: String,
    /// `owner`, `admin` or `agent`.
    pub role: String,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Send, and read what it sent.
    Messages,
    /// Everything else.
    Admin,
}

impl Scope {
    /// The word used in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = cetar_model::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "messages" => Ok(Self::Messages),
            "admin" => Ok(Self::Admin),
            other => Err(cetar_model::UnknownWord(other.chars().take(80).collect())),
        }
    }
}

/// An API key; the secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The secret's beginning and last four characters, to recognise it by.
    pub hint: String,
    /// `sk_test_`: reaches sandbox devices only.
    pub test: bool,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The devices it may use; empty: all.
    pub devices: Vec<DeviceId>,
    /// Where it may be used from; empty: anywhere.
    pub allow_ips: Vec<IpNet>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A linked account.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its id; the contract's `session_id`.
    pub id: DeviceId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// On which channel.
    pub channel: Channel,
    /// What its owner calls it.
    pub name: String,
    /// Simulated.
    pub sandbox: bool,
    /// Its own address on the network, once linked.
    pub address: Option<String>,
    /// How it was when its state last changed.
    pub health: Health,
    /// Its operator stopped it.
    pub paused: bool,
    /// When it was linked last.
    pub linked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A device to be made.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// The device; `health` and `linked_at` are taken as given.
    pub device: Device,
    /// Settings and secrets, sealed at rest.
    pub settings: BTreeMap<String, String>,
}

/// The right to run a device's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceLease {
    /// Rises with every taking; writes of an older holder are refused.
    pub token: i64,
}

/// Protects a send against being made twice by its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdempotency {
    /// API key id and path.
    pub scope: String,
    /// The header's value, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
    /// When the key may be used afresh.
    pub expires_at: Timestamp,
}

/// A send to be accepted.
#[derive(Debug, Clone)]
pub struct NewSend {
    /// The message's id.
    pub message: MessageId,
    /// The job's id.
    pub job: JobId,
    /// The conversation's id, if this is its first message.
    pub conversation: ConversationId,
    /// The contact's id, if this is the first we hear of it.
    pub contact: ContactId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Through which device.
    pub device: DeviceId,
    /// Its channel.
    pub channel: Channel,
    /// To whom.
    pub to: Chat,
    /// What.
    pub content: Content,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// The id the network will know it by, where we choose it.
    pub remote_id: Option<String>,
    /// With an `Idempotency-Key`.
    pub idempotency: Option<NewIdempotency>,
    /// Now.
    pub now: Timestamp,
    /// After this it is not sent any more.
    pub expires_at: Timestamp,
}

/// What came of a send to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// On disk.
    New,
    /// The same was asked before under this key: these are the ids of then.
    Replayed {
        /// The job of then.
        job: JobId,
        /// The message of then.
        message: MessageId,
    },
    /// Something else was asked before under this key.
    KeyReused,
    /// The device was removed meanwhile; nothing was stored.
    DeviceGone,
}

/// A job under our lease.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The job.
    pub job: JobId,
    /// Its message.
    pub message: MessageId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Through which device.
    pub device: DeviceId,
    /// To whom.
    pub to: Chat,
    /// What.
    pub content: Content,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// Claims in a row without an outcome, this one included.
    pub crashes: u32,
    /// Fences the outcome: only the holder of this token may settle.
    pub lease_token: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// After this it is not sent any more.
    pub expires_at: Timestamp,
}

/// The outcome of a claimed job.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which.
    pub job: JobId,
    /// The node that claimed it.
    pub node: String,
    /// The lease it was claimed under.
    pub lease_token: i64,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// The attempt ended with its process (a rescue): the crash counter stays as it is.
    pub crashed: bool,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The network took it.
    Sent {
        /// The network's id.
        remote_id: String,
    },
    /// Another attempt follows.
    Again {
        /// When.
        run_at: Timestamp,
        /// Whether this one counts as an attempt.
        counts: bool,
        /// A word for the attempt history: `not_sent`, `slow_down`, `unknown`, `account_down`.
        class: &'static str,
        /// What the network or the connection said. No content, no secrets.
        detail: String,
    },
    /// Final.
    Failed {
        /// Our code.
        code: FailureCode,
        /// The network's own.
        provider_code: Option<String>,
        /// The network's words.
        detail: Option<String>,
    },
    /// It may have been sent.
    Unknown {
        /// What is known.
        detail: String,
    },
}

/// One attempt, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// `sent`, `not_sent`, `slow_down`, `unknown`, `account_down`, `failed`.
    pub outcome: String,
    /// What was said.
    pub detail: Option<String>,
}

/// A job and its message, as shown.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// Its state.
    pub state: JobState,
    /// The message.
    pub message: Message,
    /// Attempts that counted.
    pub attempts: u32,
    /// When it may run next.
    pub run_at: Timestamp,
    /// After this it is not sent any more.
    pub expires_at: Timestamp,
    /// Every attempt, oldest first.
    pub history: Vec<Attempt>,
}

/// A message, as stored.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Through which device.
    pub device: DeviceId,
    /// On which channel.
    pub channel: Channel,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The job that sends it.
    pub job: Option<JobId>,
    /// Which way.
    pub direction: Direction,
    /// The chat.
    pub chat: Chat,
    /// What it says.
    pub content: Content,
    /// Where it stands.
    pub state: MessageState,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// The network's id.
    pub remote_id: Option<String>,
    /// Why it failed.
    pub error: Option<(FailureCode, Option<String>)>,
    /// When it was accepted or received.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub state_at: Timestamp,
}

/// The answer to cancel, retry or resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Done.
    Done,
    /// The state it is in does not allow it.
    NotNow(MessageState),
    /// No such job in this workspace.
    NotFound,
}

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
    /// The lease of its session.
    pub lease: DeviceLease,
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

/// One change of a session's state, as its provider asked for it.
#[derive(Debug, Clone)]
pub enum StateChange {
    /// Insert or replace.
    Put(&'static str, Bytes, Bytes),
    /// Delete one entry.
    Delete(&'static str, Bytes),
    /// Delete a collection.
    Clear(&'static str),
    /// Delete all of the device's state.
    ClearAll,
}

/// A webhook endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Where events go.
    pub url: String,
    /// Which events; none means all.
    pub events: Vec<Subscription>,
    /// Only events of this device.
    pub device: Option<DeviceId>,
    /// The signing secret, `whsec_…`; sealed at rest.
    pub secret: SecretString,
    /// When and why it was switched off.
    pub disabled: Option<(Timestamp, String)>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A delivery under our lease.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// Which.
    pub delivery: DeliveryId,
    /// What happened; the `webhook-id`.
    pub event: EventId,
    /// Its name.
    pub event_type: EventType,
    /// The exact body.
    pub body: String,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// When the delivery was made.
    pub created_at: Timestamp,
    /// Fences the outcome.
    pub lease_token: i64,
}

/// The outcome of a delivery's attempt.
#[derive(Debug, Clone)]
pub struct DeliverySettlement {
    /// Which.
    pub delivery: DeliveryId,
    /// The node that claimed it.
    pub node: String,
    /// The lease it was claimed under.
    pub lease_token: i64,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// What went wrong: `status`, `crashed`, or one of `timeout`, `connect`, `tls`, `dns`, `refused_address`, `other` and
    /// what is known of it (`tls: certificate expired`).
    pub error: Option<String>,
    /// The first 16 KiB of the answer, as text.
    pub response: Option<String>,
    /// What follows.
    pub next: DeliveryNext,
}

/// What follows an attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryNext {
    /// The receiver has it.
    Delivered,
    /// Another attempt.
    Again(Timestamp),
    /// No further attempt by itself; kept.
    Dead,
    /// 410: the receiver wants no more of anything. The endpoint is switched off.
    EndpointGone,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Cutoffs {
    /// Events, deliveries and their attempts older than this go.
    pub events: Timestamp,
    /// Idempotency keys that expired before this go.
    pub idempotency: Timestamp,
}

/// Figures of the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Jobs ready or running.
    pub open: i64,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// Deliveries waiting or running.
    pub deliveries: i64,
    /// Jobs that are dead.
    pub dead: i64,
}
