//! One account with the stand-in for the Graph API, on a clock moved by hand: what Meta says of it, and what the host is told.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod adding;
mod limits;
mod media;
mod names;
mod parts;
mod templates;
mod token;
mod world;
