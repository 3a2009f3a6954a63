//! `POST /v1/webhooks/{id}/test`

use axum::extract::State;
use cetar_model::EndpointId;

use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
    v1::deliveries::view::{DeliveryDetailData, show},
};

refusals!(Refusals: NotFound, WebhookDisabled, OutcomeUnknown);

/// Send a test event to a webhook endpoint
///
/// An `endpoint.test` event, to this endpoint only and whatever it subscribes to, signed and retried like any other. Read the
/// delivery in the answer a moment later to see how your server answered.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    tag = "webhooks",
    operation_id = "testWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "On its way.", body = Answer<DeliveryDetailData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<DeliveryDetailData>, ApiError> {
    let delivery = state.engine.test_endpoint(&caller, &id).await?;
    let text = Text::new("Event uji sedang dikirim.", "The test event is on its way.");
    Ok(Answer::new(language, text, show(&state, &caller, &delivery).await?))
}
