//! `GET /v1/users`

use axum::extract::State;

use super::view::UserData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, WholeWorkspace},
    error::ApiError,
    input::{Order, Page, PageParams},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List dashboard accounts
///
/// Oldest first, those who are invited and have not come included.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "users",
    operation_id = "listUsers",
    params(PageParams),
    responses((status = 200, description = "A page of accounts.", body = ListAnswer<UserData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    page: Page,
) -> Result<ListAnswer<UserData>, ApiError> {
    let users = state.engine.users(&caller).await?;
    Ok(page.cut(users, Order::OldestFirst, |user| user.id.as_str(), UserData::from).into())
}
