//! `PATCH /v1/users/{id}`

use axum::extract::State;
use cetar_model::{Role, UserId};
use utoipa::ToSchema;

use super::{refusal::refused, view::UserData};
use crate::{
    answer::Answer,
    auth::{Accounts, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Id, Problem, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, LastOwner);

/// What to change; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ChangeUser, example = json!({"role": "admin"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct ChangeBody {
    /// What it may do.
    #[schema(value_type = Option<schema::Role>, required = false)]
    role: Option<String>,
    /// May not sign in; its sessions end.
    #[schema(nullable, required = false)]
    disabled: Option<bool>,
}

fn parse(fields: &Fields<'_>) -> Result<(Option<Role>, Option<bool>), ApiError> {
    let role = fields.parsed("role", || Problem::Unknown { allowed: words(Role::ALL) });
    let disabled = fields.flag("disabled");
    fields.check()?;
    Ok((role, disabled))
}

/// Change a dashboard account
///
/// Takes effect within a second, also where the person is signed in. Only owners change owners, and the last one stays one.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    tag = "users",
    operation_id = "updateUser",
    params(("id" = String, Path, description = "The account's id.")),
    request_body = ChangeBody,
    responses((status = 200, description = "Changed.", body = Answer<UserData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Accounts>,
    Spoken(language): Spoken,
    Id(id): Id<UserId>,
    body: Body,
) -> Result<Answer<UserData>, ApiError> {
    let (role, disabled) = parse(&body.fields())?;
    let user = state.engine.change_user(&caller, &id, role, disabled).await.map_err(refused)?;
    Ok(Answer::new(language, Text::new("Akun diubah.", "The account is changed."), user.into()))
}
