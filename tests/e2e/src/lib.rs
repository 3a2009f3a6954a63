//! What the end-to-end tests share: the real binary in a directory of its own, a database, a webhook receiver.
//!
//! Nothing here waits by sleeping. A test waits for a line the binary prints, for a webhook to arrive, or for the simulator to see something;
//! a bound on the whole ([`within`]) turns a hang into a failure.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is test support: what should not happen fails the test"
)]

pub mod bot;
pub mod chaos;
mod database;
mod gateway;
pub mod meta;
pub mod php;
mod receiver;
pub mod scene;
mod site;

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

pub use database::{Database, Proxy};
pub use gateway::{Answer, Cli, File, Gateway, Home};
pub use receiver::{Receiver, Webhook};
pub use site::Site;

/// Fails the test if this takes longer than two minutes: far longer than anything here should, on a busy machine too.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(Duration::from_mins(2), future).await;
    outcome.unwrap_or_else(|_elapsed| panic!("waited two minutes for {what}"))
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").to_owned()
}
