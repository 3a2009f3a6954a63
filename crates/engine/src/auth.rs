//! Who is asking.
use std::net::IpAddr;

use cetar_model::{DeviceId, Role};
use cetar_store::{ApiKey, Device, Scope, SessionRecord, StoreError, Workspace};

use crate::keys;

/// Someone who may ask. Every use case takes one, so none can forget it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// On whose behalf.
    pub workspace: Workspace,
    /// With which key. Without a key and without a session it is the operator of the machine, through the local socket.
    pub key: Option<ApiKey>,
    /// With which signed-in browser.
    pub session: Option<SessionRecord>,
}

/// What can be asked for, as far as it matters for who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Send, and read what was sent.
    Messages,
    /// Read what whoever sends must know: devices and templates.
    Lookup,
    /// Conversations and the people in them.
    Inbox,
    /// The people whom the whole workspace knows, through whatever device.
    Contacts,
    /// Everything else.
    Manage,
    /// What belongs to the workspace as a whole, and not to one of its devices: its log, its blocked addresses, its people.
    Workspace,
    /// Who may sign in, which outlasts whoever let them.
    Accounts,
}

impl Permission {
    /// The one table of permissions: any one of these scopes suffices for a key, and this role for a person.
    pub const fn suffices(self) -> (&'static [Scope], Role) {
        match self {
            Self::Messages => (&[Scope::Messages], Role::Agent),
            Self::Lookup => (&[Scope::Messages, Scope::Admin], Role::Agent),
            Self::Inbox | Self::Contacts => (&[Scope::Admin], Role::Agent),
            Self::Manage | Self::Workspace | Self::Accounts => (&[Scope::Admin], Role::Admin),
        }
    }
}

impl Caller {
    pub(crate) fn of_session(session: SessionRecord) -> Self {
        Self { workspace: session.workspace.clone(), key: None, session: Some(session) }
    }

    /// Whether it may do this. The operator may do everything.
    pub fn can(&self, permission: Permission) -> bool {
        let (scopes, role) = permission.suffices();
        match &self.session {
            Some(session) => session.user.role >= role,
            None => scopes.iter().any(|scope| self.may(*scope)),
        }
    }

    /// Whether the key is kept from this by its own bounds, whatever its scopes: who is tied to some devices has no business with the
    /// whole workspace, and who is bound in any way may make nobody who is not.
    pub fn is_too_narrow_for(&self, permission: Permission) -> bool {
        let Some(key) = &self.key else { return false };
        let tied = !key.devices.is_empty();
        match permission {
            Permission::Messages | Permission::Lookup | Permission::Inbox | Permission::Manage => false,
            Permission::Contacts | Permission::Workspace => tied,
            Permission::Accounts => tied || !key.allow_ips.is_empty() || key.expires_at.is_some(),
        }
    }

    /// What colleagues know it by: a person's name or e-mail, a key's name.
    pub fn name(&self) -> &str {
        match (&self.session, &self.key) {
            (Some(session), _) if session.user.name.is_empty() => &session.user.email,
            (Some(session), _) => &session.user.name,
            (None, Some(key)) => &key.name,
            (None, None) => "cetar",
        }
    }

    /// The role it stands in for: a key with the scope `admin` is no owner.
    pub fn role(&self) -> Role {
        match (&self.session, &self.key) {
            (Some(session), _) => session.user.role,
            (None, Some(_)) if self.may(Scope::Admin) => Role::Admin,
            (None, Some(_)) => Role::Agent,
            (None, None) => Role::Owner,
        }
    }

    /// Whether it may do what keys of this scope may. The operator may do everything, and so may `admin`.
    pub fn may(&self, scope: Scope) -> bool {
        if let Some(session) = &self.session {
            return scope == Scope::Messages || session.user.role >= Role::Admin;
        }
        self.key.as_ref().is_none_or(|key| key.scopes.contains(&scope) || key.scopes.contains(&Scope::Admin))
    }

    /// Whether it may send through this device: not tied to others, and of the device's own kind, whatever its scopes.
    pub(crate) fn may_use(&self, device: &Device) -> bool {
        self.is_tied_to(&device.id) && self.key.as_ref().is_none_or(|key| key.test == device.sandbox)
    }

    /// Whether it may see and manage this device: like [`Self::may_use`], and `admin` sees both kinds.
    pub(crate) fn may_see(&self, device: &Device) -> bool {
        self.reaches(&device.id, device.sandbox)
    }

