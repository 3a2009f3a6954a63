//! Who is asking.
use std::net::IpAddr;

use cetar_store::{ApiKey, Scope, StoreError, Workspace};

/// Someone who may ask. Every use case takes one, so none can forget it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// On whose behalf.
    pub workspace: Workspace,
    /// With which key; `None` is the operator of the machine, through the local socket.
    pub key: Option<ApiKey>,
}

impl Caller {
    /// Whether it may do this. The operator may do everything.
    pub fn may(&self, scope: Scope) -> bool {
        todo!()
    }
}

/// Not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No key given.
    #[error("no key")]
    Missing,
    /// Not a key of ours: wrong form or checksum. Known without the database.
    #[error("not a key")]
    Malformed,
    /// No such key.
    #[error("unknown key")]
    Unknown,
    /// Revoked.
    #[error("revoked key")]
    Revoked,
    /// Past its end.
    #[error("expired key")]
    Expired,
    /// The address is not in the key's ranges, or on the workspace's block list.
    #[error("address not allowed")]
    IpNotAllowed,
    /// Too many wrong keys from this address lately.
    #[error("address blocked for {0:?}")]
    IpBlockedFor(std::time::Duration),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Checks a key as given after `Bearer `. Does not touch the limit.
    pub async fn authenticate(&self, key: Option<&str>, ip: IpAddr) -> Result<Caller, AuthError> {
        todo!()
    }
    /// The operator, acting in this workspace.
    pub fn operator(&self, workspace: Workspace) -> Caller {
        todo!()
    }
}
