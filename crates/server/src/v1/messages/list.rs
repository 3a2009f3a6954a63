//! `GET /v1/messages`

use axum::extract::{RawQuery, State};
use cetar_model::{Channel, ConversationId, DeviceId, Direction, JobId, Language, MessageId, MessageState};
use cetar_store::{LoggedMessage, MessageFilter};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{List, ListAnswer, Time},
    auth::{Authorized, Messages},
    error::ApiError,
    input::{FieldProblem, Moment, Page, PageParams, Problem, cursor, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// The longest text that is searched for.
const SEARCH: usize = 255;
/// Longest beginning of a text in the list.
const BEGINNING: usize = 140;

/// As documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, so that every bad parameter is listed at once")]
pub(crate) struct DirectionParams {
    /// `in` or `out`.
    direction: Option<String>,
}

/// As documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, so that every bad parameter is listed at once")]
pub(in crate::v1) struct LogParams {
    /// The beginning of the message's id, its job's, your `client_ref`, or the address; a whole id finds it at once.
    #[param(max_length = 255)]
    search: Option<String>,
    /// In this state.
    #[param(value_type = Option<schema::MessageStatus>)]
    state: Option<String>,
    /// On this channel.
    #[param(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// Through this device.
    #[param(value_type = Option<schema::DeviceId>)]
    device_id: Option<String>,
    /// Made from then on, RFC 3339.
    since: Option<String>,
    /// Made before then, RFC 3339.
    until: Option<String>,
}

/// A message of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedMessage)]
pub(crate) struct LoggedData {
    /// Its id.
    #[schema(value_type = String, example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: MessageId,
    /// The job that sends it.
    #[schema(value_type = Option<String>, required)]
    job_id: Option<JobId>,
    /// `in` or `out`.
    #[schema(example = "out")]
    direction: &'static str,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// Through which device.
    #[schema(value_type = String)]
    device_id: DeviceId,
    /// In which conversation.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// The other side.
    #[schema(example = "6281234567890")]
    address: String,
    /// What kind of message.
    #[schema(value_type = schema::ContentType)]
    r#type: &'static str,
    /// The beginning of what it says, if it has words.
    #[schema(required)]
    text: Option<String>,
    /// Where it stands.
    #[schema(value_type = schema::MessageStatus)]
    state: MessageState,
    /// Attempts to send it that counted.
    attempts: u32,
    /// What went wrong, if something did.
    #[schema(required)]
    error: Option<LoggedError>,
    /// Your own reference.
    #[schema(required)]
    client_ref: Option<String>,
    /// When it was accepted or received.
    at: Time,
}

/// Why a message failed.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedMessageError)]
struct LoggedError {
    /// Our code.
    #[schema(value_type = schema::FailureCode)]
    code: &'static str,
    /// What it means and what to do.
    message: &'static str,
    /// The network's own code.
    #[schema(required)]
    provider_code: Option<String>,
}

impl LoggedData {
    pub(super) fn of(it: LoggedMessage, language: Language) -> Self {
        Self {
            direction: if it.direction == Direction::In { "in" } else { "out" },
            r#type: it.content.kind().as_str(),
            text: it.content.text().map(|text| text.chars().take(BEGINNING).collect()),
            error: it.error.map(|(code, provider_code)| LoggedError {
                code: code.as_str(),
                message: code.message(language),
                provider_code,
            }),
            id: it.id,
            job_id: it.job,
            channel: it.channel,
            device_id: it.device,
            conversation_id: it.conversation,
            address: it.chat,
            state: it.state,
            attempts: it.attempts,
            client_ref: it.client_ref,
            at: it.created_at.into(),
        }
    }
}

/// Every bad parameter at once.
pub(in crate::v1) fn read(query: &str) -> Result<MessageFilter, Vec<FieldProblem>> {
    let mut filter = MessageFilter::default();
    let mut problems = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let moment = || Moment::of_query(&value).ok_or(Problem::Time);
        let read = match &*name {
            "search" if value.chars().count() > SEARCH => Err(Problem::TooLong { max: SEARCH }),
            "search" => {
                filter.search = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
                Ok(())
            }
            "direction" => match &*value {
                "in" => Ok(Direction::In),
                "out" => Ok(Direction::Out),
                _ => Err(Problem::Unknown { allowed: vec!["in".to_owned(), "out".to_owned()] }),
            }
            .map(|direction| filter.direction = Some(direction)),
            "state" => value
                .parse()
                .map(|state| filter.state = Some(state))
                .map_err(|_| Problem::Unknown { allowed: words(MessageState::ALL) }),
            "channel" => value
                .parse()
                .map(|channel| filter.channel = Some(channel))
                .map_err(|_| Problem::Unknown { allowed: words(Channel::ALL) }),
            "device_id" => value
                .parse()
                .map(|device| filter.device = Some(device))
                .map_err(|_| Problem::Id { prefix: DeviceId::PREFIX }),
            "since" => moment().map(|at| filter.since = Some(at)),
            "until" => moment().map(|at| filter.until = Some(at)),
            _ => Ok(()),
        };
        if let Err(problem) = read {
            problems.push(FieldProblem { field: name.into_owned(), problem });
        }
    }
    if problems.is_empty() { Ok(filter) } else { Err(problems) }
}

/// List messages
///
/// Both ways, newest first. A page may be short, or even empty, where few of many fit; `has_more` says whether to go on.
#[utoipa::path(
    get,
    path = "/v1/messages",
    tag = "messages",
    operation_id = "listMessages",
    params(PageParams, DirectionParams, LogParams),
    responses((status = 200, description = "A page of messages.", body = ListAnswer<LoggedData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    page: Page,
    RawQuery(query): RawQuery,
) -> Result<ListAnswer<LoggedData>, ApiError> {
    let mut filter = read(query.as_deref().unwrap_or("")).map_err(ApiError::fields)?;
    filter.after = page.after()?;
    let (found, next) = state.engine.message_log(&caller, &filter, page.limit()).await?;
    let data = found.into_iter().map(|message| LoggedData::of(message, language)).collect();
    Ok(List { data, has_more: next.is_some(), next_cursor: next.as_ref().map(cursor) }.into())
}
