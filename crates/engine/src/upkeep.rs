//! The small regular duties.
use std::time::Duration;

use cetar_model::Timestamp;
use cetar_store::{Cutoffs, PrunePlace, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{Engine, lock};

/// Rows touched by one transaction: small, so that nobody waits long behind it.
const BATCH: usize = 500;
const PRUNE_EVERY: Duration = Duration::from_mins(10);
const ORPHANS_EVERY: Duration = Duration::from_hours(24);
/// WhatsApp keeps what a device has not fetched for about 30 days.
const KNOWN_AGAIN: Duration = Duration::from_hours(35 * 24);
/// A pause of a webhook endpoint that nobody ends would keep its events for ever: after this, what is past its time goes for it as well.
const PAUSE_KEEPS: Duration = Duration::from_hours(90 * 24);
/// `last_used_at` of a key is true to within this.
const KEY_USE_EVERY: Duration = Duration::from_mins(1);

/// Every second: fails what is past its expiry, and wakes workers whose jobs are due though nobody told them (a restart, another
/// process on the same database, a lane that became free). Writes down which sign-ins were refused.
pub(crate) async fn queue(engine: Engine, stop: CancellationToken) {
    let poll = engine.inner.settings.poll;
    let mut turns = Turns::new(&engine, "the queue", poll, poll);
    while turns.next(&engine, &stop).await {
        turns.ended(&expire_and_wake(&engine).await);
        engine.write_refused().await;
    }
    engine.write_refused().await;
}

/// Every ten minutes: deletes what is past its time.
pub(crate) async fn prune(engine: Engine, stop: CancellationToken) {
    let mut turns = Turns::new(&engine, "pruning", Duration::from_mins(1), PRUNE_EVERY);
    while turns.next(&engine, &stop).await {
        turns.ended(&prune_all(&engine, &stop).await);
        engine.progressed();
    }
}

/// Every ten minutes: adds up the hours that are over, and deletes sessions that have ended.
pub(crate) async fn figures(engine: Engine, stop: CancellationToken) {
    let mut turns = Turns::new(&engine, "figures and sessions", Duration::from_mins(1), PRUNE_EVERY);
    while turns.next(&engine, &stop).await {
        let (figures, sessions) = (engine.add_up_usage().await, engine.prune_sessions().await);
        turns.ended(&figures.and(sessions));
        engine.progressed();
    }
}

/// Every ten minutes: deletes media past their time, and what a process that died left unfinished. On its own: a bucket may be slow.
pub(crate) async fn media(engine: Engine, stop: CancellationToken) {
    let mut turns = Turns::new(&engine, "media", Duration::from_mins(1), PRUNE_EVERY);
    while turns.next(&engine, &stop).await {
        if let Err(error) = engine.prune_media(&stop).await {
            tracing::warn!(%error, "media past their time cannot be deleted; trying again");
        }
        engine.progressed();
        if let Err(error) = engine.inner.media.sweep(engine.now()).await {
            tracing::warn!(%error, "what is unfinished in the media folder cannot be looked through");
        }
    }
}

/// Every day: looks for media that are kept without anybody knowing of them.
pub(crate) async fn orphans(engine: Engine, stop: CancellationToken) {
    let mut turns = Turns::new(&engine, "orphans", Duration::from_hours(1), ORPHANS_EVERY);
    while turns.next(&engine, &stop).await {
        if let Err(error) = engine.find_orphans(&stop).await {
            tracing::warn!(%error, "what is kept of media cannot be looked through; trying again tomorrow");
        }
        engine.progressed();
    }
}

/// Every minute, and at the end: writes down which keys were used.
pub(crate) async fn key_use(engine: Engine, stop: CancellationToken) {
    let mut turns = Turns::new(&engine, "key use", KEY_USE_EVERY, KEY_USE_EVERY);
    while turns.next(&engine, &stop).await {
        turns.ended(&write_key_use(&engine).await);
    }
    turns.ended(&write_key_use(&engine).await);
}

async fn expire_and_wake(engine: &Engine) -> Result<(), StoreError> {
    let (expired, woken) = (expire(engine).await, wake(engine).await);
    expired.and(woken)
}

async fn expire(engine: &Engine) -> Result<(), StoreError> {
    let mut expired = BATCH;
    while expired == BATCH {
        expired = engine.inner.store.expire(engine.now(), BATCH).await?;
        if expired > 0 {
            tracing::info!(jobs = expired, "messages expired");
            engine.told();
        }
    }
    Ok(())
}

async fn wake(engine: &Engine) -> Result<(), StoreError> {
    for device in engine.inner.store.due_devices(engine.now()).await? {
        engine.inner.sessions.wake(&device);
    }
    Ok(())
}

async fn prune_all(engine: &Engine, stop: &CancellationToken) -> Result<(), StoreError> {
    let mut place = Some(PrunePlace::default());
    while let Some(from) = place.take().filter(|_| !stop.is_cancelled()) {
        let now = engine.now();
        let old = now - engine.inner.settings.retention;
        let cutoffs = Cutoffs {
            events: old,
            paused: now - PAUSE_KEEPS,
            job_attempts: old,
            // However short the log is kept: what a network may still offer again must be known.
            received: old.min(now - KNOWN_AGAIN),
            idempotency: now,
        };
        place = engine.inner.store.prune(cutoffs, from, BATCH).await?.next;
    }
    Ok(())
}

async fn write_key_use(engine: &Engine) -> Result<(), StoreError> {
    let used: Vec<_> = lock(&engine.inner.used).drain().collect();
    if used.is_empty() { Ok(()) } else { engine.inner.store.touch_keys(used).await }
}

/// The turns of a regular duty, counted from beginning to beginning. A failure is logged once, and so is its end.
struct Turns {
    duty: &'static str,
    next: Timestamp,
    every: Duration,
    failing: bool,
}

impl Turns {
    fn new(engine: &Engine, duty: &'static str, first: Duration, every: Duration) -> Self {
        Self { duty, next: engine.now() + first, every, failing: false }
    }

    /// Waits for the next turn; false if it is time to stop.
    async fn next(&mut self, engine: &Engine, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = stop.cancelled() => return false,
            () = engine.inner.clock.sleep_until(self.next) => {}
        }
        // Not from the time it was due: what was slept through is not made up for.
        self.next = engine.now() + self.every;
        true
    }

    fn ended(&mut self, turn: &Result<(), StoreError>) {
        match turn {
            Ok(()) if self.failing => tracing::info!("{}: goes on", self.duty),
            Err(error) if !self.failing => {
                tracing::warn!(%error, "{}: cannot be looked after; trying again", self.duty);
            }
            Ok(()) | Err(_) => {}
        }
        self.failing = turn.is_err();
    }
}
