//! Deliveries of events to webhook endpoints.

pub(super) mod read;
pub(super) mod resend;
pub(super) mod view;
