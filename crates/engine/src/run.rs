//! Start, and a stop that loses nothing.
use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Mutex, time::Duration};

use cetar_store::StoreError;
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Engine, NotReady, delivery, leases, lock, supervisor, upkeep};

/// The loops that must be alive for the engine to be ready.
const LOOPS: [&str; 6] = ["sessions", "deliveries", "queue", "pruning", "leases", "key use"];
/// Beyond the drain: for sessions to close and leases to be given back.
const CLOSING: Duration = Duration::from_secs(5);

/// What is running.
#[derive(Default)]
pub(crate) struct RunState(Mutex<State>);

#[derive(Default)]
struct State {
    phase: Phase,
    alive: BTreeSet<&'static str>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    New,
    Running,
    Stopping,
}

impl RunState {
    pub(crate) fn is_running(&self) -> bool {
        lock(&self.0).phase == Phase::Running
    }

    pub(crate) fn is_stopping(&self) -> bool {
        lock(&self.0).phase == Phase::Stopping
    }

    fn enter(&self, phase: Phase) {
        lock(&self.0).phase = phase;
    }
}

/// Marks a loop as alive until it is dropped, however the loop ends.
struct Alive<'e>(&'e RunState, &'static str);

impl<'e> Alive<'e> {
    fn new(state: &'e RunState, name: &'static str) -> Self {
        lock(&state.0).alive.insert(name);
        Self(state, name)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).alive.remove(self.1);
    }
}

/// From the moment the run ends, by itself or by being dropped, the engine is on its way out.
struct Running<'e>(&'e RunState);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Stopping);
    }
}

impl Engine {
    /// Takes back this node's own leases, then runs sessions, workers, deliveries, rescue, expiry and pruning until `stop`; then drains.
    ///
    /// The stop: nothing new is claimed; attempts under way are finished, for at most `settings.drain`; sessions are closed, leases
    /// given back. Dropping this future instead ends everything where it stands, as a crash would, and loses as little.
    pub async fn run(&self, stop: CancellationToken) {
        let running = Running(&self.inner.state);
        if !self.take_back(&stop).await {
            return;
        }
        let until_the_last = CancellationToken::new();
        let (mut work, mut support) = (JoinSet::new(), JoinSet::new());
        self.keep_going(&mut work, "sessions", &stop, supervisor::run);
        self.keep_going(&mut work, "deliveries", &stop, |engine, stop| async move {
            delivery::run(&engine, stop).await;
        });
        self.keep_going(&mut work, "queue", &stop, upkeep::queue);
        self.keep_going(&mut work, "pruning", &stop, upkeep::prune);
        self.keep_going(&mut work, "figures", &stop, upkeep::figures);
        self.keep_going(&mut work, "media", &stop, upkeep::media);
        self.keep_going(&mut work, "looking for orphans", &stop, upkeep::orphans);
        // Leases are renewed as long as anything may still be under way.
        self.keep_going(&mut support, "leases", &until_the_last, leases::keep);
        self.keep_going(&mut support, "key use", &until_the_last, upkeep::key_use);
        self.inner.state.enter(Phase::Running);
        self.progressed();

        stop.cancelled().await;
        self.inner.state.enter(Phase::Stopping);
        self.progressed();
        tracing::info!("stopping: finishing what is under way");
        tokio::select! {
            () = async { while work.join_next().await.is_some() {} } => {}
            () = self.pause(self.inner.settings.drain + CLOSING) => {
                tracing::warn!("something did not end in time and is cut off; the next start takes it back");
                work.shutdown().await;
            }
        }
        until_the_last.cancel();
        while support.join_next().await.is_some() {}
        drop(running);
        self.progressed();
    }

    /// Whether requests can be taken: database writable, loops alive.
    pub async fn ready(&self) -> Result<(), NotReady> {
        {
            let state = lock(&self.inner.state.0);
            match state.phase {
                Phase::New => return Err(NotReady::Loop("engine")),
                Phase::Stopping => return Err(NotReady::Stopping),
                Phase::Running => {}
            }
            if let Some(dead) = LOOPS.into_iter().find(|name| !state.alive.contains(name)) {
                return Err(NotReady::Loop(dead));
            }
        }
        Ok(self.inner.store.check(self.now()).await?)
    }

    /// What this node held when it ended last is its own again, at once. False if told to stop before that was possible.
    async fn take_back(&self, stop: &CancellationToken) -> bool {
        while !stop.is_cancelled() {
            match leases::rescue(self, true).await {
                Ok(()) => return true,
                Err(error @ StoreError::Unavailable(_)) => tracing::warn!(%error, "waiting for the database"),
                // A row that cannot be read must not keep everything else from starting.
                Err(error) => {
                    tracing::error!(%error, "what this node held before cannot all be taken back");
                    return true;
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.pause(self.inner.settings.poll) => {}
            }
        }
        false
    }

    /// Spawns a loop, and starts it again should it end before its time.
    fn keep_going<F>(
        &self,
        tasks: &mut JoinSet<()>,
        name: &'static str,
        stop: &CancellationToken,
        body: impl Fn(Engine, CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (engine, stop) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            loop {
                let alive = Alive::new(&engine.inner.state, name);
                engine.progressed();
                let ended = AssertUnwindSafe(body(engine.clone(), stop.clone())).catch_unwind().await;
                drop(alive);
                if stop.is_cancelled() {
                    return;
                }
                tracing::error!(
                    name,
                    panicked = ended.is_err(),
                    "a loop ended before its time; it is started again"
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = engine.pause(Duration::from_secs(1)) => {}
                }
            }
        });
    }
}
