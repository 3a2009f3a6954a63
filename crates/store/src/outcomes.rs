//! What came of an attempt to deliver, and what it says about its endpoint.

use std::collections::HashMap;

use cetar_model::{
    Event, EventData, EventType, Timestamp, WorkspaceId, circuit_is_open, is_given_up, probe_after,
};

use crate::{
    DeliveryNext, DeliverySettlement, EndpointTurn, Result, Store, StoreError,
    db::{Tx, count, execute, execute_rows, fetch_optional, fetch_rows, json, plain, read, row},
    events::{self, NewEvent},
    statement::{Multi, statements},
};

statements! {
    SETTLE = "UPDATE deliveries SET state = $3, run_at = COALESCE($4, run_at), worker = NULL, lease_until = NULL, finished_at = $5 \
              WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    WELL = "UPDATE endpoints SET failures = 0, failing_since = NULL, not_before = NULL WHERE id = $1";
    FAILED = "UPDATE endpoints SET failures = failures + 1, failing_since = COALESCE(failing_since, $2) WHERE id = $1 \
              RETURNING failures, failing_since, not_before";
    // An ordered endpoint that goes on to its next delivery has nothing to wait for.
    WAIT = "UPDATE endpoints SET not_before = $2 WHERE id = $1";
    DISABLE = "UPDATE endpoints SET disabled_at = $2, disabled_reason = $3 WHERE id = $1 AND disabled_at IS NULL \
               RETURNING workspace, url";
}

static HELD: Multi = Multi::new(
    "outcomes::HELD",
    "SELECT d.id, d.lease_token, d.endpoint, d.attempts, e.ordered, e.failures, e.not_before \
     FROM deliveries d JOIN endpoints e ON e.id = d.endpoint WHERE d.state = 'running' AND d.worker = $ AND d.id IN (",
    "$",
    ")",
    " ORDER BY d.id FOR NO KEY UPDATE OF d",
);

static DELIVERED: Multi = Multi::new(
    "outcomes::DELIVERED",
    "UPDATE deliveries SET state = 'delivered', worker = NULL, lease_until = NULL, finished_at = $ \
     WHERE state = 'running' AND id IN (",
    "$",
    ")",
    "",
);

static ATTEMPTS: Multi = Multi::new(
    "outcomes::ATTEMPTS",
    "INSERT INTO delivery_attempts (delivery, lease_token, attempt, started_at, ended_at, status, error, response, reply, \
       url, headers, next_at) VALUES ",
    "($, $, $, $, $, $, $, $, $, $, $, $)",
    "",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&HELD, &DELIVERED, &ATTEMPTS];

row! {
    struct Held {
        id: String,
        lease_token: i64,
        endpoint: String,
        attempts: i64,
        ordered: bool,
        failures: i64,
        not_before: Option<i64>,
    }
}

impl Store {
    /// Writes what came of an attempt, and its line in the log. `LeaseLost` if the lease is not held any more.
    ///
    /// The endpoint's record is kept in the same transaction, by the rules of [`cetar_model::probe_after`] and
    /// [`cetar_model::is_given_up`]. Where it is switched off ([`EndpointGone`](DeliveryNext::EndpointGone): reason `gone`;
    /// five days of failures: `failing`), the others are told by `endpoint.disabled`.
    pub async fn settle_delivery(&self, settlement: DeliverySettlement) -> Result<EndpointTurn> {
        let settled = self.settle_deliveries(vec![settlement]).await?.pop();
        settled.unwrap_or(Err(StoreError::LeaseLost))
    }

    /// The same for many of one node at once: three statements, however many of them were delivered. What is returned stands in their
    /// order; one whose lease is lost does not disturb the others.
    pub async fn settle_deliveries(
        &self,
        settlements: Vec<DeliverySettlement>,
    ) -> Result<Vec<Result<EndpointTurn>>> {
        self.write(settlements, |tx, settlements| Box::pin(settle(tx, settlements))).await
    }
}

/// An attempt under the lease it was made under.
type Fenced<'s> = (&'s DeliverySettlement, Held);

async fn settle(tx: &mut Tx, settlements: &[DeliverySettlement]) -> Result<Vec<Result<EndpointTurn>>> {
    let Some(first) = settlements.first() else { return Ok(Vec::new()) };
    // In one order for all, so that two nodes that lock the same rows do not wait for each other.
    let mut ids: Vec<&str> = settlements.iter().map(|settlement| settlement.delivery.as_str()).collect();
    ids.sort_unstable();
    let mut held: HashMap<String, Held> = fetch_rows!(tx, Held, HELD, [&first.node], &ids, |id| [*id])
        .into_iter()
        .map(|held| (held.id.clone(), held))
        .collect();
    let fenced: Vec<Option<Fenced<'_>>> = settlements
        .iter()
        .map(|settlement| {
            let id = settlement.delivery.as_str();
            // An attempt that has lost its lease may end together with the one that has it.
            held.get(id).filter(|held| held.lease_token == settlement.lease_token)?;
            Some((settlement, held.remove(id)?))
        })
        .collect();
    let standing: Vec<&Fenced<'_>> = fenced.iter().flatten().collect();
    write_states(tx, &standing).await?;
    write_log(tx, &standing).await?;
    let mut records = Records::default();
    // Endpoints too in one order for all; what is of one endpoint, in the order given.
    let mut order: Vec<usize> = (0..fenced.len()).collect();
    order.sort_by_key(|at| fenced.get(*at).and_then(Option::as_ref).map(|(_, held)| held.endpoint.as_str()));
    let mut turns: Vec<Result<EndpointTurn>> = fenced.iter().map(|_| Err(StoreError::LeaseLost)).collect();
    for at in order {
        if let (Some(Some((settlement, held))), Some(slot)) = (fenced.get(at), turns.get_mut(at)) {
            *slot = Ok(turn(tx, &mut records, settlement, held).await?);
        }
    }
    Ok(turns)
}

