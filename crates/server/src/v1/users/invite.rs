//! `POST /v1/users/{id}/invite`

use axum::{extract::State, http::HeaderMap};
use cetar_model::UserId;

use super::{refusal::refused, view::InvitedUser};
use crate::{
    answer::Answer,
    auth::{Accounts, Authorized},
    context::Context,
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, NotInvited, OutcomeUnknown);

/// Make a new invitation link
///
/// For somebody who has not come yet. The link of before ends.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/invite",
    tag = "users",
    operation_id = "inviteUserAgain",
    params(("id" = String, Path, description = "The account's id.")),
    responses((status = 200, description = "Made.", body = Answer<InvitedUser>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn invite(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Accounts>,
    context: Context,
    Spoken(language): Spoken,
    Id(id): Id<UserId>,
    headers: HeaderMap,
) -> Result<Answer<InvitedUser>, ApiError> {
    let invited = state.engine.invite_again(&caller, &id).await.map_err(refused)?;
    let text = Text::new(
        "Tautan baru dibuat; yang lama tidak berlaku lagi.",
        "A new link is made; the old one has ended.",
    );
    Ok(Answer::new(language, text, InvitedUser::of(invited, &state, &context, &headers)))
}
