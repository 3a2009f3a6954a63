//! Claiming: which jobs may run, and keeping or giving back what was claimed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cetar_model::{Chat, Content, DeviceId, Fate, JobId, MessageState, Timestamp};

use crate::{
    ClaimedJob, Result, Store, StoreError,
    db::{
        Tx, count, execute, execute_rows, fetch_all, fetch_optional, fetch_rows, limit as rows, read,
        read_json, read_opt, row,
    },
    expire, lanes, pace,
    statement::{Multi, statements},
    store::Failed,
};

/// How often a claim looks again after it found jobs at the heads that it did not take: expired, or before their turn.
const ROUNDS: usize = 16;

/// Whether a due job may go out now; if not, when. Asked within the claim's transaction, which may be made again: of one job it must
/// say the same each time.
pub type Turn = Arc<dyn Fn(&Due<'_>) -> std::result::Result<(), Timestamp> + Send + Sync>;

/// A due job that asks for its turn.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// Which.
    pub job: &'a JobId,
    /// Where it goes.
    pub chat: &'a Chat,
    /// What it sends.
    pub content: &'a Content,
    /// The other side never wrote to this device, and never got a message of it. Only told where [`InTurn::strangers`] asks for it.
    pub is_stranger: bool,
}

/// How turns are given out.
#[derive(Clone)]
pub struct InTurn {
    /// Who is asked.
    pub turn: Turn,
    /// It wants to know who is a stranger, which costs a statement.
    pub strangers: bool,
}

