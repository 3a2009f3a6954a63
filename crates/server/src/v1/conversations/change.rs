//! What the acts on a conversation have in common: it is done, and the answer is the conversation as it is then.

use cetar_engine::auth::Caller;
use cetar_model::{ConversationId, Language};
use cetar_store::ConversationChange;

use super::view::ConversationData;
use crate::{
    answer::Answer,
    error::{ApiError, ErrorCode, Text},
    state::AppState,
};

/// Does it; `done` says what was done.
pub(super) async fn change(
    state: &AppState,
    caller: &Caller,
    language: Language,
    id: &ConversationId,
    change: ConversationChange,
    done: Text,
) -> Result<Answer<ConversationData>, ApiError> {
    let changed = state.engine.change_conversation(caller, id, change).await?;
    let changed = changed.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(language, done, changed.into()))
}
