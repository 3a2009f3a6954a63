//! `POST /v1/webhooks/{id}/resume`

use axum::extract::State;
use cetar_model::EndpointId;
use cetar_store::EndpointAct;

use super::view::WebhookData;
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Resume a paused webhook endpoint
///
/// What was kept for it goes now.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/resume",
    tag = "webhooks",
    operation_id = "resumeWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "Done; the endpoint as it is now.", body = Answer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn resume(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<WebhookData>, ApiError> {
    let endpoint = state.engine.act_on_endpoint(&caller, &id, EndpointAct::Resume).await?;
    let text = Text::new("Webhook dilanjutkan.", "The webhook goes on.");
    Ok(Answer::new(language, text, WebhookData::of(endpoint, language)))
}
