//! Messages.

pub(super) mod create;
mod idempotency;
