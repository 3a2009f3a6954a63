//! Numbers.

pub(super) mod check;
