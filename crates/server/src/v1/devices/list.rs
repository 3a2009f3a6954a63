//! `GET /v1/devices`

use axum::extract::State;
use cetar_store::Device;

use super::view::DeviceData;
use crate::{
    answer::{List, ListAnswer},
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
    let shown = page.cut(devices, Order::OldestFirst, |device| device.id.as_str(), |device| device);
    // Of those shown alone, and together: of devices that run elsewhere the database must be asked.
    let mut paces = state.engine.paces_of(&shown.data).await?;
    let show = |device: Device| {
        let view = paces.remove(&device.id);
        DeviceData::of(device, view, language)
    };
    let List { data, has_more, next_cursor } = shown;
    Ok(List { data: data.into_iter().map(show).collect(), has_more, next_cursor }.into())
}
