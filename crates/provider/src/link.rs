//! Linking: the steps of one machine, asked for one after the other.

use std::time::Duration;

use async_trait::async_trait;
use cetar_model::{BoxError, DownReason};

/// Linking under way. Dropping it ends it.
#[async_trait]
pub trait LinkProcess: Send {
    /// Waits for the next thing to show to the person. After [`LinkStep::Done`] or an error there is none.
    async fn next(&mut self) -> Result<LinkStep, LinkError>;
}

/// What to show.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkStep {
    /// A QR to scan; replaces the one before.
    Qr {
        /// The text in it. A secret while it is valid.
        data: String,
        /// How long it is valid.
        expires_in: Duration,
    },
    /// A code to type into the phone.
    Code {
        /// Eight characters, shown as `ABCD-EFGH`.
        code: String,
        /// How long it is valid.
        expires_in: Duration,
    },
    /// The phone took it; keys are being exchanged.
    Connecting,
    /// Linked, and everything a session needs is saved.
    Done(Linked),
}

/// The account that was linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its address on the network: the phone number.
    pub address: String,
    /// Its own name, if the network told it.
    pub name: Option<String>,
}

/// Linking did not come about.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// This network has no such way of linking.
    #[error("this way of linking is not supported on this channel")]
    NotSupported,
    /// The network or the person said no; `reason` carries what to do.
    #[error("linking ended: {0}")]
    Refused(DownReason),
    /// The network could not be reached, or did something we do not understand.
    #[error("linking failed: {0}")]
    Failed(#[source] BoxError),
}
