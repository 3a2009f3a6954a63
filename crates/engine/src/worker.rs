//! Makes the attempts of one live session.
//!
//! It claims only while its session can send, so the jobs of a device that is down simply stay ready, in order (ADR 3). It sleeps until
//! it is woken (a send accepted, a job retried, a session that told its health), until a retry of its own is due, or until the poll of
//! `upkeep` finds something that nobody told it about; it never asks in a circle.
//!
//! To follow one request down to the network: the line that accepted it carries `request_id` and `job`, and every line of an attempt,
//! the provider's included, is within a span that carries `job`. The request's id itself ends with its answer; a job outlives restarts.
use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cetar_model::{
    Clock, Decision, FailureCode, MAX_ATTEMPTS, MAX_CRASHES, SendError, Sent, Timestamp, backoff, decide,
};
use cetar_provider::Outbound;
use cetar_store::{ClaimedJob, Outcome, Settlement, StoreError};
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Engine,
    leases::{Claiming, JobHold},
    sessions::Live,
};

/// A session that says it can send, yet has an attempt find the account down, is tried again after at most this long.
const LONGEST_MISTRUST: Duration = Duration::from_secs(30);

/// What one attempt teaches the worker.
enum Lesson {
    /// Nothing to wait for.
    Settled,
    /// This job may be tried again then.
    Again(Timestamp),
    /// The account is down. At the attempt's beginning the session had told its health so many times.
    Down(u64),
}

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
            let attempt = attempt(engine.clone(), Arc::clone(&self.live), job, hold);
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

/// One attempt, from the claim to the outcome on disk.
async fn attempt(engine: Engine, live: Arc<Live>, job: ClaimedJob, hold: JobHold) -> Lesson {
    let started_at = engine.now();
    let told = live.signals.times_told();
    let safe = live.provider.capabilities().resend_is_safe;
    let mut crashed = false;
    let outcome = if job.crashes > MAX_CRASHES {
        worker_crashed()
    } else if started_at >= job.expires_at {
        Outcome::Failed { code: FailureCode::Expired, provider_code: None, detail: None }
    } else {
        let message = Outbound {
            id: job.message.clone(),
            to: job.to.clone(),
            content: job.content.clone(),
            attempt: job.attempt,
        };
        let result = match AssertUnwindSafe(live.session.send(&message)).catch_unwind().await {
            Ok(result) => result,
            Err(_panic) => {
                tracing::error!("the provider panicked while sending");
                crashed = true;
                Err(SendError::Unknown("the provider panicked".into()))
            }
        };
        outcome(result, job.attempt, safe, engine.now())
    };
    let lesson = match &outcome {
        Outcome::Again { class: ACCOUNT_DOWN, .. } => Lesson::Down(told),
        Outcome::Again { run_at, .. } => Lesson::Again(*run_at),
        Outcome::Sent { .. } | Outcome::Failed { .. } | Outcome::Unknown { .. } => Lesson::Settled,
    };
    report(&outcome);
    settle(&engine, &job, started_at, outcome, crashed).await;
    drop(hold);
    lesson
}

/// Settles a job whose process ended while it was being sent: nobody knows whether it was, and the same policy decides.
pub(crate) async fn settle_rescued(engine: &Engine, job: ClaimedJob) -> Result<(), StoreError> {
    let device = engine.inner.store.device(&job.workspace, &job.device).await?;
    let provider = device.as_ref().and_then(|device| engine.provider_of(device));
    let safe = provider.is_some_and(|provider| provider.capabilities().resend_is_safe);
    let now = engine.now();
    let outcome = if job.crashes >= MAX_CRASHES {
        worker_crashed()
    } else {
        let cut = SendError::Unknown("the process ended during the attempt".into());
        outcome(Err(cut), job.attempt, safe, now)
    };
    let settlement = settlement(engine, &job, now, outcome, true);
    match engine.inner.store.settle(settlement).await {
        // Somebody else rescued it, or a receipt came: then it is in good hands.
        Ok(()) | Err(StoreError::LeaseLost) => {}
        Err(error) => return Err(error),
    }
    engine.inner.sessions.wake(&job.device);
    engine.told();
    Ok(())
}

const ACCOUNT_DOWN: &str = "account_down";

