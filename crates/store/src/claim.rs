//! Claiming: which jobs may run, and keeping or giving back what was claimed.

use std::collections::HashMap;

use cetar_model::{Chat, DeviceId, Fate, JobId, MessageState, Timestamp};

use crate::{
    ClaimedJob, Result, Store,
    db::{
        Tx, count, execute, execute_rows, fetch_all, fetch_optional, fetch_rows, limit as rows, read,
        read_json,
    },
    expire, lanes,
    statement::{Multi, statements},
};

/// How often a claim looks again after it found expired jobs at the heads.
const EXPIRY_ROUNDS: usize = 16;

statements! {
    DUE = "SELECT j.id, j.workspace, j.device, j.message, j.request_id, j.created_at, j.expires_at, c.chat, m.content, m.reply_to, m.state AS message_state \
           FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
           WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.run_at <= $2 ORDER BY j.run_at, j.id LIMIT $3",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    LOST = "SELECT j.id, j.workspace, j.device, j.message, j.request_id, j.created_at, j.expires_at, c.chat, m.content, m.reply_to, m.state AS message_state \
            FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
            WHERE j.state = 'running' AND (j.lease_until <= $1 OR ($2 AND j.worker = $3)) ORDER BY j.lease_until, j.id LIMIT $4",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    RENEW = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    UNCLAIM = "UPDATE jobs SET state = 'ready', worker = NULL, lease_until = NULL, attempts = attempts - 1, crashes = crashes - 1, \
               run_at = COALESCE($4, run_at) \
               WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    HELD = "SELECT id FROM jobs WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    NEXT = "SELECT run_at FROM jobs WHERE device = $1 AND at_head AND state = 'ready' ORDER BY run_at, id LIMIT 1";
    DUE_DEVICES = "SELECT d.id FROM devices d WHERE d.removed_at IS NULL AND EXISTS \
                   (SELECT 1 FROM jobs j WHERE j.device = d.id AND j.at_head AND j.state = 'ready' AND j.run_at <= $1) \
                   ORDER BY d.id";
}

/// The attempt and the crash counter rise here, before anything runs: a job that kills the process cannot do so for ever.
static TAKE: Multi = Multi::new(
    "claim::TAKE",
    "UPDATE jobs SET state = 'running', worker = $, lease_until = $, lease_token = lease_token + 1, \
       attempts = attempts + 1, crashes = crashes + 1 WHERE state = 'ready' AND id IN (",
    "$",
    ") RETURNING id, attempts, crashes, lease_token",
    "",
);

static TAKE_OVER: Multi = Multi::new(
    "claim::TAKE_OVER",
    "UPDATE jobs SET worker = $, lease_until = $, lease_token = lease_token + 1 WHERE state = 'running' AND id IN (",
    "$",
    ") RETURNING id, attempts, crashes, lease_token",
    "",
);

/// Many messages from one state to another, for moves that no event tells of.
static MOVE: Multi =
    Multi::new("claim::MOVE", "UPDATE messages SET state = $, state_at = $ WHERE id IN (", "$", ")", "");

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&TAKE, &TAKE_OVER, &MOVE];

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    workspace: String,
    device: String,
    message: String,
    request_id: Option<String>,
    created_at: i64,
    expires_at: i64,
    chat: String,
    content: String,
    reply_to: Option<String>,
    message_state: String,
}

