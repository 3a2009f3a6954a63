//! `POST /v1/conversations/{id}/assign`

use axum::extract::State;
use cetar_model::{ConversationId, UserId};
use cetar_store::ConversationChange;
use utoipa::ToSchema;

use super::view::ConversationData;
use crate::{
    answer::Answer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, Problem},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// To whom.
#[derive(ToSchema)]
#[schema(as = AssignConversation, example = json!({"user_id": null}))]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct AssignBody {
    /// The id of an account; `null`: to nobody.
    #[schema(nullable, required = false, pattern = "^usr_[0-9a-f]{32}$")]
    user_id: Option<String>,
}

fn parse(fields: &Fields<'_>) -> Result<Option<UserId>, ApiError> {
    let user = fields.parsed("user_id", || Problem::Id { prefix: UserId::PREFIX });
    fields.check()?;
    Ok(user)
}

/// Assign a conversation
///
/// To somebody of the workspace, or to nobody.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/assign",
    tag = "conversations",
    operation_id = "assignConversation",
    params(("id" = String, Path, description = "The conversation's id.")),
    request_body = AssignBody,
    responses((status = 200, description = "Done; the conversation as it is now.", body = Answer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn assign(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
    body: Body,
) -> Result<Answer<ConversationData>, ApiError> {
    let to = parse(&body.fields())?;
    if state.engine.conversation(&caller, &id).await?.is_none() {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    let changed = state.engine.change_conversation(&caller, &id, ConversationChange::Assign(to)).await?;
    let changed = changed.ok_or_else(|| ApiError::field("user_id", Problem::NoSuchUser))?;
    Ok(Answer::new(language, Text::new("Tersimpan.", "Saved."), changed.into()))
}
