//! Webhook endpoints.
use cetar_model::{DeviceId, EndpointId, Subscription};
use cetar_store::{Endpoint, StoreError};

use crate::auth::Caller;

/// An endpoint to be added.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// https, or http to an address in `egress.allow`.
    pub url: String,
    /// None: all.
    pub events: Vec<Subscription>,
    /// Only events of this device.
    pub device: Option<DeviceId>,
}

/// Not added.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The URL will never be called: says why.
    #[error("url: {0}")]
    Url(String),
    /// No such device here.
    #[error("no such device")]
    NoSuchDevice,
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Adds one; its secret is in the answer, shown this once.
    pub async fn add_endpoint(
        &self,
        caller: &Caller,
        endpoint: NewEndpoint,
    ) -> Result<Endpoint, EndpointError> {
        todo!()
    }
    /// All of the workspace.
    pub async fn endpoints(&self, caller: &Caller) -> Result<Vec<Endpoint>, StoreError> {
        todo!()
    }
    /// Removes one; false if there is none. What was on its way to it is dropped.
    pub async fn remove_endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<bool, StoreError> {
        todo!()
    }
}
