//! Messages.

pub(crate) mod content;
pub(crate) mod create;
pub(crate) mod envelope;
pub(crate) mod idempotency;
pub(super) mod list;
pub(super) mod queued;
pub(super) mod read;
pub(crate) mod reply;
pub(crate) mod send_template;
pub(super) mod trail;
pub(super) mod unfit;
