//! `GET /v1/conversations/{id}/notes`

use axum::extract::State;
use cetar_model::{ConversationId, NoteId};

use super::view::NoteData;
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode},
    input::{Id, Page, PageParams, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed, NotFound);

/// List a conversation's notes
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/notes",
    tag = "conversations",
    operation_id = "listNotes",
    params(("id" = String, Path, description = "The conversation's id."), PageParams),
    responses((status = 200, description = "A page of notes.", body = ListAnswer<NoteData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn notes(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Id(id): Id<ConversationId>,
    page: Page,
) -> Result<ListAnswer<NoteData>, ApiError> {
    let before: Option<NoteId> = page.after()?;
    let found = state.engine.notes(&caller, &id, before.as_ref(), page.to_fetch()).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(page.of_fetched(found, |note| cursor(&note.id), NoteData::from).into())
}
