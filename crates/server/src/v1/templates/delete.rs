//! `DELETE /v1/templates/{id}`

use axum::extract::State;

use crate::{
    answer::{Answer, Removed},
    auth::{Admin, Authorized},
    error::{ApiError, ErrorCode, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

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
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<i64>,
) -> Result<Answer<Removed>, ApiError> {
    if !state.engine.remove_template(&caller, id).await? {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    Ok(Answer::new(language, Text::new("Template dihapus.", "The template is removed."), Removed::of(&id)))
}