    /// [`Self::may_see`] for a device of which no more is known.
    pub(crate) fn reaches(&self, id: &DeviceId, sandbox: bool) -> bool {
        let own_kind = self.key.as_ref().is_none_or(|key| key.test == sandbox);
        self.is_tied_to(id) && (own_kind || self.may(Scope::Admin))
    }

    /// The devices the key is tied to; none: it is not tied.
    pub(crate) fn ties(&self) -> &[DeviceId] {
        self.key.as_ref().map_or(&[], |key| &key.devices)
    }

    /// Whether the key, by its ties alone, reaches this device.
    pub(crate) fn is_tied_to(&self, id: &DeviceId) -> bool {
        self.key.as_ref().is_none_or(|key| key.devices.is_empty() || key.devices.contains(id))
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
    /// Whether the caller may see what was sent and came in through this device, as it may see the device itself ([`Caller::may_see`]).
    /// Messages stay when their device is removed: `devices` are those that are there.
    pub(crate) async fn sees_messages_of(
        &self,
        caller: &Caller,
        id: &DeviceId,
        devices: &[Device],
    ) -> Result<bool, StoreError> {
        let there = devices.iter().find(|device| device.id == *id).map(|device| device.sandbox);
        let sandbox = match there {
            Some(sandbox) => Some(sandbox),
            None => self.inner.store.was_sandbox(&caller.workspace.id, id).await?,
        };
        Ok(sandbox.is_some_and(|sandbox| caller.reaches(id, sandbox)))
    }

    /// Checks a key as given after `Bearer `. Does not touch the limit.
    ///
    /// What it knows of a key is at most a second old, and a key revoked through this process stops working at once. Twenty wrong
    /// keys within a minute shut an address out for five minutes, except for keys that were let in from it within the last hour.
    pub async fn authenticate(&self, key: Option<&str>, ip: IpAddr) -> Result<Caller, AuthError> {
        let Some(key) = key.filter(|key| !key.is_empty()) else { return Err(AuthError::Missing) };
        let (inner, now, ip) = (&self.inner, self.now(), ip.to_canonical());
        let hash = keys::hash(key);
        if let Some(left) = inner.wrong_keys.shut_out(ip, now)
            && !inner.wrong_keys.is_known(ip, &hash, now)
        {
            return Err(AuthError::IpBlockedFor(left));
        }
        if !keys::is_well_formed(key) {
            inner.wrong_keys.wrong(ip, now);
            return Err(AuthError::Malformed);
        }
        let caller = match self.admit(hash, ip).await {
            Err(AuthError::Unknown) => {
                inner.wrong_keys.wrong(ip, now);
                return Err(AuthError::Unknown);
            }
            admitted => admitted?,
        };
        inner.wrong_keys.let_in(ip, hash, now);
        crate::lock(&inner.used).extend(caller.key.as_ref().map(|key| (key.id.clone(), now)));
        Ok(caller)
    }

    /// The caller as it is now, for those who stay long: whether its key still holds, and from that address.
    pub(crate) async fn still_in(&self, caller: &Caller, ip: IpAddr) -> Result<Caller, AuthError> {
        let ip = ip.to_canonical();
        match (&caller.key, &caller.session) {
            (Some(key), _) => self.admit(key.hash, ip).await,
            (None, Some(session)) => self.admit_session(session.hash, ip).await.map(Caller::of_session),
            (None, None) => Ok(caller.clone()),
        }
    }

    async fn admit(&self, hash: [u8; 32], ip: IpAddr) -> Result<Caller, AuthError> {
        let (inner, now) = (&self.inner, self.now());
        let found = inner.keys.get(&hash, now, inner.store.key_by_hash(&hash)).await?;
        let Some((key, workspace)) = found else { return Err(AuthError::Unknown) };
        if key.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        if key.expires_at.is_some_and(|end| now >= end) {
            return Err(AuthError::Expired);
        }
        if !key.allow_ips.is_empty() && !key.allow_ips.iter().any(|range| range.contains(&ip)) {
            return Err(AuthError::IpNotAllowed);
        }
        let here = (workspace.id.clone(), ip);
        if inner.blocks.get(&here, now, inner.store.is_ip_blocked(&here.0, ip)).await? {
            return Err(AuthError::IpNotAllowed);
        }
        Ok(Caller { workspace, key: Some(key), session: None })
    }

    /// The operator, acting in this workspace.
    pub fn operator(&self, workspace: Workspace) -> Caller {
        Caller { workspace, key: None, session: None }
    }
}
