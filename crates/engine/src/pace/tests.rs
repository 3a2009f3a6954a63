//! Rates, manners and budgets, by a clock that the test sets.

use cetar_model::{Content, JobId};
use cetar_provider::{GroupPace, Typing};
use cetar_store::Due;

use super::*;

const fn rate(most: usize, secs: u64) -> Rate {
    Rate { most, per: Duration::from_secs(secs) }
}

fn pacer() -> Pacer {
    let is_group = |chat: &Chat| chat.as_str().starts_with('-');
    let group = Some(GroupPace { is_group, rate: rate(3, 60) });
    Pacer::new(Pace { account: rate(4, 1), chat: rate(1, 1), group, manners: None }, Vec::new())
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000) + Duration::from_millis(millis)
}

fn chat(name: &str) -> Chat {
    Chat::new(name)
}

const fn ask(chat: &Chat) -> Ask<'_> {
    Ask { chat, characters: None, is_first: false }
}

impl Pacer {
    fn turn(&self, chat: &Chat, now: Timestamp) -> Result<(), Wait> {
        self.take(&ask(chat), now, [0, 0]).map(drop)
    }
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
    let pacer = Arc::new(pacer());
    let turns = Turns::new(Arc::clone(&pacer), at(0), None, [0, 0]);
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
}

#[test]
fn chats_that_need_not_wait_are_forgotten() {
    let pacer = pacer();
    for number in 0..3 * MANY_CHATS as u64 {
        assert_eq!(pacer.turn(&chat(&number.to_string()), at(1000 * number)), Ok(()));
    }
    assert!(lock(&pacer.state).chats.len() <= MANY_CHATS + 1);
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

fn polite(firsts: Vec<(Chat, Timestamp)>) -> Pacer {
    let pace = Pace { account: rate(100, 60), chat: rate(100, 60), group: None, manners: Some(MANNERS) };
    Pacer::new(pace, firsts)
}

#[test]
fn a_person_types_and_draws_breath_for_uneven_times() {
    let pacer = polite(Vec::new());
    let (budi, typed) = (chat("budi"), |random| {
        let ask = Ask { chat: &chat("budi"), characters: Some(10), is_first: false };
        polite(Vec::new()).take(&ask, at(0), [random, 0]).unwrap().typing
    });
    assert_eq!(
        (typed(0), typed(u32::MAX)),
        (Some(Duration::from_millis(750)), Some(Duration::from_millis(1250)))
    );
    assert_eq!(pacer.room(at(0)), Ok(1), "one at a time");
    let text = Ask { characters: Some(10), ..ask(&budi) };
    assert!(pacer.take(&text, at(0), [0, 0]).is_ok());
    assert_eq!(pacer.room(at(100)), Err(at(1750)), "typing, then the shortest breath");
    assert_eq!(pacer.turn(&chat("ana"), at(100)), wait(1750));
    assert_eq!(pacer.take(&ask(&budi), at(1750), [0, u32::MAX]), Ok(Turn { typing: None }));
    assert_eq!(pacer.room(at(1800)), Err(at(4750)), "a picture is not typed; the longest breath");
}

#[test]
fn strangers_have_a_budget_of_their_own() {
    let pacer = polite(vec![(chat("yesterday"), at(0) - Duration::from_hours(23))]);
    let first = |name: &str, secs: u64| {
        let chat = chat(name);
        pacer.take(&Ask { is_first: true, ..ask(&chat) }, at(1000 * secs), [0, 0]).map(drop)
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
    let pacer = Pacer::new(Pace { account, chat: rate(45, 276), group: None, manners: None }, Vec::new());
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
            let goes = !blocked.contains(chat) && pacer.turn(chat, now).is_ok();
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
