//! `GET /v1/templates/{id}`

use axum::extract::State;

use super::view::TemplateData;
use crate::{
    answer::Answer,
    auth::{Authorized, Either},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a template
#[utoipa::path(
    get,
    path = "/v1/templates/{id}",
    tag = "templates",
    operation_id = "getTemplate",
    params(("id" = i64, Path, description = "The template's id.")),
    responses((status = 200, description = "The template.", body = Answer<TemplateData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    Spoken(language): Spoken,
    Id(id): Id<i64>,
) -> Result<Answer<TemplateData>, ApiError> {
    let record = state.engine.template(&caller, id).await?;
    let record = record.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::found(language, record.into()))
}
