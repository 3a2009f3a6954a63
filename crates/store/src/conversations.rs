//! The inbox: conversations, newest activity first, and what is in them.

use cetar_model::{
    Channel, Chat, ConversationId, DeviceId, Event, EventData, EventType, FailureCode, NoteId, Timestamp,
    UserId, WorkspaceId,
};

use crate::{
    Assigned, Conversation, ConversationChange, ConversationFilter, InboxMessage, InboxPlace, LastMessage,
    Note, Result, Store, StoreError,
    db::{
        Tx, count, execute, fetch_all, fetch_optional, limit as rows, plain, read, read_json, read_opt, row,
    },
    events,
    records::Narrowed,
    statement::{Sql, statements},
};

/// Conversations, or contacts, looked at in one step, at most: a filter or a search that fits few of many holds up nobody.
pub(crate) const LOOKED_AT: usize = 5_000;
/// Looked at first: most filters fit enough of so many.
const LOOKED_AT_FIRST: usize = 200;

macro_rules! shown {
    () => {
        "SELECT c.id, c.device, c.channel, c.chat, c.is_group, c.unread, c.resolved_at, c.assigned_to, c.inbound_at, \
           c.unreachable_since, c.last_message_at, k.id AS contact, COALESCE(k.own_name, k.name) AS name, m.content, m.direction, m.state, \
           m.created_at AS message_at FROM "
    };
}

macro_rules! joined {
    () => {
        " LEFT JOIN contacts k ON k.workspace = c.workspace AND k.channel = c.channel AND k.address = c.chat \
           LEFT JOIN messages m ON m.conversation = c.id AND m.sequence = c.last_sequence "
    };
}

/// In the order of an index, from a place on. What is few among many has an index of its own, which the literal condition names.
macro_rules! walk {
    ($shown:literal, $narrowed:literal) => {
        concat!(
            "SELECT ",
            $shown,
            " FROM conversations i WHERE i.workspace = $1 AND (i.last_message_at, i.id) < ($2, $3) ",
            $narrowed,
            "ORDER BY i.last_message_at DESC, i.id DESC "
        )
    };
}

/// Of the next `$4`, those that fit.
macro_rules! list {
    ($narrowed:literal) => {
        concat!(
            shown!(),
            "(",
            walk!("i.*", $narrowed),
            "LIMIT $4) AS c",
            joined!(),
            "WHERE (CAST($5 AS TEXT) IS NULL OR COALESCE(c.assigned_to, '') = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR c.channel = $6) AND (CAST($7 AS TEXT) IS NULL OR c.device = $7) \
             AND (CAST($8 AS TEXT) IS NULL OR (c.resolved_at IS NULL) = ($8 = 'open')) \
             AND (CAST($9 AS TEXT) IS NULL OR c.chat LIKE $9 ESCAPE '!' OR LOWER(COALESCE(k.own_name, k.name)) LIKE $9 ESCAPE '!') \
             AND (CAST($10 AS TEXT) IS NULL OR $10 LIKE '%' || c.device || '%') \
             ORDER BY c.last_message_at DESC, c.id DESC LIMIT $11"
        )
    };
}

/// The place after `$4` others.
macro_rules! end {
    ($narrowed:literal) => {
        concat!(walk!("i.last_message_at, i.id", $narrowed), "LIMIT 1 OFFSET $4")
    };
}

statements! {
    ALL = list!("");
    UNREAD = list!("AND i.unread > 0 ");
    ASSIGNED = list!("AND i.assigned_to = $5 AND i.assigned_to IS NOT NULL ");
    RESOLVED = list!("AND i.resolved_at IS NOT NULL ");
    END = end!("");
    END_OF_UNREAD = end!("AND i.unread > 0 ");
    END_OF_ASSIGNED = end!("AND i.assigned_to = $5 AND i.assigned_to IS NOT NULL ");
    END_OF_RESOLVED = end!("AND i.resolved_at IS NOT NULL ");
    ONE = concat!(shown!(), "conversations c", joined!(), "WHERE c.workspace = $1 AND c.id = $2");
    MESSAGES = "SELECT m.id, m.job, m.sequence, m.direction, m.sender, m.content, m.state, m.error_code, m.error_provider_code, \
                  m.remote_id, m.created_at, m.state_at, COALESCE( \
                    (SELECT r.id FROM messages r WHERE r.device = m.device AND r.remote_id = m.reply_to AND r.direction = 'out' LIMIT 1), \
                    (SELECT r.id FROM messages r WHERE r.device = m.device AND r.remote_id = m.reply_to AND r.direction <> 'out' LIMIT 1) \
                  ) AS reply_to \
                FROM messages m WHERE m.conversation = $1 AND m.workspace = $2 AND m.sequence < $3 ORDER BY m.sequence DESC LIMIT $4";
    CURRENT = "SELECT c.device, c.channel, c.chat, c.unread, c.resolved_at, c.assigned_to FROM conversations c \
               WHERE c.workspace = $1 AND c.id = $2", postgres "FOR NO KEY UPDATE";
    SET = "UPDATE conversations SET unread = $2, resolved_at = $3, assigned_to = $4 WHERE id = $1";
    COLLEAGUE = "SELECT u.id FROM users u WHERE u.workspace = $1 AND u.id = $2";
    NOTE = "INSERT INTO notes (id, conversation, author, text, created_at) VALUES ($1, $2, $3, $4, $5)";
    NOTES = "SELECT n.id, n.author, n.text, n.created_at FROM notes n JOIN conversations c ON c.id = n.conversation \
             WHERE n.conversation = $1 AND c.workspace = $2 AND n.id < $3 ORDER BY n.id DESC LIMIT $4";
}

