//! Keeps one device as it should be: a session while it is linked and not paused, under this node's lease.
//!
//! Each device has a keeper of its own, a single task that does one thing after another, so that a restart, a pause, a new link and the
//! end of a session can never cross. Whatever goes wrong in one of them, a panic in a provider included, stays with that device.
mod linking;
mod policy;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cetar_model::{DeviceId, DeviceState, DownReason, Health, Timestamp, WorkspaceId};
use cetar_provider::{Account, Session, SessionEnd};
use cetar_store::{Device, StoreError};
use futures::FutureExt;
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Engine,
    host::SessionHost,
    leases::DeviceHold,
    media,
    sessions::{Command, Live, Post, Signals},
    worker,
};
use policy::{GOOD_SESSION, Sequel, Wish, restart_delay, sequel, wish};

/// How long a network is given to take note of a logout.
const LOGOUT: Duration = Duration::from_secs(10);

/// Keeps one device.
pub(crate) struct Keeper {
    engine: Engine,
    id: DeviceId,
    workspace: WorkspaceId,
    post: Post,
    /// The process is stopping.
    stop: CancellationToken,
    hold: Option<DeviceHold>,
    lost_in_a_row: u32,
    /// When it last looked at what is stored. Pauses count from here, not from when whatever it then did was over.
    looked_at: Timestamp,
    /// No session before this.
    not_before: Option<Timestamp>,
    /// The last session ended for good, on the link of this time: no other until a person acts.
    rests: Option<LinkOf>,
}

/// A link, by the time it was made.
#[derive(PartialEq)]
struct LinkOf(Option<Timestamp>);

/// What the keeper does next.
enum Next {
    /// Look again.
    Look,
    /// Wait for a command, a change, or this time.
    Wait(Option<Timestamp>),
    /// Do this.
    Obey(Command),
    /// The device is gone.
    End,
}

/// Why a session is not to go on.
enum Cause {
    Ended(Option<Result<SessionEnd, JoinError>>),
    Stopping,
    LeaseLost,
    NotWanted,
    Restart,
    Logout(oneshot::Sender<()>),
    Link(Command),
}

impl Keeper {
    pub(crate) fn new(engine: Engine, device: &Device, stop: CancellationToken) -> Self {
        let post = engine.inner.sessions.post(&device.id);
        Self {
            engine,
            id: device.id.clone(),
            workspace: device.workspace.clone(),
            post,
            stop,
            hold: None,
            lost_in_a_row: 0,
            looked_at: Timestamp::default(),
            not_before: None,
            rests: None,
        }
    }

