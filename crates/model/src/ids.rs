//! Prefixed, time-ordered identifiers: `msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50`.
//!
//! The body is a UUIDv7 in 32 lower-case hexadecimal digits, so ids sort by creation, and those made by
//! one process sort strictly: the order of a chat leans on that.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Timestamp;

/// Makes ids. Randomness and time come in; within one source each id is greater than the one before.
pub struct IdSource {
    fill: fn(&mut [u8]),
    last: Mutex<u128>,
}

impl IdSource {
    /// `fill` supplies randomness: the operating system's in production, a seeded one in tests.
    pub const fn new(fill: fn(&mut [u8])) -> Self {
        Self { fill, last: Mutex::new(0) }
    }

    /// A new id of the wanted kind.
    pub fn make<I: From<uuid::Uuid>>(&self, now: Timestamp) -> I {
        I::from(self.uuid(now))
    }

    /// Fresh random bytes from the same source, for secrets.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes);
        bytes
    }

    fn uuid(&self, now: Timestamp) -> uuid::Uuid {
        let random: [u8; 10] = self.random();
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let fresh = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Same millisecond, or a clock that stepped back: count on from the last id, keeping version and variant.
        *last = if fresh > *last { fresh } else { successor(*last) };
        uuid::Uuid::from_u128(*last)
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSource")
    }
}

/// The next valid UUIDv7: time (48 bits), `rand_a` (12) and `rand_b` (62) count as one number around version and variant.
const fn successor(id: u128) -> u128 {
    const RAND_B: u128 = (1 << 62) - 1;
    const RAND_A: u128 = 0xfff << 64;
    const VERSION_AND_VARIANT: u128 = (7 << 76) | (0b10 << 62);
    if id & RAND_B != RAND_B {
        id + 1
    } else if id & RAND_A != RAND_A {
        (id & !RAND_B) + (1 << 64)
    } else {
        (((id >> 80) + 1) << 80) | VERSION_AND_VARIANT
    }
}

/// The text is not an id of the kind wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_…")]
pub struct IdError {
    /// The prefix that was wanted, without the underscore.
    pub prefix: &'static str,
    /// What was given, at most 80 characters of it.
    pub text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// What every id of this kind begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// What no id of this kind made at `at` or later is less than: a span of ids is a span of time, to the millisecond.
            pub fn not_before(at: $crate::Timestamp) -> String {
                format!(concat!($prefix, "_{:012x}"), at.as_millis().max(0))
            }

            /// The id as text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(uuid: uuid::Uuid) -> Self {
                Self(format!(concat!($prefix, "_{}"), uuid.simple()).into())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let body = text.strip_prefix(concat!($prefix, "_"));
                match body {
                    Some(body) if is_body(body) => Ok(Self(text.into())),
                    _ => Err(IdError { prefix: $prefix, text: text.chars().take(80).collect() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// 32 hexadecimal digits; nothing else ever left [`IdSource`].
fn is_body(body: &str) -> bool {
    body.len() == 32 && body.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

ids! {
    /// A tenant.
    WorkspaceId = "ws";
    /// A linked account on one network; the contract's `session_id`.
    DeviceId = "dev";
    /// An API key (not the secret itself).
    ApiKeyId = "key";
    /// A message, sent or received.
    MessageId = "msg";
    /// The work of sending one message; what a send answers with.
    JobId = "job";
    /// A thing that happened, as told to webhooks.
    EventId = "evt";
    /// A webhook endpoint.
    EndpointId = "wh";
    /// One event on its way to one endpoint.
    DeliveryId = "dlv";
    /// A chat on one device.
    ConversationId = "cnv";
    /// A person or group on one channel.
    ContactId = "ctc";
    /// A picture, film, sound or file kept by us.
    MediaId = "med";
    /// A dashboard account.
    UserId = "usr";
    /// A line of the audit log.
    AuditId = "aud";
    /// A range of addresses on a workspace's block list.
    BlockId = "blk";
    /// What a colleague noted beside a conversation.
    NoteId = "nte";
    /// One process's data directory; holds leases.
    NodeId = "node";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> IdSource {
        IdSource::new(|bytes| bytes.fill(0xff))
    }

    #[test]
    fn ids_of_one_source_ascend_even_within_a_microsecond_and_when_the_clock_steps_back() {
        let ids = source();
        let made: Vec<JobId> =
            [5_000, 5_000, 5_000, 1_000, 6_000].map(|ms| ids.make(Timestamp::from_micros(ms * 1_000))).into();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    }

    #[test]
    fn an_id_reads_back_and_another_kind_of_id_does_not() {
        let id: MessageId = source().make(Timestamp::from_secs(1_700_000_000));
        assert_eq!(id.as_str().parse::<MessageId>().as_ref(), Ok(&id));
        assert!(id.as_str().parse::<JobId>().is_err());
        for wrong in
            ["", "msg_", "msg_XYZ", "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f5", "0199c3a0b6f47c3e9d3a5b1c2d3e4f50"]
        {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_span_of_ids_is_a_span_of_time() {
        let (ids, at) = (source(), |ms: i64| Timestamp::from_micros(ms * 1_000));
        let made: [JobId; 3] = [1_699_999, 1_700_000, 1_700_001].map(|ms| ids.make(at(ms)));
        let from = JobId::not_before(at(1_700_000));
        assert_eq!(made.map(|id| id.as_str() >= from.as_str()), [false, true, true]);
    }

    #[test]
    fn every_id_stays_a_valid_version_7_uuid() {
        let ids = source();
        for _ in 0..100 {
            let uuid = ids.uuid(Timestamp::from_secs(1));
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
        }
    }
}
