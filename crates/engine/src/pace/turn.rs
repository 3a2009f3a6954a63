//! A turn that was given out, and what is left of it when it is over.
use std::{sync::Arc, time::Duration};

use cetar_model::{Chat, Timestamp};

use super::{Pacer, Trace};

/// Counts against every rate of its device until it is dropped, and if it was used, for the span of each from then on. However the
/// attempt ends, by an answer, an error, a panic, or because nobody waits for it any more, dropping it is what ends it: so nothing stays
/// counted for ever, and nothing that may have reached the network goes uncounted.
pub(crate) struct Turn {
    pub(super) pacer: Arc<Pacer>,
    pub(super) chat: Chat,
    /// What is sent in several pieces is several messages to the network.
    pub(super) messages: usize,
    /// What it changed besides, to be undone if it is not used.
    pub(super) trace: Trace,
    pub(super) used: bool,
}

impl Turn {
    /// For how long typing is shown first.
    pub(crate) const fn typing(&self) -> Option<Duration> {
        self.trace.typing
    }

    /// From here on something may reach the network.
    pub(crate) const fn begin(&mut self) {
        self.used = true;
    }

    /// The network asked to slow down.
    pub(crate) fn slowed(&self, retry_after: Option<Duration>, now: Timestamp) {
        self.pacer.slowed(&self.chat, retry_after, now);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pacer.end(self);
    }
}
