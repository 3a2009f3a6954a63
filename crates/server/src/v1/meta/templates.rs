//! `/v1/meta/templates`: what Meta has approved.

pub(in crate::v1) mod list;
pub(in crate::v1) mod sync;
mod view;
