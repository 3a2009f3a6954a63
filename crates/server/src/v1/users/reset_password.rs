//! `POST /v1/users/reset-password`, for the machine's operator.

use axum::extract::State;
use utoipa::ToSchema;

use super::{
    refusal::refused,
    view::{UserWithPassword, email},
};
use crate::{
    answer::Answer,
    auth::{Accounts, Authorized, Operator},
    error::{ApiError, Text},
    input::{Body, Fields},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// Whose password.
#[derive(ToSchema)]
#[schema(as = ResetPassword)]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct ResetBody {
    /// The e-mail of the account.
    email: String,
}

fn parse(fields: &Fields<'_>) -> Result<String, ApiError> {
    let email = email(fields);
    fields.check()?;
    Ok(email.unwrap_or_default())
}

/// Reset a password
///
/// To a random one, shown this once. Sessions and second factor of the account end.
#[utoipa::path(
    post,
    path = "/v1/users/reset-password",
    tag = "users",
    operation_id = "resetPassword",
    request_body = ResetBody,
    responses((status = 200, description = "Reset.", body = Answer<UserWithPassword>), Refusals),
)]
pub(crate) async fn reset_password(
    State(state): State<AppState>,
    _operator: Operator,
    Authorized { caller, .. }: Authorized<Accounts>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<UserWithPassword>, ApiError> {
    let email = parse(&body.fields())?;
    let reset = state.engine.reset_password(&caller, &email).await.map_err(refused)?;
    let text = Text::new(
        "Kata sandi diatur ulang. Salin sekarang; tidak ditampilkan lagi.",
        "The password is reset. Copy it now; it is not shown again.",
    );
    Ok(Answer::new(language, text, UserWithPassword::of(reset)))
}
