//! `[retention]`

use std::time::Duration;

use super::{Span, section::section};

section! {
    /// How long things are kept.
    pub(crate) struct Retention in "retention" {
        /// Events, webhook deliveries and the attempts of both. What an endpoint still waits for stays, also while it is paused, for 90 days.
        events: Span = Span(Duration::from_hours(30 * 24)), "a length of time, as in \"30d\" or \"12h\"";
        /// Media, from when they were used last: their bytes are deleted, their messages stay. Never less than 8 days, for their addresses
        /// are good for 7.
        media: Span = Span(Duration::from_hours(90 * 24)), "a length of time, as in \"90d\"";
    }
}
