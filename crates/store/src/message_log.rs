//! Messages as a log: every one of a workspace, newest first.
//!
//! Ids are ordered by the time they were made, so the log needs no index: it walks the primary key backwards. Each step looks at a bounded
//! number of messages, so that a filter which fits few of millions holds up nobody; the reader goes on from where it ended.

use cetar_model::{
    Channel, DeviceId, Direction, FailureCode, MessageId, MessageState, Timestamp, WorkspaceId,
};

use crate::{
    LoggedMessage, MessageFilter, MessageRest, NewSend, Result, SentRequest, Store, StoreError,
    conversations::escaped,
    db::{Context, count, fetch_all, fetch_optional, limit as rows, plain, read, read_json, read_opt, row},
    seal::Place,
    statement::statements,
};

/// Messages looked at in one step.
const LOOKED_AT: usize = 5_000;
/// After every id of its kind: `_` and 32 hexadecimal digits follow the prefix.
const AFTER_ALL: &str = "msg_g";

macro_rules! shown {
    () => {
        "SELECT m.id, m.job, m.device, m.channel, m.conversation, m.direction, c.chat, m.content, m.state, m.error_code, \
           m.error_provider_code, m.client_ref, m.created_at, j.attempts FROM "
    };
}
macro_rules! joined {
    () => {
        " JOIN conversations c ON c.id = m.conversation LEFT JOIN jobs j ON j.id = m.job "
    };
}

statements! {
    // By name: a request is read for the message it belongs to, not for all that are looked at.
    PAGE = concat!(shown!(), "(SELECT i.id, i.job, i.device, i.channel, i.conversation, i.direction, i.content, i.state, i.error_code, \
               i.error_provider_code, i.client_ref, i.created_at FROM messages i WHERE i.workspace = $1 AND i.id < $2 AND i.id >= $3 ORDER BY i.id DESC LIMIT $4) AS m",
             joined!(), "WHERE (CAST($5 AS TEXT) IS NULL OR m.direction = $5 OR ($5 = 'out' AND m.direction = 'echo')) \
             AND (CAST($6 AS TEXT) IS NULL OR m.state = $6) AND (CAST($7 AS TEXT) IS NULL OR m.channel = $7) \
             AND (CAST($8 AS TEXT) IS NULL OR m.device = $8) \
             AND (CAST($9 AS TEXT) IS NULL OR m.id LIKE $9 ESCAPE '!' OR m.job LIKE $9 ESCAPE '!' OR m.client_ref LIKE $9 ESCAPE '!' \
               OR c.chat LIKE $9 ESCAPE '!') AND (CAST($10 AS TEXT) IS NULL OR m.job IS NOT NULL) ORDER BY m.id DESC LIMIT $11");
    END = "SELECT MIN(few.id), COUNT(*) FROM \
             (SELECT i.id FROM messages i WHERE i.workspace = $1 AND i.id < $2 AND i.id >= $3 ORDER BY i.id DESC LIMIT $4) AS few";
    BY_ID = concat!(shown!(), "messages m", joined!(), "WHERE m.workspace = $1 AND m.id = $2");
    REST = "SELECT m.sender, m.remote_id, m.state_at, m.request_path, m.request_body, m.request_size FROM messages m \
            WHERE m.workspace = $1 AND m.id = $2";
    BY_JOB = concat!(shown!(), "jobs o JOIN messages m ON m.id = o.message", joined!(), "WHERE o.workspace = $1 AND o.id = $2");
}

row! {
    struct Row {
        id: String,
        job: Option<String>,
        device: String,
        channel: String,
        conversation: String,
        direction: String,
        chat: String,
        content: String,
        state: String,
        error_code: Option<String>,
        error_provider_code: Option<String>,
        client_ref: Option<String>,
        created_at: i64,
        attempts: Option<i64>,
    }
}

impl TryFrom<Row> for LoggedMessage {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        let code: Option<FailureCode> = read_opt(row.error_code.as_deref(), "messages", "error_code", id)?;
        Ok(Self {
            id: read(id, "messages", "id", id)?,
            job: read_opt(row.job.as_deref(), "messages", "job", id)?,
            device: read(&row.device, "messages", "device", id)?,
            channel: read(&row.channel, "messages", "channel", id)?,
            conversation: read(&row.conversation, "messages", "conversation", id)?,
            direction: read(&row.direction, "messages", "direction", id)?,
            content: read_json(&row.content, "messages", "content", id)?,
            state: read(&row.state, "messages", "state", id)?,
            error: code.map(|code| (code, row.error_provider_code)),
            attempts: count(row.attempts.unwrap_or(0)),
            created_at: Timestamp::from_micros(row.created_at),
            chat: row.chat,
            client_ref: row.client_ref,
        })
    }
}

