//! The loop: claims what is due, and has it posted.

use std::{collections::HashMap, time::Duration};

use cetar_model::{EndpointId, Timestamp};
use cetar_store::{ClaimedDelivery, Shares, StoreError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt::{self, Ended};
use crate::Engine;

/// Attempts under way at one time. Enough that it takes dozens of slow receivers to make the others wait.
const AT_ONCE: usize = 256;

/// Of these, to one endpoint: a slow receiver takes up this many places and no more.
const AT_ONCE_TO_ONE: usize = 8;

/// And to one that answers at once, while others leave the room: what it is sent waits for commits and not for it.
const AT_ONCE_TO_A_QUICK_ONE: usize = 32;

/// To all of one workspace: however many slow endpoints it has, half of the places are for others.
const AT_ONCE_TO_A_WORKSPACE: usize = AT_ONCE / 2;

/// Endpoints remembered by how they answer.
const MOST_PACES: usize = 1024;

/// The longest a transport takes for one attempt. Leases are made to outlast it and are not renewed.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(30);

/// Delivers until `stop`; then finishes what is under way, for as long as a graceful stop may take. What is not finished
/// by then stays claimed, and is taken back at the next start.
pub(crate) async fn run(engine: &Engine, stop: CancellationToken) {
    let mut courier =
        Courier { engine, under_way: JoinSet::new(), paces: HashMap::new(), away: false, more: false };
    while !stop.is_cancelled() {
        let look_again = courier.send_off(&stop).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.inner.deliveries.notified() => {}
            () = engine.inner.clock.sleep_until(look_again) => {}
            Some(ended) = courier.under_way.join_next() => {
                courier.note(ended);
                // Those whose outcome was written together end together.
                tokio::task::yield_now().await;
            }
        }
        while let Some(ended) = courier.under_way.try_join_next() {
            courier.note(ended);
        }
    }
    courier.finish().await;
}

struct Courier<'e> {
    engine: &'e Engine,
    under_way: JoinSet<Ended>,
    /// Of the endpoints with attempts under way, and of some that had lately.
    paces: HashMap<EndpointId, Pace>,
    /// The database did not answer the last time: said once, not every second.
    away: bool,
    /// The last claim found something, so that there may be more.
    more: bool,
}

/// How an endpoint has answered lately.
#[derive(Default)]
struct Pace {
    under_way: usize,
    quick: bool,
}

impl Courier<'_> {
    /// Claims and begins all that is due and has room. Returns when to look again if nothing happens before.
    async fn send_off(&mut self, stop: &CancellationToken) -> Timestamp {
        loop {
            let room = AT_ONCE.saturating_sub(self.under_way.len());
            let look_again = self.engine.now() + self.engine.settings().poll;
            if room == 0 {
                return look_again;
            }
            match self.claim(room).await {
                Ok(Claim::Due(claimed)) => {
                    self.away = false;
                    if stop.is_cancelled() {
                        self.give_back(&claimed).await;
                        return look_again;
                    }
                    let asked_unseen = std::mem::replace(&mut self.more, !claimed.is_empty());
                    if asked_unseen && claimed.is_empty() {
                        // When the next is due, a look will tell.
                        continue;
                    }
                    let all_room_taken = claimed.len() == room;
                    for delivery in claimed {
                        self.paces.entry(delivery.endpoint.id.clone()).or_default().under_way += 1;
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

    /// The stop came while these were claimed: they are begun after the next start, or elsewhere.
    async fn give_back(&self, claimed: &[ClaimedDelivery]) {
        let inner = &self.engine.inner;
        let claims = claimed.iter().map(|it| (it.delivery.clone(), it.lease_token)).collect();
        if let Err(error) = inner.store.unclaim_deliveries(&inner.node, claims).await {
            tracing::warn!(%error, "webhooks could not be given back; they are taken back at the next start");
        }
    }

    /// Claims. Looks first, which costs no write where nothing is due, unless there was something a moment ago.
    async fn claim(&self, room: usize) -> Result<Claim, StoreError> {
        let (store, now) = (&self.engine.inner.store, self.engine.now());
        if !self.more {
            match store.next_delivery_due().await? {
                Some(due) if due <= now => {}
                due => return Ok(Claim::NothingBefore(due)),
            }
        }
        let lease_until = now + self.engine.settings().lease + LONGEST_ATTEMPT;
        let node = &self.engine.inner.node;
        let claimed = store.claim_deliveries(node, now, lease_until, room, self.shares()).await?;
        Ok(Claim::Due(claimed))
    }

    /// Quick endpoints get more than the others only of the half that is free, so that they keep nobody out should they all become slow.
    fn shares(&self) -> Shares {
        let quick =
            self.paces.iter().filter(|(_, pace)| pace.quick && pace.under_way < AT_ONCE_TO_A_QUICK_ONE);
        let quick = if self.under_way.len() < AT_ONCE / 2 {
            quick.map(|(endpoint, _)| endpoint.clone()).collect()
        } else {
            Vec::new()
        };
        Shares {
            each: AT_ONCE_TO_ONE,
            quick,
            of_quick: AT_ONCE_TO_A_QUICK_ONE,
            of_workspace: AT_ONCE_TO_A_WORKSPACE,
        }
    }

    /// An attempt that panicked is taken over when its lease has expired.
    fn note(&mut self, ended: Result<Ended, JoinError>) {
        let Ended { endpoint, quick } = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "an attempt to deliver a webhook broke off");
                // Whose it was cannot be told: all begin anew.
                self.paces.clear();
                return;
            }
        };
        let pace = self.paces.entry(endpoint).or_default();
        pace.under_way = pace.under_way.saturating_sub(1);
        pace.quick = quick;
        if self.paces.len() > MOST_PACES {
            self.paces.retain(|_, pace| pace.under_way > 0);
        }
    }

    async fn finish(mut self) {
        let deadline = self.engine.now() + self.engine.settings().drain;
        let all = async { while self.under_way.join_next().await.is_some() {} };
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
