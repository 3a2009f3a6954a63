//! Addresses that may not use the workspace.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
mod view;
