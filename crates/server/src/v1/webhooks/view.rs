//! A webhook endpoint as the API shows it: without the secret.

use cetar_model::{DeviceId, EndpointId, Subscription};
use cetar_store::Endpoint;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Time;

/// A webhook endpoint; its secret is shown once, when it is added.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookData {
    /// Its id.
    #[schema(value_type = String, example = "wh_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: EndpointId,
    /// Where events go.
    #[schema(example = "https://contoh.com/webhook")]
    url: String,
    /// Which events: names or wildcards; empty: all.
    #[schema(value_type = Vec<String>, example = json!(["message.*"]))]
    events: Vec<Subscription>,
    /// Only events of this device; `null`: of all.
    #[schema(value_type = Option<String>, required)]
    device_id: Option<DeviceId>,
    /// When it was switched off; `null` while it is on.
    #[schema(required)]
    disabled_at: Option<Time>,
    /// Why it was switched off.
    #[schema(required)]
    disabled_reason: Option<String>,
    /// When it was added.
    created_at: Time,
}

impl From<Endpoint> for WebhookData {
    fn from(endpoint: Endpoint) -> Self {
        let (disabled_at, disabled_reason) = endpoint.disabled.unzip();
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events,
            device_id: endpoint.device,
            disabled_at: disabled_at.map(Time::from),
            disabled_reason,
            created_at: endpoint.created_at.into(),
        }
    }
}
