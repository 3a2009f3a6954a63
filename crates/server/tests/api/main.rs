//! The API as a specification: requests against the real router, engine and SQLite store, with a network that does as the test
//! says. Ids, secrets and request ids are masked in the snapshots; the clock stands at the second of the document's own example.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod app;

mod bodies;
mod callbacks;
mod conditions;
mod content;
mod devices;
mod events;
mod files;
mod guessing;
mod inbox;
mod jobs;
mod keys;
mod languages;
mod limit;
mod local;
mod log;
mod management;
mod media;
mod messages;
mod numbers;
mod pages;
mod people;
mod permissions;
mod phone;
mod reference;
mod sending;
mod templates;
mod typing;
mod webhooks;
mod window;
mod workspace;
