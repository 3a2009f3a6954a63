//! `GET /v1/devices`

use axum::extract::State;

use super::view::DeviceData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Either},
    error::ApiError,
    input::{Order, Page, PageParams},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List devices
///
/// Oldest first. A key without the scope `admin` sees the devices it may send through.
#[utoipa::path(
    get,
    path = "/v1/devices",
    tag = "devices",
    operation_id = "listDevices",
    params(PageParams),
    responses((status = 200, description = "A page of devices.", body = ListAnswer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    Spoken(language): Spoken,
    page: Page,
) -> Result<ListAnswer<DeviceData>, ApiError> {
    let devices = state.engine.devices(&caller).await?;
    let mut paced = Vec::with_capacity(devices.len());
    for device in devices {
        let manners = state.engine.pace_of(&device).await?;
        paced.push((device, manners));
    }
    let show = |(device, manners)| DeviceData::of(device, manners, language);
    Ok(page.cut(paced, Order::OldestFirst, |(device, _)| device.id.as_str(), show).into())
}