/// After every id of its kind: `_` and 32 hexadecimal digits follow the prefix.
const AFTER_NOTES: &str = "nte_g";

row! {
    struct Row {
        id: String,
        device: String,
        channel: String,
        chat: String,
        is_group: bool,
        unread: i64,
        resolved_at: Option<i64>,
        assigned_to: Option<String>,
        inbound_at: Option<i64>,
        unreachable_since: Option<i64>,
        last_message_at: i64,
        contact: Option<String>,
        name: Option<String>,
        content: Option<String>,
        direction: Option<String>,
        state: Option<String>,
        message_at: Option<i64>,
    }
}

impl TryFrom<Row> for Conversation {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        let last = match (&row.content, &row.direction, &row.state, row.message_at) {
            (Some(content), Some(direction), Some(state), Some(at)) => Some(LastMessage {
                content: read_json(content, "messages", "content", id)?,
                direction: read(direction, "messages", "direction", id)?,
                state: read(state, "messages", "state", id)?,
                at: Timestamp::from_micros(at),
            }),
            _ => None,
        };
        Ok(Self {
            id: read(id, "conversations", "id", id)?,
            device: read(&row.device, "conversations", "device", id)?,
            channel: read(&row.channel, "conversations", "channel", id)?,
            contact: read_opt(row.contact.as_deref(), "contacts", "id", id)?,
            assigned_to: read_opt(row.assigned_to.as_deref(), "conversations", "assigned_to", id)?,
            chat: Chat::new(row.chat),
            group: row.is_group,
            name: row.name,
            last,
            unread: count(row.unread),
            resolved_at: row.resolved_at.map(Timestamp::from_micros),
            inbound_at: row.inbound_at.map(Timestamp::from_micros),
            unreachable_since: row.unreachable_since.map(Timestamp::from_micros),
            updated_at: Timestamp::from_micros(row.last_message_at),
        })
    }
}

row! {
    struct MessageRow {
        id: String,
        job: Option<String>,
        sequence: i64,
        direction: String,
        sender: Option<String>,
        content: String,
        state: String,
        error_code: Option<String>,
        error_provider_code: Option<String>,
        remote_id: Option<String>,
        created_at: i64,
        state_at: i64,
        reply_to: Option<String>,
    }
}

impl TryFrom<MessageRow> for InboxMessage {
    type Error = StoreError;
    fn try_from(row: MessageRow) -> Result<Self> {
        let id = &row.id;
        let code: Option<FailureCode> = read_opt(row.error_code.as_deref(), "messages", "error_code", id)?;
        Ok(Self {
            id: read(id, "messages", "id", id)?,
            job: read_opt(row.job.as_deref(), "messages", "job", id)?,
            direction: read(&row.direction, "messages", "direction", id)?,
            content: read_json(&row.content, "messages", "content", id)?,
            state: read(&row.state, "messages", "state", id)?,
            error: code.map(|code| (code, row.error_provider_code)),
            reply_to: read_opt(row.reply_to.as_deref(), "messages", "reply_to", id)?,
            sequence: row.sequence,
            sender: row.sender,
            remote_id: row.remote_id,
            created_at: Timestamp::from_micros(row.created_at),
            state_at: Timestamp::from_micros(row.state_at),
        })
    }
}

/// The pattern of all that has this text somewhere, whatever the case of its letters.
pub(crate) fn containing(text: &str) -> String {
    format!("%{}%", escaped(&text.trim().to_lowercase()))
}

