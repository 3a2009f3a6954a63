//! Events on their way to endpoints.

use std::collections::HashMap;

use cetar_model::{Event, EventData, EventType, Timestamp, WorkspaceId};

use crate::{
    ClaimedDelivery, DeliveryNext, DeliverySettlement, Result, Store, StoreError,
    db::{Tx, count, execute, fetch_all, fetch_optional, fetch_rows, limit as rows, plain, read},
    endpoints,
    events::{self, NewEvent},
    statement::{Multi, statements},
};

statements! {
    // Of the endpoints with something due and room for it, those that have waited longest first. Locked, so that two nodes
    // do not claim beyond an endpoint's share.
    DUE_ENDPOINTS = "SELECT e.id, e.workspace, e.url, e.events, e.device, e.secret, e.disabled_at, e.disabled_reason, e.created_at \
                     FROM endpoints e WHERE e.removed_at IS NULL AND e.disabled_at IS NULL AND EXISTS \
                       (SELECT 1 FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready' AND d.run_at <= $1) \
                       AND (SELECT COUNT(*) FROM deliveries r WHERE r.endpoint = e.id AND r.state = 'running') < $2 \
                     ORDER BY (SELECT MIN(d.run_at) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready'), e.id LIMIT $3",
        postgres "FOR NO KEY UPDATE SKIP LOCKED";
    RUNNING = "SELECT COUNT(*) FROM deliveries WHERE endpoint = $1 AND state = 'running'";
    DUE = "SELECT d.id, d.event, d.created_at, v.type, v.body FROM deliveries d JOIN events v ON v.id = d.event \
           WHERE d.endpoint = $1 AND d.state = 'ready' AND d.run_at <= $2 ORDER BY d.run_at, d.id LIMIT $3",
        postgres "FOR NO KEY UPDATE OF d SKIP LOCKED";
    HELD = "SELECT endpoint, attempts FROM deliveries WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'",
        postgres "FOR NO KEY UPDATE";
    SETTLE = "UPDATE deliveries SET state = $4, run_at = COALESCE($5, run_at), worker = NULL, lease_until = NULL, finished_at = $6 \
              WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    ATTEMPT = "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, status, error, response) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DISABLE = "UPDATE endpoints SET disabled_at = $2, disabled_reason = $3 WHERE id = $1 AND disabled_at IS NULL \
               RETURNING workspace, url";
    CRASHED = "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, error) \
               SELECT id, lease_token, attempts, COALESCE(claimed_at, $3), $3, 'crashed' FROM deliveries \
               WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2))";
    RESCUE = "UPDATE deliveries SET state = 'ready', run_at = $3, worker = NULL, lease_until = NULL \
              WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2))";
    LOCK_LOST = "SELECT id FROM deliveries WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2)) ORDER BY id",
        postgres "FOR NO KEY UPDATE";
    NEXT = "SELECT MIN((SELECT MIN(d.run_at) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready')) \
            FROM endpoints e WHERE e.removed_at IS NULL AND e.disabled_at IS NULL";
}

static TAKE: Multi = Multi::new(
    "deliveries::TAKE",
    "UPDATE deliveries SET state = 'running', worker = $, claimed_at = $, lease_until = $, \
       lease_token = lease_token + 1, attempts = attempts + 1 WHERE state = 'ready' AND id IN (",
    "$",
    ") RETURNING id, attempts, lease_token",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&TAKE];

