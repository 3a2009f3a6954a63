//! A job as shown, and what a person may do with it.

use cetar_model::{
    Chat, ConversationId, DeviceId, FailureCode, Fate, JobId, JobState, MessageId, MessageState, Receipt,
    Timestamp, WorkspaceId,
};

use crate::{
    Attempt, Change, Job, Message, Result, Store,
    db::{Conn, Tx, count, execute, fetch_all, fetch_optional, read, read_json, read_opt, row},
    expire,
    lanes::{self, Work},
    settle::may_be_out,
    statement::statements,
};

statements! {
    JOB = "SELECT j.id, j.state AS job_state, j.attempts, j.run_at, j.put_off, j.expires_at, \
             m.id AS message, m.workspace, m.device, m.channel, m.conversation, m.job, m.direction, c.chat, m.content, m.state, \
             m.state_at, m.client_ref, m.remote_id, m.error_code, m.error_provider_code, m.created_at \
           FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = m.conversation \
           WHERE j.workspace = $1 AND j.id = $2";
    REMOTE = "SELECT m.remote_id FROM messages m WHERE m.workspace = $1 AND m.device = $2 AND m.id = $3 AND m.remote_id IS NOT NULL";
    HISTORY = "SELECT attempt, started_at, ended_at, outcome, detail FROM job_attempts WHERE job = $1 ORDER BY lease_token";
    AMBIGUOUS = concat!("SELECT attempt FROM job_attempts WHERE job = $1 AND outcome IN (", may_be_out!(), ") LIMIT 1");
    HEAD = "SELECT id FROM jobs WHERE conversation = $1 AND at_head";
    REOPEN = "UPDATE jobs SET state = 'ready', at_head = $2, run_at = $3, expires_at = $4, attempts = 0, crashes = 0, put_off = FALSE, \
                finished_at = NULL WHERE id = $1";
}

row! {
    struct Row {
        id: String,
        job_state: String,
        attempts: i64,
        run_at: i64,
        put_off: bool,
        expires_at: i64,
        message: String,
        workspace: String,
        device: String,
        channel: String,
        conversation: String,
        job: Option<String>,
        direction: String,
        chat: String,
        content: String,
        state: String,
        state_at: i64,
        client_ref: Option<String>,
        remote_id: Option<String>,
        error_code: Option<String>,
        error_provider_code: Option<String>,
        created_at: i64,
    }
}

impl Store {
    /// The id its network knows a message of this device by; `None` if there is no such message, or the network does not know it.
    pub async fn remote_id(
        &self,
        workspace: &WorkspaceId,
        device: &DeviceId,
        message: &MessageId,
    ) -> Result<Option<String>> {
        let mut conn = self.read().await?;
        let (workspace, device) = (workspace.as_str(), device.as_str());
        let row = fetch_optional!(conn, (String,), REMOTE, workspace, device, message.as_str())?;
        Ok(row.map(|(remote_id,)| remote_id))
    }

    /// A job with its message and its history; `None` if this workspace has no such job.
    pub async fn job(&self, workspace: &WorkspaceId, id: &JobId) -> Result<Option<Job>> {
        let mut conn = self.read().await?;
        let Some(row) = fetch_optional!(conn, Row, JOB, workspace.as_str(), id.as_str())? else {
            return Ok(None);
        };
        let history = history(&mut conn, id).await?;
        shown(row, history).map(Some)
    }

    /// Whether an attempt so far may have brought the message, or a part of it, to the recipient.
    pub async fn may_have_been_sent(&self, id: &JobId) -> Result<bool> {
        let mut conn = self.read().await?;
        Ok(fetch_optional!(conn, (i64,), AMBIGUOUS, id.as_str())?.is_some())
    }

    /// Takes a send back, while it is queued and certainly not sent: an attempt of which nobody knows cannot be taken back.
    pub async fn cancel(&self, workspace: &WorkspaceId, id: &JobId, now: Timestamp) -> Result<Change> {
        self.write_once((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
            Box::pin(async move {
                let Some(mut work) = find(tx, workspace, id).await? else { return Ok(Change::NotFound) };
                let ambiguous = fetch_optional!(tx, (i64,), AMBIGUOUS, id.as_str())?.is_some();
                if ambiguous || !lanes::advance(tx, &mut work, Fate::Cancelled, None, *now, *now).await? {
                    return Ok(Change::NotNow(work.message_state));
                }
                lanes::close(tx, &mut work, *now).await?;
                Ok(Change::Done)
            })
        })
        .await
    }

