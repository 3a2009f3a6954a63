//! Figures.

pub(super) mod checklist;
pub(super) mod read;
