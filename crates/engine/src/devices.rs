//! Linked accounts.
use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{Channel, DeviceId, DeviceState, DownReason, Health, Language, MediaId, Timestamp};
use cetar_provider::{Account, Host, HostError, IdentifyError, Inbound, StateWrite, StoredMedia};
use cetar_store::{Device, StoreError};
use tokio::sync::oneshot;

use crate::{
    auth::Caller,
    leases::DeviceHold,
    lock,
    sessions::{Busy, Command},
};

/// A device to be added.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// On which channel.
    pub channel: Channel,
    /// What its owner calls it.
    pub name: String,
    /// Simulated. A sandbox device needs no linking: it is connected from the start.
    pub sandbox: bool,
    /// Whether it keeps to its network's pace, if said; else it does where there is one.
    pub paced: Option<bool>,
    /// Settings and secrets, by the names of PRODUCT 2.
    pub settings: BTreeMap<String, String>,
}

/// What to change about a device; what is left out stays.
#[derive(Clone, Default)]
pub struct DeviceChange {
    /// What its owner calls it.
    pub name: Option<String>,
    /// Whether it keeps to its network's pace. When it no longer does, what waited for its turn goes out at once.
    pub paced: Option<bool>,
    /// Settings and secrets that take the place of those of the same names.
    pub settings: BTreeMap<String, String>,
}

