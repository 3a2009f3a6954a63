//! Replies in the answers to webhooks.

use cetar_model::{Channel, Chat, DeviceId, JobId, WorkspaceId};
use serde::{Deserialize, Serialize};

/// Where a reply to a delivery goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTarget {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The device the message came in on.
    pub device: DeviceId,
    /// Its channel.
    pub channel: Channel,
    /// The device is a sandbox one.
    pub sandbox: bool,
    /// The chat the message came from, by the name it has now.
    pub chat: Chat,
    /// An earlier attempt at this delivery was answered 2xx.
    pub answered: bool,
}

/// What became of a reply, for the delivery log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyOutcome {
    /// Accepted as this job; the same one for every answer to the same event.
    Queued {
        /// The job.
        job: JobId,
    },
    /// Not accepted. It is not asked for again.
    Refused {
        /// A code of the API.
        code: String,
        /// What is wrong and what to do, in the workspace's language. No content.
        message: String,
    },
    /// Not looked at: an earlier attempt was answered well, so this one is a repeat.
    PassedOver,
}
