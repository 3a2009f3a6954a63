//! `POST /v1/workspaces`

use axum::extract::State;
use utoipa::ToSchema;

use super::view::TenantData;
use crate::{
    answer::Answer,
    auth::Operator,
    error::{ApiError, Text},
    input::{Body, Fields, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, OutcomeUnknown);

/// A tenant to add.
#[derive(ToSchema)]
#[schema(as = NewWorkspace)]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewWorkspaceBody {
    /// Its name, up to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

fn parse(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.require("name");
    let name = fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned());
    fields.complete(name)
}

/// Add a workspace
///
/// With a plan that allows everything.
#[utoipa::path(
    post,
    path = "/v1/workspaces",
    tag = "workspaces",
    operation_id = "createWorkspace",
    request_body = NewWorkspaceBody,
    responses((status = 200, description = "Added.", body = Answer<TenantData>), Refusals),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    _operator: Operator,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<TenantData>, ApiError> {
    let name = parse(&body.fields())?;
    let workspace = state.engine.add_workspace(name).await?;
    Ok(Answer::new(
        language,
        Text::new("Workspace ditambahkan.", "The workspace is added."),
        workspace.into(),
    ))
}
