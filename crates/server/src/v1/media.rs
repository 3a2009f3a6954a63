//! Files to be sent.

pub(super) mod create;
