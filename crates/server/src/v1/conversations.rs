//! The inbox.

pub(super) mod assign;
mod change;
mod filter;
pub(super) mod list;
pub(super) mod messages;
pub(super) mod note;
pub(super) mod notes;
pub(super) mod read;
pub(super) mod read_mark;
pub(super) mod reopen;
pub(super) mod resolve;
pub(super) mod view;
