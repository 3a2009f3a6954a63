//! `POST /v1/templates`

use axum::extract::State;
use cetar_engine::templates::NewTemplateError;

use super::{
    body::{Parsed, TemplateBody, parse},
    fit::check,
    view::TemplateData,
};
use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, Text},
    input::{Body, Problem},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, OutcomeUnknown);

fn refused(error: NewTemplateError) -> ApiError {
    match error {
        NewTemplateError::IdTaken => ApiError::field("id", Problem::TemplateIdTaken),
        NewTemplateError::Store(error) => error.into(),
    }
}

/// Make a template
///
/// A quick reply to be sent by `POST /v1/send-template`.
#[utoipa::path(
    post,
    path = "/v1/templates",
    tag = "templates",
    operation_id = "createTemplate",
    request_body = TemplateBody,
    responses((status = 200, description = "Made.", body = Answer<TemplateData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<TemplateData>, ApiError> {
    let Parsed { id, name, template } = parse(&body.fields())?;
    check(&state, &caller, &template).await?;
    let record = state.engine.add_template(&caller, id, name, template).await.map_err(refused)?;
    let text = Text::new("Template dibuat.", "The template is made.");
    Ok(Answer::new(language, text, record.into()))
}
