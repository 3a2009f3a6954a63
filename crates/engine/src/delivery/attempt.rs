//! One attempt: sign, post, write down what came of it.

use std::time::Duration;

use cetar_model::{EndpointId, Timestamp};
use cetar_store::{ClaimedDelivery, DeliveryNext, DeliverySettlement, EndpointTurn, StoreError};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{Request, Response, TransportError, schedule, schedule::Next, signature};
use crate::{Engine, insist::insist, replies};

/// What every webhook says of its sender.
pub const USER_AGENT: &str = concat!("cetar/", env!("CARGO_PKG_VERSION"));

/// Bytes of an answer that are kept to look at.
const KEPT_OF_AN_ANSWER: usize = 16 * 1024;

/// Deliveries made due in one transaction when an endpoint is back.
const BATCH: usize = 500;

/// An answer that came within this was given at once: the receiver has room for more.
const AT_ONCE: Duration = Duration::from_millis(250);

/// An attempt that is over.
pub(super) struct Ended {
    /// To which endpoint it went.
    pub(super) endpoint: EndpointId,
    /// The receiver took it, and at once.
    pub(super) quick: bool,
}

/// Makes the attempt. Ends when the outcome is on disk, or is known to be of no use any more.
pub(super) async fn make(engine: Engine, delivery: ClaimedDelivery) -> Ended {
    let started_at = engine.now();
    let outcome = match request(&delivery, started_at) {
        Ok(request) => engine.inner.webhooks.post(request).await,
        Err(bad) => Err(TransportError { class: "other", detail: bad.to_string() }),
    };
    let now = engine.now();
    let random = u16::from_le_bytes(engine.inner.ids.random());
    let next = schedule::next(delivery.attempt, &outcome, random);
    let took = now.since(started_at);
    let quick = next == Next::Delivered && took <= AT_ONCE;
    report(&delivery, &outcome, next, took);
    // Before the delivery counts as delivered: what breaks off in between is delivered, and answered, again.
    let reply = replies::take(&engine, &delivery, &outcome).await;
    let settlement =
        DeliverySettlement { reply, ..settlement(&engine, &delivery, outcome, next, started_at, now) };
    settle(&engine, &delivery, settlement).await;
    Ended { endpoint: delivery.endpoint.id.clone(), quick }
}

/// An event that is a network's own words: they are the whole body, byte for byte, and our members travel as headers.
#[derive(Deserialize)]
struct Forwarded {
    event: String,
    channel: String,
    session_id: String,
    data: Words,
}

#[derive(Deserialize)]
struct Words {
    forwarded: String,
}

impl Forwarded {
    fn read(body: &str) -> Option<Self> {
        // Few events are; the others need not be read for it.
        body.contains("\"data\":{\"forwarded\":").then(|| serde_json::from_str(body).ok())?
    }
}

fn request(delivery: &ClaimedDelivery, now: Timestamp) -> Result<Request, signature::BadSecret> {
    let ClaimedDelivery { event, endpoint, attempt, .. } = delivery;
    let forwarded = Forwarded::read(&delivery.body);
    let body = forwarded.as_ref().map_or(&delivery.body, |forwarded| &forwarded.data.forwarded);
    let signature = signature::sign(&endpoint.secrets, event.as_str(), now.as_secs(), body.as_bytes())?;
    let mut headers = vec![
        ("content-type".into(), "application/json".to_owned()),
        ("user-agent".into(), USER_AGENT.to_owned()),
        ("webhook-id".into(), event.to_string()),
        ("webhook-timestamp".into(), now.as_secs().to_string()),
        ("webhook-signature".into(), signature),
        ("x-cetar-attempt".into(), attempt.to_string()),
    ];
    if endpoint.legacy_signature {
        let present = endpoint.secrets.first().ok_or(signature::BadSecret)?;
        headers.push(("x-hub-signature-256".into(), signature::sign_legacy(present, body.as_bytes())?));
    }
    if let Some(forwarded) = &forwarded {
        headers.push(("x-cetar-event".into(), forwarded.event.clone()));
        headers.push(("x-cetar-channel".into(), forwarded.channel.clone()));
        headers.push(("x-cetar-session-id".into(), forwarded.session_id.clone()));
    }
    let own = endpoint.headers.iter();
    headers.extend(own.map(|(name, value)| (name.clone().into(), value.expose_secret().to_owned())));
    let answer_room = if replies::may_reply(delivery) { replies::ANSWER_ROOM } else { KEPT_OF_AN_ANSWER };
    Ok(Request { url: endpoint.url.clone(), headers, body: body.clone().into(), answer_room })
}

