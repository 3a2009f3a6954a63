//! The sign that something is being written.

pub(super) mod show;
