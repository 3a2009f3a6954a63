//! What this crate itself remembers of a session, beside whatsapp-rust's tables.

use bytes::Bytes;
use cetar_model::Timestamp;
use serde::{Deserialize, Serialize};
use wacore::store::error::Result;
use whatsapp_rust::Jid;

use crate::polls::{self, Poll};

use super::{ONLY, SessionStore, collection as c, lock, rows};

/// WhatsApp refused a first message to a stranger (463).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// When it last did.
    pub(crate) at: Timestamp,
    /// Until when, if WhatsApp said.
    pub(crate) until: Option<Timestamp>,
    /// The chats it refused: the strangers by definition.
    pub(crate) chats: Vec<String>,
}

/// A message that came and could not be decrypted. Kept until the sender's repeat is read, or it is told as unreadable.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unreadable {
    /// Its id.
    pub(crate) id: String,
    /// The chat as whatsapp-rust names it.
    pub(crate) jid: String,
    /// The conversation, as we tell it.
    pub(crate) chat: String,
    /// Who wrote it.
    pub(crate) from: String,
    /// `from` is a LID.
    pub(crate) from_alias: bool,
    /// In a group.
    pub(crate) group: bool,
    /// Typed on the owner's phone.
    pub(crate) echo: bool,
    /// The sender's name.
    pub(crate) name: Option<String>,
    /// When it was sent.
    pub(crate) sent_at: Timestamp,
    /// When it came.
    pub(crate) seen_at: Timestamp,
}

impl SessionStore {
    /// The number behind a LID, if it is known.
    pub(crate) fn number_of(&self, lid: &str) -> Option<String> {
        lock(&self.numbers).get(lid).cloned()
    }

    /// Whether this address was told as an alias, so that it is a LID and not a number.
    pub(crate) fn is_alias(&self, address: &str) -> bool {
        lock(&self.aliases).contains(address)
    }

    /// Remembers that a LID was told in place of a number, so that the number is told when it turns up.
    pub(crate) async fn owe_number(&self, lid: &str) -> Result<()> {
        if self.is_alias(lid) {
            return Ok(());
        }
        self.put(c::ALIAS, lid.as_bytes(), Bytes::new()).await?;
        lock(&self.aliases).insert(lid.to_owned());
        // It may have turned up between the look-up and this note.
        if let Some(number) = self.number_of(lid) {
            let _told_later = self.resolved.send((lid.to_owned(), number));
        }
        Ok(())
    }

    /// The number was told. The address stays an alias for this process: a reply may still be on its way to it.
    pub(crate) async fn paid_number(&self, lid: &str) -> Result<()> {
        self.delete(c::ALIAS, lid.as_bytes()).await
    }

    fn unreadable_key(jid: &str, id: &str) -> Vec<u8> {
        rows::key(&[jid.as_bytes(), id.as_bytes()])
    }

    /// Keeps a message that could not be read.
    pub(crate) async fn keep_unreadable(&self, message: &Unreadable) -> Result<()> {
        self.put(c::UNREADABLE, &Self::unreadable_key(&message.jid, &message.id), rows::json(message)?).await
    }

    /// Forgets it: it was read after all, or told.
    pub(crate) async fn drop_unreadable(&self, jid: &str, id: &str) -> Result<()> {
        self.delete(c::UNREADABLE, &Self::unreadable_key(jid, id)).await
    }

    /// Those still unread.
    pub(crate) async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        self.all(c::UNREADABLE).await?.iter().map(|(_, row)| rows::from_json(row)).collect()
    }

    /// One person's chat may be named by number or by LID: the number, where it is known.
    fn poll_key(&self, chat: &Jid, id: &str) -> Vec<u8> {
        let number = chat.server.is_lid_family().then(|| self.number_of(&chat.user)).flatten();
        rows::key(&[number.as_deref().unwrap_or(&chat.user).as_bytes(), id.as_bytes()])
    }

    /// Remembers a poll, and forgets those that are too old.
    pub(crate) async fn keep_poll(&self, chat: &Jid, id: &str, poll: &Poll) -> Result<()> {
        self.put(c::POLL, &self.poll_key(chat, id), rows::json(poll)?).await?;
        let stale = |row: &[u8]| rows::from_json(row).is_ok_and(|old: Poll| poll.at >= old.at + polls::KEPT);
        self.sweep(c::POLL, stale).await.map(drop)
    }

    /// A poll that is remembered.
    pub(crate) async fn poll(&self, chat: &Jid, id: &str) -> Result<Option<Poll>> {
        self.get(c::POLL, &self.poll_key(chat, id)).await?.map(|row| rows::from_json(&row)).transpose()
    }

    /// The restriction in force when the last process ended.
    pub(crate) async fn refusal(&self) -> Result<Option<Refusal>> {
        self.get(c::NOTE, ONLY).await?.map(|row| rows::from_json(&row)).transpose()
    }

    /// Remembers a restriction, or that there is none any more.
    pub(crate) async fn set_refusal(&self, refusal: Option<&Refusal>) -> Result<()> {
        match refusal {
            Some(refusal) => self.put(c::NOTE, ONLY, rows::json(refusal)?).await,
            None => self.delete(c::NOTE, ONLY).await,
        }
    }
}