/// A text for `LIKE … ESCAPE '!'` that stands for itself.
pub(crate) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern
}

impl Store {
    /// Those of a workspace that fit, newest activity first, at most `limit`; and where to go on, if there is more to look at. What is
    /// looked at in one call is bounded, so that a page may be short, or empty, where few of many fit.
    pub async fn conversations(
        &self,
        workspace: &WorkspaceId,
        filter: &ConversationFilter,
        limit: usize,
    ) -> Result<(Vec<Conversation>, Option<InboxPlace>)> {
        let (mut found, mut next) = (Vec::new(), filter.after.clone());
        for looked_at in [LOOKED_AT_FIRST, LOOKED_AT] {
            // Where nothing is passed over, the page itself and the one behind it tell everything.
            let passes_over = filter.passes_over();
            let looked_at = if passes_over { looked_at } else { limit + 1 };
            let wanted = limit - found.len();
            let step = self.look_at(workspace, filter, next.as_ref(), (looked_at, wanted)).await?;
            found.extend(step.0);
            next = step.1;
            if next.is_none() || found.len() >= limit || !passes_over {
                break;
            }
        }
        Ok((found, next))
    }

    /// Of the next `looked_at`, the first `wanted` that fit.
    async fn look_at(
        &self,
        workspace: &WorkspaceId,
        filter: &ConversationFilter,
        after: Option<&InboxPlace>,
        (looked_at, wanted): (usize, usize),
    ) -> Result<(Vec<Conversation>, Option<InboxPlace>)> {
        let (list, end): (Sql, Sql) = match filter.narrowed() {
            Narrowed::All => (ALL, END),
            Narrowed::Unread => (UNREAD, END_OF_UNREAD),
            Narrowed::Assigned => (ASSIGNED, END_OF_ASSIGNED),
            Narrowed::Resolved => (RESOLVED, END_OF_RESOLVED),
        };
        let (at, id) = after.map_or((i64::MAX, ""), |(at, id)| (at.as_micros(), id.as_str()));
        let assigned = filter.assigned.as_ref().map(|assigned| match assigned {
            Assigned::Nobody => "",
            Assigned::To(user) => user.as_str(),
        });
        let resolved = filter.resolved.map(|resolved| if resolved { "resolved" } else { "open" });
        let search = filter.search.as_deref().map(|text| containing(&plain(text)));
        let devices = filter.devices.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(",");
        let workspace = workspace.as_str();
        let mut conn = self.read().await?;
        let rows_found = fetch_all!(
            conn,
            Row,
            list,
            workspace,
            at,
            id,
            rows(looked_at),
            assigned,
            filter.channel.map(Channel::as_str),
            filter.device.as_ref().map(DeviceId::as_str),
            resolved,
            search.as_deref(),
            Some(devices.as_str()).filter(|devices| !devices.is_empty()),
            // One more tells whether there are more.
            rows(wanted + 1),
        )?;
        let mut found = rows_found.into_iter().map(Conversation::try_from).collect::<Result<Vec<_>>>()?;
        if found.len() > wanted {
            found.truncate(wanted);
            let next = found.last().map(|last| (last.updated_at, last.id.clone()));
            return Ok((found, next));
        }
        let before_it = rows(looked_at.saturating_sub(1));
        let place = match filter.narrowed() {
            Narrowed::Assigned => {
                fetch_optional!(conn, (i64, String), end, workspace, at, id, before_it, assigned)?
            }
            _ => fetch_optional!(conn, (i64, String), end, workspace, at, id, before_it)?,
        };
        let Some((at, id)) = place else { return Ok((found, None)) };
        Ok((found, Some((Timestamp::from_micros(at), read(&id, "conversations", "id", &id)?))))
    }

