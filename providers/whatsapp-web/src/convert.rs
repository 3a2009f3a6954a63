//! WhatsApp's words into ours, and ours into WhatsApp's. Pure: no client, no store, no clock.

use cetar_model::{DownReason, FailureCode, MessageId, Receipt, Timestamp};
use sha2::{Digest, Sha256};
use wacore::types::{
    events::ConnectFailureReason,
    message::{MessageInfo, MessageSource},
    presence::ReceiptType,
};
use whatsapp_rust::{Jid, wacore_binary::JidExt};

mod incoming;
mod outgoing;

pub(crate) use incoming::{Meaning, is_missed, meaning, missed};
pub(crate) use outgoing::{Answered, buttons, media, text};

/// WhatsApp's code for "no first messages to strangers for a while", its reach-out lock.
pub(crate) const REACHOUT_LOCK: &str = "463";

/// The id WhatsApp will know a message by: the same for every attempt, so that the phone drops a repeat, and of the look
/// its own web client gives its ids (`3EB0` and 18 upper-case hexadecimal digits).
pub(crate) fn remote_id(message: &MessageId) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(message.as_str().as_bytes());
    digest.iter().take(9).fold(String::from("3EB0"), |mut id, byte| {
        let _infallible = write!(id, "{byte:02X}");
        id
    })
}

/// Whether an id may be one of [`remote_id`]. Spares the database questions about acknowledgements of anything else.
pub(crate) fn may_be_ours(id: &str) -> bool {
    id.len() == 22
        && id
            .strip_prefix("3EB0")
            .is_some_and(|rest| rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')))
}

/// An address a person is known by: the number, or a LID where the number is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Digits, or a group's JID.
    pub(crate) text: String,
    /// It is a LID.
    pub(crate) alias: bool,
}

/// Where an inbound message belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The conversation.
    pub(crate) chat: Address,
    /// Who wrote it.
    pub(crate) from: Address,
    /// In a group.
    pub(crate) group: bool,
    /// Typed on the owner's phone.
    pub(crate) echo: bool,
}

/// Finds the place of a message. `None` where it is no conversation: status updates and channels, which are published,
/// not written to anyone. `number_of` is the LID table; `own` is the account's number.
pub(crate) fn place(
    info: &MessageInfo,
    own: &str,
    number_of: &impl Fn(&str) -> Option<String>,
) -> Option<Place> {
    let MessageSource { chat, sender, is_from_me, is_group, sender_alt, recipient_alt, .. } = &info.source;
    let (echo, group) = (*is_from_me, *is_group || chat.is_group());
    if chat.is_status_broadcast() || chat.is_newsletter() {
        return None;
    }
    let writer = || person(sender, [sender_alt.as_ref()], number_of);
    let from = if echo { Address { text: own.to_owned(), alias: false } } else { writer() };
    let chat = if group {
        Address { text: chat.to_non_ad_string(), alias: false }
    } else if echo {
        person(chat, [recipient_alt.as_ref(), info.peer_recipient_pn.as_ref()], number_of)
    } else {
        // Also a broadcast list: it reaches us as a message of its sender.
        from.clone()
    };
    Some(Place { chat, from, group, echo })
}

fn person<const N: usize>(
    jid: &Jid,
    alternatives: [Option<&Jid>; N],
    number_of: &impl Fn(&str) -> Option<String>,
) -> Address {
    let number = std::iter::once(jid)
        .chain(alternatives.into_iter().flatten())
        .find(|jid| jid.server.is_pn_family())
        .map(|jid| jid.user.to_string())
        .or_else(|| number_of(&jid.user));
    let alias = number.is_none() && jid.server.is_lid_family();
    Address { text: number.unwrap_or_else(|| jid.user.to_string()), alias }
}

/// The conversation of this person, or of this group, as [`place`] has it.
pub(crate) fn conversation(jid: &Jid, number_of: &impl Fn(&str) -> Option<String>) -> String {
    if jid.is_group() { jid.to_non_ad_string() } else { person(jid, [], number_of).text }
}

/// A moment of WhatsApp's clock.
pub(crate) fn moment(at: whatsapp_rust::chrono::DateTime<whatsapp_rust::chrono::Utc>) -> Timestamp {
    Timestamp::from_micros(at.timestamp_micros())
}

/// What a receipt says of messages of ours; `None` where it says nothing (a receipt between devices, a retry, a viewer's
/// own other phone). "Played" is a voice note listened to, which is more than read. "Inactive" comes from a device in the
/// background and draws no tick on the sender's phone, so it is none for us either.
pub(crate) fn receipt(kind: &ReceiptType) -> Option<Receipt> {
    match kind {
        ReceiptType::Delivered => Some(Receipt::Delivered),
        ReceiptType::Read | ReceiptType::Played => Some(Receipt::Read),
        // The library's list is open; what it does not name yet says nothing to us either.
        _ => None,
    }
}

/// What a refusal in an acknowledgement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The same message will be refused again.
    ForGood(FailureCode),
    /// Too much at once: later.
    Overloaded,
    /// WhatsApp cannot take it now.
    Unavailable,
}

/// Reads the `error` of an acknowledgement. 429 and 503 are what they are in HTTP, and the message was not taken.
pub(crate) fn refusal(code: &str) -> Refused {
    match code {
        REACHOUT_LOCK => Refused::ForGood(FailureCode::AccountRestricted),
        "429" => Refused::Overloaded,
        "503" => Refused::Unavailable,
        _ => Refused::ForGood(FailureCode::RejectedByNetwork),
    }
}

/// Why WhatsApp closed the door at login. `None`: nothing that a person could mend; a later attempt may do.
pub(crate) fn closed_door(reason: ConnectFailureReason) -> Option<DownReason> {
    use ConnectFailureReason as R;
    match reason {
        R::LoggedOut | R::UnknownLogout => Some(DownReason::LoggedOut),
        R::AccountLocked | R::TempBanned => Some(DownReason::Banned),
        R::ClientOutdated => Some(DownReason::VersionOutdated),
        R::Generic
        | R::BadUserAgent
        | R::CatExpired
        | R::CatInvalid
        | R::NotFound
        | R::ClientUnknown
        | R::InternalServerError
        | R::Experimental
        | R::ServiceUnavailable
        | R::Unknown(_) => None,
    }
}

/// Where to send: a group's JID as it is, a LID we told as an alias, else a phone number.
pub(crate) fn recipient(address: &str, is_alias: bool) -> Option<Jid> {
    if address.contains('@') {
        return address.parse::<Jid>().ok().filter(Jid::is_group);
    }
    let digits = !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| if is_alias { Jid::lid(address) } else { Jid::pn(address) })
}

#[cfg(test)]
mod tests;
