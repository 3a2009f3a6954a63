//! What happened, in order: the record tests wait on and assert against.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::noise::NoisePattern;

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Counts from 0 without gaps.
    pub number: usize,
    /// When, by the clock of this machine.
    pub at: SystemTime,
    /// What.
    pub event: Event,
}

/// What can happen. Devices are written as JIDs, e.g. `6281100000001:1@s.whatsapp.net`; people as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A socket finished the Noise handshake.
    Connected {
        /// The socket, counted from 1.
        connection: u64,
        /// How it authenticated.
        pattern: NoisePattern,
    },
    /// A socket was turned away before or at the handshake.
    ConnectionRefused {
        /// Why.
        reason: String,
    },
    /// A socket is gone.
    Disconnected {
        /// The socket.
        connection: u64,
        /// The device that was logged in on it.
        device: Option<String>,
        /// Why.
        reason: String,
    },
    /// An unregistered client was offered QR codes.
    CodesOffered {
        /// The socket.
        connection: u64,
    },
    /// A client asked for a link code for this number.
    LinkCodeRequested {
        /// The number whose phone has to enter it.
        number: String,
    },
    /// The owner's account asks for a passkey before it links a device.
    PasskeyRequested {
        /// The number.
        number: String,
    },
    /// A device was linked: its `pair-device-sign` was verified.
    Linked {
        /// The new device.
        device: String,
    },
    /// `<success>` was sent.
    LoggedIn {
        /// The device.
        device: String,
    },
    /// `<failure>` was sent.
    LoginRefused {
        /// The device as claimed.
        device: String,
        /// The code in `reason`.
        code: u16,
    },
    /// A second login threw the first one out.
    Replaced {
        /// The device.
        device: String,
    },
    /// A device is linked no more.
    LoggedOut {
        /// The device.
        device: String,
        /// Whether its own client asked for it.
        by_client: bool,
    },
    /// One-time prekeys arrived.
    PreKeysUploaded {
        /// The device.
        device: String,
        /// How many.
        count: usize,
    },
    /// The client left passive mode and gets what waited for it.
    Active {
        /// The device.
        device: String,
        /// How many stanzas waited.
        waiting: usize,
    },
    /// An IQ arrived.
    Iq {
        /// Who asked.
        device: String,
        /// Its namespace.
        namespace: String,
        /// The tag of its first child, empty for none.
        child: String,
    },
    /// A message stanza arrived and was looked at.
    MessageReceived {
        /// Its id.
        id: String,
        /// The sending device.
        from: String,
        /// The number it is for.
        to: String,
    },
    /// A person's phone decrypted a message it had not seen.
    MessageRead {
        /// Its id.
        id: String,
        /// Whose phone.
        by: String,
    },
    /// A person's phone decrypted a message whose id it had seen, and dropped it.
    DuplicateDropped {
        /// Its id.
        id: String,
        /// Whose phone.
        by: String,
    },
    /// `<ack class="message">` was sent.
    AckSent {
        /// The message.
        id: String,
        /// The sending device.
        to: String,
        /// The code, if it is a refusal.
        error: Option<u16>,
    },
    /// A fault withheld the `<ack>`.
    AckWithheld {
        /// The message.
        id: String,
    },
    /// A stanza for a device was written to its socket.
    Delivered {
        /// Its id.
        id: String,
        /// `message`, `receipt` or `notification`.
        class: String,
        /// The device.
        to: String,
    },
    /// A client acknowledged a stanza, which leaves the queue of its device.
    Acknowledged {
        /// Its id.
        id: String,
        /// `message`, `receipt` or `notification`.
        class: String,
        /// The device.
        by: String,
    },
    /// A client sent a receipt.
    ReceiptReceived {
        /// The message it is for.
        id: String,
        /// The sending device.
        from: String,
        /// The number it is for, empty for the device's own account.
        to: String,
        /// Its `type`, `delivery` for none.
        kind: String,
    },
    /// A person's phone sent a receipt.
    ReceiptSent {
        /// The message it is for.
        id: String,
        /// Whose phone.
        from: String,
        /// `delivery`, `read` or `retry`.
        kind: String,
    },
    /// A client brought a medium to the media servers.
    MediaUploaded {
        /// `image`, `video`, `audio` or `document`.
        kind: String,
        /// Bytes of ciphertext.
        size: usize,
    },
    /// A client showed whether its user is typing.
    ChatState {
        /// The device.
        from: String,
        /// The chat.
        to: String,
        /// `composing` or `paused`.
        state: String,
    },
    /// A client published its presence.
    Presence {
        /// The device.
        from: String,
        /// `available`, `unavailable` or `subscribe`.
        kind: String,
    },
    /// A scripted fault took effect.
    Fault {
        /// Which.
        fault: &'static str,
    },
    /// The client did something the real server refuses, or something that cannot be read.
    Violation(Violation),
}

/// A rule of the protocol that a client broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Who broke it: a device, or a socket before login.
    pub by: String,
    /// What exactly.
    pub detail: String,
}

/// The rules that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The handshake or a frame did not authenticate.
    Noise,
    /// A frame that is no stanza, or a stanza that lacks what it must have.
    Stanza,
    /// A login as a device that is not linked, or with another Noise key than the one that was linked.
    Login,
    /// Registration data with a bad signature or a missing part.
    Registration,
    /// A link that does not verify: bad device signature, wrong key index, wrong key bundle.
    Linking,
    /// A stanza that needs a login, without one.
    NotLoggedIn,
    /// A prekey upload that contradicts the registration, is badly signed, or offers a key again.
    PreKeys,
    /// A message for somebody who is not on WhatsApp.
    UnknownRecipient,
    /// A message in an addressing the account may not use, or in two at once.
    Addressing,
    /// A message that leaves out, or makes up, a device.
    DeviceList,
    /// A `pkmsg` without the proof that the device belongs to the account, or with a bad one.
    DeviceIdentity,
    /// A phone could not decrypt.
    Undecryptable,
    /// An upload that is not what it says.
    Media,
    /// An acknowledgement that does not say what it must.
    Acknowledgement,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} by {}: {}", self.rule, self.by, self.detail)
    }
}

#[derive(Default)]
pub(crate) struct Log(Vec<LogEntry>);

impl Log {
    pub(crate) fn push(&mut self, event: Event) {
        self.0.push(LogEntry { number: self.0.len(), at: now(), event });
    }

    pub(crate) fn entries(&self) -> &[LogEntry] {
        &self.0
    }
}

/// The wall clock, as the client's own library reads it.
pub(crate) fn now() -> SystemTime {
    let millis = u64::try_from(wacore::time::now_millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
