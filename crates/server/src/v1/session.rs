//! Signing in to the dashboard, and what people change about themselves.

pub(super) mod begin_totp;
pub(super) mod confirm_totp;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod end_totp;
pub(super) mod password;
pub(super) mod read;
mod refusal;
pub(super) mod update;
pub(super) mod view;

pub(super) use refusal::new_password;
