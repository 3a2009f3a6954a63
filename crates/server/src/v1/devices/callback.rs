//! `GET /v1/devices/{id}/callback`

use axum::extract::State;
use cetar_model::DeviceId;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// What to type in at the network, so that it calls us.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceCallback)]
pub(crate) struct CallbackData {
    /// The address it is to call.
    #[schema(example = "https://pesan.contoh.com/callbacks/meta")]
    url: String,
    /// The token it asks with whether the address is ours: the device's own `verify_token`.
    #[schema(required, example = "rahasia-123")]
    verify_token: Option<String>,
}

/// Read where a device's network calls
///
/// What to paste into Meta's app settings, for WhatsApp's official API, Messenger and Instagram. A device whose network does not call has
/// none: 404.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/callback",
    tag = "devices",
    operation_id = "getDeviceCallback",
    params(("id" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "The address and the token.", body = Answer<CallbackData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn callback(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<CallbackData>, ApiError> {
    let place = state.engine.callback_place(&caller, &id).await?;
    let place = place.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let verify_token = place.token.map(|token| token.expose_secret().to_owned());
    Ok(Answer::found(language, CallbackData { url: place.url, verify_token }))
}
