//! When a network tells us late whose number an alias is, or that somebody has another address.

use cetar_model::{
    Channel, Chat, ContactResolvedData, DeviceId, Event, EventData, EventType, Moved, Timestamp, WorkspaceId,
};

use crate::{
    DeviceLease, Result, Store, StoreError,
    db::{Tx, execute, fetch_all, fetch_optional, plain, read},
    events::{self, NewEvent},
    inbound, lanes, leases,
    statement::statements,
};

statements! {
    DEVICE = "SELECT workspace, channel FROM devices WHERE id = $1";
    CONVERSATIONS = "SELECT id, chat, last_sequence FROM conversations WHERE device = $1 AND chat IN ($2, $3) ORDER BY device, chat",
        postgres "FOR UPDATE";
    RENAME = "UPDATE conversations SET chat = $2 WHERE id = $1";
    DELETE = "DELETE FROM conversations WHERE id = $1";
    // The other one, $3, goes into this one.
    GROW = "UPDATE conversations SET last_sequence = last_sequence + $2, \
              unread = unread + (SELECT f.unread FROM conversations f WHERE f.id = $3), \
              inbound_at = COALESCE((SELECT f.inbound_at FROM conversations f WHERE f.id = $3), inbound_at) WHERE id = $1";
    MOVE_NOTES = "UPDATE notes SET conversation = $2 WHERE conversation = $1";
    MOVE_MESSAGES = "UPDATE messages SET conversation = $2, sequence = sequence + $3 WHERE conversation = $1";
    HEAD = "SELECT id, state FROM jobs WHERE conversation = $1 AND at_head", postgres "FOR NO KEY UPDATE";
    BEHEAD = "UPDATE jobs SET at_head = FALSE WHERE id = $1";
    MOVE_JOBS = "UPDATE jobs SET conversation = $2, sequence = sequence + $3 WHERE conversation = $1";
    SENDER = "UPDATE messages SET sender = $2, sender_is_alias = $4 WHERE conversation = $1 AND sender = $3";
    KNOWN_TWICE = "DELETE FROM received WHERE device = $1 AND chat = $2 AND remote_id IN \
                   (SELECT r.remote_id FROM received r WHERE r.device = $1 AND r.chat = $3)";
    KNOWN = "UPDATE received SET chat = $3 WHERE device = $1 AND chat = $2";
    CONTACT = "SELECT id, name, seen_at FROM contacts WHERE workspace = $1 AND channel = $2 AND address = $3";
    RENAME_CONTACT = "UPDATE contacts SET address = $2, is_alias = $3 WHERE id = $1";
    MERGE_CONTACT = "UPDATE contacts SET name = COALESCE(name, $2), seen_at = COALESCE(seen_at, $3), is_alias = $4 WHERE id = $1";
    DELETE_CONTACT = "DELETE FROM contacts WHERE id = $1";
    LEARN = "INSERT INTO aliases (device, alias, address) VALUES ($1, $2, $3) \
             ON CONFLICT (device, alias) DO UPDATE SET address = excluded.address WHERE aliases.address <> excluded.address";
    LOOK_UP = "SELECT address FROM aliases WHERE device = $1 AND alias = $2";
    TALKS_UNDER = "SELECT id FROM conversations WHERE device = $1 AND chat = $2";
    FOLLOW = "UPDATE aliases SET address = $3 WHERE device = $1 AND address = $2";
    FORGET = "DELETE FROM aliases WHERE device = $1";
}

/// Where news of other addresses are noted among what was received: no chat is called so.
const MOVES: &str = "moved";

/// Who somebody turned out to be, or has become.
#[derive(Clone, Copy)]
struct Known<'a> {
    /// The address that goes.
    by: &'a str,
    /// The one that stays.
    at: &'a str,
    /// … which is itself an alias.
    is_alias: bool,
}

