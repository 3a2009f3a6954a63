//! What whoever tries things out has people do, and has happen to the account.

use std::time::Duration;

use cetar_model::{Disturbance, DownReason};
use cetar_provider::{HostError, Inbound, InboundMessage, PersonAct, PlayError};

use super::{Line, SandboxSession};
use crate::{
    content,
    due::{self, Due, News},
    people, restriction,
};

/// How long after somebody's message the network knows the number behind their alias.
const NUMBER_AFTER: Duration = Duration::from_secs(2);

impl SandboxSession {
    /// A person writes, or the owner on the account's own phone.
    pub(super) async fn perform(&self, act: PersonAct) -> Result<(), PlayError> {
        self.require_up().map_err(PlayError::AccountDown)?;
        let PersonAct {
            from,
            mut from_alias,
            number,
            sender_name,
            mut chat,
            group,
            remote_id,
            content,
            reply_to,
        } = act;
        let (host, now, echo) = (&*self.host, self.clock.now(), from.is_none());
        let mut from = from.unwrap_or_else(|| self.own.clone());
        if from_alias && let Some(known) = people::number_of(host, &from).await? {
            // As on a real network: who was resolved writes as the number from then on.
            if chat == from {
                chat = known.clone();
            }
            (from, from_alias) = (known, false);
        }
        let later = number.filter(|_| from_alias).map(|number| Due {
            at: now + NUMBER_AFTER,
            chat: from.clone(),
            remote_id: remote_id.clone(),
            news: News::Number(number),
        });
        let mut writes = Vec::new();
        if let Some(due) = &later {
            writes.push(due::kept(due).map_err(|error| HostError::Unavailable(error.into()))?);
        }
        if !echo && !group {
            writes.push(people::has_written(&chat));
        }
        if !writes.is_empty() {
            self.host.save(writes).await?;
        }
        let message = InboundMessage {
            remote_id,
            chat,
            from,
            from_alias,
            group,
            echo,
            sender_name: sender_name.or_else(|| (!echo).then(|| "Sandbox".to_owned())),
            content: content::sent_back(&content),
            reply_to,
            raw: None,
            sent_at: now,
        };
        self.host.emit(Inbound::Message(message)).await?;
        if later.is_some() {
            self.state().calendar.add(later);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Something happens to the account.
    pub(super) async fn befall(&self, what: Disturbance, lasts: Duration) -> Result<(), PlayError> {
        self.require_up().map_err(PlayError::AccountDown)?;
        let until = self.clock.now() + lasts;
        let line = match what {
            Disturbance::Disconnected => Line::DownUntil(until),
            Disturbance::LoggedOut => Line::Over(DownReason::LoggedOut),
            Disturbance::Replaced => Line::Over(DownReason::ReplacedElsewhere),
            Disturbance::Banned => Line::Over(DownReason::Banned),
            Disturbance::Restricted => {
                // Kept, or a restart would end it.
                self.host.save(vec![restriction::kept(until)]).await?;
                self.state().restricted_until = Some(until);
                self.changed.notify_one();
                return Ok(self.tell_health().await?);
            }
        };
        self.state().line = line;
        self.changed.notify_one();
        if matches!(line, Line::DownUntil(_)) {
            // Told before this returns, so that nobody tries the next message on a line that is known to be down. The end of a link is
            // told by the end of the session.
            self.tell_health().await?;
        }
        Ok(())
    }
}
