//! Jobs: the life of a message that was accepted.

pub(super) mod cancel;
pub(super) mod list;
pub(super) mod read;
pub(super) mod resolve;
pub(super) mod retry;
mod view;
