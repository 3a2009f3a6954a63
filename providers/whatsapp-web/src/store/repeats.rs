//! What comes a second time.
//!
//! While what waited on WhatsApp's side comes in, whatsapp-rust gathers messages and commits them together, up to three seconds later.
//! A repeat that comes meanwhile it takes for one of a message that was taken in long ago, and acknowledges it: should the connection
//! or the process end before the commit, WhatsApp does not give the message again, and it is lost. So a repeat is acknowledged only if
//! its message is known to have been taken in, or if it comes again on another connection: what was gathered and not committed is
//! decrypted anew there, and is no repeat. What still is one there, and was not taken in by this process, is handed over as a
//! message that cannot be read any more. What the host has already is acknowledged at once: an earlier process took it in. A doubt that
//! lasts has the connection made anew (`crate::life`), since WhatsApp would repeat the message at the next one only, which may be days
//! away.
//!
//! A message outside of such a time is read with keys that stay in memory as used, whatever becomes of its connection. One that could
//! not be put on disk is therefore noted here until it is: its repeat is not acknowledged on any connection, and no key goes forward
//! on disk meanwhile. A moment remains between the reading of a message and the first attempt to keep it, in which whatsapp-rust may
//! write the keys: if the process ends just there, the text is lost, and the message is told as one that cannot be read.
//!
//! The host knows only what it was told. Of what tells nobody anything (settings, requests between phones) an earlier process leaves a
//! row of its own, written in the step in which the message's row goes; a repeat of such is acknowledged at once.
//!
//! Facts: whatsapp-rust 0.7.0, `message/durability.rs` (`ack_or_replay_to_hook`), `message/commit_batch.rs` (`reset`, `FLUSH_TIMEOUT`).

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Mutex,
};

use cetar_model::Timestamp;

use super::lock;

/// So many ids are remembered. Repeats follow their message closely; one that comes later is asked for once more.
const REMEMBERED: usize = 10_000;

/// Messages that were read and could not be put on disk; noted until this is dropped. By then they are on disk, or whatsapp-rust gave
/// the attempt up, and forgets the keys together with the messages.
pub(super) struct NotKept<'r> {
    repeats: &'r Mutex<Repeats>,
    ids: Vec<String>,
}

impl<'r> NotKept<'r> {
    pub(super) fn new<'m>(repeats: &'r Mutex<Repeats>, ids: impl Iterator<Item = &'m str>) -> Self {
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        lock(repeats).not_kept.extend(ids.iter().cloned());
        Self { repeats, ids }
    }

    /// They never will be: they stay noted for as long as this session's store lives.
    pub(super) fn give_up(mut self) {
        self.ids.clear();
    }
}

impl Drop for NotKept<'_> {
    fn drop(&mut self) {
        lock(self.repeats).kept(&self.ids);
    }
}

/// What became of the message that is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstCopy {
    /// It may not be committed yet: the repeat is not acknowledged.
    Waits,
    /// It was committed.
    Taken,
    /// This process never had it, and it waits nowhere: an earlier one took it in and its acknowledgement was lost, or ended
    /// between its keys' way to disk and its own.
    Unknown,
}

/// A repeat that was not acknowledged.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    connection: u64,
    since: Timestamp,
}

/// Of one session, by the ids of messages.
#[derive(Default)]
pub(super) struct Repeats {
    taken: HashSet<String>,
    /// The same, oldest first.
    order: VecDeque<String>,
    /// Repeats that were not acknowledged.
    doubted: HashMap<String, Doubt>,
    /// Messages that were read and tell nobody anything, until that is on disk.
    silent: HashSet<String>,
    /// Messages that were read and are not on disk, one of several copies each as often as it came.
    not_kept: Vec<String>,
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

    /// A message was read and tells nobody anything.
    pub(super) fn said_nothing(&mut self, id: &str) {
        if self.silent.len() >= REMEMBERED {
            self.silent.clear();
        }
        self.silent.insert(id.to_owned());
    }

    /// Whether a message tells nobody anything, and that is not on disk.
    pub(super) fn is_silent(&self, id: &str) -> bool {
        self.silent.contains(id)
    }

