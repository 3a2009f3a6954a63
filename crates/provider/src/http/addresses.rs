//! Which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Networks no stranger may have us call, and what to say of them. The special-purpose registries of IANA (RFC 6890),
/// with those whose traffic is carried to an IPv4 address that is not the one shown.
const REFUSED: [(IpNet, &str); 30] = [
    (v4([0, 0, 0, 0], 8), "means this machine"),
    (v4([10, 0, 0, 0], 8), "is private"),
    (v4([100, 64, 0, 0], 10), "is private to a carrier"),
    (v4([127, 0, 0, 0], 8), "is this machine"),
    (v4([169, 254, 0, 0], 16), "is link-local, where clouds keep their metadata"),
    (v4([172, 16, 0, 0], 12), "is private"),
    (v4([192, 0, 0, 0], 24), "is reserved for protocols"),
    (v4([192, 0, 2, 0], 24), "is for documentation"),
    (v4([192, 88, 99, 0], 24), "is a 6to4 relay"),
    (v4([192, 168, 0, 0], 16), "is private"),
    (v4([198, 18, 0, 0], 15), "is for benchmarks"),
    (v4([198, 51, 100, 0], 24), "is for documentation"),
    (v4([203, 0, 113, 0], 24), "is for documentation"),
    (v4([224, 0, 0, 0], 4), "is multicast"),
    (v4([240, 0, 0, 0], 4), "is reserved or broadcast"),
    (IpNet::new_assert(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 128), "means this machine"),
    (IpNet::new_assert(IpAddr::V6(Ipv6Addr::LOCALHOST), 128), "is this machine"),
    (v6([0x64, 0xff9b, 0, 0], 96), "is translated to an IPv4 address (NAT64)"),
    (v6([0x64, 0xff9b, 1, 0], 48), "is translated to an IPv4 address (NAT64)"),
    (v6([0x100, 0, 0, 0], 64), "is discarded"),
    (v6([0x2001, 0, 0, 0], 32), "is tunnelled to an IPv4 address (Teredo)"),
    (v6([0x2001, 0, 0, 0], 23), "is reserved for protocols"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "is for documentation"),
    (v6([0x2002, 0, 0, 0], 16), "is tunnelled to an IPv4 address (6to4)"),
    (v6([0x3fff, 0, 0, 0], 20), "is for documentation"),
    (v6([0x5f00, 0, 0, 0], 16), "is for segment routing"),
    (v6([0xfc00, 0, 0, 0], 7), "is private"),
    (v6([0xfe80, 0, 0, 0], 10), "is link-local"),
    (v6([0xfec0, 0, 0, 0], 10), "is private"),
    (v6([0xff00, 0, 0, 0], 8), "is multicast"),
];

/// All of IPv6 that is handed out for the internet; the rest is refused, the deprecated forms of IPv4 addresses among it.
const GLOBAL_UNICAST: IpNet = v6([0x2000, 0, 0, 0], 3);

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

/// From the address's first four groups; none of these networks has more.
const fn v6(groups: [u16; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = groups;
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), prefix)
}

/// An address that may not be called. Does not say which: it may have come from a private name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Not on the internet, and not allowed.
    #[error("its address {0}; the operator can permit it in egress.allow")]
    NotPublic(&'static str),
    /// Without TLS only to what the operator named.
    #[error("plain http goes only to addresses in egress.allow; use https")]
    PlainHttp,
}

/// How a call is made, as far as the choice of addresses depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// https: the internet, and what is allowed.
    Tls,
    /// http: only what is allowed.
    None,
}

/// Judges addresses. The allow list is the operator's word and beats the list of refused networks.
#[derive(Debug, Clone)]
pub(super) struct Egress {
    allow: Vec<IpNet>,
}

impl Egress {
    pub(super) const fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Whether a name may be called in the clear at all: only one that can lead to an allowed address.
    pub(super) fn judge_name(&self, encryption: Encryption) -> Result<(), Refusal> {
        match encryption {
            Encryption::None if self.allow.is_empty() => Err(Refusal::PlainHttp),
            Encryption::None | Encryption::Tls => Ok(()),
        }
    }

    /// Whether this address may be dialled. Where it is a wrapping of an IPv4 address, that one must be permitted too:
    /// allowing a NAT64 prefix, as an IPv6-only network needs, does not open the private network behind it.
    pub(super) fn judge(&self, address: IpAddr, encryption: Encryption) -> Result<(), Refusal> {
        let address = address.to_canonical();
        self.judge_form(address, encryption)?;
        embedded_v4(address).map_or(Ok(()), |inner| self.judge_form(inner.into(), encryption))
    }

    fn judge_form(&self, address: IpAddr, encryption: Encryption) -> Result<(), Refusal> {
        if self.allow.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        if let Some(why) = not_public(address) {
            return Err(Refusal::NotPublic(why));
        }
        match encryption {
            Encryption::Tls => Ok(()),
            Encryption::None => Err(Refusal::PlainHttp),
        }
    }
}

fn not_public(address: IpAddr) -> Option<&'static str> {
    let listed = REFUSED.iter().find(|(net, _)| net.contains(&address)).map(|(_, why)| *why);
    let outside =
        || (address.is_ipv6() && !GLOBAL_UNICAST.contains(&address)).then_some("is not on the internet");
    listed.or_else(outside)
}

