//! Upkeep: what is past its time goes, and how much waits.

use cetar_model::Timestamp;

use crate::{
    Cutoffs, QueueFigures, Result, Store,
    db::{execute, fetch_optional, limit as rows},
    statement::statements,
};

macro_rules! old_events {
    () => {
        "(SELECT v.id FROM events v WHERE v.created_at < $1 ORDER BY v.created_at, v.id LIMIT $2)"
    };
}

statements! {
    ATTEMPTS = concat!("DELETE FROM delivery_attempts WHERE delivery IN \
                        (SELECT d.id FROM deliveries d WHERE d.event IN ", old_events!(), ")");
    DELIVERIES = concat!("DELETE FROM deliveries WHERE event IN ", old_events!());
    EVENTS = concat!("DELETE FROM events WHERE id IN ", old_events!());
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
    /// Deletes what is past its time, in small batches: at most `limit` events (with their deliveries and attempts) and `limit`
    /// idempotency keys. Returns how many rows went; zero when there is nothing left to do.
    pub async fn prune(&self, cutoffs: Cutoffs, limit: usize) -> Result<usize> {
        let gone = self
            .write((cutoffs, limit), |tx, (cutoffs, limit)| {
                Box::pin(async move {
                    let (events, limit) = (cutoffs.events.as_micros(), rows(*limit));
                    let mut gone = execute!(tx, ATTEMPTS, events, limit)?;
                    gone += execute!(tx, DELIVERIES, events, limit)?;
                    gone += execute!(tx, EVENTS, events, limit)?;
                    gone += execute!(tx, IDEMPOTENCY, cutoffs.idempotency.as_micros(), limit)?;
                    Ok(gone)
                })
            })
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