    /// One of a workspace.
    pub async fn conversation(
        &self,
        workspace: &WorkspaceId,
        id: &ConversationId,
    ) -> Result<Option<Conversation>> {
        let mut conn = self.read().await?;
        let found = fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())?;
        found.map(Conversation::try_from).transpose()
    }

    /// Its messages before a position, newest first, at most `limit`.
    pub async fn conversation_messages(
        &self,
        workspace: &WorkspaceId,
        id: &ConversationId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<InboxMessage>> {
        let mut conn = self.read().await?;
        let (id, workspace, before) = (id.as_str(), workspace.as_str(), before.unwrap_or(i64::MAX));
        let found = fetch_all!(conn, MessageRow, MESSAGES, id, workspace, before, rows(limit))?;
        found.into_iter().map(InboxMessage::try_from).collect()
    }

    /// Does something with it; an event tells the stream, if it changed anything. False if there is no such conversation, or nobody of
    /// that id to give it to.
    pub async fn change_conversation(
        &self,
        workspace: &WorkspaceId,
        id: &ConversationId,
        change: ConversationChange,
        now: Timestamp,
    ) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), change, now), |tx, (workspace, id, change, now)| {
            Box::pin(apply(tx, workspace, id, change, *now))
        })
        .await
    }

    /// Notes something beside it. False if there is no such conversation.
    pub async fn add_note(
        &self,
        workspace: &WorkspaceId,
        conversation: &ConversationId,
        note: Note,
    ) -> Result<bool> {
        self.write_once(
            (workspace.clone(), conversation.clone(), note),
            |tx, (workspace, conversation, note)| {
                Box::pin(async move {
                    let Some(current) = current(tx, workspace, conversation).await? else { return Ok(false) };
                    let (id, of) = (note.id.as_str(), conversation.as_str());
                    execute!(
                        tx,
                        NOTE,
                        id,
                        of,
                        &*plain(&note.author),
                        &*plain(&note.text),
                        note.created_at.as_micros()
                    )?;
                    tell(tx, workspace, conversation, &current, note.created_at).await?;
                    Ok(true)
                })
            },
        )
        .await
    }

    /// Its notes before one of them, newest first, at most `limit`.
    pub async fn notes(
        &self,
        workspace: &WorkspaceId,
        conversation: &ConversationId,
        before: Option<&NoteId>,
        limit: usize,
    ) -> Result<Vec<Note>> {
        let mut conn = self.read().await?;
        let before = before.map_or(AFTER_NOTES, NoteId::as_str);
        let (conversation, workspace) = (conversation.as_str(), workspace.as_str());
        fetch_all!(conn, (String, String, String, i64), NOTES, conversation, workspace, before, rows(limit))?
            .into_iter()
            .map(|(id, author, text, created_at)| {
                let created_at = Timestamp::from_micros(created_at);
                Ok(Note { id: read(&id, "notes", "id", &id)?, author, text, created_at })
            })
            .collect()
    }
}

row! {
    struct Current {
        device: String,
        channel: String,
        chat: String,
        unread: i64,
        resolved_at: Option<i64>,
        assigned_to: Option<String>,
    }
}

async fn current(tx: &mut Tx, workspace: &WorkspaceId, id: &ConversationId) -> Result<Option<Current>> {
    fetch_optional!(tx, Current, CURRENT, workspace.as_str(), id.as_str())
}

async fn apply(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    id: &ConversationId,
    change: &ConversationChange,
    now: Timestamp,
) -> Result<bool> {
    let Some(mut it) = current(tx, workspace, id).await? else { return Ok(false) };
    let before = (it.unread, it.resolved_at, it.assigned_to.clone());
    match change {
        ConversationChange::Read => it.unread = 0,
        ConversationChange::Assign(to) => {
            if let Some(to) = to
                && fetch_optional!(tx, (String,), COLLEAGUE, workspace.as_str(), to.as_str())?.is_none()
            {
                return Ok(false);
            }
            it.assigned_to = to.as_ref().map(UserId::to_string);
        }
        ConversationChange::Resolve => {
            it.unread = 0;
            it.resolved_at = it.resolved_at.or(Some(now.as_micros()));
        }
        ConversationChange::Reopen => it.resolved_at = None,
    }
    if before == (it.unread, it.resolved_at, it.assigned_to.clone()) {
        return Ok(true);
    }
    execute!(tx, SET, id.as_str(), it.unread, it.resolved_at, it.assigned_to.as_deref())?;
    tell(tx, workspace, id, &it, now).await?;
    Ok(true)
}

/// For the stream alone: webhooks are told of messages, not of what colleagues do.
async fn tell(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    id: &ConversationId,
    it: &Current,
    now: Timestamp,
) -> Result<()> {
    let of = id.as_str();
    let event = Event {
        event: EventType::ConversationUpdated,
        channel: Some(read(&it.channel, "conversations", "channel", of)?),
        session_id: Some(read(&it.device, "conversations", "device", of)?),
        data: EventData::Conversation {
            conversation_id: id.clone(),
            chat: it.chat.clone(),
            unread: count(it.unread),
            resolved: it.resolved_at.is_some(),
            assigned_to: read_opt(it.assigned_to.as_deref(), "conversations", "assigned_to", of)?,
            timestamp: now.as_secs(),
        },
    };
    let new = tx.ctx.ids.make(now);
    events::write(tx, &new, workspace, None, &event, now).await
}
