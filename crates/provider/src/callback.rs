//! Networks that call us: what they ask and tell at `/callbacks/…`.

use std::fmt;

use bytes::Bytes;
use cetar_model::{
    Chat, DeviceId, EventType, FailureCode, MessageId, Moved, OfPart, Receipt, TemplateChange, Timestamp,
};

use crate::{Account, InboundMessage};

/// A request a network made to us, as it came.
#[derive(Clone)]
pub struct CallbackRequest {
    /// The query's parameters, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Header names (lower case) and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Bytes,
}

impl CallbackRequest {
    /// The first query parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Secrets and content: not for logs.
impl fmt::Debug for CallbackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackRequest").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// How a network calls us. Pure: no I/O, no state.
pub trait Callbacks: Send + Sync {
    /// The last part of the address: `meta` for `/callbacks/meta`. Providers that name the same part share the address, and one
    /// of them is asked with the accounts of all.
    fn path(&self) -> &'static str;

    /// What the network is to be told, beside the address, so that it can ask whether the address is ours: its owner types it in there.
    fn token(&self, account: &Account) -> Option<String>;

    /// The answer to the question whether this address is ours, if it is asked with a secret of one of the accounts.
    fn handshake(&self, request: &CallbackRequest, accounts: &[Account]) -> Option<Bytes>;

    /// Of which of the accounts the request says that it speaks, true or not: told without trying any secret, so that of a flood of
    /// forgeries few are tried.
    fn named<'a>(&self, request: &CallbackRequest, accounts: &'a [Account]) -> Vec<&'a Account>;

    /// What the request tells, by account: only for accounts whose own secret signed it, so that nobody can forge another's.
    fn read(&self, request: &CallbackRequest, accounts: &[&Account])
    -> Result<Vec<Arrival>, CallbackRefused>;

    /// Whether the request carries something in the form of a signature, by its headers alone: asked before its body is read, so that
    /// not everybody can have us hold a large one.
    fn seems_signed(&self, request: &CallbackRequest) -> bool;
}

/// What one callback tells of one account. All of it is committed in one transaction.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose.
    pub device: DeviceId,
    /// What webhooks get instead of events of our own for `messages`: the network's bytes, where the contract says so.
    pub forwarded: Option<Forwarded>,
    /// Messages that came in, in order.
    pub messages: Vec<InboundMessage>,
    /// What became of messages of ours.
    pub statuses: Vec<MessageStatus>,
    /// The same, for all messages of a chat up to a moment.
    pub watermarks: Vec<Watermark>,
    /// By which other address somebody is spoken of: the alias, and whose it is.
    pub aliases: Vec<(Chat, Chat)>,
    /// Who has another address from now on.
    pub moves: Vec<Moved>,
    /// What became of the account's templates.
    pub templates: Vec<TemplateChange>,
}

impl Arrival {
    /// Nothing yet.
    pub const fn of(device: DeviceId) -> Self {
        Self {
            device,
            forwarded: None,
            messages: Vec::new(),
            statuses: Vec::new(),
            watermarks: Vec::new(),
            aliases: Vec::new(),
            moves: Vec::new(),
            templates: Vec::new(),
        }
    }
}

/// The network's own words, passed on.
#[derive(Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// As which event: it decides who has subscribed to it.
    pub event: EventType,
    /// JSON text, byte for byte as received.
    pub body: String,
}

impl fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarded({}, {} bytes)", self.event, self.body.len())
    }
}

/// The network's word on one message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStatus {
    /// The network's id of it.
    pub remote_id: String,
    /// Our id of it, where the network gives it back: it finds a message whose answer was lost.
    pub message: Option<MessageId>,
    /// What it says.
    pub receipt: Receipt,
    /// Where it is about one of several parts of the message, which.
    pub part: Option<OfPart>,
    /// With [`Receipt::Failed`]: why, and the network's own code.
    pub failure: Option<(FailureCode, Option<String>)>,
    /// When, by the network's clock.
    pub at: Timestamp,
}

/// "Everything in this chat up to then."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// Which chat.
    pub chat: Chat,
    /// What became of it.
    pub receipt: Receipt,
    /// Up to when, by the network's clock.
    pub until: Timestamp,
}

/// Why a callback was not taken. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefused {
    /// No account's secret signed these bytes.
    #[error("not signed by a secret of ours")]
    NotVerified,
    /// Signed, but not in a form that can be read.
    #[error("not readable")]
    Unreadable,
}
