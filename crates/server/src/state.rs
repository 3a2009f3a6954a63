//! What every handler can reach.

use std::{ops::Deref, sync::Arc, time::Duration};

use cetar_engine::{Engine, NotReady};
use cetar_model::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use crate::{options::ServerOptions, pages::arrival::Arrivals, streams::Streams, uploads::Uploads};

/// How long an answer about readiness is given again. The question costs a durable write, and anyone may ask it.
const READINESS: Duration = Duration::from_secs(1);

/// Shared by all requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// What is shared.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) options: ServerOptions,
    /// Places for requests to `/v1`.
    pub(crate) places: Arc<Semaphore>,
    /// Event streams that are open.
    pub(crate) streams: Streams,
    /// Files on their way in.
    pub(crate) uploads: Uploads,
    /// Bodies of callbacks that are read or worked on.
    pub(crate) arrivals: Arrivals,
    readiness: Mutex<Option<(Timestamp, Readiness)>>,
}

/// Whether requests can be taken, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, answered by yes or no")]
pub(crate) struct Readiness {
    pub(crate) database: bool,
    pub(crate) disk: bool,
    pub(crate) workers: bool,
    pub(crate) stopping: bool,
}

impl Readiness {
    pub(crate) fn is_ready(self) -> bool {
        self.database && self.disk && self.workers && !self.stopping
    }
}

impl AppState {
    pub(crate) fn new(engine: Engine, options: ServerOptions) -> Self {
        let places = Arc::new(Semaphore::new(options.concurrency));
        Self(Arc::new(Shared {
            engine,
            options,
            places,
            streams: Streams::default(),
            uploads: Uploads::default(),
            arrivals: Arrivals::default(),
            readiness: Mutex::default(),
        }))
    }

    /// Asks the engine, at most once a second.
    pub(crate) async fn readiness(&self) -> Readiness {
        let now = self.engine.clock().now();
        let mut last = self.readiness.lock().await;
        if let Some((at, readiness)) = *last
            && now.since(at) < READINESS
            && readiness.stopping == self.options.stop.is_cancelled()
        {
            return readiness;
        }
        let (mut database, mut workers, mut stopping) = (true, true, self.options.stop.is_cancelled());
        if let Err(why) = self.engine.ready().await {
            tracing::warn!(%why, "not ready");
            match why {
                NotReady::Store(_) => database = false,
                // It stopped looking there: the database is a question of its own.
                NotReady::Loop(_) | NotReady::Stopping => {
                    workers = false;
                    stopping |= matches!(why, NotReady::Stopping);
                    database = self.engine.store().check(now).await.is_ok();
                }
            }
        }
        let disk = self.options.disk.as_ref().is_none_or(|has_room| has_room());
        let readiness = Readiness { database, disk, workers, stopping };
        *last = Some((now, readiness));
        readiness
    }
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