fn worker_crashed() -> Outcome {
    Outcome::Failed { code: FailureCode::WorkerCrashed, provider_code: None, detail: None }
}

/// What an attempt came to, by the one retry policy.
fn outcome(result: Result<Sent, SendError>, attempt: u32, resend_is_safe: bool, now: Timestamp) -> Outcome {
    let error = match result {
        Ok(Sent { remote_id }) => return Outcome::Sent { remote_id },
        Err(error) => error,
    };
    let class = match &error {
        SendError::Rejected { .. } => "rejected",
        SendError::SlowDown { .. } => "slow_down",
        SendError::NotSent(_) => "not_sent",
        SendError::Unknown(_) => "unknown",
        SendError::AccountDown(_) => ACCOUNT_DOWN,
    };
    let detail = error.to_string();
    match decide(&error, attempt, MAX_ATTEMPTS, resend_is_safe) {
        Decision::Retry(after) => Outcome::Again { run_at: now + after, counts: true, class, detail },
        Decision::Postpone(after) => Outcome::Again { run_at: now + after, counts: false, class, detail },
        Decision::Hold => Outcome::Again { run_at: now, counts: false, class, detail },
        Decision::Unknown => Outcome::Unknown { detail },
        Decision::Fail(code) => match error {
            SendError::Rejected { provider_code, detail, .. } => {
                Outcome::Failed { code, provider_code, detail }
            }
            SendError::SlowDown { .. }
            | SendError::NotSent(_)
            | SendError::Unknown(_)
            | SendError::AccountDown(_) => {
                Outcome::Failed { code, provider_code: None, detail: Some(detail) }
            }
        },
    }
}

fn report(outcome: &Outcome) {
    let class = match outcome {
        Outcome::Sent { .. } => "sent",
        Outcome::Again { class, .. } => class,
        Outcome::Failed { .. } => "failed",
        Outcome::Unknown { .. } => "unknown",
    };
    metrics::counter!("cetar_attempts_total", "outcome" => class).increment(1);
    match outcome {
        Outcome::Sent { .. } => tracing::info!("sent"),
        Outcome::Again { run_at, .. } => tracing::info!(class, ?run_at, "another attempt follows"),
        Outcome::Failed { code, provider_code, .. } => tracing::info!(%code, provider_code, "failed"),
        Outcome::Unknown { .. } => tracing::warn!("it may have been sent"),
    }
}

fn settlement(
    engine: &Engine,
    job: &ClaimedJob,
    started_at: Timestamp,
    outcome: Outcome,
    crashed: bool,
) -> Settlement {
    Settlement {
        job: job.job.clone(),
        node: engine.inner.node.clone(),
        lease_token: job.lease_token,
        started_at,
        now: engine.now(),
        outcome,
        crashed,
    }
}

/// Puts an outcome on disk.
async fn settle(engine: &Engine, job: &ClaimedJob, started_at: Timestamp, outcome: Outcome, crashed: bool) {
    let settlement = settlement(engine, job, started_at, outcome, crashed);
    let write = || {
        let settlement = Settlement { now: engine.now(), ..settlement.clone() };
        engine.inner.store.settle(settlement)
    };
    match insist(engine.clock(), write).await {
        Ok(()) => engine.told(),
        // Another process took the job for abandoned and has settled it as unknown.
        Err(StoreError::LeaseLost) => {
            tracing::warn!("the outcome came after the lease was lost and is dropped");
            engine.progressed();
        }
        // The lease will expire, and the job be rescued.
        Err(error) => tracing::error!(%error, "the outcome cannot be stored"),
    }
}

/// Writes, and tries again however long the database is away: what the network has said must not be forgotten. (The job's lease is
/// renewed meanwhile.) A database that is there and refuses is asked a few times only.
async fn insist<F>(clock: &dyn Clock, write: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let (mut tries, mut refusals) = (0, 0);
    loop {
        let error = match write().await {
            Ok(()) => return Ok(()),
            Err(error @ StoreError::LeaseLost) => return Err(error),
            Err(error) => error,
        };
        tries += 1;
        if !matches!(error, StoreError::Unavailable(_)) {
            refusals += 1;
            if refusals == MOST_REFUSALS {
                return Err(error);
            }
        }
        tracing::warn!(%error, tries, "the outcome could not be stored yet");
        clock.sleep_until(clock.now() + backoff(tries).min(LONGEST_PAUSE)).await;
    }
}

