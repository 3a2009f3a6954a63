//! `POST /v1/webhooks`

use std::collections::BTreeMap;

use axum::extract::State;
use cetar_engine::endpoints::NewEndpoint;
use cetar_store::{Device, Endpoint};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use super::{body, view::WebhookData};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Problem},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, OutcomeUnknown);

/// An endpoint to add.
#[derive(ToSchema)]
#[schema(as = NewWebhook, example = json!({"url": "https://contoh.com/webhook", "events": ["message.*"]}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewWebhookBody {
    /// Where events go: https; http only to addresses the server's `egress.allow` names.
    #[schema(min_length = 1, max_length = 2048, format = "uri")]
    url: String,
    /// Which events: names, or wildcards such as `message.*`; left out: all.
    #[schema(max_items = 50, nullable, required = false)]
    events: Option<Vec<String>>,
    /// Only events of this device; left out: of all.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    device_id: Option<String>,
    /// Sent with every webhook: at most 20, values of up to 1024 characters. Kept sealed, never shown again.
    #[schema(nullable, required = false, example = json!({"X-Api-Key": "rahasia"}))]
    headers: Option<BTreeMap<String, String>>,
    /// One delivery at a time, in the order of the events: one that fails holds up those after it until it is delivered or
    /// parked.
    #[schema(default = false, nullable, required = false)]
    ordered: Option<bool>,
    /// Send `X-Hub-Signature-256` too: the HMAC-SHA256 of the body under the secret as it is written, in hexadecimal.
    #[schema(default = false, nullable, required = false)]
    legacy_signature: Option<bool>,
    /// Send the reply in an answer: your server answers `message.received` with `{"reply": {…}}`, the body of a `POST /v1/messages` without
    /// `to`, and it goes to that chat, once, however often the webhook is delivered.
    #[schema(default = false, nullable, required = false)]
    replies: Option<bool>,
}

/// The endpoint, and its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedWebhook {
    /// Signs every delivery (Standard Webhooks). Copy it now.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    #[serde(flatten)]
    data: WebhookData,
}

impl CreatedWebhook {
    pub(super) fn of(
        endpoint: Endpoint,
        secret: &SecretString,
        data: impl Fn(Endpoint) -> WebhookData,
    ) -> Self {
        Self { secret: secret.expose_secret().to_owned(), data: data(endpoint) }
    }
}

/// `there`: the devices that the caller may see.
fn parse(
    fields: &Fields<'_>,
    permits: impl Fn(&str) -> Result<(), String>,
    there: &[Device],
) -> Result<NewEndpoint, ApiError> {
    fields.require("url");
    let url = body::url(fields);
    if let Some(Err(problem)) = url.as_deref().map(permits) {
        fields.refuse("url", Problem::Url(problem));
    }
    let new = NewEndpoint {
        url: String::new(),
        events: body::events(fields),
        device: fields.device("device_id"),
        headers: body::headers(fields),
        ordered: fields.flag("ordered").unwrap_or(false),
        legacy_signature: fields.flag("legacy_signature").unwrap_or(false),
        replies: fields.flag("replies").unwrap_or(false),
    };
    if new.device.as_ref().is_some_and(|id| !there.iter().any(|device| device.id == *id)) {
        fields.refuse("device_id", Problem::NoSuchDevice);
    }
    let url = fields.complete(url)?;
    Ok(NewEndpoint { url, ..new })
}

/// Add a webhook endpoint
///
/// Events are delivered at least once, signed. The secret is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    operation_id = "createWebhook",
    request_body = NewWebhookBody,
    responses((status = 200, description = "Added.", body = Answer<CreatedWebhook>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<CreatedWebhook>, ApiError> {
    let there = state.engine.devices(&caller).await?;
    let endpoint = parse(&body.fields(), |url| state.engine.permits_endpoint(url), &there)?;
    let (endpoint, secret) = state.engine.add_endpoint(&caller, endpoint).await?;
    let text = Text::new(
        "Webhook ditambahkan. Salin secret sekarang; secret tidak ditampilkan lagi.",
        "The webhook is added. Copy the secret now; it is not shown again.",
    );
    let created = CreatedWebhook::of(endpoint, &secret, |endpoint| WebhookData::of(endpoint, language));
    Ok(Answer::new(language, text, created))
}
