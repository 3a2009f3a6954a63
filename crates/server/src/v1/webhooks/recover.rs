//! `POST /v1/webhooks/{id}/recover`

use axum::extract::State;
use cetar_model::{EndpointId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Id, Moment, Problem},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, WebhookDisabled);

/// The time to make up for.
#[derive(ToSchema)]
#[schema(as = RecoverWebhook, example = json!({"since": "2026-11-22T08:00:00+07:00"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct RecoverBody {
    /// From then on, RFC 3339.
    #[schema(format = DateTime)]
    since: String,
    /// Before then, RFC 3339; left out: until now.
    #[schema(format = DateTime, nullable, required = false)]
    until: Option<String>,
}

/// What is made up for.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveredData {
    /// Deliveries that waited or had failed for good, and are due now.
    #[schema(example = 128)]
    resent: usize,
    /// Events that happened while the endpoint was disabled, and are delivered now.
    #[schema(example = 0)]
    missed: usize,
}

fn parse(fields: &Fields<'_>) -> Result<(Timestamp, Option<Timestamp>), ApiError> {
    fields.require("since");
    let moment = |name| fields.parsed::<Moment>(name, || Problem::Time).map(|Moment(at)| at);
    let (since, until) = (moment("since"), moment("until"));
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        fields.refuse("until", Problem::NotAfter { other: "since" });
    }
    let since = fields.complete(since)?;
    Ok((since, until))
}

/// Make up for a time in which an endpoint got nothing
///
/// For when your server is back. Whatever was to be delivered in that time and was not is due at once, oldest first and with fresh
/// attempts: what waits for its next attempt, what failed for good, and what happened while the endpoint was disabled. What was
/// delivered is not sent again. Events are kept for 30 days.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/recover",
    tag = "webhooks",
    operation_id = "recoverWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    request_body = RecoverBody,
    responses((status = 200, description = "On its way.", body = Answer<RecoveredData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn recover(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
    body: Body,
) -> Result<Answer<RecoveredData>, ApiError> {
    let (since, until) = parse(&body.fields())?;
    let recovered = state.engine.recover_endpoint(&caller, &id, since, until).await?;
    let text = Text::new("Yang tertunda sedang dikirim.", "What was held up is on its way.");
    let data = RecoveredData { resent: recovered.again, missed: recovered.missed };
    Ok(Answer::new(language, text, data))
}
