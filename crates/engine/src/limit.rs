//! The exact sliding window: in no 60 s are more than N requests of one key, or of one person, let through; refused ones do not count.
//!
//! A log of the moments let through, not a counter: a counter would let twice as many through around a minute's edge, or refuse some
//! that belong. It is exact within this process; a restart forgets it (ADR 7).
use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use cetar_model::{ApiKeyId, Timestamp, UserId};

use crate::lock;

/// The span no part of which may hold more requests than the limit.
const WINDOW: Duration = Duration::from_mins(1);
/// What is counted is looked through for what is idle when there are twice as many as after the last look, but not below this.
const SWEEP_ABOVE: usize = 1024;

/// The limiter. One per process. Its memory is eight bytes for each request let through in the last minute.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<Logs>);

#[derive(Debug, Default)]
struct Logs {
    by_asker: HashMap<Asker, VecDeque<Timestamp>>,
    sweep_at: usize,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A key.
    Key(ApiKeyId),
    /// A person who is signed in, with all their browsers.
    Person(UserId),
}

/// What it said, and the figures for the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Let through.
    pub allowed: bool,
    /// Requests a minute.
    pub limit: u32,
    /// How many more would be let through now.
    pub remaining: u32,
    /// When the oldest counted request leaves the window.
    pub reset_at: Timestamp,
    /// With a refusal: how long until one is let through again.
    pub retry_after: Duration,
}

impl Limiter {
    /// Asks for one request.
    pub fn admit(&self, asker: &Asker, limit: u32, now: Timestamp) -> Admission {
        let mut logs = lock(&self.0);
        logs.drop_idle(now);
        if let Some(log) = logs.by_asker.get_mut(asker) {
            return admit(log, limit, now);
        }
        let mut log = VecDeque::new();
        let admission = admit(&mut log, limit, now);
        logs.by_asker.insert(asker.clone(), log);
        admission
    }
}

impl Logs {
    fn drop_idle(&mut self, now: Timestamp) {
        if self.by_asker.len() >= self.sweep_at.max(SWEEP_ABOVE) {
            self.by_asker.retain(|_, log| log.back().is_some_and(|last| now.since(*last) < WINDOW));
            self.sweep_at = self.by_asker.len() * 2;
        }
    }
}

fn admit(log: &mut VecDeque<Timestamp>, limit: u32, now: Timestamp) -> Admission {
    // A clock that steps back must neither open the window nor disorder the log.
    let now = log.back().map_or(now, |last| now.max(*last));
    while log.front().is_some_and(|oldest| now.since(*oldest) >= WINDOW) {
        log.pop_front();
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let allowed = log.len() < most;
    if allowed {
        log.push_back(now);
    }
    let retry_after = if allowed {
        Duration::ZERO
    } else {
        // One is let through again when so many have left that fewer than the limit remain. (A limit may have been lowered
        // meanwhile; a limit of nothing never opens, so the window's length is as good an answer as any.)
        let leaves = log.get(log.len() - most).map_or(now, |at| *at) + WINDOW;
        leaves.since(now)
    };
    Admission {
        allowed,
        limit,
        remaining: limit.saturating_sub(u32::try_from(log.len()).unwrap_or(u32::MAX)),
        reset_at: log.front().map_or(now, |oldest| *oldest + WINDOW),
        retry_after,
    }
}

#[cfg(test)]
mod tests {
    use cetar_model::IdSource;
    use proptest::prelude::*;

    use super::*;

    fn key() -> Asker {
        Asker::Key(IdSource::new(|bytes| bytes.fill(1)).make(Timestamp::from_secs(1)))
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    #[test]
    fn a_burst_at_a_minutes_edge_gains_nothing() {
        let (limiter, key) = (Limiter::default(), key());
        let let_through = |second| (0..100).filter(|_| limiter.admit(&key, 60, at(second)).allowed).count();
        assert_eq!(let_through(59), 60);
        assert_eq!(let_through(60), 0);
        assert_eq!(let_through(118), 0);
        assert_eq!(let_through(119), 60);
    }

    #[test]
    fn the_figures_say_what_is_left_and_when_more_comes() {
        let (limiter, key) = (Limiter::default(), key());
        let first = limiter.admit(&key, 2, at(0));
        assert_eq!((first.allowed, first.remaining, first.reset_at), (true, 1, at(60)));
        let second = limiter.admit(&key, 2, at(10));
        assert_eq!((second.allowed, second.remaining, second.reset_at), (true, 0, at(60)));
        let third = limiter.admit(&key, 2, at(15));
        assert_eq!((third.allowed, third.remaining, third.reset_at), (false, 0, at(60)));
        assert_eq!(third.retry_after, Duration::from_secs(45));
        assert!(limiter.admit(&key, 2, at(60)).allowed);
    }

    #[test]
    fn a_lowered_limit_counts_what_was_let_through_before() {
        let (limiter, key) = (Limiter::default(), key());
        for second in 0..4 {
            assert!(limiter.admit(&key, 4, at(second)).allowed);
        }
        let refused = limiter.admit(&key, 2, at(10));
        assert!(!refused.allowed);
        // Those of seconds 0, 1 and 2 must have left.
        assert_eq!(refused.retry_after, Duration::from_secs(52));
        assert!(!limiter.admit(&key, 2, at(61)).allowed);
        assert!(limiter.admit(&key, 2, at(62)).allowed);
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_through() {
        assert!(!Limiter::default().admit(&key(), 0, at(0)).allowed);
    }

    #[test]
    fn idle_keys_are_dropped() {
        let limiter = Limiter::default();
        let ids = IdSource::new(|bytes| bytes.fill(1));
        for second in 0..20_000 {
            limiter.admit(&Asker::Key(ids.make(at(second))), 60, at(second));
        }
        assert!(lock(&limiter.0).by_asker.len() <= SWEEP_ABOVE);
    }

    proptest! {
        #[test]
        fn in_no_sixty_seconds_are_more_than_the_limit_let_through_and_none_is_refused_without_need(
            limit in 1_u32..8,
            // Mostly forwards, sometimes back: a clock may be set.
            steps in prop::collection::vec(-2_000_000_i64..20_000_000, 1..200),
        ) {
            let (limiter, key) = (Limiter::default(), key());
            let mut through: Vec<Timestamp> = Vec::new();
            let (mut now, mut latest) = (at(0), at(0));
            for step in steps {
                now = Timestamp::from_micros(now.as_micros() + step);
                // The naive model: count the last minute, as seen from the latest moment known.
                latest = if through.is_empty() { now } else { now.max(through[through.len() - 1]) };
                let counted = through.iter().filter(|at| latest.since(**at) < WINDOW).count();
                let expected = counted < usize::try_from(limit).unwrap();
                let admission = limiter.admit(&key, limit, now);
                prop_assert_eq!(admission.allowed, expected);
                if expected {
                    through.push(latest);
                } else {
                    // What it promises is true: then, and not a moment sooner.
                    let opens = latest + admission.retry_after;
                    let still = |at: Timestamp| through.iter().filter(|t| at.since(**t) < WINDOW).count();
                    prop_assert!(still(opens) < counted && still(opens - Duration::from_micros(1)) == counted);
                }
            }
            let _ = latest;
            for (index, first) in through.iter().enumerate() {
                let within = through[index..].iter().filter(|at| at.since(*first) < WINDOW).count();
                prop_assert!(within <= usize::try_from(limit).unwrap());
            }
        }
    }
}
