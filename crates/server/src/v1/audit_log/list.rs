//! `GET /v1/audit-log`

use axum::extract::State;
use cetar_model::AuditId;
use cetar_store::AuditEntry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{ListAnswer, Time},
    auth::{Authorized, WholeWorkspace},
    error::ApiError,
    input::{Page, PageParams, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// What somebody did.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryData {
    /// Its id.
    #[schema(value_type = String, example = "aud_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: AuditId,
    actor: ActorData,
    /// The `operationId` of what was done; or `signIn`, `signInRefused`, `acceptInvitation`.
    #[schema(example = "createApiKey")]
    action: String,
    /// To what, by its id.
    #[schema(required, example = "key_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    target: Option<String>,
    /// From which address.
    #[schema(required, example = "203.0.113.7")]
    address: Option<String>,
    /// When.
    at: Time,
    /// What else is worth knowing.
    #[schema(required)]
    detail: Option<String>,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct ActorData {
    /// `user`, `key`, or `operator`: whoever has the machine.
    #[schema(example = "user")]
    kind: String,
    /// The id of the account or key.
    #[schema(required)]
    id: Option<String>,
    /// The account's e-mail or the key's name, as it was then.
    #[schema(example = "budi@contoh.com")]
    name: String,
}

impl From<AuditEntry> for EntryData {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            actor: ActorData { kind: entry.actor_kind, id: entry.actor, name: entry.actor_name },
            action: entry.action,
            target: entry.target,
            address: entry.address,
            at: entry.created_at.into(),
            detail: entry.detail,
        }
    }
}

/// List what was done
///
/// Everything that changed something about the workspace, and who signed in; newest first. What was sent is in the messages.
#[utoipa::path(
    get,
    path = "/v1/audit-log",
    tag = "users",
    operation_id = "listAuditLog",
    params(PageParams),
    responses((status = 200, description = "A page of the log.", body = ListAnswer<EntryData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    page: Page,
) -> Result<ListAnswer<EntryData>, ApiError> {
    let after: Option<AuditId> = page.after()?;
    let entries = state.engine.audit_log(&caller, after.as_ref(), page.to_fetch()).await?;
    Ok(page.of_fetched(entries, |entry| cursor(&entry.id), EntryData::from).into())
}
