//! How values on the command line are read.

use cetar_model::{Channel, PaceMode, Subscription};
use ipnet::IpNet;

/// The networks' words.
pub(super) fn channels() -> impl Iterator<Item = &'static str> {
    Channel::ALL.iter().map(|channel| channel.as_str())
}

/// Whether a device keeps to its network's pace.
pub(super) fn pace_modes() -> impl Iterator<Item = &'static str> {
    PaceMode::ALL.iter().map(|mode| mode.as_str())
}

/// A network in CIDR form; a bare address means just that one.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let bare = text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    bare.or_else(|| text.parse().ok()).ok_or_else(|| {
        "write an address or a network in CIDR form, as in 203.0.113.7 or 203.0.113.0/24".to_owned()
    })
}

/// An event's name or a wildcard that covers one.
pub(super) fn event(text: &str) -> Result<String, String> {
    let subscription: Result<Subscription, _> = text.parse();
    let known = cetar_model::EventType::ALL.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ");
    subscription
        .map(String::from)
        .map_err(|_| format!("known events: {known}; or a wildcard such as message.*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_is_a_network_of_one() {
        assert_eq!(network("203.0.113.7").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(network("2001:db8::/32").unwrap().to_string(), "2001:db8::/32");
        assert!(network("office").is_err());
    }

    #[test]
    fn an_event_nobody_sends_is_refused_with_those_there_are() {
        assert_eq!(event("message.*").unwrap(), "message.*");
        assert!(event("message.recieved").unwrap_err().contains("message.received"));
    }
}
