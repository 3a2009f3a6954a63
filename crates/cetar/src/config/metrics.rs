//! `[metrics]`

use super::{Secret, section::section};

section! {
    /// Figures for Prometheus, at `/metrics`.
    pub(crate) struct Metrics in "metrics" {
        /// Lets a caller that is not on this machine read them, with `Authorization: Bearer TOKEN`. Not set: only this machine may.
        token: Option<Secret> = None, "a text";
    }
}
