//! `GET /v1/meta/templates`

use axum::extract::State;
use cetar_store::OfficialRecord;

use super::view::OfficialTemplateData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Either},
    error::ApiError,
    input::{Page, PageParams, Problem, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// No name and no language of Meta's has it.
const BETWEEN: char = '/';

/// List Meta's templates
///
/// Those of the official WhatsApp numbers that the key may see, as they were when Meta was last asked (every hour, and by
/// `POST /v1/meta/templates/sync`) or told us. By device, name and language.
#[utoipa::path(
    get,
    path = "/v1/meta/templates",
    tag = "templates",
    operation_id = "listOfficialTemplates",
    params(PageParams),
    responses((status = 200, description = "A page of templates.", body = ListAnswer<OfficialTemplateData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    page: Page,
) -> Result<ListAnswer<OfficialTemplateData>, ApiError> {
    let after: Option<String> = page.after()?;
    let after = after.as_deref().map(|after| place(after).ok_or_else(bad_cursor)).transpose()?;
    let after = after.unwrap_or_default();
    let records = state.engine.official_templates(&caller, after, page.to_fetch()).await?;
    Ok(page.of_fetched(records, |record| cursor(&place_of(record)), OfficialTemplateData::from).into())
}

fn bad_cursor() -> ApiError {
    ApiError::field("after", Problem::Cursor)
}

fn place_of(OfficialRecord { device, template, .. }: &OfficialRecord) -> String {
    format!("{device}{BETWEEN}{}{BETWEEN}{}", template.name, template.language)
}

fn place(text: &str) -> Option<(&str, &str, &str)> {
    let (device, rest) = text.split_once(BETWEEN)?;
    let (name, language) = rest.rsplit_once(BETWEEN)?;
    // PostgreSQL takes no NUL.
    (!text.contains('\0')).then_some((device, name, language))
}
