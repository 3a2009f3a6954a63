//! Which numbers have an account: asked once, then remembered. Asking for every send would look like harvesting.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cetar_model::Timestamp;

/// Accounts are rarely deleted.
const REGISTERED: Duration = Duration::from_hours(24);
/// Someone may install WhatsApp right now, or a number may have been mistyped and corrected.
const UNREGISTERED: Duration = Duration::from_mins(5);
/// More are not remembered at once.
const CAPACITY: usize = 20_000;

/// What is remembered, for as long as the session lives.
#[derive(Default)]
pub(crate) struct Recipients(Mutex<HashMap<String, (bool, Timestamp)>>);

impl Recipients {
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (bool, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a number has an account, if we know.
    pub(crate) fn is_registered(&self, number: &str, now: Timestamp) -> Option<bool> {
        self.known().get(number).filter(|(_, until)| now < *until).map(|(registered, _)| *registered)
    }

    /// Remembers an answer; a message from a number is one, too.
    pub(crate) fn learn(&self, number: &str, registered: bool, now: Timestamp) {
        let mut known = self.known();
        if known.len() >= CAPACITY {
            known.retain(|_, (_, until)| now < *until);
            if known.len() >= CAPACITY {
                known.clear();
            }
        }
        let lasts = if registered { REGISTERED } else { UNREGISTERED };
        known.insert(number.to_owned(), (registered, now + lasts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_soon_forgotten_and_a_yes_is_kept() {
        let recipients = Recipients::default();
        let start = Timestamp::from_secs(1_709_650_000);
        let known = |now| (recipients.is_registered("6281", now), recipients.is_registered("6282", now));
        assert_eq!(known(start), (None, None));
        recipients.learn("6281", true, start);
        recipients.learn("6282", false, start);
        assert_eq!(known(start), (Some(true), Some(false)));
        assert_eq!(known(start + Duration::from_mins(6)), (Some(true), None));
        assert_eq!(known(start + Duration::from_hours(25)), (None, None));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let recipients = Recipients::default();
        let start = Timestamp::from_secs(1_709_650_000);
        for number in 0..2 * CAPACITY {
            recipients.learn(&number.to_string(), true, start);
        }
        assert!(recipients.known().len() <= CAPACITY);
    }
}