/// Not done.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No such device, or not the caller's.
    #[error("no such device")]
    NotFound,
    /// The plan lacks this.
    #[error("the plan lacks {0}")]
    PlanFeatureMissing(&'static str),
    /// This build cannot link that channel yet.
    #[error("channel {0} is not available")]
    ChannelNotAvailable(Channel),
    /// A setting is missing or wrong.
    #[error(transparent)]
    Settings(#[from] cetar_provider::SettingsError),
    /// Its network has no pace to keep to.
    #[error("this network has no pace")]
    NoPace,
    /// It is not linked.
    #[error("the device is not linked")]
    NotLinked,
    /// It is linked, and linking it anew would throw its keys away: log it out first.
    #[error("the device is linked already")]
    AlreadyLinked,
    /// How linking is to go can be chosen only where the phone is simulated.
    #[error("the phone of this device is real")]
    PhoneIsReal,
    /// Another device has this account.
    #[error("another device has this account")]
    AccountInUse,
    /// The network did not do it.
    #[error("the network did not answer: {0}")]
    Network(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentifyError> for DeviceError {
    fn from(error: IdentifyError) -> Self {
        match error {
            IdentifyError::Settings(error) => Self::Settings(error),
            IdentifyError::Network(detail) => Self::Network(detail),
        }
    }
}

impl crate::Engine {
    /// Adds a device. The id is the contract's `session_id`.
    pub async fn add_device(&self, caller: &Caller, device: NewDevice) -> Result<Device, DeviceError> {
        let NewDevice { channel, name, sandbox, paced, settings } = device;
        let plan = &caller.workspace.plan;
        if !plan.allows(channel) {
            return Err(DeviceError::PlanFeatureMissing(channel.as_str()));
        }
        let provider =
            self.inner.providers.of(channel, sandbox).ok_or(DeviceError::ChannelNotAvailable(channel))?;
        if paced == Some(true) && provider.capabilities().pace.is_none() {
            return Err(DeviceError::NoPace);
        }
        if let (Some(most), false) = (plan.devices, sandbox) {
            let there = self.inner.store.devices(&caller.workspace.id).await?;
            let real = there.iter().filter(|device| !device.sandbox).count();
            if real >= usize::try_from(most).unwrap_or(usize::MAX) {
                return Err(DeviceError::PlanFeatureMissing("devices"));
            }
        }
        let now = self.now();
        let id: DeviceId = self.inner.ids.make(now);
        // Where settings suffice there is nothing to link, and they are looked at now rather than when the session starts.
        let by_settings = provider.capabilities().link_methods.is_empty();
        let mut address = None;
        if by_settings {
            let language = caller.workspace.language;
            let settings = settings.clone();
            let account = Account {
                device: id.clone(),
                channel,
                address: None,
                settings,
                language,
                credentials_until: None,
            };
            provider.open(account.clone(), Arc::new(NoHost))?;
            address = provider.identify(&account).await?.map(|linked| linked.address);
        }
        if let Some(address) = &address {
            self.must_be_alone(channel, address).await?;
        }
        let linked = sandbox || by_settings;
        let state = if linked { DeviceState::Connecting } else { DeviceState::Unlinked };
        let device = Device {
            id,
            workspace: caller.workspace.id.clone(),
            channel,
            name,
            sandbox,
            address,
            health: Health::new(state, None),
            paused: false,
            paced: paced.unwrap_or(true),
            linked_at: linked.then_some(now),
            created_at: now,
        };
        self.inner.store.insert_device(cetar_store::NewDevice { device: device.clone(), settings }).await?;
        self.device_changed(&device);
        Ok(device)
    }

    /// Changes its name, or settings: a token that was renewed. New settings are tried first, must be of the same account, and take effect
    /// at once; a device that was logged out for its old token is back.
    pub async fn change_device(
        &self,
        caller: &Caller,
        id: &DeviceId,
        change: DeviceChange,
    ) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        let DeviceChange { name, paced, settings } = change;
        let provider = self.provider_of(&device);
        if paced == Some(true) && provider.is_none_or(|provider| provider.capabilities().pace.is_none()) {
            return Err(DeviceError::NoPace);
        }
        if !settings.is_empty() {
            self.try_settings(&device, &settings).await?;
        }
        let new_settings = !settings.is_empty();
        let change = cetar_store::DeviceChange {
            workspace: device.workspace.clone(),
            device: device.id.clone(),
            name,
            paced,
            settings,
            node: self.inner.node.clone(),
            now: self.now(),
        };
        if !self.inner.store.change_device(change).await? {
            return Err(DeviceError::NotFound);
        }
        if let Some(paced) = paced {
            // Its worker brings forward what it has put off. Where another node runs it, that node's supervisor tells it.
            self.inner.paces.switch(id, paced);
            self.inner.sessions.wake(id);
        }
        self.device_changed(&device);
        if new_settings && self.inner.state.is_running() {
            self.command(id, Command::Restart)?;
        }
        Ok(())
    }

    /// Whether the device's account can be used with these settings in place of those it has.
    async fn try_settings(
        &self,
        device: &Device,
        settings: &BTreeMap<String, String>,
    ) -> Result<(), DeviceError> {
        let provider = self.provider_of(device).ok_or(DeviceError::ChannelNotAvailable(device.channel))?;
        let first = settings.keys().next().cloned().unwrap_or_default();
        let wrong = |problem: String| cetar_provider::SettingsError { field: first, problem };
        if !provider.capabilities().link_methods.is_empty() {
            return Err(wrong("a device that is linked has no settings".to_owned()).into());
        }
        let mut all = self.inner.store.device_settings(&device.id).await?;
        all.extend(settings.clone());
        let account = self.account_with(device, all).await?;
        provider.open(account.clone(), Arc::new(NoHost))?;
        let linked = provider.identify(&account).await?;
        match (&device.address, linked.map(|linked| linked.address)) {
            (Some(ours), Some(theirs)) if *ours != theirs => {
                Err(wrong(format!("is of another account ({theirs}): add that one as a device of its own"))
                    .into())
            }
            _ => Ok(()),
        }
    }

    /// Who the device is, with these settings.
    pub(crate) async fn account_with(
        &self,
        device: &Device,
        settings: BTreeMap<String, String>,
    ) -> Result<Account, StoreError> {
        let workspace = self.inner.store.workspace(&device.workspace).await?;
        Ok(Account {
            device: device.id.clone(),
            channel: device.channel,
            address: device.address.clone(),
            settings,
            language: workspace.map_or(Language::Indonesian, |workspace| workspace.language),
            credentials_until: device.health.credentials_until,
        })
    }

    /// An account that two devices used would be two sessions that take each other's messages, whichever workspaces they are of.
    async fn must_be_alone(&self, channel: Channel, address: &str) -> Result<(), DeviceError> {
        let devices = self.inner.store.all_devices().await?;
        let has_it = |device: &Device| {
            device.channel == channel && !device.sandbox && device.address.as_deref() == Some(address)
        };
        if devices.iter().any(has_it) { Err(DeviceError::AccountInUse) } else { Ok(()) }
    }

    /// Devices the caller may see, oldest first, each with its health of this moment.
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<Device>, StoreError> {
        let devices = self.devices_of(&caller.workspace.id).await?;
        let seen = devices.iter().filter(|device| caller.may_see(device));
        Ok(seen.map(|device| Device { health: self.health(device), ..device.clone() }).collect())
    }

    /// One of them.
    pub async fn device(&self, caller: &Caller, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        Ok(self.devices(caller).await?.into_iter().find(|device| device.id == *id))
    }

    /// Its health of this moment: the live session's own, else the stored one.
    pub fn health(&self, device: &Device) -> Health {
        let stored = device.health;
        if self.is_linking(&device.id) {
            return Health::new(DeviceState::Linking, None);
        }
        if device.paused && stored.state.is_linked() {
            let health = Health::new(DeviceState::Stopped, Some(DownReason::Paused));
            return Health { credentials_until: stored.credentials_until, ..health };
        }
        if let Some(live) = self.inner.sessions.live(&device.id) {
            return live.session.health();
        }
        if self.inner.sessions.is_elsewhere(&device.id) {
            // What the node that has it says, and that it is not us.
            return Health { reason: stored.reason.or(Some(DownReason::HeldByAnotherNode)), ..stored };
        }
        match stored.state {
            // Nothing runs that could know; a moment later a session does, or another node turns out to have it.
            DeviceState::Connected | DeviceState::Degraded | DeviceState::Restricted
                if self.inner.state.is_running() =>
            {
                Health { state: DeviceState::Connecting, reason: None, ..stored }
            }
            _ => stored,
        }
    }

    /// Ends its session and starts another on the same link.
    pub async fn restart_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        if !device.health.state.is_linked() {
            return Err(DeviceError::NotLinked);
        }
        self.command(id, Command::Restart)
    }

    /// Stops it or lets it run again; its messages wait meanwhile. Attempts under way are finished first.
    pub async fn pause_device(
        &self,
        caller: &Caller,
        id: &DeviceId,
        paused: bool,
    ) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        if !self.inner.store.set_paused(&caller.workspace.id, id, paused).await? {
            return Err(DeviceError::NotFound);
        }
        self.device_changed(&device);
        Ok(())
    }

    /// Ends the link, on the network's side too where it answers.
    pub async fn logout_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        if !device.health.state.is_linked() && !self.is_linking(id) {
            return Err(DeviceError::NotLinked);
        }
        self.log_out(&device).await
    }

    /// Logs it out and removes it; its waiting messages fail, its past ones stay.
    pub async fn remove_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        if device.health.state.is_linked() || self.is_linking(id) {
            // As far as it goes: a device whose network is away can be removed too.
            if let Err(error) = self.log_out(&device).await {
                tracing::info!(device = %id, %error, "removed without being logged out");
            }
        }
        if !self.inner.store.remove_device(&caller.workspace.id, id, self.now()).await? {
            return Err(DeviceError::NotFound);
        }
        lock(&self.inner.links).remove(id);
        self.device_changed(&device);
        Ok(())
    }

    async fn log_out(&self, device: &Device) -> Result<(), DeviceError> {
        if self.inner.state.is_running() {
            let (done, answer) = oneshot::channel();
            self.command(&device.id, Command::Logout(done))?;
            return answer.await.map_err(|_keeper_ended| {
                DeviceError::Network("another node runs this device, or this one is stopping".to_owned())
            });
        }
        // No session can be running here: what is left is to say so.
        let Some(hold) = DeviceHold::take(self, &device.id).await? else {
            return Err(DeviceError::Network("another node runs this device".to_owned()));
        };
        self.forget_link(&device.workspace, &device.id, hold.lease).await?;
        hold.give_back().await;
        Ok(())
    }

    /// As stored, if the caller may see it. Read afresh: what is decided on it must not be a second old.
    pub(crate) async fn stored_device(&self, caller: &Caller, id: &DeviceId) -> Result<Device, DeviceError> {
        let device = self.inner.store.device(&caller.workspace.id, id).await?;
        device.filter(|device| caller.may_see(device)).ok_or(DeviceError::NotFound)
    }

    pub(crate) fn command(&self, id: &DeviceId, command: Command) -> Result<(), DeviceError> {
        if self.inner.state.is_stopping() {
            return Err(DeviceError::Network("shutting down".to_owned()));
        }
        let told = self.inner.sessions.command(id, command);
        told.map_err(|Busy| DeviceError::Network("the device is busy; try again in a moment".to_owned()))
    }

    /// This process changed something about it.
    fn device_changed(&self, device: &Device) {
        self.inner.devices.forget(&device.workspace);
        self.inner.callers.forget_all();
        self.inner.sessions.nudge(&device.id);
        self.told();
    }
}

/// For looking at settings only: a session that is never run has nothing to say.
struct NoHost;

#[async_trait]
impl Host for NoHost {
    async fn emit(&self, _event: Inbound) -> Result<(), HostError> {
        Err(HostError::LeaseLost)
    }
    async fn load(&self, _collection: &str, _key: &[u8]) -> Result<Option<Bytes>, HostError> {
        Err(HostError::LeaseLost)
    }
    async fn load_all(&self, _collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        Err(HostError::LeaseLost)
    }
    async fn save(&self, _batch: Vec<StateWrite>) -> Result<(), HostError> {
        Err(HostError::LeaseLost)
    }
    async fn media(&self, _id: &MediaId) -> Result<StoredMedia, HostError> {
        Err(HostError::LeaseLost)
    }
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}
