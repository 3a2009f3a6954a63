//! API keys: `sk_live_` or `sk_test_` and 36 base62 characters, the last six a CRC32 of prefix and random part.
use std::time::Duration;

use cetar_model::{ApiKeyId, DeviceId};
use cetar_store::{ApiKey, Scope, StoreError};
use ipnet::IpNet;
use secrecy::SecretString;

use crate::auth::Caller;

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// For sandbox devices.
    pub test: bool,
    /// Only these devices; none: all.
    pub devices: Vec<DeviceId>,
    /// Only from here; none: anywhere.
    pub allow_ips: Vec<IpNet>,
    /// Ends by itself after this long.
    pub expires_in: Option<Duration>,
    /// None: `messages`.
    pub scopes: Vec<Scope>,
}

/// Not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such device here.
    #[error("no such device")]
    NoSuchDevice(DeviceId),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Makes a key; the secret is shown this once.
    pub async fn create_key(&self, caller: &Caller, key: NewKey) -> Result<(ApiKey, SecretString), KeyError> {
        todo!()
    }
    /// All keys of the workspace, newest first, revoked ones too.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, StoreError> {
        todo!()
    }
    /// Ends a key at once; false if there is none.
    pub async fn revoke_key(&self, caller: &Caller, id: &ApiKeyId) -> Result<bool, StoreError> {
        todo!()
    }
}
