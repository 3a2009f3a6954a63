//! A network, and one live account on it.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    BoxError, Channel, Chat, Content, DeviceId, Disturbance, DownReason, FailureCode, Health, KnownTemplate,
    Language, LinkMethod, LinkOutcome, MessageId, MessageTag, OfficialTemplate, PhoneNumber, SendError, Sent,
    Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::{
    ByteStream, Callbacks, Capabilities, Host, HostError, LinkError, LinkProcess, Linked, PersonAct,
    PlayError,
};

/// Knows one network. No account, no state, no I/O.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What it can carry. Data: used to refuse before queueing and to document.
    fn capabilities(&self) -> &Capabilities;

    /// The id the network will know this message by, where we choose it. Receipts that overtake the answer to a send find
    /// their message by it. `None` where the network chooses.
    fn remote_id(&self, message: &MessageId) -> Option<String>;

    /// In how many messages the network carries this content: each counts against its [`Pace`](crate::Pace).
    fn pieces(&self, _content: &Content) -> usize {
        1
    }

    /// Opens a linked account. Does no I/O: that begins in [`Session::run`].
    fn open(&self, account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError>;

    /// Asks the network whose account these settings are, when a device is added: a token with a slip of the pen is told at once, and
    /// not when the first message fails. `None` where there is nothing to ask before it is linked.
    async fn identify(&self, _account: &Account) -> Result<Option<Linked>, IdentifyError> {
        Ok(None)
    }

    /// The chat that a send to this address goes to, asked before it is accepted: its answers come under the same name, in the same
    /// conversation. `state` is what the account's sessions have saved. Does no other I/O.
    async fn locate(&self, to: &Chat, _state: &dyn SavedState) -> Result<Chat, NotLocated> {
        Ok(to.clone())
    }

    /// The templates that the network keeps and reviews for this account, asked now: all of them, or those of one name in whatever
    /// language. `None` where it keeps none: then nothing is asked before a message by a template is accepted.
    async fn templates(
        &self,
        _account: &Account,
        _name: Option<&str>,
    ) -> Result<Option<Vec<KnownTemplate>>, IdentifyError> {
        Ok(None)
    }

    /// The text of a message by a template, as its reader sees it.
    fn template_text(&self, _known: &KnownTemplate, _message: &OfficialTemplate) -> Option<String> {
        None
    }

    /// How this network calls us, if it does.
    fn callbacks(&self) -> Option<&dyn Callbacks> {
        None
    }

    /// Begins linking an account. The process ends by itself when it is dropped or cancelled; state it has saved through the
    /// host stays, and a later attempt may replace it.
    async fn link(
        &self,
        account: Account,
        request: LinkRequest,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError>;
}

/// What the sessions of one account have saved by [`Host::save`], for reading.
#[async_trait]
pub trait SavedState: Send + Sync {
    /// Reads one value.
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError>;
}

/// Why it cannot be said whose account it is.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The network does not take them.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It did not answer.
    #[error("the network did not answer: {0}")]
    Network(String),
}

/// Why there is no chat for an address.
#[derive(Debug, thiserror::Error)]
pub enum NotLocated {
    /// The person has not yet allowed this account to write to them.
    #[error("the recipient has not opted in")]
    NotOptedIn {
        /// Where they can.
        link: Option<String>,
    },
    /// What is saved cannot be read.
    #[error(transparent)]
    State(#[from] HostError),
}

/// How someone wants to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRequest {
    /// The way.
    pub method: LinkMethod,
    /// The account's own number; needed for a pairing code.
    pub phone: Option<PhoneNumber>,
    /// How it is to go, on a network whose phones are simulated; nobody asks any other for it.
    pub outcome: Option<LinkOutcome>,
}

/// One linked account, live.
#[async_trait]
pub trait Session: Send + Sync {
    /// Keeps the account connected until `stop` or until it is lost for good. Short losses of the connection it mends itself and
    /// reports as health; what ends it is told in [`SessionEnd`], and the supervisor decides what follows. When it returns,
    /// nothing of it runs any more.
    async fn run(&self, stop: CancellationToken) -> SessionEnd;

    /// How it is right now, with evidence. Changes of state are also told through [`crate::Inbound::Health`].
    fn health(&self) -> Health;

    /// One attempt. Returns `Ok` only when the network itself has taken the message. Bounded in time by the provider.
    async fn send(&self, message: &Outbound) -> Result<Sent, SendError>;

    /// Whether a number has an account.
    async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError>;

    /// Shows the other side of a chat that something is being written, for as long as the network shows that: a few seconds, or until a
    /// message comes. Only where [`Capabilities::typing`] says that there is such a sign.
    async fn typing(&self, _chat: &Chat) -> Result<(), SendError> {
        Err(SendError::Rejected {
            code: FailureCode::ContentNotSupported,
            provider_code: None,
            detail: Some("this network has no such sign".to_owned()),
        })
    }

