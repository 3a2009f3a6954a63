//! Dashboard accounts.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod invite;
pub(super) mod list;
pub(super) mod make;
pub(in crate::v1) mod refusal;
pub(super) mod reset_password;
pub(super) mod update;
mod view;
