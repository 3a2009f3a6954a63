//! What networks push to a device's own address: handed to its session, which alone knows the secret and may write.
//!
//! The session runs on one node. Another node says that the device is not here; the network pushes again, and whatever stands in front
//! of the nodes leads it to the right one sooner or later.
use std::sync::Arc;

use cetar_model::DeviceId;
use cetar_provider::{HostError, Push, PushRefused};

use crate::{Engine, sessions::Live};

/// Not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Its session does not run here, or it could not be stored: the network is to push it again.
    #[error("the device cannot take it now: {0}")]
    NotNow(String),
    /// Not from the network, as far as can be told.
    #[error("not verified")]
    NotVerified,
    /// Not in the network's form.
    #[error("not readable")]
    Unreadable,
}

impl Engine {
    /// Whether it could be the network's, by its head alone: before its body is read.
    pub fn expects_push(&self, device: &DeviceId, push: &Push) -> Result<(), PushError> {
        if self.pushed_to(device)?.session.may_push(push) { Ok(()) } else { Err(PushError::NotVerified) }
    }

    /// Hands it over. When this returns `Ok`, it is on disk.
    pub async fn push(&self, device: &DeviceId, push: &Push) -> Result<(), PushError> {
        let live = self.pushed_to(device)?;
        live.session.pushed(push).await.map_err(|refused| match refused {
            PushRefused::NotVerified => PushError::NotVerified,
            PushRefused::Unreadable => PushError::Unreadable,
            PushRefused::Host(error @ (HostError::LeaseLost | HostError::Unavailable(_))) => {
                PushError::NotNow(error.to_string())
            }
        })
    }

    fn pushed_to(&self, device: &DeviceId) -> Result<Arc<Live>, PushError> {
        let live = self.inner.sessions.live(device);
        live.ok_or_else(|| PushError::NotNow("its session does not run here".to_owned()))
    }
}
