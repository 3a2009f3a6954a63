//! A running session: what it listens to, what it tells, and when it is over.

mod questions;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use cetar_model::{DeviceId, DeviceState, DownReason, Health, Timestamp};
use cetar_provider::{HostError, Inbound, SessionEnd};
use futures::future::join_all;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use wacore::types::events::Event;
use whatsapp_rust::bot::BotHandle;

use crate::{
    client::{Told, Word},
    convert,
    debts::Debts,
    health::Line,
    inbound::{self, Inbox, NotTaken},
    send::Live,
    store::Refusal,
    transport::Wire,
};

/// How long an orderly end waits for what is not committed yet, before the client has ended and after.
const LAST_COMMITS: Duration = Duration::from_secs(3);

/// For a message that is nowhere the connection is made anew at most so often: after this, after twice this, and so on.
const SELDOM: Duration = Duration::from_mins(10);
/// And at the longest after this.
const MOST_SELDOM: Duration = Duration::from_hours(6);

/// Receipts that are committed at once, at most. One after the other, each would cost a commit of its own, and a busy session
/// would spend its time waiting for the disk: there are two for every message that is sent.
const TOGETHER: usize = 64;

/// Where things come from.
pub(crate) struct Sources {
    pub(crate) events: mpsc::UnboundedReceiver<Told>,
    /// Numbers that turned up for aliases: `(lid, number)`.
    pub(crate) resolved: mpsc::UnboundedReceiver<(String, String)>,
    /// LIDs whose number should be asked for.
    pub(crate) asked: mpsc::UnboundedReceiver<String>,
    pub(crate) wire: watch::Receiver<Wire>,
    /// What is told and not committed.
    pub(crate) debts: Debts,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, and every combination of them can be"
)]
pub(crate) struct Life {
    device: DeviceId,
    live: Arc<Live>,
    inbox: Arc<Inbox>,
    sources: Sources,
    tasks: JoinSet<Done>,
    /// What was last told of the health: state, reason, until.
    told: Option<(DeviceState, Option<DownReason>, Option<Timestamp>)>,
    /// The restriction as it is stored.
    stored: Option<Refusal>,
    /// Told, acknowledged to WhatsApp by its library, and not committed: in order, the first is tried first.
    backlog: VecDeque<(Told, Arc<Event>)>,
    /// The database refused the last that was tried.
    is_refused: bool,
    /// So much was owed that nothing was read; whatsapp-rust may have given the connection up since.
    was_deaf: bool,
    /// LIDs to ask for once there is a connection.
    to_ask: Vec<String>,
    probing: bool,
    misses: u32,
    /// Why the connection that ends next ends, where we know better than "disconnected".
    rebuilding: bool,
    /// So often the connection was made anew for a doubt, and until when it is not again.
    doubts: u32,
    no_doubt_until: Option<Timestamp>,
}

/// A side task is done.
enum Done {
    /// A question whether WhatsApp is there was answered, or not, on this connection.
    Probe { number: u64, answered: bool },
    /// When WhatsApp says the restriction ends.
    RestrictedUntil(Option<Timestamp>),
    /// Nothing to do any more.
    Nothing,
}

impl Live {
    /// Notes when the last frame came, from the library's own count.
    pub(crate) fn observe(&self) {
        if let Some(silence) = self.silence() {
            self.board.frame_at(self.store.host().now() - silence);
        }
    }

    /// How long nothing came. `None` before the first frame of a connection.
    fn silence(&self) -> Option<Duration> {
        let last = self.client.stats().last_data_received_ms;
        let now = u64::try_from(wacore::time::now_millis()).unwrap_or(0);
        (last > 0).then(|| Duration::from_millis(now.saturating_sub(last)))
    }
}

/// Until there is no connection.
pub(crate) async fn closed(wire: &mut watch::Receiver<Wire>) {
    drop(wire.wait_for(|wire| matches!(wire, Wire::Closed | Wire::Failed)).await);
}

impl Life {
    pub(crate) fn new(device: DeviceId, live: Arc<Live>, inbox: Arc<Inbox>, sources: Sources) -> Self {
        let stored = live.board.refusal();
        Self {
            device,
            live,
            inbox,
            sources,
            tasks: JoinSet::new(),
            told: None,
            stored,
            backlog: VecDeque::new(),
            is_refused: false,
            was_deaf: false,
            to_ask: Vec::new(),
            probing: false,
            misses: 0,
            rebuilding: false,
            doubts: 0,
            no_doubt_until: None,
        }
    }

