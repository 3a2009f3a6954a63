//! `POST /v1/devices/{id}/restart`

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

refusals!(Refusals: NotFound, DeviceNotLinked);

/// Restart a device
///
/// Ends its session and starts another on the same link. Its messages wait meanwhile.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/restart",
    tag = "devices",
    operation_id = "restartDevice",
    params(("id" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "Done; the device as it is now.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn restart(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<DeviceData>, ApiError> {
    state.engine.restart_device(&caller, &id).await.map_err(|error| refused(error, Some(&id), ""))?;
    let text = Text::new("Device dimulai ulang.", "The device is restarted.");
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
