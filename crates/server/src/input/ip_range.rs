//! Addresses, as bodies name them.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// An address, or a range of them.
pub(crate) struct IpRange(pub(crate) IpNet);

impl FromStr for IpRange {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(|net| Self(net.trunc())).map_err(|_| ())
    }
}
