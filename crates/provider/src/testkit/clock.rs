use std::{future::Future, pin::Pin, time::Duration};

use cetar_model::{Clock, Timestamp};
use tokio::sync::watch;

/// Stands still until it is moved; whoever sleeps on it wakes when its time has come.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock standing at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = *now + by);
    }
}

impl Default for ManualClock {
    /// The second of the document's own example.
    fn default() -> Self {
        Self::at(Timestamp::from_secs(1_709_650_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut moved = self.0.subscribe();
        Box::pin(async move {
            // The sender is `self`, which outlives this future.
            let _still_there = moved.wait_for(|now| *now >= at).await;
        })
    }
}
