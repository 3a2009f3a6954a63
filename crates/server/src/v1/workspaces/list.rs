//! `GET /v1/workspaces`

use axum::extract::State;

use super::view::TenantData;
use crate::{
    answer::ListAnswer,
    auth::Operator,
    error::ApiError,
    input::{Order, Page, PageParams},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List workspaces
///
/// Oldest first: the first is the default of the command line.
#[utoipa::path(
    get,
    path = "/v1/workspaces",
    tag = "workspaces",
    operation_id = "listWorkspaces",
    params(PageParams),
    responses((status = 200, description = "A page of workspaces.", body = ListAnswer<TenantData>), Refusals),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _operator: Operator,
    page: Page,
) -> Result<ListAnswer<TenantData>, ApiError> {
    let all = state.engine.workspaces().await?;
    Ok(page.cut(all, Order::OldestFirst, |workspace| workspace.id.as_str(), TenantData::from).into())
}
