//! How fast a device sends: what its network allows in all, to one chat and to one group, in any span of time; and, where a network
//! closes accounts that behave like machines, as a person would: with pauses of uneven length, typing before a text, and few strangers.
//!
//! The provider says the figures ([`cetar_provider::Pace`]); whoever claims jobs asks here first. A job that must wait is not claimed: it
//! stays in the queue under the time of its turn, so that pace costs no attempt, holds up no other chat, and outlives a restart. A send
//! counts from its start until the span of the rate has gone by since its answer ([`log::Log`]), so no network sees more than it allows,
//! however long requests are on their way.
//!
//! What was sent lately is known within this process only: one node runs a device at a time. Whoever takes a device over that had been
//! run before keeps quiet for the account's span, and so exceeds nothing of the account; what one chat got before is forgotten, and there
//! the network's own word ([`SendError::SlowDown`](cetar_model::SendError)) corrects it. First messages to strangers are counted over a
//! day, and so read from the database when a device starts.
//!
//! A device without pace pays nothing for any of this: it has no pacer, and its worker makes no statement that it would not make else.
mod firsts;
mod log;
mod turn;
mod turns;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cetar_model::{Channel, Chat, Clock, DeviceId, Timestamp};
use cetar_provider::{GroupPace, Manners, Pace, Rate, Span};
use cetar_store::{Device, StoreError};

use crate::{Engine, lock};
use firsts::Firsts;
use log::Log;
pub(crate) use turn::Turn;
pub(crate) use turns::Turns;

/// Chats that are remembered, at least, before those are dropped to which nothing went lately.
const MANY_CHATS: usize = 1024;
/// Where the network asks to slow down without saying for how long.
const SLOW_DOWN: Duration = Duration::from_secs(1);
/// So many chats that the network asked to slow down at the same time mean the account, not the chats.
const MEANS_THE_ACCOUNT: usize = 2;

/// Of all devices that run here.
#[derive(Default)]
pub(crate) struct Paces {
    pacers: Mutex<HashMap<DeviceId, Arc<Pacer>>>,
    /// What networks say of accounts; a session may tell it before its first job is looked for.
    rates: Mutex<HashMap<DeviceId, Rate>>,
    /// When the next session of a channel may start, and when that was asked last.
    starts: Mutex<HashMap<Channel, (Timestamp, Timestamp)>>,
}

impl Paces {
    fn get(&self, device: &DeviceId) -> Option<Arc<Pacer>> {
        lock(&self.pacers).get(device).cloned()
    }

    /// The device's, which is from now on this one if it had none.
    fn keep(&self, device: &DeviceId, pacer: Pacer) -> Arc<Pacer> {
        let pacer = Arc::clone(lock(&self.pacers).entry(device.clone()).or_insert_with(|| Arc::new(pacer)));
        // Read after the pacer can be found, so that a word which comes in between is not lost.
        if let Some(rate) = lock(&self.rates).get(device) {
            pacer.set_account_rate(*rate);
        }
        pacer
    }

    /// The network says how fast this account may send.
    pub(crate) fn set_account_rate(&self, device: &DeviceId, rate: Rate) {
        lock(&self.rates).insert(device.clone(), rate);
        if let Some(pacer) = self.get(device) {
            pacer.set_account_rate(rate);
        }
    }

    /// Whether a device that runs here keeps to its pace may have changed.
    pub(crate) fn switch(&self, device: &DeviceId, on: bool) {
        if let Some(pacer) = self.get(device) {
            pacer.switch(on);
        }
    }

    /// Forgets a device that is gone, or that another node runs.
    pub(crate) fn forget(&self, device: &DeviceId) {
        lock(&self.rates).remove(device);
        lock(&self.pacers).remove(device);
    }

    /// When this session may start: so that a hundred accounts do not knock on one network's door in the same moment.
    pub(crate) fn start(
        &self,
        channel: Channel,
        manners: &Manners,
        now: Timestamp,
        random: u32,
    ) -> Timestamp {
        let mut starts = lock(&self.starts);
        let (next, asked) = starts.entry(channel).or_default();
        // A clock that was set back must not keep them all waiting until it is where it was.
        let at = now.max(*next - asked.since(now));
        *next = at + Span { from: manners.starts / 2, to: manners.starts * 3 / 2 }.at(random);
        *asked = now;
        at
    }
}

