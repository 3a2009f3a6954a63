//! `[limits]`

use super::section::section;

section! {
    /// How much is taken.
    pub(crate) struct Limits in "limits" {
        /// Longest request body, in bytes. A longer one is answered with 413.
        body_bytes: usize = 1024 * 1024, "a whole number of bytes, as in 1048576";
        /// Requests in any 60 seconds that one API key may make, where its workspace's plan sets no figure.
        requests_per_minute: u32 = 60, "a whole number, 1 or more";
        /// Connections open at once; more wait until one is closed.
        connections: usize = 4096, "a whole number, 1 or more";
    }
}
