//! What holds of any text that is given as a URL to call. The tests below and a target of `fuzz/` call it.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

use crate::http::Client;

/// With nothing allowed, what may be called is https, without a user name, and no address of this machine or its networks, however
/// it is written. Judged here by the standard library's words and not by our list.
pub fn any_url(client: &Client, text: &str) {
    if client.check(text).is_err() {
        return;
    }
    let url = Url::parse(text);
    let Ok(url) = url else { panic_with("not a URL", text) };
    let known = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    if !known {
        panic_with("not a plain https URL", text);
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address),
        Some(Host::Ipv6(address)) => IpAddr::from(address),
        Some(Host::Domain(_)) => return,
        None => panic_with("no host", text),
    };
    let inner = match address.to_canonical() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(address) => {
            let part = address.segments();
            if address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || part[0] & 0xfe00 == 0xfc00
                || part[0] & 0xffc0 == 0xfe80
            {
                panic_with("an IPv6 address of our own networks", text);
            }
            let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
            match part[..4] {
                [0x64, 0xff9b, 0, 0] => Some(v4(part[6], part[7])),
                [0x2002, high, low, _] => Some(v4(high, low)),
                _ => None,
            }
        }
    };
    if inner.is_some_and(|v4| {
        v4.is_loopback()
            || v4.is_private()
            || v4.is_link_local()
            || v4.is_unspecified()
            || v4.is_broadcast()
            || v4.is_multicast()
    }) {
        panic_with("an IPv4 address of our own networks", text);
    }
}

#[expect(clippy::panic, reason = "a property that does not hold fails the test")]
fn panic_with(what: &str, text: &str) -> ! {
    panic!("{what}: {text:?}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::Options;

    fn client() -> Client {
        // Another test of the same process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        Client::new(Options::default()).expect("a client")
    }

    #[test]
    fn no_text_leads_to_our_own_networks() {
        let client = client();
        let host = prop_oneof![
            ".{0,20}",
            "[0-9a-fx.:]{1,24}",
            "\\[[0-9a-f:.]{2,30}\\]",
            "(127|10|192\\.168|169\\.254|172\\.16|0|100\\.64)(\\.[0-9]{1,3}){1,3}",
            "\\[(::ffff:|64:ff9b::|2002:)?[0-9a-f]{1,4}:[0-9a-f]{1,4}(::1)?\\]",
        ];
        let url = (
            "(https?|HTTPS|ftp|javascript)",
            "(:|://|:/|:///|:\\\\\\\\)",
            "(a@|a:b@)?",
            host,
            "(:[0-9]{1,5})?(/.{0,9})?",
        );
        let text = url
            .prop_map(|(scheme, slashes, user, host, rest)| format!("{scheme}{slashes}{user}{host}{rest}"));
        let mut runner = proptest::test_runner::TestRunner::default();
        let outcome = runner.run(&text, |text| {
            any_url(&client, &text);
            Ok(())
        });
        assert_eq!(outcome, Ok(()));
    }
}
