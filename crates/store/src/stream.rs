//! The events of a workspace as one stream: for readers that pull, each at its own pace, by a number that never changes.
//!
//! The transactions that make events neither wait for one another nor number anything. A reader does: it gives the events
//! that are committed and have no number yet the next ones, under a lock on the workspace's row in `streams`. That is why:
//!
//! - **Nothing is skipped.** An event gets its number after its commit, above every number that was ever read. On PostgreSQL
//!   transactions commit in another order than their ids or their rows were made in; a reader that went by those would pass
//!   by what was still open behind it.
//! - **Every reader sees the same order**, on every node: numbers are written down before they are shown.
//! - **What followed from another stands after it.** Within what is numbered together the order is that of `ordinal`, and
//!   an event written after another's commit has the higher one. (Of two that knew nothing of each other, either may come
//!   first.)
//! - **A crash loses nothing.** Numbers are committed or they were never given.
//!
//! What is pruned is noted in `streams.pruned`, events that never had a number included, so that a reader who comes too late
//! is told so.

use std::collections::BTreeMap;

use cetar_model::{EventId, Timestamp, WorkspaceId};

use crate::{
    Result, Standing, Store, StreamEntry, StreamEvent, StreamPlace,
    db::{Tx, execute, fetch_all, fetch_optional, fetch_rows, limit as rows, read, read_opt},
    statement::{Multi, statements},
};

statements! {
    OPEN = "INSERT INTO streams (workspace, numbered, pruned) VALUES ($1, 0, 0) ON CONFLICT (workspace) DO NOTHING";
    LOCK = "SELECT numbered FROM streams WHERE workspace = $1", postgres "FOR UPDATE";
    // The innermost SELECT stops at the limit; the numbers are counted over what is left of it.
    NUMBER = "UPDATE events SET cursor = n.number FROM ( \
                SELECT ordinal, $2 + ROW_NUMBER() OVER (ORDER BY ordinal) AS number FROM ( \
                  SELECT ordinal FROM events WHERE workspace = $1 AND cursor IS NULL ORDER BY ordinal LIMIT $3 \
                ) AS waiting \
              ) AS n WHERE events.ordinal = n.ordinal RETURNING cursor";
    NUMBERED = "UPDATE streams SET numbered = $2 WHERE workspace = $1";
    STREAM = "SELECT numbered, pruned FROM streams WHERE workspace = $1";
    WAITING = "SELECT ordinal FROM events WHERE workspace = $1 AND cursor IS NULL ORDER BY ordinal LIMIT 1";
    AFTER = "SELECT v.cursor, v.id, v.device, d.sandbox, CAST(octet_length(v.body) AS BIGINT) AS size \
             FROM events v LEFT JOIN devices d ON d.id = v.device \
             WHERE v.workspace = $1 AND v.cursor > $2 ORDER BY v.cursor LIMIT $3";
    AT = "SELECT id FROM events WHERE workspace = $1 AND cursor = $2";
    // What never had a number is counted as if it had got the next ones: whoever read up to `numbered` missed it.
    PRUNED = "UPDATE streams SET numbered = numbered + $2, \
                pruned = CASE WHEN $2 > 0 THEN numbered + $2 WHEN $3 > pruned THEN $3 ELSE pruned END \
              WHERE workspace = $1";
}

// In the order of their names, so that nobody waits for who waits for them.
static LOCK_THESE: Multi = Multi::new(
    "stream::LOCK_THESE",
    "SELECT workspace FROM streams WHERE workspace IN (",
    "$",
    ") ORDER BY workspace",
    " FOR UPDATE",
);

static LEAVING: Multi =
    Multi::new("stream::LEAVING", "SELECT workspace, cursor FROM events WHERE id IN (", "$", ")", "");

static BODIES: Multi = Multi::new(
    "stream::BODIES",
    "SELECT cursor, id, type, device, body, created_at FROM events WHERE workspace = $ AND cursor IN (",
    "$",
    ")",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&LOCK_THESE, &LEAVING, &BODIES];

impl Store {
    /// Numbers committed events that have no number yet, at most `limit`, and opens the stream if nobody has read it before.
    /// Returns how many it numbered; zero when all have one.
    pub async fn number_events(&self, workspace: &WorkspaceId, limit: usize) -> Result<usize> {
        self.write((workspace.clone(), limit), |tx, (workspace, limit)| {
            Box::pin(number(tx, workspace, *limit))
        })
        .await
    }

    /// Whether [`number_events`](Self::number_events) has something to do.
    pub async fn stream_waits(&self, workspace: &WorkspaceId) -> Result<bool> {
        let mut conn = self.read().await?;
        let workspace = workspace.as_str();
        Ok(fetch_optional!(conn, (i64, i64), STREAM, workspace)?.is_none()
            || fetch_optional!(conn, (i64,), WAITING, workspace)?.is_some())
    }

    /// Before the oldest event that is kept.
    pub async fn stream_start(&self, workspace: &WorkspaceId) -> Result<StreamPlace> {
        let mut conn = self.read().await?;
        let stream = fetch_optional!(conn, (i64, i64), STREAM, workspace.as_str())?;
        Ok(StreamPlace { number: stream.map_or(0, |(_, pruned)| pruned), event: None })
    }

