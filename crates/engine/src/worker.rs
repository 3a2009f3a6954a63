//! Makes the attempts of one live session.
//!
//! It claims only while its session can send, so the jobs of a device that is down simply stay ready, in order (ADR 3). It sleeps until
//! it is woken (a send accepted, a job retried, a session that told its health), until a retry of its own is due, or until the poll of
//! `upkeep` finds something that nobody told it about; it never asks in a circle.
//!
//! To follow one request down to the network: the line that accepted it carries `request_id` and `job`, and every line of an attempt,
//! the provider's included, is within a span that carries `job`. The request's id itself ends with its answer; a job outlives restarts.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cetar_model::{Timestamp, backoff};
use cetar_store::ClaimedJob;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Engine,
    attempt::{self, Lesson},
    leases::{Claiming, JobHold},
    sessions::Live,
};

/// A session that says it can send, yet has an attempt find the account down, is tried again after at most this long.
const LONGEST_MISTRUST: Duration = Duration::from_secs(30);

struct Worker {
    engine: Engine,
    live: Arc<Live>,
    attempts: JoinSet<Lesson>,
    /// When retries of this worker are due.
    due: BTreeSet<Timestamp>,
    mistrust: Option<Mistrust>,
    down_in_a_row: u32,
}

/// Not to be tried again before the session tells a health, or this moment.
struct Mistrust {
    told: u64,
    until: Timestamp,
}

/// Works until `stop`, then finishes the attempts under way.
pub(crate) async fn run(engine: Engine, live: Arc<Live>, stop: CancellationToken) {
    let mut worker = Worker {
        engine,
        live,
        attempts: JoinSet::new(),
        due: BTreeSet::new(),
        mistrust: None,
        down_in_a_row: 0,
    };
    while !stop.is_cancelled() {
        let wake_at = worker.claim(&stop).await;
        worker.wait(wake_at, &stop).await;
    }
    while let Some(lesson) = worker.attempts.join_next().await {
        worker.learn(lesson.as_ref().ok());
    }
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
        if let Some(mistrust) = &self.mistrust {
            if mistrust.told == self.live.signals.times_told() && now < mistrust.until {
                return Some(mistrust.until);
            }
            self.mistrust = None;
        }
        let until = now + inner.settings.lease;
        let claiming = Claiming::new(&engine);
        let jobs = match inner.store.claim(&self.live.device, &inner.node, now, until, free).await {
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
        if stop.is_cancelled() || !self.live.can_send() {
            // It ended while we asked. None of these was begun.
            self.give_back(&jobs).await;
            return None;
        }
        for job in jobs {
            let span = tracing::info_span!(
                "attempt",
                job = %job.job,
                message = %job.message,
                device = %job.device,
                attempt = job.attempt
            );
            let hold = JobHold::new(&engine, &job);
            let attempt = attempt::make(engine.clone(), Arc::clone(&self.live), job, hold);
            self.attempts.spawn(attempt.instrument(span));
        }
        next_retry
    }

    /// Waits until there is a reason to claim.
    async fn wait(&mut self, wake_at: Option<Timestamp>, stop: &CancellationToken) {
        let clock = Arc::clone(&self.engine.inner.clock);
        let lesson = tokio::select! {
            () = stop.cancelled() => return,
            () = self.live.signals.wake.notified() => return,
            () = async {
                match wake_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            } => return,
            Some(lesson) = self.attempts.join_next() => lesson,
        };
        self.learn(lesson.as_ref().ok());
        // Those that ended together free their places together, and one claim fills them.
        while let Some(lesson) = self.attempts.try_join_next() {
            self.learn(lesson.as_ref().ok());
        }
    }

    /// An attempt ended. (`None`: it was cut off, which only happens at a stop.)
    fn learn(&mut self, lesson: Option<&Lesson>) {
        match lesson {
            Some(Lesson::Down(told)) => {
                self.down_in_a_row = self.down_in_a_row.saturating_add(1);
                let wait = backoff(self.down_in_a_row).min(LONGEST_MISTRUST);
                self.mistrust = Some(Mistrust { told: *told, until: self.engine.now() + wait });
            }
            Some(Lesson::Again(at)) => {
                self.down_in_a_row = 0;
                self.due.insert(*at);
            }
            Some(Lesson::Settled) => self.down_in_a_row = 0,
            None => {}
        }
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
