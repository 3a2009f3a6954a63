//! `POST /v1/devices/{id}/logout`

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

refusals!(Refusals: NotFound, DeviceNotLinked, NetworkUnavailable);

/// Log a device out
///
/// Ends the link, on the network's side too where it answers. It must be linked again before it can send.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/logout",
    tag = "devices",
    operation_id = "logoutDevice",
    params(("id" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "Done; the device as it is now.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<DeviceData>, ApiError> {
    state.engine.logout_device(&caller, &id).await.map_err(|error| refused(error, Some(&id), ""))?;
    let text = Text::new("Device keluar.", "The device is logged out.");
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
