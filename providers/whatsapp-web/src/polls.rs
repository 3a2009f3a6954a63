//! What was chosen in a poll.
//!
//! A vote names its choices by hash, sealed under a secret that only the poll itself carried: so polls are remembered, and votes
//! read by what is remembered. Facts: whatsapp-rust 0.7, `wacore/poll.rs`. A vote in a poll that is not known (older than the link, or
//! than [`KEPT`]) stays unread.

use std::time::Duration;

use cetar_model::{Content, Timestamp};
use serde::{Deserialize, Serialize};
use wacore::{
    poll::{PollVoteCiphertext, compute_option_hash, decrypt_poll_vote_with_secret},
    types::message::MessageInfo,
};
use waproto::whatsapp::Message;
use whatsapp_rust::Jid;

/// How long a poll is remembered. WhatsApp sets votes no end; its own clients' library keeps the secrets of polls as long.
pub(crate) const KEPT: Duration = Duration::from_hours(90 * 24);

/// A poll, as it is remembered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Poll {
    /// The JIDs of who made it: both addressings, where both are known.
    creators: Vec<String>,
    secret: Vec<u8>,
    options: Vec<String>,
    /// When it came.
    pub(crate) at: Timestamp,
}

impl Poll {
    /// What to remember of a message; `None` if it is no poll in which votes could be read.
    pub(crate) fn of(
        message: &Message,
        info: &MessageInfo,
        content: &Content,
        at: Timestamp,
    ) -> Option<Self> {
        let Content::Poll { options, .. } = content else { return None };
        let secret = message.message_context_info.as_option()?.message_secret.clone()?;
        Some(Self { creators: addresses(info), secret, options: options.clone(), at })
    }

    /// What the voter chose, in the order of the poll; `None` if the vote was not sealed for it. A choice that was added to the
    /// poll later is not among what is remembered, and left out.
    pub(crate) fn read(&self, vote: &Vote<'_>, info: &MessageInfo) -> Option<Vec<String>> {
        let sealed = PollVoteCiphertext { enc_payload: vote.payload, enc_iv: vote.iv };
        let voters = addresses(info);
        let chosen = self.creators.iter().find_map(|creator| {
            voters.iter().find_map(|voter| {
                decrypt_poll_vote_with_secret(sealed, &self.secret, vote.poll, creator, voter).ok()
            })
        })?;
        let was_chosen = |option: &&String| {
            let hash = compute_option_hash(option);
            chosen.iter().any(|chosen| chosen.as_slice() == hash.as_slice())
        };
        Some(self.options.iter().filter(was_chosen).cloned().collect())
    }
}

/// The JIDs of a message's writer, without the device.
fn addresses(info: &MessageInfo) -> Vec<String> {
    let source = &info.source;
    std::iter::once(&source.sender).chain(&source.sender_alt).map(Jid::to_non_ad_string).collect()
}

/// A vote, sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vote<'a> {
    /// WhatsApp's id of the poll.
    pub(crate) poll: &'a str,
    payload: &'a [u8],
    iv: &'a [u8],
}

impl<'a> Vote<'a> {
    /// The vote that a message is; `None` if it is none, or lacks a part.
    pub(crate) fn of(message: &'a Message) -> Option<Self> {
        let update = message.poll_update_message.as_option()?;
        let sealed = update.vote.as_option()?;
        Some(Self {
            poll: update.poll_creation_message_key.as_option()?.id.as_deref()?,
            payload: sealed.enc_payload.as_deref()?,
            iv: sealed.enc_iv.as_deref()?,
        })
    }
}
