//! One simulated account.

mod acts;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Channel, Chat, Clock, DeviceState, Disturbance, DownReason, Health, PhoneNumber, Receipt, SendError,
    Sent, Timestamp,
};
use cetar_provider::{
    ByteStream, CheckError, DownloadError, Host, HostError, Inbound, NumberCheck, Outbound, PersonAct,
    PlayError, Session, SessionEnd, StateWrite,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    content,
    due::{self, Calendar, Due, News},
    network::{self, Network},
    people,
    person::Person,
    restriction,
};

/// How long after the network took a message the phone has it.
const DELIVERED_AFTER: Duration = Duration::from_millis(200);
/// … the person has opened it.
const READ_AFTER: Duration = Duration::from_millis(500);
/// … the person has answered.
const ANSWERED_AFTER: Duration = Duration::from_millis(800);
/// How late the word comes on a message whose acknowledgement was lost.
const LATE_AFTER: Duration = Duration::from_secs(3);
/// How long the network asks us to wait when it asks us to slow down.
const SLOW_DOWN: Duration = Duration::from_secs(1);
/// How long the device stays down.
const DOWN_FOR: Duration = Duration::from_secs(10);
/// How long an acknowledgement is waited for. Short, because a worker waits with it.
const ACK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long attempts are remembered: longer than any message lives.
const REMEMBER_FOR: Duration = Duration::from_hours(30 * 24);

/// Where attempts are counted in the session's state.
const ATTEMPTS: &str = "attempts";

/// The connection of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// `run` has not begun, or is over.
    Closed,
    Up,
    DownUntil(Timestamp),
    /// Gone for good.
    Over(DownReason),
}

struct State {
    line: Line,
    calendar: Calendar,
    restricted_until: Option<Timestamp>,
}

impl State {
    fn new(line: Line) -> Self {
        Self { line, calendar: Calendar::default(), restricted_until: None }
    }
}

pub(crate) struct SandboxSession {
    network: &'static Network,
    /// The account's own address.
    own: Chat,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// There is something new for `run`.
    changed: Notify,
}

/// How often a message was tried, where that decides what happens. Our own count: an attempt that was asked to slow down
/// or found the device down does not count in the gateway's.
#[derive(Serialize, Deserialize)]
struct Attempts {
    count: u32,
    last_at: Timestamp,
}

