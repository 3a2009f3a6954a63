//! The loop: claims what is due, and has it posted.

use std::time::Duration;

use cetar_model::Timestamp;
use cetar_store::{ClaimedDelivery, StoreError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt;
use crate::Engine;

/// Attempts under way at one time. Enough that it takes dozens of slow receivers to make the others wait.
const AT_ONCE: usize = 256;

/// Of these, to one endpoint: a slow receiver takes up this many places and no more.
const AT_ONCE_TO_ONE: usize = 8;

/// The longest a transport takes for one attempt. Leases are made to outlast it and are not renewed.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(30);

/// Delivers until `stop`; then finishes what is under way, for as long as a graceful stop may take. What is not finished
/// by then stays claimed, and is taken back at the next start.
pub(crate) async fn run(engine: &Engine, stop: CancellationToken) {
    let mut courier = Courier { engine, under_way: JoinSet::new(), away: false };
    while !stop.is_cancelled() {
        let look_again = courier.send_off().await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.inner.deliveries.notified() => {}
            () = engine.inner.clock.sleep_until(look_again) => {}
            Some(ended) = courier.under_way.join_next() => note(ended),
        }
        while let Some(ended) = courier.under_way.try_join_next() {
            note(ended);
        }
    }
    courier.finish().await;
}

struct Courier<'e> {
    engine: &'e Engine,
    under_way: JoinSet<()>,
    /// The database did not answer the last time: said once, not every second.
    away: bool,
}

impl Courier<'_> {
    /// Claims and begins all that is due and has room. Returns when to look again if nothing happens before.
    async fn send_off(&mut self) -> Timestamp {
        loop {
            let room = AT_ONCE.saturating_sub(self.under_way.len());
            let look_again = self.engine.now() + self.engine.settings().poll;
            if room == 0 {
                return look_again;
            }
            match self.claim(room).await {
                Ok(Claim::Due(claimed)) => {
                    self.away = false;
                    let all_room_taken = claimed.len() == room;
                    for delivery in claimed {
                        self.under_way.spawn(attempt::make(self.engine.clone(), delivery));
                    }
                    if !all_room_taken {
                        // What is still due is to endpoints that have their share; an attempt's end wakes us.
                        return look_again;
                    }
                }
                Ok(Claim::NothingBefore(due)) => {
                    self.away = false;
                    return due.map_or(look_again, |due| due.min(look_again));
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.away, true) {
                        tracing::warn!(%error, "webhooks wait for the database");
                    }
                    return look_again;
                }
            }
        }
    }

    /// Claims. Looks first, which costs no write where nothing is due.
    async fn claim(&self, room: usize) -> Result<Claim, StoreError> {
        let (store, now) = (&self.engine.inner.store, self.engine.now());
        match store.next_delivery_due().await? {
            Some(due) if due <= now => {}
            due => return Ok(Claim::NothingBefore(due)),
        }
        let lease_until = now + self.engine.settings().lease + LONGEST_ATTEMPT;
        let node = &self.engine.inner.node;
        let claimed = store.claim_deliveries(node, now, lease_until, room, AT_ONCE_TO_ONE).await?;
        Ok(Claim::Due(claimed))
    }

    async fn finish(mut self) {
        let deadline = self.engine.now() + self.engine.settings().drain;
        let all = async {
            while let Some(ended) = self.under_way.join_next().await {
                note(ended);
            }
        };
        tokio::select! {
            () = all => {}
            () = self.engine.inner.clock.sleep_until(deadline) => {
                tracing::info!("webhooks still under way are left to the next start");
            }
        }
    }
}

enum Claim {
    /// These are ours now.
    Due(Vec<ClaimedDelivery>),
    /// Nothing is due before then, if ever.
    NothingBefore(Option<Timestamp>),
}

/// An attempt that panicked is taken over when its lease has expired.
fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an attempt to deliver a webhook broke off");
    }
}
