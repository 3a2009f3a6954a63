//! Rates, manners and budgets, by a clock that the test sets.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};

use cetar_model::{Content, JobId};
use cetar_provider::{
    GroupPace, Typing,
    testkit::{ManualClock, ScriptedProvider},
};
use cetar_store::Due;

use super::*;

const fn rate(most: usize, secs: u64) -> Rate {
    Rate { most, per: Duration::from_secs(secs) }
}

/// A pacer, and the clock that it and its test go by.
struct Paced {
    pacer: Arc<Pacer>,
    clock: Arc<ManualClock>,
}

impl std::ops::Deref for Paced {
    type Target = Arc<Pacer>;

    fn deref(&self) -> &Arc<Pacer> {
        &self.pacer
    }
}

impl Paced {
    fn new(pace: Pace, firsts: Vec<(Chat, Timestamp)>) -> Self {
        let clock = Arc::new(ManualClock::at(at(0)));
        Self { pacer: Arc::new(Pacer::new(pace, clock.clone(), firsts)), clock }
    }

    fn at_rates(account: Rate, chat: Rate) -> Self {
        Self::new(Pace { account, chat, group: None, manners: None }, Vec::new())
    }

    /// Lets time go by until then.
    fn goes_on_to(&self, now: Timestamp) {
        self.clock.advance(now.since(self.clock.now()));
    }

    /// Something is sent, and answered in the same moment.
    fn sends(&self, ask: &Ask<'_>, now: Timestamp, random: [u32; 2]) -> Result<Option<Duration>, Wait> {
        self.goes_on_to(now);
        let mut turn = self.take(ask, now, random)?;
        turn.begin();
        Ok(turn.typing())
    }

    fn turn(&self, chat: &Chat, now: Timestamp) -> Result<(), Wait> {
        self.sends(&ask(chat), now, [0, 0]).map(drop)
    }

    /// Something is on its way from now on.
    fn begins(&self, chat: &Chat) -> Result<Turn, Wait> {
        let mut turn = self.take(&ask(chat), self.clock.now(), [0, 0])?;
        turn.begin();
        Ok(turn)
    }
}

fn pacer() -> Paced {
    let is_group = |chat: &Chat| chat.as_str().starts_with('-');
    let group = Some(GroupPace { is_group, rate: rate(3, 60) });
    Paced::new(Pace { account: rate(4, 1), chat: rate(1, 1), group, manners: None }, Vec::new())
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000) + Duration::from_millis(millis)
}

fn chat(name: &str) -> Chat {
    Chat::new(name)
}

const fn ask(chat: &Chat) -> Ask<'_> {
    Ask { chat, characters: None, messages: 1, is_first: false }
}

fn wait(millis: u64) -> Result<(), Wait> {
    Err(Wait::Until(at(millis)))
}

#[test]
fn a_chat_has_its_turn_and_the_others_do_not_wait_for_it() {
    let pacer = pacer();
    assert_eq!(pacer.turn(&chat("a"), at(0)), Ok(()));
    assert_eq!(pacer.turn(&chat("a"), at(400)), wait(1000));
    assert_eq!(pacer.turn(&chat("b"), at(400)), Ok(()));
    assert_eq!(pacer.turn(&chat("a"), at(1000)), Ok(()));
    assert_eq!(pacer.turn(&chat("a"), at(1001)), wait(2000), "what had to wait did not count");
}

#[test]
fn in_no_second_more_go_out_than_the_account_may_send() {
    let pacer = pacer();
    assert_eq!(pacer.room(at(0)), Ok(4));
    for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        assert_eq!(pacer.room(at(100 * number as u64)), Ok(4 - number));
        assert_eq!(pacer.turn(&chat(name), at(100 * number as u64)), Ok(()));
    }
    assert_eq!(pacer.room(at(999)), Err(at(1000)));
    assert_eq!(pacer.turn(&chat("e"), at(999)), wait(1000));
    assert_eq!(pacer.room(at(1000)), Ok(1), "one second after the first of them");
    assert_eq!(pacer.room(at(5000)), Ok(4));
}

#[test]
fn a_group_has_a_pace_of_its_own_besides() {
    let pacer = pacer();
    for second in 0..3 {
        assert_eq!(pacer.turn(&chat("-100"), at(2000 * second)), Ok(()));
        assert_eq!(pacer.turn(&chat("100"), at(2000 * second)), Ok(()));
    }
    assert_eq!(pacer.turn(&chat("-100"), at(6000)), wait(60_000));
    assert_eq!(pacer.turn(&chat("100"), at(6000)), Ok(()));
    assert_eq!(pacer.turn(&chat("-100"), at(60_000)), Ok(()));
}

