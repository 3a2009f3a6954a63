//! Workspaces, keys, devices.

use std::collections::BTreeMap;

use bytes::Bytes;
use cetar_model::{ApiKeyId, Channel, DeviceId, Health, Language, Plan, Timestamp, WorkspaceId};
use ipnet::IpNet;

use super::NewUser;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub plan: Plan,
    /// The language of texts nobody asked for in another: webhooks, events.
    pub language: Language,
    /// The zone in which its people are shown times, by its name in the IANA's database.
    pub time_zone: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What to change of a tenant; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceChange {
    /// Its name.
    pub name: Option<String>,
    /// The language of texts nobody asked for in another.
    pub language: Option<Language>,
    /// The zone in which its people are shown times.
    pub time_zone: Option<String>,
}

/// What an empty database is given at the first run.
#[derive(Debug, Clone)]
pub struct FirstRun {
    /// The workspace.
    pub workspace: Workspace,
    /// Its owner.
    pub owner: NewUser,
    /// Its sandbox devices.
    pub devices: Vec<NewDevice>,
    /// A key for them.
    pub key: ApiKey,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Send, and read what it sent.
    Messages,
    /// Everything else.
    Admin,
}

impl Scope {
    /// The word used in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = cetar_model::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "messages" => Ok(Self::Messages),
            "admin" => Ok(Self::Admin),
            other => Err(cetar_model::UnknownWord(other.chars().take(80).collect())),
        }
    }
}

/// An API key; the secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The secret's beginning and last four characters, to recognise it by.
    pub hint: String,
    /// `sk_test_`: reaches sandbox devices only.
    pub test: bool,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The devices it may use; empty: all.
    pub devices: Vec<DeviceId>,
    /// Where it may be used from; empty: anywhere.
    pub allow_ips: Vec<IpNet>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A linked account.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its id; the contract's `session_id`.
    pub id: DeviceId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// On which channel.
    pub channel: Channel,
    /// What its owner calls it.
    pub name: String,
    /// Simulated.
    pub sandbox: bool,
    /// Its own address on the network, once linked.
    pub address: Option<String>,
    /// How it was when its state last changed.
    pub health: Health,
    /// Its operator stopped it.
    pub paused: bool,
    /// Its network's pace is kept, where it has one.
    pub paced: bool,
    /// When it was linked last.
    pub linked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A device to be made.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// The device; `health` and `linked_at` are taken as given.
    pub device: Device,
    /// Settings and secrets, sealed at rest.
    pub settings: BTreeMap<String, String>,
}

/// What to change about a device; what is left out stays.
#[derive(Clone)]
pub struct DeviceChange {
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// Which device.
    pub device: DeviceId,
    /// What it is called from now on.
    pub name: Option<String>,
    /// Whether its network's pace is kept from now on.
    pub paced: Option<bool>,
    /// Settings and secrets that take the place of those of the same names.
    pub settings: BTreeMap<String, String>,
    /// The node that changes it, and sees to its own session.
    pub node: String,
    /// Now.
    pub now: Timestamp,
}

/// The right to run a device's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceLease {
    /// Rises with every taking; writes of an older holder are refused.
    pub token: i64,
}

impl DeviceLease {
    /// Whether somebody had it before: another node, or this one before it was started anew.
    pub const fn is_again(self) -> bool {
        self.token > 1
    }
}

/// One change of a session's state, as its provider asked for it.
#[derive(Debug, Clone)]
pub enum StateChange {
    /// Insert or replace.
    Put(&'static str, Bytes, Bytes),
    /// Delete one entry.
    Delete(&'static str, Bytes),
    /// Delete a collection.
    Clear(&'static str),
    /// Delete all of the device's state.
    ClearAll,
}
