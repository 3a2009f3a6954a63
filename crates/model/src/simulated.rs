//! What a simulated account can be made to go through: words of requests, for networks whose people are simulated.

use crate::channel::words;

words! {
    /// How linking goes. All but the first and the last are named by the [`DownReason`](crate::DownReason) it ends with.
    pub enum LinkOutcome {
        /// The phone takes it.
        Linked = "linked",
        /// Nobody uses the QR, though it is replaced several times, or the code.
        Expired = "link_expired",
        /// The account asks for a passkey, which only a browser can give.
        Passkey = "passkey_required",
        /// The account is another device of the workspace already.
        AlreadyLinked = "already_linked",
        /// The network has closed the account.
        Banned = "banned",
        /// The network gives no more codes for this number now.
        TooManyAttempts = "too_many_attempts",
    }
}

words! {
    /// What happens to a link, by the [`DownReason`](crate::DownReason) that is told of it.
    pub enum Disturbance {
        /// The connection is lost, and comes back.
        Disconnected = "disconnected",
        /// The owner removes it from the phone's list.
        LoggedOut = "logged_out",
        /// Another process connects with the same link.
        Replaced = "replaced_elsewhere",
        /// The network forbids first messages to strangers for a while (WhatsApp 463).
        Restricted = "restricted",
        /// The network closes the account.
        Banned = "banned",
    }
}

impl Disturbance {
    /// Whether it ends by itself, after a time.
    pub const fn passes(self) -> bool {
        match self {
            Self::Disconnected | Self::Restricted => true,
            Self::LoggedOut | Self::Replaced | Self::Banned => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DownReason;

    #[test]
    fn what_is_told_of_it_is_what_was_asked_for() {
        let reason = |word: &str| word.parse::<DownReason>().is_ok();
        assert!(Disturbance::ALL.iter().all(|it| reason(it.as_str())));
        let own = [LinkOutcome::Linked, LinkOutcome::TooManyAttempts];
        assert!(LinkOutcome::ALL.iter().all(|it| reason(it.as_str()) != own.contains(it)));
    }
}
