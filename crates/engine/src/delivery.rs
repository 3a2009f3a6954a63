//! Webhooks on their way out: at least once, signed, each endpoint at its own pace.
//!
//! A delivery is a row, written in the transaction that made its event. Here it is claimed, posted and settled; what is
//! under way when the process ends is taken back and posted again, which is why a receiver may see one `webhook-id`
//! twice.

mod attempt;
mod client;
mod courier;
mod schedule;
mod settling;
mod signature;

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;

pub use attempt::USER_AGENT;
pub use client::WebhookClient;
pub(crate) use courier::run;
pub use schedule::WAITS;
pub(crate) use settling::Settling;
pub(crate) use signature::new_secret;

/// Carries one signed request. The real one is the guarded HTTP client; it re-checks the address it dials.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Whether this URL may be called at all (scheme, literal address): for the check at creation.
    fn permits(&self, url: &str) -> Result<(), String>;
    /// One POST: no redirect, 5 s to connect, 15 s in all, as much of the answer read as asked for.
    async fn post(&self, request: Request) -> Result<Response, TransportError>;
}

/// What to post.
pub struct Request {
    /// Where.
    pub url: String,
    /// Header names (lower case) and values.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The exact bytes that were signed.
    pub body: bytes::Bytes,
    /// Bytes of the answer to read at most.
    pub answer_room: usize,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, if it was given in seconds or as a date.
    pub retry_after: Option<Duration>,
    /// The answer, or as much as there was room for.
    pub body: String,
    /// The body is whole: neither cut for want of room nor by the connection.
    pub whole: bool,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct TransportError {
    /// `timeout`, `connect`, `tls`, `dns`, `refused_address`, `other`.
    pub class: &'static str,
    /// For the delivery log; no secret.
    pub detail: String,
}
