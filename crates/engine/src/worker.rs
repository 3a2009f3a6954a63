//! Makes the attempts of one live session.
//!
//! It claims only while its session can send, so the jobs of a device that is down simply stay ready, in order (ADR 3). It sleeps until
//! it is woken (a send accepted, a job retried, a session that told its health), until a retry of its own is due, or until the poll of
//! `upkeep` finds something that nobody told it about; it never asks in a circle.
//!
//! Every line of an attempt, the provider's included, is within a span that carries `job` and the `request_id` of the request that asked
//! for it, which is stored with the job: one id follows a send from the answer to the network, over restarts too.
use std::{collections::BTreeSet, sync::Arc};

use cetar_model::Timestamp;
use cetar_store::ClaimedJob;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Engine, attempt,
    leases::{Claiming, JobHold},
    pace::{Pacer, Turns},
    sessions::Live,
    trust::Trust,
};

struct Worker {
    engine: Engine,
    live: Arc<Live>,
    trust: Arc<Trust>,
    pace: Option<Arc<Pacer>>,
    /// Each ends with the time its message may be tried again, if it may.
    attempts: JoinSet<Option<Timestamp>>,
    /// When retries of this worker are due.
    due: BTreeSet<Timestamp>,
}

/// Works until `stop`, then finishes the attempts under way.
pub(crate) async fn run(engine: Engine, live: Arc<Live>, stop: CancellationToken) {
    let pace = live.provider.capabilities().pace.map(|pace| engine.inner.paces.of(&live.device, pace));
    let trust = Arc::default();
    let mut worker = Worker { engine, live, trust, pace, attempts: JoinSet::new(), due: BTreeSet::new() };
    while !stop.is_cancelled() {
        let wake_at = worker.claim(&stop).await;
        worker.wait(wake_at, &stop).await;
    }
    while worker.attempts.join_next().await.is_some() {}
}

impl Worker {
    /// Claims what can be tried now and begins the attempts. Returns when to look again if nothing happens before.
    async fn claim(&mut self, stop: &CancellationToken) -> Option<Timestamp> {
        let (engine, inner) = (self.engine.clone(), &self.engine.inner);
        let now = engine.now();
        self.due = self.due.split_off(&Timestamp::from_micros(now.as_micros() + 1));
        let next_retry = self.due.first().copied();
        let most = self.live.provider.capabilities().concurrency.max(1);
        let free = most.saturating_sub(self.attempts.len());
        if free == 0 || !self.live.can_send() {
            // The end of an attempt, or a health, wakes it.
            return None;
        }
        if let Some(until) = self.distrusted_until() {
            return Some(until);
        }
        let free = match self.pace.as_ref().map_or(Ok(free), |pace| pace.room(now)) {
            Ok(room) => free.min(room),
            Err(until) => return Some(until),
        };
        let until = now + inner.settings.lease;
        let claiming = Claiming::new(&engine);
        let turns = self.pace.as_ref().map(|pace| Turns::new(Arc::clone(pace), now));
        let turn = turns.as_ref().map(Turns::ask);
        let claimed = inner.store.claim_in_turn(&self.live.device, &inner.node, now, until, free, turn).await;
        let jobs = match claimed {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(device = %self.live.device, %error, "no job can be claimed");
                return Some(now + inner.settings.poll);
            }
        };
        if jobs.is_empty() {
            drop(claiming);
            // What waits behind another in its lane is not counted: the end of that one wakes us.
            let stored = inner.store.next_due(&self.live.device).await.ok().flatten();
            engine.progressed();
            return [next_retry, stored.filter(|at| *at > now)].into_iter().flatten().min();
        }
        let distrusted = self.distrusted_until();
        if stop.is_cancelled() || !self.live.can_send() || distrusted.is_some() {
            // Things changed while we asked. None of these was begun.
            self.give_back(&jobs).await;
            return distrusted;
        }
        for job in jobs {
            let span = tracing::info_span!(
                "attempt",
                job = %job.job,
                request_id = job.request_id,
                message_id = %job.message,
                device = %job.device,
                attempt = job.attempt
            );
            let hold = JobHold::new(&engine, &job);
            let trust = Arc::clone(&self.trust);
            let live = Arc::clone(&self.live);
            let attempt = attempt::make(engine.clone(), live, trust, self.pace.clone(), job, hold);
            self.attempts.spawn(attempt.instrument(span));
        }
        drop(claiming);
        let next_turn = turns.and_then(|turns| turns.next());
        if next_turn.is_some() {
            engine.progressed();
        }
        [next_retry, next_turn].into_iter().flatten().min()
    }

    /// Waits until there is a reason to claim.
    async fn wait(&mut self, wake_at: Option<Timestamp>, stop: &CancellationToken) {
        let clock = Arc::clone(&self.engine.inner.clock);
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            () = self.live.signals.wake.notified() => return,
            () = async {
                match wake_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            } => return,
            Some(ended) = self.attempts.join_next() => ended,
        };
        self.due.extend(ended.ok().flatten());
        // Those that ended together free their places together, and one claim fills them.
        while let Some(ended) = self.attempts.try_join_next() {
            self.due.extend(ended.ok().flatten());
        }
    }

    /// Until when nothing should be tried although the session says that it can send.
    fn distrusted_until(&self) -> Option<Timestamp> {
        self.trust.wait_until(self.live.signals.times_told(), self.engine.now())
    }

    /// Gives jobs back that were claimed and not begun.
    async fn give_back(&self, jobs: &[ClaimedJob]) {
        let inner = &self.engine.inner;
        let claims: Vec<_> = jobs.iter().map(|job| (job.job.clone(), job.lease_token)).collect();
        if let Err(error) = inner.store.unclaim(&inner.node, &claims, self.engine.now()).await {
            tracing::warn!(device = %self.live.device, %error, "jobs could not be given back; their leases will expire");
        }
        self.engine.progressed();
    }
}