/// What is left of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// So many may be sent.
    pub most: usize,
    /// In any span of this length.
    pub per: Duration,
    /// So many more now.
    pub left: usize,
}

/// How a device keeps to its network's pace at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceView {
    /// Messages in all.
    pub messages: Budget,
    /// When the next may be sent; `None`: now.
    pub next_at: Option<Timestamp>,
    /// First messages to strangers, where they are counted.
    pub firsts: Option<FirstsView>,
}

/// What is left for strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstsView {
    /// Of this hour.
    pub hour: Budget,
    /// Of this day.
    pub day: Budget,
    /// When the next may be sent; `None`: now.
    pub next_at: Option<Timestamp>,
}

impl Engine {
    /// The device's pacer; the same over its restarts. It knows whom the device wrote to first lately. One that is new keeps quiet for a
    /// span of the account's where the device `had_another`: what that sent a moment ago is not known here. Manners' spans are long, and
    /// our own choice: they begin anew.
    pub(crate) async fn pacer(
        &self,
        device: &Device,
        pace: Pace,
        had_another: bool,
    ) -> Result<Arc<Pacer>, StoreError> {
        let pacer = if let Some(pacer) = self.inner.paces.get(&device.id) {
            pacer
        } else {
            let fresh = self.fresh_pacer(device, pace).await?;
            if had_another && pace.manners.is_none() {
                lock(&fresh.state).paused = Some(self.now() + pace.account.per);
            }
            self.inner.paces.keep(&device.id, fresh)
        };
        pacer.switch(device.paced);
        Ok(pacer)
    }

    async fn fresh_pacer(&self, device: &Device, pace: Pace) -> Result<Pacer, StoreError> {
        let firsts = match pace.manners {
            Some(_) if device.linked_at.is_some() => {
                self.inner.store.first_messages(&device.id, self.now() - firsts::DAY).await?
            }
            _ => Vec::new(),
        };
        Ok(Pacer::new(pace, Arc::clone(&self.inner.clock), firsts))
    }

    /// How a device keeps to its network's pace; `None` where there is none, or it is off.
    pub async fn pace_of(&self, device: &Device) -> Result<Option<PaceView>, StoreError> {
        let pace = self.provider_of(device).and_then(|provider| provider.capabilities().pace);
        let Some(pace) = pace.filter(|_| device.paced) else { return Ok(None) };
        let now = self.now();
        Ok(Some(match self.inner.paces.get(&device.id) {
            Some(pacer) => pacer.view(now),
            // It does not run here: what is stored says the most.
            None => self.fresh_pacer(device, pace).await?.view(now),
        }))
    }

    /// The same for several, with one question to the database. Those without a pace are not in it.
    pub async fn paces_of(&self, devices: &[Device]) -> Result<HashMap<DeviceId, PaceView>, StoreError> {
        let now = self.now();
        let mut views = HashMap::new();
        let mut elsewhere = Vec::new();
        for device in devices {
            let pace = self.provider_of(device).and_then(|provider| provider.capabilities().pace);
            let Some(pace) = pace.filter(|_| device.paced) else { continue };
            match self.inner.paces.get(&device.id) {
                Some(pacer) => drop(views.insert(device.id.clone(), pacer.view(now))),
                None => elsewhere.push((device, pace)),
            }
        }
        let counted =
            |(device, pace): &&(&Device, Pace)| pace.manners.is_some() && device.linked_at.is_some();
        let asked: Vec<DeviceId> = elsewhere.iter().filter(counted).map(|(it, _)| it.id.clone()).collect();
        let mut firsts = self.inner.store.first_messages_of(&asked, now - firsts::DAY).await?;
        for (device, pace) in elsewhere {
            let firsts = firsts.remove(&device.id).unwrap_or_default();
            views
                .insert(device.id.clone(), Pacer::new(pace, Arc::clone(&self.inner.clock), firsts).view(now));
        }
        Ok(views)
    }

    /// A random number, for what should be uneven.
    pub(crate) fn random(&self) -> u32 {
        u32::from_le_bytes(self.inner.ids.random())
    }
}

/// A message that asks for its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Where it goes.
    pub(crate) chat: &'a Chat,
    /// Its text's length, if it is one that a person would type.
    pub(crate) characters: Option<usize>,
    /// So many messages to the network, which may carry it in several pieces.
    pub(crate) messages: usize,
    /// To somebody whom this account never wrote to, and who never wrote to it.
    pub(crate) is_first: bool,
}

