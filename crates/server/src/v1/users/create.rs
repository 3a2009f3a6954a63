//! `POST /v1/users`

use axum::{extract::State, http::HeaderMap};

use super::{
    refusal::refused,
    view::{InvitedUser, NewUserBody, parse},
};
use crate::{
    answer::Answer,
    auth::{Accounts, Authorized},
    context::Context,
    error::{ApiError, Text},
    input::Body,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, OutcomeUnknown);

/// Invite somebody
///
/// The answer has a link to send to them, by which they choose a name and a password; it is good for seven days. Only owners make owners.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    operation_id = "inviteUser",
    request_body = NewUserBody,
    responses((status = 200, description = "Invited.", body = Answer<InvitedUser>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Accounts>,
    context: Context,
    Spoken(language): Spoken,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<InvitedUser>, ApiError> {
    let (email, role) = parse(&body.fields())?;
    let invited = state.engine.invite_user(&caller, &email, role).await.map_err(refused)?;
    let text = Text::new(
        "Undangan dibuat. Kirim tautannya sekarang; tidak ditampilkan lagi.",
        "The invitation is made. Send its link now; it is not shown again.",
    );
    Ok(Answer::new(language, text, InvitedUser::of(invited, &state, &context, &headers)))
}
