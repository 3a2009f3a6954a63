//! A device as the API shows it.

use cetar_engine::{
    auth::Caller,
    pace::{Budget, FirstsView, PaceView},
};
use cetar_model::{Channel, DeviceId, DeviceState, DownReason, Language, NextAction, PaceMode};
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
    /// When its token ends, where it has one that ends and its network says when. Seven days before, `reason` is
    /// `credentials_expiring`.
    #[schema(required)]
    credentials_expire_at: Option<Time>,
    /// When the network last sent anything.
    #[schema(required)]
    last_frame_at: Option<Time>,
    /// When the network last answered something we sent.
    #[schema(required)]
    last_ack_at: Option<Time>,
    /// Its operator stopped it; its messages wait.
    paused: bool,
    /// How it keeps to its network's pace, and what is left of it.
    pace: PaceData,
    /// When it was linked last.
    #[schema(required)]
    linked_at: Option<Time>,
    /// When it was added.
    created_at: Time,
}

/// How a device keeps to its network's pace. What has to wait for its turn waits in the queue.
#[derive(Serialize, ToSchema)]
#[schema(as = Pace)]
pub(crate) struct PaceData {
    /// `off` where it was turned off, or the network has none.
    #[schema(value_type = schema::PaceMode)]
    mode: PaceMode,
    /// Messages in all; `null` where the pace is off.
    #[schema(required)]
    messages: Option<BudgetData>,
    /// When the next message may be sent; `null`: now.
    #[schema(required)]
    next_at: Option<Time>,
    /// First messages to people who were never written to and never wrote; `null` where they are not counted.
    #[schema(required)]
    first_contacts: Option<FirstContactsData>,
}

/// What is left of an allowance.
#[derive(Serialize, ToSchema)]
#[schema(as = Budget)]
pub(crate) struct BudgetData {
    /// So many.
    #[schema(example = 30)]
    most: usize,
    /// In any span of so many seconds.
    #[schema(example = 60)]
    seconds: u64,
    /// So many more now.
    #[schema(example = 29)]
    left: usize,
}

/// What is left for people who were never written to before.
#[derive(Serialize, ToSchema)]
#[schema(as = FirstContacts)]
pub(crate) struct FirstContactsData {
    /// Of any hour.
    hour: BudgetData,
    /// Of any day.
    day: BudgetData,
    /// When the next may be sent; `null`: now.
    #[schema(required)]
    next_at: Option<Time>,
}

impl From<Budget> for BudgetData {
    fn from(Budget { most, per, left }: Budget) -> Self {
        Self { most, seconds: per.as_secs(), left }
    }
}

impl From<Option<PaceView>> for PaceData {
    fn from(pace: Option<PaceView>) -> Self {
        let Some(PaceView { messages, next_at, firsts }) = pace else {
            return Self { mode: PaceMode::Off, messages: None, next_at: None, first_contacts: None };
        };
        let firsts = firsts.map(|FirstsView { hour, day, next_at }| FirstContactsData {
            hour: hour.into(),
            day: day.into(),
            next_at: next_at.map(Time::from),
        });
        Self {
            mode: PaceMode::On,
            messages: Some(messages.into()),
            next_at: next_at.map(Time::from),
            first_contacts: firsts,
        }
    }
}

impl DeviceData {
    pub(super) fn of(device: Device, pace: Option<PaceView>, language: Language) -> Self {
        let Device {
            id,
            workspace: _,
            channel,
            name,
            sandbox,
            address,
            health,
            paused,
            paced: _,
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
            credentials_expire_at: health.credentials_until.map(Time::from),
            last_frame_at: health.last_frame_at.map(Time::from),
            last_ack_at: health.last_ack_at.map(Time::from),
            paused,
            pace: pace.into(),
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
    let pace = state.engine.pace_of(&device).await?;
    Ok(DeviceData::of(device, pace, language))
}