    /// Lives until it is stopped or lost, then ends the client in order: its frames are flushed, its state is saved, and what it
    /// told to the last is committed.
    pub(crate) async fn run(mut self, mut handle: BotHandle, stop: &CancellationToken) -> SessionEnd {
        let end = self.listen(&mut handle, stop).await;
        tracing::debug!(device = %self.device, ?end, "the session ends");
        self.tasks.shutdown().await;
        self.commit_the_last().await;
        let mut ended = std::pin::pin!(handle.shutdown());
        let (mut wire, mut let_go) = (self.sources.wire.clone(), false);
        loop {
            tokio::select! {
                biased;
                () = &mut ended => break,
                Some(told) = self.sources.events.recv() => self.keep(told),
                // What the client waits for may be a database that is away.
                () = closed(&mut wire), if !let_go => {
                    let_go = true;
                    self.live.store.let_go();
                }
            }
        }
        // Its workers may outlive it.
        self.live.store.let_go();
        self.commit_the_last().await;
        if !self.backlog.is_empty() {
            tracing::error!(
                device = %self.device,
                lost = self.backlog.len(),
                "the database did not take what WhatsApp told last; receipts among it are lost"
            );
        }
        end
    }

    async fn commit_the_last(&mut self) {
        while let Ok(told) = self.sources.events.try_recv() {
            self.keep(told);
        }
        let _as_much_as_goes = tokio::time::timeout(LAST_COMMITS, self.work_off()).await;
    }

