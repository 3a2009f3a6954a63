//! What the gateway gives a session.

use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    BoxError, Chat, Content, FailureCode, Health, KnownTemplate, MediaId, Receipt, Timestamp, Writer,
};
use futures::stream::BoxStream;

use crate::Rate;

/// Bytes as they come, in pieces of any size. An error ends it.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// The only way out for events and the only home for a session's state. One per device and lease: when another node takes the
/// device over, every call here fails with [`HostError::LeaseLost`] and the session must end.
#[async_trait]
pub trait Host: Send + Sync {
    /// Tells what happened. Returns after the commit, so that only then the network is acknowledged. Telling the same thing
    /// twice is harmless: a message is deduplicated by its remote id and chat.
    async fn emit(&self, event: Inbound) -> Result<(), HostError>;

    /// Reads one value of the session's own state.
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError>;

    /// Reads a whole collection, by ascending key.
    async fn load_all(&self, collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError>;

    /// Writes a batch: all of it or nothing, durable when this returns.
    async fn save(&self, batch: Vec<StateWrite>) -> Result<(), HostError>;

    /// Opens a medium of a message to send, from its first byte. May be called again, to read it again.
    async fn media(&self, id: &MediaId) -> Result<StoredMedia, HostError>;

    /// An address under which anyone may read this medium for a while, for networks that fetch what they are to carry.
    fn media_link(&self, _id: &MediaId) -> Option<String> {
        None
    }

    /// Whether another device of this workspace is linked to the account of this address. Asked while linking, once the network
    /// said which account it is: whatever comes in would be told twice, and neither device would know what the other sends.
    /// Where it is, the new link is undone and linking ends with [`cetar_model::DownReason::AlreadyLinked`].
    async fn is_linked_elsewhere(&self, _address: &str) -> Result<bool, HostError> {
        Ok(false)
    }

    /// Who wrote a message of this chat, by the network's id of it: asked by networks on which an answer names the writer of what it
    /// answers. `None` where the message is not known, or not any more.
    async fn writer_of(&self, _chat: &Chat, _remote_id: &str) -> Result<Option<Writer>, HostError> {
        Ok(None)
    }

    /// What time it is.
    fn now(&self) -> Timestamp;
}

/// A stored medium, open.
pub struct StoredMedia {
    /// How many bytes come.
    pub size: u64,
    /// They.
    pub bytes: ByteStream,
}

impl fmt::Debug for StoredMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMedia").field("size", &self.size).finish_non_exhaustive()
    }
}

/// One change of a session's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateWrite {
    /// Insert or replace.
    Put {
        /// Which collection.
        collection: &'static str,
        /// Which entry.
        key: Bytes,
        /// Its value; sealed at rest.
        value: Bytes,
    },
    /// Delete one entry; no error if it is not there.
    Delete {
        /// Which collection.
        collection: &'static str,
        /// Which entry.
        key: Bytes,
    },
    /// Delete a whole collection.
    Clear {
        /// Which collection.
        collection: &'static str,
    },
    /// Delete everything this session ever stored: before linking anew.
    ClearAll,
}

/// The gateway could not do it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The database is away. Nothing was stored; do not acknowledge.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] BoxError),
    /// This session no longer holds its device.
    #[error("another process holds this device")]
    LeaseLost,
}

/// What a session tells.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "messages are what is told most; a box for each would cost more"
)]
pub enum Inbound {
    /// A message came in, or the owner typed one on the phone.
    Message(InboundMessage),
    /// The network said something about messages of ours.
    Receipt(InboundReceipt),
    /// The session's state changed.
    Health(Health),
    /// Somebody no longer wants messages of this account, or wants them again; a group put the account out, or took it in.
    Reachable {
        /// The network's id of this news; unique within its chat.
        remote_id: String,
        /// The conversation.
        chat: Chat,
        /// Messages can be sent there.
        reachable: bool,
        /// Since when, by the network's clock.
        at: Timestamp,
    },
    /// How fast this account may send from now on, where its network says another figure than [`crate::Pace::account`].
    AccountRate(Rate),
    /// The network's answer to the question for all templates of this account.
    Templates {
        /// They.
        templates: Vec<KnownTemplate>,
        /// When it was asked.
        asked_at: Timestamp,
    },
    /// The network gave the account another secret in place of one of its settings.
    Renewed(RenewedSetting),
    /// An address we knew as an alias (a WhatsApp LID) turned out to be this number.
    Resolved {
        /// The alias, as it was used in `from`.
        alias: Chat,
        /// The number.
        number: Chat,
    },
}

/// A setting that the network renewed: the session has gone over to the new one, and every later session begins with it.
#[derive(Clone)]
pub struct RenewedSetting {
    /// Which.
    pub name: &'static str,
    /// What it was; where a person has given another meanwhile, that stands.
    pub was: String,
    /// What it is.
    pub is: String,
}

/// Secrets: not for logs.
impl fmt::Debug for RenewedSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RenewedSetting({})", self.name)
    }
}

/// A message from the network.
#[derive(Debug, Clone)]
pub struct InboundMessage {
    /// The network's id; unique within its chat.
    pub remote_id: String,
    /// The conversation it belongs to: the other person, or the group.
    pub chat: Chat,
    /// Who wrote it (the phone number on WhatsApp).
    pub from: Chat,
    /// `from` is an alias whose number is not known.
    pub from_alias: bool,
    /// The group, if it was written in one.
    pub group: bool,
    /// The owner typed it on their own phone.
    pub echo: bool,
    /// The name the sender gave themselves.
    pub sender_name: Option<String>,
    /// What it says. Media are references of the network's ([`cetar_model::MediaSource::Network`]): the gateway asks
    /// [`Session::download`](crate::Session::download) for the bytes once the message is on disk.
    pub content: Content,
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// The network's own bytes of it, kept where we do not understand them.
    pub raw: Option<Bytes>,
    /// When it was sent, by the network's clock.
    pub sent_at: Timestamp,
}

/// The network's word on messages of ours.
#[derive(Debug, Clone)]
pub struct InboundReceipt {
    /// Which messages, by the network's ids.
    pub remote_ids: Vec<String>,
    /// What it says.
    pub receipt: Receipt,
    /// With [`Receipt::Failed`]: why, and the network's own code.
    pub failure: Option<(FailureCode, Option<String>)>,
    /// When, by the network's clock.
    pub at: Timestamp,
}
