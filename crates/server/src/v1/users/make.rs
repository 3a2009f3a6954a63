//! `POST /v1/users/with-password`, for the machine's operator.

use axum::extract::State;

use super::{
    refusal::refused,
    view::{NewUserBody, UserWithPassword, parse},
};
use crate::{
    answer::Answer,
    auth::{Accounts, Authorized, Operator},
    error::{ApiError, Text},
    input::Body,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing);

/// Make a dashboard account
///
/// With a random password, shown this once.
#[utoipa::path(
    post,
    path = "/v1/users/with-password",
    tag = "users",
    operation_id = "makeUser",
    request_body = NewUserBody,
    responses((status = 200, description = "Made.", body = Answer<UserWithPassword>), Refusals),
)]
pub(crate) async fn make(
    State(state): State<AppState>,
    _operator: Operator,
    Authorized { caller, .. }: Authorized<Accounts>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<UserWithPassword>, ApiError> {
    let (email, role) = parse(&body.fields())?;
    let made = state.engine.make_user(&caller, &email, role).await.map_err(refused)?;
    let text = Text::new(
        "Akun dibuat. Salin kata sandinya sekarang; tidak ditampilkan lagi.",
        "The account is made. Copy its password now; it is not shown again.",
    );
    Ok(Answer::new(language, text, UserWithPassword::of(made)))
}
