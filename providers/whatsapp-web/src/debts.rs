//! What WhatsApp told and is not committed yet: counted, so that nothing more is read while it is too much.
//!
//! whatsapp-rust acknowledges receipts, and what it could not decrypt, as soon as it has told us of them, whatever becomes
//! of them here. So the bound is set where frames come in: see [`crate::transport`].

use std::sync::Arc;

use tokio::sync::watch;

/// The count, shared by the socket, the sink of events and the session's loop.
#[derive(Debug, Clone)]
pub(crate) struct Debts {
    owed: Arc<watch::Sender<usize>>,
    limit: usize,
}

impl Debts {
    /// So many may be owed before no further frame is read; at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self { owed: Arc::new(watch::Sender::new(0)), limit: limit.max(1) }
    }

    /// One more, until it is dropped.
    pub(crate) fn incur(&self) -> Debt {
        self.owed.send_modify(|owed| *owed += 1);
        Debt(self.clone())
    }

    /// Whether nothing more is read.
    pub(crate) fn are_too_many(&self) -> bool {
        *self.owed.borrow() >= self.limit
    }

    /// Waits until another frame may be read.
    pub(crate) async fn bearable(&self) {
        let limit = self.limit;
        // The sender is `self`.
        let _still_there = self.owed.subscribe().wait_for(|owed| *owed < limit).await.is_ok();
    }
}

/// Something that was told and is not committed.
#[derive(Debug)]
pub(crate) struct Debt(Debts);

impl Drop for Debt {
    fn drop(&mut self) {
        self.0.owed.send_modify(|owed| *owed -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn nothing_is_read_while_too_much_is_owed() {
        let debts = Debts::new(2);
        let first = debts.incur();
        assert!(debts.bearable().now_or_never().is_some());
        let second = debts.incur();
        assert!(debts.are_too_many());
        assert!(debts.bearable().now_or_never().is_none());
        drop(first);
        assert!(debts.bearable().now_or_never().is_some());
        drop(second);
        assert!(!debts.are_too_many());
    }
}
