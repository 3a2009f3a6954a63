//! `GET /v1/conversations/{id}/messages`

use axum::extract::State;
use cetar_model::ConversationId;

use super::view::MessageData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode},
    input::{Id, Page, PageParams, cursor},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed, NotFound);

/// List a conversation's messages
///
/// Newest first, both ways.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/messages",
    tag = "conversations",
    operation_id = "listConversationMessages",
    params(("id" = String, Path, description = "The conversation's id."), PageParams),
    responses((status = 200, description = "A page of messages.", body = ListAnswer<MessageData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn messages(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
    page: Page,
) -> Result<ListAnswer<MessageData>, ApiError> {
    let before: Option<i64> = page.after()?;
    let found = state.engine.conversation_messages(&caller, &id, before, page.to_fetch()).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let show = |message| MessageData::of(message, &state.engine, language);
    Ok(page.of_fetched(found, |message| cursor(&message.sequence), show).into())
}
