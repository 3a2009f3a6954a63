//! `POST /v1/webhooks/{id}/pause`

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

/// Pause a webhook endpoint
///
/// Nothing more is sent to it until it is resumed. Its events are kept, and go then.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/pause",
    tag = "webhooks",
    operation_id = "pauseWebhook",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "Done; the endpoint as it is now.", body = Answer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn pause(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<WebhookData>, ApiError> {
    let endpoint = state.engine.act_on_endpoint(&caller, &id, EndpointAct::Pause).await?;
    let text = Text::new(
        "Webhook dijeda; event disimpan sampai dilanjutkan.",
        "The webhook is paused; its events are kept until it is resumed.",
    );
    Ok(Answer::new(language, text, WebhookData::of(endpoint, language)))
}
