//! `PATCH /v1/devices/{id}`

use std::collections::BTreeMap;

use axum::extract::State;
use cetar_engine::devices::DeviceChange;
use cetar_model::DeviceId;
use utoipa::ToSchema;

use super::{
    create::{name, paced},
    refusal::refused,
    view::{DeviceData, show},
};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Id, TextRule},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, NetworkUnavailable);

/// What to change of a device; what is left out stays.
#[derive(ToSchema)]
#[schema(as = DeviceChange, example = json!({"name": "Toko"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct DeviceChangeBody {
    /// What you call it, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S", nullable, required = false)]
    name: Option<String>,
    /// Whether it keeps to its network's pace. When it is turned off, what waited for its turn goes out at once; on WhatsApp that costs
    /// accounts.
    #[schema(value_type = Option<schema::PaceMode>, nullable, required = false)]
    pace: Option<String>,
    /// Settings that take the place of those of the same names; the others stay. They must be of the same account.
    #[schema(nullable, required = false)]
    settings: Option<BTreeMap<String, String>>,
}

fn parse(fields: &Fields<'_>) -> Result<DeviceChange, ApiError> {
    let (name, paced) = (name(fields), paced(fields));
    let settings = fields.object("settings").texts(TextRule::upto(8192)).into_iter().collect();
    fields.check()?;
    Ok(DeviceChange { name, paced, settings })
}

/// Change a device
///
/// Its name, its pace, or its settings: a token that was renewed is given like this. New settings are tried before they are kept, and take effect at
/// once; a device that was logged out because of its old token connects again, and what waits for it is sent.
#[utoipa::path(
    patch,
    path = "/v1/devices/{id}",
    tag = "devices",
    operation_id = "updateDevice",
    params(("id" = String, Path, description = "The device's id.")),
    request_body = DeviceChangeBody,
    responses((status = 200, description = "Changed; the device as it is now.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
    body: Body,
) -> Result<Answer<DeviceData>, ApiError> {
    let change = parse(&body.fields())?;
    let changed = state.engine.change_device(&caller, &id, change).await;
    changed.map_err(|error| refused(error, Some(&id), "settings."))?;
    let text = Text::new("Device diubah.", "The device is changed.");
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
