//! Events for those who pull: page by page, or live.

pub(super) mod follow;
pub(super) mod list;
mod view;
