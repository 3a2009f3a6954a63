//! `GET /v1/deliveries/{id}`

use axum::extract::State;
use cetar_model::DeliveryId;

use super::view::{DeliveryDetailData, show};
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

/// Read a delivery
///
/// Its body, and every attempt with what was asked and what your server answered.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{id}",
    tag = "webhooks",
    operation_id = "getDelivery",
    params(("id" = String, Path, description = "The delivery's id.")),
    responses((status = 200, description = "The delivery.", body = Answer<DeliveryDetailData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeliveryId>,
) -> Result<Answer<DeliveryDetailData>, ApiError> {
    Ok(Answer::found(language, show(&state, &caller, &id).await?))
}
