//! The people we write with.

pub(super) mod delete;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;
mod view;