#[test]
fn one_chat_that_is_slowed_down_waits_alone_and_two_mean_the_account() {
    let pacer = pacer();
    let long = Some(Duration::from_secs(5));
    pacer.slowed(&chat("a"), long, at(0));
    assert_eq!(pacer.turn(&chat("a"), at(1000)), wait(5000));
    assert_eq!((pacer.room(at(1000)), pacer.turn(&chat("b"), at(1000))), (Ok(4), Ok(())));
    pacer.slowed(&chat("b"), long, at(1000));
    assert_eq!(pacer.room(at(2000)), Err(at(6000)));
    assert_eq!(pacer.turn(&chat("c"), at(2000)), wait(6000));
    assert_eq!(pacer.turn(&chat("c"), at(6000)), Ok(()));
}

#[test]
fn a_claim_that_is_made_twice_takes_one_turn() {
    let (pacer, provider) = (pacer(), Arc::new(ScriptedProvider::new(true)));
    let turns = Turns::new(Arc::clone(&pacer), provider, at(0), None, [0, 0]);
    let ids = cetar_model::IdSource::new(|bytes| bytes.fill(7));
    let (first, second): (JobId, JobId) = (ids.make(at(0)), ids.make(at(1)));
    let (turn, chat) = (turns.ask().turn, chat("a"));
    let content = Content::Text { text: "Halo!".into() };
    let due = |job| Due { job, chat: &chat, content: &content, is_stranger: false };
    for _ in 0..2 {
        assert_eq!(turn(&due(&first)), Ok(()));
        assert_eq!(turn(&due(&second)), Err(at(1000)));
    }
    assert_eq!((turns.next(), pacer.room(at(0))), (Some(at(1000)), Ok(3)));
    let given = turns.take(&first);
    assert!(given.is_some() && turns.take(&first).is_none() && turns.take(&second).is_none());
    drop((given, turns, turn));
    assert_eq!(pacer.room(at(0)), Ok(4), "what was claimed and not begun was not sent");
}

#[test]
fn turns_that_no_claim_needed_are_free_again() {
    let (pacer, provider) = (pacer(), Arc::new(ScriptedProvider::new(true)));
    let turns = Turns::new(Arc::clone(&pacer), provider, at(0), None, [0, 0]);
    let job: JobId = cetar_model::IdSource::new(|bytes| bytes.fill(7)).make(at(0));
    let content = Content::Text { text: "Halo!".into() };
    let due = Due { job: &job, chat: &chat("a"), content: &content, is_stranger: false };
    assert_eq!((turns.ask().turn)(&due), Ok(()));
    assert_eq!(pacer.room(at(0)), Ok(3));
    drop(turns);
    assert_eq!((pacer.room(at(0)), pacer.turn(&chat("a"), at(0))), (Ok(4), Ok(())));
}

#[test]
fn what_is_under_way_counts_until_a_second_after_its_answer() {
    let pacer = pacer();
    let slow: Vec<Turn> = ["a", "b", "c", "d"].map(|name| pacer.begins(&chat(name)).unwrap()).into();
    pacer.goes_on_to(at(60_000));
    assert_eq!(pacer.room(at(60_000)), Err(at(61_000)), "a minute later they may still arrive there");
    assert_eq!(pacer.view(at(60_000)).messages.left, 0);
    assert_eq!(pacer.turn(&chat("a"), at(60_000)), wait(61_000));
    drop(slow);
    assert_eq!(pacer.turn(&chat("e"), at(60_999)), wait(61_000));
    assert_eq!((pacer.room(at(61_000)), pacer.turn(&chat("a"), at(61_000))), (Ok(4), Ok(())));
}

#[tokio::test]
async fn no_turn_is_lost_however_an_attempt_ends() {
    let pacer = pacer();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _turn = pacer.begins(&chat("a")).unwrap();
        panic!("as the test wants");
    }));
    assert!(panicked.is_err());
    let turn = pacer.begins(&chat("b")).unwrap();
    let given_up = tokio::time::timeout(Duration::ZERO, async move {
        std::future::pending::<()>().await;
        drop(turn);
    });
    assert!(given_up.await.is_err());
    let not_begun = pacer.take(&ask(&chat("c")), at(0), [0, 0]).unwrap();
    drop(not_begun);
    assert_eq!(pacer.room(at(0)), Ok(2), "both may have reached the network, the third cannot have");
    assert_eq!(pacer.room(at(1000)), Ok(4));
    assert!(lock(&pacer.state).chats.values_mut().all(|sends| sends.is_past(&pacer.pace, at(1000))));
}

