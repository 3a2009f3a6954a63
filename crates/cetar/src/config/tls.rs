//! `[tls]`

use std::path::PathBuf;

use super::section::section;

section! {
    /// HTTPS by this program itself. Both files, or none.
    pub(crate) struct Tls in "tls" {
        /// The certificate with its chain, PEM. Read at the start and again on SIGHUP.
        cert: Option<PathBuf> = None, "a PEM file, as in \"/etc/cetar/fullchain.pem\"";
        /// Its private key, PEM.
        key: Option<PathBuf> = None, "a PEM file, as in \"/etc/cetar/privkey.pem\"";
        /// Domains to fetch certificates for by themselves. Not built yet: setting it is refused; use `tls.cert` and `tls.key`, or a proxy.
        acme_domains: Vec<String> = Vec::new(), "a list of domains, as in [\"wa.example.com\"]";
    }
}
