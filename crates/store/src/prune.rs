//! Upkeep: what is past its time goes, and how much waits.
//!
//! What an endpoint still waits for stays, however old, and there may be millions of it. So pruning walks: each step looks at a bounded
//! number of rows from where the one before came to, on a connection that nobody writes with, and only what is to go is handed to the
//! writer, by its key. What has to stay is looked at once a turn, and holds up nobody.

use std::collections::BTreeSet;

use cetar_model::{DeliveryId, JobId, Timestamp};

use crate::{
    Cutoffs, QueueFigures, Result, Store,
    db::{Tx, execute, execute_rows, fetch_all, fetch_optional, fetch_rows, limit as rows},
    statement::{Multi, statements},
    stream,
};

/// A delivery `d` that is still to be made, however old: to an endpoint that is on, or was paused after a moment (the parameter). One
/// that was switched off or removed waits for nothing.
macro_rules! waits {
    ($paused:literal) => {
        concat!(
            "(d.state IN ('ready', 'running') AND EXISTS \
               (SELECT 1 FROM endpoints e WHERE e.id = d.endpoint AND e.removed_at IS NULL AND e.disabled_at IS NULL \
                  AND (e.paused_at IS NULL OR e.paused_at >= ",
            $paused,
            ")))"
        )
    };
}

/// An event `v` that a delivery still waits to tell.
macro_rules! is_awaited {
    ($paused:literal) => {
        concat!("EXISTS (SELECT 1 FROM deliveries d WHERE d.event = v.id AND ", waits!($paused), ")")
    };
}

/// As a number: both engines read it alike.
macro_rules! yes {
    ($condition:expr) => {
        concat!("CAST(CASE WHEN ", $condition, " THEN 1 ELSE 0 END AS BIGINT)")
    };
}

statements! {
    // Ids are ordered by the time they were made: what is old is found by its key, and needs no index of its age.
    OLD_DELIVERIES = concat!("SELECT d.id, ", yes!(waits!("$4")), " FROM deliveries d WHERE d.id > $1 AND d.id < $2 ORDER BY d.id LIMIT $3");
    OLD_EVENTS = concat!("SELECT v.created_at, v.id, v.workspace, ", yes!(is_awaited!("$5")), " FROM events v \
                  WHERE (v.created_at, v.id) > ($1, $2) AND v.created_at < $3 ORDER BY v.created_at, v.id LIMIT $4");
    OLD_JOB_ATTEMPTS = "SELECT a.job, a.lease_token FROM job_attempts a WHERE (a.job, a.lease_token) > ($1, $2) AND a.job < $3 \
                        ORDER BY a.job, a.lease_token LIMIT $4";
    // Not of a job that is open: whether it may be cancelled depends on them.
    JOB_ATTEMPTS = "DELETE FROM job_attempts WHERE (job, lease_token) > ($1, $2) AND (job, lease_token) <= ($3, $4) AND ended_at < $5 \
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_attempts.job AND j.state IN ('ready', 'running'))";
    RECEIVED = "DELETE FROM received WHERE (device, chat, remote_id) IN \
                (SELECT r.device, r.chat, r.remote_id FROM received r WHERE r.received_at < $1 ORDER BY r.received_at LIMIT $2)";
    IDEMPOTENCY = "DELETE FROM idempotency WHERE (scope, key) IN \
                   (SELECT i.scope, i.key FROM idempotency i WHERE i.expires_at < $1 ORDER BY i.expires_at LIMIT $2)";
    OPEN = "SELECT COUNT(*), MIN(created_at) FROM jobs WHERE state = 'ready'";
    RUNNING = "SELECT COUNT(*), MIN(created_at) FROM jobs WHERE state = 'running'";
    DEAD = "SELECT COUNT(*) FROM jobs WHERE state = 'dead'";
    READY_DELIVERIES = "SELECT COUNT(*) FROM endpoints e JOIN deliveries d ON d.endpoint = e.id AND d.state = 'ready' \
                        WHERE e.removed_at IS NULL AND e.disabled_at IS NULL";
    RUNNING_DELIVERIES = "SELECT COUNT(*) FROM deliveries WHERE state = 'running'";
}

// What was looked at may wait again since: an endpoint was enabled, a delivery is sent once more.
static STILL_OVER: Multi = Multi::new(
    "prune::STILL_OVER",
    concat!("SELECT d.id FROM deliveries d WHERE NOT ", waits!("$"), " AND d.id IN ("),
    "$",
    ")",
    " FOR UPDATE OF d SKIP LOCKED",
);

