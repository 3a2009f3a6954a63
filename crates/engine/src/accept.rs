//! Accepting a send: a promise.
use std::time::Duration;

use cetar_model::{Channel, Chat, Content, ContentKind, DeviceId, JobId, MessageId};
use cetar_store::StoreError;

use crate::auth::Caller;

/// A send, its fields already in the product's words (the HTTP layer has reported every bad one).
#[derive(Debug, Clone)]
pub struct SendRequest {
    /// On which channel.
    pub channel: Channel,
    /// To whom.
    pub to: Chat,
    /// What.
    pub content: Content,
    /// Through which device, if said.
    pub device: Option<DeviceId>,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// Another expiry than 24 h.
    pub expires_in: Option<Duration>,
    /// `Idempotency-Key` with the path it came on and the SHA-256 of the body.
    pub idempotency: Option<IdempotencyKey>,
}

/// An `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The header's value, unquoted, 1 to 255 characters.
    pub key: String,
    /// `POST /v1/messages`.
    pub path: &'static str,
    /// SHA-256 of the canonical body.
    pub fingerprint: [u8; 32],
}

/// On disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSend {
    /// What to ask about later.
    pub job: JobId,
    /// The message.
    pub message: MessageId,
    /// The answer of an earlier, equal request.
    pub replayed: bool,
}

/// Not accepted; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The plan lacks this.
    #[error("the plan lacks {0}")]
    PlanFeatureMissing(&'static str),
    /// The device named does not exist here, is not for this key, or is of the other kind (sandbox or real).
    #[error("device not allowed")]
    DeviceNotAllowed,
    /// The device named is on another channel.
    #[error("the device is on {0}")]
    OtherChannel(Channel),
    /// No device of that channel that the key may use.
    #[error("no device of this channel")]
    NoDevice,
    /// Several devices would do: name one.
    #[error("several devices")]
    SeveralDevices(Vec<DeviceId>),
    /// Never linked, or logged out.
    #[error("the device is not linked")]
    DeviceNotLinked(DeviceId),
    /// The channel cannot carry this kind of content.
    #[error("{0} cannot be sent on this channel")]
    ContentNotSupported(ContentKind),
    /// Longer than the channel carries.
    #[error("text longer than {max} characters")]
    TextTooLong {
        /// Most characters it takes.
        max: usize,
    },
    /// The same `Idempotency-Key` came with another body.
    #[error("idempotency key reused")]
    IdempotencyKeyReused,
    /// Shutting down, or the database does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Accepts a send: when this returns `Ok`, it is on disk. One transaction, then the worker is woken.
    pub async fn accept(&self, caller: &Caller, request: SendRequest) -> Result<AcceptedSend, AcceptError> {
        todo!()
    }
}
