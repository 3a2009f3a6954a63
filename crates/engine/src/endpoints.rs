//! Webhook endpoints.
use cetar_model::{DeviceId, EndpointId, Subscription};
use cetar_store::{Endpoint, StoreError};

use crate::{auth::Caller, delivery::new_secret};

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

/// Longer URLs are a mistake, or an attempt at one.
const MAX_URL: usize = 2_048;

impl crate::Engine {
    /// Adds one; its secret is in the answer, shown this once. A name in the URL is judged when it is dialled, every time:
    /// it may lead elsewhere by then. A key that is tied to devices must name one of them.
    pub async fn add_endpoint(
        &self,
        caller: &Caller,
        endpoint: NewEndpoint,
    ) -> Result<Endpoint, EndpointError> {
        let NewEndpoint { url, events, device } = endpoint;
        if url.len() > MAX_URL {
            return Err(EndpointError::Url(format!("longer than {MAX_URL} bytes")));
        }
        self.inner.webhooks.permits(&url).map_err(EndpointError::Url)?;
        let may = match &device {
            Some(id) => self.device(caller, id).await?.is_some(),
            None => caller.ties().is_empty(),
        };
        if !may {
            return Err(EndpointError::NoSuchDevice);
        }
        let now = self.now();
        let endpoint = Endpoint {
            id: self.inner.ids.make(now),
            workspace: caller.workspace.id.clone(),
            url,
            events,
            device,
            secret: new_secret(self.inner.ids.random()),
            disabled: None,
            created_at: now,
        };
        self.inner.store.insert_endpoint(endpoint.clone()).await?;
        Ok(endpoint)
    }

    /// All of the workspace.
    pub async fn endpoints(&self, caller: &Caller) -> Result<Vec<Endpoint>, StoreError> {
        self.inner.store.endpoints(&caller.workspace.id).await
    }

    /// Removes one; false if there is none. What was on its way to it is dropped.
    pub async fn remove_endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<bool, StoreError> {
        self.inner.store.remove_endpoint(&caller.workspace.id, id).await
    }
}
