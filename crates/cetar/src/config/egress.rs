//! `[egress]`

use ipnet::IpNet;

use super::section::section;

section! {
    /// Where this program may call. By default: public addresses only, webhooks by https only.
    pub(crate) struct Egress in "egress" {
        /// Networks we may call although they are private, and by plain http: for tests and a LAN.
        allow: Vec<IpNet> = Vec::new(), "a list of networks in CIDR form, as in [\"127.0.0.0/8\", \"10.1.0.0/16\"]";
    }
}
