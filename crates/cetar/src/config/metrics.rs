//! `[metrics]`

use super::{Secret, section::section};

section! {
    /// Figures for Prometheus, at `/metrics`.
    pub(crate) struct Metrics in "metrics" {
        /// Lets a caller read them with `Authorization: Bearer TOKEN`. Not set: only this machine may, and nobody where `proxy.trusted`
        /// is set, or `public_url` without `tls.cert`: what a proxy on this machine passes on looks as if it came from here.
        token: Option<Secret> = None, "a text";
    }
}
