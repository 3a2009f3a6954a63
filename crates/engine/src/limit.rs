//! The exact sliding window: in no 60 s are more than N requests of one key let through; refused ones do not count.
use std::time::Duration;

use cetar_model::{ApiKeyId, Timestamp};

/// The limiter. One per process.
#[derive(Debug, Default)]
pub struct Limiter {}

/// What it said, and the figures for the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Let through.
    pub allowed: bool,
    /// Requests a minute.
    pub limit: u32,
    /// How many more would be let through now.
    pub remaining: u32,
    /// When the oldest counted request leaves the window.
    pub reset_at: Timestamp,
    /// With a refusal: how long until one is let through again.
    pub retry_after: Duration,
}

impl Limiter {
    /// Asks for one request.
    pub fn admit(&self, key: &ApiKeyId, limit: u32, now: Timestamp) -> Admission {
        todo!()
    }
}
