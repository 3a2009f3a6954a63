//! The people we write with, and how one is forgotten.

use cetar_model::{ContactId, Timestamp, WorkspaceId};

use crate::{
    Contact, ContactChange, Result, Store, StoreError,
    conversations::{LOOKED_AT, containing, escaped},
    db::{
        Tx, execute, execute_rows, fetch_all, fetch_optional, json, limit as rows, plain, read, read_json,
        row,
    },
    media_prune, prune,
    statement::{Multi, statements},
};

macro_rules! shown {
    () => {
        "SELECT k.id, k.workspace, k.channel, k.address, k.own_name, k.name, k.labels, k.note, k.seen_at, k.created_at FROM "
    };
}

/// Of the next `$7` events of a workspace, those that name somebody and are of no message of theirs: what a network told of several at
/// once, or in a group. They are walked as readers of the stream walk them, which has an index of the workspace's own.
macro_rules! naming {
    ($key:literal, $after:literal) => {
        concat!(
            "SELECT v.",
            $key,
            ", v.id, CAST(CASE WHEN (v.body LIKE $3 ESCAPE '!' OR v.body LIKE $4 ESCAPE '!') \
               AND v.device IN (SELECT d.id FROM devices d WHERE d.workspace = $1 AND d.channel = $2) \
               AND NOT EXISTS (SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation \
                               WHERE m.id = v.message AND c.chat = $5) THEN 1 ELSE 0 END AS BIGINT) \
             FROM events v WHERE v.workspace = $1 AND ",
            $after,
            " > $6 ORDER BY v.",
            $key,
            " LIMIT $7"
        )
    };
}

statements! {
    // Of the next `$3`, those that fit.
    PAGE = concat!(shown!(), "(SELECT i.* FROM contacts i WHERE i.workspace = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3) AS k \
             WHERE CAST($4 AS TEXT) IS NULL OR k.address LIKE $4 ESCAPE '!' OR LOWER(COALESCE(k.own_name, k.name)) LIKE $4 ESCAPE '!' \
             ORDER BY k.id DESC LIMIT $5");
    // The one after `$3` others.
    END = "SELECT i.id FROM contacts i WHERE i.workspace = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT 1 OFFSET $3";
    ONE = concat!(shown!(), "contacts k WHERE k.workspace = $1 AND k.id = $2");
    CHANGE = "UPDATE contacts SET own_name = CASE WHEN $3 = 'yes' THEN $4 ELSE own_name END, labels = COALESCE($5, labels), \
                note = CASE WHEN $6 = 'yes' THEN $7 ELSE note END WHERE workspace = $1 AND id = $2";
    FORGET = "DELETE FROM contacts WHERE workspace = $1 AND id = $2";
    CHATS = "SELECT c.id, c.device FROM devices d JOIN conversations c ON c.device = d.id AND c.chat = $3 \
             WHERE d.workspace = $1 AND d.channel = $2 ORDER BY c.device, c.chat", postgres "FOR UPDATE OF c";
    MEDIA = "SELECT DISTINCT m.media FROM messages m WHERE m.conversation = $1 AND m.media IS NOT NULL";
    NAMING_UNNUMBERED = naming!("ordinal", "v.cursor IS NULL AND v.ordinal");
    NAMING = naming!("cursor", "v.cursor");
    ALIASES = "DELETE FROM aliases WHERE address = $3 AND device IN \
                 (SELECT d.id FROM devices d WHERE d.workspace = $1 AND d.channel = $2)";
    // What was written in groups stays with the group, without the one who wrote it.
    IN_GROUPS = "UPDATE messages SET sender = NULL WHERE workspace = $1 AND sender = $2 AND channel = $3";
    ATTEMPTS = "DELETE FROM delivery_attempts WHERE delivery IN (SELECT d.id FROM deliveries d WHERE d.event IN \
                  (SELECT v.id FROM events v WHERE v.workspace = $1 AND v.message IN (SELECT m.id FROM messages m WHERE m.conversation = $2)))";
    DELIVERIES = "DELETE FROM deliveries WHERE event IN \
                    (SELECT v.id FROM events v WHERE v.workspace = $1 AND v.message IN (SELECT m.id FROM messages m WHERE m.conversation = $2))";
    // The event keeps its place in the stream, so that readers miss nothing else; what it said is gone.
    EVENTS = "UPDATE events SET type = $4, body = $3, message = NULL WHERE workspace = $1 AND message IN (SELECT m.id FROM messages m WHERE m.conversation = $2)";
    JOB_ATTEMPTS = "DELETE FROM job_attempts WHERE job IN (SELECT m.job FROM messages m WHERE m.conversation = $1 AND m.job IS NOT NULL)";
    JOBS = "DELETE FROM jobs WHERE id IN (SELECT m.job FROM messages m WHERE m.conversation = $1 AND m.job IS NOT NULL)";
    MESSAGES = "DELETE FROM messages WHERE conversation = $1";
    NOTES = "DELETE FROM notes WHERE conversation = $1";
    RECEIVED = "DELETE FROM received WHERE device = $1 AND chat = $2";
    CONVERSATION = "DELETE FROM conversations WHERE id = $1";
}