    async fn listen(&mut self, handle: &mut BotHandle, stop: &CancellationToken) -> SessionEnd {
        let watch = self.live.settings.watch;
        let mut tick = tokio::time::interval(watch.silence.min(watch.answer) / 2);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lease_lost = self.live.store.lease_lost().clone();
        let live = Arc::clone(&self.live);
        self.tell_health().await;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return SessionEnd::Stopped,
                () = lease_lost.cancelled() => return SessionEnd::Lost(DownReason::HeldByAnotherNode),
                () = live.unlinked.cancelled() => return SessionEnd::Ended(DownReason::LoggedOut),
                Some(told) = self.sources.events.recv() => {
                    if let Some(end) = self.on_told_all(told).await {
                        return end;
                    }
                }
                Ok(()) = self.sources.wire.changed() => self.on_wire().await,
                Some((lid, number)) = self.sources.resolved.recv() => {
                    let told = self.inbox.resolved(&lid, &number).await;
                    self.note("a number behind an alias", told);
                }
                Some(lid) = self.sources.asked.recv() => self.ask_number(lid),
                () = live.doubt.notified() => self.probe(),
                Some(done) = self.tasks.join_next() => self.on_done(done.unwrap_or(Done::Nothing)).await,
                _now = tick.tick() => {
                    self.on_tick().await;
                    if self.deaf_for_too_long() {
                        return SessionEnd::Lost(DownReason::Disconnected);
                    }
                }
                () = &mut *handle => return self.last_words().await,
            }
        }
    }

    /// The client ended by itself. If it said why, that word is still in the channel.
    async fn last_words(&mut self) -> SessionEnd {
        while let Ok(told) = self.sources.events.try_recv() {
            if let Some(end) = self.on_told(told).await {
                return end;
            }
        }
        SessionEnd::Lost(DownReason::Disconnected)
    }

    /// This, and what was told behind it meanwhile: what must be committed of it is committed together.
    async fn on_told_all(&mut self, first: Told) -> Option<SessionEnd> {
        let mut next = Some(first);
        while let Some(told) = next {
            if let Some(end) = self.on_told(told).await {
                return Some(end);
            }
            next = if self.backlog.len() < TOGETHER { self.sources.events.try_recv().ok() } else { None };
        }
        self.work_off().await;
        None
    }

    async fn on_told(&mut self, told: Told) -> Option<SessionEnd> {
        let Word::Event(event) = &told.word else {
            self.after_answer().await;
            return None;
        };
        match &**event {
            Event::LoggedOut(out) => {
                let reason = convert::closed_door(out.reason).unwrap_or(DownReason::LoggedOut);
                return Some(SessionEnd::Ended(reason));
            }
            Event::StreamReplaced(_) => return Some(SessionEnd::Ended(DownReason::ReplacedElsewhere)),
            Event::ClientOutdated(_) => return Some(SessionEnd::Ended(DownReason::VersionOutdated)),
            Event::TemporaryBan(ban) => {
                let lasts = ban.expire.to_std().unwrap_or_default();
                self.live.board.set_banned_until(self.now() + lasts);
                return Some(SessionEnd::Ended(DownReason::Banned));
            }
            Event::ConnectFailure(failure) => {
                tracing::warn!(device = %self.device, reason = ?failure.reason, "WhatsApp refused the login");
                return convert::closed_door(failure.reason).map(SessionEnd::Ended);
            }
            Event::StreamError(error) => {
                tracing::info!(device = %self.device, code = %error.code, "WhatsApp reported a stream error");
            }
            Event::ServerAck(_) => {
                self.keep(told);
                self.after_answer().await;
            }
            Event::UndecryptableMessage(_) => {
                tracing::info!(device = %self.device, "a message could not be decrypted; its sender is asked to repeat it");
                self.keep(told);
            }
            Event::Receipt(_) | Event::Messages(_) => self.keep(told),
            _ => {}
        }
        None
    }

    /// Notes what must be committed and will not be told again: whatsapp-rust acknowledges it without asking us.
    fn keep(&mut self, told: Told) {
        let Word::Event(event) = &told.word else { return };
        let event = Arc::clone(event);
        let lasting = match &*event {
            Event::ServerAck(ack) => inbound::late_ack(ack, self.now()).is_some(),
            Event::Receipt(receipt) => inbound::receipt(receipt).is_some(),
            Event::Messages(_) | Event::UndecryptableMessage(_) => true,
            _ => false,
        };
        if lasting {
            self.backlog.push_back((told, event));
        }
    }

    /// Commits one of these.
    async fn commit(&self, event: &Event) -> Result<(), NotTaken> {
        match event {
            Event::ServerAck(ack) => self.inbox.receipt(inbound::late_ack(ack, self.now())).await,
            Event::Receipt(receipt) => self.inbox.receipt(inbound::receipt(receipt)).await,
            Event::Messages(batch) => {
                // What the phone repeated for us, and channels.
                for message in batch {
                    self.inbox.take(message).await?;
                }
                Ok(())
            }
            Event::UndecryptableMessage(message) => self.inbox.could_not_read(message).await,
            _ => Ok(()),
        }
    }

    fn now(&self) -> Timestamp {
        self.live.store.host().now()
    }

    /// A send was answered: a restriction may have begun or ended.
    async fn after_answer(&mut self) {
        let refusal = self.live.board.refusal();
        if refusal == self.stored {
            return;
        }
        let begins = self.stored.is_none();
        let saved = self.live.store.set_refusal(refusal.as_ref()).await;
        if saved.is_ok() {
            self.stored.clone_from(&refusal);
        }
        self.note("a restriction", saved.map_err(NotTaken::from));
        if begins && refusal.is_some() {
            self.ask_how_long();
        }
        self.tell_health().await;
    }

    /// Tells the health if it is another than was told last.
    async fn tell_health(&mut self) {
        self.live.observe();
        let health = self.live.board.health();
        let Health { state, reason, until, .. } = health;
        let news = Some((state, reason, until));
        if news == self.told {
            return;
        }
        let result = self.live.store.note(self.live.store.host().emit(Inbound::Health(health)).await);
        match result {
            Ok(()) => self.told = news,
            // The next tick tries again: the state is still news then.
            Err(error) => tracing::warn!(device = %self.device, %error, "the health could not be told"),
        }
    }

    /// Commits what waits, in order, until the database refuses.
    async fn work_off(&mut self) {
        while !self.backlog.is_empty() {
            let events: Vec<_> =
                self.backlog.iter().take(self.together()).map(|(_, event)| Arc::clone(event)).collect();
            let outcomes = join_all(events.iter().map(|event| self.commit(event))).await;
            // What was not taken stays in its place.
            let behind = self.backlog.split_off(events.len());
            let tried = std::mem::replace(&mut self.backlog, VecDeque::with_capacity(behind.len()));
            let mut refused = None;
            for (waiting, outcome) in tried.into_iter().zip(outcomes) {
                if let Err(error) = outcome {
                    self.backlog.push_back(waiting);
                    refused = Some(error);
                }
            }
            self.backlog.extend(behind);
            self.is_refused = refused.is_some();
            if let Some(error) = refused {
                self.was_deaf |= self.sources.debts.are_too_many();
                if !matches!(error, NotTaken::Host(HostError::LeaseLost)) {
                    tracing::warn!(device = %self.device, %error, waiting = self.backlog.len(), "not committed yet");
                }
                return;
            }
        }
    }

    /// How many of the first that wait are committed in one go: receipts, as long as each is for other messages, so that each
    /// message is told as delivered before it is told as read. Every other event waits for the one before it, and a database
    /// that refuses is asked for one.
    fn together(&self) -> usize {
        if self.is_refused {
            return 1;
        }
        let mut messages = HashSet::new();
        let mut joins = |event: &Event| match event {
            Event::Receipt(receipt) => receipt.message_ids.iter().all(|id| messages.insert(id.clone())),
            _ => false,
        };
        self.backlog.iter().take(TOGETHER).take_while(|(_, event)| joins(event)).count().max(1)
    }

    /// Nothing was read for so long that the connection did not survive, and now there is room again. whatsapp-rust takes a
    /// connection it cannot hear for a failing one and waits up to a quarter of an hour between attempts; a session begun anew
    /// does not.
    fn deaf_for_too_long(&mut self) -> bool {
        if !self.was_deaf || self.sources.debts.are_too_many() {
            return false;
        }
        self.was_deaf = false;
        !matches!(self.live.wire.now(), Wire::Ready(_))
    }

    async fn on_wire(&mut self) {
        let wire = *self.sources.wire.borrow_and_update();
        let before = self.live.board.line();
        if matches!(before, Line::Over(_)) {
            return;
        }
        let was_there = matches!(before, Line::Up | Line::Silent);
        let line = match wire {
            Wire::Ready(_) => {
                self.misses = 0;
                self.rebuilding = false;
                Line::Up
            }
            // A socket is not yet a connection. If the last word was of one, its end went by unseen.
            Wire::Open(_) if !was_there => return,
            Wire::Open(_) | Wire::Closed | Wire::Failed => {
                let reason = if self.rebuilding { DownReason::NoAnswer } else { DownReason::Disconnected };
                Line::Down(Some(reason))
            }
        };
        self.live.board.set_line(line);
        if line == Line::Up {
            for lid in std::mem::take(&mut self.to_ask) {
                self.ask_number(lid);
            }
        }
        self.tell_health().await;
    }

    async fn on_tick(&mut self) {
        self.work_off().await;
        let told = self.inbox.tell_unreadable(self.live.settings.unreadable_after).await;
        self.note("unreadable messages", told.map(drop));
        if self.live.board.expire(self.now()) {
            self.after_answer().await;
        }
        self.resolve_a_doubt().await;
        let silent = |silence| silence >= self.live.settings.watch.silence;
        // Whom we do not listen to we need not ask.
        if !self.sources.debts.are_too_many() && self.live.silence().is_none_or(silent) {
            self.probe();
        }
        self.tell_health().await;
    }

    /// A message came a second time, its first copy is committed nowhere, and that is not the database's fault: the connection is made
    /// anew, so that WhatsApp gives it again. Seldom: what counts as a repeat, its sender can bring about.
    async fn resolve_a_doubt(&mut self) {
        let now = self.now();
        let lasts = |since| now >= since + self.live.settings.doubted_for;
        let due = matches!(self.live.wire.now(), Wire::Ready(_))
            && !self.rebuilding
            && self.no_doubt_until.is_none_or(|until| until <= now)
            && self.live.store.oldest_doubt().is_some_and(lasts);
        if !due || !self.live.store.can_be_written().await {
            return;
        }
        self.doubts = self.doubts.saturating_add(1);
        let rest = SELDOM.saturating_mul(self.doubts).min(MOST_SELDOM);
        self.no_doubt_until = Some(now + rest);
        tracing::warn!(device = %self.device, "a message that came twice was not committed; the connection is made anew, so that WhatsApp gives it again");
        self.reconnect();
    }

    fn note(&self, what: &'static str, result: Result<(), NotTaken>) {
        match result {
            Ok(()) | Err(NotTaken::Host(HostError::LeaseLost)) => {}
            Err(error) => tracing::warn!(device = %self.device, %error, what, "could not be handed over"),
        }
    }
}
