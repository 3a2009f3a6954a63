//! A device as the API shows it.

use cetar_engine::auth::Caller;
use cetar_model::{Channel, DeviceId, DeviceState, DownReason, Language, NextAction};
use cetar_store::Device;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Time,
    error::{ApiError, ErrorCode},
    openapi::schema,
    state::AppState,
};

/// A linked account, with how it is and how we know.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceData {
    /// Its id: the `session_id` of sends and events.
    #[schema(value_type = String, example = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: DeviceId,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// What its owner calls it.
    #[schema(example = "Toko")]
    name: String,
    /// Simulated: for `sk_test_` keys.
    sandbox: bool,
    /// Its own address on the network, once linked: a phone number.
    #[schema(required, example = "6281234567890")]
    address: Option<String>,
    /// How it is. `connected` means that a round trip was seen lately.
    #[schema(value_type = schema::DeviceState)]
    state: DeviceState,
    /// Why, where the state alone does not say.
    #[schema(value_type = Option<schema::DownReason>, required)]
    reason: Option<DownReason>,
    /// What a person should do about it.
    #[schema(value_type = Option<schema::NextAction>, required)]
    next_action: Option<NextAction>,
    /// The same in words.
    #[schema(required, example = json!(null))]
    message: Option<&'static str>,
    /// When a restriction ends, if known.
    #[schema(required)]
    until: Option<Time>,
    /// When the network last sent anything.
    #[schema(required)]
    last_frame_at: Option<Time>,
    /// When the network last answered something we sent.
    #[schema(required)]
    last_ack_at: Option<Time>,
    /// Its operator stopped it; its messages wait.
    paused: bool,
    /// When it was linked last.
    #[schema(required)]
    linked_at: Option<Time>,
    /// When it was added.
    created_at: Time,
}

impl DeviceData {
    pub(super) fn of(device: Device, language: Language) -> Self {
        let Device {
            id,
            workspace: _,
            channel,
            name,
            sandbox,
            address,
            health,
            paused,
            linked_at,
            created_at,
        } = device;
        // The one state that needs a person and has no reason.
        let unlinked = health.state == DeviceState::Unlinked;
        let never_linked = language
            .pick("Belum ditautkan. Tautkan dengan QR atau kode.", "Not linked yet. Link it by QR or code.");
        Self {
            id,
            channel,
            name,
            sandbox,
            address,
            state: health.state,
            reason: health.reason,
            next_action: health
                .reason
                .map(DownReason::next_action)
                .or(unlinked.then_some(NextAction::LinkAgain)),
            message: health
                .reason
                .map(|reason| reason.message(language))
                .or(unlinked.then_some(never_linked)),
            until: health.until.map(Time::from),
            last_frame_at: health.last_frame_at.map(Time::from),
            last_ack_at: health.last_ack_at.map(Time::from),
            paused,
            linked_at: linked_at.map(Time::from),
            created_at: created_at.into(),
        }
    }
}

/// Reads the device for an answer.
pub(super) async fn show(
    state: &AppState,
    caller: &Caller,
    id: &DeviceId,
    language: Language,
) -> Result<DeviceData, ApiError> {
    let device = state.engine.device(caller, id).await?;
    let device = device.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(DeviceData::of(device, language))
}