impl Store {
    /// An alias turned out to be this number: conversation and contact are renamed, or merged into those of the number.
    ///
    /// Merged messages follow those of the number in sequence. What waits to be sent goes to the number from now on, in one
    /// lane. Messages of groups keep the sender they came with. If anybody was told of the alias, `contact.resolved` is told, with
    /// its deliveries in the same transaction. `LeaseLost` if the device is not held under this lease.
    pub async fn resolve_alias(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        alias: &Chat,
        number: &Chat,
        now: Timestamp,
    ) -> Result<()> {
        if alias == number {
            return Ok(());
        }
        let args = (device.clone(), lease, alias.clone(), number.clone(), now);
        let resolve = || {
            self.write(args.clone(), |tx, (device, lease, alias, number, now)| {
                Box::pin(resolve(tx, device, *lease, (alias.as_str(), number.as_str()), *now))
            })
        };
        // A send may make the number's conversation after we looked for it; then it is there to be merged into.
        match resolve().await {
            Err(StoreError::Conflict) => resolve().await,
            result => result,
        }
    }
}

async fn resolve(
    tx: &mut Tx,
    id: &DeviceId,
    lease: DeviceLease,
    (alias, number): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    leases::fence(tx, id, lease).await?;
    merge_alias(tx, id, (alias, number), now).await
}

/// Notes whose alias it is, and merges what was under it. Meant to be told with every message: what is known costs two look-ups.
pub(crate) async fn learn(
    tx: &mut Tx,
    id: &DeviceId,
    (alias, address): (&Chat, &Chat),
    now: Timestamp,
) -> Result<()> {
    let (device, alias, address) = (id.as_str(), alias.as_str(), address.as_str());
    if alias == address {
        return Ok(());
    }
    let new = execute!(tx, LEARN, device, alias, address)? > 0;
    // A send may have been addressed to the alias since.
    if new || fetch_optional!(tx, (String,), TALKS_UNDER, device, alias)?.is_some() {
        merge_alias(tx, id, (alias, address), now).await?;
    }
    Ok(())
}

/// What was under somebody's old addresses goes on under the one they have now: conversation, contact, what waits to be sent. Once for
/// each news, because an old number may be somebody else's by the time that it is told again.
pub(crate) async fn follow(tx: &mut Tx, id: &DeviceId, moved: &Moved, now: Timestamp) -> Result<()> {
    let (device, to) = (id.as_str(), moved.to.as_str());
    if !inbound::first_time(tx, device, MOVES, &plain(&moved.remote_id), now).await? {
        return Ok(());
    }
    for old in &moved.from {
        // What came under an alias whose number was known is under that number.
        let known = look_up(tx, device, old).await?;
        for old in known.iter().chain([old]).filter(|old| **old != moved.to) {
            // What was received under the old address stays noted there: its repeats name that one.
            merge(tx, id, Known { by: old.as_str(), at: to, is_alias: moved.to_alias }, now).await?;
            execute!(tx, FOLLOW, device, old.as_str(), to)?;
        }
    }
    if let Some(alias) = &moved.alias {
        learn(tx, id, (alias, &moved.to), now).await?;
    }
    Ok(())
}

/// Whose alias this is, if that was told.
pub(crate) async fn look_up(tx: &mut Tx, device: &str, alias: &Chat) -> Result<Option<Chat>> {
    let found = fetch_optional!(tx, (String,), LOOK_UP, device, alias.as_str())?;
    Ok(found.map(|(address,)| Chat::new(address)))
}

/// The device is gone.
pub(crate) async fn forget(tx: &mut Tx, device: &DeviceId) -> Result<()> {
    execute!(tx, FORGET, device.as_str())?;
    Ok(())
}

async fn merge_alias(
    tx: &mut Tx,
    id: &DeviceId,
    (alias, number): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    // Or the network's repeat of a message taken in under the alias would be taken for a new one.
    execute!(tx, KNOWN_TWICE, id.as_str(), alias, number)?;
    execute!(tx, KNOWN, id.as_str(), alias, number)?;
    merge(tx, id, Known { by: alias, at: number, is_alias: false }, now).await
}

