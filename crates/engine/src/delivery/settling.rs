//! Outcomes that come at about the same time are written together: one commit for all of them. Nobody waits for company: whoever
//! finds no write under way begins one, with what has gathered while the last was.

use std::sync::Mutex;

use cetar_store::{DeliverySettlement, EndpointTurn, Store, StoreError};
use tokio::sync::oneshot;

use crate::lock;

type Settled = Result<EndpointTurn, StoreError>;

/// Where outcomes meet.
#[derive(Default)]
pub(crate) struct Settling {
    waiting: Mutex<Vec<(DeliverySettlement, oneshot::Sender<Settled>)>>,
    /// Held by the one that writes for all.
    writing: tokio::sync::Mutex<()>,
}

impl Settling {
    /// Writes it, with others. Like [`Store::settle_delivery`] otherwise.
    pub(crate) async fn settle(&self, store: &Store, settlement: DeliverySettlement) -> Settled {
        let (tell, mut told) = oneshot::channel();
        lock(&self.waiting).push((settlement, tell));
        loop {
            tokio::select! {
                biased;
                // Whoever wrote for this one broke off before the end; it may be written or not.
                settled = &mut told => return settled.unwrap_or_else(|_| Err(StoreError::Unavailable("a write broke off".into()))),
                _turn = self.writing.lock() => {
                    let all = std::mem::take(&mut *lock(&self.waiting));
                    write(store, all).await;
                }
            }
        }
    }
}

async fn write(store: &Store, all: Vec<(DeliverySettlement, oneshot::Sender<Settled>)>) {
    let (settlements, tell): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    if settlements.is_empty() {
        return;
    }
    match store.settle_deliveries(settlements.clone()).await {
        Ok(settled) => {
            for (tell, settled) in tell.into_iter().zip(settled) {
                // Nobody waits any more: its attempt was given up.
                let _ = tell.send(settled);
            }
        }
        Err(StoreError::Unavailable(why)) => {
            for tell in tell {
                let _ = tell.send(Err(StoreError::Unavailable(why.clone())));
            }
        }
        // One of them it is: each by itself.
        Err(_) => {
            for (settlement, tell) in settlements.into_iter().zip(tell) {
                let _ = tell.send(store.settle_delivery(settlement).await);
            }
        }
    }
}
