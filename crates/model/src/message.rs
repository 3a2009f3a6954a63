//! The life of a message.
//!
//! ```text
//! queued -> sending -> sent -> delivered -> read
//!    |         |-> failed      |-> failed (the network takes it back)
//!    |-> cancelled, failed(expired)   `-- unknown (may have been sent) -> sent | failed | queued (retry)
//! ```
//! Evidence beats belief: a receipt from the network moves a message forward from any state, even from one that
//! we thought was final, because what it says is true.

use crate::{Chat, channel::words};

words! {
    /// Where a message stands; the `status` of the API.
    pub enum MessageState {
        /// Committed, waiting for its turn or for its device.
        Queued = "queued",
        /// An attempt is under way.
        Sending = "sending",
        /// The network took it.
        Sent = "sent",
        /// It reached the recipient's phone.
        Delivered = "delivered",
        /// The recipient opened it.
        Read = "read",
        /// It will not arrive; the error says why.
        Failed = "failed",
        /// It may have been sent; nobody can tell yet.
        Unknown = "unknown",
        /// Cancelled before it went out.
        Cancelled = "cancelled",
    }
}

words! {
    /// What is claimed of a message so that its network takes it outside its usual rules. The sender answers for it.
    pub enum MessageTag {
        /// A person, and no program, answers what somebody asked.
        HumanAgent = "human_agent",
    }
}

words! {
    /// Which way a message went.
    pub enum Direction {
        /// From the application to a person.
        Out = "out",
        /// From a person to us.
        In = "in",
        /// Typed by the account's owner on their own phone.
        Echo = "echo",
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// The account: through the gateway, or its owner on their own phone.
    Us,
    /// Another person.
    Other {
        /// Their address, as the network tells it.
        address: Chat,
        /// It is an alias whose number is not known.
        is_alias: bool,
    },
}

words! {
    /// What the network says about a message later on.
    pub enum Receipt {
        /// The network took it (a late acknowledgement).
        Accepted = "accepted",
        /// On the recipient's phone.
        Delivered = "delivered",
        /// Opened.
        Read = "read",
        /// Refused after all.
        Failed = "failed",
    }
}

/// What can happen to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A worker took its job.
    Claimed,
    /// The attempt came to nothing, another will follow.
    Returned,
    /// The network said something.
    Receipt(Receipt),
    /// The network refused one of several parts, whatever became of the others.
    PartRefused,
    /// It cannot be told whether the attempt sent it, and sending again is not safe.
    Lost,
    /// No further attempt will be made.
    GivenUp,
    /// The application took it back.
    Cancelled,
    /// Someone asked for another try.
    Retried,
}

/// Which of several parts of a message a network's word is about. The message failed if one of them did: what becomes of the others does
/// not mend that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfPart {
    /// The network's id of this part. Its refusal counts once, however often it is told: the message may have been sent again since.
    pub remote_id: String,
    /// The collection of the session's state in which it notes, under the message's id, which parts went out. A refusal removes that note,
    /// so that another attempt sends all of them.
    pub noted_in: &'static str,
}

impl MessageState {
    /// The state after `fate`, or `None` where that changes nothing or is not allowed.
    pub const fn after(self, fate: Fate) -> Option<Self> {
        use Fate as F;
        use MessageState as S;
        let next = match (self, fate) {
            (S::Queued, F::Claimed) => S::Sending,
            (S::Queued, F::Cancelled) => S::Cancelled,
            (S::Sending, F::Returned) | (S::Failed | S::Unknown, F::Retried) => S::Queued,
            (S::Sending, F::Lost) => S::Unknown,
            (S::Queued | S::Sending | S::Unknown, F::GivenUp) => S::Failed,
            (S::Queued | S::Sending | S::Sent | S::Delivered | S::Read | S::Unknown, F::PartRefused) => {
                S::Failed
            }
            (state, F::Receipt(receipt)) => match receipt {
                Receipt::Failed => match state {
                    S::Queued | S::Sending | S::Sent | S::Unknown => S::Failed,
                    S::Delivered | S::Read | S::Failed | S::Cancelled => return None,
                },
                Receipt::Accepted if state.evidence() < S::Sent.evidence() => S::Sent,
                Receipt::Delivered if state.evidence() < S::Delivered.evidence() => S::Delivered,
                Receipt::Read if state.evidence() < S::Read.evidence() => S::Read,
                Receipt::Accepted | Receipt::Delivered | Receipt::Read => return None,
            },
            (
                S::Queued
                | S::Sending
                | S::Sent
                | S::Delivered
                | S::Read
                | S::Failed
                | S::Unknown
                | S::Cancelled,
                F::Claimed | F::Returned | F::PartRefused | F::Lost | F::GivenUp | F::Cancelled | F::Retried,
            ) => return None,
        };
        Some(next)
    }

    /// How far the network's own word has brought it; receipts never lower this.
    const fn evidence(self) -> u8 {
        match self {
            Self::Queued | Self::Sending | Self::Failed | Self::Unknown | Self::Cancelled => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
        }
    }

    /// Whether the network is known to have it.
    pub const fn is_with_network(self) -> bool {
        self.evidence() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fates() -> Vec<Fate> {
        let mut all =
            vec![Fate::Claimed, Fate::Returned, Fate::Lost, Fate::GivenUp, Fate::Cancelled, Fate::Retried];
        all.push(Fate::PartRefused);
        all.extend(Receipt::ALL.iter().map(|r| Fate::Receipt(*r)));
        all
    }

    #[test]
    fn the_usual_life_and_its_accidents() {
        use MessageState as S;
        for (path, end) in [
            (
                &[
                    Fate::Claimed,
                    Fate::Receipt(Receipt::Accepted),
                    Fate::Receipt(Receipt::Delivered),
                    Fate::Receipt(Receipt::Read),
                ][..],
                S::Read,
            ),
            (&[Fate::Claimed, Fate::Returned, Fate::Claimed, Fate::Receipt(Receipt::Accepted)], S::Sent),
            (&[Fate::Claimed, Fate::Lost, Fate::Receipt(Receipt::Delivered)], S::Delivered),
            (&[Fate::Claimed, Fate::Lost, Fate::Retried], S::Queued),
            (&[Fate::Cancelled], S::Cancelled),
            (&[Fate::Claimed, Fate::GivenUp, Fate::Retried, Fate::Claimed], S::Sending),
        ] {
            let state = path.iter().fold(S::Queued, |state, fate| state.after(*fate).expect("a legal move"));
            assert_eq!(state, end, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn receipts_only_move_a_message_forward(
            moves in prop::collection::vec(prop::sample::select(fates()), 0..40),
        ) {
            let mut state = MessageState::Queued;
            for fate in moves {
                let next = state.after(fate).unwrap_or(state);
                if state.is_with_network() && next != MessageState::Failed {
                    prop_assert!(next.evidence() >= state.evidence(), "{state} -> {next} by {fate:?}");
                }
                // What the network has, nobody sends again or takes back.
                if state.is_with_network() {
                    prop_assert!(!matches!(next, MessageState::Queued | MessageState::Sending | MessageState::Cancelled));
                }
                state = next;
            }
        }
    }
}
