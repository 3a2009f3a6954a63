//! How fast a device sends: what its network allows in all, to one chat and to one group, in any span of time.
//!
//! The provider says the figures ([`cetar_provider::Pace`]); whoever claims jobs asks here first. A job that must wait is not claimed: it
//! stays in the queue under the time of its turn, so that pace costs no attempt, holds up no other chat, and outlives a restart. What was sent lately
//! is known within this process only, which is enough: one node runs a device at a time, and the network's own word
//! ([`SendError::SlowDown`](cetar_model::SendError)) corrects the rest.
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use cetar_model::{Chat, DeviceId, JobId, Timestamp};
use cetar_provider::{Pace, Rate};
use cetar_store::Turn;

use crate::lock;

/// Chats that are remembered before those are dropped which no longer have to wait.
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
}

impl Paces {
    /// The device's; the same over its restarts.
    pub(crate) fn of(&self, device: &DeviceId, pace: Pace) -> Arc<Pacer> {
        let make = || Arc::new(Pacer::new(pace));
        let pacer = Arc::clone(lock(&self.pacers).entry(device.clone()).or_insert_with(make));
        let rate = lock(&self.rates).get(device).copied();
        lock(&pacer.state).account_rate = rate;
        pacer
    }

    /// The network says how fast this account may send.
    pub(crate) fn set_account_rate(&self, device: &DeviceId, rate: Rate) {
        lock(&self.rates).insert(device.clone(), rate);
        if let Some(pacer) = lock(&self.pacers).get(device) {
            lock(&pacer.state).account_rate = Some(rate);
        }
    }

    /// Forgets a device that is gone.
    pub(crate) fn forget(&self, device: &DeviceId) {
        lock(&self.rates).remove(device);
        lock(&self.pacers).remove(device);
    }
}

/// Of one device.
pub(crate) struct Pacer {
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    account: Log,
    /// What the network says of this account, once it has.
    account_rate: Option<Rate>,
    chats: HashMap<Chat, Sends>,
    /// Until when the network wants nothing of this account.
    paused: Option<Timestamp>,
}

#[derive(Default)]
struct Sends {
    chat: Log,
    group: Log,
    /// Until when the network wants nothing for this chat.
    slowed: Option<Timestamp>,
}

/// When the last ones went out.
#[derive(Default)]
struct Log(VecDeque<Timestamp>);

impl Log {
    /// When another may follow, if not now.
    fn wait(&mut self, rate: Rate, now: Timestamp) -> Option<Timestamp> {
        while self.0.front().is_some_and(|at| *at + rate.per <= now) {
            self.0.pop_front();
        }
        // The one that has to leave the span first.
        let first = self.0.len().checked_sub(rate.most.max(1))?;
        self.0.get(first).map(|at| *at + rate.per)
    }

    fn add(&mut self, now: Timestamp) {
        // A clock that was set back must not make the log unsorted.
        let now = self.0.back().map_or(now, |last| now.max(*last));
        self.0.push_back(now);
    }
}

impl Pacer {
    fn new(pace: Pace) -> Self {
        Self { pace, state: Mutex::default() }
    }

    /// How many may be begun now; at least one, or the time when one may.
    pub(crate) fn room(&self, now: Timestamp) -> Result<usize, Timestamp> {
        let mut state = lock(&self.state);
        if let Some(until) = state.paused.filter(|until| now < *until) {
            return Err(until);
        }
        let rate = state.account_rate.unwrap_or(self.pace.account);
        match state.account.wait(rate, now) {
            Some(until) => Err(until),
            None => Ok(rate.most.max(1) - state.account.0.len()),
        }
    }

    /// Takes one turn for a chat, or says when it has its next.
    pub(crate) fn take(&self, chat: &Chat, now: Timestamp) -> Result<(), Timestamp> {
        let mut state = lock(&self.state);
        let State { account, account_rate, chats, paused } = &mut *state;
        let rate = account_rate.unwrap_or(self.pace.account);
        if chats.len() >= MANY_CHATS {
            chats.retain(|_, sends| {
                sends.chat.wait(self.pace.chat, now).is_some()
                    || sends.group.0.back().is_some_and(|last| self.group_remembers(*last, now))
                    || sends.slowed.is_some_and(|until| now < until)
            });
        }
        let sends = chats.entry(chat.clone()).or_default();
        let group = self.pace.group.filter(|group| (group.is_group)(chat));
        let wait = [
            paused.filter(|until| now < *until),
            sends.slowed.filter(|until| now < *until),
            account.wait(rate, now),
            sends.chat.wait(self.pace.chat, now),
            group.and_then(|group| sends.group.wait(group.rate, now)),
        ];
        if let Some(until) = wait.into_iter().flatten().max() {
            return Err(until);
        }
        account.add(now);
        sends.chat.add(now);
        if group.is_some() {
            sends.group.add(now);
        }
        Ok(())
    }

