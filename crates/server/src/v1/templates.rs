//! Quick-reply templates.

mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;
mod view;
