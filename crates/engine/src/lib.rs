//! Use cases and long-running loops. Knows no HTTP status and no SQL.

pub mod accept;
pub mod auth;
pub mod delivery;
pub mod devices;
pub mod endpoints;
pub mod jobs;
pub mod keys;
pub mod limit;
pub mod link;
pub mod workspaces;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cetar_model::{Channel, Clock, IdSource};
use cetar_provider::Provider;
use cetar_store::Store;
use tokio_util::sync::CancellationToken;

/// The networks, by channel.
#[derive(Clone, Default)]
pub struct Providers {
    /// Real ones. A channel that is not here cannot be linked.
    pub real: BTreeMap<Channel, Arc<dyn Provider>>,
    /// Simulated ones, for the devices marked `sandbox`: one a channel, because what a network can do differs by channel.
    pub sandbox: BTreeMap<Channel, Arc<dyn Provider>>,
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
    /// Figures.
    pub settings: Settings,
}

/// Figures of the engine; the defaults are the product's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests a minute and key, where the plan sets no figure.
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
}

/// The gateway without its HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Puts it together. Starts nothing.
    pub fn new(parts: Parts) -> Self {
        todo!()
    }
    /// Takes back this node's own leases, then runs sessions, workers, deliveries, rescue, expiry and pruning until `stop`; then drains.
    pub async fn run(&self, stop: CancellationToken) {
        todo!()
    }
    /// Whether requests can be taken: database writable, loops alive.
    pub async fn ready(&self) -> Result<(), NotReady> {
        todo!()
    }
    /// The networks.
    pub fn providers(&self) -> &Providers {
        todo!()
    }
    /// The clock everything runs by.
    pub fn clock(&self) -> &dyn Clock {
        todo!()
    }
    /// The database, for reads that decide nothing.
    pub fn store(&self) -> &Store {
        todo!()
    }
    /// The rate limiter.
    pub fn limiter(&self) -> &limit::Limiter {
        todo!()
    }
}

/// What keeps it from being ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database does not take writes.
    #[error("the database is unavailable: {0}")]
    Store(#[from] cetar_store::StoreError),
    /// A loop has ended or has not started.
    #[error("{0} is not running")]
    Loop(&'static str),
    /// It is on its way out.
    #[error("shutting down")]
    Stopping,
}
