//! Events on their way to endpoints: what is claimed, and taken back.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use cetar_model::{CIRCUIT_OPENS_AFTER, DeliveryId, EventId, EventType, Timestamp, circuit_is_open};

use crate::{
    ClaimedDelivery, Result, Shares, Store, StoreError,
    db::{Tx, count, execute, fetch_all, fetch_optional, fetch_rows, limit as rows, read},
    endpoints::TargetRow,
    outcomes::disable,
    statement::{Multi, statements},
};

/// Endpoints that are on and have something due, fewer than `$2` of it running (an ordered one and one whose circuit is open have room for
/// one), of workspaces that have fewer than `$5` running in all. What runs is counted once, and is never much.
macro_rules! due_endpoints {
    ($which:literal) => {
        concat!(
            "WITH busy AS (SELECT r.endpoint, COUNT(*) AS running FROM deliveries r WHERE r.state = 'running' GROUP BY r.endpoint), \
               crowd AS (SELECT o.workspace, CAST(SUM(b.running) AS BIGINT) AS running FROM busy b JOIN endpoints o ON o.id = b.endpoint \
                         GROUP BY o.workspace) \
             SELECT e.id, e.workspace, e.url, e.secret, e.former_secrets, e.headers, e.ordered, e.legacy_signature, e.replies, e.failures, \
               COALESCE(c.running, 0) AS crowd \
             FROM endpoints e LEFT JOIN busy b ON b.endpoint = e.id LEFT JOIN crowd c ON c.workspace = e.workspace \
             WHERE e.removed_at IS NULL AND e.disabled_at IS NULL AND e.paused_at IS NULL \
               AND (e.not_before IS NULL OR e.not_before <= $1) AND COALESCE(c.running, 0) < $5 AND EXISTS \
               (SELECT 1 FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready' AND d.run_at <= $1) \
               AND COALESCE(b.running, 0) < CASE WHEN e.ordered OR e.failures >= $4 THEN CAST(1 AS BIGINT) ELSE $2 END ",
            $which
        )
    };
}

statements! {
    // Those first whose workspace has the fewest under way, then those that have the fewest themselves, then those that have waited
    // longest: however many slow endpoints somebody has, what falls free goes to others. Locked, so that two nodes do not claim beyond
    // an endpoint's share.
    DUE_ENDPOINTS = due_endpoints!(
        "ORDER BY COALESCE(c.running, 0), COALESCE(b.running, 0), \
           (SELECT MIN(d.run_at) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready'), e.id LIMIT $3"),
        postgres "FOR NO KEY UPDATE OF e SKIP LOCKED";
    DUE_ENDPOINT = due_endpoints!("AND e.id = $3"), postgres "FOR NO KEY UPDATE OF e SKIP LOCKED";
    RUNNING = "SELECT COUNT(*) FROM deliveries WHERE endpoint = $1 AND state = 'running'";
    DUE = "SELECT d.id, d.event, d.created_at, v.type, v.body FROM deliveries d JOIN events v ON v.id = d.event \
           WHERE d.endpoint = $1 AND d.state = 'ready' AND d.run_at <= $2 ORDER BY d.run_at, d.id LIMIT $3",
        postgres "FOR NO KEY UPDATE OF d SKIP LOCKED";
    UNCLAIM = "UPDATE deliveries SET state = 'ready', worker = NULL, lease_until = NULL, attempts = attempts - 1 \
               WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    PARK = "UPDATE deliveries SET state = 'dead', worker = NULL, lease_until = NULL, finished_at = $2 WHERE id = $1";
    NOTE = "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, error) VALUES ($1, $2, $3, $4, $4, $5)";
    CRASHED = "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, error, next_at) \
               SELECT id, lease_token, attempts, COALESCE(claimed_at, $3), $3, 'crashed', $3 FROM deliveries \
               WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2))";
    // It was due when it was claimed, so it is due; of an ordered endpoint it is the first still.
    RESCUE = "UPDATE deliveries SET state = 'ready', worker = NULL, lease_until = NULL \
              WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2))";
    LOCK_LOST = "SELECT id FROM deliveries WHERE state = 'running' AND (lease_until <= $3 OR ($1 AND worker = $2)) ORDER BY id",
        postgres "FOR NO KEY UPDATE";
    NEXT = "SELECT MIN(CASE WHEN q.not_before > q.run_at THEN q.not_before ELSE q.run_at END) FROM \
             (SELECT e.not_before, (SELECT MIN(d.run_at) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'ready') AS run_at \
              FROM endpoints e WHERE e.removed_at IS NULL AND e.disabled_at IS NULL AND e.paused_at IS NULL) q";
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

/// Who claims, when, and how much.
struct Claim {
    node: String,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
    shares: Shares,
}

impl Store {
    /// Claims due deliveries of endpoints that are on, at most their share running for each (one for an ordered endpoint and
    /// for one whose circuit is open), `limit` in all. The attempt rises here.
    ///
    /// What cannot be read stops nobody else: such a delivery is parked, with a line in its log; an endpoint whose secret or
    /// headers cannot be opened is switched off (reason `unreadable`) and keeps what waits for it.
    pub async fn claim_deliveries(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
        shares: impl Into<Shares>,
    ) -> Result<Vec<ClaimedDelivery>> {
        let shares = shares.into();
        let claim = Claim { node: node.to_owned(), now, until: lease_until, limit, shares };
        self.write(claim, |tx, claim| {
            Box::pin(async move {
                let mut claimed = Vec::new();
                // By workspace, with what was under way before this claim.
                let mut crowds: HashMap<String, usize> = HashMap::new();
                let (now, most, open) =
                    (claim.now.as_micros(), rows(claim.limit), i64::from(CIRCUIT_OPENS_AFTER));
                let Shares { each, quick, of_quick, of_workspace } = &claim.shares;
                let crowd = rows(*of_workspace);
                let mut next = Next { claim, claimed: &mut claimed, crowds: &mut crowds };
                for endpoint in fetch_all!(tx, TargetRow, DUE_ENDPOINTS, now, rows(*each), most, open, crowd)?
                {
                    next.claim(tx, endpoint, *each).await?;
                }
                // What everybody has room for comes first.
                for id in quick {
                    let share = rows(*of_quick);
                    let endpoint =
                        fetch_optional!(tx, TargetRow, DUE_ENDPOINT, now, share, id.as_str(), open, crowd)?;
                    if let Some(endpoint) = endpoint {
                        next.claim(tx, endpoint, *of_quick).await?;
                    }
                }
                Ok(claimed)
            })
        })
        .await
    }

    /// Gives back what was claimed and not begun: as if it had not been.
    pub async fn unclaim_deliveries(&self, node: &str, claims: Vec<(DeliveryId, i64)>) -> Result<()> {
        self.write((node.to_owned(), claims), |tx, (node, claims)| {
            Box::pin(async move {
                for (delivery, lease_token) in claims {
                    execute!(tx, UNCLAIM, delivery.as_str(), node, *lease_token)?;
                }
                Ok(())
            })
        })
        .await
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

    /// Whether this process committed deliveries of events since this was asked last. Those that were brought forward do not count.
    #[must_use]
    pub fn has_new_deliveries(&self) -> bool {
        self.inner.ctx.new_deliveries.swap(false, Ordering::AcqRel)
    }

    /// When the next delivery of an endpoint that is on is due, whether or not the endpoint has its share running.
    pub async fn next_delivery_due(&self) -> Result<Option<Timestamp>> {
        let mut conn = self.read().await?;
        let next = fetch_optional!(conn, (Option<i64>,), NEXT)?;
        Ok(next.and_then(|(at,)| at).map(Timestamp::from_micros))
    }
}

/// A claim as it grows.
struct Next<'a> {
    claim: &'a Claim,
    claimed: &'a mut Vec<ClaimedDelivery>,
    crowds: &'a mut HashMap<String, usize>,
}

impl Next<'_> {
    /// What this endpoint, its workspace and the claim itself have room for.
    async fn claim(&mut self, tx: &mut Tx, endpoint: TargetRow, share: usize) -> Result<()> {
        let running = usize::try_from(endpoint.crowd).unwrap_or(0);
        let crowd = self.crowds.entry(endpoint.workspace.clone()).or_insert(running);
        let room = self.claim.shares.of_workspace.saturating_sub(*crowd);
        let left = self.claim.limit.saturating_sub(self.claimed.len()).min(room);
        if left > 0 {
            let more = claim_of(tx, endpoint, self.claim, share, left).await?;
            *crowd += more.len();
            self.claimed.extend(more);
        }
        Ok(())
    }
}

