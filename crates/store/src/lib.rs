//! The database: the only crate that knows sqlx and SQL. One SQL text, two engines.

mod error;
mod records;
mod seal;

pub use error::{OpenError, StoreError};
pub use records::*;
pub use seal::{MasterKey, MasterKeyError, Sealer};

use std::{net::IpAddr, path::Path};

use bytes::Bytes;
use cetar_model::{
    ApiKeyId, Chat, DeviceId, EndpointId, Health, IdSource, JobId, Plan, Timestamp, WorkspaceId,
};

type Result<T, E = StoreError> = std::result::Result<T, E>;

/// How to open the store.
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Seals and opens secrets.
    pub sealer: Sealer,
    /// Ids for rows the store makes by itself (events, deliveries).
    pub ids: std::sync::Arc<IdSource>,
}

/// The database, open. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens it, creates it if it is new, brings its schema up to date, and checks that the master key is the right one.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        todo!()
    }
    /// Finishes what was handed in, then closes. On SQLite the write-ahead log is folded in.
    pub async fn close(&self) {
        todo!()
    }
    /// A durable write and a read: whether requests can be accepted right now.
    pub async fn check(&self, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// Writes a consistent copy while running. SQLite only; on PostgreSQL it explains `pg_dump`.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        todo!()
    }
    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        todo!()
    }

    // -- workspaces, users, keys ------------------------------------------------------------------------------------
    pub async fn insert_workspace(&self, workspace: Workspace) -> Result<()> {
        todo!()
    }
    /// Oldest first: the first is the default of the command line.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>> {
        todo!()
    }
    pub async fn workspace(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        todo!()
    }
    pub async fn set_plan(&self, id: &WorkspaceId, plan: Plan) -> Result<bool> {
        todo!()
    }
    /// `Conflict` if the e-mail is taken.
    pub async fn insert_user(&self, user: NewUser) -> Result<()> {
        todo!()
    }
    pub async fn insert_key(&self, key: ApiKey) -> Result<()> {
        todo!()
    }
    /// Whatever its state: the caller judges revoked and expired. With its workspace, in one read.
    pub async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<(ApiKey, Workspace)>> {
        todo!()
    }
    pub async fn keys(&self, workspace: &WorkspaceId) -> Result<Vec<ApiKey>> {
        todo!()
    }
    pub async fn revoke_key(&self, workspace: &WorkspaceId, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
        todo!()
    }
    pub async fn touch_keys(&self, used: Vec<(ApiKeyId, Timestamp)>) -> Result<()> {
        todo!()
    }
    /// Whether this address is on the workspace's block list.
    pub async fn is_ip_blocked(&self, workspace: &WorkspaceId, ip: IpAddr) -> Result<bool> {
        todo!()
    }

    // -- devices --------------------------------------------------------------------------------------------------------
    pub async fn insert_device(&self, device: NewDevice) -> Result<()> {
        todo!()
    }
    pub async fn device(&self, workspace: &WorkspaceId, id: &DeviceId) -> Result<Option<Device>> {
        todo!()
    }
    pub async fn devices(&self, workspace: &WorkspaceId) -> Result<Vec<Device>> {
        todo!()
    }
    /// Of all workspaces: for the supervisor.
    pub async fn all_devices(&self) -> Result<Vec<Device>> {
        todo!()
    }
    pub async fn device_settings(&self, id: &DeviceId) -> Result<std::collections::BTreeMap<String, String>> {
        todo!()
    }
    /// Stores the health; if state or reason changed, a `session.state` event with its deliveries in the same transaction.
    /// Returns whether it changed. With a lease, fenced by it.
    pub async fn set_health(
        &self,
        id: &DeviceId,
        lease: Option<DeviceLease>,
        health: Health,
        now: Timestamp,
    ) -> Result<bool> {
        todo!()
    }
    /// Linked: address, time, state `connecting`.
    pub async fn set_linked(
        &self,
        id: &DeviceId,
        lease: DeviceLease,
        address: &str,
        now: Timestamp,
    ) -> Result<()> {
        todo!()
    }
    pub async fn set_paused(&self, workspace: &WorkspaceId, id: &DeviceId, paused: bool) -> Result<bool> {
        todo!()
    }
    /// Removes it: open jobs fail as `device_removed` (with events), state and secrets are deleted; messages stay.
    pub async fn remove_device(
        &self,
        workspace: &WorkspaceId,
        id: &DeviceId,
        now: Timestamp,
    ) -> Result<bool> {
        todo!()
    }
    /// Takes the right to run a device; `None` while another node holds it. A node takes back its own at once.
    pub async fn lease_device(
        &self,
        id: &DeviceId,
        node: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<DeviceLease>> {
        todo!()
    }
    /// Renews; returns those that are lost.
    pub async fn renew_devices(
        &self,
        node: &str,
        leases: &[(DeviceId, DeviceLease)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<DeviceId>> {
        todo!()
    }
    pub async fn release_device(&self, id: &DeviceId, lease: DeviceLease) -> Result<()> {
        todo!()
    }

    // -- a session's own state ----------------------------------------------------------------------------------------------
    pub async fn state(&self, device: &DeviceId, collection: &str, key: &[u8]) -> Result<Option<Bytes>> {
        todo!()
    }
    pub async fn state_all(&self, device: &DeviceId, collection: &str) -> Result<Vec<(Bytes, Bytes)>> {
        todo!()
    }
    /// All or nothing, durable, fenced by the lease.
    pub async fn save_state(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        changes: Vec<StateChange>,
    ) -> Result<()> {
        todo!()
    }

    // -- sends ------------------------------------------------------------------------------------------------------------------
    /// The accept path: batched, one durable commit for many callers.
    pub async fn accept(&self, send: NewSend) -> Result<Accepted> {
        todo!()
    }
    /// Claims due jobs of one device whose lane is free, oldest first; their messages become `sending`.
    pub async fn claim(
        &self,
        device: &DeviceId,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>> {
        todo!()
    }
    /// Renews; returns those that are lost.
    pub async fn renew_jobs(
        &self,
        node: &str,
        jobs: &[(JobId, i64)],
        until: Timestamp,
    ) -> Result<Vec<JobId>> {
        todo!()
    }
    /// Writes the outcome: job, attempt history, message, event and deliveries in one transaction. `LeaseLost` if the lease is not
    /// held any more. Where the network already has the message (a receipt came first) the job is done whatever the outcome says.
    pub async fn settle(&self, settlement: Settlement) -> Result<()> {
        todo!()
    }
    /// Takes over running jobs whose lease has expired, or which `own` (this node, at its start) held before: re-leased to `node`
    /// with a fresh token, to be settled by the caller.
    pub async fn rescue(
        &self,
        node: &str,
        own: bool,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>> {
        todo!()
    }
    /// Gives claimed jobs back unstarted, without an attempt (a graceful stop).
    pub async fn unclaim(&self, node: &str, jobs: &[(JobId, i64)], now: Timestamp) -> Result<()> {
        todo!()
    }
    /// Fails ready jobs past their expiry, with events. Returns how many.
    pub async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize> {
        todo!()
    }
    /// When the device's next ready job is due, at the head of a lane or not.
    pub async fn next_due(&self, device: &DeviceId) -> Result<Option<Timestamp>> {
        todo!()
    }
    /// Devices with a job due.
    pub async fn due_devices(&self, now: Timestamp) -> Result<Vec<DeviceId>> {
        todo!()
    }
    pub async fn job(&self, workspace: &WorkspaceId, id: &JobId) -> Result<Option<Job>> {
        todo!()
    }
    pub async fn cancel(&self, workspace: &WorkspaceId, id: &JobId, now: Timestamp) -> Result<Change> {
        todo!()
    }
    /// Failed or unknown: another round, with fresh attempts and this expiry.
    pub async fn retry(
        &self,
        workspace: &WorkspaceId,
        id: &JobId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Change> {
        todo!()
    }
    /// Unknown only: a person says whether it was sent.
    pub async fn resolve(
        &self,
        workspace: &WorkspaceId,
        id: &JobId,
        sent: bool,
        now: Timestamp,
    ) -> Result<Change> {
        todo!()
    }

    // -- what comes in -------------------------------------------------------------------------------------------------------------
    /// Message, contact, conversation, event and deliveries in one transaction; false if it was there already.
    pub async fn take_in(&self, inbound: NewInbound) -> Result<bool> {
        todo!()
    }
    /// Moves messages forward, with events; a ready job whose message the network has is done. Returns how many moved.
    pub async fn receipt(&self, receipt: NewReceipt) -> Result<usize> {
        todo!()
    }
    /// An alias turned out to be this number: conversation and contact are renamed, or merged into those of the number.
    pub async fn resolve_alias(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        alias: &Chat,
        number: &Chat,
        now: Timestamp,
    ) -> Result<()> {
        todo!()
    }

    // -- webhooks --------------------------------------------------------------------------------------------------------------------
    pub async fn insert_endpoint(&self, endpoint: Endpoint) -> Result<()> {
        todo!()
    }
    pub async fn endpoints(&self, workspace: &WorkspaceId) -> Result<Vec<Endpoint>> {
        todo!()
    }
    pub async fn remove_endpoint(&self, workspace: &WorkspaceId, id: &EndpointId) -> Result<bool> {
        todo!()
    }
    /// Claims due deliveries of enabled endpoints, at most `per_endpoint` running for each.
    pub async fn claim_deliveries(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<ClaimedDelivery>> {
        todo!()
    }
    pub async fn settle_delivery(&self, settlement: DeliverySettlement) -> Result<()> {
        todo!()
    }
    /// Deliveries whose lease has expired, or which this node held before its start, are due again (at least once).
    pub async fn rescue_deliveries(&self, node: &str, own: bool, now: Timestamp) -> Result<usize> {
        todo!()
    }
    pub async fn next_delivery_due(&self) -> Result<Option<Timestamp>> {
        todo!()
    }

    // -- upkeep --------------------------------------------------------------------------------------------------------------------
    /// Deletes what is past its time, in small batches. Returns how many rows went.
    pub async fn prune(&self, cutoffs: Cutoffs, limit: usize) -> Result<usize> {
        todo!()
    }
    pub async fn queue_figures(&self) -> Result<QueueFigures> {
        todo!()
    }
}
