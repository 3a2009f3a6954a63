//! What can be made to go wrong.

use std::time::Duration;

/// What becomes of one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answered at once with this error and this HTTP status.
    Error {
        /// Meta's code.
        code: i64,
        /// Its HTTP status.
        status: u16,
    },
    /// Taken, and failed later by a status with this code.
    Later {
        /// Meta's code.
        code: i64,
    },
    /// Taken, and the connection cut before the answer; the statuses follow.
    CutOff,
    /// Taken, and the connection cut; no status ever.
    CutOffForGood,
    /// Answered with this HTTP status and no JSON.
    Http(u16),
    /// Answered after this long.
    Slow(Duration),
    /// Taken; no status ever.
    Silent,
}
