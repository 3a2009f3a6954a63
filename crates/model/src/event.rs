//! What webhooks are told, in the contract's JSON shapes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Channel, ConversationId, DeviceId, DeviceState, DownReason, EndpointId, FailureCode, JobId, MessageId,
    MessageState, NextAction, ReceivedData, UnknownWord, UserId, channel::words,
};

words! {
    /// The `event` of a webhook.
    pub enum EventType {
        /// Someone wrote to us.
        MessageReceived = "message.received",
        /// The network took a message.
        MessageSent = "message.sent",
        /// It reached the phone.
        MessageDelivered = "message.delivered",
        /// It was opened.
        MessageRead = "message.read",
        /// It failed.
        MessageFailed = "message.failed",
        /// It may have been sent.
        MessageUnknown = "message.unknown",
        /// The owner typed it on their own phone.
        MessageEcho = "message.echo",
        /// Something else that Meta told, such as a status or a template's review, as it came.
        MetaChange = "meta.change",
        /// Somebody wants no messages of a device any more: they blocked it, or a group put it out.
        ContactBlocked = "contact.blocked",
        /// They want them again.
        ContactUnblocked = "contact.unblocked",
        /// The network told late whose number an alias is, so who wrote under it was this person; or that somebody has another address.
        ContactResolved = "contact.resolved",
        /// A device changed its state.
        SessionState = "session.state",
        /// An endpoint was switched off after failing for days.
        EndpointDisabled = "endpoint.disabled",
        /// Somebody asked for a test of an endpoint; goes to that one, whatever it subscribes to.
        EndpointTest = "endpoint.test",
        /// A colleague read, gave away, resolved, opened or noted something; in the stream alone, webhooks are not told.
        ConversationUpdated = "conversation.updated",
    }
}

impl EventType {
    /// The event that tells of a message having come to `state`, if one does.
    pub const fn of_state(state: MessageState) -> Option<Self> {
        match state {
            MessageState::Sent => Some(Self::MessageSent),
            MessageState::Delivered => Some(Self::MessageDelivered),
            MessageState::Read => Some(Self::MessageRead),
            MessageState::Failed => Some(Self::MessageFailed),
            MessageState::Unknown => Some(Self::MessageUnknown),
            MessageState::Queued | MessageState::Sending | MessageState::Cancelled => None,
        }
    }
}

/// The body of a webhook: the document's members first, in its order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub event: EventType,
    /// On which channel.
    pub channel: Option<Channel>,
    /// On which device.
    pub session_id: Option<DeviceId>,
    /// The particulars.
    pub data: EventData,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({})", self.event)
    }
}

/// The particulars of an event; which form follows from the event's name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventData {
    /// `message.received` and `message.echo`.
    Received(Box<ReceivedData>),
    /// `message.sent | delivered | read | failed | unknown`.
    Status(StatusData),
    /// `contact.resolved`.
    Resolved(ContactResolvedData),
    /// `session.state`.
    Session(SessionStateData),
    /// What Meta told of an official WhatsApp number (`message.received`, `message.echo`, `meta.change`): webhooks get this text as
    /// their whole body, byte for byte.
    Forwarded {
        /// Meta's JSON, as it came.
        forwarded: String,
    },
    /// `endpoint.disabled`.
    Endpoint {
        /// Which endpoint.
        endpoint_id: EndpointId,
        /// Where it points.
        url: String,
        /// Why it was switched off: `gone` (it answered 410), `failing` (for five days), `unreadable` (its secret cannot be read).
        reason: String,
    },
    /// `contact.blocked` and `contact.unblocked`.
    Contact(ContactData),
    /// `conversation.updated`.
    Conversation {
        /// Which conversation.
        conversation_id: ConversationId,
        /// The other side.
        chat: String,
        /// Messages that came in since somebody looked.
        unread: u32,
        /// A person said that it is done.
        resolved: bool,
        /// Who looks after it.
        assigned_to: Option<UserId>,
        /// When, Unix seconds.
        timestamp: i64,
    },
    /// `endpoint.test`.
    Test {
        /// Which endpoint.
        endpoint_id: EndpointId,
        /// When it was asked for, Unix seconds.
        timestamp: i64,
    },
}

