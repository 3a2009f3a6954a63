//! Whether a session that says it can send is believed.
//!
//! An attempt may find the account down while the session still says that all is well: it has not noticed yet, or it is mistaken. Asking
//! again at once would be a circle, and waiting for its word alone might be for ever. So the worker waits until the session tells a
//! health again, or for a while that grows; and a session that again and again calls itself well and is not loses the first of the two.
use std::{sync::Mutex, time::Duration};

use cetar_model::{Timestamp, backoff};

use crate::lock;

/// It is tried again after at most this long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So often in a row its word may prove wrong before only time counts.
const MOST_WRONG_WORDS: u32 = 3;

/// What the attempts of one session have taught.
#[derive(Debug, Default)]
pub(crate) struct Trust(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Outages in a row, with no attempt in between that reached the network.
    outages: u32,
    wait: Option<Wait>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    /// How often the session had told its health when the attempt began.
    told: u64,
    until: Timestamp,
}

/// How things stood when an attempt began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning {
    told: u64,
    outages: u32,
}

impl Trust {
    /// An attempt begins; the session has told its health so many times.
    pub(crate) fn begin(&self, told: u64) -> Beginning {
        Beginning { told, outages: lock(&self.0).outages }
    }

    /// It found the account down. Attempts side by side that find the same outage count once.
    pub(crate) fn found_down(&self, began: Beginning, now: Timestamp) {
        let mut state = lock(&self.0);
        if began.outages == state.outages {
            state.outages = state.outages.saturating_add(1);
            let until = now + backoff(state.outages).min(LONGEST_WAIT);
            state.wait = Some(Wait { told: began.told, until });
        }
    }

    /// It reached the network.
    pub(crate) fn got_through(&self) {
        lock(&self.0).outages = 0;
    }

    /// Until when nothing should be tried, unless the session tells its health before; `None`: try.
    pub(crate) fn wait_until(&self, told: u64, now: Timestamp) -> Option<Timestamp> {
        let state = lock(&self.0);
        let wait = state.wait?;
        let has_word = told != wait.told && state.outages <= MOST_WRONG_WORDS;
        (now < wait.until && !has_word).then_some(wait.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn after(millis: u64) -> Timestamp {
        NOW + Duration::from_millis(millis)
    }

    #[test]
    fn a_session_that_proved_wrong_is_tried_again_after_a_while_or_when_it_says_something() {
        let trust = Trust::default();
        assert_eq!(trust.wait_until(7, NOW), None);
        trust.found_down(trust.begin(7), NOW);
        assert_eq!(trust.wait_until(7, NOW), Some(after(1000)));
        assert_eq!(trust.wait_until(7, after(1000)), None);
        assert_eq!(trust.wait_until(8, NOW), None, "it has told its health since");
    }

    #[test]
    fn attempts_side_by_side_find_one_outage() {
        let trust = Trust::default();
        let began = [(); 8].map(|()| trust.begin(0));
        for began in began {
            trust.found_down(began, NOW);
        }
        assert_eq!(trust.wait_until(0, NOW), Some(after(1000)));
    }

    #[test]
    fn outages_in_a_row_are_waited_out_ever_longer_and_in_the_end_whatever_the_session_says() {
        let trust = Trust::default();
        let mut waits = Vec::new();
        for told in 0..7 {
            trust.found_down(trust.begin(told), NOW);
            let word_counts = trust.wait_until(told + 1, NOW).is_none();
            let wait = trust.wait_until(told, NOW).map_or(0, |until| until.since(NOW).as_secs());
            waits.push((wait, word_counts));
        }
        let expected = [(1, true), (2, true), (4, true), (8, false), (16, false), (30, false), (30, false)];
        assert_eq!(waits, expected);

        trust.got_through();
        trust.found_down(trust.begin(9), NOW);
        assert_eq!(trust.wait_until(9, NOW), Some(after(1000)), "one that got through ends the row");
    }
}
