//! Numbers.

pub(crate) mod check;
