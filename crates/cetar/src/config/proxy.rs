//! `[proxy]`

use ipnet::IpNet;

use super::section::section;

section! {
    /// A proxy in front that ends TLS.
    pub(crate) struct Proxy in "proxy" {
        /// Addresses whose `X-Forwarded-*` headers are believed. From anyone else they are ignored.
        trusted: Vec<IpNet> = Vec::new(), "a list of networks in CIDR form, as in [\"10.0.0.0/8\", \"192.168.1.5/32\"]";
    }
}
