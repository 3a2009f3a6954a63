//! `DELETE /v1/blocked-ips/{id}`

use axum::extract::State;
use cetar_model::BlockId;

use crate::{
    answer::{Answer, Removed},
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Unblock addresses
///
/// They are let in again within a second.
#[utoipa::path(
    delete,
    path = "/v1/blocked-ips/{id}",
    tag = "users",
    operation_id = "unblockIp",
    params(("id" = String, Path, description = "The range's id.")),
    responses((status = 200, description = "Unblocked.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    Id(id): Id<BlockId>,
) -> Result<Answer<Removed>, ApiError> {
    let was_there = state.engine.unblock_range(&caller, &id).await?;
    let done = Text::new("Blokir dibuka.", "The range is let in again.");
    Removed::answer(was_there, language, done, &id)
}
