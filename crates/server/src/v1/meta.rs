//! `/v1/meta`: what only the official WhatsApp has.

pub(crate) mod content;
pub(crate) mod messages;
pub(in crate::v1) mod templates;
