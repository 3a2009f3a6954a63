//! The work of sending one message, and the whole retry policy: pure, no clock, no database.
//!
//! A job that waits for its device is plainly `ready`: nobody claims the jobs of a device whose session is not up. So
//! "held" is never stored; it is read off the device's state, and cannot disagree with it.

use std::time::Duration;

use crate::{FailureCode, SendError, channel::words};

words! {
    /// Where a job stands.
    pub enum JobState {
        /// May be claimed once its time has come, its lane is free and its device is up.
        Ready = "ready",
        /// Claimed under a lease.
        Running = "running",
        /// The network took the message.
        Done = "done",
        /// Will not be tried again unless someone asks; kept and visible.
        Dead = "dead",
        /// Cancelled while it waited.
        Cancelled = "cancelled",
    }
}

words! {
    /// What came of an attempt, in the history of its job.
    pub enum AttemptOutcome {
        /// The network took the message.
        Sent = "sent",
        /// It refused it for good, or nothing is left to try.
        Failed = "failed",
        /// Nothing reached the network.
        NotSent = "not_sent",
        /// The network asked to slow down.
        SlowDown = "slow_down",
        /// It may have been sent.
        Unknown = "unknown",
        /// The account is down.
        AccountDown = "account_down",
        /// Of a message in several parts one was sent.
        PartlySent = "partly_sent",
        /// What it was to carry could not be fetched.
        MediaNotFetched = "media_not_fetched",
    }
}

impl AttemptOutcome {
    /// Whether the message, or a part of it, may be with the recipient although nobody says so.
    pub const fn may_be_out(self) -> bool {
        match self {
            Self::Unknown | Self::PartlySent => true,
            Self::Sent
            | Self::Failed
            | Self::NotSent
            | Self::SlowDown
            | Self::AccountDown
            | Self::MediaNotFetched => false,
        }
    }
}

/// Attempts after which a job is dead, if nothing of any of them reached the network.
pub const MAX_ATTEMPTS: u32 = 12;

/// Claims in a row that ended with the process, after which a job is dead: it may be what kills it.
pub const MAX_CRASHES: u32 = 5;

/// Whether a job is set aside, so many of whose attempts in a row ended with the process.
pub const fn ends_the_process(crashed: u32) -> bool {
    crashed >= MAX_CRASHES
}

/// What follows an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this long; the attempt counts.
    Retry(Duration),
    /// Try again after this long; the attempt does not count.
    Postpone(Duration),
    /// Wait until the device is back; the attempt does not count.
    Hold,
    /// Final.
    Fail(FailureCode),
    /// It may have been sent: a late receipt or a person decides.
    Unknown,
}

/// The retry policy. `attempt` is the number of this attempt, from 1; `max_attempts` is `None` where an earlier one may have reached the
/// recipient: "every attempt failed" could not be said of such a message, and its expiry bounds it. `resend_is_safe` says that the
/// network drops a repeat of the same message id.
pub fn decide(error: &SendError, attempt: u32, max_attempts: Option<u32>, resend_is_safe: bool) -> Decision {
    match error {
        SendError::Rejected { code, .. } => Decision::Fail(*code),
        SendError::SlowDown { retry_after } => {
            Decision::Postpone(retry_after.unwrap_or_else(|| backoff(attempt)).max(Duration::from_secs(1)))
        }
        SendError::AccountDown(_) => Decision::Hold,
        // Never given up by count: it may be with the recipient already, and its expiry bounds it.
        SendError::Unknown(_) if resend_is_safe => Decision::Retry(backoff(attempt)),
        SendError::Unknown(_) => Decision::Unknown,
        SendError::NotSent(_) if max_attempts.is_some_and(|max| attempt >= max) => {
            Decision::Fail(FailureCode::AttemptsExhausted)
        }
        SendError::NotSent(_) => Decision::Retry(backoff(attempt)),
        SendError::Partly(rest) => decide(rest, attempt, None, resend_is_safe),
    }
}

/// 1 s, 2 s, 4 s … up to 10 minutes.
pub fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.saturating_sub(1).min(10)).min(Duration::from_mins(10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DownReason;

    fn unknown() -> SendError {
        SendError::Unknown("cut".into())
    }

    fn not_sent() -> SendError {
        SendError::NotSent("refused".into())
    }

    #[test]
    fn the_policy_as_a_table() {
        let rejected = SendError::Rejected {
            code: FailureCode::AccountRestricted,
            provider_code: Some("463".into()),
            detail: None,
        };
        let secs = Duration::from_secs;
        for (error, attempt, safe, expected) in [
            (&rejected, 1, true, Decision::Fail(FailureCode::AccountRestricted)),
            (&SendError::SlowDown { retry_after: Some(secs(30)) }, 1, true, Decision::Postpone(secs(30))),
            (&SendError::SlowDown { retry_after: Some(secs(0)) }, 1, true, Decision::Postpone(secs(1))),
            (&SendError::SlowDown { retry_after: None }, 3, false, Decision::Postpone(secs(4))),
            (&not_sent(), 1, false, Decision::Retry(secs(1))),
            (&not_sent(), 11, false, Decision::Retry(secs(600))),
            (&not_sent(), MAX_ATTEMPTS, true, Decision::Fail(FailureCode::AttemptsExhausted)),
            (&unknown(), 1, true, Decision::Retry(secs(1))),
            (&unknown(), 500, true, Decision::Retry(secs(600))),
            (&unknown(), 1, false, Decision::Unknown),
            (&SendError::AccountDown(DownReason::Disconnected), 99, false, Decision::Hold),
            (&SendError::Partly(Box::new(not_sent())), MAX_ATTEMPTS, false, Decision::Retry(secs(600))),
            (&SendError::Partly(Box::new(unknown())), 1, false, Decision::Unknown),
        ] {
            assert_eq!(
                decide(error, attempt, Some(MAX_ATTEMPTS), safe),
                expected,
                "{error:?} at attempt {attempt}"
            );
        }
    }

    #[test]
    fn a_job_over_which_the_process_ended_five_times_is_set_aside() {
        assert_eq!([0, 4, 5, 6].map(ends_the_process), [false, false, true, true]);
    }

    #[test]
    fn what_may_have_been_sent_is_sent_again_only_where_that_is_safe() {
        for attempt in 1..100 {
            assert_eq!(decide(&unknown(), attempt, Some(MAX_ATTEMPTS), false), Decision::Unknown);
        }
    }

    #[test]
    fn what_an_earlier_attempt_may_have_sent_is_never_given_up_by_count() {
        assert_eq!(decide(&not_sent(), 500, None, true), Decision::Retry(Duration::from_mins(10)));
    }
}
