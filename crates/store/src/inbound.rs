//! What comes in.

use cetar_model::{
    Channel, Content, Direction, Event, EventData, EventType, MessageState, ReceivedData, Timestamp,
    WorkspaceId,
};

use crate::{
    NewInbound, Result, Store, StoreError,
    db::{Tx, execute, fetch_optional, json, plain, read},
    events::{self, NewEvent},
    leases, media, reachable,
    statement::statements,
};

statements! {
    DEVICE = "SELECT workspace, channel FROM devices WHERE id = $1";
    RECEIVED = "INSERT INTO received (device, chat, remote_id, received_at) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (device, chat, remote_id) DO NOTHING";
    // Ours, or one that came in before. Two branches, so that each has its index.
    KNOWN_AS = "SELECT m.id FROM messages m WHERE m.device = $1 AND m.remote_id = $2 AND m.direction = 'out' \
                UNION ALL \
                SELECT m.id FROM messages m WHERE m.device = $1 AND m.remote_id = $2 AND m.direction <> 'out' LIMIT 1";
    // What we sent ourselves is no echo, however it comes back.
    OURS = "SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation \
            WHERE m.device = $1 AND m.remote_id = $2 AND m.direction = 'out' AND c.chat = $3 LIMIT 1";
    // An echo is the owner's own: whoever answers on the phone has read what came.
    CONVERSATION = "INSERT INTO conversations \
                      (id, workspace, device, channel, chat, is_group, last_sequence, last_message_at, created_at, unread, inbound_at) \
                    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $8, $9) \
                    ON CONFLICT (device, chat) DO UPDATE SET last_sequence = conversations.last_sequence + 1, \
                      last_message_at = excluded.last_message_at, is_group = excluded.is_group, \
                      unread = CASE WHEN $10 THEN 0 ELSE conversations.unread + excluded.unread END, \
                      resolved_at = CASE WHEN excluded.unread > 0 THEN NULL ELSE conversations.resolved_at END, \
                      inbound_at = CASE WHEN conversations.inbound_at > excluded.inbound_at THEN conversations.inbound_at \
                                        ELSE COALESCE(excluded.inbound_at, conversations.inbound_at) END \
                    RETURNING id, last_sequence, unreachable_since";
    CONTACT = "INSERT INTO contacts (id, workspace, channel, address, name, is_alias, created_at, seen_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (workspace, channel, address) DO UPDATE SET \
                 name = COALESCE(excluded.name, contacts.name), seen_at = COALESCE(excluded.seen_at, contacts.seen_at)";
    MESSAGE = "INSERT INTO messages (id, workspace, device, channel, conversation, sequence, direction, sender, \
                 sender_is_alias, content, raw, state, state_at, remote_id, sent_at, reply_to, created_at, media) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $13, $17)";
}

impl Store {
    /// Message, contact, conversation, event and deliveries in one transaction; false if it was there already, which changes
    /// nothing. `LeaseLost` if the device is not held under this lease.
    ///
    /// A message that came in is stored as `delivered`, an echo as `sent`: that much is known of them.
    pub async fn take_in(&self, inbound: NewInbound) -> Result<bool> {
        self.write(inbound, |tx, inbound| Box::pin(take_in(tx, inbound))).await
    }
}

async fn take_in(tx: &mut Tx, new: &NewInbound) -> Result<bool> {
    if let Some(lease) = new.lease {
        leases::fence(tx, &new.device, lease).await?;
    }
    put(tx, new, true).await
}

/// Whether this is the first we hear of it; from now on it is known.
pub(crate) async fn first_time(
    tx: &mut Tx,
    device: &str,
    chat: &str,
    remote_id: &str,
    now: Timestamp,
) -> Result<bool> {
    Ok(execute!(tx, RECEIVED, device, chat, remote_id, now.as_micros())? > 0)
}

