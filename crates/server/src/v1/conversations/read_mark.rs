//! `POST /v1/conversations/{id}/read`

use axum::extract::State;
use cetar_model::ConversationId;
use cetar_store::ConversationChange;

use super::{change::change, view::ConversationData};
use crate::{
    answer::Answer,
    auth::{Authorized, Inbox},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Mark a conversation as read
///
/// Nothing in it is unread any more, for everybody. The other side is told nothing.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/read",
    tag = "conversations",
    operation_id = "markConversationRead",
    params(("id" = String, Path, description = "The conversation's id.")),
    responses((status = 200, description = "Done; the conversation as it is now.", body = Answer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read_mark(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
) -> Result<Answer<ConversationData>, ApiError> {
    let done = Text::new("Ditandai sudah dibaca.", "Marked as read.");
    change(&state, &caller, language, &id, ConversationChange::Read, done).await
}
