//! `POST /v1/invitations/{token}`

use axum::{extract::State, response::IntoResponse};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::OwnPage,
    context::Context,
    error::{ApiError, Text},
    input::{Body, Fields, Id, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
    v1::{
        session::{
            new_password,
            view::{SessionData, cookie},
        },
        users::refusal::refused,
    },
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, NotFound, InvitationEnded, SignInLimited, OutcomeUnknown,
);

/// What the invited one chooses.
#[derive(ToSchema)]
#[schema(as = AcceptInvitation, example = json!({"name": "Budi", "password": "kata sandi yang panjang"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct AcceptBody {
    /// What you are called, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S")]
    name: String,
    /// A password, 10 to 200 characters.
    #[schema(min_length = 10, max_length = 200, pattern = "\\S")]
    password: String,
}

fn parse(fields: &Fields<'_>) -> Result<(String, secrecy::SecretString), ApiError> {
    fields.require("name");
    let name = fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned());
    let password = new_password(fields, "password");
    fields.complete(name.zip(password))
}

/// Accept an invitation
///
/// Signs in at once, as `POST /v1/session` does. The link is used up.
#[utoipa::path(
    post,
    path = "/v1/invitations/{token}",
    tag = "session",
    operation_id = "acceptInvitation",
    params(("token" = String, Path, description = "What the link ends with.")),
    request_body = AcceptBody,
    responses((status = 200, description = "Signed in.", body = Answer<SessionData>), Refusals),
)]
pub(crate) async fn accept(
    State(state): State<AppState>,
    _own: OwnPage,
    context: Context,
    Spoken(language): Spoken,
    Id(token): Id<String>,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let (name, password) = parse(&body.fields())?;
    let from = context.client()?.ip;
    let (caller, cookie_token) =
        state.engine.accept_invitation(&token, name, password, from).await.map_err(refused)?;
    let session = caller.session.ok_or_else(|| ApiError::internal("a session without a session"))?;
    let answer =
        Answer::new(language, Text::new("Selamat datang.", "Welcome."), SessionData::of(&state, &session));
    Ok((cookie(&state, &context, Some(&cookie_token)), answer))
}