    /// Reads a medium that came in, by the reference its message carried ([`cetar_model::MediaSource::Network`]): its plain
    /// bytes, decrypted and checked where the network has means to. Asked again later if it fails for now, also after a
    /// restart, so the reference must say all that is needed.
    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError>;

    /// Takes what the network pushed to `/callbacks/CHANNEL/DEVICE`. Returns after the commit; only then the network is answered. A
    /// session whose network pushes nothing to that address says that it was not verified.
    async fn pushed(&self, _push: &Push) -> Result<(), PushRefused> {
        Err(PushRefused::NotVerified)
    }

    /// Whether a push carries the network's secret, by its headers alone: asked before its body is read. Where the network pushes nothing
    /// none does.
    fn may_push(&self, _push: &Push) -> bool {
        false
    }

    /// What the network calls this person, if it tells.
    async fn name_of(&self, _person: &Chat) -> Option<String> {
        None
    }

    /// Has a simulated person write: what comes of it comes in as from any network. Returns after it is on disk. Only a network whose
    /// people are simulated has any; every other refuses.
    async fn play(&self, _act: PersonAct) -> Result<(), PlayError> {
        Err(PlayError::PeopleAreReal)
    }

    /// Has a simulated network do this to the account, for so long if it [passes](Disturbance::passes). What follows is told as by any
    /// other network. Every network that is real refuses.
    async fn disturb(&self, _what: Disturbance, _lasts: Duration) -> Result<(), PlayError> {
        Err(PlayError::PeopleAreReal)
    }

    /// Ends the link on the network's side too. The session is stopped afterwards.
    async fn logout(&self) -> Result<(), SendError>;
}

/// A request that a network made to a device's own address.
#[derive(Clone)]
pub struct Push {
    /// Header names (lower case) and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Bytes,
}

impl Push {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Secrets and content: not for logs.
impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Why a push was not taken. The network is to make it again, unless it was not the network.
#[derive(Debug, thiserror::Error)]
pub enum PushRefused {
    /// It does not carry the secret that the network was given.
    #[error("not verified")]
    NotVerified,
    /// It is not of the form the network uses.
    #[error("not readable")]
    Unreadable,
    /// It could not be stored.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Why [`Session::run`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// It was told to stop.
    Stopped,
    /// The connection is lost and this session cannot mend it; a fresh one may.
    Lost(DownReason),
    /// The link itself is gone: it must be linked again, or a person must act. Starting again would not help.
    Ended(DownReason),
}

/// An account's identity and settings.
#[derive(Clone)]
pub struct Account {
    /// The device.
    pub device: DeviceId,
    /// On which channel (the sandbox serves all).
    pub channel: Channel,
    /// The account's own address on the network, once linked: a phone number, a bot's name.
    pub address: Option<String>,
    /// Settings and secrets, by the names `device add` reads.
    pub settings: BTreeMap<String, String>,
    /// The workspace's language, for words that a person on the network reads.
    pub language: Language,
    /// When its credentials end, as far as a session before this one found out.
    pub credentials_until: Option<Timestamp>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("device", &self.device)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A setting is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting `{field}`: {problem}")]
pub struct SettingsError {
    /// Which.
    pub field: String,
    /// What is wrong with it, in English.
    pub problem: String,
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Our id; the same on every attempt.
    pub id: MessageId,
    /// To whom.
    pub to: Chat,
    /// What. Its media, if it has some, are stored with the gateway and read by [`Host::media`]: their type, size and hash are
    /// known, and within the limits of [`Capabilities`].
    pub content: Content,
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// What the sender claims of it; only where the capabilities know it.
    pub tag: Option<MessageTag>,
    /// The number of this attempt, from 1. A provider whose network lacks idempotency may not care; the sandbox counts by it.
    pub attempt: u32,
}

/// Whether a number has an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCheck {
    /// It has one.
    pub is_registered: bool,
    /// The network's address for it.
    pub jid: Option<String>,
}

/// The question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// This network has no such question.
    #[error("not supported on this channel")]
    NotSupported,
    /// The account cannot ask now.
    #[error("the account is down: {0}")]
    AccountDown(DownReason),
    /// No answer, or one not understood.
    #[error("no answer: {0}")]
    Failed(#[source] BoxError),
}

/// A medium could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The network does not have it any more, or it is more than we keep: asking again would not help.
    #[error("it is gone: {0}")]
    Gone(String),
    /// It came whole, and its bytes are not what its sender said: a few more tries, in case that a server gave us something else.
    #[error("its bytes are not what its sender said: {0}")]
    Unsound(String),
    /// The account cannot ask now.
    #[error("the account is down: {0}")]
    AccountDown(DownReason),
    /// It did not come this time.
    #[error("it could not be read: {0}")]
    Failed(#[source] BoxError),
}
