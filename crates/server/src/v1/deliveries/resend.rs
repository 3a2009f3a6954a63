//! `POST /v1/deliveries/{id}/resend`

use axum::extract::State;
use cetar_model::DeliveryId;

use super::view::{DeliveryDetailData, show};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, WebhookDisabled, OutcomeUnknown);

/// Send a delivery again
///
/// Whatever became of it, with fresh attempts and under the same `webhook-id`. One that is under way is left to it.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{id}/resend",
    tag = "webhooks",
    operation_id = "resendDelivery",
    params(("id" = String, Path, description = "The delivery's id.")),
    responses((status = 200, description = "On its way.", body = Answer<DeliveryDetailData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn resend(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeliveryId>,
) -> Result<Answer<DeliveryDetailData>, ApiError> {
    state.engine.resend(&caller, &id).await?;
    let text = Text::new("Pengiriman diulang.", "The delivery is sent again.");
    Ok(Answer::new(language, text, show(&state, &caller, &id).await?))
}
