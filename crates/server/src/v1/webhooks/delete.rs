//! `DELETE /v1/webhooks/{id}`

use axum::extract::State;
use cetar_model::EndpointId;

use crate::{
    answer::{Answer, Removed},
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, OutcomeUnknown);

/// Remove a webhook endpoint
///
/// What was on its way to it is dropped.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    operation_id = "deleteWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "Done.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<Removed>, ApiError> {
    state.engine.remove_endpoint(&caller, &id).await?;
    Ok(Answer::new(language, Text::new("Webhook dihapus.", "The webhook is removed."), Removed::of(&id)))
}
