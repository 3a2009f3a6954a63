//! `GET /v1/jobs`

use axum::extract::{RawQuery, State};
use cetar_model::{Channel, DeviceId, JobId, Language, MessageId, MessageState};
use cetar_store::{LoggedMessage, MessageFilter};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::JobError;
use crate::{
    answer::{List, ListAnswer, Time},
    auth::{Authorized, Messages},
    error::ApiError,
    input::{Page, PageParams, cursor},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::messages::list::{LogParams, read},
};

refusals!(Refusals: ValidationFailed);

/// A line of the list of jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = JobLine)]
pub(crate) struct JobLineData {
    /// The job.
    #[schema(value_type = String, example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    job_id: JobId,
    /// The message.
    #[schema(value_type = String, example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    message_id: MessageId,
    /// Where it stands.
    #[schema(value_type = schema::MessageStatus)]
    status: MessageState,
    /// The device it goes through.
    #[schema(value_type = String, example = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    session_id: DeviceId,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// To whom.
    #[schema(example = "6281234567890")]
    to: String,
    /// What kind of message.
    #[schema(value_type = schema::ContentType)]
    r#type: &'static str,
    /// Your own reference, as given with the send.
    #[schema(required)]
    client_ref: Option<String>,
    /// Attempts that counted.
    attempts: u32,
    /// Why it failed, or what is not known; `null` where all is well.
    #[schema(required)]
    error: Option<JobError>,
    /// When it was accepted.
    created_at: Time,
}

impl JobLineData {
    fn of(it: LoggedMessage, language: Language) -> Option<Self> {
        Some(Self {
            job_id: it.job?,
            message_id: it.id,
            status: it.state,
            session_id: it.device,
            channel: it.channel,
            to: it.chat,
            r#type: it.content.kind().as_str(),
            client_ref: it.client_ref,
            attempts: it.attempts,
            error: it.error.map(|error| JobError::of(error, language)),
            created_at: it.created_at.into(),
        })
    }
}

/// List jobs
///
/// The messages that were asked for, newest first. A page may be short, or even empty, where few of many fit; `has_more` says whether to
/// go on.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    operation_id = "listJobs",
    params(PageParams, LogParams),
    responses((status = 200, description = "A page of jobs.", body = ListAnswer<JobLineData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    page: Page,
    RawQuery(query): RawQuery,
) -> Result<ListAnswer<JobLineData>, ApiError> {
    let asked = read(query.as_deref().unwrap_or("")).map_err(ApiError::fields)?;
    let filter = MessageFilter { direction: None, jobs: true, after: page.after()?, ..asked };
    let (found, next) = state.engine.message_log(&caller, &filter, page.limit()).await?;
    let data = found.into_iter().filter_map(|message| JobLineData::of(message, language)).collect();
    Ok(List { data, has_more: next.is_some(), next_cursor: next.as_ref().map(cursor) }.into())
}
