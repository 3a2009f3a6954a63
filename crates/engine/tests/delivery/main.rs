//! Webhooks from the event to the receiver: the real client, real sockets on loopback, a real database, and a clock that
//! stands still.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod endpoints;
mod failing;
mod guarded;
mod options;
mod pace;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/reader.rs"]
mod reader;
#[path = "../support/receiver.rs"]
mod receiver;
mod restarts;
mod retries;
mod signatures;
