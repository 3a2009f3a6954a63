//! The fields of an endpoint, as they are given when it is added and when it is changed.

use cetar_model::{EventType, Subscription};
use cetar_store::Headers;

use crate::input::{Fields, Problem, TextRule, words};

/// Most characters of a URL.
const URL: usize = 2048;
/// Most subscriptions.
const EVENTS: usize = 50;
/// Most characters of a header's value.
const HEADER: usize = 1024;

pub(super) fn url(fields: &Fields<'_>) -> Option<String> {
    fields.text("url", TextRule::upto(URL)).map(|url| url.trim().to_owned())
}

pub(super) fn events(fields: &Fields<'_>) -> Vec<Subscription> {
    fields.list("events", EVENTS, unknown_event)
}

/// What to say of an event that there is not.
pub(super) fn unknown_event() -> Problem {
    let mut allowed = words(EventType::ALL);
    allowed.extend(["message.*", "session.*", "endpoint.*", "*"].map(str::to_owned));
    Problem::Unknown { allowed }
}

pub(super) fn headers(fields: &Fields<'_>) -> Headers {
    let headers = fields.object("headers").texts(TextRule::upto(HEADER));
    headers.into_iter().map(|(name, value)| (name, value.into())).collect()
}
