//! When a webhook endpoint is left alone, and when it is given up: pure, no clock, no database.
//!
//! An endpoint whose attempts fail one after the other is not called for every delivery that is due: its circuit is open, one
//! attempt at a time probes it, and the first that succeeds closes it. What waits behind an open circuit does not age.

use std::time::Duration;

use crate::{Timestamp, channel::words};

words! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// Waits for its next attempt.
        Pending = "pending",
        /// An attempt is under way.
        Sending = "sending",
        /// The receiver has it.
        Delivered = "delivered",
        /// Parked: not tried again unless someone asks; kept and visible.
        Failed = "failed",
    }
}

words! {
    /// How a webhook endpoint is.
    pub enum EndpointState {
        /// Gets what is due.
        Active = "active",
        /// Nothing has succeeded since its last attempt failed; after [`CIRCUIT_OPENS_AFTER`] in a row one attempt at a time probes it.
        Failing = "failing",
        /// Its owner wants nothing just now; events are kept for it.
        Paused = "paused",
        /// Switched off, until somebody enables it.
        Disabled = "disabled",
    }
}

/// Failures in a row that open an endpoint's circuit.
pub const CIRCUIT_OPENS_AFTER: u32 = 10;

/// An endpoint that has answered nothing but failures for this long is disabled.
pub const DISABLED_AFTER: Duration = Duration::from_hours(5 * 24);

/// Between two probes at first; it doubles with each that fails.
const FIRST_PROBE: Duration = Duration::from_secs(30);

/// Between two probes at most: how late a receiver that is back is noticed.
const LONGEST_BETWEEN_PROBES: Duration = Duration::from_mins(5);

/// Whether one attempt at a time is all that such an endpoint gets. `failures` counts those in a row.
pub const fn circuit_is_open(failures: u32) -> bool {
    failures >= CIRCUIT_OPENS_AFTER
}

/// How long it is left alone after the last of so many failures in a row; `None` while its circuit is closed.
pub fn probe_after(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(CIRCUIT_OPENS_AFTER)?;
    Some((FIRST_PROBE * (1 << beyond.min(10))).min(LONGEST_BETWEEN_PROBES))
}

/// Whether it is given up: its circuit is open, and every attempt has failed for [`DISABLED_AFTER`].
pub fn is_given_up(failures: u32, failing_since: Timestamp, now: Timestamp) -> bool {
    circuit_is_open(failures) && now.since(failing_since) >= DISABLED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_follow_the_tenth_failure_ever_more_seldom_down_to_every_five_minutes() {
        let waits: Vec<_> = [0, 9, 10, 11, 12, 13, 14, 1_000, u32::MAX].map(probe_after).into();
        let secs = |secs| Some(Duration::from_secs(secs));
        let expected =
            [None, None, secs(30), secs(60), secs(120), secs(240), secs(300), secs(300), secs(300)];
        assert_eq!(waits, expected);
    }

    #[test]
    fn an_endpoint_is_given_up_after_five_days_of_failures_and_no_sooner() {
        let since = Timestamp::from_secs(1_700_000_000);
        let almost = DISABLED_AFTER.checked_sub(Duration::from_micros(1)).unwrap_or_default();
        assert!(!is_given_up(1_000, since, since + almost));
        assert!(is_given_up(10, since, since + DISABLED_AFTER));
        assert!(!is_given_up(9, since, since + 2 * DISABLED_AFTER), "too few to tell");
    }
}
