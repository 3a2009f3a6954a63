//! `GET /v1/templates`

use axum::extract::State;

use super::view::TemplateData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Either},
    error::ApiError,
    input::{Page, PageParams, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List templates
///
/// By id, ascending.
#[utoipa::path(
    get,
    path = "/v1/templates",
    tag = "templates",
    operation_id = "listTemplates",
    params(PageParams),
    responses((status = 200, description = "A page of templates.", body = ListAnswer<TemplateData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    page: Page,
) -> Result<ListAnswer<TemplateData>, ApiError> {
    let after = page.after()?.unwrap_or(0);
    let records = state.engine.templates(&caller, after, page.to_fetch()).await?;
    Ok(page.of_fetched(records, |record| cursor(&record.id), TemplateData::from).into())
}
