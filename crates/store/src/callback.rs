//! What a network tells by calling us, whichever node it reaches: in one transaction for each account, under no session's lease. What
//! keeps it from being taken twice is its content.

use std::borrow::Cow;

use cetar_model::{
    Channel, Event, EventData, FailureCode, Fate, JobId, MessageState, OfPart, Receipt, Timestamp,
    WorkspaceId,
};

use crate::{
    CallbackTaken, NewCallback, NewInbound, NewStatus, Result, Store, alias,
    db::{Tx, execute, fetch_all, fetch_optional, plain, read},
    events::{self, NewEvent},
    inbound, lanes, official, receipts,
    settle::may_be_out,
    state,
    statement::statements,
};

statements! {
    DEVICE = "SELECT workspace, channel FROM devices WHERE id = $1 AND removed_at IS NULL";
    BY_ID = "SELECT job FROM messages WHERE id = $1 AND device = $2 AND direction = 'out' AND job IS NOT NULL";
    BY_REMOTE_ID = "SELECT job FROM messages WHERE device = $1 AND remote_id = $2 AND direction = 'out' AND job IS NOT NULL";
    // Until the network has told its own id of it, a message is known by ours.
    NAME = "UPDATE messages SET remote_id = $2 WHERE id = $1 AND remote_id = $1";
    // What went out after it was not meant: by the first attempt that may have sent it, or, while its outcome is on its way, by its age.
    UNTIL = concat!("SELECT m.job FROM conversations c JOIN messages m ON m.conversation = c.id \
             WHERE c.device = $1 AND c.chat = $2 AND m.direction = 'out' AND m.job IS NOT NULL \
               AND m.state IN ('sent', 'delivered') AND m.created_at <= $3 \
               AND COALESCE((SELECT MIN(a.started_at) FROM job_attempts a \
                             WHERE a.job = m.job AND a.outcome IN ('sent', ", may_be_out!(), ")), m.created_at) <= $3 \
             ORDER BY m.sequence");
    // Except the network's own notices, by the text as which their content is stored.
    HEARD = "SELECT c.id FROM conversations c WHERE c.device = $1 AND c.chat = $2 AND EXISTS \
              (SELECT 1 FROM messages m WHERE m.conversation = c.id AND m.direction = 'in' AND m.sent_at > $3 \
                 AND m.content <> '{\"type\":\"unsupported\",\"kind\":\"system\"}')";
    CALLED = "SELECT device FROM received WHERE device = $1 LIMIT 1";
}

/// Where callbacks that were forwarded are noted among what was received: no chat is called so.
const CALLBACKS: &str = "callback";
/// … and where refusals of parts are.
const REFUSALS: &str = "refusal";

impl Store {
    /// Takes in what a callback tells of one device: messages, statuses, and the body to be forwarded, in one transaction. The very
    /// same body again changes nothing; a body whose messages are all known is not forwarded again.
    pub async fn take_callback(&self, callback: NewCallback) -> Result<CallbackTaken> {
        self.write(callback, |tx, callback| Box::pin(take(tx, callback))).await
    }

    /// Whether somebody wrote to this device after `since`; `None` where that cannot be known, because its network has never
    /// called.
    pub async fn wrote_since(
        &self,
        device: &cetar_model::DeviceId,
        chat: &cetar_model::Chat,
        since: Timestamp,
    ) -> Result<Option<bool>> {
        let mut conn = self.read().await?;
        let (device, chat) = (device.as_str(), chat.as_str());
        if fetch_optional!(conn, (String,), CALLED, device)?.is_none() {
            return Ok(None);
        }
        let heard = fetch_optional!(conn, (String,), HEARD, device, chat, since.as_micros())?;
        Ok(Some(heard.is_some()))
    }
}

