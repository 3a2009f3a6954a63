//! What every request asks for, kept for a second: long enough for thousands of requests to share one read, short enough that a
//! key revoked by another process stops working "within a second".

use std::{collections::HashMap, hash::Hash, sync::Mutex, time::Duration};

use cetar_model::Timestamp;

use crate::lock;

/// Never served older than this.
const STALE_AFTER: Duration = Duration::from_secs(1);
/// From this age on one caller reads anew while the others still share the old value, so that no herd forms at the end.
const REFRESH_AFTER: Duration = Duration::from_millis(500);
/// Above this many entries, those too old to be served are dropped.
const SWEEP_ABOVE: usize = 1024;

/// Values read from the database, at most a second old, and never older than a change made by this process.
pub(crate) struct Fresh<K, V>(Mutex<Entries<K, V>>);

struct Entries<K, V> {
    map: HashMap<K, Entry<V>>,
    /// Rises with every [`Fresh::forget`]: a read that began before it may not be kept.
    generation: u64,
    sweep_at: usize,
}

struct Entry<V> {
    value: V,
    /// When its read began.
    at: Timestamp,
    refreshing: bool,
}

impl<K, V> Default for Fresh<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { map: HashMap::new(), generation: 0, sweep_at: SWEEP_ABOVE }))
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Fresh<K, V> {
    /// The value, from memory or by `load`, which is begun only if it is needed.
    pub(crate) async fn get<E>(
        &self,
        key: &K,
        now: Timestamp,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let (generation, old) = {
            let mut entries = lock(&self.0);
            let generation = entries.generation;
            let old = match entries.map.get_mut(key) {
                Some(entry) if now.since(entry.at) < STALE_AFTER => {
                    if entry.refreshing || now.since(entry.at) < REFRESH_AFTER {
                        return Ok(entry.value.clone());
                    }
                    entry.refreshing = true;
                    Some(entry.value.clone())
                }
                _ => None,
            };
            (generation, old)
        };
        match (load.await, old) {
            (Ok(value), _) => {
                let mut entries = lock(&self.0);
                if entries.generation == generation {
                    entries.keep(key, value.clone(), now);
                }
                Ok(value)
            }
            // The database is away for a moment; what we have is still young enough.
            (Err(_), Some(value)) => Ok(value),
            (Err(error), None) => Err(error),
        }
    }

    /// This process changed `key`: the next caller reads anew.
    pub(crate) fn forget(&self, key: &K) {
        let mut entries = lock(&self.0);
        entries.generation += 1;
        entries.map.remove(key);
    }

    /// The same for all.
    pub(crate) fn forget_all(&self) {
        let mut entries = lock(&self.0);
        entries.generation += 1;
        entries.map.clear();
    }
}

impl<K: Clone + Eq + Hash, V> Entries<K, V> {
    fn keep(&mut self, key: &K, value: V, now: Timestamp) {
        if self.map.len() >= self.sweep_at {
            self.map.retain(|_, entry| now.since(entry.at) < STALE_AFTER);
            // Twice what is in use: a sweep costs each insertion a constant.
            self.sweep_at = (self.map.len() * 2).max(SWEEP_ABOVE);
        }
        self.map.insert(key.clone(), Entry { value, at: now, refreshing: false });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    async fn read(cache: &Fresh<u8, u32>, reads: &AtomicU32, after_ms: u64) -> u32 {
        let load = async { Ok::<_, Infallible>(reads.fetch_add(1, Ordering::Relaxed) + 1) };
        cache.get(&1, START + Duration::from_millis(after_ms), load).await.unwrap()
    }

    #[tokio::test]
    async fn a_value_is_shared_while_young_read_anew_in_time_and_never_served_after_a_second() {
        let (cache, reads) = (Fresh::default(), AtomicU32::new(0));
        assert_eq!(read(&cache, &reads, 0).await, 1);
        assert_eq!(read(&cache, &reads, 499).await, 1);
        assert_eq!(read(&cache, &reads, 500).await, 2);
        assert_eq!(read(&cache, &reads, 999).await, 2);
        assert_eq!(read(&cache, &reads, 5_000).await, 3);
    }

    #[tokio::test]
    async fn a_read_that_began_before_a_change_is_not_kept() {
        let (cache, reads) = (Fresh::default(), AtomicU32::new(0));
        let overtaken = async {
            cache.forget(&1);
            Ok::<_, Infallible>(100)
        };
        assert_eq!(cache.get(&1, START, overtaken).await, Ok(100));
        assert_eq!(read(&cache, &reads, 0).await, 1);
    }

    #[tokio::test]
    async fn a_failed_refresh_serves_what_is_young_enough_and_then_fails() {
        let cache = Fresh::default();
        assert_eq!(cache.get(&1, START, async { Ok::<_, &str>(7) }).await, Ok(7));
        let away = || async { Err::<u32, _>("away") };
        assert_eq!(cache.get(&1, START + Duration::from_millis(600), away()).await, Ok(7));
        assert_eq!(cache.get(&1, START + Duration::from_secs(1), away()).await, Err("away"));
    }

    #[tokio::test]
    async fn entries_too_old_to_be_served_do_not_pile_up() {
        let cache = Fresh::default();
        for key in 0..10_000_u64 {
            let now = START + Duration::from_millis(key * 10);
            assert_eq!(cache.get(&key, now, async { Ok::<_, Infallible>(key) }).await, Ok(key));
        }
        assert!(lock(&cache.0).map.len() <= SWEEP_ABOVE);
    }
}