    fn group_remembers(&self, last: Timestamp, now: Timestamp) -> bool {
        self.pace.group.is_some_and(|group| now < last + group.rate.per)
    }

    /// The network asked to slow down when this chat was written to. Where it asks so for several chats at once, it means the account.
    pub(crate) fn slowed(&self, chat: &Chat, retry_after: Option<Duration>, now: Timestamp) {
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

/// The turns that one claim gives out. What it said of a job it says again, for the claim's transaction may be made twice.
pub(crate) struct Turns(Arc<Asked>);

struct Asked {
    pacer: Arc<Pacer>,
    now: Timestamp,
    said: Mutex<HashMap<JobId, Result<(), Timestamp>>>,
}

impl Turns {
    pub(crate) fn new(pacer: Arc<Pacer>, now: Timestamp) -> Self {
        Self(Arc::new(Asked { pacer, now, said: Mutex::default() }))
    }

    /// What the claim asks.
    pub(crate) fn ask(&self) -> Turn {
        let asked = Arc::clone(&self.0);
        Arc::new(move |job: &JobId, chat: &Chat| {
            let mut said = lock(&asked.said);
            *said.entry(job.clone()).or_insert_with(|| asked.pacer.take(chat, asked.now))
        })
    }

    /// When the first of those is due that were put off.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        lock(&self.0.said).values().filter_map(|said| said.err()).min()
    }
}

#[cfg(test)]
mod tests {
    use cetar_provider::GroupPace;

    use super::*;

    const fn rate(most: usize, secs: u64) -> Rate {
        Rate { most, per: Duration::from_secs(secs) }
    }

    fn pacer() -> Pacer {
        let is_group = |chat: &Chat| chat.as_str().starts_with('-');
        let group = Some(GroupPace { is_group, rate: rate(3, 60) });
        Pacer::new(Pace { account: rate(4, 1), chat: rate(1, 1), group })
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000) + Duration::from_millis(millis)
    }

    fn chat(name: &str) -> Chat {
        Chat::new(name)
    }

    #[test]
    fn a_chat_has_its_turn_and_the_others_do_not_wait_for_it() {
        let pacer = pacer();
        assert_eq!(pacer.take(&chat("a"), at(0)), Ok(()));
        assert_eq!(pacer.take(&chat("a"), at(400)), Err(at(1000)));
        assert_eq!(pacer.take(&chat("b"), at(400)), Ok(()));
        assert_eq!(pacer.take(&chat("a"), at(1000)), Ok(()));
        assert_eq!(pacer.take(&chat("a"), at(1001)), Err(at(2000)), "what had to wait did not count");
    }

