//! From WhatsApp to the host: messages, receipts, and what could not be read.
//!
//! A message is acknowledged to WhatsApp only after the host has committed it. whatsapp-rust's durability hook does this:
//! it keeps the decrypted message in our store, calls [`Inbox::on_messages`], and acknowledges only when that says `Ok`.
//! Otherwise the message stays on the server, comes again at the next connection and is handed over from the store, since
//! its keys are used up; so the hook does not give up while the database is merely away. Facts: whatsapp-rust 0.7 source,
//! `message/commit_batch.rs`.
//!
//! The hook runs while the library holds the sender's lock, and its client would wait for that same lock: so nothing here
//! calls the client. What needs it (asking WhatsApp for the number behind a LID) is asked of the session's loop.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{Chat, Content, Receipt, Timestamp};
use cetar_provider::{HostError, Inbound, InboundMessage, InboundReceipt};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use wacore::types::{
    events::{self, DecryptFailMode, InboundMessage as WireMessage},
    message::{MessageCategory, MessageInfo},
};
use whatsapp_rust::{Client, InboundDurabilityHook, anyhow};

use crate::{
    convert::{self, Meaning, Place, Refused},
    polls::{Poll, Vote},
    recipients::Recipients,
    store::{SessionStore, Unreadable},
};

/// So many times in a row a message is refused while the database can be written, before it is the message's fault: some seconds.
const REFUSED_ALONE: u32 = 20;

/// Takes messages in for one session.
pub(crate) struct Inbox {
    store: Arc<SessionStore>,
    recipients: Arc<Recipients>,
    /// The account's own number.
    own: String,
    /// Messages that came and could not be read, by the chat's JID and their id.
    unread: Mutex<HashMap<(String, String), Unreadable>>,
    /// LIDs whose number should be asked for.
    ask: mpsc::UnboundedSender<String>,
    /// Messages that are being handed over. Each ends with the session, if not before.
    handing_over: TaskTracker,
}

/// A message was not handed over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// The host refused it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Our own notes could not be written.
    #[error(transparent)]
    Store(#[from] wacore::store::error::StoreError),
}

impl Inbox {
    pub(crate) fn new(
        store: Arc<SessionStore>,
        recipients: Arc<Recipients>,
        own: String,
        unread: Vec<Unreadable>,
        ask: mpsc::UnboundedSender<String>,
    ) -> Self {
        let unread =
            unread.into_iter().map(|message| ((message.jid.clone(), message.id.clone()), message)).collect();
        Self { store, recipients, own, unread: Mutex::new(unread), ask, handing_over: TaskTracker::new() }
    }

    fn unread(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Unreadable>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        self.store.note(self.store.host().emit(event).await)
    }

    fn place(&self, info: &MessageInfo) -> Option<Place> {
        convert::place(info, &self.own, &|lid| self.store.number_of(lid))
    }

    /// Hands one message over; `Ok` once it is committed, or is none that concerns anyone.
    pub(crate) async fn take(&self, message: &WireMessage) -> Result<(), NotTaken> {
        let info = &*message.info;
        let missed = convert::is_missed(&message.message);
        // What the account's own phone says to its devices is mostly machinery; of that nobody misses anything.
        if missed && info.source.is_from_me {
            return self.read_after_all(info).await;
        }
        let (mut content, reply_to) = match convert::meaning(&message.message) {
            Meaning::Says { content, reply_to } => (content, reply_to),
            Meaning::Unknown if !is_between_own_devices(info) => {
                tracing::info!(
                    "a message of a kind that is newer than this version came in; it is told as unsupported"
                );
                (Box::new(Content::Unsupported { kind: "unknown".to_owned() }), None)
            }
            Meaning::Unknown | Meaning::Noise => {
                // Of the account's own devices nothing is told that is missed.
                if !info.source.is_from_me {
                    self.store.said_nothing(&info.id);
                }
                return self.read_after_all(info).await;
            }
        };
        let Some(place) = self.place(info) else { return self.read_after_all(info).await };
        if let Some(poll) = Poll::of(&message.message, info, &content, self.store.host().now()) {
            self.store.keep_poll(&info.source.chat, &info.id, &poll).await?;
        } else if let Some(vote) = self.vote(message).await? {
            *content = vote;
        }
        self.owe_numbers(&place).await?;
        if missed {
            // Under the message's own id: a host that has the message drops this as its repeat.
            *content = Content::Unsupported { kind: "undecryptable".to_owned() };
        }
        let raw = (!missed && matches!(*content, Content::Unsupported { .. }))
            .then(|| Bytes::from(waproto::codec::message_to_vec(&message.message)))
            .filter(|raw| !raw.is_empty());
        if !place.echo && !place.from.alias {
            // Whoever writes has an account: no need to ask before answering.
            let number = place.from.text.as_str();
            self.recipients.learn(number, Some(number), self.store.host().now());
        }
        self.emit(Inbound::Message(InboundMessage {
            remote_id: info.id.clone(),
            chat: Chat::new(place.chat.text),
            from: Chat::new(place.from.text),
            from_alias: place.from.alias,
            group: place.group,
            echo: place.echo,
            sender_name: Some(info.push_name.clone()).filter(|name| !name.is_empty()),
            content: *content,
            reply_to,
            raw,
            sent_at: convert::moment(info.timestamp),
        }))
        .await?;
        self.read_after_all(info).await
    }

