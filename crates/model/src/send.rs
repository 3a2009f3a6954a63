//! What came of one attempt to send.

use std::time::Duration;

use crate::{DownReason, FailureCode};

/// Any error, kept for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The network took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The network's own id of the message; receipts carry it.
    pub remote_id: String,
}

/// Why an attempt did not end in [`Sent`], by how certain it is that nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The network said no: final.
    #[error("refused: {code} {}", provider_code.as_deref().unwrap_or(""))]
    Rejected {
        /// What it means, in our words.
        code: FailureCode,
        /// The network's own code, shown to the user beside ours.
        provider_code: Option<String>,
        /// The network's own words, if any.
        detail: Option<String>,
    },
    /// The network asks to slow down. Not an attempt; bounded by the message's expiry.
    #[error("asked to slow down")]
    SlowDown {
        /// How long it asks us to wait, if it says.
        retry_after: Option<Duration>,
    },
    /// Certain: nothing reached the network.
    #[error("not sent: {0}")]
    NotSent(#[source] BoxError),
    /// Written, no answer read: it may have been sent.
    #[error("it is not known whether it was sent: {0}")]
    Unknown(#[source] BoxError),
    /// The account cannot send now; nothing reached the network. Its jobs wait.
    #[error("the account is down: {0}")]
    AccountDown(DownReason),
    /// Of a message that goes out in several parts, some are with the recipient, and the next one came to this. Another attempt sends
    /// the rest.
    #[error("a part was sent; of the rest: {0}")]
    Partly(#[source] Box<SendError>),
}
