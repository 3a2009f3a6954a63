//! `GET /v1/checklist`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    error::ApiError,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals:);

/// The first steps, each done or not.
#[derive(Serialize, ToSchema)]
#[schema(as = Checklist)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step of its own")]
pub(crate) struct ChecklistData {
    /// A device that is no sandbox one is linked.
    device_linked: bool,
    /// A key was used.
    key_used: bool,
    /// A message was taken by its network.
    message_delivered: bool,
    /// A webhook was answered 2xx.
    webhook_answered: bool,
}

/// Read the first steps
///
/// As they really happened.
#[utoipa::path(
    get,
    path = "/v1/checklist",
    tag = "workspace",
    operation_id = "getChecklist",
    responses((status = 200, description = "The steps.", body = Answer<ChecklistData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn checklist(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
) -> Result<Answer<ChecklistData>, ApiError> {
    let list = state.engine.checklist(&caller).await?;
    let data = ChecklistData {
        device_linked: list.device_linked,
        key_used: list.key_used,
        message_delivered: list.message_delivered,
        webhook_answered: list.webhook_answered,
    };
    Ok(Answer::found(language, data))
}
