//! Tenants, for the machine's operator: on the local face only.

pub(super) mod create;
pub(super) mod list;
pub(super) mod set_plan;
mod view;
