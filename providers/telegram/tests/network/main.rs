//! The provider against the simulated Bot API, over real HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod failing;
mod numbers;
mod pushed;
mod receiving;
mod sending;
mod world;
