//! Makes the attempts of one live session.
//!
//! It claims only while its session can send, so the jobs of a device that is down simply stay ready, in order (ADR 3). It sleeps until
//! it is woken (a send accepted, a job retried, a session that told its health), until a retry of its own is due, or until the poll of
//! `upkeep` finds something that nobody told it about; it never asks in a circle.
//!
//! Every line of an attempt, the provider's included, is within a span that carries `job` and the `request_id` of the request that asked
//! for it, which is stored with the job: one id follows a send from the answer to the network, over restarts too.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cetar_model::{DeviceState, Timestamp};
use cetar_store::ClaimedJob;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Engine, attempt,
    leases::{Claiming, JobHold},
    media::Fetches,
    pace::{Pacer, Turns},
    sessions::Live,
    trust::Trust,
};

/// When first messages are looked at again while the network forbids them and does not say for how long.
const STILL_FORBIDDEN: Duration = Duration::from_hours(1);

struct Worker {
    engine: Engine,
    live: Arc<Live>,
    trust: Arc<Trust>,
    pace: Option<Arc<Pacer>>,
    fetches: Arc<Fetches>,
    /// Since the pace was turned off, what had been put off was brought forward.
    hurried: bool,
    /// Each ends with the time its message may be tried again, if it may.
    attempts: JoinSet<Option<Timestamp>>,
    /// When retries of this worker are due.
    due: BTreeSet<Timestamp>,
}

/// Works until `stop`, then finishes the attempts under way. `pace` is the device's, if its network has one.
pub(crate) async fn run(engine: Engine, live: Arc<Live>, pace: Option<Arc<Pacer>>, stop: CancellationToken) {
    let fetches = Arc::new(Fetches::of(live.provider.capabilities().concurrency));
    let mut worker = Worker {
        engine,
        live,
        trust: Arc::default(),
        pace,
        fetches,
        hurried: false,
        attempts: JoinSet::new(),
        due: BTreeSet::new(),
    };
    while !stop.is_cancelled() {
        let wake_at = worker.claim(&stop).await;
        worker.wait(wake_at, &stop).await;
    }
    while worker.attempts.join_next().await.is_some() {}
}

impl Worker {
    /// Claims what can be tried now and begins the attempts. Returns when to look again if nothing happens before.
    async fn claim(&mut self, stop: &CancellationToken) -> Option<Timestamp> {
        let engine = self.engine.clone();
        let inner = &engine.inner;
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
        let pace = self.pace.clone().filter(|pace| pace.is_on());
        let forbidden = self.strangers_forbidden_until(now);
        if pace.is_some() || forbidden.is_some() {
            // What the network forbids would be put off again at once, and brought forward again at the next look.
            self.hurried = false;
        } else if self.pace.is_some() && !self.hurried {
            self.hurry(now).await;
        }
        let free = match pace.as_ref().map_or(Ok(free), |pace| pace.room(now)) {
            Ok(room) => free.min(room),
            // A retry that is due before comes to nothing before.
            Err(until) => return Some(until),
        };
        let until = now + inner.settings.lease;
        let claiming = Claiming::new(&engine);
        // Without a pace nobody is asked, and the claim is the statement it always was; but what the network forbids is no matter of
        // pace.
        let asked = pace.or_else(|| self.pace.clone().filter(|_| forbidden.is_some()));
        let turns = asked.map(|pacer| {
            let provider = Arc::clone(&self.live.provider);
            Turns::new(pacer, provider, now, forbidden, [engine.random(), engine.random()])
        });
        let in_turn = turns.as_ref().map(Turns::ask);
        let claimed =
            inner.store.claim_in_turn(&self.live.device, &inner.node, now, until, free, in_turn).await;
        let jobs = match claimed {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(device = %self.live.device, %error, "no job can be claimed");
                return Some(now + inner.settings.poll);
            }
        };
        let firsts_from = turns.as_ref().and_then(Turns::firsts_from);
        if inner.store.has_new_deliveries() {
            // Of those that expired while they waited.
            engine.webhooks_are_due();
        }
        if let Some((pacer, until)) = self.pace.as_deref().zip(firsts_from) {
            self.put_off_firsts(pacer, until, now).await;
        }
        let next_turn = turns.as_ref().and_then(Turns::next);
        if jobs.is_empty() {
            drop(claiming);
            if next_turn.is_some() {
                // Some were put off; of those behind them, some may have their turn.
                engine.progressed();
                return Some(now);
            }
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
            let turn = turns.as_ref().and_then(|turns| turns.take(&job.job));
            let fetches = Arc::clone(&self.fetches);
            let attempt = attempt::make(engine.clone(), live, trust, turn, fetches, job, hold);
            self.attempts.spawn(attempt.instrument(span));
        }
        drop(claiming);
        if next_turn.is_some() {
            engine.progressed();
        }
        // Where some were put off, of those behind them some may have their turn.
        [next_retry, next_turn.map(|_later| now)].into_iter().flatten().min()
    }

    /// The pace was turned off, now or before this session: what was put off for its sake goes out. Some at each look, so that neither
    /// this loop nor whoever writes is held up by a long queue.
    async fn hurry(&mut self, now: Timestamp) {
        match self.engine.inner.store.bring_forward(&self.live.device, now).await {
            Ok(forward) => self.hurried = forward == 0,
            Err(error) => {
                tracing::warn!(device = %self.live.device, %error, "what waits could not be brought forward");
            }
        }
    }

    /// The network has forbidden first messages: another attempt would only make it worse.
    fn strangers_forbidden_until(&self, now: Timestamp) -> Option<Timestamp> {
        let health = self.live.session.health();
        let until = || health.until.filter(|until| now < *until).unwrap_or(now + STILL_FORBIDDEN);
        (health.state == DeviceState::Restricted).then(until)
    }

    /// With a first message that has to wait, all others wait that are due: thousands of them would else be looked at one by one, each
    /// time that one of them may go out. Those that wait for nobody's budget do not.
    async fn put_off_firsts(&self, pace: &Pacer, until: Timestamp, now: Timestamp) {
        let (device, store) = (&self.live.device, &self.engine.inner.store);
        let put_off = async {
            let waiting = store.waiting_first_messages(device, now).await?;
            let strangers = waiting.into_iter().filter(|(_, chat)| pace.needs_budget(chat));
            store.put_off(strangers.map(|(job, _)| job).collect(), until).await
        };
        match put_off.await {
            Ok(others) => tracing::info!(%device, ?until, others, "first messages to strangers wait"),
            Err(error) => tracing::warn!(%device, %error, "first messages could not be put off together"),
        }
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
        if let Err(error) = inner.store.unclaim(&inner.node, &claims, self.engine.now(), None).await {
            tracing::warn!(device = %self.live.device, %error, "jobs could not be given back; their leases will expire");
        }
        self.engine.progressed();
    }
}
