//! Devices: linked accounts.

pub(super) mod callback;
pub(super) mod capabilities;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod link;
pub(super) mod link_events;
pub(super) mod list;
pub(super) mod logout;
pub(super) mod pause;
pub(super) mod phone;
pub(crate) mod phone_act;
pub(super) mod read;
mod refusal;
pub(super) mod restart;
pub(super) mod resume;
pub(super) mod update;
mod view;
