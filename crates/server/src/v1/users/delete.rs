//! `DELETE /v1/users/{id}`

use axum::extract::State;
use cetar_model::UserId;

use super::refusal::refused;
use crate::{
    answer::{Answer, Removed},
    auth::{Accounts, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, LastOwner, OutcomeUnknown);

/// Remove a dashboard account
///
/// Its sessions end. The audit log keeps its e-mail.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    tag = "users",
    operation_id = "deleteUser",
    params(("id" = String, Path, description = "The account's id.")),
    responses((status = 200, description = "Removed.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Accounts>,
    Spoken(language): Spoken,
    Id(id): Id<UserId>,
) -> Result<Answer<Removed>, ApiError> {
    state.engine.remove_user(&caller, &id).await.map_err(refused)?;
    Ok(Answer::new(language, Text::new("Akun dihapus.", "The account is removed."), Removed::of(&id)))
}
