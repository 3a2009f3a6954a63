//! `GET /v1/webhooks`

use axum::extract::State;

use super::view::WebhookData;
use crate::{
    answer::ListAnswer,
    auth::{Admin, Authorized},
    error::ApiError,
    input::{Order, Page, PageParams},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List webhook endpoints
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "webhooks",
    operation_id = "listWebhooks",
    params(PageParams),
    responses((status = 200, description = "A page of endpoints.", body = ListAnswer<WebhookData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    page: Page,
) -> Result<ListAnswer<WebhookData>, ApiError> {
    let endpoints = state.engine.endpoints(&caller).await?;
    Ok(page
        .cut(
            endpoints,
            Order::OldestFirst,
            |endpoint| endpoint.id.as_str(),
            |endpoint| WebhookData::of(endpoint, language),
        )
        .into())
}