    /// Until the process stops or the device is removed.
    pub(crate) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let mut command = match self.look().await {
                Next::Look => None,
                Next::Wait(until) => self.wait(until).await,
                Next::Obey(command) => Some(command),
                Next::End => break,
            };
            while let Some(given) = command {
                command = self.obey(given).await;
            }
        }
        self.let_go().await;
    }

    /// Looks at what is stored and does what that calls for.
    async fn look(&mut self) -> Next {
        self.looked_at = self.engine.now();
        match self.act().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(device = %self.id, %error, "a device cannot be looked after; trying again");
                self.in_a(self.engine.inner.settings.poll)
            }
        }
    }

    async fn act(&mut self) -> Result<Next, StoreError> {
        let Some(device) = self.engine.inner.store.device(&self.workspace, &self.id).await? else {
            return Ok(Next::End);
        };
        // A build without this network leaves the device alone.
        let known = self.engine.provider_of(&device).is_some();
        let rests = self.rests == Some(LinkOf(device.linked_at));
        match wish(&device) {
            Wish::Run if known && !rests => {}
            Wish::Run | Wish::Rest => {
                self.let_go().await;
                self.engine.inner.sessions.set_elsewhere(&self.id, false);
                return Ok(Next::Wait(None));
            }
            Wish::Mark(health) => {
                if !self.take_hold().await? {
                    return Ok(self.in_a(self.engine.retake_after()));
                }
                self.store(health).await?;
                return Ok(Next::Look);
            }
        }
        if self.not_before.is_some_and(|at| self.engine.now() < at) {
            return Ok(Next::Wait(self.not_before));
        }
        if !self.take_hold().await? {
            return Ok(self.in_a(self.engine.retake_after()));
        }
        self.session(device).await
    }

    /// Waits for a command, a change or a time.
    async fn wait(&mut self, until: Option<Timestamp>) -> Option<Command> {
        let clock = Arc::clone(&self.engine.inner.clock);
        let lost = self.hold.as_ref().map(|hold| hold.lost.clone());
        tokio::select! {
            () = self.stop.cancelled() => None,
            () = self.post.nudge.notified() => None,
            () = or_never(lost.as_ref().map(CancellationToken::cancelled)) => None,
            () = or_never(until.map(|at| clock.sleep_until(at))) => None,
            command = self.post.commands.recv() => command,
        }
    }

    /// Does what a person asked, while no session runs. Returns the command that cut it short, if one did.
    async fn obey(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Restart => {
                self.start_afresh();
                if let Err(error) = self.revive().await {
                    tracing::warn!(device = %self.id, %error, "a device could not be restarted");
                }
                None
            }
            Command::Logout(done) => {
                // Another node has it: dropping `done` says so.
                if matches!(self.take_hold().await, Ok(true)) {
                    self.log_out(done).await;
                }
                None
            }
            Command::Link(request, teller) => {
                self.start_afresh();
                self.link(request, teller).await
            }
        }
    }

    /// A device that stood back because another process used its link tries again.
    async fn revive(&mut self) -> Result<(), StoreError> {
        let Some(device) = self.engine.inner.store.device(&self.workspace, &self.id).await? else {
            return Ok(());
        };
        if device.health.state == DeviceState::Replaced && self.take_hold().await? {
            self.store(Health::new(DeviceState::Connecting, None)).await?;
        }
        Ok(())
    }

    /// Runs one session from its beginning to its end, and what follows.
    async fn session(&mut self, device: Device) -> Result<Next, StoreError> {
        let engine = self.engine.clone();
        let (Some(provider), Some(hold)) = (engine.provider_of(&device).cloned(), &self.hold) else {
            return Ok(Next::Look);
        };
        let pace = match provider.capabilities().pace {
            Some(pace) => Some(engine.pacer(&device, pace, hold.lease.is_again()).await?),
            None => None,
        };
        if let Some(manners) = provider.capabilities().pace.and_then(|pace| pace.manners)
            && device.paced
        {
            let (now, random) = (engine.now(), engine.random());
            let at = engine.inner.paces.start(device.channel, &manners, now, random);
            if self.stop.run_until_cancelled(engine.inner.clock.sleep_until(at)).await.is_none() {
                return Ok(Next::Look);
            }
        }
        let signals = Arc::new(Signals::default());
        let host =
            SessionHost::new(engine.clone(), &device, hold.lease, hold.lost.clone(), Arc::clone(&signals));
        let account = account(&engine, &device).await?;
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| {
            provider.open(account, Arc::clone(&host) as Arc<dyn cetar_provider::Host>)
        }));
        let session: Arc<dyn Session> = match opened {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => {
                tracing::warn!(device = %self.id, %error, "a device cannot be opened with its settings");
                return Ok(self.ended(SessionEnd::Ended(DownReason::CredentialsExpired), &device).await);
            }
            Err(_panic) => {
                tracing::error!(device = %self.id, "opening a device panicked");
                return Ok(self.ended(SessionEnd::Lost(DownReason::Disconnected), &device).await);
            }
        };

        let live = Arc::new(Live { device: device.id.clone(), session, provider, signals });
        let entered = engine.inner.sessions.enter(Arc::clone(&live));
        engine.progressed();
        let started = engine.now();
        // Claiming ends with the process's stop at once, not only when this keeper gets to it.
        let (stop_session, stop_claiming) = (CancellationToken::new(), self.stop.child_token());
        let (mut session, mut work) = (JoinSet::new(), JoinSet::new());
        session.spawn({
            let (live, stop) = (Arc::clone(&live), stop_session.clone());
            async move { live.session.run(stop).await }
        });
        work.spawn(worker::run(engine.clone(), Arc::clone(&live), pace, stop_claiming.clone()));
        work.spawn(media::download::run(engine.clone(), Arc::clone(&live), stop_claiming.clone()));

        let cause = self.watch(&live, &mut session, &mut work).await;

        // No new attempts; those under way are finished as long as there is a session to finish them and a right to.
        stop_claiming.cancel();
        if !matches!(cause, Cause::Ended(_) | Cause::LeaseLost) {
            self.finish(&mut work).await;
        }
        stop_session.cancel();
        self.finish(&mut session).await;
        // What is left fails by itself without a session, and is settled.
        self.finish(&mut work).await;
        host.close();
        drop(entered);
        engine.progressed();

        if engine.now().since(started) >= GOOD_SESSION {
            self.lost_in_a_row = 0;
        }
        Ok(self.after(cause, &device).await)
    }

    /// Lets a session run until there is a reason to end it.
    async fn watch(
        &mut self,
        live: &Live,
        session: &mut JoinSet<SessionEnd>,
        work: &mut JoinSet<()>,
    ) -> Cause {
        let lost = self.hold.as_ref().map(|hold| hold.lost.clone()).unwrap_or_default();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Cause::Stopping,
                end = session.join_next() => return Cause::Ended(end),
                // A worker does not end by itself: it panicked.
                end = work.join_next() => return Cause::Ended(end.and_then(Result::err).map(Err)),
                () = lost.cancelled() => return Cause::LeaseLost,
                () = self.post.nudge.notified() => {
                    if !self.is_wanted().await {
                        return Cause::NotWanted;
                    }
                }
                Some(command) = self.post.commands.recv() => match command {
                    Command::Restart => return Cause::Restart,
                    Command::Logout(done) => {
                        let answer = tokio::select! {
                            answer = AssertUnwindSafe(live.session.logout()).catch_unwind() => {
                                matches!(answer, Ok(Ok(())))
                            }
                            () = self.engine.pause(LOGOUT) => false,
                        };
                        tracing::info!(device = %self.id, network_agreed = answer, "logged out");
                        return Cause::Logout(done);
                    }
                    link @ Command::Link(..) => return Cause::Link(link),
                },
            }
        }
    }

    /// What follows a session, once nothing of it runs any more.
    async fn after(&mut self, cause: Cause, device: &Device) -> Next {
        match cause {
            Cause::Ended(Some(Ok(end))) => self.ended(end, device).await,
            Cause::Ended(panicked) => {
                let what = panicked.and_then(Result::err).map(|error| error.to_string());
                tracing::error!(device = %self.id, error = what, "a session panicked; it is started again");
                self.ended(SessionEnd::Lost(DownReason::Disconnected), device).await
            }
            Cause::Stopping => {
                let down = Health::new(DeviceState::Connecting, Some(DownReason::Disconnected));
                if let Err(error) = self.store(down).await {
                    tracing::debug!(device = %self.id, %error, "the state at the stop could not be stored");
                }
                Next::Look
            }
            Cause::LeaseLost => {
                self.hold = None;
                self.looked_at = self.engine.now();
                // Not at once: two processes that wrongly share a node's name would take it from each other in a circle.
                self.in_a(self.engine.retake_after())
            }
            Cause::NotWanted => Next::Look,
            Cause::Restart => {
                self.start_afresh();
                Next::Look
            }
            Cause::Logout(done) => {
                self.log_out(done).await;
                Next::Look
            }
            Cause::Link(command) => Next::Obey(command),
        }
    }

    /// A session ended that nobody asked to end.
    async fn ended(&mut self, end: SessionEnd, device: &Device) -> Next {
        let health = match sequel(end) {
            Sequel::Another(health) => {
                self.lost_in_a_row = self.lost_in_a_row.saturating_add(1);
                let delay = restart_delay(self.lost_in_a_row);
                tracing::warn!(device = %self.id, ?end, ?delay, "a session was lost; another follows");
                self.not_before = Some(self.engine.now() + delay);
                health
            }
            Sequel::None(health) => {
                tracing::warn!(device = %self.id, ?end, "a session ended for good; a person must act");
                self.rests = Some(LinkOf(device.linked_at));
                health
            }
        };
        // It must be said, or an application keeps sending into a link that is gone.
        while let Err(error) = self.store(health).await {
            if matches!(error, StoreError::LeaseLost) || self.stop.is_cancelled() {
                break;
            }
            tracing::warn!(device = %self.id, %error, "a device's state could not be stored; trying again");
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = self.engine.pause(self.engine.inner.settings.poll) => {}
            }
        }
        Next::Look
    }

    /// The link has ended because a person wanted so: says it, and forgets the session's keys.
    async fn log_out(&mut self, done: oneshot::Sender<()>) {
        let Some(hold) = &self.hold else { return };
        match self.engine.forget_link(&self.workspace, &self.id, hold.lease).await {
            Ok(()) => {
                let _nobody_waits_any_more = done.send(());
            }
            Err(error) => tracing::warn!(device = %self.id, %error, "a logout could not be stored"),
        }
    }

    /// Waits until these tasks have ended, at most as long as a graceful stop may take; then ends them.
    async fn finish<T: 'static>(&self, tasks: &mut JoinSet<T>) {
        let deadline = self.engine.now() + self.engine.inner.settings.drain;
        tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => {}
            () = self.engine.inner.clock.sleep_until(deadline) => {
                tracing::warn!(device = %self.id, "what was under way did not end in time and is cut off");
                tasks.shutdown().await;
            }
        }
    }

    /// Whether a session should still run.
    async fn is_wanted(&self) -> bool {
        match self.engine.inner.store.device(&self.workspace, &self.id).await {
            Ok(Some(device)) => wish(&device) == Wish::Run,
            Ok(None) => false,
            // Not known: then nothing changes.
            Err(_) => true,
        }
    }

    /// Takes the device's lease, if it is not held already; false while another node has it.
    async fn take_hold(&mut self) -> Result<bool, StoreError> {
        if self.hold.as_ref().is_some_and(|hold| hold.lost.is_cancelled()) {
            self.hold = None;
        }
        if self.hold.is_none() {
            self.hold = DeviceHold::take(&self.engine, &self.id).await?;
            let elsewhere = self.hold.is_none();
            if elsewhere && !self.engine.inner.sessions.is_elsewhere(&self.id) {
                tracing::info!(device = %self.id, "another node runs this device");
            }
            self.engine.inner.sessions.set_elsewhere(&self.id, elsewhere);
            if elsewhere {
                // What it sends and asks there is not counted here.
                self.engine.inner.paces.forget(&self.id);
                self.engine.inner.checks.forget(&self.id);
            }
            self.engine.progressed();
        }
        Ok(self.hold.is_some())
    }

    /// Gives the device's lease back.
    async fn let_go(&mut self) {
        if let Some(hold) = self.hold.take() {
            hold.give_back().await;
            self.engine.progressed();
        }
    }

    /// Stores the device's health under our lease.
    async fn store(&self, health: Health) -> Result<(), StoreError> {
        let Some(hold) = &self.hold else { return Err(StoreError::LeaseLost) };
        self.engine.store_health(&self.workspace, &self.id, Some(hold.lease), health).await
    }

    /// A person acted: what went wrong before no longer counts.
    fn start_afresh(&mut self) {
        self.lost_in_a_row = 0;
        self.not_before = None;
        self.rests = None;
    }

    fn in_a(&self, while_: Duration) -> Next {
        Next::Wait(Some(self.looked_at + while_))
    }
}

/// Who a device is, with its settings and secrets.
pub(crate) async fn account(engine: &Engine, device: &Device) -> Result<Account, StoreError> {
    let settings = engine.inner.store.device_settings(&device.id).await?;
    engine.account_with(device, settings).await
}

/// Waits for what may not be there.
async fn or_never(future: Option<impl Future<Output = ()>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
