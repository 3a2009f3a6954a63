//! `POST /v1/conversations/{id}/resolve`

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

/// Resolve a conversation
///
/// It is done, until the other side writes again.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/resolve",
    tag = "conversations",
    operation_id = "resolveConversation",
    params(("id" = String, Path, description = "The conversation's id.")),
    responses((status = 200, description = "Done; the conversation as it is now.", body = Answer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn resolve(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
) -> Result<Answer<ConversationData>, ApiError> {
    let done = Text::new("Percakapan selesai.", "The conversation is resolved.");
    change(&state, &caller, language, &id, ConversationChange::Resolve, done).await
}
