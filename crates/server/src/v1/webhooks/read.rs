//! `GET /v1/webhooks/{id}`

use axum::extract::State;
use cetar_model::EndpointId;

use super::view::WebhookData;
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::ApiError,
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a webhook endpoint
///
/// How it is set up, and how it is: active, failing, paused or disabled.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    operation_id = "getWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = Answer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<WebhookData>, ApiError> {
    let endpoint = state.engine.endpoint(&caller, &id).await?;
    Ok(Answer::found(language, WebhookData::of(endpoint, language)))
}
