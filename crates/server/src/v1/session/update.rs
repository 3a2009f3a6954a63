//! `PATCH /v1/session`

use axum::extract::State;
use cetar_model::Language;
use utoipa::ToSchema;

use super::view::SessionData;
use crate::{
    answer::Answer,
    auth::SignedIn,
    error::{ApiError, Text},
    input::{Body, Fields, Problem, TextRule, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge);

/// What to change; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ChangeSession)]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct ChangeBody {
    /// What you are called, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S", nullable, required = false)]
    name: Option<String>,
    /// The language of your dashboard.
    #[schema(value_type = Option<schema::Language>, required = false)]
    language: Option<String>,
}

fn parse(fields: &Fields<'_>) -> Result<(Option<String>, Option<Language>), ApiError> {
    let name = fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned());
    let language = fields.parsed("language", || Problem::Unknown { allowed: words(Language::ALL) });
    fields.check()?;
    Ok((name, language))
}

/// Change your name or language
///
/// Of the one who is signed in.
#[utoipa::path(
    patch,
    path = "/v1/session",
    tag = "session",
    operation_id = "updateSession",
    request_body = ChangeBody,
    responses((status = 200, description = "Changed.", body = Answer<SessionData>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<SessionData>, ApiError> {
    let (name, wanted) = parse(&body.fields())?;
    let session = state.engine.change_own(&session, name, wanted).await?;
    Ok(Answer::new(language, Text::new("Tersimpan.", "Saved."), SessionData::of(&state, &session)))
}
