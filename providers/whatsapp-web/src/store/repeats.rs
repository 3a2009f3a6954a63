//! What comes a second time.
//!
//! While what waited on WhatsApp's side comes in, whatsapp-rust gathers messages and commits them together, up to three seconds later.
//! A repeat that comes meanwhile it takes for one of a message that was taken in long ago, and acknowledges it: should the connection
//! or the process end before the commit, WhatsApp does not give the message again, and it is lost. So a repeat is acknowledged only if
//! its message is known to have been taken in, or if it comes again on another connection: what was gathered and not committed is
//! decrypted anew there, and is no repeat.
//!
//! Facts: whatsapp-rust 0.7.0, `message/durability.rs` (`ack_or_replay_to_hook`), `message/commit_batch.rs` (`reset`, `FLUSH_TIMEOUT`).

use std::collections::{HashMap, HashSet, VecDeque};

/// So many ids are remembered. Repeats follow their message closely; one that comes later is asked for once more.
const REMEMBERED: usize = 10_000;

/// Of one session, by the ids of messages.
#[derive(Default)]
pub(super) struct Repeats {
    taken: HashSet<String>,
    /// The same, oldest first.
    order: VecDeque<String>,
    /// Repeats that were not acknowledged, and on which connection.
    doubted: HashMap<String, u64>,
}

impl Repeats {
    /// A message was committed.
    pub(super) fn taken(&mut self, id: &str) {
        self.doubted.remove(id);
        if self.taken.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.taken.remove(&oldest);
            }
        }
    }

    /// Whether a repeat that came on this connection may be acknowledged.
    pub(super) fn is_settled(&mut self, id: &str, connection: u64) -> bool {
        if self.taken.contains(id) || self.doubted.get(id).is_some_and(|earlier| *earlier != connection) {
            self.doubted.remove(id);
            return true;
        }
        if self.doubted.len() >= REMEMBERED {
            self.doubted.clear();
        }
        self.doubted.insert(id.to_owned(), connection);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_acknowledged_once_its_message_is_committed() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_settled("A", 1));
        assert!(!repeats.is_settled("A", 1), "however often it comes");
        repeats.taken("A");
        assert!(repeats.is_settled("A", 1));
        assert!(!repeats.is_settled("B", 1));
    }

    #[test]
    fn a_repeat_of_what_another_process_took_is_acknowledged_on_the_next_connection() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_settled("A", 1));
        assert!(repeats.is_settled("A", 2));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut repeats = Repeats::default();
        for number in 0..2 * REMEMBERED {
            repeats.taken(&number.to_string());
            repeats.is_settled(&format!("repeat {number}"), 1);
        }
        assert_eq!((repeats.taken.len(), repeats.order.len()), (REMEMBERED, REMEMBERED));
        assert!(repeats.doubted.len() <= REMEMBERED);
        assert!(repeats.is_settled(&(2 * REMEMBERED - 1).to_string(), 1));
    }
}
