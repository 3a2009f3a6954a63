//! `DELETE /v1/devices/{id}`

use axum::extract::State;
use cetar_model::DeviceId;

use super::refusal::refused;
use crate::{
    answer::{Answer, Removed},
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Remove a device
///
/// Logs it out and removes it. Its waiting messages fail as `device_removed`; its past ones stay.
#[utoipa::path(
    delete,
    path = "/v1/devices/{id}",
    tag = "devices",
    operation_id = "deleteDevice",
    params(("id" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "Removed.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<Removed>, ApiError> {
    state.engine.remove_device(&caller, &id).await.map_err(|error| refused(error, Some(&id), ""))?;
    Ok(Answer::new(language, Text::new("Device dihapus.", "The device is removed."), Removed::of(&id)))
}