static STILL_UNAWAITED: Multi = Multi::new(
    "prune::STILL_UNAWAITED",
    concat!("SELECT v.id FROM events v WHERE NOT ", is_awaited!("$"), " AND v.id IN ("),
    "$",
    ")",
    "",
);

// Those made later than their event, when an endpoint was recovered, go with it.
static OF_EVENTS: Multi =
    Multi::new("prune::OF_EVENTS", "SELECT id FROM deliveries WHERE event IN (", "$", ")", "");
static ATTEMPTS: Multi =
    Multi::new("prune::ATTEMPTS", "DELETE FROM delivery_attempts WHERE delivery IN (", "$", ")", "");
static DELIVERIES: Multi =
    Multi::new("prune::DELIVERIES", "DELETE FROM deliveries WHERE id IN (", "$", ")", "");
static EVENTS: Multi = Multi::new("prune::EVENTS", "DELETE FROM events WHERE id IN (", "$", ")", "");

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] =
    &[&STILL_OVER, &STILL_UNAWAITED, &OF_EVENTS, &ATTEMPTS, &DELIVERIES, &EVENTS];

/// Where a turn of pruning has come to; the default is its beginning.
#[derive(Debug, Clone, Default)]
pub struct PrunePlace(At);

/// An event goes after its deliveries, these with their attempts. Each holds the key of the last row that was looked at.
#[derive(Debug, Clone)]
enum At {
    Deliveries(String),
    Events(i64, String),
    JobAttempts(String, i64),
    Received,
    Idempotency,
}

impl Default for At {
    fn default() -> Self {
        Self::Deliveries(String::new())
    }
}

/// What a step of pruning did.
#[derive(Debug)]
pub struct Pruned {
    /// Rows that went.
    pub gone: usize,
    /// Where to go on; none at the end of the turn.
    pub next: Option<PrunePlace>,
}

impl Store {
    /// One step of deleting what is past its time: looks at no more than `limit` rows of one kind after `from`, and deletes those of them
    /// that nobody waits for (of deliveries with their attempts, which are a dozen each at most). In this order: deliveries, events,
    /// attempts to send, what was received, idempotency keys. Readers of the stream who had not come to these events are told when they ask.
    pub async fn prune(&self, cutoffs: Cutoffs, from: PrunePlace, limit: usize) -> Result<Pruned> {
        let (gone, next) = match from.0 {
            At::Deliveries(after) => self.prune_deliveries(cutoffs, after, limit).await?,
            At::Events(at, id) => self.prune_events(cutoffs, (at, id), limit).await?,
            At::JobAttempts(job, token) => self.prune_job_attempts(cutoffs, (job, token), limit).await?,
            At::Received => {
                let gone = self
                    .write((cutoffs.received, limit), |tx, (before, limit)| {
                        Box::pin(async move { execute!(tx, RECEIVED, before.as_micros(), rows(*limit)) })
                    })
                    .await?;
                (gone, Some(if gone < limit as u64 { At::Idempotency } else { At::Received }))
            }
            At::Idempotency => {
                let gone = self
                    .write((cutoffs.idempotency, limit), |tx, (before, limit)| {
                        Box::pin(async move { execute!(tx, IDEMPOTENCY, before.as_micros(), rows(*limit)) })
                    })
                    .await?;
                (gone, (gone == limit as u64).then_some(At::Idempotency))
            }
        };
        Ok(Pruned { gone: usize::try_from(gone).unwrap_or(usize::MAX), next: next.map(PrunePlace) })
    }

    async fn prune_deliveries(
        &self,
        cutoffs: Cutoffs,
        after: String,
        limit: usize,
    ) -> Result<(u64, Option<At>)> {
        let (old, paused) = (DeliveryId::not_before(cutoffs.events), cutoffs.paused.as_micros());
        let mut conn = self.read().await?;
        let seen = fetch_all!(conn, (String, i64), OLD_DELIVERIES, after, old, rows(limit), paused)?;
        drop(conn);
        let next = match seen.last() {
            Some((id, _)) if seen.len() == limit => At::Deliveries(id.clone()),
            _ => At::Events(i64::MIN, String::new()),
        };
        let over: Vec<String> = seen.into_iter().filter(|(_, waits)| *waits == 0).map(|(id, _)| id).collect();
        if over.is_empty() {
            return Ok((0, Some(next)));
        }
        let gone = self
            .write((over, paused), |tx, (over, paused)| {
                Box::pin(async move {
                    let over = fetch_rows!(tx, (String,), STILL_OVER, [*paused], over, |id| [id.as_str()]);
                    delete_deliveries(tx, &over).await
                })
            })
            .await?;
        Ok((gone, Some(next)))
    }

