//! Upkeep: what is past its time goes, and how much waits.

use cetar_model::{DeliveryId, JobId, Timestamp};

use crate::{
    Cutoffs, QueueFigures, Result, Store,
    db::{Tx, execute, fetch_optional, limit as rows},
    statement::statements,
    stream,
};

/// A delivery `d` that is still to be made, however old: to an endpoint that is on, or paused. One that was switched off or removed
/// waits for nothing.
macro_rules! waits {
    () => {
        "d.state IN ('ready', 'running') AND EXISTS \
           (SELECT 1 FROM endpoints e WHERE e.id = d.endpoint AND e.removed_at IS NULL AND e.disabled_at IS NULL)"
    };
}
pub(crate) use waits;

/// Those past their time that nobody waits for any more.
macro_rules! old_events {
    () => {
        concat!(
            "(SELECT v.id FROM events v WHERE v.created_at < $1 AND NOT EXISTS \
               (SELECT 1 FROM deliveries d WHERE d.event = v.id AND ",
            waits!(),
            ") \
              ORDER BY v.created_at, v.id LIMIT $2)"
        )
    };
}
pub(crate) use old_events;

statements! {
    // Ids are ordered by the time they were made: what is old is found by its key, and needs no index of its age.
    OLD_ATTEMPTS = concat!("DELETE FROM delivery_attempts WHERE (delivery, lease_token) IN \
                    (SELECT a.delivery, a.lease_token FROM delivery_attempts a WHERE a.delivery < $1 AND NOT EXISTS \
                       (SELECT 1 FROM deliveries d WHERE d.id = a.delivery AND ", waits!(), ") \
                     ORDER BY a.delivery, a.lease_token LIMIT $2)");
    OLD_DELIVERIES = concat!("DELETE FROM deliveries WHERE id IN (SELECT d.id FROM deliveries d WHERE d.id < $1 AND NOT (",
                       waits!(), ") ORDER BY d.id LIMIT $2)");
    // Those made later than their event, when an endpoint was recovered.
    ATTEMPTS = concat!("DELETE FROM delivery_attempts WHERE delivery IN \
                        (SELECT d.id FROM deliveries d WHERE d.event IN ", old_events!(), ")");
    DELIVERIES = concat!("DELETE FROM deliveries WHERE event IN ", old_events!());
    EVENTS = concat!("DELETE FROM events WHERE id IN ", old_events!());
    // Not of a job that is open: whether it may be cancelled depends on them.
    JOB_ATTEMPTS = "DELETE FROM job_attempts WHERE (job, lease_token) IN \
                    (SELECT a.job, a.lease_token FROM job_attempts a WHERE a.job < $1 AND a.ended_at < $2 AND NOT EXISTS \
                       (SELECT 1 FROM jobs j WHERE j.id = a.job AND j.state IN ('ready', 'running')) \
                     ORDER BY a.job, a.lease_token LIMIT $3)";
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

impl Store {
    /// Deletes what is past its time, at most `limit` rows of one kind in one transaction: attempts to deliver, deliveries,
    /// events, attempts to send, what was received, idempotency keys. What an endpoint still waits for stays, with its event. Readers of the stream who had not come to these events
    /// are told when they ask. Returns how many rows went; zero when there is nothing left to do.
    pub async fn prune(&self, cutoffs: Cutoffs, limit: usize) -> Result<usize> {
        let gone = self
            .write((cutoffs, limit), |tx, (cutoffs, limit)| Box::pin(prune(tx, *cutoffs, rows(*limit))))
            .await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
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

/// One step: the first kind of which there is something. An event goes after its deliveries, these after their attempts.
async fn prune(tx: &mut Tx, cutoffs: Cutoffs, limit: i64) -> Result<u64> {
    let (events, old) = (cutoffs.events.as_micros(), DeliveryId::not_before(cutoffs.events));
    let mut gone = execute!(tx, OLD_ATTEMPTS, &old, limit)?;
    if gone == 0 {
        gone = execute!(tx, OLD_DELIVERIES, &old, limit)?;
    }
    if gone == 0 {
        stream::note_pruned(tx, events, limit).await?;
        execute!(tx, ATTEMPTS, events, limit)?;
        execute!(tx, DELIVERIES, events, limit)?;
        gone = execute!(tx, EVENTS, events, limit)?;
    }
    if gone == 0 {
        let (before, jobs) = (cutoffs.job_attempts, JobId::not_before(cutoffs.job_attempts));
        gone = execute!(tx, JOB_ATTEMPTS, jobs, before.as_micros(), limit)?;
    }
    if gone == 0 {
        gone = execute!(tx, RECEIVED, cutoffs.received.as_micros(), limit)?;
    }
    if gone == 0 {
        gone = execute!(tx, IDEMPOTENCY, cutoffs.idempotency.as_micros(), limit)?;
    }
    Ok(gone)
}
