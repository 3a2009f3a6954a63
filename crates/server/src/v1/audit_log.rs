//! Who did what.

pub(super) mod list;
