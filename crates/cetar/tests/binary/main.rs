//! The real binary, seen from outside: what it makes, prints, answers and refuses.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod backup;
mod commands;
mod doctor;
mod first_run;
mod health;
mod postgres;
mod providers;
mod start;
mod stop;
mod support;
mod tls;
