//! `POST /v1/webhooks/{id}/enable`

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

/// Enable a disabled webhook endpoint
///
/// With a clean record. What waited when it was disabled goes now; what happened since is made up for with `POST /v1/webhooks/{id}/recover`.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/enable",
    tag = "webhooks",
    operation_id = "enableWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "Done; the endpoint as it is now.", body = Answer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn enable(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<WebhookData>, ApiError> {
    let endpoint = state.engine.act_on_endpoint(&caller, &id, EndpointAct::Enable).await?;
    let text = Text::new(
        "Webhook diaktifkan lagi. Kirim susulan yang terlewat dengan recover.",
        "The webhook is enabled again. Make up for what it missed with recover.",
    );
    Ok(Answer::new(language, text, WebhookData::of(endpoint, language)))
}
