//! A job as the API shows it.

use cetar_engine::{auth::Caller, inbox::MessageTrail, jobs::JobView};
use cetar_model::{
    Channel, Chat, ContentKind, DeviceId, DownReason, FailureCode, Health, JobId, JobState, Language,
    MessageId, MessageState, NextAction,
};
use cetar_store::{Attempt, Change, Job};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Time},
    error::{ApiError, ErrorCode, Text},
    openapi::schema,
    state::AppState,
    v1::{
        deliveries::view::DeliveryData,
        messages::trail::{RequestData, deliveries},
    },
};

/// A job and its message.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobData {
    /// The job.
    #[schema(value_type = String, example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    job_id: JobId,
    /// The message.
    #[schema(value_type = String, example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    message_id: MessageId,
    /// Where it stands: `queued`, `sending`, `sent`, `delivered`, `read`; or `failed`, `unknown` (it may have been sent), `cancelled`.
    #[schema(value_type = schema::MessageStatus)]
    status: MessageState,
    /// Why a queued message waits: what its device lacks, `restricted` while WhatsApp lets it write to no strangers, or `pace` while it
    /// waits for its turn; `null` where it does not.
    #[schema(required, example = json!(null))]
    held_reason: Option<&'static str>,
    /// The same in words.
    #[schema(required, example = json!(null))]
    held_message: Option<&'static str>,
    /// What a person should do about it; `null` where nothing.
    #[schema(value_type = Option<schema::NextAction>, required)]
    next_action: Option<NextAction>,
    /// The device it goes through.
    #[schema(value_type = String, example = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    session_id: DeviceId,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// To whom.
    #[schema(value_type = String, example = "6281234567890")]
    to: Chat,
    /// What kind of message.
    #[schema(value_type = schema::ContentType)]
    r#type: ContentKind,
    /// Your own reference, as given with the send.
    #[schema(required)]
    client_ref: Option<String>,
    /// Attempts that counted.
    #[schema(example = 1)]
    attempts: u32,
    /// Every attempt, oldest first.
    history: Vec<AttemptData>,
    /// Why it failed, or what is not known; `null` where all is well.
    #[schema(required)]
    error: Option<JobError>,
    /// When it was accepted.
    created_at: Time,
    /// When its status last changed.
    updated_at: Time,
    /// After this it is not sent any more.
    expires_at: Time,
    /// When it is tried next; `null` where it is not, or where that depends on its device.
    #[schema(required)]
    next_attempt_at: Option<Time>,
    /// The request that asked for it, as it came; `null` where none did (a reply in a webhook's answer), or where it was accepted before
    /// requests were kept.
    #[schema(required)]
    request: Option<RequestData>,
    /// The webhooks it caused, newest first, at most 100; `null` for who may not see webhooks.
    #[schema(required)]
    deliveries: Option<Vec<DeliveryData>>,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptData {
    /// Its number, from 1.
    #[schema(example = 1)]
    attempt: u32,
    /// When it began.
    started_at: Time,
    /// When it ended.
    ended_at: Time,
    /// `sent`, `not_sent`, `slow_down`, `unknown`, `account_down`, `partly_sent` (of a message in several parts), `media_not_fetched` or `failed`.
    #[schema(example = "sent")]
    outcome: String,
    /// What the network or the connection said.
    #[schema(required)]
    detail: Option<String>,
}

/// Why a message failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobError {
    /// Our code.
    #[schema(value_type = schema::FailureCode)]
    code: FailureCode,
    /// What it means and what to do.
    message: &'static str,
    /// The network's own code.
    #[schema(required, example = json!(null))]
    provider_code: Option<String>,
}

impl JobData {
    pub(super) fn of(
        JobView { job, held, put_off }: JobView,
        trail: MessageTrail,
        language: Language,
    ) -> Self {
        let Job { id, state, message, attempts, run_at, put_off: _, expires_at, history } = job;
        let next_attempt_at =
            (state == JobState::Ready && (held.is_none() || put_off)).then(|| run_at.into());
        Self {
            job_id: id,
            message_id: message.id,
            status: message.state,
            held_reason: held.map(held_reason).or(put_off.then_some(PACE)),
            held_message: held
                .map(|health| held_message(health, language))
                .or(put_off.then(|| turn_message(language))),
            next_action: held.map(|health| health.reason.map_or(NextAction::Wait, DownReason::next_action)),
            session_id: message.device,
            channel: message.channel,
            to: message.chat,
            r#type: message.content.kind(),
            client_ref: message.client_ref,
            attempts,
            history: history.into_iter().map(AttemptData::from).collect(),
            error: message.error.map(|error| JobError::of(error, language)),
            created_at: message.created_at.into(),
            updated_at: message.state_at.into(),
            expires_at: expires_at.into(),
            next_attempt_at,
            request: trail.rest.request.map(RequestData::from),
            deliveries: deliveries(trail.deliveries),
        }
    }
}

/// It waits for its turn.
const PACE: &str = "pace";

fn turn_message(language: Language) -> &'static str {
    language.pick(
        "Menunggu giliran sesuai laju pengiriman device; dikirim sendiri pada next_attempt_at.",
        "It waits for its turn by the device's pace, and goes out by itself at next_attempt_at.",
    )
}

impl JobError {
    pub(super) fn of((code, provider_code): (FailureCode, Option<String>), language: Language) -> Self {
        Self { code, message: code.message(language), provider_code }
    }
}

/// The reason, or where there is none the state itself: a device that is just connecting has no complaint.
fn held_reason(health: Health) -> &'static str {
    health.reason.map_or(health.state.as_str(), DownReason::as_str)
}

fn held_message(health: Health, language: Language) -> &'static str {
    let waiting = language.pick(
        "Device belum tersambung. Pesan menunggu, tidak hilang.",
        "The device is not connected yet. Messages wait; none is lost.",
    );
    health.reason.map_or(waiting, |reason| reason.message(language))
}

impl From<Attempt> for AttemptData {
    fn from(Attempt { attempt, started_at, ended_at, outcome, detail }: Attempt) -> Self {
        Self { attempt, started_at: started_at.into(), ended_at: ended_at.into(), outcome, detail }
    }
}

/// Reads the job for an answer.
pub(super) async fn show(
    state: &AppState,
    caller: &Caller,
    id: &JobId,
    language: Language,
) -> Result<JobData, ApiError> {
    let view = state.engine.job(caller, id).await?;
    let view = view.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let trail = state.engine.message_trail(caller, &view.job.message.id).await?;
    let trail = trail.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(JobData::of(view, trail, language))
}

/// The answer to a change: the job as it is now, or why it cannot be changed.
pub(super) async fn changed(
    state: &AppState,
    caller: &Caller,
    id: &JobId,
    language: Language,
    change: Change,
    (done, not_now): (Text, ErrorCode),
) -> Result<Answer<JobData>, ApiError> {
    match change {
        Change::Done => Ok(Answer::new(language, done, show(state, caller, id, language).await?)),
        Change::NotFound => Err(ApiError::new(ErrorCode::NotFound)),
        Change::NotNow(status) => Err(ApiError::new(not_now).saying(Text::new(
            format!("{} Sekarang statusnya {status}.", not_now.message(Language::Indonesian)),
            format!("{} It is {status} now.", not_now.message(Language::English)),
        ))),
    }
}