impl SandboxSession {
    pub(crate) fn new(
        network: &'static Network,
        own: Chat,
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let state = Mutex::new(State::new(Line::Closed));
        Self { network, own, host, clock, state, changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses while the line is not up.
    fn require_up(&self) -> Result<(), DownReason> {
        match self.state().line {
            Line::Up => Ok(()),
            Line::Closed | Line::DownUntil(_) => Err(DownReason::Disconnected),
            Line::Over(reason) => Err(reason),
        }
    }

    /// Until when strangers may not be written to, while that is so.
    fn restricted_until(&self) -> Option<Timestamp> {
        let until = self.state().restricted_until;
        until.filter(|until| self.clock.now() < *until)
    }

    async fn connect(&self) -> Result<(), HostError> {
        self.forget_old_attempts().await?;
        let calendar = Calendar::load(&*self.host).await?;
        let restricted_until = restriction::load(&*self.host).await?;
        *self.state() = State { line: Line::Up, calendar, restricted_until };
        self.tell_health().await
    }

    /// Tells what is due, until `stop` or until it is logged out.
    async fn live(&self, stop: &CancellationToken) -> Result<SessionEnd, HostError> {
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let (news, recovered, allowed, wake_at) = {
                let mut state = self.state();
                let recovered = matches!(state.line, Line::DownUntil(until) if until <= now);
                if recovered {
                    state.line = Line::Up;
                }
                let allowed = state.restricted_until.take_if(|until| *until <= now).is_some();
                // Over a line that is down nothing comes in.
                let (news, next) = match state.line {
                    Line::Up => (state.calendar.take_due(now), state.calendar.next_at()),
                    Line::DownUntil(until) => (Vec::new(), Some(until)),
                    Line::Over(reason) => return Ok(SessionEnd::Ended(reason)),
                    Line::Closed => return Ok(SessionEnd::Ended(DownReason::LoggedOut)),
                };
                (news, recovered, allowed, next.into_iter().chain(state.restricted_until).min())
            };
            if allowed {
                self.host.save(vec![restriction::over()]).await?;
            }
            if recovered || allowed {
                self.tell_health().await?;
            }
            if !news.is_empty() {
                due::tell(&*self.host, news).await?;
                continue;
            }
            let wake = async {
                match wake_at {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.changed.notified() => {}
                () = wake => {}
            }
        }
        Ok(SessionEnd::Stopped)
    }

    async fn tell_health(&self) -> Result<(), HostError> {
        self.host.emit(Inbound::Health(self.health())).await
    }

    async fn forget_old_attempts(&self) -> Result<(), HostError> {
        let since = self.clock.now() - REMEMBER_FOR;
        let is_old =
            |value: &[u8]| serde_json::from_slice::<Attempts>(value).map_or(true, |it| it.last_at < since);
        let old = self.host.load_all(ATTEMPTS).await?.into_iter().filter(|(_, value)| is_old(value));
        let deletes: Vec<_> = old.map(|(key, _)| StateWrite::Delete { collection: ATTEMPTS, key }).collect();
        if deletes.is_empty() { Ok(()) } else { self.host.save(deletes).await }
    }

    /// The number of this attempt, from 1, and the write that remembers it.
    async fn attempt(&self, message: &Outbound) -> Result<(u32, StateWrite), SendError> {
        let key = Bytes::copy_from_slice(message.id.as_str().as_bytes());
        let before = self.host.load(ATTEMPTS, &key).await.map_err(not_sent)?;
        let before = before.and_then(|value| serde_json::from_slice::<Attempts>(&value).ok());
        let attempts = Attempts {
            count: before.map_or(0, |attempts| attempts.count).saturating_add(1),
            last_at: self.clock.now(),
        };
        let value = serde_json::to_vec(&attempts).map_err(|error| SendError::NotSent(error.into()))?;
        Ok((attempts.count, StateWrite::Put { collection: ATTEMPTS, key, value: value.into() }))
    }

    async fn save(&self, write: StateWrite) -> Result<(), SendError> {
        self.host.save(vec![write]).await.map_err(not_sent)
    }

    /// The network takes the message and will tell `news` about it. `also` is written with it.
    async fn take(
        &self,
        message: &Outbound,
        news: Vec<(Duration, News)>,
        also: Option<StateWrite>,
    ) -> Result<Sent, SendError> {
        let now = self.clock.now();
        let remote_id = network::remote_id(&message.id);
        let due: Vec<Due> = news
            .into_iter()
            .filter(|(_, news)| match news {
                News::Receipt(receipt) => self.network.reports(*receipt),
                News::Answer(_) | News::Number(_) => true,
            })
            .map(|(after, news)| Due {
                at: now + after,
                chat: message.to.clone(),
                remote_id: remote_id.clone(),
                news,
            })
            .collect();
        let kept = due.iter().map(due::kept).collect::<Result<Vec<_>, _>>();
        let writes: Vec<_> =
            kept.map_err(|error| SendError::NotSent(error.into()))?.into_iter().chain(also).collect();
        if !writes.is_empty() {
            self.host.save(writes).await.map_err(not_sent)?;
        }
        // The only record of what these people got that is not in the gateway's own database.
        tracing::info!(message_id = %message.id, channel = %self.network.channel, "the simulated network has it");
        if !due.is_empty() {
            self.state().calendar.add(due);
            self.changed.notify_one();
        }
        Ok(Sent { remote_id })
    }

    async fn go_down(&self) -> Result<(), SendError> {
        self.state().line = Line::DownUntil(self.clock.now() + DOWN_FOR);
        self.changed.notify_one();
        // Told before the attempt ends, so that nobody tries the next message on a line that is known to be down.
        self.tell_health().await.map_err(not_sent)
    }
}

/// The state could not be kept: as far as the network is concerned, nothing happened.
fn not_sent(error: HostError) -> SendError {
    match error {
        HostError::LeaseLost => SendError::AccountDown(DownReason::HeldByAnotherNode),
        HostError::Unavailable(_) => SendError::NotSent(error.into()),
    }
}

fn delivered() -> (Duration, News) {
    (DELIVERED_AFTER, News::Receipt(Receipt::Delivered))
}

#[async_trait]
impl Session for SandboxSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        let end = match self.connect().await {
            Ok(()) => self.live(&stop).await,
            Err(error) => Err(error),
        };
        {
            let mut state = self.state();
            if !matches!(state.line, Line::Over(_)) {
                state.line = Line::Closed;
            }
        }
        match end {
            Ok(end) => end,
            Err(HostError::LeaseLost) => SessionEnd::Lost(DownReason::HeldByAnotherNode),
            // Nobody took the news. It is in the state still, and the next session tells it again.
            Err(HostError::Unavailable(_)) => SessionEnd::Lost(DownReason::Disconnected),
        }
    }

