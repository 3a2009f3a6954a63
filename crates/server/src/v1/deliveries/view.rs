//! A delivery as the API shows it.

use std::collections::BTreeMap;

use cetar_engine::auth::Caller;
use cetar_model::{DeliveryId, DeliveryState, EndpointId, EventId, JobId};
use cetar_store::{Delivery, DeliveryAttempt, DeliveryDetail, ReplyOutcome};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Time,
    error::{ApiError, ErrorCode},
    openapi::schema,
    state::AppState,
};

/// What stands for a value that is not shown.
const HIDDEN: &str = "…";

/// One event on its way to one endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryData {
    /// Its id.
    #[schema(value_type = String, example = "dlv_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: DeliveryId,
    /// The endpoint it goes to.
    #[schema(value_type = String, example = "wh_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    endpoint_id: EndpointId,
    /// The event; the header `webhook-id` of every attempt.
    #[schema(value_type = String, example = "evt_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    event_id: EventId,
    /// The event's name.
    #[schema(example = "message.received")]
    event: String,
    /// `pending`: waits for its next attempt; `sending`; `delivered`; `failed`: given up, unless you send it again.
    #[schema(value_type = schema::DeliveryStatus)]
    state: DeliveryState,
    /// Attempts so far.
    #[schema(example = 1)]
    attempts: u32,
    /// When it was made.
    created_at: Time,
    /// When it is tried next, at the earliest; `null` where it is not.
    #[schema(required)]
    next_attempt_at: Option<Time>,
    /// When it was delivered or given up.
    #[schema(required)]
    finished_at: Option<Time>,
    /// The HTTP status of the last attempt; `null` where no answer came.
    #[schema(required, example = 200)]
    last_status: Option<u16>,
    /// What was wrong with the last attempt: `status`, `timeout`, `connect`, `tls`, `dns`, `refused_address`, `crashed`, `unreadable`
    /// or `other`.
    #[schema(required, example = json!(null))]
    last_error: Option<String>,
}

/// A delivery with its body and every attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
pub(crate) struct DeliveryDetailData {
    #[serde(flatten)]
    delivery: DeliveryData,
    /// The exact body of every attempt.
    body: String,
    /// Every attempt, oldest first.
    history: Vec<DeliveryAttemptData>,
}

/// One attempt to deliver.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(crate) struct DeliveryAttemptData {
    /// Its number, from 1.
    #[schema(example = 1)]
    attempt: u32,
    /// When it began.
    started_at: Time,
    /// How long it took, in milliseconds.
    #[schema(example = 87)]
    duration_ms: u64,
    /// What was asked; `null` where the server was stopped during it.
    #[schema(required)]
    request: Option<AttemptRequest>,
    /// The HTTP status of the answer; `null` where none came.
    #[schema(required, example = 200)]
    status: Option<u16>,
    /// The first 16 KiB of the answer.
    #[schema(required, example = "ok")]
    response: Option<String>,
    /// What became of the reply in it; `null` where there was none, or the endpoint does not send replies.
    #[schema(required, example = json!(null))]
    reply: Option<AttemptReply>,
    /// What went wrong; `null` where nothing did.
    #[schema(required)]
    error: Option<AttemptError>,
    /// When the next attempt was to follow; `null` where none was.
    #[schema(required)]
    next_attempt_at: Option<Time>,
}

/// What was asked of the receiver. Its body is the delivery's.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptRequest {
    /// Where it went.
    #[schema(example = "https://contoh.com/webhook")]
    url: String,
    /// Its headers; signatures and the values of your own headers are not shown.
    headers: BTreeMap<String, String>,
}

/// The words for [`ReplyOutcome`].
pub(crate) const REPLY_STATUSES: [&str; 3] = [QUEUED, REFUSED, PASSED_OVER];
const QUEUED: &str = "queued";
const REFUSED: &str = "refused";
const PASSED_OVER: &str = "passed_over";

