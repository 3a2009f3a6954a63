//! What a workspace may do. A plan is data.

use serde::{Deserialize, Serialize};

use crate::Channel;

/// A plan. A figure left out is no limit of the plan's own; the first-run plan leaves out all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Channels allowed.
    pub channels: Vec<Channel>,
    /// Devices, at most (sandbox devices do not count).
    pub devices: Option<u32>,
    /// Requests a minute and key; else `limits.requests_per_minute` of the configuration.
    pub requests_per_minute: Option<u32>,
    /// Campaigns to many recipients.
    pub broadcast: bool,
    /// Meta's official API.
    pub official_api: bool,
    /// Dashboard accounts, at most.
    pub members: Option<u32>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            channels: Channel::ALL.to_vec(),
            devices: None,
            requests_per_minute: None,
            broadcast: true,
            official_api: true,
            members: None,
        }
    }
}

impl Plan {
    /// Whether sends on this channel are part of the plan.
    pub fn allows(&self, channel: Channel) -> bool {
        self.channels.contains(&channel) && (channel != Channel::WhatsappOfficial || self.official_api)
    }
}
