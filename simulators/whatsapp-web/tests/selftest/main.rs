//! Drives the simulator with a real client library, and so proves that the two understand each other.

#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod client;
mod faults;
mod linking;
mod media;
mod messages;
mod sessions;