static EMPTY: Multi = Multi::new(
    "contacts::EMPTY",
    "UPDATE events SET type = $, body = $, message = NULL WHERE id IN (",
    "$",
    ")",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&EMPTY];

/// Events looked at in one step: some megabytes of text.
const EVENTS_LOOKED_AT: i64 = 1_000;
/// After every id of its kind: `_` and 32 hexadecimal digits follow the prefix.
const AFTER_ALL: &str = "ctc_g";
/// The type of an event of somebody who was forgotten.
pub const ERASED: &str = "erased";
/// What stands in the place of what it said.
const NOTHING: &str = r#"{"event":"erased","channel":null,"session_id":null,"data":{}}"#;

row! {
    struct Row {
        id: String,
        workspace: String,
        channel: String,
        address: String,
        own_name: Option<String>,
        name: Option<String>,
        labels: String,
        note: Option<String>,
        seen_at: Option<i64>,
        created_at: i64,
    }
}

impl TryFrom<Row> for Contact {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        Ok(Self {
            id: read(id, "contacts", "id", id)?,
            workspace: read(&row.workspace, "contacts", "workspace", id)?,
            channel: read(&row.channel, "contacts", "channel", id)?,
            labels: read_json(&row.labels, "contacts", "labels", id)?,
            seen_at: row.seen_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
            address: row.address,
            own_name: row.own_name,
            name: row.name,
            note: row.note,
        })
    }
}

impl Store {
    /// Those of a workspace before one of them, newest first, at most `limit`; and where to go on, if there is more to look at. `search`
    /// stands in a name or an address; a page of a search may be short, or empty, where it fits few of many.
    pub async fn contacts(
        &self,
        workspace: &WorkspaceId,
        search: Option<&str>,
        before: Option<&ContactId>,
        limit: usize,
    ) -> Result<(Vec<Contact>, Option<ContactId>)> {
        let (workspace, before) = (workspace.as_str(), before.map_or(AFTER_ALL, ContactId::as_str));
        let search = search.map(|text| containing(&plain(text)));
        let looked_at = if search.is_some() { LOOKED_AT } else { limit + 1 };
        let mut conn = self.read().await?;
        let (most, wanted) = (rows(looked_at), rows(limit + 1));
        let found = fetch_all!(conn, Row, PAGE, workspace, before, most, search.as_deref(), wanted)?;
        let mut found = found.into_iter().map(Contact::try_from).collect::<Result<Vec<_>>>()?;
        if found.len() > limit {
            found.truncate(limit);
            let next = found.last().map(|last| last.id.clone());
            return Ok((found, next));
        }
        let end = fetch_optional!(conn, (String,), END, workspace, before, rows(looked_at - 1))?;
        let end = end.map(|(id,)| read(&id, "contacts", "id", &id)).transpose()?;
        Ok((found, end))
    }