    /// That these tell nobody anything is on disk.
    pub(super) fn silence_is_noted<'m>(&mut self, ids: impl Iterator<Item = &'m str>) {
        for id in ids {
            self.silent.remove(id);
        }
    }

    fn kept(&mut self, ids: &[String]) {
        for id in ids {
            if let Some(place) = self.not_kept.iter().position(|waiting| waiting == id) {
                self.not_kept.swap_remove(place);
            }
        }
    }

    /// Whether every message that was read is on disk.
    pub(super) fn all_are_kept(&self) -> bool {
        self.not_kept.is_empty()
    }

    /// Since when a repeat that came on this connection waits for its message, if one does.
    pub(super) fn oldest_doubt(&self, connection: u64) -> Option<Timestamp> {
        let on_it = self.doubted.values().filter(|doubt| doubt.connection == connection);
        on_it.map(|doubt| doubt.since).min()
    }

    /// What is known of a repeat's message that came on this connection.
    pub(super) fn first_copy(&mut self, id: &str, connection: u64, now: Timestamp) -> FirstCopy {
        if self.not_kept.iter().any(|waiting| waiting == id) {
            return FirstCopy::Waits;
        }
        if self.taken.contains(id) {
            return FirstCopy::Taken;
        }
        if self.doubted.get(id).is_some_and(|earlier| earlier.connection != connection) {
            self.doubted.remove(id);
            return FirstCopy::Unknown;
        }
        if self.doubted.len() >= REMEMBERED {
            self.doubted.clear();
        }
        self.doubted.entry(id.to_owned()).or_insert(Doubt { connection, since: now });
        FirstCopy::Waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_709_650_000);

    #[test]
    fn a_repeat_is_acknowledged_once_its_message_is_committed() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.first_copy("A", 1, NOW), FirstCopy::Waits);
        assert_eq!(repeats.first_copy("A", 1, NOW), FirstCopy::Waits, "however often it comes");
        repeats.taken("A");
        assert_eq!(repeats.first_copy("A", 1, NOW), FirstCopy::Taken);
        assert_eq!(repeats.first_copy("B", 1, NOW), FirstCopy::Waits);
    }

    #[test]
    fn of_a_repeat_whose_message_did_not_come_again_by_the_next_connection_nothing_is_known() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.first_copy("A", 1, NOW), FirstCopy::Waits);
        assert_eq!(repeats.first_copy("A", 2, NOW), FirstCopy::Unknown);
    }

    #[test]
    fn a_doubt_lasts_since_the_first_repeat_of_its_connection_until_its_message_is_committed() {
        let mut repeats = Repeats::default();
        let later = NOW + std::time::Duration::from_secs(3);
        assert_eq!(repeats.oldest_doubt(1), None);
        for (id, at) in [("A", NOW), ("B", later), ("A", later)] {
            repeats.first_copy(id, 1, at);
        }
        assert_eq!((repeats.oldest_doubt(1), repeats.oldest_doubt(2)), (Some(NOW), None));
        repeats.taken("A");
        assert_eq!(repeats.oldest_doubt(1), Some(later));
        repeats.taken("B");
        assert_eq!(repeats.oldest_doubt(1), None);
    }

    #[test]
    fn a_repeat_of_what_is_on_disk_nowhere_is_acknowledged_on_no_connection() {
        let repeats = Mutex::new(Repeats::default());
        // It came on two connections, and both copies wait.
        let first = NotKept::new(&repeats, ["A", "B"].into_iter());
        let second = NotKept::new(&repeats, ["A"].into_iter());
        drop(first);
        for connection in 1..4 {
            assert_eq!(lock(&repeats).first_copy("A", connection, NOW), FirstCopy::Waits);
        }
        drop(second);
        assert!(lock(&repeats).all_are_kept());
        lock(&repeats).taken("A");
        assert_eq!(lock(&repeats).first_copy("A", 4, NOW), FirstCopy::Taken);
        NotKept::new(&repeats, ["C"].into_iter()).give_up();
        assert!(!lock(&repeats).all_are_kept());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut repeats = Repeats::default();
        for number in 0..2 * REMEMBERED {
            repeats.taken(&number.to_string());
            repeats.first_copy(&format!("repeat {number}"), 1, NOW);
        }
        assert_eq!((repeats.taken.len(), repeats.order.len()), (REMEMBERED, REMEMBERED));
        assert!(repeats.doubted.len() <= REMEMBERED);
        assert_eq!(repeats.first_copy(&(2 * REMEMBERED - 1).to_string(), 1, NOW), FirstCopy::Taken);
    }
}