#[test]
fn what_goes_out_in_pieces_counts_as_many_times() {
    let pacer = Paced::at_rates(rate(4, 1), rate(3, 1));
    let (a, b, c) = (chat("a"), chat("b"), chat("c"));
    let two = |chat| Ask { messages: 2, ..ask(chat) };
    assert_eq!(pacer.sends(&two(&a), at(0), [0, 0]), Ok(None));
    assert_eq!(pacer.sends(&two(&a), at(0), [0, 0]), Err(Wait::Until(at(1000))), "of three, two are spent");
    assert_eq!(pacer.turn(&a, at(100)), Ok(()));
    assert_eq!(pacer.sends(&two(&b), at(200), [0, 0]), Err(Wait::Until(at(1000))));
    assert_eq!(pacer.turn(&c, at(200)), Ok(()));
    assert_eq!(pacer.room(at(200)), Err(at(1000)));
    let many = Ask { messages: 9, ..ask(&b) };
    assert_eq!(pacer.sends(&many, at(1200), [0, 0]), Ok(None), "more than ever fit go alone");
}

#[test]
fn chats_that_need_not_wait_are_forgotten() {
    let pacer = pacer();
    for number in 0..3 * MANY_CHATS as u64 {
        assert_eq!(pacer.turn(&chat(&number.to_string()), at(1000 * number)), Ok(()));
    }
    assert!(lock(&pacer.state).chats.len() <= MANY_CHATS + 1);
}

#[test]
fn however_many_people_are_written_to_nobody_is_forgotten_who_could_get_too_much() {
    let pacer = Paced::at_rates(rate(1_000_000, 1), rate(2, 3600));
    let budi = chat("budi");
    assert_eq!(pacer.turn(&budi, at(0)), Ok(()));
    let on_its_way = pacer.begins(&chat("ana")).unwrap();
    for number in 0..3 * MANY_CHATS as u64 {
        assert_eq!(pacer.turn(&chat(&number.to_string()), at(number)), Ok(()));
    }
    assert_eq!(pacer.turn(&budi, at(5000)), Ok(()));
    assert_eq!(pacer.turn(&budi, at(5000)), wait(3_600_000), "the third within the hour");
    drop(on_its_way);
    assert_eq!(pacer.turn(&chat("ana"), at(5000)), Ok(()));
    assert_eq!(pacer.turn(&chat("ana"), at(5000)), wait(3_605_000));
}

const MANNERS: Manners = Manners {
    gap: Span { from: Duration::from_secs(1), to: Duration::from_secs(3) },
    typing: Typing {
        character: Duration::from_millis(100),
        within: Span { from: Duration::from_millis(500), to: Duration::from_secs(2) },
    },
    firsts_per_hour: 2,
    firsts_per_day: 3,
    starts: Duration::from_millis(20),
};

fn polite(firsts: Vec<(Chat, Timestamp)>) -> Paced {
    let pace = Pace { account: rate(100, 60), chat: rate(100, 60), group: None, manners: Some(MANNERS) };
    Paced::new(pace, firsts)
}

#[test]
fn a_person_types_and_draws_breath_for_uneven_times() {
    let pacer = polite(Vec::new());
    let (budi, typed) = (chat("budi"), |random| {
        let budi = chat("budi");
        let ask = Ask { characters: Some(10), ..ask(&budi) };
        polite(Vec::new()).sends(&ask, at(0), [random, 0]).unwrap()
    });
    assert_eq!(
        (typed(0), typed(u32::MAX)),
        (Some(Duration::from_millis(750)), Some(Duration::from_millis(1250)))
    );
    assert_eq!(pacer.room(at(0)), Ok(1), "one at a time");
    let text = Ask { characters: Some(10), ..ask(&budi) };
    assert!(pacer.sends(&text, at(0), [0, 0]).is_ok());
    assert_eq!(pacer.room(at(100)), Err(at(1750)), "typing, then the shortest breath");
    assert_eq!(pacer.turn(&chat("ana"), at(100)), wait(1750));
    assert_eq!(pacer.sends(&ask(&budi), at(1750), [0, u32::MAX]), Ok(None));
    assert_eq!(pacer.room(at(1800)), Err(at(4750)), "a picture is not typed; the longest breath");
}

