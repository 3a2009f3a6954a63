//! Webhook endpoints.

mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod deliveries;
pub(super) mod enable;
pub(super) mod list;
pub(super) mod pause;
pub(super) mod read;
pub(super) mod recover;
pub(super) mod refusal;
pub(super) mod resume;
pub(super) mod rotate_secret;
pub(super) mod test;
pub(super) mod update;
mod view;