fn settlement(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    outcome: Result<Response, TransportError>,
    next: Next,
    started_at: Timestamp,
    now: Timestamp,
) -> DeliverySettlement {
    let (status, error, response) = match outcome {
        Ok(answer) => {
            let error = (next != Next::Delivered).then(|| "status".to_owned());
            (Some(answer.status), error, Some(beginning(answer.body)))
        }
        Err(error) => (None, Some(error.to_string()), None),
    };
    DeliverySettlement {
        delivery: delivery.delivery.clone(),
        node: engine.inner.node.clone(),
        lease_token: delivery.lease_token,
        started_at,
        now,
        url: delivery.endpoint.url.clone(),
        headers: delivery.endpoint.headers.iter().map(|(name, _)| name.clone()).collect(),
        status,
        error,
        response,
        reply: None,
        next: match next {
            Next::Delivered => DeliveryNext::Delivered,
            Next::Again(after) => DeliveryNext::Again(now + after),
            Next::Dead => DeliveryNext::Dead,
            Next::EndpointGone => DeliveryNext::EndpointGone,
        },
    }
}

/// What is kept of an answer.
fn beginning(mut answer: String) -> String {
    answer.truncate(answer.floor_char_boundary(KEPT_OF_AN_ANSWER));
    answer
}

async fn settle(engine: &Engine, delivery: &ClaimedDelivery, settlement: DeliverySettlement) {
    let write = || engine.inner.settling.settle(&engine.inner.store, settlement.clone());
    let endpoint = &delivery.endpoint.id;
    match insist(engine.clock(), "the outcome of a webhook", write).await {
        Ok(EndpointTurn::Same) => engine.progressed(),
        Ok(EndpointTurn::Opened(failures)) => {
            tracing::warn!(%endpoint, failures, "a webhook endpoint fails; it is only probed until it is back");
            engine.progressed();
        }
        Ok(EndpointTurn::Closed) => {
            tracing::info!(%endpoint, "a webhook endpoint is back; what waits for it goes now");
            if let Err(error) = hasten(engine, delivery, settlement.now).await {
                tracing::warn!(%endpoint, %error, "what waits for it goes at its own time");
            }
            engine.webhooks_are_due();
        }
        // Other endpoints are told of it.
        Ok(EndpointTurn::Disabled(reason)) => {
            tracing::warn!(%endpoint, reason, "a webhook endpoint is switched off");
            engine.told();
        }
        Err(StoreError::LeaseLost) => {
            tracing::info!(delivery = %delivery.delivery, "a webhook's outcome came after its lease");
        }
        // The lease will expire, and the webhook is posted again.
        Err(error) => {
            tracing::error!(delivery = %delivery.delivery, %error, "a webhook's outcome cannot be written");
        }
    }
}

async fn hasten(engine: &Engine, delivery: &ClaimedDelivery, now: Timestamp) -> Result<(), StoreError> {
    let mut moved = BATCH;
    while moved == BATCH {
        moved = engine.inner.store.hasten_deliveries(&delivery.endpoint.id, now, BATCH).await?;
    }
    Ok(())
}

/// Says what happened: what is one attempt among many for those who look for it, that a delivery is parked for everybody. The URL is left out: it may carry a token.
fn report(
    delivery: &ClaimedDelivery,
    outcome: &Result<Response, TransportError>,
    next: Next,
    took: Duration,
) {
    let ClaimedDelivery { delivery: id, event, endpoint, attempt, .. } = delivery;
    let result = match (outcome, next) {
        (_, Next::Delivered) => "delivered",
        (Ok(_), _) => "status",
        (Err(error), _) => error.class,
    };
    metrics::counter!("cetar_webhook_attempts_total", "result" => result).increment(1);
    metrics::histogram!("cetar_webhook_attempt_seconds").record(took);
    let status = outcome.as_ref().ok().map(|answer| answer.status);
    let why = outcome.as_ref().err().map(|error| error.detail.as_str());
    match next {
        Next::Delivered => {
            tracing::debug!(delivery = %id, %event, endpoint = %endpoint.id, attempt, status, "webhook delivered");
        }
        Next::Again(after) => {
            tracing::debug!(delivery = %id, %event, endpoint = %endpoint.id, attempt, status, result, why, ?after, "webhook failed, to be repeated");
        }
        Next::Dead => {
            tracing::warn!(delivery = %id, %event, endpoint = %endpoint.id, attempt, status, result, why, "webhook failed for the last time");
        }
        Next::EndpointGone => {
            tracing::debug!(delivery = %id, %event, endpoint = %endpoint.id, attempt, "the receiver is gone (410)");
        }
    }
}
