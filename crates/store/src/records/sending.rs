//! Sends, jobs, messages.

use cetar_model::{
    AttemptOutcome, Channel, Chat, ContactId, Content, ConversationId, DeviceId, Direction, FailureCode,
    JobId, JobState, MessageId, MessageState, MessageTag, Timestamp, WorkspaceId,
};

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

/// The most of a request's body that is kept, in bytes: many times what a message can hold.
const REQUEST_KEPT: usize = 64 * 1024;

/// The request that asked for a message, as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// Its path: `/v1/messages`.
    pub path: String,
    /// Its body, or the beginning of a very long one.
    pub body: String,
    /// How many bytes the whole body had.
    pub size: u64,
}

impl SentRequest {
    /// Keeps of the body what is kept.
    pub fn of(path: &str, body: &str) -> Self {
        let kept = &body[..body.floor_char_boundary(REQUEST_KEPT)];
        let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Self { path: path.to_owned(), body: kept.to_owned(), size }
    }

    /// Whether the body is not all there.
    pub fn is_cut(&self) -> bool {
        u64::try_from(self.body.len()).is_ok_and(|kept| kept < self.size)
    }
}

/// What was asked is content: not for logs.
impl std::fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentRequest")
            .field("path", &self.path)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
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
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// What is claimed of it.
    pub tag: Option<MessageTag>,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// The id the network will know it by, where we choose it.
    pub remote_id: Option<String>,
    /// The request that asks for it, for the log.
    pub request_id: Option<String>,
    /// That request as it came, to be shown.
    pub request: Option<SentRequest>,
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
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// What is claimed of it.
    pub tag: Option<MessageTag>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// Claims in a row without an outcome, this one included.
    pub crashes: u32,
    /// The request that asked for it, for the log.
    pub request_id: Option<String>,
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
        /// For the attempt history.
        class: AttemptOutcome,
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
    /// An [`AttemptOutcome`], or a word of an older version.
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
    /// It waits until then for its turn, by our own pace.
    pub put_off: bool,
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
