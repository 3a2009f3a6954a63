//! `PATCH /v1/webhooks/{id}`

use std::collections::BTreeMap;

use axum::extract::State;
use cetar_model::EndpointId;
use cetar_store::EndpointChange;
use utoipa::ToSchema;

use super::{body, view::WebhookData};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Id},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// What to change of an endpoint; what is left out stays.
#[derive(ToSchema)]
#[schema(as = WebhookChange, example = json!({"events": ["message.received"], "ordered": true}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct WebhookChangeBody {
    /// Where events go from now on, those that wait included. The record of failures begins anew.
    #[schema(max_length = 2048, nullable, required = false)]
    url: Option<String>,
    /// Which events; an empty list: all.
    #[schema(nullable, required = false)]
    events: Option<Vec<String>>,
    /// Only events of this device; an empty text: of all.
    #[schema(nullable, required = false)]
    device_id: Option<String>,
    /// All its headers, in place of those it has; `{}`: none.
    #[schema(nullable, required = false)]
    headers: Option<BTreeMap<String, String>>,
    /// One delivery at a time, in the order of the events.
    #[schema(nullable, required = false)]
    ordered: Option<bool>,
    /// Send `X-Hub-Signature-256` too.
    #[schema(nullable, required = false)]
    legacy_signature: Option<bool>,
    /// Send the replies in its answers.
    #[schema(nullable, required = false)]
    replies: Option<bool>,
}

fn parse(fields: &Fields<'_>) -> Result<EndpointChange, ApiError> {
    // `null` is the same as leaving it out, so "of all" needs a word of its own.
    let of_all = fields.is_text("device_id", "");
    let change = EndpointChange {
        url: body::url(fields),
        events: fields.has("events").then(|| body::events(fields)),
        device: if of_all { Some(None) } else { fields.device("device_id").map(Some) },
        headers: fields.has("headers").then(|| body::headers(fields)),
        ordered: fields.flag("ordered"),
        legacy_signature: fields.flag("legacy_signature"),
        replies: fields.flag("replies"),
    };
    fields.check()?;
    Ok(change)
}

/// Change a webhook endpoint
///
/// Only what is given. Secrets are changed with `POST /v1/webhooks/{id}/rotate-secret`.
#[utoipa::path(
    patch,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    operation_id = "updateWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    request_body = WebhookChangeBody,
    responses((status = 200, description = "Changed; the endpoint as it is now.", body = Answer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
    body: Body,
) -> Result<Answer<WebhookData>, ApiError> {
    let change = parse(&body.fields())?;
    let endpoint = state.engine.change_endpoint(&caller, &id, change).await?;
    let text = Text::new("Webhook diubah.", "The webhook is changed.");
    Ok(Answer::new(language, text, WebhookData::of(endpoint, language)))
}