row! {
    struct RestRow {
        sender: Option<String>,
        remote_id: Option<String>,
        state_at: i64,
        request_path: Option<String>,
        request_body: Option<Vec<u8>>,
        request_size: Option<i64>,
    }
}

const fn place<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "messages", column: "request_body", row }
}

/// The body of the request that asks for this send, sealed for the row of its message.
pub(crate) fn seal_request(ctx: &Context, send: &NewSend) -> Result<Option<Vec<u8>>> {
    let Some(request) = &send.request else { return Ok(None) };
    let row = [send.message.as_str().as_bytes()];
    let sealed = ctx.sealer.seal(ctx.ids.random(), place(&row), request.body.as_bytes());
    sealed.map(Some).ok_or_else(|| StoreError::internal("a value could not be sealed"))
}

impl Store {
    /// One message; `None` if this workspace has no such message.
    pub async fn message(&self, workspace: &WorkspaceId, id: &MessageId) -> Result<Option<LoggedMessage>> {
        let mut conn = self.read().await?;
        let found = fetch_optional!(conn, Row, BY_ID, workspace.as_str(), id.as_str())?;
        found.map(LoggedMessage::try_from).transpose()
    }

    /// What a list does not show of a message, the request that asked for it among it; `None` if this workspace has no such message.
    pub async fn message_rest(&self, workspace: &WorkspaceId, id: &MessageId) -> Result<Option<MessageRest>> {
        let mut conn = self.read().await?;
        let found = fetch_optional!(conn, RestRow, REST, workspace.as_str(), id.as_str())?;
        Ok(found.map(|row| self.rest(id, row)))
    }

    fn rest(&self, id: &MessageId, row: RestRow) -> MessageRest {
        let open = |sealed: Vec<u8>| {
            let plain = self.inner.ctx.sealer.open(place(&[id.as_str().as_bytes()]), &sealed);
            let text = plain.and_then(|plain| String::from_utf8(plain).ok());
            if text.is_none() {
                // Under a master key that is not here any more: the message itself is shown all the same.
                tracing::warn!(message = %id, "the request of a message cannot be opened");
            }
            text
        };
        let request = row.request_path.zip(row.request_body.and_then(open)).map(|(path, body)| SentRequest {
            size: row.request_size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
            path,
            body,
        });
        MessageRest {
            sender: row.sender,
            remote_id: row.remote_id,
            state_at: Timestamp::from_micros(row.state_at),
            request,
        }
    }

    /// Messages that fit, newest first, at most `limit`; and where to go on, if there is more to look at.
    pub async fn message_log(
        &self,
        workspace: &WorkspaceId,
        filter: &MessageFilter,
        limit: usize,
    ) -> Result<(Vec<LoggedMessage>, Option<MessageId>)> {
        let mut conn = self.read().await?;
        let workspace = workspace.as_str();
        let search = filter.search.as_deref().map(plain);
        if let Some(text) = search.as_deref() {
            let by_job = text.parse::<cetar_model::JobId>().is_ok();
            if by_job || text.parse::<MessageId>().is_ok() {
                let found = fetch_optional!(conn, Row, if by_job { BY_JOB } else { BY_ID }, workspace, text)?;
                let found = found.filter(|row| !filter.jobs || row.job.is_some());
                return Ok((found.into_iter().map(LoggedMessage::try_from).collect::<Result<_>>()?, None));
            }
        }
        let until = filter.until.map(MessageId::not_before);
        let after = filter.after.as_ref().map(|id| id.as_str().to_owned());
        let before = until.into_iter().chain(after).min().unwrap_or_else(|| AFTER_ALL.to_owned());
        let since = filter.since.map(MessageId::not_before).unwrap_or_default();
        let looked_at = rows(LOOKED_AT);
        let found = fetch_all!(
            conn,
            Row,
            PAGE,
            workspace,
            &before,
            &since,
            looked_at,
            filter.direction.map(Direction::as_str),
            filter.state.map(MessageState::as_str),
            filter.channel.map(Channel::as_str),
            filter.device.as_ref().map(DeviceId::as_str),
            search.as_deref().map(|text| format!("{}%", escaped(text.trim()))),
            filter.jobs.then_some("yes"),
            rows(limit),
        )?;
        let full = found.len() >= limit;
        let found = found.into_iter().map(LoggedMessage::try_from).collect::<Result<Vec<_>>>()?;
        if full {
            let next = found.last().map(|last| last.id.clone());
            return Ok((found, next));
        }
        let end = fetch_optional!(conn, (Option<String>, i64), END, workspace, &before, &since, looked_at)?;
        let next = match end {
            Some((Some(last), looked)) if looked == looked_at => Some(read(&last, "messages", "id", &last)?),
            _ => None,
        };
        Ok((found, next))
    }
}
