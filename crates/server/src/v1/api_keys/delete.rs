//! `DELETE /v1/api-keys/{id}`

use axum::extract::State;
use cetar_model::ApiKeyId;

use crate::{
    answer::{Answer, Removed},
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Revoke an API key
///
/// It stops working at once. It stays in the list, as revoked.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    tag = "api-keys",
    operation_id = "revokeApiKey",
    params(("id" = String, Path, description = "The key's id (not the secret).")),
    responses((status = 200, description = "Done.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<ApiKeyId>,
) -> Result<Answer<Removed>, ApiError> {
    let was_there = state.engine.revoke_key(&caller, &id).await?;
    let done = Text::new("API key dicabut.", "The API key is revoked.");
    Removed::answer(was_there, language, done, &id)
}
