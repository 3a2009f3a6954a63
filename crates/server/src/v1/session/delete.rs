//! `DELETE /v1/session`

use axum::{extract::State, response::IntoResponse};

use super::view::{SessionData, cookie};
use crate::{
    answer::Answer,
    auth::SignedIn,
    context::Context,
    error::{ApiError, Text},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals:);

/// Sign out
///
/// The session holds no more, whoever may have copied its cookie.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "session",
    operation_id = "deleteSession",
    responses((status = 200, description = "Signed out; the session as it was.", body = Answer<SessionData>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    context: Context,
    Spoken(language): Spoken,
) -> Result<impl IntoResponse, ApiError> {
    state.engine.sign_out(&session).await?;
    let text = Text::new("Anda sudah keluar.", "You are signed out.");
    let answer = Answer::new(language, text, SessionData::of(&state, &session));
    Ok((cookie(&state, &context, None), answer))
}