    async fn prune_events(
        &self,
        cutoffs: Cutoffs,
        after: (i64, String),
        limit: usize,
    ) -> Result<(u64, Option<At>)> {
        type Seen = (i64, String, String, i64);
        let (old, paused) = (cutoffs.events.as_micros(), cutoffs.paused.as_micros());
        let mut conn = self.read().await?;
        let seen = fetch_all!(conn, Seen, OLD_EVENTS, after.0, after.1, old, rows(limit), paused)?;
        drop(conn);
        let next = match seen.last() {
            Some((at, id, ..)) if seen.len() == limit => At::Events(*at, id.clone()),
            _ => At::JobAttempts(String::new(), i64::MIN),
        };
        let mut workspaces = BTreeSet::new();
        let mut over = Vec::new();
        for (_, id, workspace, awaited) in seen {
            if awaited == 0 {
                workspaces.insert(workspace);
                over.push(id);
            }
        }
        if over.is_empty() {
            return Ok((0, Some(next)));
        }
        let workspaces: Vec<String> = workspaces.into_iter().collect();
        let gone = self
            .write((over, workspaces, paused), |tx, (over, workspaces, paused)| {
                Box::pin(async move {
                    stream::lock(tx, workspaces).await?;
                    let over =
                        fetch_rows!(tx, (String,), STILL_UNAWAITED, [*paused], over, |id| [id.as_str()]);
                    stream::note_pruned(tx, &over).await?;
                    delete_deliveries_of(tx, &over).await?;
                    Ok(execute_rows!(tx, EVENTS, [], &over, |row| [row.0.as_str()]))
                })
            })
            .await?;
        Ok((gone, Some(next)))
    }

    async fn prune_job_attempts(
        &self,
        cutoffs: Cutoffs,
        after: (String, i64),
        limit: usize,
    ) -> Result<(u64, Option<At>)> {
        let (before, old) = (cutoffs.job_attempts.as_micros(), JobId::not_before(cutoffs.job_attempts));
        let mut conn = self.read().await?;
        let (job, token) = (&after.0, after.1);
        let seen = fetch_all!(conn, (String, i64), OLD_JOB_ATTEMPTS, job, token, old, rows(limit))?;
        drop(conn);
        let is_last = seen.len() < limit;
        let Some(last) = seen.into_iter().next_back() else { return Ok((0, Some(At::Received))) };
        let next = if is_last { At::Received } else { At::JobAttempts(last.0.clone(), last.1) };
        let gone = self
            .write((after, last, before), |tx, (after, last, before)| {
                Box::pin(
                    async move { execute!(tx, JOB_ATTEMPTS, &after.0, after.1, &last.0, last.1, *before) },
                )
            })
            .await?;
        Ok((gone, Some(next)))
    }

    /// Counts what waits: takes time in proportion to it, so not for every request.
    pub async fn queue_figures(&self) -> Result<QueueFigures> {
        let mut conn = self.read().await?;
        let (ready, oldest_ready) = fetch_optional!(conn, (i64, Option<i64>), OPEN)?.unwrap_or_default();
        let (running, oldest_running) =
            fetch_optional!(conn, (i64, Option<i64>), RUNNING)?.unwrap_or_default();
        let (dead,) = fetch_optional!(conn, (i64,), DEAD)?.unwrap_or_default();
        let (waiting,) = fetch_optional!(conn, (i64,), READY_DELIVERIES)?.unwrap_or_default();
        let (delivering,) = fetch_optional!(conn, (i64,), RUNNING_DELIVERIES)?.unwrap_or_default();
        Ok(QueueFigures {
            open: ready + running,
            oldest: oldest_ready.into_iter().chain(oldest_running).min().map(Timestamp::from_micros),
            deliveries: waiting + delivering,
            dead,
        })
    }
}

/// All of these events, with their attempts.
pub(crate) async fn delete_deliveries_of(tx: &mut Tx, events: &[(String,)]) -> Result<u64> {
    let told = fetch_rows!(tx, (String,), OF_EVENTS, [], events, |row| [row.0.as_str()]);
    delete_deliveries(tx, &told).await
}

/// With their attempts; how many rows went.
async fn delete_deliveries(tx: &mut Tx, ids: &[(String,)]) -> Result<u64> {
    let attempts = execute_rows!(tx, ATTEMPTS, [], ids, |row| [row.0.as_str()]);
    let deliveries = execute_rows!(tx, DELIVERIES, [], ids, |row| [row.0.as_str()]);
    Ok(attempts + deliveries)
}