/// Stores a message that came in, and, where `tells`, the event of it; false if it was there already.
pub(crate) async fn put(tx: &mut Tx, new: &NewInbound, tells: bool) -> Result<bool> {
    let device = new.device.as_str();
    let (workspace, channel) =
        fetch_optional!(tx, (String, String), DEVICE, device)?.ok_or(StoreError::LeaseLost)?;
    let workspace: WorkspaceId = read(&workspace, "devices", "workspace", device)?;
    let channel: Channel = read(&channel, "devices", "channel", device)?;

    let (chat, remote_id, now) = (new.chat.as_str(), plain(&new.remote_id), new.now.as_micros());
    if new.echo && fetch_optional!(tx, (String,), OURS, device, &*remote_id, chat)?.is_some() {
        return Ok(false);
    }
    if !first_time(tx, device, chat, &remote_id, new.now).await? {
        return Ok(false);
    }

    let conversation = fetch_optional!(
        tx,
        (String, i64, Option<i64>),
        CONVERSATION,
        new.conversation.as_str(),
        workspace.as_str(),
        device,
        channel.as_str(),
        chat,
        new.group,
        now,
        i64::from(!new.echo && is_news(&new.content)),
        // When it was written, not when it came: a network's time for answers runs from there. No clock of theirs is ahead of ours.
        (!new.echo && !new.content.is_notice()).then_some(now.min(new.sent_at.as_micros())),
        new.echo,
    )?;
    let (conversation, sequence, unreachable_since) =
        conversation.ok_or_else(|| StoreError::internal("a conversation was not returned"))?;
    // Whoever writes has taken the account back. In a group that puts it out, or silences it, others go on writing.
    if unreachable_since.is_some() && !new.echo && !new.group {
        reachable::note(tx, &new.device, &new.chat, true, new.now, new.now).await?;
    }

    // The contact is the other side: of an echo that is the chat, whose own name we do not learn from it.
    let (address, name, seen) = if new.echo {
        (chat, None, None)
    } else {
        (new.from.as_str(), new.sender_name.as_deref().map(plain), Some(new.sent_at.as_micros()))
    };
    let is_alias = new.from_alias && !new.echo;
    execute!(
        tx,
        CONTACT,
        new.contact.as_str(),
        workspace.as_str(),
        channel.as_str(),
        address,
        name.as_deref(),
        is_alias,
        now,
        seen,
    )?;

    let (direction, state, event) = if new.echo {
        (Direction::Echo, MessageState::Sent, EventType::MessageEcho)
    } else {
        (Direction::In, MessageState::Delivered, EventType::MessageReceived)
    };
    execute!(
        tx,
        MESSAGE,
        new.message.as_str(),
        workspace.as_str(),
        device,
        channel.as_str(),
        conversation.as_str(),
        sequence,
        direction.as_str(),
        new.from.as_str(),
        new.from_alias,
        json(&new.content)?,
        new.raw.as_deref(),
        state.as_str(),
        now,
        &*remote_id,
        new.sent_at.as_micros(),
        new.reply_to.as_deref().map(plain),
        media::kept(&new.content),
    )?;
    if let Some(wanted) = &new.wanted {
        media::want(tx, &workspace, new, wanted).await?;
    }
    if tells {
        tell(tx, (&workspace, channel), new, event, sequence).await?;
    }
    Ok(true)
}

/// The event of a message that came in, with our ids of the messages it is about.
async fn tell(
    tx: &mut Tx,
    (workspace, channel): (&WorkspaceId, Channel),
    new: &NewInbound,
    event: EventType,
    sequence: i64,
) -> Result<()> {
    let device = new.device.as_str();
    let mut data = received(new, sequence);
    data.reply_to = known_as(tx, device, data.reply_to).await?;
    data.about = known_as(tx, device, data.about).await?;
    let event = Event {
        event,
        channel: Some(channel),
        session_id: Some(new.device.clone()),
        data: EventData::Received(Box::new(data)),
    };
    let new = NewEvent {
        id: Some(&new.event),
        workspace,
        message: Some(&new.message),
        event: &event,
        now: new.now,
    };
    events::emit(tx, new).await
}

/// Whether somebody should look: a reaction, a change of what was said before, or a network's notice is nothing to answer.
fn is_news(content: &Content) -> bool {
    !content.is_notice()
        && !matches!(
            content,
            Content::Reaction { .. }
                | Content::Edited { .. }
                | Content::Deleted { .. }
                | Content::PollVote { .. }
        )
}

/// Our id of a message that the network names, where we have it; else the network's own.
async fn known_as(tx: &mut Tx, device: &str, remote_id: Option<String>) -> Result<Option<String>> {
    let Some(remote_id) = remote_id else { return Ok(None) };
    let remote_id = plain(&remote_id);
    let ours = fetch_optional!(tx, (String,), KNOWN_AS, device, &*remote_id)?;
    Ok(Some(ours.map_or_else(|| remote_id.into_owned(), |(id,)| id)))
}

fn received(new: &NewInbound, sequence: i64) -> ReceivedData {
    ReceivedData {
        sender_name: new.sender_name.clone(),
        timestamp: new.sent_at.as_secs(),
        to: new.echo.then(|| new.chat.to_string()),
        from_lid: new.from_alias,
        group_id: new.group.then(|| new.chat.to_string()),
        reply_to: new.reply_to.clone(),
        media_url: new.media_url.clone(),
        sequence,
        ..ReceivedData::of(new.message.clone(), new.from.to_string(), &new.content)
    }
}