    /// One of a workspace.
    pub async fn contact(&self, workspace: &WorkspaceId, id: &ContactId) -> Result<Option<Contact>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())?.map(Contact::try_from).transpose()
    }

    /// Whether it was there.
    pub async fn change_contact(
        &self,
        workspace: &WorkspaceId,
        id: &ContactId,
        change: ContactChange,
    ) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), change), |tx, (workspace, id, change)| {
            Box::pin(async move {
                let labels = change.labels.as_ref().map(json).transpose()?;
                let given = |text: &Option<String>| if text.is_some() { "yes" } else { "" };
                let text = |text: &Option<String>| {
                    text.as_deref().filter(|text| !text.is_empty()).map(|text| plain(text).into_owned())
                };
                let hit = execute!(
                    tx,
                    CHANGE,
                    workspace.as_str(),
                    id.as_str(),
                    given(&change.name),
                    text(&change.name),
                    labels,
                    given(&change.note),
                    text(&change.note),
                )?;
                Ok(hit == 1)
            })
        })
        .await
    }

    /// Forgets somebody: their name, their conversations with everything in them, what waits to be sent to them, and what the log of
    /// webhooks says of them. Pictures and files go with the messages, except those that others were sent as well. What they wrote in
    /// groups stays there without its writer. Whether they were there.
    ///
    /// An attempt to send that is under way may still reach them.
    pub async fn erase_contact(
        &self,
        workspace: &WorkspaceId,
        id: &ContactId,
        now: Timestamp,
    ) -> Result<bool> {
        let Some(contact) = self.contact(workspace, id).await? else { return Ok(false) };
        // Before, page by page: there may be millions of events, and whoever writes has others behind it. Should the process end in the
        // middle, the contact is still there to be forgotten again.
        self.empty_events_naming(workspace, &contact).await?;
        self.write_once((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
            Box::pin(async move {
                let found = fetch_optional!(tx, Row, ONE, workspace.as_str(), id.as_str())?;
                let Some(contact) = found else { return Ok(false) };
                erase(tx, workspace, &contact, *now).await?;
                execute!(tx, FORGET, workspace.as_str(), id.as_str())?;
                Ok(true)
            })
        })
        .await
    }

    /// Empties the events in which somebody is named, except those of messages of theirs, which go with these.
    async fn empty_events_naming(&self, workspace: &WorkspaceId, contact: &Contact) -> Result<()> {
        // As a text of its own in an event's JSON, or in JSON that it carries as a text.
        let [whole, carried] = ["\"", "\\\""].map(|end| format!("%\"{}{end}%", escaped(&contact.address)));
        // What has no number yet comes first: should it get one meanwhile, it is met again at the end.
        for walk in [NAMING_UNNUMBERED, NAMING] {
            let mut after = i64::MIN;
            loop {
                let mut conn = self.read().await?;
                let seen = fetch_all!(
                    conn,
                    (i64, String, i64),
                    walk,
                    workspace.as_str(),
                    contact.channel.as_str(),
                    &whole,
                    &carried,
                    &contact.address,
                    after,
                    EVENTS_LOOKED_AT,
                )?;
                drop(conn);
                let Some((last, ..)) = seen.last() else { break };
                after = *last;
                let naming: Vec<(String,)> =
                    seen.into_iter().filter(|(.., names)| *names == 1).map(|(_, id, _)| (id,)).collect();
                if !naming.is_empty() {
                    self.write(naming, |tx, naming| {
                        Box::pin(async move {
                            prune::delete_deliveries_of(tx, naming).await?;
                            execute_rows!(tx, EMPTY, [ERASED, NOTHING], naming, |row| [row.0.as_str()]);
                            Ok(())
                        })
                    })
                    .await?;
                }
            }
        }
        Ok(())
    }
}

async fn erase(tx: &mut Tx, workspace: &WorkspaceId, contact: &Row, now: Timestamp) -> Result<()> {
    let (workspace, channel, address) = (workspace.as_str(), &contact.channel, &contact.address);
    for (conversation, device) in fetch_all!(tx, (String, String), CHATS, workspace, channel, address)? {
        execute!(tx, ATTEMPTS, workspace, &conversation)?;
        execute!(tx, DELIVERIES, workspace, &conversation)?;
        execute!(tx, EVENTS, workspace, &conversation, NOTHING, ERASED)?;
        execute!(tx, JOB_ATTEMPTS, &conversation)?;
        execute!(tx, JOBS, &conversation)?;
        let media = fetch_all!(tx, (String,), MEDIA, &conversation)?;
        execute!(tx, MESSAGES, &conversation)?;
        for (media,) in media {
            media_prune::forget_unused(tx, workspace, &media, now).await?;
        }
        execute!(tx, NOTES, &conversation)?;
        execute!(tx, RECEIVED, &device, address)?;
        execute!(tx, CONVERSATION, &conversation)?;
    }
    execute!(tx, IN_GROUPS, workspace, address, channel)?;
    execute!(tx, ALIASES, workspace, channel, address)?;
    Ok(())
}