async fn claim_of(
    tx: &mut Tx,
    endpoint: TargetRow,
    claim: &Claim,
    share: usize,
    left: usize,
) -> Result<Vec<ClaimedDelivery>> {
    type Due = (String, String, i64, String, String);
    let id = endpoint.id.clone();
    let alone = endpoint.ordered || circuit_is_open(count(endpoint.failures));
    let target = match endpoint.target(&tx.ctx, claim.now) {
        Ok(target) => Arc::new(target),
        Err(error) => {
            tracing::error!(endpoint = id, %error, "a webhook endpoint cannot be read; it is switched off");
            disable(tx, &id, "unreadable", claim.now).await?;
            return Ok(Vec::new());
        }
    };
    let running = fetch_optional!(tx, (i64,), RUNNING, &id)?.map_or(0, |(n,)| n);
    let share = if alone { 1 } else { share };
    let free = share.saturating_sub(usize::try_from(running).unwrap_or(0)).min(left);
    if free == 0 {
        return Ok(Vec::new());
    }
    let due = fetch_all!(tx, Due, DUE, &id, claim.now.as_micros(), rows(free))?;
    let head = (claim.node.as_str(), claim.now.as_micros(), claim.until.as_micros());
    let taken: HashMap<String, (i64, i64)> =
        fetch_rows!(tx, (String, i64, i64), TAKE, [head.0, head.1, head.2], &due, |row| [row.0.as_str()])
            .into_iter()
            .map(|(id, attempts, token)| (id, (attempts, token)))
            .collect();
    let mut claimed = Vec::with_capacity(due.len());
    for (id, event, created_at, event_type, body) in due {
        let Some((attempts, lease_token)) = taken.get(&id) else { continue };
        match names(&id, &event, &event_type) {
            Ok((delivery, event, event_type)) => claimed.push(ClaimedDelivery {
                delivery,
                event,
                event_type,
                body,
                endpoint: Arc::clone(&target),
                attempt: count(*attempts),
                created_at: Timestamp::from_micros(created_at),
                lease_token: *lease_token,
            }),
            Err(error) => {
                tracing::error!(delivery = id, %error, "a webhook cannot be read; it is parked");
                let (now, error) = (claim.now.as_micros(), format!("unreadable: {error}"));
                execute!(tx, PARK, &id, now)?;
                execute!(tx, NOTE, &id, lease_token, attempts, now, error)?;
            }
        }
    }
    Ok(claimed)
}

fn names(id: &str, event: &str, event_type: &str) -> Result<(DeliveryId, EventId, EventType), StoreError> {
    Ok((
        read(id, "deliveries", "id", id)?,
        read(event, "deliveries", "event", id)?,
        read(event_type, "events", "type", event)?,
    ))
}
