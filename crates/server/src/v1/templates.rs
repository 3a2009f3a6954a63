//! Quick-reply templates.

pub(crate) mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod fit;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;
mod view;
