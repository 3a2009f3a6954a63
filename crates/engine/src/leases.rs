//! What this process holds, proven again and again; and what others held, taken over when they no longer prove it.
//!
//! One loop renews first and rescues afterwards. After a stretch in which nothing ran (a suspended machine, a paused container) all
//! leases have expired by the clock, but what nobody took meanwhile is simply renewed, and never rescued from ourselves.
use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cetar_model::{DeviceId, JobId, Timestamp};
use cetar_store::{ClaimedJob, DeviceLease, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{Engine, attempt, lock};

/// Jobs rescued at once; also how many of their outcomes share one commit.
const BATCH: usize = 200;

/// Leases held by this process.
#[derive(Default)]
pub(crate) struct Leases {
    jobs: Mutex<HashMap<JobId, HeldJob>>,
    devices: Mutex<HashMap<DeviceId, Held>>,
    /// Claims that are being made: what they bring is not in `jobs` yet.
    claiming: AtomicUsize,
    /// When the last round of renewals began that succeeded; microseconds.
    renewed_at: AtomicI64,
}

struct HeldJob {
    token: i64,
    /// Its outcome is on its way to disk: what becomes of its lease from here on, the settlement finds out.
    settling: bool,
}

struct Held {
    lease: DeviceLease,
    until: Timestamp,
    lost: CancellationToken,
}

/// The right to run a device. Renewed until it is dropped.
pub(crate) struct DeviceHold {
    engine: Engine,
    id: DeviceId,
    /// Fences every write of the session.
    pub(crate) lease: DeviceLease,
    /// Cancelled when the right is gone: whatever uses it must end at once.
    pub(crate) lost: CancellationToken,
}

impl DeviceHold {
    /// Takes it; `None` while another node has it.
    pub(crate) async fn take(engine: &Engine, id: &DeviceId) -> Result<Option<Self>, StoreError> {
        let inner = &engine.inner;
        let now = engine.now();
        let until = now + inner.settings.lease;
        let Some(lease) = inner.store.lease_device(id, &inner.node, now, until).await? else {
            return Ok(None);
        };
        let lost = CancellationToken::new();
        lock(&inner.leases.devices).insert(id.clone(), Held { lease, until, lost: lost.clone() });
        Ok(Some(Self { engine: engine.clone(), id: id.clone(), lease, lost }))
    }

    /// Gives it back, so that another node need not wait for its end.
    pub(crate) async fn give_back(self) {
        if let Err(error) = self.engine.inner.store.release_device(&self.id, self.lease).await {
            tracing::debug!(device = %self.id, %error, "a device lease could not be given back; it will expire");
        }
    }
}

impl Drop for DeviceHold {
    fn drop(&mut self) {
        let mut held = lock(&self.engine.inner.leases.devices);
        if held.get(&self.id).is_some_and(|held| held.lease == self.lease) {
            held.remove(&self.id);
        }
    }
}

/// A claimed job. Its lease is renewed until this is dropped.
pub(crate) struct JobHold {
    engine: Engine,
    id: JobId,
    token: i64,
}

impl JobHold {
    pub(crate) fn new(engine: &Engine, job: &ClaimedJob) -> Self {
        let held = HeldJob { token: job.lease_token, settling: false };
        lock(&engine.inner.leases.jobs).insert(job.job.clone(), held);
        Self { engine: engine.clone(), id: job.job.clone(), token: job.lease_token }
    }

    /// The attempt is over, and its outcome is being put on disk, which ends the lease: a renewal that does not find it any more has
    /// lost nothing. Until it is there, the lease is renewed.
    pub(crate) fn settles(&self) {
        if let Some(held) = lock(&self.engine.inner.leases.jobs).get_mut(&self.id)
            && held.token == self.token
        {
            held.settling = true;
        }
    }
}

impl Drop for JobHold {
    fn drop(&mut self) {
        {
            let mut held = lock(&self.engine.inner.leases.jobs);
            if held.get(&self.id).is_some_and(|held| held.token == self.token) {
                held.remove(&self.id);
            }
        }
        self.engine.progressed();
    }
}

/// A claim that is being made, until this is dropped.
pub(crate) struct Claiming(Engine);

impl Claiming {
    pub(crate) fn new(engine: &Engine) -> Self {
        engine.inner.leases.claiming.fetch_add(1, Ordering::AcqRel);
        Self(engine.clone())
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.0.inner.leases.claiming.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Engine {
    /// Attempts to send that are under way in this process, from the claim to the outcome on disk.
    pub fn attempts_under_way(&self) -> usize {
        // In this order: what a claim brings is among the jobs before the claim is over.
        self.inner.leases.claiming.load(Ordering::Acquire) + lock(&self.inner.leases.jobs).len()
    }

    /// When this process last proved that it holds what it holds: every five seconds while all is well. The epoch, if not yet.
    pub fn leases_renewed_at(&self) -> Timestamp {
        Timestamp::from_micros(self.inner.leases.renewed_at.load(Ordering::Acquire))
    }
}

/// Renews and rescues, until `stop`.
pub(crate) async fn keep(engine: Engine, stop: CancellationToken) {
    let round = engine.inner.settings.lease / 3;
    let mut began = engine.now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.inner.clock.sleep_until(began + round) => {}
        }
        began = engine.now();
        // A renewal that hangs is a renewal that failed. Measured by the runtime's steady time: a clock that is set forward in the
        // middle of a renewal must not end sessions.
        let done = tokio::time::timeout(round, renew_and_rescue(&engine, began))
            .await
            .unwrap_or_else(|_elapsed| Err(StoreError::Unavailable("no answer".to_owned())));
        if let Err(error) = done {
            tracing::warn!(%error, "leases could not be renewed");
            engine.give_up_expired();
        }
    }
}

async fn renew_and_rescue(engine: &Engine, began: Timestamp) -> Result<(), StoreError> {
    renew(engine).await?;
    rescue(engine, false).await?;
    engine.inner.leases.renewed_at.store(began.as_micros(), Ordering::Release);
    engine.progressed();
    Ok(())
}

async fn renew(engine: &Engine) -> Result<(), StoreError> {
    let inner = &engine.inner;
    let now = engine.now();
    let until = now + inner.settings.lease;

    let devices: Vec<_> =
        lock(&inner.leases.devices).iter().map(|(id, held)| (id.clone(), held.lease)).collect();
    if !devices.is_empty() {
        let lost = inner.store.renew_devices(&inner.node, &devices, now, until).await?;
        let mut held = lock(&inner.leases.devices);
        for (id, lease) in &devices {
            let Some(held) = held.get_mut(id).filter(|held| held.lease == *lease) else { continue };
            if lost.contains(id) {
                tracing::warn!(device = %id, "another node took this device over");
                inner.sessions.set_elsewhere(id, true);
                held.lost.cancel();
            } else {
                held.until = until;
            }
        }
    }

    let jobs: Vec<_> = lock(&inner.leases.jobs).iter().map(|(id, held)| (id.clone(), held.token)).collect();
    if !jobs.is_empty() {
        let lost = inner.store.renew_jobs(&inner.node, &jobs, until).await?;
        let mut held = lock(&inner.leases.jobs);
        let renewed: HashMap<_, _> = jobs.into_iter().collect();
        for job in lost {
            // Since the renewal began it may have been settled, and claimed again.
            let same = |held: &HeldJob| renewed.get(&job) == Some(&held.token) && !held.settling;
            if !held.get(&job).is_some_and(same) {
                continue;
            }
            // The attempt goes on: it cannot be called back. Its outcome will find the lease lost and be dropped.
            tracing::warn!(%job, "the lease of a job was lost while it was being sent");
            metrics::counter!("cetar_job_leases_lost_total").increment(1);
            held.remove(&job);
        }
    }
    Ok(())
}

/// Takes over jobs and deliveries whose holder no longer proves itself; with `own`, those this node held before its start.
pub(crate) async fn rescue(engine: &Engine, own: bool) -> Result<(), StoreError> {
    // A job that cannot be rescued must not keep webhooks waiting.
    let jobs = rescue_jobs(engine, own).await;
    if engine.inner.store.rescue_deliveries(&engine.inner.node, own, engine.now()).await? > 0 {
        engine.webhooks_are_due();
    }
    jobs
}

async fn rescue_jobs(engine: &Engine, own: bool) -> Result<(), StoreError> {
    let inner = &engine.inner;
    loop {
        let now = engine.now();
        let jobs = inner.store.rescue(&inner.node, own, now, now + inner.settings.lease, BATCH).await?;
        let found = jobs.len();
        if found > 0 {
            tracing::info!(jobs = found, own, "jobs left behind are taken over");
        }
        let settling = jobs.iter().map(|job| attempt::settle_rescued(engine, job));
        let mut settled = 0;
        for (job, outcome) in jobs.iter().zip(futures::future::join_all(settling).await) {
            match outcome {
                Ok(()) => settled += 1,
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                // One that cannot be settled must not keep the others waiting.
                Err(error) => tracing::error!(job = %job.job, %error, "a job left behind cannot be settled"),
            }
        }
        if found < BATCH || settled == 0 {
            return Ok(());
        }
    }
}

impl Engine {
    /// While the database cannot be asked, others may have taken over what has expired: stop using it.
    fn give_up_expired(&self) {
        let now = self.now();
        for (id, held) in lock(&self.inner.leases.devices).iter() {
            if held.until <= now && !held.lost.is_cancelled() {
                tracing::warn!(device = %id, "the lease of a device could not be renewed in time; its session ends");
                held.lost.cancel();
            }
        }
    }

    /// How long to wait before asking again for a device that another node has.
    pub(crate) fn retake_after(&self) -> Duration {
        self.inner.settings.lease / 3
    }
}