    /// What a message chooses in a poll; `None` if it is no vote, or in a poll that is not known.
    async fn vote(&self, message: &WireMessage) -> Result<Option<Content>, NotTaken> {
        let Some(vote) = Vote::of(&message.message) else { return Ok(None) };
        let poll = self.store.poll(&message.info.source.chat, vote.poll).await?;
        let options = poll.and_then(|poll| poll.read(&vote, &message.info));
        Ok(options.map(|options| Content::PollVote { message: vote.poll.to_owned(), options }))
    }

    /// A LID told in place of a number is a debt: noted before it is told, so that it survives a crash between the two.
    async fn owe_numbers(&self, place: &Place) -> Result<(), NotTaken> {
        for address in [&place.chat, &place.from] {
            if address.alias && !self.store.is_alias(&address.text) {
                self.store.owe_number(&address.text).await?;
                let _the_loop_has_ended = self.ask.send(address.text.clone());
            }
        }
        Ok(())
    }

    async fn read_after_all(&self, info: &MessageInfo) -> Result<(), NotTaken> {
        let key = (info.source.chat.to_string(), info.id.clone());
        let was_unread = self.unread().remove(&key).is_some();
        if was_unread {
            self.store.drop_unreadable(&key.0, &key.1).await?;
        }
        Ok(())
    }

    /// Remembers a message that could not be decrypted. whatsapp-rust asks its sender to repeat it; if nothing comes, it is
    /// told as unreadable by [`Self::tell_unreadable`].
    pub(crate) async fn could_not_read(&self, event: &events::UndecryptableMessage) -> Result<(), NotTaken> {
        // The sender's own word that nobody misses it: votes, reactions, keys.
        if matches!(event.decrypt_fail_mode, DecryptFailMode::Hide) {
            return Ok(());
        }
        let info = &*event.info;
        let Some(place) = self.place(info) else { return Ok(()) };
        self.owe_numbers(&place).await?;
        if event.unavailable_type.is_unrecoverable_fanout() {
            // WhatsApp gives it to no linked device, and the phone does not either: nothing to wait for.
            let kind = event.unavailable_type.as_str();
            let message = unreadable(info, place, self.store.host().now());
            return Ok(self.emit(unsupported(message.id.clone(), message, kind)).await?);
        }
        let message = unreadable(info, place, self.store.host().now());
        self.store.keep_unreadable(&message).await?;
        self.unread().insert((message.jid.clone(), message.id.clone()), message);
        Ok(())
    }

    /// Tells those that have waited for `patience`. The id carries a suffix: should the message itself come later, it is
    /// another one to the host, and is not dropped as a repeat.
    pub(crate) async fn tell_unreadable(&self, patience: Duration) -> Result<usize, NotTaken> {
        let now = self.store.host().now();
        let due: Vec<Unreadable> =
            self.unread().values().filter(|message| now >= message.seen_at + patience).cloned().collect();
        for message in &due {
            let remote_id = format!("{}#undecryptable", message.id);
            self.emit(unsupported(remote_id, message.clone(), "undecryptable")).await?;
            self.unread().remove(&(message.jid.clone(), message.id.clone()));
            self.store.drop_unreadable(&message.jid, &message.id).await?;
        }
        Ok(due.len())
    }

    /// Tells what became of messages of ours, if anything did.
    pub(crate) async fn receipt(&self, receipt: Option<InboundReceipt>) -> Result<(), NotTaken> {
        match receipt {
            Some(receipt) => Ok(self.emit(Inbound::Receipt(receipt)).await?),
            None => Ok(()),
        }
    }

    /// Tells the number behind an alias.
    pub(crate) async fn resolved(&self, lid: &str, number: &str) -> Result<(), NotTaken> {
        self.emit(Inbound::Resolved { alias: Chat::new(lid), number: Chat::new(number) }).await?;
        Ok(self.store.paid_number(lid).await?)
    }
}

/// Whether a message of the account is for its own devices and not for a person.
fn is_between_own_devices(info: &MessageInfo) -> bool {
    let source = &info.source;
    source.is_from_me && (info.category == MessageCategory::Peer || source.chat.user == source.sender.user)
}

