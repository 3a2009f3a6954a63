//! What counts against a rate.
use std::{collections::VecDeque, time::Duration};

use cetar_model::Timestamp;
use cetar_provider::Rate;

/// What is on its way, and when what went before it was answered.
///
/// A network counts a message when it reaches it, which is at some moment between the start of the send and its answer; how long a
/// request, or its answer, was on the way nobody knows. So a send counts from its start until the rate's span has gone by since its
/// answer: then no two that are counted apart here can be within one span there, however slow or uneven the way is. The price is that
/// with `most` in a span and answers that take `t`, at most `most` in `per + t` go out.
#[derive(Default)]
pub(super) struct Log {
    under_way: usize,
    /// In order of time.
    ended: VecDeque<Timestamp>,
}

impl Log {
    /// When so many more may follow, if not now. Where that hangs on what is under way, the earliest time that it can be: if that ended
    /// this moment.
    pub(super) fn wait(&mut self, rate: Rate, messages: usize, now: Timestamp) -> Option<Timestamp> {
        self.forget(rate.per, now);
        let most = rate.most.max(1);
        // More than are ever allowed at once are allowed where nothing else counts.
        let excess = (self.len() + messages.min(most)).checked_sub(most).filter(|excess| *excess > 0)?;
        // The last of those that have to leave the span first.
        let last = self.ended.get(excess - 1).copied().unwrap_or(now);
        Some(last + rate.per)
    }

    /// How many more may follow now.
    pub(super) fn left(&mut self, rate: Rate, now: Timestamp) -> usize {
        self.forget(rate.per, now);
        rate.most.max(1).saturating_sub(self.len())
    }

    /// Whether nothing counts any more.
    pub(super) fn is_empty(&mut self, per: Duration, now: Timestamp) -> bool {
        self.forget(per, now);
        self.len() == 0
    }

    /// So many begin.
    pub(super) const fn begin(&mut self, messages: usize) {
        self.under_way += messages;
    }

    /// So many of those that began ended at this time; `None`: they were never on their way.
    pub(super) fn end(&mut self, messages: usize, at: Option<Timestamp>) {
        self.under_way = self.under_way.saturating_sub(messages);
        if let Some(at) = at {
            // A clock that was set back must not make the log unsorted.
            let at = self.ended.back().map_or(at, |last| at.max(*last));
            self.ended.extend(std::iter::repeat_n(at, messages));
        }
    }

    fn len(&self) -> usize {
        self.under_way + self.ended.len()
    }

    fn forget(&mut self, per: Duration, now: Timestamp) {
        while self.ended.front().is_some_and(|at| *at + per <= now) {
            self.ended.pop_front();
        }
    }
}
