//! `POST /v1/conversations/{id}/notes`

use axum::extract::State;
use cetar_model::ConversationId;
use utoipa::ToSchema;

use super::view::NoteData;
use crate::{
    answer::Answer,
    auth::{Authorized, Inbox},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, OutcomeUnknown);

/// What to note.
#[derive(ToSchema)]
#[schema(as = NewNote, example = json!({"text": "Minta diskon 10%"}))]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct NoteBody {
    /// The note, up to 4000 characters.
    #[schema(min_length = 1, max_length = 4000, pattern = "\\S")]
    text: String,
}

fn parse(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.require("text");
    let text = fields.text("text", TextRule::upto(4000)).map(str::to_owned);
    fields.complete(text)
}

/// Note something beside a conversation
///
/// For colleagues; the other side never sees it.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/notes",
    tag = "conversations",
    operation_id = "createNote",
    params(("id" = String, Path, description = "The conversation's id.")),
    request_body = NoteBody,
    responses((status = 200, description = "Noted.", body = Answer<NoteData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn note(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    Spoken(language): Spoken,
    Id(id): Id<ConversationId>,
    body: Body,
) -> Result<Answer<NoteData>, ApiError> {
    let text = parse(&body.fields())?;
    let note = state.engine.add_note(&caller, &id, text).await?;
    let note = note.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(language, Text::new("Catatan disimpan.", "The note is saved."), note.into()))
}