async fn merge(tx: &mut Tx, id: &DeviceId, known: Known<'_>, now: Timestamp) -> Result<()> {
    let device = id.as_str();
    let (workspace, channel) =
        fetch_optional!(tx, (String, String), DEVICE, device)?.ok_or(StoreError::LeaseLost)?;
    let workspace: WorkspaceId = read(&workspace, "devices", "workspace", device)?;
    let channel: Channel = read(&channel, "devices", "channel", device)?;
    conversations(tx, device, known).await?;
    if !contacts(tx, &workspace, channel, known).await? {
        // Nobody was told of the address, so nobody needs to hear whose it is.
        return Ok(());
    }
    let data = ContactResolvedData {
        lid: known.by.to_owned(),
        phone: known.at.to_owned(),
        timestamp: now.as_secs(),
    };
    let event = Event {
        event: EventType::ContactResolved,
        channel: Some(channel),
        session_id: Some(id.clone()),
        data: EventData::Resolved(data),
    };
    events::emit(tx, NewEvent { id: None, workspace: &workspace, message: None, event: &event, now }).await?;
    Ok(())
}

async fn conversations(
    tx: &mut Tx,
    device: &str,
    Known { by: alias, at: number, is_alias }: Known<'_>,
) -> Result<()> {
    let both = fetch_all!(tx, (String, String, i64), CONVERSATIONS, device, alias, number)?;
    let find = |chat: &str| both.iter().find(|(_, its, _)| its == chat);
    let Some((from, _, messages)) = find(alias) else { return Ok(()) };
    let Some((to, _, last)) = find(number) else {
        execute!(tx, RENAME, from, number)?;
        execute!(tx, SENDER, from, number, alias, is_alias)?;
        return Ok(());
    };
    // One lane may have one head only. A running one keeps its place; of two running ones the number's does, and the
    // other, already under way, ends without being the head.
    let head = |tx| fetch_head(tx, from);
    if let Some((id, running)) = head(tx).await? {
        match fetch_head(tx, to).await? {
            Some((other, false)) if running => execute!(tx, BEHEAD, &other)?,
            Some(_) => execute!(tx, BEHEAD, &id)?,
            None => 0,
        };
    }
    execute!(tx, MOVE_MESSAGES, from, to, last)?;
    execute!(tx, MOVE_JOBS, from, to, last)?;
    execute!(tx, GROW, to, messages, from)?;
    execute!(tx, MOVE_NOTES, from, to)?;
    execute!(tx, DELETE, from)?;
    execute!(tx, SENDER, to, number, alias, is_alias)?;
    lanes::promote(tx, to).await
}

async fn fetch_head(tx: &mut Tx, conversation: &str) -> Result<Option<(String, bool)>> {
    let head = fetch_optional!(tx, (String, String), HEAD, conversation)?;
    Ok(head.map(|(id, state)| (id, state == "running")))
}

/// Renames the contact, or merges it into that of the number; whether there was one.
async fn contacts(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: Channel,
    Known { by: alias, at: number, is_alias }: Known<'_>,
) -> Result<bool> {
    type Row = (String, Option<String>, Option<i64>);
    let (workspace, channel) = (workspace.as_str(), channel.as_str());
    let Some((from, name, seen)) = fetch_optional!(tx, Row, CONTACT, workspace, channel, alias)? else {
        return Ok(false);
    };
    if let Some((to, _, _)) = fetch_optional!(tx, Row, CONTACT, workspace, channel, number)? {
        execute!(tx, MERGE_CONTACT, &to, name, seen, is_alias)?;
        execute!(tx, DELETE_CONTACT, &from)?;
    } else {
        execute!(tx, RENAME_CONTACT, &from, number, is_alias)?;
    }
    Ok(true)
}
