//! Who may fetch now. An attempt that fetches holds a place of its device, so a site that is silent must not be able to take all of
//! them: at most half fetch, and whoever would have to wait for long gives its place back meanwhile.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cetar_model::{DeviceId, Timestamp};
use tokio::sync::{MutexGuard, Semaphore, SemaphorePermit};

use crate::Engine;

/// So long a place of the device is held by who only waits. Most fetches take less.
const PATIENCE: Duration = Duration::from_secs(2);

/// The fetches of one device.
pub(crate) struct Fetches {
    places: Semaphore,
    /// Somebody waited in vain, and none has ended since.
    slow: AtomicBool,
}

impl Fetches {
    /// For a device that makes so many attempts at once.
    pub(crate) fn of(concurrency: usize) -> Self {
        Self { places: Semaphore::new((concurrency / 2).max(1)), slow: AtomicBool::new(false) }
    }

    /// A place to fetch in; `None` if none comes free in a moment.
    pub(crate) async fn place(&self, engine: &Engine) -> Option<Place<'_>> {
        if let Ok(permit) = self.places.try_acquire() {
            return Some(Place { _permit: permit, slow: &self.slow });
        }
        let permit = patiently(engine, &self.slow, self.places.acquire()).await?;
        Some(Place { _permit: permit.ok()?, slow: &self.slow })
    }
}

/// Until it is dropped.
pub(crate) struct Place<'f> {
    _permit: SemaphorePermit<'f>,
    slow: &'f AtomicBool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.slow.store(false, Ordering::Relaxed);
    }
}

/// One address that is being fetched, or was not to be had lately.
#[derive(Default)]
pub(crate) struct Fetching {
    alone: tokio::sync::Mutex<()>,
    slow: AtomicBool,
    failed: Mutex<Option<Failure>>,
    /// Until when all who want it were told to wait, by the device they wait on.
    waiting: Mutex<HashMap<DeviceId, Timestamp>>,
}

/// An address was not to be had.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// It is not asked again before.
    pub(crate) until: Timestamp,
    pub(crate) why: String,
}

impl Fetching {
    /// The right to fetch it; `None` if who has it takes long.
    pub(crate) async fn alone(&self, engine: &Engine) -> Option<Alone<'_>> {
        let guard = match self.alone.try_lock() {
            Ok(guard) => guard,
            Err(_taken) => patiently(engine, &self.slow, self.alone.lock()).await?,
        };
        Some(Alone { _guard: guard, slow: &self.slow })
    }

    /// Whether those that wait for it on this device are still to be told to wait until then; from now on they are.
    pub(crate) fn wait_until(&self, device: &DeviceId, until: Timestamp, now: Timestamp) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, told| now < *told);
        if waiting.contains_key(device) {
            return false;
        }
        waiting.insert(device.clone(), until);
        true
    }

    /// How the last fetch failed, while that stands.
    pub(crate) fn failure(&self, now: Timestamp) -> Option<Failure> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clone().filter(|failed| now < failed.until)
    }

    /// Notes how a fetch went, for all who want the same.
    pub(crate) fn went(&self, failure: Option<Failure>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// Until it is dropped.
pub(crate) struct Alone<'f> {
    _guard: MutexGuard<'f, ()>,
    slow: &'f AtomicBool,
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.slow.store(false, Ordering::Relaxed);
    }
}

/// Waits for a moment: not at all where another has just waited in vain.
async fn patiently<T>(engine: &Engine, slow: &AtomicBool, come: impl Future<Output = T>) -> Option<T> {
    if slow.load(Ordering::Relaxed) {
        return None;
    }
    tokio::select! {
        come = come => Some(come),
        () = engine.pause(PATIENCE) => {
            slow.store(true, Ordering::Relaxed);
            None
        }
    }
}
