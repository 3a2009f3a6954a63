//! The simulated network, as the gateway sees it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test, helpers included, a panic is a failure")]

mod acts;
mod gateway;
mod linking;
mod outcomes;