    /// Failed or unknown: another round, with fresh attempts and this expiry. It keeps its place in its chat: it goes out
    /// before what was accepted after it and still waits. Not for a job whose device was removed.
    pub async fn retry(
        &self,
        workspace: &WorkspaceId,
        id: &JobId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Change> {
        self.write_once(
            (workspace.clone(), id.clone(), now, expires_at),
            |tx, (workspace, id, now, expires_at)| {
                Box::pin(async move {
                    let Some(mut work) = find(tx, workspace, id).await? else { return Ok(Change::NotFound) };
                    // Still running although its message failed: a receipt came first, and the settlement is on its way.
                    if work.device_removed
                        || work.state == JobState::Running
                        || !lanes::advance(tx, &mut work, Fate::Retried, None, *now, *now).await?
                    {
                        return Ok(Change::NotNow(work.message_state));
                    }
                    let free = fetch_optional!(tx, (String,), HEAD, &work.conversation)?.is_none();
                    execute!(tx, REOPEN, id.as_str(), free, now.as_micros(), expires_at.as_micros())?;
                    Ok(Change::Done)
                })
            },
        )
        .await
    }

    /// Unknown only: a person says whether it was sent.
    pub async fn resolve(
        &self,
        workspace: &WorkspaceId,
        id: &JobId,
        sent: bool,
        now: Timestamp,
    ) -> Result<Change> {
        self.write_once((workspace.clone(), id.clone(), sent, now), |tx, (workspace, id, sent, now)| {
            Box::pin(async move {
                let Some(mut work) = find(tx, workspace, id).await? else { return Ok(Change::NotFound) };
                if work.message_state != MessageState::Unknown {
                    return Ok(Change::NotNow(work.message_state));
                }
                if *sent {
                    let fate = Fate::Receipt(Receipt::Accepted);
                    lanes::advance(tx, &mut work, fate, None, *now, *now).await?;
                    lanes::close(tx, &mut work, *now).await?;
                } else {
                    expire::give_up(tx, &mut work, FailureCode::ResolvedAsFailed, *now).await?;
                }
                Ok(Change::Done)
            })
        })
        .await
    }
}

async fn find(tx: &mut Tx, workspace: &WorkspaceId, id: &JobId) -> Result<Option<Work>> {
    Ok(lanes::load(tx, id).await?.filter(|work| work.workspace == *workspace))
}

async fn history(conn: &mut Conn, id: &JobId) -> Result<Vec<Attempt>> {
    let rows = fetch_all!(conn, (i64, i64, i64, String, Option<String>), HISTORY, id.as_str())?;
    Ok(rows
        .into_iter()
        .map(|(attempt, started_at, ended_at, outcome, detail)| Attempt {
            attempt: count(attempt),
            started_at: Timestamp::from_micros(started_at),
            ended_at: Timestamp::from_micros(ended_at),
            outcome,
            detail,
        })
        .collect())
}

fn shown(row: Row, history: Vec<Attempt>) -> Result<Job> {
    let message = &row.message;
    let code: Option<FailureCode> = read_opt(row.error_code.as_deref(), "messages", "error_code", message)?;
    let conversation: ConversationId = read(&row.conversation, "messages", "conversation", message)?;
    Ok(Job {
        id: read(&row.id, "jobs", "id", &row.id)?,
        state: read(&row.job_state, "jobs", "state", &row.id)?,
        attempts: count(row.attempts),
        run_at: Timestamp::from_micros(row.run_at),
        put_off: row.put_off,
        expires_at: Timestamp::from_micros(row.expires_at),
        history,
        message: Message {
            id: read(message, "messages", "id", message)?,
            workspace: read(&row.workspace, "messages", "workspace", message)?,
            device: read(&row.device, "messages", "device", message)?,
            channel: read(&row.channel, "messages", "channel", message)?,
            conversation,
            job: read_opt(row.job.as_deref(), "messages", "job", message)?,
            direction: read(&row.direction, "messages", "direction", message)?,
            chat: Chat::new(row.chat),
            content: read_json(&row.content, "messages", "content", message)?,
            state: read(&row.state, "messages", "state", message)?,
            client_ref: row.client_ref,
            remote_id: row.remote_id,
            error: code.map(|code| (code, row.error_provider_code)),
            created_at: Timestamp::from_micros(row.created_at),
            state_at: Timestamp::from_micros(row.state_at),
        },
    })
}
