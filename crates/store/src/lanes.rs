//! Lanes, and the one place where a message's state is written.
//!
//! A lane is a conversation: device and chat. Its jobs go out in the order of their sequence, one at a time: the lane's head
//! is the one job that may be claimed or is running, marked `at_head`, and a unique index allows one a lane. Whoever closes
//! the head puts the next job in its place, in the same transaction.
//!
//! On PostgreSQL everyone who opens or closes jobs of a lane locks its conversation first, then the job, then the message;
//! several lanes in the order of device and chat. One order for all, so that nobody waits in a circle.

use std::collections::HashSet;

use cetar_model::{
    Channel, Chat, DeviceId, Event, EventData, EventType, FailureCode, Fate, JobId, JobState, Language,
    MessageError, MessageId, MessageState, StatusData, Timestamp, WorkspaceId,
};

use crate::{
    Result,
    db::{Tx, count, execute, fetch_optional, fetch_rows, read, row},
    events::{self, NewEvent},
    statement::{Multi, statements},
};

statements! {
    LOCK = "SELECT id FROM conversations WHERE id = (SELECT conversation FROM jobs WHERE id = $1)", postgres "FOR NO KEY UPDATE";
    EXISTS = "SELECT id FROM jobs WHERE id = $1";
    LOAD = "SELECT j.id, j.workspace, j.device, j.conversation, j.message, j.state, j.at_head, j.run_at, j.expires_at, \
              j.attempts, j.crashes, m.state AS message_state, m.sequence, m.client_ref, m.remote_id, m.channel, c.chat, c.unreachable_since, w.language, \
              d.removed_at AS device_removed_at \
            FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
              JOIN workspaces w ON w.id = j.workspace LEFT JOIN devices d ON d.id = j.device \
            WHERE j.id = $1", postgres "FOR NO KEY UPDATE OF j, m";
    MOVE = "UPDATE messages SET state = $2, state_at = $3, error_code = $4, error_provider_code = $5 WHERE id = $1";
    CLOSE = "UPDATE jobs SET state = $2, at_head = FALSE, worker = NULL, lease_until = NULL, finished_at = $3 WHERE id = $1";
    PROMOTE = "UPDATE jobs SET at_head = TRUE \
               WHERE id = (SELECT id FROM jobs WHERE conversation = $1 AND state = 'ready' AND NOT at_head ORDER BY sequence LIMIT 1) \
                 AND NOT EXISTS (SELECT 1 FROM jobs h WHERE h.conversation = $1 AND h.at_head)";
}

/// Locks the lanes of many jobs, in the one order.
static LOCK_MANY: Multi = Multi::new(
    "lanes::LOCK_MANY",
    "SELECT id FROM conversations WHERE id IN (SELECT conversation FROM jobs WHERE id IN (",
    "$",
    ")) ORDER BY device, chat",
    " FOR NO KEY UPDATE",
);

/// Which lanes these jobs are in now.
static LANES: Multi =
    Multi::new("lanes::LANES", "SELECT DISTINCT conversation FROM jobs WHERE id IN (", "$", ")", "");

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&LOCK_MANY, &LANES];

row! {
    struct Row {
        id: String,
        workspace: String,
        device: String,
        conversation: String,
        message: String,
        state: String,
        at_head: bool,
        run_at: i64,
        expires_at: i64,
        attempts: i64,
        crashes: i64,
        message_state: String,
        sequence: i64,
        client_ref: Option<String>,
        remote_id: Option<String>,
        channel: String,
        chat: String,
        unreachable_since: Option<i64>,
        language: String,
        device_removed_at: Option<i64>,
    }
}

/// A job and its message, locked for change.
pub(crate) struct Work {
    pub(crate) job: JobId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) device: DeviceId,
    pub(crate) conversation: String,
    pub(crate) message: MessageId,
    pub(crate) state: JobState,
    pub(crate) at_head: bool,
    pub(crate) run_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) crashes: u32,
    pub(crate) message_state: MessageState,
    pub(crate) device_removed: bool,
    pub(crate) remote_id: Option<String>,
    pub(crate) chat: Chat,
    /// The other side is known to want no messages.
    pub(crate) unreachable: bool,
    sequence: i64,
    client_ref: Option<String>,
    channel: Channel,
    language: Language,
}

/// Our code and the network's.
pub(crate) type Failure = (FailureCode, Option<String>);

/// Locks a job's lane, the job and its message; `None` if there is no such job.
pub(crate) async fn load(tx: &mut Tx, job: &JobId) -> Result<Option<Work>> {
    if tx.is_concurrent() {
        // The lane may be merged into another while we wait for it: then its row is gone, and the job names the other.
        while fetch_optional!(tx, (String,), LOCK, job.as_str())?.is_none() {
            if fetch_optional!(tx, (String,), EXISTS, job.as_str())?.is_none() {
                return Ok(None);
            }
        }
    }
    load_locked(tx, job).await
}

