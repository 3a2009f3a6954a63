//! `GET /v1/contacts/{id}`

use axum::extract::State;
use cetar_model::ContactId;

use super::view::ContactData;
use crate::{
    answer::Answer,
    auth::{Authorized, Contacts},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a contact
///
/// Somebody on a channel.
#[utoipa::path(
    get,
    path = "/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "getContact",
    params(("id" = String, Path, description = "The contact's id.")),
    responses((status = 200, description = "The contact.", body = Answer<ContactData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Contacts>,
    Spoken(language): Spoken,
    Id(id): Id<ContactId>,
) -> Result<Answer<ContactData>, ApiError> {
    let found = state.engine.contact(&caller, &id).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::found(language, found.into()))
}
