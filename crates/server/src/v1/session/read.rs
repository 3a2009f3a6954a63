//! `GET /v1/session`

use axum::extract::State;

use super::view::SessionData;
use crate::{
    answer::Answer, auth::SignedIn, error::ApiError, language::Spoken, openapi::refusals, state::AppState,
};

refusals!(Refusals:);

/// Read the session
///
/// Who is signed in, and what they may do.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "session",
    operation_id = "getSession",
    responses((status = 200, description = "The session.", body = Answer<SessionData>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
) -> Result<Answer<SessionData>, ApiError> {
    Ok(Answer::found(language, SessionData::of(&state, &session)))
}
