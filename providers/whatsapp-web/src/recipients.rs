//! Which numbers have an account, and under which number: asked once, then remembered. Asking for every send would look like
//! harvesting. There is no limit of our own: who keeps to the pace writes to few strangers a day, and who has turned it off said that
//! nothing is to wait; after WhatsApp's own word that it was asked too much nobody is asked for until its time is over. Each number is a question of its own, for the
//! library's answer says under which number somebody is known and not which was asked for.
//! Some countries write one number in two ways (Brazil with and without a ninth digit, Argentina, Mexico); WhatsApp
//! knows it in one, tells which when it is asked, and takes no message for the other.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cetar_model::Timestamp;

/// Accounts are rarely deleted.
const REGISTERED: Duration = Duration::from_hours(24);
/// Someone may install WhatsApp right now, or a number may have been mistyped and corrected.
const UNREGISTERED: Duration = Duration::from_mins(5);
/// More are not remembered at once.
const CAPACITY: usize = 20_000;

/// The account of each number, and until when that holds.
type Known = HashMap<String, (Option<String>, Timestamp)>;

/// What is remembered, for as long as the session lives.
#[derive(Default)]
pub(crate) struct Recipients {
    known: Mutex<Known>,
    quiet_until: Mutex<Timestamp>,
}

impl Recipients {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quiet_until(&self) -> MutexGuard<'_, Timestamp> {
        self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long nobody is to be asked for.
    pub(crate) fn quiet_for(&self, now: Timestamp) -> Option<Duration> {
        let until = *self.quiet_until();
        (now < until).then(|| until.since(now))
    }

    /// WhatsApp was asked too much: nobody is asked for meanwhile.
    pub(crate) fn be_quiet(&self, until: Timestamp) {
        *self.quiet_until() = until;
    }

    /// Under which number WhatsApp knows the account of this one; `Some(None)` if it has none, `None` if we do not know.
    #[expect(clippy::option_option, reason = "not knowing and knowing of none are two things")]
    pub(crate) fn account_of(&self, number: &str, now: Timestamp) -> Option<Option<String>> {
        self.known().get(number).filter(|(_, until)| now < *until).map(|(account, _)| account.clone())
    }

    /// Remembers an answer; a message from a number is one, too.
    pub(crate) fn learn(&self, number: &str, account: Option<&str>, now: Timestamp) {
        let mut known = self.known();
        if known.len() >= CAPACITY {
            known.retain(|_, (_, until)| now < *until);
            if known.len() >= CAPACITY {
                known.clear();
            }
        }
        let lasts = if account.is_some() { REGISTERED } else { UNREGISTERED };
        known.insert(number.to_owned(), (account.map(str::to_owned), now + lasts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_for_until_the_time_is_over() {
        let (recipients, start) = (Recipients::default(), Timestamp::from_secs(1_709_650_000));
        assert_eq!(recipients.quiet_for(start), None);
        recipients.be_quiet(start + Duration::from_secs(7));
        assert_eq!(recipients.quiet_for(start + Duration::from_secs(3)), Some(Duration::from_secs(4)));
        assert_eq!(recipients.quiet_for(start + Duration::from_secs(7)), None);
    }

    #[test]
    fn a_no_is_soon_forgotten_and_a_yes_is_kept() {
        let recipients = Recipients::default();
        let start = Timestamp::from_secs(1_709_650_000);
        let known = |now| (recipients.account_of("6281", now), recipients.account_of("6282", now));
        assert_eq!(known(start), (None, None));
        recipients.learn("6281", Some("62081"), start);
        recipients.learn("6282", None, start);
        let account = || Some("62081".to_owned());
        assert_eq!(known(start), (Some(account()), Some(None)));
        assert_eq!(known(start + Duration::from_mins(6)), (Some(account()), None));
        assert_eq!(known(start + Duration::from_hours(25)), (None, None));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let recipients = Recipients::default();
        let start = Timestamp::from_secs(1_709_650_000);
        for number in 0..2 * CAPACITY {
            recipients.learn(&number.to_string(), Some("6281"), start);
        }
        assert!(recipients.known().len() <= CAPACITY);
    }
}
