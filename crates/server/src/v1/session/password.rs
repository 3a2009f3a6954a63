//! `POST /v1/session/password`

use axum::extract::State;
use secrecy::SecretString;
use utoipa::ToSchema;

use super::{
    refusal::{new_password, password as present_password, refused},
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

/// The password there is, and another.
#[derive(ToSchema)]
#[schema(as = ChangePassword)]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct PasswordBody {
    /// The present one.
    #[schema(min_length = 1, max_length = 200, pattern = "\\S")]
    current: String,
    /// The new one, 10 to 200 characters.
    #[schema(min_length = 10, max_length = 200, pattern = "\\S")]
    new: String,
}

fn parse(fields: &Fields<'_>) -> Result<(SecretString, SecretString), ApiError> {
    let (current, new) = (present_password(fields, "current"), new_password(fields, "new"));
    fields.complete(current.zip(new))
}

/// Change your password
///
/// Your other sessions end.
#[utoipa::path(
    post,
    path = "/v1/session/password",
    tag = "session",
    operation_id = "changePassword",
    request_body = PasswordBody,
    responses((status = 200, description = "Changed.", body = Answer<SessionData>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn password(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<SessionData>, ApiError> {
    let (current, new) = parse(&body.fields())?;
    state.engine.change_own_password(&session, current, new).await.map_err(refused)?;
    let text = Text::new(
        "Kata sandi diganti; sesi Anda yang lain sudah berakhir.",
        "The password is changed; your other sessions have ended.",
    );
    Ok(Answer::new(language, text, SessionData::of(&state, &session)))
}