#[test]
fn strangers_have_a_budget_of_their_own() {
    let pacer = polite(vec![(chat("yesterday"), at(0) - Duration::from_hours(23))]);
    let first = |name: &str, secs: u64| {
        let chat = chat(name);
        pacer.sends(&Ask { is_first: true, ..ask(&chat) }, at(1000 * secs), [0, 0]).map(drop)
    };
    let not_before = |secs: u64| Err(Wait::Firsts(at(1000 * secs)));
    assert_eq!((first("a", 0), first("b", 10)), (Ok(()), Ok(())));
    assert_eq!(first("c", 20), not_before(3600), "of the hour two are spent, and of the day three");
    assert_eq!(pacer.turn(&chat("known"), at(20_000)), Ok(()), "whom we know need not wait for strangers");
    assert_eq!(first("b", 30), Ok(()), "tried again, it is not another stranger");
    assert_eq!(first("c", 3600), Ok(()), "and the day before is over");
    assert_eq!(first("d", 3700), not_before(86_400));
    let view = pacer.view(at(3_700_000)).firsts.unwrap();
    assert_eq!((view.hour.left, view.day.left, view.next_at), (1, 0, Some(at(86_400_000))));
}

#[test]
fn a_turn_that_was_not_used_leaves_no_trace() {
    let pacer = polite(Vec::new());
    let (budi, ana) = (chat("budi"), chat("ana"));
    let first = |chat| Ask { is_first: true, characters: Some(10), ..ask(chat) };
    let before = pacer.view(at(0));
    let turn = pacer.take(&first(&budi), at(0), [0, 0]).unwrap();
    assert!(pacer.room(at(0)).is_err(), "one at a time");
    drop(turn);
    assert_eq!(pacer.view(at(0)), before);
    assert!(pacer.needs_budget(&budi));

    // What was counted before it, and what came after it, stays.
    assert!(pacer.sends(&first(&budi), at(0), [0, 0]).is_ok());
    let unused = pacer.take(&first(&budi), at(10_000), [0, 0]).unwrap();
    assert_eq!(pacer.sends(&ask(&ana), at(20_000), [0, 0]), Ok(None));
    drop(unused);
    assert!(!pacer.needs_budget(&budi));
    assert_eq!(pacer.room(at(20_000)), Err(at(21_000)));
}

#[test]
fn groups_and_who_was_counted_wait_for_no_budget_of_strangers() {
    let group = Some(GroupPace { is_group: |chat| chat.as_str().starts_with('-'), rate: rate(100, 60) });
    let pace = Pace { account: rate(100, 60), chat: rate(100, 60), group, manners: Some(MANNERS) };
    let pacer = Paced::new(pace, vec![(chat("counted"), at(0))]);
    assert_eq!(["new", "-100", "counted"].map(|name| pacer.needs_budget(&chat(name))), [true, false, false]);

    let provider = Arc::new(ScriptedProvider::new(true));
    let turns = Turns::new(Arc::clone(&pacer), provider, at(0), Some(at(9000)), [0, 0]);
    let ids = cetar_model::IdSource::new(|bytes| bytes.fill(7));
    let (content, turn) = (Content::Text { text: "Halo!".into() }, turns.ask().turn);
    let ask = |name: &str, n| {
        let (job, chat): (JobId, _) = (ids.make(at(n)), chat(name));
        turn(&Due { job: &job, chat: &chat, content: &content, is_stranger: true })
    };
    assert_eq!(ask("new", 1), Err(at(9000)), "the network forbids it");
    assert_eq!(ask("-100", 2), Ok(()), "it is not the first message to a person");
}

#[test]
fn a_clock_that_was_set_back_holds_nobody_up() {
    let channels = Paces::default();
    let start = |millis| channels.start(Channel::Whatsapp, &MANNERS, at(millis), 0);
    assert_eq!((start(3_600_000), start(3_600_000)), (at(3_600_000), at(3_600_010)));
    assert_eq!((start(0), start(0)), (at(20), at(30)), "behind those that were asked before, and no later");

    let pacer = polite(Vec::new());
    assert_eq!(pacer.turn(&chat("budi"), at(3_600_000)), Ok(()));
    assert_eq!(pacer.room(at(0)), Err(at(5000)), "the longest that a person types, and draws breath");
}

#[test]
fn sessions_start_one_after_another_at_uneven_times() {
    let paces = Paces::default();
    let start = |millis, random| paces.start(Channel::Whatsapp, &MANNERS, at(millis), random);
    assert_eq!((start(0, 0), start(0, u32::MAX), start(0, 0)), (at(0), at(10), at(40)));
    assert_eq!(start(1000, 0), at(1000), "who comes alone does not wait");
}

