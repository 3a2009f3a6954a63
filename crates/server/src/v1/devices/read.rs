//! `GET /v1/devices/{id}`

use axum::extract::State;
use cetar_model::DeviceId;

use super::view::{DeviceData, show};
use crate::{
    answer::Answer,
    auth::{Authorized, Either},
    error::ApiError,
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a device
///
/// How it is at this moment, with the evidence.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}",
    tag = "devices",
    operation_id = "getDevice",
    params(("id" = String, Path, description = "The device's id, the `session_id` of sends.")),
    responses((status = 200, description = "The device.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<DeviceData>, ApiError> {
    Ok(Answer::found(language, show(&state, &caller, &id, language).await?))
}
