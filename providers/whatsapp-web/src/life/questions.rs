//! What a running session asks WhatsApp beside its work, and what follows from the answers.

use std::{sync::Arc, time::Duration};

use cetar_model::Timestamp;
use whatsapp_rust::{IqError, Jid};

use super::{Done, Life};
use crate::{health::Line, transport::Wire};

/// Questions beside the main work: an answer that takes longer is not worth waiting for.
const SIDE_QUESTION: Duration = Duration::from_secs(15);

impl Life {
    /// Asks WhatsApp for a sign of life, unless such a question is under way.
    pub(super) fn probe(&mut self) {
        let Wire::Ready(number) = self.live.wire.now() else { return };
        if std::mem::replace(&mut self.probing, true) {
            return;
        }
        let live = Arc::clone(&self.live);
        self.tasks.spawn(async move {
            let answer = live.settings.watch.answer;
            let ping = wacore::iq::keepalive::KeepaliveSpec::with_timeout(answer);
            let answered = match tokio::time::timeout(answer, live.client.execute(ping)).await {
                // A refusal is an answer all the same.
                Ok(Ok(()) | Err(IqError::ServerError { .. } | IqError::UnexpectedResponseType { .. })) => {
                    true
                }
                Ok(Err(_)) | Err(_) => false,
            };
            Done::Probe { number, answered }
        });
    }

    /// Asks WhatsApp how long it restricts the account, as its own client does.
    pub(super) fn ask_how_long(&mut self) {
        let live = Arc::clone(&self.live);
        self.tasks.spawn(async move {
            let asked =
                tokio::time::timeout(SIDE_QUESTION, live.client.mex().fetch_reachout_timelock()).await;
            let ends = asked.ok().and_then(Result::ok).and_then(|lock| lock.time_enforcement_ends);
            Done::RestrictedUntil(
                ends.and_then(|secs| secs.parse().ok()).filter(|secs| *secs > 0).map(Timestamp::from_secs),
            )
        });
    }

    /// Asks WhatsApp for the number behind a LID, once. The answer comes through the store, like any other mapping.
    pub(super) fn ask_number(&mut self, lid: String) {
        if !matches!(self.live.wire.now(), Wire::Ready(_)) {
            // What waited on the server comes in before the login is complete.
            self.to_ask.push(lid);
            return;
        }
        let live = Arc::clone(&self.live);
        self.tasks.spawn(async move {
            let jid = Jid::lid(lid);
            let contacts = live.client.contacts();
            let asked = contacts.is_on_whatsapp(std::slice::from_ref(&jid));
            let _comes_through_the_store = tokio::time::timeout(SIDE_QUESTION, asked).await;
            Done::Nothing
        });
    }

    pub(super) async fn on_done(&mut self, done: Done) {
        match done {
            Done::Probe { number, answered } => {
                self.probing = false;
                let over = matches!(self.live.board.line(), Line::Over(_));
                if !over && self.live.wire.now() == Wire::Ready(number) {
                    self.on_probe(answered).await;
                }
            }
            Done::RestrictedUntil(Some(until)) => {
                self.live.board.restricted_until(until);
                self.after_answer().await;
            }
            Done::RestrictedUntil(None) | Done::Nothing => {}
        }
    }

    async fn on_probe(&mut self, answered: bool) {
        if answered {
            self.misses = 0;
            self.live.board.answered_at(self.now());
            self.live.board.set_line(Line::Up);
            self.tell_health().await;
            return;
        }
        self.misses += 1;
        self.live.board.set_line(Line::Silent);
        self.tell_health().await;
        if self.misses < 2 {
            self.probe();
        } else if !std::mem::replace(&mut self.rebuilding, true) {
            tracing::warn!(device = %self.device, "WhatsApp does not answer; the connection is rebuilt");
            self.reconnect();
        }
    }

    /// Ends the connection; the library makes another at once.
    pub(super) fn reconnect(&mut self) {
        let live = Arc::clone(&self.live);
        self.tasks.spawn(async move {
            live.client.reconnect_immediately().await;
            Done::Nothing
        });
    }
}
