//! `PUT /v1/templates/{id}`

use axum::extract::State;

use super::{
    body::{Parsed, TemplateBody, parse},
    fit::check,
    view::TemplateData,
};
use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Id},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// Change a template
///
/// The whole of it: what is left out is gone. Its id stays, and what was sent by it stays as it was sent.
#[utoipa::path(
    put,
    path = "/v1/templates/{id}",
    tag = "templates",
    operation_id = "updateTemplate",
    params(("id" = i64, Path, description = "The template's id.")),
    request_body = TemplateBody,
    responses((status = 200, description = "Changed.", body = Answer<TemplateData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    Id(id): Id<i64>,
    body: Body,
) -> Result<Answer<TemplateData>, ApiError> {
    let Parsed { id: _, name, template } = parse(&body.fields())?;
    check(&state, &caller, &template).await?;
    let record = state.engine.change_template(&caller, id, name, template).await?;
    let record = record.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(language, Text::new("Template diubah.", "The template is changed."), record.into()))
}
