//! `POST /v1/webhooks/{id}/rotate-secret`

use axum::extract::State;
use cetar_model::EndpointId;

use super::{create::CreatedWebhook, view::WebhookData};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, OutcomeUnknown);

/// Give a webhook endpoint a new secret
///
/// The new secret is in this answer only. For 24 hours every delivery carries the signatures of both, so nothing is refused while
/// you change it on your side. At most three secrets sign at a time: the oldest falls out.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotate-secret",
    tag = "webhooks",
    operation_id = "rotateWebhookSecret",
    params(("id" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "Done.", body = Answer<CreatedWebhook>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn rotate_secret(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<EndpointId>,
) -> Result<Answer<CreatedWebhook>, ApiError> {
    let (endpoint, secret) = state.engine.rotate_secret(&caller, &id).await?;
    let text = Text::new(
        "Secret diganti. Salin sekarang; secret lama masih ikut menandatangani selama 24 jam.",
        "The secret is changed. Copy it now; the old one signs too for 24 hours.",
    );
    let rotated = CreatedWebhook::of(endpoint, &secret, |endpoint| WebhookData::of(endpoint, language));
    Ok(Answer::new(language, text, rotated))
}
