//! Use cases and long-running loops. Knows no HTTP status and no SQL.
//!
//! [`Engine::accept`] puts a send on disk; `worker` makes the attempts (`attempt`) of one device's live session; `keeper` keeps that session
//! alive and `supervisor` keeps the keepers; `leases` proves that this process may do all that; `delivery` tells webhooks.
//! Nothing here reads a clock or spawns a task of its own accord: time is a [`Clock`], and every task belongs to [`Engine::run`],
//! so that dropping that future drops all of them.

pub mod accept;
mod attempt;
mod attempts;
mod audit;
pub mod auth;
mod cache;
pub mod callback;
pub mod check;
pub mod deliveries;
pub mod delivery;
pub mod devices;
pub mod endpoints;
pub mod events;
mod guard;
mod host;
pub mod inbox;
mod insist;
pub mod jobs;
mod keeper;
pub mod keys;
mod leases;
pub mod limit;
pub mod link;
pub mod media;
pub mod official;
pub mod pace;
pub mod passwords;
pub mod people;
pub mod phone;
pub mod push;
pub mod replies;
mod run;
mod sessions;
pub mod sign_in;
mod supervisor;
pub mod templates;
mod totp;
mod trust;
pub mod typing;
mod upkeep;
pub mod usage;
mod worker;
pub mod workspaces;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cetar_model::{ApiKeyId, Channel, Clock, DeviceId, IdSource, Timestamp, WorkspaceId};
use cetar_provider::Provider;
use cetar_store::{ApiKey, Device, SessionRecord, Store, StoreError, Workspace};
use tokio::sync::{Notify, watch};

pub use guard::network;

/// The networks, by channel.
#[derive(Clone, Default)]
pub struct Providers {
    /// Real ones. A channel that is not here cannot be linked.
    pub real: BTreeMap<Channel, Arc<dyn Provider>>,
    /// Simulated ones, for the devices marked `sandbox`: one a channel, because what a network can do differs by channel.
    pub sandbox: BTreeMap<Channel, Arc<dyn Provider>>,
}

impl Providers {
    /// The one that serves such a device, if this build has it.
    pub fn of(&self, channel: Channel, sandbox: bool) -> Option<&Arc<dyn Provider>> {
        if sandbox { self.sandbox.get(&channel) } else { self.real.get(&channel) }
    }
}

/// Everything the engine is given.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The networks.
    pub providers: Providers,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<IdSource>,
    /// This process's id, kept in its data directory.
    pub node: String,
    /// Sends webhooks.
    pub webhooks: Arc<dyn delivery::Transport>,
    /// Reads the sends in their answers.
    pub replies: Arc<dyn replies::ReplyReader>,
    /// Keeps and fetches media.
    pub media: media::Setup,
    /// Figures.
    pub settings: Settings,
}

/// Figures of the engine; the defaults are the product's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests a minute and key, where the plan sets no figure (60).
    pub requests_per_minute: u32,
    /// How long a message may wait (24 h).
    pub expires_in: Duration,
    /// Leases of jobs, deliveries and devices (15 s), renewed at a third.
    pub lease: Duration,
    /// How long a graceful stop waits for attempts under way (25 s).
    pub drain: Duration,
    /// Longest silence before the database is asked for work nobody woke us for (1 s).
    pub poll: Duration,
    /// Events, deliveries and attempts are kept this long (30 days).
    pub retention: Duration,
    /// Media are kept this long after they were used last (90 days; never less than 8).
    pub media_retention: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_minute: 60,
            expires_in: Duration::from_hours(24),
            lease: Duration::from_secs(15),
            drain: Duration::from_secs(25),
            poll: Duration::from_secs(1),
            retention: Duration::from_hours(30 * 24),
            media_retention: Duration::from_hours(90 * 24),
        }
    }
}

/// The gateway without its HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

