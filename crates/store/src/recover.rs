//! Making up for a time in which an endpoint got nothing: what waits goes now, what was parked goes again, what happened while it
//! was switched off goes for the first time. All in small batches, so that nobody waits behind them.

use cetar_model::{DeliveryId, EndpointId, Event, EventData, EventId, EventType, Timestamp, WorkspaceId};

use crate::{
    Result, Store,
    db::{execute, execute_rows, fetch_all, fetch_optional, limit as rows},
    delivery_log::span,
    events::{self, Listener},
    statement::statements,
};

statements! {
    CLOSE = "UPDATE endpoints SET failures = 0, failing_since = NULL, not_before = NULL \
             WHERE workspace = $1 AND id = $2 AND removed_at IS NULL AND disabled_at IS NULL";
    // In the order they were made, and each once: what was claimed since is being looked after.
    HASTEN = "UPDATE deliveries SET run_at = created_at WHERE state = 'ready' AND id IN \
              (SELECT d.id FROM deliveries d WHERE d.endpoint = $1 AND d.state = 'ready' AND d.run_at > $2 \
                 AND (d.claimed_at IS NULL OR d.claimed_at <= $2) ORDER BY d.run_at, d.id LIMIT $3)";
    AGAIN = "UPDATE deliveries SET run_at = created_at, attempts = 0 WHERE state = 'ready' AND id IN \
             (SELECT d.id FROM deliveries d WHERE d.endpoint = $1 AND d.state = 'ready' AND d.run_at > $2 \
                AND (d.claimed_at IS NULL OR d.claimed_at <= $2) AND d.id >= $4 AND d.id < $5 ORDER BY d.run_at, d.id LIMIT $3)";
    REVIVE = "UPDATE deliveries SET state = 'ready', run_at = created_at, attempts = 0, finished_at = NULL \
              WHERE state = 'dead' AND id IN \
              (SELECT d.id FROM deliveries d WHERE d.endpoint = $1 AND d.state = 'dead' AND d.finished_at <= $2 \
                 AND d.id >= $4 AND d.id < $5 ORDER BY d.id LIMIT $3)";
    // Locked, so that of two recoveries the second sees what the first has made.
    LISTENER = "SELECT id, events, device, created_at FROM endpoints \
                WHERE workspace = $1 AND id = $2 AND removed_at IS NULL AND disabled_at IS NULL",
        postgres "FOR NO KEY UPDATE";
    PAST = "SELECT v.id, v.type, v.device, v.created_at, d.id FROM events v \
            LEFT JOIN deliveries d ON d.event = v.id AND d.endpoint = $2 \
            WHERE v.workspace = $1 AND (v.created_at, v.id) > ($3, $4) AND v.created_at < $5 \
            ORDER BY v.created_at, v.id LIMIT $6";
    DELIVER = "INSERT INTO deliveries (id, workspace, event, endpoint, state, run_at, attempts, lease_token, created_at) \
               VALUES ($1, $2, $3, $4, 'ready', $5, 0, 0, $5)";
}

/// A place in the events of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCursor {
    at: i64,
    id: String,
}

impl PastCursor {
    /// Before everything that happened at `at` or later.
    pub fn at(at: Timestamp) -> Self {
        Self { at: at.as_micros().saturating_sub(1), id: "~".to_owned() }
    }
}

impl Store {
    /// Forgets an endpoint's failures and waits; false if it is not there, or is disabled.
    pub async fn close_circuit(&self, workspace: &WorkspaceId, id: &EndpointId) -> Result<bool> {
        self.write((workspace.clone(), id.clone()), |tx, (workspace, id)| {
            Box::pin(async move { Ok(execute!(tx, CLOSE, workspace.as_str(), id.as_str())? == 1) })
        })
        .await
    }

