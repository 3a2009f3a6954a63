//! `GET /v1/blocked-ips`

use axum::extract::State;

use super::view::RangeData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, WholeWorkspace},
    error::ApiError,
    input::{Order, Page, PageParams},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List blocked addresses
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/v1/blocked-ips",
    tag = "users",
    operation_id = "listBlockedIps",
    params(PageParams),
    responses((status = 200, description = "A page of ranges.", body = ListAnswer<RangeData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    page: Page,
) -> Result<ListAnswer<RangeData>, ApiError> {
    let ranges = state.engine.blocked_ranges(&caller).await?;
    Ok(page.cut(ranges, Order::OldestFirst, |range| range.id.as_str(), RangeData::from).into())
}
