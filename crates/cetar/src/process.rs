//! The process itself: its environment, its files' mode, its threads.

use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;
use nix::sys::stat::{Mode, umask};
use tokio::runtime::Runtime;

use crate::config::Environment;

const LIBRARY_BACKTRACES: &str = "RUST_LIB_BACKTRACE";
const BACKTRACES: &str = "RUST_BACKTRACE";

/// WhatsApp's library makes an error with a backtrace for every hiccup of the network, wherever `RUST_BACKTRACE` is set, and taking
/// one costs milliseconds. `RUST_LIB_BACKTRACE=0` turns those off and leaves a panic's own. It must be in the environment before
/// anything reads it, and setting it in a running process is unsafe; so the process is started over in its own place, once.
pub(crate) fn without_foreign_backtraces() {
    let is_set = |name| std::env::var_os(name).is_some();
    if !is_set(BACKTRACES) || is_set(LIBRARY_BACKTRACES) {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), name) = (std::env::current_exe(), arguments.next()) else { return };
    let mut again = std::process::Command::new(program);
    if let Some(name) = name {
        again.arg0(name);
    }
    // Returns only if it failed; then there are backtraces, and nothing else is wrong.
    let _ = again.args(arguments).env(LIBRARY_BACKTRACES, "0").exec();
}

/// Everything this process makes (database, log of the database, backup, socket) is for its owner alone.
pub(crate) fn private_files() {
    umask(Mode::from_bits_truncate(0o077));
}

/// What this program was called as, for commands that a person is to type.
pub(crate) fn name() -> String {
    std::env::args()
        .next()
        .filter(|name| !name.contains(char::is_whitespace))
        .unwrap_or_else(|| "cetar".to_owned())
}

/// The environment as given; variables that are not text are not ours.
pub(crate) fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The threads everything runs on.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    // One TLS implementation for all; an error means that it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads can be started")
}