    /// Makes up to `limit` of what waits for its next attempt due at once. Returns how many; fewer than `limit`: that was all.
    /// What was claimed after `now` is left alone, so this ends however often they fail.
    pub async fn hasten_deliveries(&self, id: &EndpointId, now: Timestamp, limit: usize) -> Result<usize> {
        self.write((id.clone(), now, limit), |tx, (id, now, limit)| {
            Box::pin(async move {
                let moved = execute!(tx, HASTEN, id.as_str(), now.as_micros(), rows(*limit))?;
                Ok(usize::try_from(moved).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// The same for deliveries made from `since` on and before `until`, parked ones too, and with fresh attempts.
    pub async fn revive_deliveries(
        &self,
        id: &EndpointId,
        (since, until): (Timestamp, Option<Timestamp>),
        now: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        let (from, to) = span(Some(since), until);
        self.write((id.clone(), from, to, now, limit), |tx, (id, from, to, now, limit)| {
            Box::pin(async move {
                let (id, now, most) = (id.as_str(), now.as_micros(), rows(*limit));
                let moved = execute!(tx, REVIVE, id, now, most, from, to)?
                    + execute!(tx, AGAIN, id, now, most, from, to)?;
                Ok(usize::try_from(moved).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// Gives an endpoint those of the past `limit` events after the cursor that it wants and never got a delivery of, because it
    /// was disabled when they happened; none from before it was added. Returns how many, and where to go on; `None`: that was
    /// all.
    pub async fn deliver_missed(
        &self,
        workspace: &WorkspaceId,
        id: &EndpointId,
        after: PastCursor,
        until: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<(usize, Option<PastCursor>)> {
        let args = (workspace.clone(), id.clone(), after, until, now, limit);
        self.write(args, |tx, (workspace, id, after, until, now, limit)| {
            Box::pin(async move {
                type Past = (String, String, Option<String>, i64, Option<String>);
                let (workspace, id) = (workspace.as_str(), id.as_str());
                let row =
                    fetch_optional!(tx, (String, String, Option<String>, i64), LISTENER, workspace, id)?;
                let Some((_, events, device, added)) = row else { return Ok((0, None)) };
                let listener = Listener::read(id.to_owned(), &events, device);
                let until = until.as_micros();
                let past =
                    fetch_all!(tx, Past, PAST, workspace, id, after.at, &after.id, until, rows(*limit))?;
                let next = past.last().filter(|_| past.len() == *limit);
                let next = next.map(|(id, _, _, at, _)| PastCursor { at: *at, id: id.clone() });
                let mut missed: Vec<(DeliveryId, String)> = Vec::new();
                for (event, kind, of, at, delivery) in past {
                    let wanted = kind.parse().is_ok_and(|kind: EventType| {
                        let of_webhooks =
                            !matches!(kind, EventType::EndpointTest | EventType::ConversationUpdated);
                        of_webhooks && listener.wants(kind, of.as_deref())
                    });
                    if wanted && at >= added && delivery.is_none() {
                        missed.push((tx.ctx.ids.make(*now), event));
                    }
                }
                execute_rows!(tx, events::DELIVERIES, [], &missed, |(delivery, event)| [
                    delivery.as_str(),
                    workspace,
                    event.as_str(),
                    id,
                    now.as_micros(),
                    now.as_micros(),
                ]);
                Ok((missed.len(), next))
            })
        })
        .await
    }

    /// Makes an `endpoint.test` event and one delivery of it, to this endpoint whatever it subscribes to. `None` if it is not
    /// there.
    pub async fn test_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &EndpointId,
        now: Timestamp,
    ) -> Result<Option<DeliveryId>> {
        self.write_once((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
            Box::pin(async move {
                type Row = (String, String, Option<String>, i64);
                if fetch_optional!(tx, Row, LISTENER, workspace.as_str(), id.as_str())?.is_none() {
                    return Ok(None);
                }
                let data = EventData::Test { endpoint_id: id.clone(), timestamp: now.as_secs() };
                let event = Event { event: EventType::EndpointTest, channel: None, session_id: None, data };
                let event_id: EventId = tx.ctx.ids.make(*now);
                events::write(tx, &event_id, workspace, None, &event, *now).await?;
                let delivery: DeliveryId = tx.ctx.ids.make(*now);
                let at = now.as_micros();
                execute!(
                    tx,
                    DELIVER,
                    delivery.as_str(),
                    workspace.as_str(),
                    event_id.as_str(),
                    id.as_str(),
                    at
                )?;
                Ok(Some(delivery))
            })
        })
        .await
    }
}
