//! `POST /v1/devices/{id}/resume`

use axum::extract::State;
use cetar_model::DeviceId;

use super::{
    refusal::refused,
    view::{DeviceData, show},
};
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

/// Resume a device
///
/// Lets a paused device run again.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/resume",
    tag = "devices",
    operation_id = "resumeDevice",
    params(("id" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "Done; the device as it is now.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn resume(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<DeviceData>, ApiError> {
    state.engine.pause_device(&caller, &id, false).await.map_err(|error| refused(error, Some(&id), ""))?;
    let text = Text::new("Device dilanjutkan.", "The device is resumed.");
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