    #[test]
    fn in_no_second_more_go_out_than_the_account_may_send() {
        let pacer = pacer();
        assert_eq!(pacer.room(at(0)), Ok(4));
        for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            assert_eq!(pacer.room(at(100 * number as u64)), Ok(4 - number));
            assert_eq!(pacer.take(&chat(name), at(100 * number as u64)), Ok(()));
        }
        assert_eq!(pacer.room(at(999)), Err(at(1000)));
        assert_eq!(pacer.take(&chat("e"), at(999)), Err(at(1000)));
        assert_eq!(pacer.room(at(1000)), Ok(1), "one second after the first of them");
        assert_eq!(pacer.room(at(5000)), Ok(4));
    }

    #[test]
    fn a_group_has_a_pace_of_its_own_besides() {
        let pacer = pacer();
        for second in 0..3 {
            assert_eq!(pacer.take(&chat("-100"), at(2000 * second)), Ok(()));
            assert_eq!(pacer.take(&chat("100"), at(2000 * second)), Ok(()));
        }
        assert_eq!(pacer.take(&chat("-100"), at(6000)), Err(at(60_000)));
        assert_eq!(pacer.take(&chat("100"), at(6000)), Ok(()));
        assert_eq!(pacer.take(&chat("-100"), at(60_000)), Ok(()));
    }

    #[test]
    fn one_chat_that_is_slowed_down_waits_alone_and_two_mean_the_account() {
        let pacer = pacer();
        let wait = Some(Duration::from_secs(5));
        pacer.slowed(&chat("a"), wait, at(0));
        assert_eq!(pacer.take(&chat("a"), at(1000)), Err(at(5000)));
        assert_eq!((pacer.room(at(1000)), pacer.take(&chat("b"), at(1000))), (Ok(4), Ok(())));
        pacer.slowed(&chat("b"), wait, at(1000));
        assert_eq!(pacer.room(at(2000)), Err(at(6000)));
        assert_eq!(pacer.take(&chat("c"), at(2000)), Err(at(6000)));
        assert_eq!(pacer.take(&chat("c"), at(6000)), Ok(()));
    }

    #[test]
    fn a_claim_that_is_made_twice_takes_one_turn() {
        let pacer = Arc::new(pacer());
        let turns = Turns::new(Arc::clone(&pacer), at(0));
        let ids = cetar_model::IdSource::new(|bytes| bytes.fill(7));
        let (first, second): (JobId, JobId) = (ids.make(at(0)), ids.make(at(1)));
        let turn = turns.ask();
        for _ in 0..2 {
            assert_eq!(turn(&first, &chat("a")), Ok(()));
            assert_eq!(turn(&second, &chat("a")), Err(at(1000)));
        }
        assert_eq!((turns.next(), pacer.room(at(0))), (Some(at(1000)), Ok(3)));
    }

    #[test]
    fn chats_that_need_not_wait_are_forgotten() {
        let pacer = pacer();
        for number in 0..3 * MANY_CHATS as u64 {
            assert_eq!(pacer.take(&chat(&number.to_string()), at(1000 * number)), Ok(()));
        }
        assert!(lock(&pacer.state).chats.len() <= MANY_CHATS + 1);
    }

    /// Meta's own limits, as its documentation has them: 80 in any second, and to one person a bucket of 45 that gains one in 6 s.
    #[derive(Default)]
    struct Meta {
        second: VecDeque<Timestamp>,
        people: HashMap<Chat, (f64, Timestamp)>,
        violations: usize,
    }

    impl Meta {
        fn takes(&mut self, chat: &Chat, now: Timestamp) {
            while self.second.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(1)) {
                self.second.pop_front();
            }
            self.second.push_back(now);
            let (left, at) = self.people.entry(chat.clone()).or_insert((45.0, now));
            *left = (*left + now.since(*at).as_secs_f64() / 6.0).min(45.0) - 1.0;
            *at = now;
            self.violations += usize::from(self.second.len() > 80) + usize::from(*left < 0.0);
        }
    }

    #[test]
    fn eighty_a_second_for_a_minute_break_no_limit_of_metas() {
        let account = Rate { most: 80, per: Duration::from_millis(1100) };
        let pacer = Pacer::new(Pace { account, chat: rate(45, 276), group: None });
        // Three people are written to far more often than the others.
        let whom = |number: usize| if number.is_multiple_of(4) { number % 3 } else { number % 500 };
        let mut waiting: VecDeque<Chat> = VecDeque::new();
        let (mut meta, mut sent, mut came) = (Meta::default(), 0, 0);
        for tenth in 0..1_200_u64 {
            let now = at(100 * tenth);
            // 80 a second come in for a minute; another minute is more than the queue needs.
            while came < 4_800 && came < 8 * (usize::try_from(tenth).unwrap() + 1) {
                waiting.push_back(chat(&whom(came).to_string()));
                came += 1;
            }
            let mut blocked = std::collections::HashSet::new();
            waiting.retain(|chat| {
                // One person's messages keep their order: none goes out before the one in front of it.
                let goes = !blocked.contains(chat) && pacer.take(chat, now).is_ok();
                if goes {
                    meta.takes(chat, now);
                    sent += 1;
                } else {
                    blocked.insert(chat.clone());
                }
                !goes
            });
        }
        assert_eq!(meta.violations, 0);
        let most = waiting.iter().filter(|chat| !["0", "1", "2"].contains(&chat.as_str())).count();
        assert_eq!((most, sent + waiting.len()), (0, 4_800), "only those written to too often still wait");
    }
}