/// `data` of the status events.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusData {
    /// Which message.
    pub message_id: MessageId,
    /// The job its send answered with.
    pub job_id: JobId,
    /// The application's own reference, as given with the send.
    pub client_ref: Option<String>,
    /// The recipient.
    pub to: String,
    /// Its state now.
    pub status: MessageState,
    /// When, Unix seconds.
    pub timestamp: i64,
    /// What went wrong, if something did.
    pub error: Option<MessageError>,
    /// The message's position in its conversation, as in [`ReceivedData::sequence`].
    pub sequence: i64,
}

/// `data` of `contact.blocked` and `contact.unblocked`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactData {
    /// The chat, as `to` of a send names it.
    pub to: String,
    /// It is a group.
    pub group: bool,
    /// When, Unix seconds.
    pub timestamp: i64,
}

/// What went wrong with a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageError {
    /// Our code.
    pub code: FailureCode,
    /// What it means and what to do.
    pub message: String,
    /// The network's own code.
    pub provider_code: Option<String>,
}

/// `data` of `contact.resolved`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactResolvedData {
    /// The alias that stood in `from`, with `from_lid`, so far; or the address somebody had.
    pub lid: String,
    /// The number it belongs to, or the address they have, which stands there from now on.
    pub phone: String,
    /// When, Unix seconds.
    pub timestamp: i64,
}

/// `data` of `session.state`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStateData {
    /// The state.
    pub state: DeviceState,
    /// Why.
    pub reason: Option<DownReason>,
    /// What a person should do.
    pub next_action: Option<NextAction>,
    /// The same in words.
    pub message: Option<String>,
    /// When a restriction ends, Unix seconds.
    pub until: Option<i64>,
    /// When the token ends, if its network says so, Unix seconds.
    pub credentials_expire_at: Option<i64>,
    /// When the network last sent us anything, Unix seconds.
    pub last_frame_at: Option<i64>,
    /// When, Unix seconds.
    pub timestamp: i64,
}

/// Which events an endpoint wants: a name, or a wildcard such as `message.*` or `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subscription(String);

impl Subscription {
    /// Whether it covers this event.
    pub fn covers(&self, event: EventType) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => event.as_str().starts_with(prefix),
            None => self.0 == event.as_str(),
        }
    }

    /// The names it covers lie between these two, both included, byte by byte: for an index that is sorted by name.
    pub fn span(&self) -> (String, String) {
        match self.0.strip_suffix('*') {
            // Greater than any character of a name.
            Some(prefix) => (prefix.to_owned(), format!("{prefix}~")),
            None => (self.0.clone(), self.0.clone()),
        }
    }
}

impl FromStr for Subscription {
    type Err = UnknownWord;
    /// A pattern that covers no event at all is a mistake.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let wildcard = text == "*" || text.ends_with(".*");
        let subscription = Self(text.to_owned());
        let known = EventType::ALL.iter().any(|event| subscription.covers(*event));
        if known && (wildcard || !text.contains('*')) {
            Ok(subscription)
        } else {
            Err(UnknownWord(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Subscription {
    type Error = UnknownWord;
    fn try_from(text: String) -> Result<Self, UnknownWord> {
        text.parse()
    }
}

impl From<Subscription> for String {
    fn from(subscription: Subscription) -> Self {
        subscription.0
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_a_name_or_a_wildcard_that_covers_something() {
        let covers = |pattern: &str, event| pattern.parse::<Subscription>().expect(pattern).covers(event);
        assert!(covers("message.received", EventType::MessageReceived));
        assert!(!covers("message.received", EventType::MessageRead));
        assert!(covers("message.*", EventType::MessageEcho));
        assert!(!covers("message.*", EventType::SessionState));
        assert!(covers("*", EventType::EndpointDisabled));
        for wrong in ["", "message", "message.", "message.gone", "mess*", "*.received", "order.*", "**"] {
            assert!(wrong.parse::<Subscription>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_names_a_subscription_covers_are_those_within_its_span() {
        for pattern in ["message.received", "message.*", "session.*", "*"] {
            let subscription: Subscription = pattern.parse().expect(pattern);
            let (low, high) = subscription.span();
            for event in EventType::ALL {
                let within = (low.as_str()..=high.as_str()).contains(&event.as_str());
                assert_eq!(within, subscription.covers(*event), "{pattern} {event}");
            }
        }
    }
}