/// What every use case and loop shares.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) node: String,
    pub(crate) webhooks: Arc<dyn delivery::Transport>,
    pub(crate) replies: Arc<dyn replies::ReplyReader>,
    pub(crate) settings: Settings,
    /// Wakes the delivery loop: something that webhooks are told of was committed.
    pub(crate) deliveries: Notify,
    /// Where the outcomes of webhooks are written.
    pub(crate) settling: delivery::Settling,
    pub(crate) media: media::Media,
    /// Numbers that were asked about lately.
    checks: check::Checks,
    limiter: limit::Limiter,
    /// Keys by hash, with their workspace.
    keys: cache::Fresh<[u8; 32], Option<(ApiKey, Workspace)>>,
    /// Devices of a workspace, oldest first.
    devices: cache::Fresh<WorkspaceId, Arc<[Device]>>,
    /// Signed-in browsers by hash.
    browsers: cache::Fresh<[u8; 32], Option<SessionRecord>>,
    /// The accounts that a callback's address may speak of.
    callers: cache::Fresh<String, Arc<[cetar_provider::Account]>>,
    /// Whether a workspace blocks an address.
    blocks: cache::Fresh<(WorkspaceId, IpAddr), bool>,
    /// Who tried to sign in lately: under which names, from which addresses.
    tries_by_name: attempts::Attempts<String>,
    tries_by_address: attempts::Attempts<IpAddr>,
    /// … and which signed-in people tried to show again who they are. Apart, so that no stranger who knows their name uses these up.
    tries_by_user: attempts::Attempts<cetar_model::UserId>,
    /// Refused sign-ins, until they are in the audit log.
    refused: audit::Refused,
    /// Addresses that lately gave wrong keys.
    wrong_keys: guard::Guard,
    /// … and those whose callbacks nobody had signed.
    wrong_signatures: guard::Guard,
    /// When which key was last used, until it is written down.
    used: Mutex<HashMap<ApiKeyId, Timestamp>>,
    /// Leases this process holds.
    leases: leases::Leases,
    /// Whose turn it is to number events.
    numbering: events::Numbering,
    /// What runs for each device.
    sessions: sessions::Sessions,
    /// How fast each device has sent lately.
    paces: pace::Paces,
    /// Linkings under way or just ended.
    links: Mutex<HashMap<DeviceId, link::Watch>>,
    state: run::RunState,
    progress: watch::Sender<u64>,
}

impl Engine {
    /// Puts it together. Starts nothing.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, providers, clock, ids, node, webhooks, replies, media, settings } = parts;
        Self {
            inner: Arc::new(Inner {
                store,
                providers,
                clock,
                ids,
                node,
                webhooks,
                replies,
                settings,
                deliveries: Notify::new(),
                settling: delivery::Settling::default(),
                media: media::Media::new(media),
                checks: check::Checks::default(),
                limiter: limit::Limiter::default(),
                keys: cache::Fresh::default(),
                devices: cache::Fresh::default(),
                browsers: cache::Fresh::default(),
                callers: cache::Fresh::default(),
                blocks: cache::Fresh::default(),
                tries_by_name: attempts::Attempts::of(sign_in::TRIES_BY_NAME),
                tries_by_address: attempts::Attempts::of(sign_in::TRIES_BY_ADDRESS),
                tries_by_user: attempts::Attempts::of(sign_in::TRIES_BY_NAME),
                refused: audit::Refused::default(),
                wrong_keys: guard::Guard::of("keys"),
                wrong_signatures: guard::Guard::of("signatures"),
                used: Mutex::default(),
                leases: leases::Leases::default(),
                numbering: events::Numbering::default(),
                sessions: sessions::Sessions::default(),
                paces: pace::Paces::default(),
                links: Mutex::default(),
                state: run::RunState::default(),
                progress: watch::Sender::new(0),
            }),
        }
    }

    /// The networks.
    pub fn providers(&self) -> &Providers {
        &self.inner.providers
    }

    /// The clock everything runs by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// The database, for reads that decide nothing.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The rate limiter.
    pub fn limiter(&self) -> &limit::Limiter {
        &self.inner.limiter
    }

    /// The figures it runs by.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Rises whenever this process changed something: for whoever waits for a state to come about.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.inner.progress.subscribe()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Waits for `by` on the engine's clock.
    pub(crate) async fn pause(&self, by: Duration) {
        self.inner.clock.sleep_until(self.now() + by).await;
    }

    /// Something happened that a waiting test or page may want to look at.
    pub(crate) fn progressed(&self) {
        self.inner.progress.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Something was committed that webhooks may be told of. Who sends them looks only if there are some: most events are nobody's.
    pub(crate) fn told(&self) {
        if self.inner.store.has_new_deliveries() {
            self.inner.deliveries.notify_one();
        }
        self.progressed();
    }

    /// Webhooks may be due that were not, or not to this process.
    pub(crate) fn webhooks_are_due(&self) {
        self.inner.deliveries.notify_one();
        self.progressed();
    }

    /// The network behind a device, if this build has it.
    pub(crate) fn provider_of(&self, device: &Device) -> Option<&Arc<dyn Provider>> {
        self.inner.providers.of(device.channel, device.sandbox)
    }

    /// A workspace's devices, oldest first, as they were at most a second ago; changes made by this process show at once.
    pub(crate) async fn devices_of(&self, workspace: &WorkspaceId) -> Result<Arc<[Device]>, StoreError> {
        let load = async {
            let mut devices = self.inner.store.devices(workspace).await?;
            devices.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(devices.into())
        };
        self.inner.devices.get(workspace, self.now(), load).await
    }
}

/// What keeps it from being ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database does not take writes.
    #[error("the database is unavailable: {0}")]
    Store(#[from] StoreError),
    /// A loop has ended or has not started.
    #[error("{0} is not running")]
    Loop(&'static str),
    /// It is on its way out.
    #[error("shutting down")]
    Stopping,
}

/// Locks that survive a panic elsewhere: every holder leaves its map whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