impl Store {
    /// Claims due deliveries of enabled endpoints, at most `per_endpoint` running for each, `limit` in all. The attempt
    /// rises here.
    pub async fn claim_deliveries(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<ClaimedDelivery>> {
        let args = (node.to_owned(), now, lease_until, limit, per_endpoint);
        self.write(args, |tx, (node, now, until, limit, share)| {
            Box::pin(async move {
                let mut claimed = Vec::new();
                let (now_micros, most) = (now.as_micros(), rows(*limit));
                for endpoint in fetch_all!(tx, endpoints::Row, DUE_ENDPOINTS, now_micros, rows(*share), most)?
                {
                    let left = limit - claimed.len();
                    if left == 0 {
                        break;
                    }
                    claimed.extend(claim(tx, endpoint, node, *now, *until, left, *share).await?);
                }
                Ok(claimed)
            })
        })
        .await
    }

    /// Writes what came of an attempt, and its line in the log. `LeaseLost` if the lease is not held any more.
    ///
    /// [`EndpointGone`](DeliveryNext::EndpointGone) switches the endpoint off (reason `gone`) and tells the others by
    /// `endpoint.disabled`.
    pub async fn settle_delivery(&self, settlement: DeliverySettlement) -> Result<()> {
        self.write(settlement, |tx, settlement| Box::pin(settle(tx, settlement))).await
    }

    /// Deliveries whose lease has expired, or which this node held before its start, are due again (at least once). Returns
    /// how many. Each leaves an attempt `crashed` in the log.
    pub async fn rescue_deliveries(&self, node: &str, own: bool, now: Timestamp) -> Result<usize> {
        self.write((node.to_owned(), own, now), |tx, (node, own, now)| {
            Box::pin(async move {
                // So that both statements speak of the same rows.
                if tx.is_concurrent() {
                    fetch_all!(tx, (String,), LOCK_LOST, *own, node, now.as_micros())?;
                }
                execute!(tx, CRASHED, *own, node, now.as_micros())?;
                let rescued = execute!(tx, RESCUE, *own, node, now.as_micros())?;
                Ok(usize::try_from(rescued).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// When the next delivery of an enabled endpoint is due, whether or not the endpoint has its share running.
    pub async fn next_delivery_due(&self) -> Result<Option<Timestamp>> {
        let mut conn = self.read().await?;
        let next = fetch_optional!(conn, (Option<i64>,), NEXT)?;
        Ok(next.and_then(|(at,)| at).map(Timestamp::from_micros))
    }
}

async fn claim(
    tx: &mut Tx,
    endpoint: endpoints::Row,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    left: usize,
    share: usize,
) -> Result<Vec<ClaimedDelivery>> {
    type Due = (String, String, i64, String, String);
    let running = fetch_optional!(tx, (i64,), RUNNING, endpoint.id())?.map_or(0, |(n,)| n);
    let free = share.saturating_sub(usize::try_from(running).unwrap_or(0)).min(left);
    if free == 0 {
        return Ok(Vec::new());
    }
    let due = fetch_all!(tx, Due, DUE, endpoint.id(), now.as_micros(), rows(free))?;
    let head = (node, now.as_micros(), until.as_micros());
    let taken: HashMap<String, (i64, i64)> =
        fetch_rows!(tx, (String, i64, i64), TAKE, [head.0, head.1, head.2], &due, |row| [row.0.as_str()])
            .into_iter()
            .map(|(id, attempts, token)| (id, (attempts, token)))
            .collect();
    let endpoint = endpoint.endpoint(&tx.ctx)?;
    let mut claimed = Vec::with_capacity(due.len());
    for (id, event, created_at, event_type, body) in due {
        let Some((attempts, lease_token)) = taken.get(&id) else { continue };
        claimed.push(ClaimedDelivery {
            delivery: read(&id, "deliveries", "id", &id)?,
            event: read(&event, "deliveries", "event", &id)?,
            event_type: read(&event_type, "events", "type", &event)?,
            body,
            endpoint: endpoint.clone(),
            attempt: count(*attempts),
            created_at: Timestamp::from_micros(created_at),
            lease_token: *lease_token,
        });
    }
    Ok(claimed)
}

async fn settle(tx: &mut Tx, settlement: &DeliverySettlement) -> Result<()> {
    let DeliverySettlement { delivery, node, lease_token, started_at, now, .. } = settlement;
    let held = fetch_optional!(tx, (String, i64), HELD, delivery.as_str(), node, lease_token)?;
    let (endpoint, attempt) = held.ok_or(StoreError::LeaseLost)?;
    let (state, run_at) = match settlement.next {
        DeliveryNext::Delivered => ("delivered", None),
        DeliveryNext::Again(at) => ("ready", Some(at.as_micros())),
        DeliveryNext::Dead | DeliveryNext::EndpointGone => ("dead", None),
    };
    let finished = run_at.is_none().then_some(now.as_micros());
    if execute!(tx, SETTLE, delivery.as_str(), node, lease_token, state, run_at, finished)? != 1 {
        return Err(StoreError::LeaseLost);
    }
    execute!(
        tx,
        ATTEMPT,
        delivery.as_str(),
        lease_token,
        attempt,
        started_at.as_micros(),
        now.as_micros(),
        settlement.status.map(i64::from),
        settlement.error.as_deref().map(plain),
        settlement.response.as_deref().map(plain),
    )?;
    if settlement.next == DeliveryNext::EndpointGone {
        disable(tx, &endpoint, "gone", *now).await?;
    }
    Ok(())
}

async fn disable(tx: &mut Tx, id: &str, reason: &str, now: Timestamp) -> Result<()> {
    tx.listeners.clear();
    let Some((workspace, url)) = fetch_optional!(tx, (String, String), DISABLE, id, now.as_micros(), reason)?
    else {
        return Ok(());
    };
    let workspace: WorkspaceId = read(&workspace, "endpoints", "workspace", id)?;
    let event = Event {
        event: EventType::EndpointDisabled,
        channel: None,
        session_id: None,
        data: EventData::Endpoint {
            endpoint_id: read(id, "endpoints", "id", id)?,
            url,
            reason: reason.to_owned(),
        },
    };
    events::emit(tx, NewEvent { id: None, workspace: &workspace, message: None, event: &event, now }).await
}