async fn take(tx: &mut Tx, callback: &NewCallback) -> Result<CallbackTaken> {
    let device = callback.device.as_str();
    let mut taken = CallbackTaken::default();
    let Some((workspace, channel)) = fetch_optional!(tx, (String, String), DEVICE, device)? else {
        // Removed since the request was read.
        return Ok(taken);
    };
    let workspace: WorkspaceId = read(&workspace, "devices", "workspace", device)?;
    let channel: Channel = read(&channel, "devices", "channel", device)?;
    if let Some(forwarded) = &callback.forwarded
        && !inbound::first_time(tx, device, CALLBACKS, &forwarded.fingerprint, callback.now).await?
    {
        return Ok(taken);
    }
    for (alias, address) in &callback.aliases {
        alias::learn(tx, &callback.device, (alias, address), callback.now).await?;
    }
    for moved in &callback.moves {
        alias::follow(tx, &callback.device, moved, callback.now).await?;
    }
    for message in &callback.messages {
        let message = under_its_number(tx, message).await?;
        if inbound::put(tx, &message, callback.forwarded.is_none()).await? {
            taken.messages += 1;
        }
    }
    for status in &callback.statuses {
        taken.moved += apply(tx, device, status, callback.now).await?;
    }
    for change in &callback.templates {
        official::apply(tx, device, change, callback.now).await?;
    }
    for (chat, receipt, until) in &callback.watermarks {
        for (job,) in fetch_all!(tx, (String,), UNTIL, device, chat.as_str(), until.as_micros())? {
            let job: JobId = read(&job, "messages", "job", &job)?;
            taken.moved += move_one(tx, &job, None, (*receipt, None, None, *until), callback.now).await?;
        }
    }
    let is_news = taken.messages > 0 || callback.messages.is_empty() || !callback.statuses.is_empty();
    if let Some(forwarded) = callback.forwarded.as_ref().filter(|_| is_news) {
        let data = EventData::Forwarded { forwarded: forwarded.body.clone() };
        let session_id = Some(callback.device.clone());
        let event = Event { event: forwarded.event, channel: Some(channel), session_id, data };
        // Where it tells of one message and nothing else, it is that message's; of several, nobody's.
        let message = match &callback.messages[..] {
            [only] if callback.statuses.is_empty() => Some(&only.message),
            _ => None,
        };
        let new = NewEvent { id: None, workspace: &workspace, message, event: &event, now: callback.now };
        events::emit(tx, new).await?;
    }
    Ok(taken)
}

/// A message of somebody of whom only an alias was told this time.
async fn under_its_number<'m>(tx: &mut Tx, message: &'m NewInbound) -> Result<Cow<'m, NewInbound>> {
    if !message.from_alias {
        return Ok(Cow::Borrowed(message));
    }
    let Some(number) = alias::look_up(tx, message.device.as_str(), &message.from).await? else {
        return Ok(Cow::Borrowed(message));
    };
    let chat = if message.chat == message.from { number.clone() } else { message.chat.clone() };
    Ok(Cow::Owned(NewInbound { chat, from: number, from_alias: false, ..message.clone() }))
}

/// Finds the message by our id, where the network gives it back, and else by its own.
async fn apply(tx: &mut Tx, device: &str, status: &NewStatus, now: Timestamp) -> Result<usize> {
    let by_ours = match &status.message {
        Some(message) => fetch_optional!(tx, (String,), BY_ID, message.as_str(), device)?,
        None => None,
    };
    let found = match by_ours {
        Some(found) => Some(found),
        None if status.remote_id.is_empty() => None,
        None => fetch_optional!(tx, (String,), BY_REMOTE_ID, device, &status.remote_id)?,
    };
    // Of a message we do not know nothing is to be moved; it is forwarded all the same.
    let Some((job,)) = found else { return Ok(0) };
    let job: JobId = read(&job, "messages", "job", &job)?;
    let name = Some(status.remote_id.as_str()).filter(|name| !name.is_empty());
    if let (Some(part), Receipt::Failed) = (&status.part, status.receipt) {
        // Told again, it is of parts that may have gone out anew since.
        if !part.remote_id.is_empty()
            && !inbound::first_time(tx, device, REFUSALS, &plain(&part.remote_id), now).await?
        {
            return Ok(0);
        }
        if let Some(message) = &status.message {
            state::forget(tx, device, part.noted_in, message.as_str().as_bytes()).await?;
        }
    }
    let word = (status.receipt, status.part.as_ref(), status.failure.clone(), status.at);
    move_one(tx, &job, name, word, now).await
}

/// What is said, whether of one of several parts, why, and when.
type Word<'w> = (Receipt, Option<&'w OfPart>, Option<(FailureCode, Option<String>)>, Timestamp);

async fn move_one(
    tx: &mut Tx,
    job: &JobId,
    name: Option<&str>,
    (receipt, part, failure, at): Word<'_>,
    now: Timestamp,
) -> Result<usize> {
    lanes::lock(tx, std::slice::from_ref(job)).await?;
    let Some(mut work) = lanes::load_locked(tx, job).await? else { return Ok(0) };
    if let Some(name) = name {
        execute!(tx, NAME, work.message.as_str(), name)?;
    }
    let failure = failure.map(|(code, provider)| (code, provider.map(|code| plain(&code).into_owned())));
    let failure =
        (receipt == Receipt::Failed).then(|| failure.unwrap_or((FailureCode::RejectedByNetwork, None)));
    let fate = match receipt {
        Receipt::Failed if part.is_some() => Fate::PartRefused,
        _ if part.is_some() && work.message_state == MessageState::Failed => return Ok(0),
        _ => Fate::Receipt(receipt),
    };
    let moved = receipts::move_to(tx, &mut work, fate, failure, (at, now)).await?;
    Ok(usize::from(moved))
}
