//! Deliveries of events to webhook endpoints.

pub(super) mod read;
pub(super) mod resend;
pub(crate) mod view;
