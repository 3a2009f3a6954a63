//! The database: the only crate that knows SQL and its drivers. One SQL text, two engines.
//!
//! [`Store`] is a concrete type; its operations are grouped in files by subject. What holds for all of them:
//!
//! - **Durable before answered.** A method that changes something returns after the commit: on SQLite with
//!   `synchronous=FULL`, on PostgreSQL with the server's own `synchronous_commit`.
//! - **All or nothing.** Each call is one transaction, except where its documentation says that it works in small batches.
//! - **Time and ids come in.** Nothing here reads a clock. Rows the store makes by itself (events, deliveries) get their ids
//!   from [`Options::ids`].
//! - **States move by one rule.** A message's state is only ever written as `MessageState::after` says, and the event that
//!   tells of it, with its deliveries, is written in the same transaction.
//! - **Leases fence.** Jobs, deliveries and devices are held under a lease with a token that rises with every taking; a write
//!   under an older token is [`StoreError::LeaseLost`] and changes nothing.
//! - **No secrets and no content in errors and logs.**
//!
//! A call whose future is dropped before it returns may still happen (SQLite, and `accept` on both engines: it is queued) or
//! be rolled back (the rest on PostgreSQL).

mod accept;
mod alias;
mod audit;
mod callback;
mod change;
mod claim;
mod contacts;
mod conversations;
mod db;
mod deliveries;
mod delivery_log;
mod device_change;
mod devices;
mod direct;
mod endpoints;
mod error;
mod events;
mod expire;
mod inbound;
mod inspect;
mod keys;
mod lanes;
mod leases;
mod master;
mod media;
mod media_prune;
mod message_log;
mod migrate;
mod number_checks;
mod official;
mod outcomes;
mod pace;
mod postgres;
mod prune;
mod reachable;
mod receipts;
mod records;
mod recover;
mod replies;
mod seal;
mod sessions;
mod settle;
mod sqlite;
mod state;
mod statement;
mod store;
mod stream;
mod templates;
mod usage;
mod users;
mod workspaces;
mod writer;

#[cfg(test)]
mod tests;

pub use claim::{Due, InTurn, Turn};
pub use contacts::ERASED;
pub use error::{DatabaseError, OpenError, StoreError};
pub use inspect::{Inspection, inspect};
pub use media_prune::BytesOf;
pub use prune::{PrunePlace, Pruned};
pub use records::*;
pub use recover::PastCursor;
pub use seal::{MasterKey, MasterKeyError, Sealer};
pub use store::{Options, Store};

type Result<T, E = StoreError> = std::result::Result<T, E>;
