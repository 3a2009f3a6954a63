//! The delivery log, and sending again.

use cetar_model::{DeliveryId, EndpointId};
use cetar_store::{Delivery, DeliveryDetail, DeliveryFilter, Resend, StoreError};

use crate::{Engine, auth::Caller, endpoints::EndpointError};

impl Engine {
    /// An endpoint's deliveries, newest first, at most `limit`.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        endpoint: &EndpointId,
        filter: &DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<Delivery>, EndpointError> {
        self.endpoint(caller, endpoint).await?;
        Ok(self.inner.store.list_deliveries(&caller.workspace.id, endpoint, filter, limit).await?)
    }

    /// One with its body and its attempts; `None` if there is none within the caller's ties. That of an endpoint that was
    /// removed is still there to look at.
    pub async fn delivery(
        &self,
        caller: &Caller,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        let Some(detail) = self.inner.store.delivery(&caller.workspace.id, id).await? else {
            return Ok(None);
        };
        if caller.ties().is_empty() {
            return Ok(Some(detail));
        }
        match self.endpoint(caller, &detail.delivery.endpoint).await {
            Ok(_) => Ok(Some(detail)),
            Err(EndpointError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Sends one again, whatever became of it, under the same `webhook-id`.
    pub async fn resend(&self, caller: &Caller, id: &DeliveryId) -> Result<(), EndpointError> {
        if self.delivery(caller, id).await?.is_none() {
            return Err(EndpointError::NotFound);
        }
        match self.inner.store.resend_delivery(&caller.workspace.id, id, self.now()).await? {
            Resend::Done => {
                self.webhooks_are_due();
                Ok(())
            }
            Resend::NotFound => Err(EndpointError::NotFound),
            Resend::EndpointDisabled => Err(EndpointError::Disabled),
        }
    }
}
