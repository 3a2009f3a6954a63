//! `DELETE /v1/templates/{id}`

use axum::extract::State;

use crate::{
    answer::{Answer, Removed},
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, OutcomeUnknown);

/// Remove a template
///
/// Its id is given to no other by itself. What was sent by it stays as it was sent.
#[utoipa::path(
    delete,
    path = "/v1/templates/{id}",
    tag = "templates",
    operation_id = "deleteTemplate",
    params(("id" = i64, Path, description = "The template's id.")),
    responses((status = 200, description = "Done.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    Id(id): Id<i64>,
) -> Result<Answer<Removed>, ApiError> {
    let was_there = state.engine.remove_template(&caller, id).await?;
    let done = Text::new("Template dihapus.", "The template is removed.");
    Removed::answer(was_there, language, done, &id)
}
