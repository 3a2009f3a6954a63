//! `DELETE /v1/session/totp`

use axum::extract::State;
use secrecy::SecretString;
use utoipa::ToSchema;

use super::{
    refusal::{password, refused},
    view::SessionData,
};
use crate::{
    answer::Answer,
    auth::SignedIn,
    error::{ApiError, Text},
    input::{Body, Fields},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, WrongCredentials, SignInLimited);

/// Proof that it is you.
#[derive(ToSchema)]
#[schema(as = EndTotp)]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct EndBody {
    /// Your password.
    #[schema(min_length = 1, max_length = 200, pattern = "\\S")]
    password: String,
}

fn parse(fields: &Fields<'_>) -> Result<SecretString, ApiError> {
    let given = password(fields, "password");
    fields.complete(given)
}

/// Switch the second factor off
///
/// Takes the password.
#[utoipa::path(
    delete,
    path = "/v1/session/totp",
    tag = "session",
    operation_id = "endTotp",
    request_body = EndBody,
    responses((status = 200, description = "Switched off; the session as it was.", body = Answer<SessionData>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn end_totp(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<SessionData>, ApiError> {
    let given = parse(&body.fields())?;
    state.engine.end_totp(&session, given).await.map_err(refused)?;
    let text = Text::new("Kode dua langkah dimatikan.", "The second factor is off.");
    Ok(Answer::new(language, text, SessionData::of(&state, &session)))
}
