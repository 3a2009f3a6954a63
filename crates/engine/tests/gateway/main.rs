//! The engine as a whole: a real database, a scripted network, and a clock that stands still.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod access;
mod checks;
mod choosing;
mod crashes;
mod devices;
mod inbound;
mod jobs;
mod linking;
mod media;
mod nodes;
mod outages;
mod pace;
#[path = "../support/reader.rs"]
mod reader;
mod replies;
mod retention;
mod sending;
mod site;
mod slow_sites;
mod stopping;
mod window;
mod world;