statements! {
    DUE = "SELECT j.id, j.workspace, j.device, j.message, j.request_id, j.created_at, j.expires_at, c.chat, m.content, m.reply_to, m.tag, m.state AS message_state \
           FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
           WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.run_at <= $2 ORDER BY j.run_at, j.id LIMIT $3",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    LOST = "SELECT j.id, j.workspace, j.device, j.message, j.request_id, j.created_at, j.expires_at, c.chat, m.content, m.reply_to, m.tag, m.state AS message_state \
            FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
            WHERE j.state = 'running' AND (j.lease_until <= $1 OR ($2 AND j.worker = $3)) ORDER BY j.lease_until, j.id LIMIT $4",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    RENEW = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    UNCLAIM = "UPDATE jobs SET state = 'ready', worker = NULL, lease_until = NULL, attempts = attempts - 1, crashes = crashes - 1, \
                 run_at = CASE WHEN run_at < $4 THEN $4 ELSE run_at END \
               WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    PUT_OFF = "UPDATE jobs SET run_at = $2, put_off = TRUE WHERE id = $1 AND state = 'ready'";
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
       attempts = attempts + 1, crashes = crashes + 1, put_off = FALSE WHERE state = 'ready' AND id IN (",
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

row! {
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
        tag: Option<String>,
        message_state: String,
    }
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
        self.claim_in_turn(device, node, now, lease_until, limit, None).await
    }

    /// The same for those only whose turn has come: the others stay `ready`, due at the time of their turn, their lanes behind them.
    /// Because they are never `running`, a process that ends meanwhile leaves nobody in doubt whether they were sent.
    pub async fn claim_in_turn(
        &self,
        device: &DeviceId,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
        turn: Option<InTurn>,
    ) -> Result<Vec<ClaimedJob>> {
        self.give_back(node, now).await?;
        let mut claimed = Vec::new();
        // Each round puts other jobs at the heads, or among the due. Bounded, for a lane may hold thousands that are past their expiry.
        for _ in 0..ROUNDS {
            let args = Args {
                device: device.clone(),
                node: node.to_owned(),
                now,
                lease_until,
                limit: limit - claimed.len(),
                turn: turn.clone(),
            };
            let Round { jobs, expired, early } =
                match self.try_write(args, |tx, args| Box::pin(claim(tx, args))).await {
                    Ok(round) => round,
                    // Perhaps they are ours, and nobody will begin them: left so, they would pass for sent once the lease is over.
                    Err(Failed::InDoubt(round, error)) => {
                        self.doubt(round.jobs).await;
                        if claimed.is_empty() {
                            return Err(error);
                        }
                        break;
                    }
                    // What an earlier round claimed is committed as ours: it must be begun, or nobody would renew it.
                    Err(Failed::NotDone(_)) if !claimed.is_empty() => break,
                    Err(Failed::NotDone(error)) => return Err(error),
                };
            claimed.extend(jobs);
            if expired.is_empty() && (early == 0 || claimed.len() >= limit) {
                break;
            }
            if expired.is_empty() {
                continue;
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

    /// Notes jobs whose claim may have been committed: whoever claims or rescues next gives them back first.
    async fn doubt(&self, jobs: Vec<ClaimedJob>) {
        tracing::warn!(
            jobs = jobs.len(),
            "whether a claim was committed is not known; what it took is given back"
        );
        self.inner.doubted.lock().await.extend(jobs.into_iter().map(|job| (job.job, job.lease_token)));
    }

    /// Gives back what claims in doubt took, now that the database answers: nobody has begun it. One does it, and the others wait: of a
    /// claim that was not done the next one has the same token, and whoever still gave the first back would take the second away from
    /// an attempt that is under way.
    async fn give_back(&self, node: &str, now: Timestamp) -> Result<()> {
        let mut doubted = self.inner.doubted.lock().await;
        if doubted.is_empty() {
            return Ok(());
        }
        match self.unclaim(node, &doubted, now, None).await {
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            // Asked again it would fail again, and nobody could claim anything.
            Err(error) => {
                tracing::error!(%error, "what claims in doubt took is not given back; it is rescued");
            }
            Ok(()) => {}
        }
        doubted.clear();
        Ok(())
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
    /// `node` with a fresh token, to be settled by the caller. The counters stay: the attempt was made. What a claim of this process took
    /// without its knowing is given back before, however long the database was away; what one of another process took so, or of this
    /// node before its start, cannot be told from what was begun.
    pub async fn rescue(
        &self,
        node: &str,
        own: bool,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>> {
        self.give_back(node, now).await?;
        self.write((node.to_owned(), own, now, lease_until, limit), |tx, (node, own, now, until, limit)| {
            Box::pin(async move {
                let lost = fetch_all!(tx, Row, LOST, now.as_micros(), *own, node, rows(*limit))?;
                let ours = take(tx, &TAKE_OVER, readable(lost)?, node, *until).await?;
                Ok(ours.into_iter().map(|(job, _)| job).collect())
            })
        })
        .await
    }

    /// Gives claimed jobs back unstarted, without an attempt (a graceful stop, or something they need that is not here yet): not to be
    /// claimed again before `not_before`, if given. What is not held any more is left alone.
    pub async fn unclaim(
        &self,
        node: &str,
        jobs: &[(JobId, i64)],
        now: Timestamp,
        not_before: Option<Timestamp>,
    ) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let not_before = not_before.unwrap_or_default();
        self.write((node.to_owned(), jobs.to_vec(), now, not_before), |tx, (node, jobs, now, not_before)| {
            Box::pin(async move {
                let ids: Vec<JobId> = jobs.iter().map(|(job, _)| job.clone()).collect();
                lanes::lock(tx, &ids).await?;
                for (job, token) in jobs {
                    unclaim(tx, node, (job, *token), *now, *not_before).await?;
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

/// What a round of claiming asks for.
struct Args {
    device: DeviceId,
    node: String,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
    turn: Option<InTurn>,
}

/// What was claimed, what was found expired instead, and how many were put off.
struct Round {
    jobs: Vec<ClaimedJob>,
    expired: Vec<JobId>,
    early: usize,
}

async fn claim(tx: &mut Tx, args: &Args) -> Result<Round> {
    let Args { device, node, now, lease_until, limit, turn } = args;
    let due = fetch_all!(tx, Row, DUE, device.as_str(), now.as_micros(), rows(*limit))?;
    let (due, expired): (Vec<_>, Vec<_>) = due.into_iter().partition(|row| row.expires_at > now.as_micros());
    let expired = expired.iter().map(|row| read(&row.id, "jobs", "id", &row.id)).collect::<Result<_>>()?;
    let mut due = readable(due)?;
    let mut early = Vec::new();
    if let Some(InTurn { turn, strangers }) = turn {
        let mut known = HashSet::new();
        if *strangers {
            let chats: Vec<Chat> = due.iter().map(|Waiting { job, .. }| job.to.clone()).collect();
            known.extend(pace::acquainted(tx, device, &chats).await?);
        }
        let ask = |job: &ClaimedJob| {
            let is_stranger = *strangers && !known.contains(&job.to);
            turn(&Due { job: &job.job, chat: &job.to, content: &job.content, is_stranger })
        };
        due.retain(|Waiting { job, .. }| match ask(job) {
            Ok(()) => true,
            Err(until) => {
                early.push((job.job.clone(), until));
                false
            }
        });
    }
    for (job, until) in &early {
        execute!(tx, PUT_OFF, job.as_str(), until.as_micros())?;
    }
    let jobs = take(tx, &TAKE, due, node, *lease_until).await?;
    let mut moves: HashMap<MessageState, Vec<&str>> = HashMap::new();
    for (job, state) in &jobs {
        if let Some(next) = state.after(Fate::Claimed) {
            moves.entry(next).or_default().push(job.message.as_str());
        }
    }
    for (next, messages) in moves {
        execute_rows!(tx, MOVE, [next.as_str(), now.as_micros()], &messages, |message| [*message]);
    }
    Ok(Round { jobs: jobs.into_iter().map(|(job, _)| job).collect(), expired, early: early.len() })
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
            tag: read_opt(row.tag.as_deref(), "messages", "tag", &row.message)?,
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
    (job, token): (&JobId, i64),
    now: Timestamp,
    not_before: Timestamp,
) -> Result<()> {
    let Some(mut work) = lanes::load_locked(tx, job).await? else { return Ok(()) };
    if fetch_optional!(tx, (String,), HELD, job.as_str(), node, token)?.is_none() {
        return Ok(());
    }
    lanes::advance(tx, &mut work, Fate::Returned, None, now, now).await?;
    // A receipt may have come meanwhile: then there is nothing left to do.
    if work.message_state == MessageState::Queued {
        execute!(tx, UNCLAIM, job.as_str(), node, token, not_before.as_micros())?;
        if !work.at_head {
            lanes::promote(tx, &work.conversation).await?;
        }
        Ok(())
    } else {
        lanes::close(tx, &mut work, now).await
    }
}