/// The IPv4 address a translator would send this on to, where it stands in the address in clear.
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        // RFC 6052 2.1, RFC 3056 2
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn judge(allow: &[&str], address: &str, encryption: Encryption) -> Result<(), Refusal> {
        let allow = allow.iter().map(|net| net.parse().expect(net)).collect();
        Egress::new(allow).judge(address.parse().expect(address), encryption)
    }

    #[rstest]
    #[case::this_network("0.0.0.0", "0.255.255.255")]
    #[case::private_10("10.0.0.0", "10.255.255.255")]
    #[case::carrier("100.64.0.0", "100.127.255.255")]
    #[case::loopback("127.0.0.0", "127.255.255.255")]
    #[case::link_local("169.254.0.0", "169.254.255.255")]
    #[case::private_172("172.16.0.0", "172.31.255.255")]
    #[case::protocols("192.0.0.0", "192.0.0.255")]
    #[case::documentation_1("192.0.2.0", "192.0.2.255")]
    #[case::relay_6to4("192.88.99.0", "192.88.99.255")]
    #[case::private_192("192.168.0.0", "192.168.255.255")]
    #[case::benchmarks("198.18.0.0", "198.19.255.255")]
    #[case::documentation_2("198.51.100.0", "198.51.100.255")]
    #[case::documentation_3("203.0.113.0", "203.0.113.255")]
    #[case::multicast("224.0.0.0", "239.255.255.255")]
    #[case::reserved_and_broadcast("240.0.0.0", "255.255.255.255")]
    #[case::unspecified_v6("::", "::")]
    #[case::loopback_v6("::1", "::1")]
    #[case::v4_compatible("::2", "::255.255.255.255")]
    #[case::nat64("64:ff9b::", "64:ff9b::ffff:ffff")]
    #[case::nat64_local("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff")]
    #[case::discard("100::", "100::ffff:ffff:ffff:ffff")]
    #[case::below_global_unicast("200::", "1fff:ffff::")]
    #[case::teredo("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::protocols_v6("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::documentation_v6("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::tunnel_6to4("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::documentation_v6_2("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::above_global_unicast("4000::", "5eff:ffff::")]
    #[case::segment_routing("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::private_v6("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::link_local_v6("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::site_local("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    #[case::multicast_v6("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    fn a_network_that_is_not_the_internet_is_refused_from_its_first_address_to_its_last(
        #[case] first: &str,
        #[case] last: &str,
    ) {
        for address in [first, last] {
            let verdict = judge(&[], address, Encryption::Tls);
            assert!(matches!(verdict, Err(Refusal::NotPublic(_))), "{address}: {verdict:?}");
        }
    }

    #[rstest]
    #[case::before_private_10("9.255.255.255")]
    #[case::after_private_10("11.0.0.0")]
    #[case::before_carrier("100.63.255.255")]
    #[case::after_carrier("100.128.0.0")]
    #[case::after_loopback("128.0.0.0")]
    #[case::before_link_local("169.253.255.255")]
    #[case::after_link_local("169.255.0.0")]
    #[case::before_private_172("172.15.255.255")]
    #[case::after_private_172("172.32.0.0")]
    #[case::after_protocols("192.0.1.0")]
    #[case::after_private_192("192.169.0.0")]
    #[case::after_benchmarks("198.20.0.0")]
    #[case::before_multicast("223.255.255.255")]
    #[case::mapped("::ffff:9.9.9.9")]
    #[case::first_of_the_registries("2001:200::")]
    #[case::before_documentation_v6("2001:db7:ffff::")]
    #[case::after_tunnels("2003::")]
    #[case::ordinary_v6("2606:4700::1111")]
    #[case::before_documentation_v6_2("3ffe:ffff::")]
    fn an_address_of_the_internet_is_called_over_tls_only(#[case] address: &str) {
        assert_eq!(judge(&[], address, Encryption::Tls), Ok(()), "{address}");
        assert_eq!(judge(&[], address, Encryption::None), Err(Refusal::PlainHttp), "{address}");
    }

    #[rstest]
    #[case::mapped_loopback("::ffff:127.0.0.1")]
    #[case::mapped_metadata("::ffff:a9fe:a9fe")]
    #[case::nat64_of_metadata("64:ff9b::169.254.169.254")]
    #[case::tunnel_6to4_of_private("2002:c0a8:0101::1")]
    fn a_private_address_in_the_clothes_of_another_is_refused(#[case] address: &str) {
        assert!(judge(&[], address, Encryption::Tls).is_err(), "{address}");
    }

    #[rstest]
    #[case::itself("192.168.1.7", true)]
    #[case::mapped("::ffff:192.168.1.7", true)]
    #[case::its_neighbour("192.168.2.7", false)]
    #[case::loopback("127.0.0.1", false)]
    #[case::v6("fd00::7", true)]
    fn what_the_operator_allows_is_called_with_or_without_tls(#[case] address: &str, #[case] allowed: bool) {
        for encryption in [Encryption::Tls, Encryption::None] {
            let verdict = judge(&["192.168.1.0/24", "fd00::/8"], address, encryption);
            assert_eq!(verdict.is_ok(), allowed, "{address} {encryption:?}");
        }
    }

    #[test]
    fn allowing_a_translators_prefix_does_not_open_the_private_network_behind_it() {
        let judge = |address| judge(&["64:ff9b::/96"], address, Encryption::Tls);
        assert_eq!(judge("64:ff9b::9.9.9.9"), Ok(()));
        assert!(judge("64:ff9b::169.254.169.254").is_err());
        assert!(judge("64:ff9b::10.0.0.1").is_err());
    }
}
