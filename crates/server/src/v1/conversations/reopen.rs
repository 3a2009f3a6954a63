//! `POST /v1/conversations/{id}/reopen`

use axum::extract::State;
use cetar_model::ConversationId;
use cetar_store::ConversationChange;

use super::view::ConversationData;
use crate::{
    answer::Answer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Reopen a conversation
///
/// It is not done after all.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/reopen",
    tag = "conversations",
    operation_id = "reopenConversation",
    params(("id" = String, Path, description = "The conversation's id.")),
    responses((status = 200, description = "Done; the conversation as it is now.", body = Answer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn reopen(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
) -> Result<Answer<ConversationData>, ApiError> {
    let changed = state.engine.change_conversation(&caller, &id, ConversationChange::Reopen).await?;
    let changed = changed.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(
        language,
        Text::new("Percakapan dibuka lagi.", "The conversation is open again."),
        changed.into(),
    ))
}