/// Why a message does not have its turn yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It may go out then.
    Until(Timestamp),
    /// No first message to anybody may go out before then.
    Firsts(Timestamp),
}

impl Wait {
    /// When it may go out.
    const fn until(self) -> Timestamp {
        match self {
            Self::Until(at) | Self::Firsts(at) => at,
        }
    }
}

/// Of one device.
pub(crate) struct Pacer {
    pace: Pace,
    /// Says when a send ended.
    clock: Arc<dyn Clock>,
    off: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    account: Log,
    /// What the network says of this account, once it has.
    account_rate: Option<Rate>,
    chats: HashMap<Chat, Sends>,
    /// So many chats after the last time that some were dropped.
    many: usize,
    /// Until when the network wants nothing of this account.
    paused: Option<Timestamp>,
    /// When a person would have sent the last one, and drawn a breath.
    rested: Option<Timestamp>,
    firsts: Firsts,
}

#[derive(Default)]
struct Sends {
    chat: Log,
    group: Log,
    /// Until when the network wants nothing for this chat.
    slowed: Option<Timestamp>,
}

/// What a turn leaves in the state of its device, besides its messages.
#[derive(Debug, Default)]
struct Trace {
    /// Typing is shown for so long before.
    typing: Option<Duration>,
    /// Its chat was counted among the strangers for it.
    first: bool,
    /// Until when the device rests after it, and until when it would have rested else.
    rest: Option<(Timestamp, Option<Timestamp>)>,
}

impl Sends {
    /// Whether it is as if nothing had ever been sent to it.
    fn is_past(&mut self, pace: &Pace, now: Timestamp) -> bool {
        self.chat.is_empty(pace.chat.per, now)
            && pace.group.is_none_or(|group| self.group.is_empty(group.rate.per, now))
            && self.slowed.is_none_or(|until| until <= now)
    }
}

impl Pacer {
    fn new(pace: Pace, clock: Arc<dyn Clock>, firsts: Vec<(Chat, Timestamp)>) -> Self {
        let state = State { firsts: Firsts::remembered(firsts), ..State::default() };
        Self { pace, clock, off: AtomicBool::new(false), state: Mutex::new(state) }
    }

    fn set_account_rate(&self, rate: Rate) {
        lock(&self.state).account_rate = Some(rate);
    }

    fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::Relaxed);
    }

    /// Whether anything is to be paced.
    pub(crate) fn is_on(&self) -> bool {
        !self.off.load(Ordering::Relaxed)
    }

    /// Whether strangers are counted.
    pub(crate) const fn counts_firsts(&self) -> bool {
        self.pace.manners.is_some()
    }

    /// Between two messages, at most.
    fn longest_rest(&self) -> Duration {
        self.pace.manners.map_or(Duration::ZERO, |manners| manners.typing.within.to + manners.gap.to)
    }

    /// Whether a first message to this chat waits until a stranger may be written to: groups are not people, and who was counted once is
    /// not counted again.
    pub(crate) fn needs_budget(&self, chat: &Chat) -> bool {
        self.group_of(chat).is_none() && !lock(&self.state).firsts.has(chat)
    }

    /// How many may be begun now; at least one, or the time before which none may. Where that hangs on sends under way it is the earliest
    /// that is possible, and whoever waits asks again when one of them ends.
    pub(crate) fn room(&self, now: Timestamp) -> Result<usize, Timestamp> {
        let mut state = lock(&self.state);
        let State { account, account_rate, paused, rested, .. } = &mut *state;
        let rate = account_rate.unwrap_or(self.pace.account);
        // After a clock was set back nobody rests longer than a person ever does.
        *rested = rested.map(|until| until.min(now + self.longest_rest()));
        let wait = [*paused, *rested].into_iter().flatten().filter(|until| now < *until);
        if let Some(until) = wait.chain(account.wait(rate, 1, now)).max() {
            return Err(until);
        }
        // Who rests after each message begins one at a time.
        let most = if self.pace.manners.is_some() { 1 } else { usize::MAX };
        Ok(account.left(rate, now).min(most))
    }

    /// Takes one turn, or says when there is one. `random` makes times uneven.
    pub(crate) fn take(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        now: Timestamp,
        random: [u32; 2],
    ) -> Result<Turn, Wait> {
        let trace = self.count(ask, now, random)?;
        let (pacer, chat) = (Arc::clone(self), ask.chat.clone());
        Ok(Turn { pacer, chat, messages: ask.messages, trace, used: false })
    }

    /// Counts a turn in.
    fn count(&self, ask: &Ask<'_>, now: Timestamp, random: [u32; 2]) -> Result<Trace, Wait> {
        let Ask { chat, messages, .. } = *ask;
        let mut state = lock(&self.state);
        let State { account, account_rate, chats, many, paused, rested, firsts } = &mut *state;
        let rate = account_rate.unwrap_or(self.pace.account);
        if chats.len() >= (*many).max(MANY_CHATS) {
            chats.retain(|_, sends| !sends.is_past(&self.pace, now));
            // Where they all count still, the next look is worth its time only among as many again.
            *many = 2 * chats.len();
        }
        let sends = chats.entry(chat.clone()).or_default();
        let group = self.group_of(chat);
        let first = self.pace.manners.filter(|_| ask.is_first && group.is_none());
        if let Some(until) = first.and_then(|manners| firsts.wait_for(chat, &manners, now)) {
            return Err(Wait::Firsts(until));
        }
        let wait = [
            paused.filter(|until| now < *until),
            rested.filter(|until| now < *until),
            sends.slowed.filter(|until| now < *until),
            account.wait(rate, messages, now),
            sends.chat.wait(self.pace.chat, messages, now),
            group.and_then(|group| sends.group.wait(group.rate, messages, now)),
        ];
        if let Some(until) = wait.into_iter().flatten().max() {
            return Err(Wait::Until(until));
        }
        account.begin(messages);
        sends.chat.begin(messages);
        if group.is_some() {
            sends.group.begin(messages);
        }
        let first = first.is_some() && firsts.add(chat, now);
        let Some(manners) = self.pace.manners else { return Ok(Trace::default()) };
        let typing = ask.characters.map(|characters| manners.typing.of(characters, random[0]));
        let until = now + typing.unwrap_or_default() + manners.gap.at(random[1]);
        let before = rested.replace(until);
        Ok(Trace { typing, first, rest: Some((until, before)) })
    }

    /// A turn is over. One that was not used leaves no trace.
    fn end(&self, turn: &Turn) {
        let Turn { chat, messages, trace, used, .. } = turn;
        let (messages, at) = (*messages, used.then(|| self.clock.now()));
        let mut state = lock(&self.state);
        state.account.end(messages, at);
        if !used {
            if trace.first {
                state.firsts.take_back(chat);
            }
            // Unless another has set it since.
            if let Some((until, before)) = trace.rest
                && state.rested == Some(until)
            {
                state.rested = before;
            }
        }
        // It is there: what is under way is never past.
        if let Some(sends) = state.chats.get_mut(chat) {
            sends.chat.end(messages, at);
            if self.group_of(chat).is_some() {
                sends.group.end(messages, at);
            }
        }
    }

    fn group_of(&self, chat: &Chat) -> Option<GroupPace> {
        self.pace.group.filter(|group| (group.is_group)(chat))
    }

    fn view(&self, now: Timestamp) -> PaceView {
        let next_at = self.room(now).err();
        let mut state = lock(&self.state);
        let rate = state.account_rate.unwrap_or(self.pace.account);
        let Rate { most, per } = rate;
        let left = state.account.left(rate, now);
        let firsts = self.pace.manners.map(|manners| {
            let ([hour, day], next_at) = state.firsts.left(&manners, now);
            FirstsView { hour, day, next_at }
        });
        PaceView { messages: Budget { most: most.max(1), per, left }, next_at, firsts }
    }

    /// The network asked to slow down when this chat was written to. Where it asks so for several chats at once, it means the account.
    fn slowed(&self, chat: &Chat, retry_after: Option<Duration>, now: Timestamp) {
        let until = now + retry_after.unwrap_or(SLOW_DOWN);
        let mut state = lock(&self.state);
        state.chats.entry(chat.clone()).or_default().slowed = Some(until);
        let slowed = state.chats.values().filter_map(|sends| sends.slowed).filter(|until| now < *until);
        let (count, longest) =
            slowed.fold((0, now), |(count, longest), until| (count + 1, longest.max(until)));
        if count >= MEANS_THE_ACCOUNT {
            state.paused = Some(longest);
        }
    }
}

#[cfg(test)]
mod tests;