const fn next_at(next: &DeliveryNext) -> Option<i64> {
    match next {
        DeliveryNext::Again(at) => Some(at.as_micros()),
        DeliveryNext::Delivered | DeliveryNext::Dead | DeliveryNext::EndpointGone => None,
    }
}

async fn write_states(tx: &mut Tx, standing: &[&Fenced<'_>]) -> Result<()> {
    let (delivered, others): (Vec<&Fenced<'_>>, Vec<_>) =
        standing.iter().partition(|(settlement, _)| settlement.next == DeliveryNext::Delivered);
    let finished = delivered.iter().map(|(settlement, _)| settlement.now.as_micros()).max();
    execute_rows!(tx, DELIVERED, [finished], &delivered, |(settlement, _)| [settlement.delivery.as_str()]);
    for (settlement, held) in others {
        let next_at = next_at(&settlement.next);
        let (state, finished) = match next_at {
            Some(_) => ("ready", None),
            None => ("dead", Some(settlement.now.as_micros())),
        };
        // The first of an ordered endpoint stays the first: its endpoint waits in its place.
        let run_at = next_at.filter(|_| !held.ordered);
        execute!(tx, SETTLE, settlement.delivery.as_str(), settlement.lease_token, state, run_at, finished)?;
    }
    Ok(())
}

async fn write_log(tx: &mut Tx, standing: &[&Fenced<'_>]) -> Result<()> {
    let mut lines = Vec::with_capacity(standing.len());
    for (settlement, held) in standing {
        let headers = if settlement.headers.is_empty() { None } else { Some(json(&settlement.headers)?) };
        let reply = settlement.reply.as_ref().map(json).transpose()?;
        lines.push((settlement, held.attempts, headers, reply));
    }
    execute_rows!(tx, ATTEMPTS, [], &lines, |(settlement, attempt, headers, reply)| [
        settlement.delivery.as_str(),
        settlement.lease_token,
        *attempt,
        settlement.started_at.as_micros(),
        settlement.now.as_micros(),
        settlement.status.map(i64::from),
        settlement.error.as_deref().map(plain),
        settlement.response.as_deref().map(plain),
        reply.as_deref(),
        settlement.url.as_str(),
        headers.as_deref(),
        next_at(&settlement.next),
    ]);
    Ok(())
}

/// Failures in a row of endpoints, and until when they wait, as this transaction has left them.
#[derive(Default)]
struct Records(HashMap<String, (i64, Option<i64>)>);

impl Records {
    fn of(&self, held: &Held) -> (i64, Option<i64>) {
        self.0.get(&held.endpoint).copied().unwrap_or((held.failures, held.not_before))
    }

    fn note(&mut self, held: &Held, failures: i64, not_before: Option<i64>) {
        self.0.insert(held.endpoint.clone(), (failures, not_before));
    }
}

async fn turn(
    tx: &mut Tx,
    records: &mut Records,
    settlement: &DeliverySettlement,
    held: &Held,
) -> Result<EndpointTurn> {
    match settlement.next {
        DeliveryNext::Delivered => succeeded(tx, records, held).await,
        DeliveryNext::EndpointGone => {
            let disabled = disable(tx, &held.endpoint, "gone", settlement.now).await?;
            Ok(if disabled { EndpointTurn::Disabled("gone") } else { EndpointTurn::Same })
        }
        DeliveryNext::Again(_) | DeliveryNext::Dead => failed(tx, records, settlement, held).await,
    }
}

/// Costs nothing where all was well before: many settle at a time, and the endpoint's row is one.
async fn succeeded(tx: &mut Tx, records: &mut Records, held: &Held) -> Result<EndpointTurn> {
    let (failures, not_before) = records.of(held);
    if failures > 0 || not_before.is_some() {
        execute!(tx, WELL, &held.endpoint)?;
        records.note(held, 0, None);
    }
    let was_open = circuit_is_open(count(failures));
    Ok(if was_open { EndpointTurn::Closed } else { EndpointTurn::Same })
}

async fn failed(
    tx: &mut Tx,
    records: &mut Records,
    settlement: &DeliverySettlement,
    held: &Held,
) -> Result<EndpointTurn> {
    type Record = (i64, i64, Option<i64>);
    let now = settlement.now;
    let record = fetch_optional!(tx, Record, FAILED, &held.endpoint, now.as_micros())?;
    let Some((in_a_row, since, waits)) = record else { return Ok(EndpointTurn::Same) };
    let failures = count(in_a_row);
    let probe = probe_after(failures).map(|wait| (now + wait).as_micros());
    let wait = probe.max(next_at(&settlement.next).filter(|_| held.ordered));
    if wait != waits {
        execute!(tx, WAIT, &held.endpoint, wait)?;
    }
    records.note(held, in_a_row, wait);
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
