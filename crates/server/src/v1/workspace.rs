//! The caller's own workspace.

pub(super) mod read;
pub(super) mod update;
