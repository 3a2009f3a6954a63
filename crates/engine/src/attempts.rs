//! How often something may be tried that can be guessed: signing in, by name and by address.
use std::{collections::HashMap, hash::Hash, sync::Mutex, time::Duration};

use cetar_model::Timestamp;

use crate::lock;

/// Counted from the first try for this long.
const WITHIN: Duration = Duration::from_mins(15);
/// Never more entries: whoever has more names or addresses than this is not stopped by counting them.
const MOST: usize = 10_000;

/// Tries, by what they are counted by. Bounded in memory; of this process.
#[derive(Debug)]
pub(crate) struct Attempts<K>(Mutex<HashMap<K, (u32, Timestamp)>>, u32);

impl<K: Eq + Hash + Clone> Attempts<K> {
    /// So many may be made within a quarter of an hour.
    pub(crate) fn of(most: u32) -> Self {
        Self(Mutex::default(), most)
    }

    /// Counts a try, before it is made: many at once are many. Refused with the time until the next may be made.
    pub(crate) fn count(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let mut seen = lock(&self.0);
        if seen.len() >= MOST && !seen.contains_key(key) {
            seen.retain(|_, (_, since)| now.since(*since) < WITHIN);
            if seen.len() >= MOST {
                return Ok(());
            }
        }
        let (count, since) = seen.entry(key.clone()).or_insert((0, now));
        if now.since(*since) >= WITHIN {
            (*count, *since) = (0, now);
        }
        if *count >= self.1 {
            return Err((*since + WITHIN).since(now));
        }
        *count += 1;
        Ok(())
    }

    /// It was none that counts.
    pub(crate) fn take_back(&self, key: &K) {
        if let Some((count, _)) = lock(&self.0).get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    /// It was the right one: those before were mistakes.
    pub(crate) fn forget(&self, key: &K) {
        lock(&self.0).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_may_be_made_in_a_quarter_of_an_hour_and_the_right_one_begins_anew() {
        let (attempts, now) = (Attempts::of(3), Timestamp::from_secs(1_700_000_000));
        let tries = |key: u8, at: Timestamp| attempts.count(&key, at);
        for _ in 0..3 {
            assert_eq!(tries(1, now), Ok(()));
        }
        assert_eq!(tries(1, now + Duration::from_mins(5)), Err(Duration::from_mins(10)));
        assert_eq!(tries(2, now), Ok(()), "each by itself");
        assert_eq!(tries(1, now + WITHIN), Ok(()));
        for _ in 0..2 {
            assert_eq!(tries(2, now), Ok(()));
        }
        attempts.forget(&2);
        assert_eq!(tries(2, now), Ok(()));
    }

    #[test]
    fn what_is_taken_back_does_not_count() {
        let (attempts, now) = (Attempts::of(2), Timestamp::from_secs(1_700_000_000));
        for _ in 0..10 {
            assert_eq!(attempts.count(&1, now), Ok(()));
            attempts.take_back(&1);
        }
        assert_eq!((attempts.count(&1, now), attempts.count(&1, now)), (Ok(()), Ok(())));
        assert_eq!(attempts.count(&1, now), Err(WITHIN));
    }

    #[test]
    fn memory_is_bounded() {
        let (attempts, now) = (Attempts::of(3), Timestamp::from_secs(1_700_000_000));
        for key in 0..30_000_u32 {
            assert_eq!(attempts.count(&key, now), Ok(()));
        }
        assert!(lock(&attempts.0).len() <= MOST);
    }
}
