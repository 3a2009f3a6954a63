//! `POST /v1/meta/templates/sync`

use axum::extract::State;
use cetar_engine::official::{SyncError, Synced};
use cetar_model::DeviceId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::messages::queued,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, NetworkUnavailable,
);

/// Whose templates.
#[derive(ToSchema)]
#[schema(as = SyncTemplates, example = json!({}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct SyncBody {
    /// Of which device. Left out: of the only one on the official WhatsApp that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyncedTemplates {
    /// The device.
    #[schema(value_type = schema::DeviceId)]
    session_id: DeviceId,
    /// How many templates it has.
    #[schema(example = 12)]
    templates: usize,
    /// How many of them can be sent.
    #[schema(example = 11)]
    sendable: usize,
}

fn refused(error: SyncError) -> ApiError {
    match error {
        SyncError::Device(error) => queued::refused(error),
        SyncError::Network(detail) => ApiError::network(&detail),
        SyncError::Store(error) => error.into(),
    }
}

/// Bring in Meta's templates
///
/// Asks Meta for all templates of the number's WhatsApp business account, now. They also come by themselves: every hour, and where Meta
/// tells of a review.
#[utoipa::path(
    post,
    path = "/v1/meta/templates/sync",
    tag = "templates",
    operation_id = "syncOfficialTemplates",
    request_body = SyncBody,
    responses((status = 200, description = "Done.", body = Answer<SyncedTemplates>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn sync(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<SyncedTemplates>, ApiError> {
    let device = parse(&body.fields())?;
    let Synced { device: session_id, templates, sendable } =
        state.engine.sync_templates(&caller, device.as_ref()).await.map_err(refused)?;
    let text = Text::new("Template dari Meta sudah diperbarui.", "Meta's templates are up to date.");
    Ok(Answer::new(language, text, SyncedTemplates { session_id, templates, sendable }))
}

fn parse(fields: &Fields<'_>) -> Result<Option<DeviceId>, ApiError> {
    let device = fields.device("session_id");
    fields.check()?;
    Ok(device)
}