impl Store {
    /// Claims due jobs of one device whose lane is free, oldest first; their messages become `sending`. A job past its
    /// expiry is never handed out: it fails here, as [`expire`](Store::expire) would have it.
    pub async fn claim(
        &self,
        device: &DeviceId,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>> {
        let mut claimed = Vec::new();
        // Each round puts other jobs at the heads. Bounded, for a lane may hold thousands that are past their expiry.
        for _ in 0..EXPIRY_ROUNDS {
            let args = (device.clone(), node.to_owned(), now, lease_until, limit - claimed.len());
            let round = self.write(args, |tx, (device, node, now, until, limit)| {
                Box::pin(claim(tx, device, node, *now, *until, *limit))
            });
            let (fresh, expired) = match round.await {
                Ok(round) => round,
                // What an earlier round claimed is committed as ours: it must be begun, or nobody would renew it.
                Err(_) if !claimed.is_empty() => break,
                Err(error) => return Err(error),
            };
            claimed.extend(fresh);
            if expired.is_empty() {
                break;
            }
            // Of their own, because closing a job needs its lane first. What fails here is found again by the next claim.
            let close =
                self.write((expired, now), |tx, (jobs, now)| Box::pin(expire::expire_all(tx, jobs, *now)));
            match close.await {
                Ok(_) => {}
                Err(_) if !claimed.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }

    /// Renews; returns those that are lost.
    pub async fn renew_jobs(
        &self,
        node: &str,
        jobs: &[(JobId, i64)],
        until: Timestamp,
    ) -> Result<Vec<JobId>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut jobs = jobs.to_vec();
        jobs.sort_unstable();
        self.write((node.to_owned(), jobs, until), |tx, (node, jobs, until)| {
            Box::pin(async move {
                let mut lost = Vec::new();
                for (job, token) in jobs {
                    if execute!(tx, RENEW, job.as_str(), node, token, until.as_micros())? == 0 {
                        lost.push(job.clone());
                    }
                }
                Ok(lost)
            })
        })
        .await
    }

    /// Takes over running jobs whose lease has expired, or which `own` (this node, at its start) held before: re-leased to
    /// `node` with a fresh token, to be settled by the caller. The counters stay: the attempt was made.
    pub async fn rescue(
        &self,
        node: &str,
        own: bool,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>> {
        self.write((node.to_owned(), own, now, lease_until, limit), |tx, (node, own, now, until, limit)| {
            Box::pin(async move {
                let lost = fetch_all!(tx, Row, LOST, now.as_micros(), *own, node, rows(*limit))?;
                let ours = take(tx, &TAKE_OVER, readable(lost)?, node, *until).await?;
                Ok(ours.into_iter().map(|(job, _)| job).collect())
            })
        })
        .await
    }

    /// Gives claimed jobs back unstarted, without an attempt (a graceful stop). What is not held any more is left alone.
    pub async fn unclaim(&self, node: &str, jobs: &[(JobId, i64)], now: Timestamp) -> Result<()> {
        let jobs = jobs.iter().map(|(job, token)| (job.clone(), *token, None)).collect();
        self.give_back(node, jobs, now).await
    }

    /// The same for jobs whose turn has not come yet: each is due again at its time, and its lane waits behind it.
    pub async fn postpone(&self, node: &str, jobs: &[(JobId, i64, Timestamp)], now: Timestamp) -> Result<()> {
        let jobs = jobs.iter().map(|(job, token, until)| (job.clone(), *token, Some(*until))).collect();
        self.give_back(node, jobs, now).await
    }

    async fn give_back(
        &self,
        node: &str,
        jobs: Vec<(JobId, i64, Option<Timestamp>)>,
        now: Timestamp,
    ) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.write((node.to_owned(), jobs, now), |tx, (node, jobs, now)| {
            Box::pin(async move {
                let ids: Vec<JobId> = jobs.iter().map(|(job, _, _)| job.clone()).collect();
                lanes::lock(tx, &ids).await?;
                for (job, token, until) in jobs {
                    unclaim(tx, node, job, *token, *until, *now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// When a job of this device that could be claimed is due next: the first of those at the head of their lane and not
    /// running. The jobs behind them become due by a settlement, which is no matter of time.
    pub async fn next_due(&self, device: &DeviceId) -> Result<Option<Timestamp>> {
        let mut conn = self.read().await?;
        let next = fetch_optional!(conn, (i64,), NEXT, device.as_str())?;
        Ok(next.map(|(at,)| Timestamp::from_micros(at)))
    }

    /// Devices with a job that could be claimed.
    pub async fn due_devices(&self, now: Timestamp) -> Result<Vec<DeviceId>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, (String,), DUE_DEVICES, now.as_micros())?
            .into_iter()
            .map(|(id,)| read(&id, "devices", "id", &id))
            .collect()
    }
}

/// What was claimed, and what was found expired instead.
async fn claim(
    tx: &mut Tx,
    device: &DeviceId,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<(Vec<ClaimedJob>, Vec<JobId>)> {
    let due = fetch_all!(tx, Row, DUE, device.as_str(), now.as_micros(), rows(limit))?;
    let (due, expired): (Vec<_>, Vec<_>) = due.into_iter().partition(|row| row.expires_at > now.as_micros());
    let expired = expired.iter().map(|row| read(&row.id, "jobs", "id", &row.id)).collect::<Result<_>>()?;
    let jobs = take(tx, &TAKE, readable(due)?, node, until).await?;
    let mut moves: HashMap<MessageState, Vec<&str>> = HashMap::new();
    for (job, state) in &jobs {
        if let Some(next) = state.after(Fate::Claimed) {
            moves.entry(next).or_default().push(job.message.as_str());
        }
    }
    for (next, messages) in moves {
        execute_rows!(tx, MOVE, [next.as_str(), now.as_micros()], &messages, |message| [*message]);
    }
    Ok((jobs.into_iter().map(|(job, _)| job).collect(), expired))
}

/// A job about to be claimed, read in full before it is: `attempt` and the rest of the lease come with the claim.
struct Waiting {
    job: ClaimedJob,
    state: MessageState,
}

impl Waiting {
    fn read(row: Row) -> Result<Self> {
        let id = &row.id;
        let job = ClaimedJob {
            job: read(id, "jobs", "id", id)?,
            message: read(&row.message, "jobs", "message", id)?,
            workspace: read(&row.workspace, "jobs", "workspace", id)?,
            device: read(&row.device, "jobs", "device", id)?,
            content: read_json(&row.content, "messages", "content", &row.message)?,
            to: Chat::new(row.chat),
            reply_to: row.reply_to,
            attempt: 0,
            crashes: 0,
            request_id: row.request_id,
            lease_token: 0,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        };
        Ok(Self { state: read(&row.message_state, "messages", "state", &row.message)?, job })
    }
}

/// Those that can be read: one that cannot must not keep the rest from going out. Nor may it go unnoticed: it is logged, and
/// where nothing else is left, its error is the answer.
fn readable(rows: Vec<Row>) -> Result<Vec<Waiting>> {
    let mut whole = Vec::with_capacity(rows.len());
    let mut broken = None;
    for row in rows {
        match Waiting::read(row) {
            Ok(waiting) => whole.push(waiting),
            Err(error) => {
                tracing::error!(%error, "a job cannot be read; it stays where it is");
                broken = Some(error);
            }
        }
    }
    match broken {
        Some(error) if whole.is_empty() => Err(error),
        _ => Ok(whole),
    }
}

/// Puts jobs under our lease, in their order. What another took meanwhile is left out.
async fn take(
    tx: &mut Tx,
    how: &Multi,
    jobs: Vec<Waiting>,
    node: &str,
    until: Timestamp,
) -> Result<Vec<(ClaimedJob, MessageState)>> {
    let until = until.as_micros();
    let taken: HashMap<String, (i64, i64, i64)> =
        fetch_rows!(tx, (String, i64, i64, i64), how, [node, until], &jobs, |waiting| [waiting
            .job
            .job
            .as_str()])
        .into_iter()
        .map(|(id, attempts, crashes, token)| (id, (attempts, crashes, token)))
        .collect();
    let ours = jobs.into_iter().filter_map(|Waiting { mut job, state }| {
        let &(attempt, crashes, lease_token) = taken.get(job.job.as_str())?;
        (job.attempt, job.crashes, job.lease_token) = (count(attempt), count(crashes), lease_token);
        Some((job, state))
    });
    Ok(ours.collect())
}

async fn unclaim(
    tx: &mut Tx,
    node: &str,
    job: &JobId,
    token: i64,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let Some(mut work) = lanes::load_locked(tx, job).await? else { return Ok(()) };
    if fetch_optional!(tx, (String,), HELD, job.as_str(), node, token)?.is_none() {
        return Ok(());
    }
    lanes::advance(tx, &mut work, Fate::Returned, None, now, now).await?;
    // A receipt may have come meanwhile: then there is nothing left to do.
    if work.message_state == MessageState::Queued {
        execute!(tx, UNCLAIM, job.as_str(), node, token, until.map(Timestamp::as_micros))?;
        if !work.at_head {
            lanes::promote(tx, &work.conversation).await?;
        }
        Ok(())
    } else {
        lanes::close(tx, &mut work, now).await
    }
}