    fn health(&self) -> Health {
        let line = self.state().line;
        match line {
            // The network is in this process: looking at it is a round trip.
            Line::Up => {
                let (now, until) = (Some(self.clock.now()), self.restricted_until());
                let health = match until {
                    Some(_) => Health::new(DeviceState::Restricted, Some(DownReason::Restricted)),
                    None => Health::new(DeviceState::Connected, None),
                };
                Health { last_frame_at: now, last_ack_at: now, until, ..health }
            }
            Line::Closed | Line::DownUntil(_) => {
                Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))
            }
            Line::Over(DownReason::ReplacedElsewhere) => {
                Health::new(DeviceState::Replaced, Some(DownReason::ReplacedElsewhere))
            }
            Line::Over(reason) => Health::new(DeviceState::LoggedOut, Some(reason)),
        }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        self.require_up().map_err(SendError::AccountDown)?;
        if !content::is_carried(&message.content) {
            return Err(network::content_not_supported());
        }
        if self.restricted_until().is_some()
            && people::is_stranger(&*self.host, &message.to).await.map_err(not_sent)?
        {
            return Err(network::restricted());
        }
        match Person::at(message.to.as_str()) {
            Person::Receives => self.take(message, vec![delivered()], None).await,
            Person::PressesButton => {
                // What carries no button to press is only delivered.
                let press = content::press(&message.content, &network::remote_id(&message.id));
                let press = press.map(|press| (ANSWERED_AFTER, News::Answer(Box::new(press))));
                self.take(message, std::iter::once(delivered()).chain(press).collect(), None).await
            }
            Person::Reads => {
                let read = (READ_AFTER, News::Receipt(Receipt::Read));
                self.take(message, vec![delivered(), read], None).await
            }
            Person::Answers => {
                let answer = (ANSWERED_AFTER, News::Answer(Box::new(content::sent_back(&message.content))));
                self.take(message, vec![delivered(), answer], None).await
            }
            Person::NotRegistered => Err(self.network.not_registered()),
            Person::Refused => Err(network::refused()),
            Person::SlowedDown => {
                let (attempt, remember) = self.attempt(message).await?;
                if attempt > 2 {
                    return self.take(message, vec![delivered()], None).await;
                }
                self.save(remember).await?;
                Err(SendError::SlowDown { retry_after: Some(SLOW_DOWN) })
            }
            Person::CutOff => {
                let (attempt, remember) = self.attempt(message).await?;
                if attempt > 1 && self.network.capabilities.resend_is_safe {
                    // The network has it already, drops the repeat and acknowledges it.
                    return Ok(Sent { remote_id: network::remote_id(&message.id) });
                }
                if attempt > 1 {
                    return self.take(message, vec![delivered()], None).await;
                }
                let late = vec![
                    (LATE_AFTER, News::Receipt(Receipt::Accepted)),
                    (LATE_AFTER + DELIVERED_AFTER, News::Receipt(Receipt::Delivered)),
                ];
                self.take(message, late, Some(remember)).await?;
                Err(SendError::Unknown("the simulated connection broke after writing".into()))
            }
            Person::DropsDevice => {
                let (attempt, remember) = self.attempt(message).await?;
                if attempt > 1 {
                    return self.take(message, vec![delivered()], None).await;
                }
                self.save(remember).await?;
                self.go_down().await?;
                Err(SendError::AccountDown(DownReason::Disconnected))
            }
            Person::NeverAcknowledged => {
                self.clock.sleep_until(self.clock.now() + ACK_TIMEOUT).await;
                Err(SendError::Unknown("the simulated network never acknowledges this recipient".into()))
            }
            Person::OutsideWindow => match self.network.outside_window() {
                Some(refusal) => Err(refusal),
                None => self.take(message, vec![delivered()], None).await,
            },
        }
    }

    async fn typing(&self, _chat: &Chat) -> Result<(), SendError> {
        self.require_up().map_err(SendError::AccountDown)
    }

    async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        if self.network.capabilities.check.is_none() {
            return Err(CheckError::NotSupported);
        }
        self.require_up().map_err(CheckError::AccountDown)?;
        let is_registered = Person::at(number.as_str()) != Person::NotRegistered;
        let jid = is_registered.then(|| match self.network.channel {
            Channel::Whatsapp => format!("{number}@s.whatsapp.net"),
            _ => number.to_string(),
        });
        Ok(NumberCheck { is_registered, jid })
    }

    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        let id = reference.parse().map_err(|_| DownloadError::Gone("there is no such medium".to_owned()))?;
        match self.host.media(&id).await {
            Ok(media) => Ok(media.bytes),
            Err(HostError::LeaseLost) => Err(DownloadError::AccountDown(DownReason::HeldByAnotherNode)),
            Err(error @ HostError::Unavailable(_)) => Err(DownloadError::Failed(error.into())),
        }
    }

    async fn play(&self, act: PersonAct) -> Result<(), PlayError> {
        self.perform(act).await
    }

    async fn disturb(&self, what: Disturbance, lasts: Duration) -> Result<(), PlayError> {
        self.befall(what, lasts).await
    }

    async fn logout(&self) -> Result<(), SendError> {
        self.host.save(vec![StateWrite::ClearAll]).await.map_err(not_sent)?;
        *self.state() = State::new(Line::Over(DownReason::LoggedOut));
        self.changed.notify_one();
        Ok(())
    }
}