    /// The last numbered event; number 0 where there is none yet.
    pub async fn stream_end(&self, workspace: &WorkspaceId) -> Result<StreamPlace> {
        let mut conn = self.read().await?;
        let stream = fetch_optional!(conn, (i64, i64), STREAM, workspace.as_str())?;
        let number = stream.map_or(0, |(numbered, _)| numbered);
        let event = fetch_optional!(conn, (String,), AT, workspace.as_str(), number)?;
        let event = read_opt(event.as_ref().map(|(id,)| id.as_str()), "events", "id", "?")?;
        Ok(StreamPlace { number, event })
    }

    /// What follows `after`, without the bodies.
    pub async fn stream_after(
        &self,
        workspace: &WorkspaceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StreamEntry>> {
        type Row = (i64, String, Option<String>, Option<bool>, i64);
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, AFTER, workspace.as_str(), after, rows(limit))?
            .into_iter()
            .map(|(number, id, device, sandbox, size)| {
                let device = read_opt(device.as_deref(), "events", "device", &id)?;
                Ok(StreamEntry {
                    place: StreamPlace { number, event: Some(read(&id, "events", "id", &id)?) },
                    device: device.map(|device| (device, sandbox)),
                    size: usize::try_from(size).unwrap_or(usize::MAX),
                })
            })
            .collect()
    }

    /// These events whole, in the order of their numbers. One that was pruned meanwhile is not among them.
    pub async fn stream_events(&self, workspace: &WorkspaceId, numbers: &[i64]) -> Result<Vec<StreamEvent>> {
        type Row = (i64, String, String, Option<String>, String, i64);
        let mut conn = self.read().await?;
        let workspace = workspace.as_str();
        let mut found = fetch_rows!(conn, Row, BODIES, [workspace], numbers, |number| [*number]);
        found.sort_unstable_by_key(|row| row.0);
        found
            .into_iter()
            .map(|(number, id, event_type, device, body, created_at)| {
                Ok(StreamEvent {
                    number,
                    event_type,
                    device: read_opt(device.as_deref(), "events", "device", &id)?,
                    body,
                    created_at: Timestamp::from_micros(created_at),
                    id: read(&id, "events", "id", &id)?,
                })
            })
            .collect()
    }

    /// Whether a reader who has read up to `place` missed nothing. Asked after what follows was read, it holds for that too:
    /// what is pruned is noted before it is gone.
    pub async fn stream_standing(&self, workspace: &WorkspaceId, place: &StreamPlace) -> Result<Standing> {
        let mut conn = self.read().await?;
        let (workspace, number) = (workspace.as_str(), place.number);
        let stream = fetch_optional!(conn, (i64, i64), STREAM, workspace)?;
        let (numbered, pruned) = stream.unwrap_or_default();
        if number > numbered {
            return Ok(Standing::Foreign);
        }
        if number < pruned {
            return Ok(Standing::Pruned);
        }
        let there: Option<EventId> = match fetch_optional!(conn, (String,), AT, workspace, number)? {
            Some((id,)) => Some(read(&id, "events", "id", &id)?),
            None => None,
        };
        let other = there.is_some() && place.event.is_some() && there != place.event;
        Ok(if other { Standing::Foreign } else { Standing::Good })
    }
}

async fn number(tx: &mut Tx, workspace: &WorkspaceId, limit: usize) -> Result<usize> {
    let workspace = workspace.as_str();
    let mut last = fetch_optional!(tx, (i64,), LOCK, workspace)?;
    if last.is_none() {
        execute!(tx, OPEN, workspace)?;
        last = fetch_optional!(tx, (i64,), LOCK, workspace)?;
    }
    let last = last.map_or(0, |(numbered,)| numbered);
    let given = fetch_all!(tx, (i64,), NUMBER, workspace, last, rows(limit))?;
    // Not the count: an event may be pruned under our hands, and its number is then nobody's.
    if let Some((highest,)) = given.iter().max() {
        execute!(tx, NUMBERED, workspace, highest)?;
    }
    Ok(given.len())
}

/// Keeps these workspaces' streams from being numbered, and each other's pruning from them, until the commit. Sorted, for the same reason
/// as in the statement.
pub(crate) async fn lock(tx: &mut Tx, workspaces: &[String]) -> Result<()> {
    if tx.is_concurrent() {
        fetch_rows!(tx, (String,), LOCK_THESE, [], workspaces, |id| [id.as_str()]);
    }
    Ok(())
}

/// Notes which events pruning is about to delete: to be called in its transaction, before, with the [lock] on their streams.
pub(crate) async fn note_pruned(tx: &mut Tx, events: &[(String,)]) -> Result<()> {
    let mut leaving: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (workspace, cursor) in
        fetch_rows!(tx, (String, Option<i64>), LEAVING, [], events, |row| [row.0.as_str()])
    {
        let (unnumbered, highest) = leaving.entry(workspace).or_default();
        match cursor {
            Some(cursor) => *highest = cursor.max(*highest),
            None => *unnumbered += 1,
        }
    }
    for (workspace, (unnumbered, highest)) in leaving {
        execute!(tx, PRUNED, &workspace, unnumbered, highest)?;
    }
    Ok(())
}
