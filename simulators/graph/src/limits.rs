//! How fast one may send, as Meta enforces it. By the real clock.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::GraphError;

/// Messages a second, of one number.
const A_SECOND: usize = 80;
/// … and of one that Meta has raised.
const RAISED: usize = 1000;
/// To one person: a bucket of so many, …
const BURST: f64 = 45.0;
/// … which gains one in this time.
const ONE_IN: Duration = Duration::from_secs(6);

#[derive(Default)]
pub(crate) struct Limits {
    numbers: HashMap<String, VecDeque<Instant>>,
    raised: HashSet<String>,
    pairs: HashMap<(String, String), (f64, Instant)>,
    /// How often one of them was broken.
    pub(crate) violations: usize,
    /// The most of one number that were taken within a second.
    pub(crate) busiest: usize,
}

impl Limits {
    /// From now on the number has more.
    pub(crate) fn raise(&mut self, number: &str) {
        self.raised.insert(number.to_owned());
    }

    /// Meta's word for what a number has.
    pub(crate) fn level(&self, number: &str) -> &'static str {
        if self.raised.contains(number) { "HIGH" } else { "STANDARD" }
    }

    /// Counts a message of this number to this person; an error if that is one too many.
    pub(crate) fn count(&mut self, number: &str, person: &str) -> Result<(), GraphError> {
        let now = Instant::now();
        let sent = self.numbers.entry(number.to_owned()).or_default();
        while sent.front().is_some_and(|at| now.duration_since(*at) >= Duration::from_secs(1)) {
            sent.pop_front();
        }
        let most = if self.raised.contains(number) { RAISED } else { A_SECOND };
        if sent.len() >= most {
            self.violations += 1;
            return Err(GraphError::new(400, 130_429, "Cloud API message throughput has been reached."));
        }
        let pair = (number.to_owned(), person.to_owned());
        let (left, at) = self.pairs.entry(pair).or_insert((BURST, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() / ONE_IN.as_secs_f64()).min(BURST);
        *at = now;
        if *left < 1.0 {
            self.violations += 1;
            return Err(GraphError::new(400, 131_056, "Too many messages to this one person."));
        }
        *left -= 1.0;
        sent.push_back(now);
        self.busiest = self.busiest.max(sent.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forty_sixth_message_to_one_person_is_one_too_many() {
        let mut limits = Limits::default();
        let refused = (0..46).filter(|_| limits.count("1", "62").is_err()).count();
        assert_eq!((refused, limits.violations), (1, 1));
    }

    #[test]
    fn a_number_has_eighty_a_second() {
        let mut limits = Limits::default();
        let begun = Instant::now();
        let refused = (0..81).filter(|person| limits.count("1", &person.to_string()).is_err()).count();
        // A machine so slow that the second went by has no eighty-first in it.
        assert!(refused == 1 || begun.elapsed() >= Duration::from_secs(1), "{refused}");
    }
}
