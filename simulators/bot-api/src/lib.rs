//! A stand-in for Telegram's Bot API, for tests and local work only.
//!
//! It speaks the Bot API (10.1) over real HTTP: parameters in the query, as a form, as JSON or as multipart; the limits, error codes and
//! descriptions of the open server (tdlib/telegram-bot-api 10.0); long polling that is confirmed by the next question; webhooks pushed
//! with their secret header; files; buttons and their callbacks. Behind it live simulated people: only who began a conversation with a
//! bot can be written to, and who blocked it cannot.
//!
//! What clients do is judged by Telegram's rules and not by what ours happens to do: a client that confirms an update it has not kept
//! loses it here too.
//!
//! ```no_run
//! # async fn example() {
//! use cetar_simulator_bot_api::BotApi;
//!
//! let telegram = BotApi::start().await;
//! let bot = telegram.bot("toko_bot");
//! let budi = telegram.person(111, "Budi");
//! budi.writes(&bot, "/start");
//! // ... the client asks telegram.url() for updates with bot.token(), and sends ...
//! assert_eq!(budi.next_message(&bot).await.text(), Some("Halo!"));
//! # }
//! ```
//!
//! Not simulated: payments, inline mode, stories, business connections, games, stickers sets.

#![expect(clippy::missing_panics_doc, reason = "a test whose network breaks cannot go on")]

mod answer;
mod calls;
mod faults;
mod files;
mod form;
mod people;
mod push;
mod send;
mod server;
mod state;
mod updates;

pub use faults::Fault;
pub use people::{Group, Person};
pub use server::{Bot, BotApi};
pub use state::{Call, Shown};
