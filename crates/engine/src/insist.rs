//! Writing an outcome that must not be forgotten.

use std::time::Duration;

use cetar_model::{Clock, backoff};
use cetar_store::StoreError;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So often a database may refuse for a reason that should not occur.
const MOST_REFUSALS: u32 = 5;

/// Writes, and tries again however long the database is away: what a network or a receiver has said, it may never say again.
/// (Whoever calls this keeps its lease meanwhile, or lives with another taking over.) A database that is there and refuses is
/// asked a few times only; a lost lease is lost at once. `what` is for the log, which says it at the first failure and no more.
pub(crate) async fn insist<T, F>(
    clock: &dyn Clock,
    what: &'static str,
    write: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let (mut tries, mut refusals) = (0, 0);
    loop {
        let error = match write().await {
            Ok(written) => {
                if tries > 0 {
                    tracing::info!(tries, "{what}: stored at last");
                }
                return Ok(written);
            }
            Err(error @ StoreError::LeaseLost) => return Err(error),
            Err(error) => error,
        };
        if tries == 0 {
            tracing::warn!(%error, "{what}: could not be stored yet");
        }
        tries += 1;
        if !matches!(error, StoreError::Unavailable(_) | StoreError::InDoubt) {
            refusals += 1;
            if refusals == MOST_REFUSALS {
                return Err(error);
            }
        }
        clock.sleep_until(clock.now() + backoff(tries).min(LONGEST_PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        pin::Pin,
        sync::{
            Mutex,
            atomic::{AtomicU32, Ordering},
        },
    };

    use cetar_model::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    /// On which every wait is over at once, and has passed.
    struct Impatient(Mutex<Timestamp>);

    impl Clock for Impatient {
        fn now(&self) -> Timestamp {
            *crate::lock(&self.0)
        }

        fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            *crate::lock(&self.0) = at;
            Box::pin(ready(()))
        }
    }

    #[tokio::test]
    async fn an_outcome_waits_for_a_database_that_is_away_however_long() {
        let clock = Impatient(Mutex::new(NOW));
        let write = || {
            ready(if clock.now().since(NOW) < Duration::from_hours(1) {
                Err(StoreError::Unavailable("disk full".into()))
            } else {
                Ok(())
            })
        };
        assert!(insist(&clock, "a test", write).await.is_ok());
        let waited = clock.now().since(NOW);
        assert!(waited < Duration::from_hours(1) + LONGEST_PAUSE, "and not much longer");
    }

    #[tokio::test]
    async fn an_outcome_whose_lease_is_lost_is_dropped_at_once() {
        let clock = Impatient(Mutex::new(NOW));
        let written = insist(&clock, "a test", || ready(Err::<(), _>(StoreError::LeaseLost))).await;
        assert!(matches!(written, Err(StoreError::LeaseLost)));
        assert_eq!(clock.now(), NOW);
    }

    #[tokio::test]
    async fn an_outcome_that_the_database_refuses_does_not_hold_its_place_for_ever() {
        let (clock, tries) = (Impatient(Mutex::new(NOW)), AtomicU32::new(0));
        let write = || {
            tries.fetch_add(1, Ordering::Relaxed);
            ready(Err::<(), _>(StoreError::Conflict))
        };
        assert!(matches!(insist(&clock, "a test", write).await, Err(StoreError::Conflict)));
        assert_eq!(tries.into_inner(), MOST_REFUSALS);
    }
}
