//! `GET /v1/invitations/{token}`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer, context::Context, error::ApiError, input::Id, language::Spoken, openapi::refusals,
    state::AppState, v1::users::refusal::refused,
};

refusals!(Refusals: NotFound, InvitationEnded, SignInLimited);

/// Who is invited, and to where.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// The e-mail to sign in with.
    #[schema(example = "budi@contoh.com")]
    email: String,
    /// The name of the workspace.
    #[schema(example = "Toko")]
    workspace: String,
}

/// Read an invitation
///
/// Needs nothing but the token of the link.
#[utoipa::path(
    get,
    path = "/v1/invitations/{token}",
    tag = "session",
    operation_id = "getInvitation",
    params(("token" = String, Path, description = "What the link ends with.")),
    responses((status = 200, description = "The invitation.", body = Answer<Invitation>), Refusals),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    context: Context,
    Spoken(language): Spoken,
    Id(token): Id<String>,
) -> Result<Answer<Invitation>, ApiError> {
    let from = context.client()?.ip;
    let (user, workspace) = state.engine.invitation_of(&token, from).await.map_err(refused)?;
    Ok(Answer::found(language, Invitation { email: user.email, workspace: workspace.name }))
}
