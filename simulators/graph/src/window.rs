//! When people last wrote, by a clock that can be moved.

use std::collections::HashMap;

use serde_json::Value;

use crate::{state::Account, webhook};

/// Free-form messages are taken so long after a person wrote, in seconds.
pub(crate) const OPEN: u64 = 24 * 60 * 60;
/// … and those of a person who answers, so long.
pub(crate) const TAGGED: u64 = 7 * OPEN;

/// Who wrote to which account, and when.
#[derive(Default)]
pub(crate) struct Windows {
    /// Whether anybody is refused.
    pub(crate) kept: bool,
    /// By how many seconds the clock is ahead.
    pub(crate) ahead: u64,
    heard: HashMap<(String, String), u64>,
}

impl Windows {
    fn now(&self) -> u64 {
        webhook::now() + self.ahead
    }

    /// Notes who writes in what the callback is told.
    pub(crate) fn note(&mut self, account: &Account, body: &Value) {
        let now = self.now();
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        for entry in list(body, "entry") {
            let changes = list(&entry, "changes");
            let written = changes.iter().flat_map(|change| list(&change["value"], "messages"));
            let from = written.flat_map(|message| [message["from"].clone(), message["from_user_id"].clone()]);
            let items = list(&entry, "messaging").into_iter().map(|item| item["sender"]["id"].clone());
            for person in from.chain(items) {
                if let Some(person) = person.as_str() {
                    self.heard.insert((account.id.clone(), person.to_owned()), now);
                }
            }
        }
    }

    /// Whether this person wrote longer ago than so many seconds, or never.
    pub(crate) fn is_shut(&self, account: &Account, person: &str, open: u64) -> bool {
        let heard = self.heard.get(&(account.id.clone(), person.to_owned()));
        self.kept && heard.is_none_or(|at| self.now().saturating_sub(*at) > open)
    }
}
