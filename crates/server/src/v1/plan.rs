//! What the caller's workspace may do.

pub(super) mod read;