/// The longest pause between two tries to store an outcome.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So often a database may refuse an outcome for a reason that should not occur.
const MOST_REFUSALS: u32 = 5;

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        pin::Pin,
        sync::{
            Mutex,
            atomic::{AtomicU32, Ordering},
        },
    };

    use cetar_model::DownReason;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn every_way_an_attempt_can_end_has_its_outcome() {
        let secs = Duration::from_secs;
        let again = |after, counts, class, detail: &str| Outcome::Again {
            run_at: NOW + after,
            counts,
            class,
            detail: detail.to_owned(),
        };
        let rejected = || SendError::Rejected {
            code: FailureCode::RejectedByNetwork,
            provider_code: Some("479".to_owned()),
            detail: Some("bad stanza".to_owned()),
        };
        let failed = |code, provider_code: Option<&str>, detail: &str| Outcome::Failed {
            code,
            provider_code: provider_code.map(str::to_owned),
            detail: Some(detail.to_owned()),
        };
        for (error, attempt, safe, expected) in [
            (rejected(), 1, true, failed(FailureCode::RejectedByNetwork, Some("479"), "bad stanza")),
            (
                SendError::SlowDown { retry_after: Some(secs(30)) },
                4,
                true,
                again(secs(30), false, "slow_down", "asked to slow down"),
            ),
            (
                SendError::NotSent("refused".into()),
                2,
                true,
                again(secs(2), true, "not_sent", "not sent: refused"),
            ),
            (
                SendError::NotSent("refused".into()),
                MAX_ATTEMPTS,
                true,
                failed(FailureCode::AttemptsExhausted, None, "not sent: refused"),
            ),
            (
                SendError::Unknown("cut".into()),
                1,
                true,
                again(secs(1), true, "unknown", "it is not known whether it was sent: cut"),
            ),
            (
                SendError::Unknown("cut".into()),
                1,
                false,
                Outcome::Unknown { detail: "it is not known whether it was sent: cut".to_owned() },
            ),
            (
                SendError::AccountDown(DownReason::Disconnected),
                1,
                true,
                again(secs(0), false, "account_down", "the account is down: disconnected"),
            ),
        ] {
            assert_eq!(outcome(Err(error), attempt, safe, NOW), expected);
        }
        let sent = outcome(Ok(Sent { remote_id: "3EB0".to_owned() }), 1, true, NOW);
        assert_eq!(sent, Outcome::Sent { remote_id: "3EB0".to_owned() });
    }

    /// On which every wait is over at once, and has passed.
    struct Impatient(Mutex<Timestamp>);

    impl Clock for Impatient {
        fn now(&self) -> Timestamp {
            *crate::lock(&self.0)
        }

        fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            *crate::lock(&self.0) = at;
            Box::pin(ready(()))
        }
    }

    #[tokio::test]
    async fn an_outcome_waits_for_a_database_that_is_away_however_long() {
        let clock = Impatient(Mutex::new(NOW));
        let write = || {
            ready(if clock.now().since(NOW) < Duration::from_hours(1) {
                Err(StoreError::Unavailable("disk full".into()))
            } else {
                Ok(())
            })
        };
        assert!(insist(&clock, write).await.is_ok());
        let waited = clock.now().since(NOW);
        assert!(waited < Duration::from_hours(1) + LONGEST_PAUSE, "and not much longer");
    }

    #[tokio::test]
    async fn an_outcome_whose_lease_is_lost_is_dropped_at_once() {
        let clock = Impatient(Mutex::new(NOW));
        let written = insist(&clock, || ready(Err(StoreError::LeaseLost))).await;
        assert!(matches!(written, Err(StoreError::LeaseLost)));
        assert_eq!(clock.now(), NOW);
    }

    #[tokio::test]
    async fn an_outcome_that_the_database_refuses_does_not_hold_its_place_for_ever() {
        let (clock, tries) = (Impatient(Mutex::new(NOW)), AtomicU32::new(0));
        let write = || {
            tries.fetch_add(1, Ordering::Relaxed);
            ready(Err(StoreError::Conflict))
        };
        assert!(matches!(insist(&clock, write).await, Err(StoreError::Conflict)));
        assert_eq!(tries.into_inner(), MOST_REFUSALS);
    }
}
