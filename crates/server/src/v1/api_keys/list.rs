//! `GET /v1/api-keys`

use axum::extract::State;

use super::view::KeyData;
use crate::{
    answer::ListAnswer,
    auth::{Admin, Authorized},
    error::ApiError,
    input::{Order, Page, PageParams},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List API keys
///
/// Newest first, revoked ones too.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    tag = "api-keys",
    operation_id = "listApiKeys",
    params(PageParams),
    responses((status = 200, description = "A page of keys.", body = ListAnswer<KeyData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    page: Page,
) -> Result<ListAnswer<KeyData>, ApiError> {
    let keys = state.engine.keys(&caller).await?;
    Ok(page.cut(keys, Order::NewestFirst, |key| key.id.as_str(), KeyData::from).into())
}