/// Locks the lanes of all these jobs; each is then loaded with [`load_locked`].
pub(crate) async fn lock(tx: &mut Tx, jobs: &[JobId]) -> Result<()> {
    if !tx.is_concurrent() {
        return Ok(());
    }
    let mut jobs: Vec<&JobId> = jobs.iter().collect();
    jobs.sort_unstable();
    loop {
        let locked: HashSet<String> = fetch_rows!(tx, (String,), LOCK_MANY, [], &jobs, |job| [job.as_str()])
            .into_iter()
            .map(|(lane,)| lane)
            .collect();
        // As in `load`, a lane may be merged into another while we wait for it. With a lane for each job none can be missing.
        if locked.len() == jobs.len() {
            return Ok(());
        }
        let lanes = fetch_rows!(tx, (String,), LANES, [], &jobs, |job| [job.as_str()]);
        if lanes.iter().all(|(lane,)| locked.contains(lane)) {
            return Ok(());
        }
    }
}

/// Locks a job and its message; its lane is locked already.
pub(crate) async fn load_locked(tx: &mut Tx, job: &JobId) -> Result<Option<Work>> {
    let Some(row) = fetch_optional!(tx, Row, LOAD, job.as_str())? else { return Ok(None) };
    let id = &row.id;
    Ok(Some(Work {
        job: read(id, "jobs", "id", id)?,
        workspace: read(&row.workspace, "jobs", "workspace", id)?,
        device: read(&row.device, "jobs", "device", id)?,
        message: read(&row.message, "jobs", "message", id)?,
        state: read(&row.state, "jobs", "state", id)?,
        at_head: row.at_head,
        run_at: Timestamp::from_micros(row.run_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        attempts: count(row.attempts),
        crashes: count(row.crashes),
        message_state: read(&row.message_state, "messages", "state", &row.message)?,
        device_removed: row.device_removed_at.is_some(),
        remote_id: row.remote_id,
        sequence: row.sequence,
        client_ref: row.client_ref,
        channel: read(&row.channel, "messages", "channel", &row.message)?,
        chat: Chat::new(row.chat),
        unreachable: row.unreachable_since.is_some(),
        language: read(&row.language, "workspaces", "language", &row.workspace)?,
        conversation: row.conversation,
    }))
}

/// Moves the message as [`MessageState::after`] says, and tells of it. False if `fate` changes nothing.
///
/// `at` is when it happened (a receipt's own time), `now` is now. `failure` says why, for a state that needs a reason.
pub(crate) async fn advance(
    tx: &mut Tx,
    work: &mut Work,
    fate: Fate,
    failure: Option<Failure>,
    at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let Some(next) = work.message_state.after(fate) else { return Ok(false) };
    // A reason belongs to the states that have one; it does not outlive them.
    let failure = match next {
        MessageState::Failed => failure,
        MessageState::Unknown => Some((FailureCode::OutcomeUnknown, None)),
        _ => None,
    };
    let (code, provider_code) = failure.clone().unzip();
    execute!(
        tx,
        MOVE,
        work.message.as_str(),
        next.as_str(),
        at.as_micros(),
        code.map(FailureCode::as_str),
        provider_code.flatten(),
    )?;
    work.message_state = next;
    let Some(event) = EventType::of_state(next) else { return Ok(true) };
    let error = failure.map(|(code, provider_code)| MessageError {
        code,
        message: code.message(work.language).to_owned(),
        provider_code,
    });
    let event = Event {
        event,
        channel: Some(work.channel),
        session_id: Some(work.device.clone()),
        data: EventData::Status(StatusData {
            message_id: work.message.clone(),
            job_id: work.job.clone(),
            client_ref: work.client_ref.clone(),
            to: work.chat.to_string(),
            status: next,
            timestamp: at.as_secs(),
            error,
            sequence: work.sequence,
        }),
    };
    let new =
        NewEvent { id: None, workspace: &work.workspace, message: Some(&work.message), event: &event, now };
    events::emit(tx, new).await?;
    Ok(true)
}

/// The state of a job that is not running, by that of its message: the two never disagree.
pub(crate) const fn follows(message: MessageState) -> JobState {
    match message {
        MessageState::Queued => JobState::Ready,
        MessageState::Sending => JobState::Running,
        MessageState::Sent | MessageState::Delivered | MessageState::Read => JobState::Done,
        MessageState::Failed | MessageState::Unknown => JobState::Dead,
        MessageState::Cancelled => JobState::Cancelled,
    }
}

/// Closes a job as its message has it, and frees the lane.
pub(crate) async fn close(tx: &mut Tx, work: &mut Work, now: Timestamp) -> Result<()> {
    work.state = follows(work.message_state);
    execute!(tx, CLOSE, work.job.as_str(), work.state.as_str(), now.as_micros())?;
    if std::mem::take(&mut work.at_head) {
        promote(tx, &work.conversation).await?;
    }
    Ok(())
}

/// Puts the lane's first waiting job at its head, if the lane has none.
pub(crate) async fn promote(tx: &mut Tx, conversation: &str) -> Result<()> {
    execute!(tx, PROMOTE, conversation)?;
    Ok(())
}
