//! `PATCH /v1/workspace`

use axum::extract::State;
use cetar_store::WorkspaceChange;
use utoipa::ToSchema;

use super::read::WorkspaceData;
use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Problem, TextRule, time_zone, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// What to change of the workspace; what is left out stays.
#[derive(ToSchema)]
#[schema(as = WorkspaceChange, example = json!({"name": "Toko", "time_zone": "Asia/Makassar"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct WorkspaceChangeBody {
    /// Its name, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S", nullable, required = false)]
    name: Option<String>,
    /// The language of texts nobody asked for in another: webhooks, events.
    #[schema(value_type = Option<schema::Language>, required = false)]
    language: Option<String>,
    /// The zone in which its people are shown times, by its name in the IANA's database.
    #[schema(min_length = 1, max_length = 64, example = "Asia/Makassar", nullable, required = false)]
    time_zone: Option<String>,
}

fn parse(fields: &Fields<'_>) -> Result<WorkspaceChange, ApiError> {
    let name = fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned());
    let language =
        fields.parsed("language", || Problem::Unknown { allowed: words(cetar_model::Language::ALL) });
    let time_zone = time_zone(fields, "time_zone");
    fields.check()?;
    Ok(WorkspaceChange { name, language, time_zone })
}

/// Change the workspace
///
/// The name, the language and the time zone of the workspace that the caller belongs to.
#[utoipa::path(
    patch,
    path = "/v1/workspace",
    tag = "workspace",
    operation_id = "updateWorkspace",
    request_body = WorkspaceChangeBody,
    responses((status = 200, description = "Changed; the workspace as it is now.", body = Answer<WorkspaceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<WorkspaceData>, ApiError> {
    let change = parse(&body.fields())?;
    let changed = state.engine.change_workspace(&caller, change).await?;
    let changed = changed.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(language, Text::new("Workspace diubah.", "The workspace is changed."), changed.into()))
}
