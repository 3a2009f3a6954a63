//! Asking about a job, and changing its course.
use cetar_model::{DeviceState, Health, JobId, JobState};
use cetar_store::{Change, Device, Job, StoreError};

use crate::auth::Caller;

/// A job as shown: with the reason it waits, read off its device.
#[derive(Debug, Clone)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Its device's health, if that is why the job waits: the device is down, or its network lets it write to no strangers.
    pub held: Option<Health>,
    /// It was put off, by the pace of its network or because that lets nobody be written to first, and is tried again at `run_at`.
    pub put_off: bool,
}

impl crate::Engine {
    /// One job of a device the caller may see; `None` if there is none.
    pub async fn job(&self, caller: &Caller, id: &JobId) -> Result<Option<JobView>, StoreError> {
        let Some(job) = self.inner.store.job(&caller.workspace.id, id).await? else { return Ok(None) };
        let devices = self.devices_of(&caller.workspace.id).await?;
        if !self.sees_messages_of(caller, &job.message.device, &devices).await? {
            return Ok(None);
        }
        let device = devices.iter().find(|device| device.id == job.message.device);
        // Never stored, so that it cannot disagree with the device (ADR 3).
        let health =
            device.filter(|_| job.state == JobState::Ready).map(|device| (device, self.health(device)));
        let down = health.is_some_and(|(_, health)| !health.state.can_send());
        // We did; what its network asked to wait for is another matter.
        let put_off = job.state == JobState::Ready && !down && job.put_off && self.now() < job.run_at;
        let held = match health {
            Some((device, health)) if down || put_off && self.is_forbidden(device, health, &job).await? => {
                Some(health)
            }
            Some(_) | None => None,
        };
        Ok(Some(JobView { job, held, put_off }))
    }

    /// Whether the network forbids this message, as one to a stranger: the pace would have put it off too, but that is not what to look at.
    async fn is_forbidden(&self, device: &Device, health: Health, job: &Job) -> Result<bool, StoreError> {
        let (restricted, chat) = (health.state == DeviceState::Restricted, &job.message.chat);
        let pace = self.provider_of(device).and_then(|provider| provider.capabilities().pace);
        let group = pace.and_then(|pace| pace.group).is_some_and(|group| (group.is_group)(chat));
        Ok(restricted && !group && self.inner.store.is_stranger(&device.id, chat).await?)
    }

    /// Takes a queued message back.
    pub async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<Change, StoreError> {
        let Some(view) = self.job(caller, id).await? else { return Ok(Change::NotFound) };
        let change = self.inner.store.cancel(&caller.workspace.id, id, self.now()).await?;
        self.changed(&view, &change);
        Ok(change)
    }

    /// Another round for a failed or unknown one, with another 24 h to be sent in. That is a send: a key that may only look at the
    /// device (`admin`, of the other kind) does not find the job here.
    pub async fn retry(&self, caller: &Caller, id: &JobId) -> Result<Change, StoreError> {
        let Some(view) = self.job(caller, id).await? else { return Ok(Change::NotFound) };
        let devices = self.devices_of(&caller.workspace.id).await?;
        let device = devices.iter().find(|device| device.id == view.job.message.device);
        if device.is_some_and(|device| !caller.may_use(device)) {
            return Ok(Change::NotFound);
        }
        let now = self.now();
        let expires_at = now + self.inner.settings.expires_in;
        let change = self.inner.store.retry(&caller.workspace.id, id, now, expires_at).await?;
        self.changed(&view, &change);
        Ok(change)
    }

    /// A person says whether an unknown one was sent.
    pub async fn resolve(&self, caller: &Caller, id: &JobId, sent: bool) -> Result<Change, StoreError> {
        let Some(view) = self.job(caller, id).await? else { return Ok(Change::NotFound) };
        let change = self.inner.store.resolve(&caller.workspace.id, id, sent, self.now()).await?;
        self.changed(&view, &change);
        Ok(change)
    }

    /// Each of these may make events, give the worker something to do, or free a lane.
    fn changed(&self, view: &JobView, change: &Change) {
        if *change == Change::Done {
            self.inner.sessions.wake(&view.job.message.device);
            self.told();
        }
    }
}
