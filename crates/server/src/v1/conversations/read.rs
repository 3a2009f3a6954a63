//! `GET /v1/conversations/{id}`

use axum::extract::State;
use cetar_model::ConversationId;

use super::view::ConversationData;
use crate::{
    answer::Answer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a conversation
///
/// As it stands in the list.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}",
    tag = "conversations",
    operation_id = "getConversation",
    params(("id" = String, Path, description = "The conversation's id.")),
    responses((status = 200, description = "The conversation.", body = Answer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
) -> Result<Answer<ConversationData>, ApiError> {
    let found = state.engine.conversation(&caller, &id).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::found(language, found.into()))
}
