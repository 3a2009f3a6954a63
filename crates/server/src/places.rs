//! Places that are shared out: how many of something may be open at once, in all, and of these for each of those who want some, so
//! that nobody takes what is there for the others.

use std::{
    collections::HashMap,
    hash::Hash,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

/// What is open, by whose share it counts to. Cheap to clone.
pub(crate) struct Places<W>(Arc<Shared<W>>);

struct Shared<W> {
    open: Mutex<HashMap<W, usize>>,
    /// A place was given back.
    freed: Notify,
}

impl<W> Clone for Places<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W> Default for Places<W> {
    fn default() -> Self {
        Self(Arc::new(Shared { open: Mutex::default(), freed: Notify::new() }))
    }
}

impl<W: Clone + Eq + Hash> Places<W> {
    /// One place out of every one of these shares, each with the most it may have open; held until it is dropped. Else the first share
    /// that is used up, and nothing is taken of the others.
    pub(crate) fn take<const N: usize>(&self, shares: [(W, usize); N]) -> Result<Place<W>, W> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |(whose, most): &&(W, usize)| open.get(whose).copied().unwrap_or_default() >= *most;
        if let Some((whose, _)) = shares.iter().find(full) {
            return Err(whose.clone());
        }
        let shares = shares.map(|(whose, _)| whose).to_vec();
        for whose in &shares {
            *open.entry(whose.clone()).or_default() += 1;
        }
        Ok(Place { of: self.clone(), shares })
    }

    /// The same, once there is one.
    pub(crate) async fn wait<const N: usize>(&self, shares: [(W, usize); N]) -> Place<W> {
        loop {
            let mut freed = pin!(self.0.freed.notified());
            // Before it looks, so that what is given back while it looks wakes it.
            freed.as_mut().enable();
            if let Ok(place) = self.take(shares.clone()) {
                return place;
            }
            freed.await;
        }
    }
}

/// A place that is taken.
pub(crate) struct Place<W: Eq + Hash> {
    of: Places<W>,
    shares: Vec<W>,
}

impl<W: Eq + Hash> Drop for Place<W> {
    fn drop(&mut self) {
        let mut open = self.of.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        for whose in &self.shares {
            if let Some(count) = open.get_mut(whose) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    open.remove(whose);
                }
            }
        }
        drop(open);
        self.of.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(taken: Result<Place<&'static str>, &'static str>) -> Option<&'static str> {
        taken.err()
    }

    #[test]
    fn each_has_its_share_and_gets_back_what_it_closes() {
        let places = Places::default();
        let take = |who| places.take([(who, 2), ("all", 3)]);
        let mut first = vec![take("a").ok(), take("a").ok()];
        assert_eq!(full(take("a")), Some("a"));
        let other = take("b").ok();
        assert!(other.is_some());
        assert_eq!(full(take("b")), Some("all"));
        first.pop();
        assert_eq!(full(take("a")), None);
    }

    #[test]
    fn whoever_is_refused_or_gone_leaves_nothing_behind() {
        let places = Places::default();
        let one = places.take([("all", 1), ("a", 1)]);
        assert_eq!(full(places.take([("b", 1), ("all", 1)])), Some("all"));
        assert_eq!(places.0.open.lock().unwrap().len(), 2, "the one that is refused is not noted");
        drop(one);
        assert_eq!(places.0.open.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_place_that_is_given_back() {
        let places = Places::default();
        let first = places.take([("a", 1)]).ok();
        let mut second = pin!(places.wait([("a", 1)]));
        assert!(futures::poll!(&mut second).is_pending());
        drop(places.wait([("b", 1)]).await);
        assert!(futures::poll!(&mut second).is_pending(), "another's place is not theirs");
        drop(first);
        second.await;
    }
}
