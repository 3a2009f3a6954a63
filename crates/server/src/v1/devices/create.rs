//! `POST /v1/devices`

use std::collections::BTreeMap;

use axum::extract::State;
use cetar_engine::devices::NewDevice;
use cetar_model::PaceMode;
use utoipa::ToSchema;

use super::{refusal::refused, view::DeviceData};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Problem, TextRule, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, AccountInUse, NetworkUnavailable, OutcomeUnknown,
);

/// A device to add.
#[derive(ToSchema)]
#[schema(as = NewDevice, example = json!({"channel": "whatsapp", "name": "Toko"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewDeviceBody {
    /// On which channel.
    #[schema(value_type = schema::Channel, required = true)]
    channel: String,
    /// What you call it, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S")]
    name: String,
    /// Simulated: reaches simulated people only, needs no linking.
    #[schema(default = false, nullable, required = false)]
    sandbox: Option<bool>,
    /// Whether it keeps to its network's pace; left out, it does where the network has one. Sandbox devices have none.
    #[schema(value_type = Option<schema::PaceMode>, nullable, required = false)]
    pace: Option<String>,
    /// What the channel needs: tokens and ids, as strings. Kept sealed, never shown again. WhatsApp and sandbox devices need none.
    #[schema(nullable, required = false)]
    settings: Option<BTreeMap<String, String>>,
}

/// What its owner calls it.
pub(super) fn name(fields: &Fields<'_>) -> Option<String> {
    fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned())
}

/// Whether it is to keep to its network's pace.
pub(super) fn paced(fields: &Fields<'_>) -> Option<bool> {
    let mode = fields.parsed("pace", || Problem::Unknown { allowed: words(PaceMode::ALL) });
    mode.map(|mode: PaceMode| mode == PaceMode::On)
}

fn parse(fields: &Fields<'_>) -> Result<NewDevice, ApiError> {
    fields.require("channel");
    let channel = fields.channel("channel");
    fields.require("name");
    let name = name(fields);
    let sandbox = fields.flag("sandbox").unwrap_or(false);
    let paced = paced(fields);
    let settings = fields.object("settings").texts(TextRule::upto(8192)).into_iter().collect();
    let (channel, name) = fields.complete(channel.zip(name))?;
    Ok(NewDevice { channel, name, sandbox, paced, settings })
}

/// Add a device
///
/// A WhatsApp device is linked afterwards with `POST /v1/devices/{id}/link`; a sandbox device is connected at once.
#[utoipa::path(
    post,
    path = "/v1/devices",
    tag = "devices",
    operation_id = "createDevice",
    request_body = NewDeviceBody,
    responses((status = 200, description = "Added.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<DeviceData>, ApiError> {
    let device = parse(&body.fields())?;
    let device =
        state.engine.add_device(&caller, device).await.map_err(|error| refused(error, None, "settings."))?;
    let text = Text::new("Device ditambahkan.", "The device is added.");
    let pace = state.engine.pace_of(&device).await?;
    Ok(Answer::new(language, text, DeviceData::of(device, pace, language)))
}
