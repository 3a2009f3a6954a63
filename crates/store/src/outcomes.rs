//! What came of an attempt to deliver, and what it says about its endpoint.

use cetar_model::{
    Event, EventData, EventType, Timestamp, WorkspaceId, circuit_is_open, is_given_up, probe_after,
};

use crate::{
    DeliveryNext, DeliverySettlement, EndpointTurn, Result, Store, StoreError,
    db::{Tx, count, execute, fetch_optional, json, plain, read},
    events::{self, NewEvent},
    statement::statements,
};

statements! {
    HELD = "SELECT d.endpoint, d.attempts, e.ordered, e.failures, e.not_before \
            FROM deliveries d JOIN endpoints e ON e.id = d.endpoint \
            WHERE d.id = $1 AND d.worker = $2 AND d.lease_token = $3 AND d.state = 'running'",
        postgres "FOR NO KEY UPDATE OF d";
    SETTLE = "UPDATE deliveries SET state = $4, run_at = COALESCE($5, run_at), worker = NULL, lease_until = NULL, finished_at = $6 \
              WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    ATTEMPT = "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, status, error, response, \
                 url, headers, next_at, reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    WELL = "UPDATE endpoints SET failures = 0, failing_since = NULL, not_before = NULL WHERE id = $1";
    FAILED = "UPDATE endpoints SET failures = failures + 1, failing_since = COALESCE(failing_since, $2) WHERE id = $1 \
              RETURNING failures, failing_since, not_before";
    // An ordered endpoint that goes on to its next delivery has nothing to wait for.
    WAIT = "UPDATE endpoints SET not_before = $2 WHERE id = $1";
    DISABLE = "UPDATE endpoints SET disabled_at = $2, disabled_reason = $3 WHERE id = $1 AND disabled_at IS NULL \
               RETURNING workspace, url";
}

#[derive(sqlx::FromRow)]
struct Held {
    endpoint: String,
    attempts: i64,
    ordered: bool,
    failures: i64,
    not_before: Option<i64>,
}

impl Store {
    /// Writes what came of an attempt, and its line in the log. `LeaseLost` if the lease is not held any more.
    ///
    /// The endpoint's record is kept in the same transaction, by the rules of [`cetar_model::probe_after`] and
    /// [`cetar_model::is_given_up`]. Where it is switched off ([`EndpointGone`](DeliveryNext::EndpointGone): reason `gone`;
    /// five days of failures: `failing`), the others are told by `endpoint.disabled`.
    pub async fn settle_delivery(&self, settlement: DeliverySettlement) -> Result<EndpointTurn> {
        self.write(settlement, |tx, settlement| Box::pin(settle(tx, settlement))).await
    }
}

async fn settle(tx: &mut Tx, settlement: &DeliverySettlement) -> Result<EndpointTurn> {
    let DeliverySettlement { delivery, node, lease_token, started_at, now, .. } = settlement;
    let held = fetch_optional!(tx, Held, HELD, delivery.as_str(), node, lease_token)?;
    let held = held.ok_or(StoreError::LeaseLost)?;
    let next_at = match settlement.next {
        DeliveryNext::Again(at) => Some(at.as_micros()),
        DeliveryNext::Delivered | DeliveryNext::Dead | DeliveryNext::EndpointGone => None,
    };
    let (state, finished) = match settlement.next {
        DeliveryNext::Delivered => ("delivered", Some(now.as_micros())),
        DeliveryNext::Again(_) => ("ready", None),
        DeliveryNext::Dead | DeliveryNext::EndpointGone => ("dead", Some(now.as_micros())),
    };
    // The first of an ordered endpoint stays the first: its endpoint waits in its place.
    let run_at = next_at.filter(|_| !held.ordered);
    if execute!(tx, SETTLE, delivery.as_str(), node, lease_token, state, run_at, finished)? != 1 {
        return Err(StoreError::LeaseLost);
    }
    let headers = if settlement.headers.is_empty() { None } else { Some(json(&settlement.headers)?) };
    let reply = settlement.reply.as_ref().map(json).transpose()?;
    execute!(
        tx,
        ATTEMPT,
        delivery.as_str(),
        lease_token,
        held.attempts,
        started_at.as_micros(),
        now.as_micros(),
        settlement.status.map(i64::from),
        settlement.error.as_deref().map(plain),
        settlement.response.as_deref().map(plain),
        &settlement.url,
        headers,
        next_at,
        reply,
    )?;
    match settlement.next {
        DeliveryNext::Delivered => succeeded(tx, &held).await,
        DeliveryNext::EndpointGone => {
            let disabled = disable(tx, &held.endpoint, "gone", *now).await?;
            Ok(if disabled { EndpointTurn::Disabled("gone") } else { EndpointTurn::Same })
        }
        DeliveryNext::Again(_) | DeliveryNext::Dead => failed(tx, &held, next_at, *now).await,
    }
}

/// Costs nothing where all was well before: many settle at a time, and the endpoint's row is one.
async fn succeeded(tx: &mut Tx, held: &Held) -> Result<EndpointTurn> {
    if held.failures > 0 || held.not_before.is_some() {
        execute!(tx, WELL, &held.endpoint)?;
    }
    let was_open = circuit_is_open(count(held.failures));
    Ok(if was_open { EndpointTurn::Closed } else { EndpointTurn::Same })
}

async fn failed(tx: &mut Tx, held: &Held, next_at: Option<i64>, now: Timestamp) -> Result<EndpointTurn> {
    type Record = (i64, i64, Option<i64>);
    let record = fetch_optional!(tx, Record, FAILED, &held.endpoint, now.as_micros())?;
    let Some((failures, since, waits)) = record else { return Ok(EndpointTurn::Same) };
    let failures = count(failures);
    let probe = probe_after(failures).map(|wait| (now + wait).as_micros());
    let wait = probe.max(next_at.filter(|_| held.ordered));
    if wait != waits {
        execute!(tx, WAIT, &held.endpoint, wait)?;
    }
    if is_given_up(failures, Timestamp::from_micros(since), now)
        && disable(tx, &held.endpoint, "failing", now).await?
    {
        return Ok(EndpointTurn::Disabled("failing"));
    }
    let opens = circuit_is_open(failures) && !circuit_is_open(failures - 1);
    Ok(if opens { EndpointTurn::Opened(failures) } else { EndpointTurn::Same })
}

/// Switches an endpoint off and tells the others; false if it is off already.
pub(crate) async fn disable(tx: &mut Tx, id: &str, reason: &str, now: Timestamp) -> Result<bool> {
    tx.listeners.clear();
    let Some((workspace, url)) = fetch_optional!(tx, (String, String), DISABLE, id, now.as_micros(), reason)?
    else {
        return Ok(false);
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
    events::emit(tx, NewEvent { id: None, workspace: &workspace, message: None, event: &event, now }).await?;
    Ok(true)
}