/// A message whose content is not to be had.
fn unreadable(info: &MessageInfo, place: Place, seen_at: Timestamp) -> Unreadable {
    Unreadable {
        id: info.id.clone(),
        jid: info.source.chat.to_string(),
        chat: place.chat.text,
        from: place.from.text,
        from_alias: place.from.alias,
        group: place.group,
        echo: place.echo,
        name: Some(info.push_name.clone()).filter(|name| !name.is_empty()),
        sent_at: convert::moment(info.timestamp),
        seen_at,
    }
}

/// As the host is told of it: that there was one, and why nothing is known of it.
fn unsupported(remote_id: String, message: Unreadable, kind: &str) -> Inbound {
    let Unreadable { chat, from, from_alias, group, echo, name, sent_at, .. } = message;
    Inbound::Message(InboundMessage {
        remote_id,
        chat: Chat::new(chat),
        from: Chat::new(from),
        from_alias,
        group,
        echo,
        sender_name: name,
        content: Content::Unsupported { kind: kind.to_owned() },
        reply_to: None,
        raw: None,
        sent_at,
    })
}

/// What a receipt says of messages of ours.
pub(crate) fn receipt(event: &events::Receipt) -> Option<InboundReceipt> {
    let receipt = convert::receipt(&event.r#type).filter(|_| !event.source.is_from_me)?;
    let remote_ids: Vec<String> =
        event.message_ids.iter().filter(|id| convert::may_be_ours(id)).cloned().collect();
    (!remote_ids.is_empty()).then(|| InboundReceipt {
        remote_ids,
        receipt,
        failure: None,
        at: convert::moment(event.timestamp),
    })
}

/// What an acknowledgement says for which nobody waits any more. A refusal for now says nothing: the attempt counts as
/// unknown, and the next one will be told more.
pub(crate) fn late_ack(ack: &events::ServerAck, now: Timestamp) -> Option<InboundReceipt> {
    let failure = match ack.error.as_deref().map(|code| (convert::refusal(code), code)) {
        None => None,
        Some((Refused::ForGood(failure), code)) => Some((failure, Some(code.to_owned()))),
        Some((Refused::Overloaded | Refused::Unavailable, _)) => return None,
    };
    Some(InboundReceipt {
        remote_ids: vec![ack.id.clone()],
        receipt: if failure.is_some() { Receipt::Failed } else { Receipt::Accepted },
        failure,
        at: ack.timestamp.map_or(now, convert::moment),
    })
}

/// The session's hook.
pub(crate) struct TakeIn(pub(crate) Arc<Inbox>);

impl TakeIn {
    /// Hands over all of a batch, however long the database is away: whatsapp-rust would ask for what was not taken at the next
    /// connection only, which may be days away. Meanwhile nothing behind it in its chat is read. A message that alone is refused
    /// is left to that next connection, and what is behind it is handed over.
    async fn take_all(&self, batch: &[WireMessage]) -> Result<(), NotTaken> {
        let mut refused = None;
        for message in batch {
            // A batch that fails half-way comes again as a whole; the host drops what it has.
            match self.insist(message).await {
                Ok(()) => self.0.store.taken(&message.info.id),
                Err(error) if self.0.store.is_over() => return Err(error),
                Err(error) => refused = Some(error),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    async fn insist(&self, message: &WireMessage) -> Result<(), NotTaken> {
        let store = &self.0.store;
        let mut alone = 0;
        loop {
            let Err(error) = self.0.take(message).await else { return Ok(()) };
            alone = if store.can_be_written().await { alone + 1 } else { 0 };
            if alone >= REFUSED_ALONE {
                tracing::error!(%error, "a message is refused while all else is taken; WhatsApp gives it again with the next connection");
                return Err(error);
            }
            if !store.may_try_on("handing a message over", &error).await {
                return Err(error);
            }
        }
    }
}

#[async_trait]
impl InboundDurabilityHook for TakeIn {
    /// In a task of its own: whoever calls this may be a send, which is given up after a while, and whatsapp-rust gathers what is cut
    /// off here no more.
    async fn on_messages(&self, _client: Arc<Client>, batch: &[WireMessage]) -> anyhow::Result<()> {
        let (this, batch) = (Self(Arc::clone(&self.0)), batch.to_vec());
        let handing_over = async move { this.take_all(&batch).await };
        Ok(self.0.handing_over.spawn(handing_over).await??)
    }
}

/// While an account is being linked nobody takes messages in yet: they stay on the server for the session that follows.
pub(crate) struct LeaveThere;

#[async_trait]
impl InboundDurabilityHook for LeaveThere {
    async fn on_messages(&self, _client: Arc<Client>, batch: &[WireMessage]) -> anyhow::Result<()> {
        let noise = batch.iter().all(|message| convert::meaning(&message.message) == Meaning::Noise);
        if noise { Ok(()) } else { Err(anyhow::anyhow!("the account is still being linked")) }
    }
}

#[cfg(test)]
mod tests;