#[test]
fn a_budget_shows_what_is_left_of_it() {
    let pacer = pacer();
    assert_eq!(pacer.turn(&chat("a"), at(0)), Ok(()));
    let messages = Budget { most: 4, per: Duration::from_secs(1), left: 3 };
    assert_eq!(pacer.view(at(0)), PaceView { messages, next_at: None, firsts: None });
    for name in ["b", "c", "d"] {
        assert_eq!(pacer.turn(&chat(name), at(100)), Ok(()));
    }
    let view = pacer.view(at(200));
    assert_eq!((view.messages.left, view.next_at), (0, Some(at(1000))));
}

/// Meta's own limits, as its documentation has them: 80 in any second, and to one person a bucket of 45 that gains one in 6 s. Counted by
/// when a message reaches it.
struct Receiver {
    people: HashMap<Chat, (i64, Timestamp)>,
    second: VecDeque<Timestamp>,
    violations: usize,
}

impl Receiver {
    const GAIN: i64 = 6_000_000;
    const FULL: i64 = 45 * Self::GAIN;

    fn takes(&mut self, chat: &Chat, now: Timestamp) {
        while self.second.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(1)) {
            self.second.pop_front();
        }
        self.second.push_back(now);
        let (left, at) = self.people.entry(chat.clone()).or_insert((Self::FULL, now));
        let gained = i64::try_from(now.since(*at).as_micros()).unwrap();
        *left = (*left + gained).min(Self::FULL) - Self::GAIN;
        *at = now;
        self.violations += usize::from(self.second.len() > 80) + usize::from(*left < 0);
    }
}

/// What is on its way, in order of time: what reaches the receiver, and which answers come back.
#[derive(Default)]
struct Way {
    reaching: BTreeMap<(Timestamp, usize), Chat>,
    answers: BTreeMap<(Timestamp, usize), (Chat, Turn)>,
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        // The upper bits of Knuth's linear congruential generator.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[test]
fn however_long_requests_are_on_their_way_no_receiver_sees_more_than_it_allows() {
    // So long at most, in milliseconds, from here to Meta and back; and how much of 4,800 that leaves for 66 s.
    for (most, out) in [(1, 4_800), (40, 4_700), (900, 2_000)] {
        let pacer = Paced::at_rates(rate(80, 1), rate(45, 270));
        let mut meta = Receiver { people: HashMap::new(), second: VecDeque::new(), violations: 0 };
        let (mut way, mut dice, mut sent) = (Way::default(), Dice(most), 0);
        // Three people are written to far more often than the others.
        let whom = |number: usize| if number.is_multiple_of(4) { number % 3 } else { number % 500 };
        let mut waiting: VecDeque<Chat> = (0..4_800).map(|number| chat(&whom(number).to_string())).collect();
        let mut busy = std::collections::HashSet::new();
        for millis in 0..66_000 {
            let now = at(millis);
            pacer.goes_on_to(now);
            while let Some(reached) = way.reaching.first_entry().filter(|it| it.key().0 <= now) {
                meta.takes(&reached.remove(), now);
            }
            while let Some(answer) = way.answers.first_entry().filter(|it| it.key().0 <= now) {
                let (person, turn) = answer.remove();
                busy.remove(&person);
                drop(turn);
            }
            if pacer.room(now).is_err() {
                continue;
            }
            let mut blocked = busy.clone();
            waiting.retain(|person| {
                // One person's messages keep their order: none goes out before the one in front of it was answered.
                let turn = (!blocked.contains(person)).then(|| pacer.begins(person).ok()).flatten();
                blocked.insert(person.clone());
                let Some(turn) = turn else { return true };
                // The way takes as long as it likes, now short, now long: what left early arrives late, with what left after it.
                let there = now + Duration::from_millis(dice.below(most));
                let back = there + Duration::from_millis(dice.below(most));
                busy.insert(person.clone());
                way.reaching.insert((there, sent), person.clone());
                way.answers.insert((back, sent), (person.clone(), turn));
                sent += 1;
                false
            });
        }
        assert_eq!(meta.violations, 0, "up to {most} ms there and back");
        let others = waiting.iter().filter(|chat| !["0", "1", "2"].contains(&chat.as_str())).count();
        assert!(sent >= out.min(4_800 - (waiting.len() - others)), "up to {most} ms: {sent} sent");
        drop(way);
        assert_eq!(pacer.room(at(67_000)), Ok(80), "nothing is left of it");
    }
}
