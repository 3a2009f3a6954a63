//! `POST /v1/session`

use axum::{extract::State, response::IntoResponse};
use cetar_engine::sign_in::SignIn;
use secrecy::SecretString;
use utoipa::ToSchema;

use super::{
    refusal::{password, refused},
    view::{SessionData, cookie},
};
use crate::{
    answer::Answer,
    auth::OwnPage,
    context::Context,
    error::{ApiError, Text},
    input::{Body, Fields, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, WrongCredentials, TotpRequired, SignInLimited, OutcomeUnknown,
);

/// What somebody signs in with.
#[derive(ToSchema)]
#[schema(as = SignIn, example = json!({"email": "owner@localhost", "password": "abcde-fghij-kmnpq-rstuv"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct SignInBody {
    /// The e-mail; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 254, pattern = "\\S")]
    email: String,
    /// The password.
    #[schema(min_length = 1, max_length = 200, pattern = "\\S")]
    password: String,
    /// With a second factor: the six digits of the app, or a recovery code.
    #[schema(nullable, required = false, max_length = 40)]
    code: Option<String>,
}

fn parse(fields: &Fields<'_>) -> Result<(String, SecretString, Option<String>), ApiError> {
    fields.require("email");
    let email = fields.text("email", TextRule::upto(254)).map(str::to_owned);
    let password = password(fields, "password");
    let code = fields.text("code", TextRule::any(40)).filter(|code| !code.trim().is_empty());
    let (email, password) = fields.complete(email.zip(password))?;
    Ok((email, password, code.map(str::to_owned)))
}

/// Sign in
///
/// Sets the cookie `cetar_session`: for this site alone, out of reach of scripts. It ends after 12 hours without use, and after 30 days.
/// Requests that change something carry the answer's `csrf_token` in `X-CSRF-Token`. Tries are limited by name and by address.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "session",
    operation_id = "createSession",
    request_body = SignInBody,
    responses((status = 200, description = "Signed in.", body = Answer<SessionData>), Refusals),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    _own: OwnPage,
    context: Context,
    Spoken(language): Spoken,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let (email, password, code) = parse(&body.fields())?;
    let from = context.client()?.ip;
    let signed_in = state.engine.sign_in(SignIn { email, password, code, from }).await.map_err(refused)?;
    let (caller, token) = signed_in;
    let session = caller.session.ok_or_else(|| ApiError::internal("a session without a session"))?;
    let text = Text::new("Selamat datang.", "Welcome.");
    let answer = Answer::new(language, text, SessionData::of(&state, &session));
    Ok((cookie(&state, &context, Some(&token)), answer))
}
