//! Linked accounts.
use std::collections::BTreeMap;

use cetar_model::{Channel, DeviceId, Health};
use cetar_store::{Device, StoreError};

use crate::auth::Caller;

/// A device to be added.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// On which channel.
    pub channel: Channel,
    /// What its owner calls it.
    pub name: String,
    /// Simulated. A sandbox device needs no linking: it is connected from the start.
    pub sandbox: bool,
    /// Settings and secrets, by the names of PRODUCT 2.
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
    /// It is not linked.
    #[error("the device is not linked")]
    NotLinked,
    /// The network did not do it.
    #[error("the network did not answer: {0}")]
    Network(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Adds a device. The id is the contract's `session_id`.
    pub async fn add_device(&self, caller: &Caller, device: NewDevice) -> Result<Device, DeviceError> {
        todo!()
    }
    /// Devices the caller may see, oldest first, each with its health of this moment.
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<Device>, StoreError> {
        todo!()
    }
    /// One of them.
    pub async fn device(&self, caller: &Caller, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        todo!()
    }
    /// Its health of this moment: the live session's own, else the stored one.
    pub fn health(&self, device: &Device) -> Health {
        todo!()
    }
    /// Jobs of it that wait.
    /// Ends its session and starts another on the same link.
    pub async fn restart_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        todo!()
    }
    /// Stops it or lets it run again; its messages wait meanwhile.
    pub async fn pause_device(
        &self,
        caller: &Caller,
        id: &DeviceId,
        paused: bool,
    ) -> Result<(), DeviceError> {
        todo!()
    }
    /// Ends the link, on the network's side too where it answers.
    pub async fn logout_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        todo!()
    }
    /// Logs it out and removes it; its waiting messages fail, its past ones stay.
    pub async fn remove_device(&self, caller: &Caller, id: &DeviceId) -> Result<(), DeviceError> {
        todo!()
    }
}
