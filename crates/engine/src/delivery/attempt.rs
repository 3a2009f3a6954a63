//! One attempt: sign, post, write down what came of it.

use std::time::Duration;

use cetar_model::{Clock, Timestamp};
use cetar_store::{ClaimedDelivery, DeliveryNext, DeliverySettlement, StoreError};

use super::{Request, Response, TransportError, schedule, schedule::Next, signature};
use crate::Engine;

const USER_AGENT: &str = concat!("cetar/", env!("CARGO_PKG_VERSION"));

/// How long a database that is away is left alone before the outcome is offered again.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Makes the attempt. Ends when the outcome is on disk, or is known to be of no use any more.
pub(super) async fn make(engine: Engine, delivery: ClaimedDelivery) {
    let started_at = engine.now();
    let outcome = match request(&delivery, started_at) {
        Ok(request) => engine.inner.webhooks.post(request).await,
        Err(bad) => Err(TransportError { class: "other", detail: bad.to_string() }),
    };
    let now = engine.now();
    let random = u16::from_le_bytes(engine.inner.ids.random());
    let next = schedule::next(delivery.attempt, &outcome, random);
    report(&delivery, &outcome, next, now.since(started_at));
    let settlement = settlement(&engine, &delivery, outcome, next, started_at, now);
    settle(&engine, &delivery, settlement).await;
}

fn request(delivery: &ClaimedDelivery, now: Timestamp) -> Result<Request, signature::BadSecret> {
    let ClaimedDelivery { event, body, endpoint, attempt, .. } = delivery;
    let signature = signature::sign(&endpoint.secret, event.as_str(), now.as_secs(), body.as_bytes())?;
    Ok(Request {
        url: endpoint.url.clone(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("webhook-id", event.to_string()),
            ("webhook-timestamp", now.as_secs().to_string()),
            ("webhook-signature", signature),
            ("x-cetar-attempt", attempt.to_string()),
        ],
        body: body.clone().into(),
    })
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
            (Some(answer.status), error, Some(answer.body))
        }
        Err(error) => (None, Some(error.to_string()), None),
    };
    DeliverySettlement {
        delivery: delivery.delivery.clone(),
        node: engine.inner.node.clone(),
        lease_token: delivery.lease_token,
        started_at,
        now,
        status,
        error,
        response,
        next: match next {
            Next::Delivered => DeliveryNext::Delivered,
            Next::Again(after) => DeliveryNext::Again(now + after),
            Next::Dead => DeliveryNext::Dead,
            Next::EndpointGone => DeliveryNext::EndpointGone,
        },
    }
}

async fn settle(engine: &Engine, delivery: &ClaimedDelivery, settlement: DeliverySettlement) {
    let gone = settlement.next == DeliveryNext::EndpointGone;
    let write = || engine.inner.store.settle_delivery(settlement.clone());
    match insist(engine.clock(), write).await {
        // Other endpoints are told of it.
        Ok(()) if gone => engine.told(),
        Ok(()) => engine.progressed(),
        Err(StoreError::LeaseLost) => {
            tracing::info!(delivery = %delivery.delivery, "a webhook's outcome came after its lease");
        }
        // The lease will expire, and the webhook is posted again.
        Err(error) => {
            tracing::error!(delivery = %delivery.delivery, %error, "a webhook's outcome cannot be written");
        }
    }
}

/// Writes, and while the database is away tries again: an outcome given up is a webhook posted twice.
async fn insist<F>(clock: &dyn Clock, write: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    loop {
        match write().await {
            Err(StoreError::Unavailable(why)) => {
                tracing::warn!(why, "a webhook's outcome waits for the database");
                clock.sleep_until(clock.now() + SETTLE_AGAIN).await;
            }
            settled => return settled,
        }
    }
}

/// Says what happened. The URL is left out: it may carry a token.
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
            tracing::info!(delivery = %id, %event, endpoint = %endpoint.id, attempt, status, result, why, ?after, "webhook failed, to be repeated");
        }
        Next::Dead => {
            tracing::warn!(delivery = %id, %event, endpoint = %endpoint.id, attempt, status, result, why, "webhook failed for the last time");
        }
        Next::EndpointGone => {
            tracing::warn!(delivery = %id, %event, endpoint = %endpoint.id, attempt, "the receiver is gone (410): endpoint switched off");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        pin::Pin,
        sync::atomic::{AtomicI64, Ordering},
    };

    use super::*;

    /// On which every wait is over at once, and has passed.
    struct Impatient(AtomicI64);

    impl Clock for Impatient {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }

        fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            self.0.store(at.as_micros(), Ordering::Relaxed);
            Box::pin(ready(()))
        }
    }

    #[tokio::test]
    async fn an_outcome_waits_for_a_database_that_is_away() {
        let clock = Impatient(AtomicI64::new(0));
        let write = || {
            ready(match clock.now().as_secs() {
                0..600 => Err(StoreError::Unavailable("disk full".into())),
                _ => Ok(()),
            })
        };
        assert!(insist(&clock, write).await.is_ok());
        assert_eq!(clock.now(), Timestamp::from_secs(600));
    }

    #[tokio::test]
    async fn an_outcome_nobody_waits_for_any_more_is_dropped() {
        let clock = Impatient(AtomicI64::new(0));
        let write = || ready(Err(StoreError::LeaseLost));
        assert!(matches!(insist(&clock, write).await, Err(StoreError::LeaseLost)));
        assert_eq!(clock.now(), Timestamp::from_secs(0));
    }
}
