//! Addresses that give wrong keys again and again are shut out for a while; those whose callbacks are signed wrongly are counted alike.
//!
//! Twenty wrong keys within a minute shut an address out for five minutes. Wrong is what was never a key of ours; a revoked or expired
//! key is a customer who has not noticed, not somebody guessing. An IPv6 address counts with its /64, which one customer holds.
//!
//! While shut out, everything from there is refused, right keys too, with one exception: a key that was let in from that very
//! address within the last hour keeps working. Else one mistyped setting behind an office's shared address, or a proxy that hides its
//! clients, would take down everybody's running integrations.
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::Duration,
};

use cetar_model::Timestamp;

use crate::lock;

/// So many wrong keys …
const WRONG_KEYS: u32 = 20;
/// … counted from the first of them for this long …
const WITHIN: Duration = Duration::from_mins(1);
/// … shut an address out for this long.
const SHUT_OUT: Duration = Duration::from_mins(5);
/// A key let in from an address is remembered this long.
const KNOWN_FOR: Duration = Duration::from_hours(1);
/// Never more entries of either kind: whoever has more addresses than this is not stopped by counting them.
const MOST: usize = 10_000;

/// Counts what is wrong by address. Bounded in memory.
#[derive(Debug)]
pub(crate) struct Guard {
    /// What is counted, for the log.
    what: &'static str,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    wrong: HashMap<IpAddr, Wrong>,
    known: HashMap<(IpAddr, [u8; 32]), Timestamp>,
    swept_at: Timestamp,
}

impl Seen {
    /// Drops what is over; at most once a second, because it looks at every entry.
    fn sweep(&mut self, now: Timestamp) {
        if now.since(self.swept_at) >= Duration::from_secs(1) {
            self.swept_at = now;
            self.wrong.retain(|_, wrong| !wrong.is_over(now));
            self.known.retain(|_, at| now.since(*at) < KNOWN_FOR);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    since: Timestamp,
    shut_until: Option<Timestamp>,
}

impl Wrong {
    fn is_over(&self, now: Timestamp) -> bool {
        match self.shut_until {
            Some(until) => now >= until,
            None => now.since(self.since) >= WITHIN,
        }
    }
}

impl Guard {
    /// Nothing was wrong yet.
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, seen: Mutex::default() }
    }

    /// How much longer this address is shut out; `None` if it is not.
    pub(crate) fn shut_out(&self, ip: IpAddr, now: Timestamp) -> Option<Duration> {
        let seen = lock(&self.seen);
        let until = seen.wrong.get(&network(ip))?.shut_until?;
        (now < until).then(|| until.since(now))
    }

    /// Whether this key was let in from here lately.
    pub(crate) fn is_known(&self, ip: IpAddr, hash: &[u8; 32], now: Timestamp) -> bool {
        let at = lock(&self.seen).known.get(&(network(ip), *hash)).copied();
        at.is_some_and(|at| now.since(at) < KNOWN_FOR)
    }

    /// A wrong key came from here.
    pub(crate) fn wrong(&self, ip: IpAddr, now: Timestamp) {
        let mut seen = lock(&self.seen);
        if seen.wrong.len() >= MOST {
            seen.sweep(now);
            if seen.wrong.len() >= MOST {
                return;
            }
        }
        let wrong = seen.wrong.entry(network(ip)).or_insert(Wrong { count: 0, since: now, shut_until: None });
        if wrong.is_over(now) {
            *wrong = Wrong { count: 0, since: now, shut_until: None };
        }
        wrong.count += 1;
        if wrong.count >= WRONG_KEYS && wrong.shut_until.is_none() {
            wrong.shut_until = Some(now + SHUT_OUT);
            tracing::warn!(%ip, "an address is shut out for five minutes: too many wrong {}", self.what);
        }
    }

    /// A key was let in from here.
    pub(crate) fn let_in(&self, ip: IpAddr, hash: [u8; 32], now: Timestamp) {
        let mut seen = lock(&self.seen);
        if seen.known.len() >= MOST {
            seen.sweep(now);
        }
        let key = (network(ip), hash);
        if seen.known.len() < MOST || seen.known.contains_key(&key) {
            seen.known.insert(key, now);
        }
    }
}

/// The part of an address that one customer holds.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn after_wrong_keys(count: u32, from: &str) -> Guard {
        let guard = Guard::of("keys");
        for _ in 0..count {
            guard.wrong(ip(from), NOW);
        }
        guard
    }

    #[test]
    fn twenty_wrong_keys_within_a_minute_shut_an_address_out_for_five() {
        assert_eq!(after_wrong_keys(19, "203.0.113.7").shut_out(ip("203.0.113.7"), NOW), None);
        let guard = after_wrong_keys(20, "203.0.113.7");
        assert_eq!(guard.shut_out(ip("203.0.113.7"), NOW), Some(SHUT_OUT));
        assert_eq!(guard.shut_out(ip("203.0.113.8"), NOW), None);
        assert_eq!(guard.shut_out(ip("203.0.113.7"), NOW + SHUT_OUT), None);
    }

    #[test]
    fn wrong_keys_far_apart_shut_nobody_out() {
        let guard = Guard::of("keys");
        for minute in 0..60 {
            for _ in 0..19 {
                guard.wrong(ip("203.0.113.7"), NOW + Duration::from_mins(minute));
            }
        }
        assert_eq!(guard.shut_out(ip("203.0.113.7"), NOW + Duration::from_hours(1)), None);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address_and_a_mapped_one_as_ipv4() {
        let guard = after_wrong_keys(20, "2001:db8:0:1::1");
        assert!(guard.shut_out(ip("2001:db8:0:1:ffff::2"), NOW).is_some());
        assert!(guard.shut_out(ip("2001:db8:0:2::1"), NOW).is_none());
        let guard = after_wrong_keys(20, "::ffff:203.0.113.7");
        assert!(guard.shut_out(ip("203.0.113.7"), NOW).is_some());
    }

    #[test]
    fn a_key_let_in_from_an_address_is_known_there_for_an_hour() {
        let guard = Guard::of("keys");
        guard.let_in(ip("203.0.113.7"), [1; 32], NOW);
        assert!(guard.is_known(ip("203.0.113.7"), &[1; 32], NOW + Duration::from_mins(59)));
        assert!(!guard.is_known(ip("203.0.113.7"), &[1; 32], NOW + KNOWN_FOR));
        assert!(!guard.is_known(ip("203.0.113.7"), &[2; 32], NOW));
        assert!(!guard.is_known(ip("203.0.113.8"), &[1; 32], NOW));
    }

    #[test]
    fn memory_is_bounded() {
        let guard = Guard::of("keys");
        for bits in 0..50_000_u32 {
            guard.wrong(IpAddr::V4(bits.into()), NOW);
            guard.let_in(IpAddr::V4(bits.into()), [0; 32], NOW);
        }
        let seen = lock(&guard.seen);
        assert!(seen.wrong.len() <= MOST && seen.known.len() <= MOST);
    }
}
