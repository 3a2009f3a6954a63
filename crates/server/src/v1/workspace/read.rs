//! `GET /v1/workspace`

use cetar_model::{Language, WorkspaceId};
use cetar_store::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Time},
    auth::{Admin, Authorized},
    error::ApiError,
    language::Spoken,
    openapi::{refusals, schema},
};

refusals!(Refusals:);

/// A tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(in crate::v1) struct WorkspaceData {
    /// Its id.
    #[schema(value_type = String, example = "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: WorkspaceId,
    /// Its name.
    #[schema(example = "Toko")]
    name: String,
    /// The language of texts nobody asked for in another: webhooks, events.
    #[schema(value_type = schema::Language)]
    language: Language,
    /// The zone in which its people are shown times, by its name in the IANA's database.
    #[schema(example = "Asia/Jakarta")]
    time_zone: String,
    /// When it was made.
    created_at: Time,
}

impl From<Workspace> for WorkspaceData {
    fn from(Workspace { id, name, plan: _, language, time_zone, created_at }: Workspace) -> Self {
        Self { id, name, language, time_zone, created_at: created_at.into() }
    }
}

/// Read the workspace
///
/// The workspace that the key belongs to.
#[utoipa::path(
    get,
    path = "/v1/workspace",
    tag = "workspace",
    operation_id = "getWorkspace",
    responses((status = 200, description = "The workspace.", body = Answer<WorkspaceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
) -> Result<Answer<WorkspaceData>, ApiError> {
    Ok(Answer::found(language, caller.workspace.into()))
}
