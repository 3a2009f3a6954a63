//! First messages to strangers: few an hour and few a day, or the network takes the account for a spammer's.
use std::{collections::VecDeque, time::Duration};

use cetar_model::{Chat, Timestamp};
use cetar_provider::Manners;

use super::Budget;

const HOUR: Duration = Duration::from_hours(1);
/// How long a first message counts.
pub(super) const DAY: Duration = Duration::from_hours(24);

/// The first messages of the last day, oldest first.
#[derive(Default)]
pub(super) struct Firsts(VecDeque<(Timestamp, Chat)>);

/// In any hour, and in any day.
const fn budgets(manners: &Manners) -> [(usize, Duration); 2] {
    [(at_least_one(manners.firsts_per_hour), HOUR), (at_least_one(manners.firsts_per_day), DAY)]
}

const fn at_least_one(most: usize) -> usize {
    if most == 0 { 1 } else { most }
}

impl Firsts {
    /// Those that went out before this process knew, oldest first.
    pub(super) fn remembered(firsts: Vec<(Chat, Timestamp)>) -> Self {
        Self(firsts.into_iter().map(|(chat, at)| (at, chat)).collect())
    }

    /// When another stranger may be written to, if not now. One who was counted already, and whose message is tried again, always.
    pub(super) fn wait_for(&mut self, chat: &Chat, manners: &Manners, now: Timestamp) -> Option<Timestamp> {
        if self.has(chat) { None } else { self.wait(manners, now) }
    }

    fn wait(&mut self, manners: &Manners, now: Timestamp) -> Option<Timestamp> {
        self.forget(now);
        let waits = budgets(manners).into_iter().filter_map(|(most, span)| {
            // The one that has to leave the span before another may enter it.
            let first = self.0.len().checked_sub(most)?;
            self.0.get(first).map(|(at, _)| *at + span)
        });
        waits.max().filter(|until| now < *until)
    }

    /// Counts one; whether it was not counted before.
    pub(super) fn add(&mut self, chat: &Chat, now: Timestamp) -> bool {
        if self.has(chat) {
            return false;
        }
        // A clock that was set back must not make it unsorted.
        let at = self.0.back().map_or(now, |(last, _)| now.max(*last));
        self.0.push_back((at, chat.clone()));
        true
    }

    /// One that was counted did not go out.
    pub(super) fn take_back(&mut self, chat: &Chat) {
        self.0.retain(|(_, counted)| counted != chat);
    }

    /// What is left of the hour and of the day, and when one more may be written to, if not now.
    pub(super) fn left(&mut self, manners: &Manners, now: Timestamp) -> ([Budget; 2], Option<Timestamp>) {
        let wait = self.wait(manners, now);
        let left = budgets(manners).map(|(most, per)| {
            let spent = self.0.iter().filter(|(at, _)| now < *at + per).count();
            Budget { most, per, left: most.saturating_sub(spent) }
        });
        (left, wait)
    }

    /// Whether one was counted.
    pub(super) fn has(&self, chat: &Chat) -> bool {
        self.0.iter().any(|(_, counted)| counted == chat)
    }

    fn forget(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|(at, _)| *at + DAY <= now) {
            self.0.pop_front();
        }
    }
}
