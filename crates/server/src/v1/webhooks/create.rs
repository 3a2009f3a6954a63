//! `POST /v1/webhooks`

use axum::extract::State;
use cetar_engine::endpoints::{EndpointError, NewEndpoint};
use cetar_model::EventType;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::WebhookData;
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Problem, TextRule, words},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge);

fn refused(error: EndpointError) -> ApiError {
    match error {
        EndpointError::Url(problem) => ApiError::field("url", Problem::Url(problem)),
        EndpointError::NoSuchDevice => ApiError::field("device_id", Problem::NoSuchDevice),
        EndpointError::Store(error) => error.into(),
    }
}

/// An endpoint to add.
#[derive(ToSchema)]
#[schema(as = NewWebhook, example = json!({"url": "https://contoh.com/webhook", "events": ["message.*"]}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewWebhookBody {
    /// Where events go: https; http only to addresses the server's `egress.allow` names.
    #[schema(max_length = 2048)]
    url: String,
    /// Which events: names, or wildcards such as `message.*`; left out: all.
    #[schema(nullable, required = false)]
    events: Option<Vec<String>>,
    /// Only events of this device; left out: of all.
    #[schema(nullable, required = false)]
    device_id: Option<String>,
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

fn parse(fields: &Fields<'_>) -> Result<NewEndpoint, ApiError> {
    fields.require("url");
    let url = fields.text("url", TextRule::upto(2048)).map(|url| url.trim().to_owned());
    let events = fields.list("events", 50, || {
        let mut allowed = words(EventType::ALL);
        allowed.extend(["message.*", "session.*", "endpoint.*", "*"].map(str::to_owned));
        Problem::Unknown { allowed }
    });
    let device = fields.device("device_id");
    // Of the contract, but of a later version: better refused than silently without effect.
    for later in ["headers", "ordered"] {
        if fields.has(later) && !fields.is_false(later) {
            fields.refuse(later, Problem::NotAvailable { allowed: Vec::new() });
        }
    }
    fields.check()?;
    let url = url.ok_or_else(|| ApiError::internal("a required field is missing and was not refused"))?;
    Ok(NewEndpoint { url, events, device })
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
    let endpoint = parse(&body.fields())?;
    let endpoint = state.engine.add_endpoint(&caller, endpoint).await.map_err(refused)?;
    let text = Text::new(
        "Webhook ditambahkan. Salin secret sekarang; secret tidak ditampilkan lagi.",
        "The webhook is added. Copy the secret now; it is not shown again.",
    );
    let secret = endpoint.secret.expose_secret().to_owned();
    Ok(Answer::new(language, text, CreatedWebhook { secret, data: endpoint.into() }))
}
