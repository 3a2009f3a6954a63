//! Messages.

pub(crate) mod create;
pub(crate) mod idempotency;