/// What became of the reply in an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptReply {
    /// `queued`: it is on its way; `refused`: it was not sent, and will not be; `passed_over`: an earlier attempt was answered well, so
    /// that this one's reply was not looked at.
    #[schema(value_type = schema::ReplyStatus)]
    status: &'static str,
    /// With `queued`: to ask about it, `GET /v1/jobs/{job_id}`. However often the webhook was delivered, it is this one.
    #[schema(value_type = Option<String>, required, example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    job_id: Option<JobId>,
    /// With `refused`: why.
    #[schema(required, example = json!(null))]
    error: Option<ReplyError>,
}

/// Why a reply was not sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplyError {
    /// The code that `POST /v1/messages` would have answered.
    #[schema(example = "validation_failed")]
    code: String,
    /// What is wrong and what to do, in the workspace's language.
    #[schema(example = "content.text: Wajib diisi.")]
    message: String,
}

impl From<ReplyOutcome> for AttemptReply {
    fn from(outcome: ReplyOutcome) -> Self {
        match outcome {
            ReplyOutcome::Queued { job } => Self { status: QUEUED, job_id: Some(job), error: None },
            ReplyOutcome::Refused { code, message } => {
                Self { status: REFUSED, job_id: None, error: Some(ReplyError { code, message }) }
            }
            ReplyOutcome::PassedOver => Self { status: PASSED_OVER, job_id: None, error: None },
        }
    }
}

/// What went wrong with an attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptError {
    /// As in `last_error`.
    #[schema(example = "tls")]
    class: String,
    /// What is known of it.
    #[schema(required, example = "invalid peer certificate: Expired")]
    detail: Option<String>,
}

/// `tls: certificate expired`: the class, and what is known of it.
fn split(error: &str) -> (String, Option<String>) {
    match error.split_once(": ") {
        Some((class, detail)) => (class.to_owned(), Some(detail.to_owned())),
        None => (error.to_owned(), None),
    }
}

impl From<Delivery> for DeliveryData {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            endpoint_id: delivery.endpoint,
            event_id: delivery.event,
            event: delivery.event_type,
            state: delivery.state,
            attempts: delivery.attempts,
            created_at: delivery.created_at.into(),
            next_attempt_at: delivery.next_attempt_at.map(Time::from),
            finished_at: delivery.finished_at.map(Time::from),
            last_status: delivery.status,
            last_error: delivery.error.map(|error| split(&error).0),
        }
    }
}

impl From<DeliveryDetail> for DeliveryDetailData {
    fn from(DeliveryDetail { delivery, body, attempts }: DeliveryDetail) -> Self {
        let history = attempts.into_iter().map(|attempt| DeliveryAttemptData::of(attempt, &delivery.event));
        Self { history: history.collect(), body, delivery: delivery.into() }
    }
}

impl DeliveryAttemptData {
    fn of(attempt: DeliveryAttempt, event: &EventId) -> Self {
        let headers = headers(&attempt, event);
        Self {
            attempt: attempt.attempt,
            started_at: attempt.started_at.into(),
            duration_ms: u64::try_from(attempt.ended_at.since(attempt.started_at).as_millis())
                .unwrap_or(u64::MAX),
            request: attempt.url.map(|url| AttemptRequest { url, headers }),
            status: attempt.status,
            response: attempt.response,
            reply: attempt.reply.map(AttemptReply::from),
            error: attempt.error.map(|error| {
                let (class, detail) = split(&error);
                AttemptError { class, detail }
            }),
            next_attempt_at: attempt.next_at.map(Time::from),
        }
    }
}

/// What went along with an attempt follows from what it was; secrets are only named.
fn headers(attempt: &DeliveryAttempt, event: &EventId) -> BTreeMap<String, String> {
    let ours = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", event.to_string()),
        ("webhook-timestamp", attempt.started_at.as_secs().to_string()),
        ("webhook-signature", format!("v1,{HIDDEN}")),
        ("x-cetar-attempt", attempt.attempt.to_string()),
    ];
    let own = attempt.headers.iter().map(|name| (name.clone(), HIDDEN.to_owned()));
    ours.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(own).collect()
}

/// Reads the delivery for an answer.
pub(crate) async fn show(
    state: &AppState,
    caller: &Caller,
    id: &DeliveryId,
) -> Result<DeliveryDetailData, ApiError> {
    let detail = state.engine.delivery(caller, id).await?;
    detail.map(DeliveryDetailData::from).ok_or_else(|| ApiError::new(ErrorCode::NotFound))
}
