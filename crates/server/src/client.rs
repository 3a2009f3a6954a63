//! Whose request it is: the peer's address, or what trusted proxies say of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The caller's address and how it came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address keys and blocks are checked against.
    pub(crate) ip: IpAddr,
    /// It came by HTTPS to the outermost trusted proxy.
    pub(crate) https: bool,
    /// Some proxy was involved that is not trusted: the address may not be the caller's own.
    pub(crate) behind_unknown_proxy: bool,
}

impl Client {
    /// Reads `X-Forwarded-For` from the right, past trusted hops: the first address that is not one of ours is the caller. What
    /// stands further left was written by the caller and proves nothing. From an untrusted peer the headers are not read at all.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
        let mut ip = peer.to_canonical();
        if !is_trusted(&ip) {
            let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
            return Self { ip, https: false, behind_unknown_proxy: forwarded };
        }
        for hop in values(headers, "x-forwarded-for").rev() {
            // Something that is not an address: the last hop we could read is the best we know.
            let Some(before) = address(hop) else { break };
            ip = before;
            if !is_trusted(&ip) {
                break;
            }
        }
        let https =
            values(headers, "x-forwarded-proto").next_back().is_some_and(|p| p.eq_ignore_ascii_case("https"));
        Self { ip, https, behind_unknown_proxy: false }
    }
}

/// The values of a list header in order, over all its lines.
fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'h str> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or(""));
    lines.flat_map(|line| line.split(',').map(str::trim)).collect::<Vec<_>>().into_iter()
}

/// `203.0.113.7`, `203.0.113.7:5000`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:5000`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> Client {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Client::of(peer.parse().unwrap(), &headers, &trusted)
    }

    #[test]
    fn the_caller_is_the_first_hop_from_the_right_that_is_not_ours() {
        for (peer, header, expected) in [
            ("203.0.113.7", "1.1.1.1", "203.0.113.7"),
            ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
            ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
            ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
            ("::1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("::1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "1.1.1.1, garbage, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let line = format!("x-forwarded-for: {header}");
            assert_eq!(client(peer, &[&line]).ip.to_string(), expected, "{peer} {header}");
        }
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines = ["x-forwarded-for: 1.1.1.1", "x-forwarded-for: 203.0.113.7, 10.0.0.2"];
        assert_eq!(client("10.0.0.1", &lines).ip.to_string(), "203.0.113.7");
    }

    #[test]
    fn only_a_trusted_proxy_may_say_https() {
        assert!(client("10.0.0.1", &["x-forwarded-proto: https"]).https);
        assert!(client("10.0.0.1", &["x-forwarded-proto: http, https"]).https);
        assert!(!client("203.0.113.7", &["x-forwarded-proto: https"]).https);
    }

    #[test]
    fn a_proxy_nobody_vouched_for_is_noticed() {
        assert!(client("127.0.0.1", &["x-forwarded-for: 1.1.1.1"]).behind_unknown_proxy);
        assert!(!client("10.0.0.1", &["x-forwarded-for: 1.1.1.1"]).behind_unknown_proxy);
        assert!(!client("127.0.0.1", &[]).behind_unknown_proxy);
    }
}
