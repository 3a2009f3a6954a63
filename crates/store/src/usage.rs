//! How much is sent, comes in and fails, by the hour.
//!
//! Ids of messages are ordered by the time they were made, so an hour is a span of the primary key: one that is over is added up once,
//! the present one is counted when it is asked for. Sending and taking in pay nothing for it.

use cetar_model::{EndpointId, JobId, MessageId, Timestamp, WorkspaceId};

use crate::{
    Figures, Result, Store,
    db::{count, execute, execute_rows, fetch_all, fetch_optional, limit as rows},
    statement::{Multi, statements},
};

macro_rules! figures {
    () => {
        "SUM(CASE WHEN m.direction = 'out' THEN 1 ELSE 0 END), SUM(CASE WHEN m.direction = 'in' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN m.direction = 'out' AND m.state = 'failed' THEN 1 ELSE 0 END) FROM messages m WHERE m.id >= $1 AND m.id < $2"
    };
}

statements! {
    OF_ALL = concat!("SELECT m.workspace, ", figures!(), " GROUP BY m.workspace");
    // Workspace by workspace, each by its key.
    ADDED_UP = "SELECT h.workspace FROM workspaces w CROSS JOIN usage_hours h WHERE h.workspace = w.id AND h.hour = $1";
    PRESENT = concat!("SELECT ", figures!(), " AND m.workspace = $3");
    HOURS = "SELECT h.hour, h.went_out, h.came_in, h.failed FROM usage_hours h \
             WHERE h.workspace = $1 AND h.hour >= $2 AND h.hour < $3 ORDER BY h.hour";
    UP_TO = "SELECT value FROM meta WHERE key = 'usage'";
    SET_UP_TO = "INSERT INTO meta (key, value) VALUES ('usage', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    OLDEST = "SELECT m.created_at FROM messages m ORDER BY m.id LIMIT 1";
    LATENCIES = "SELECT a.ended_at - j.created_at FROM job_attempts a JOIN jobs j ON j.id = a.job \
                 WHERE a.job >= $2 AND j.workspace = $1 AND a.outcome = 'sent' ORDER BY a.job DESC LIMIT $3";
    WAITING = "SELECT COUNT(*), MIN(few.created_at) FROM \
                 (SELECT j.created_at FROM jobs j WHERE j.state = 'ready' AND j.workspace = $1 ORDER BY j.expires_at, j.id LIMIT $2) AS few";
    // Of those lately active: where nothing of theirs was sent, nothing was.
    SENT = "SELECT m.id FROM (SELECT c.id FROM conversations c WHERE c.workspace = $1 ORDER BY c.last_message_at DESC, c.id DESC LIMIT 500) AS c \
            JOIN messages m ON m.conversation = c.id WHERE m.direction = 'out' AND m.state IN ('sent', 'delivered', 'read') LIMIT 1";
    ANSWERED = "SELECT d.id FROM (SELECT d.id, d.state FROM deliveries d WHERE d.endpoint = $1 ORDER BY d.id DESC LIMIT 100) AS d \
                WHERE d.state = 'delivered' LIMIT 1";
}

static ADD_UP: Multi = Multi::new(
    "usage::ADD_UP",
    "INSERT INTO usage_hours (workspace, hour, went_out, came_in, failed) VALUES ",
    "($, $, $, $, $)",
    " ON CONFLICT (workspace, hour) DO UPDATE SET went_out = excluded.went_out, came_in = excluded.came_in, failed = excluded.failed",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&ADD_UP];

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// Twice the longest span that is asked for.
const KEPT: i64 = 60 * 24 * HOUR;

type Row = (i64, i64, i64, i64);
type Sums = (Option<i64>, Option<i64>, Option<i64>);

fn span(from: i64, to: i64) -> (String, String) {
    let bound = |at| MessageId::not_before(Timestamp::from_micros(at));
    (bound(from), bound(to))
}

impl Store {
    /// Adds up the next hour that is over and has not been; and, with it, that of a day before once more, of which most of what can fail
    /// has failed by now. False if there is none.
    pub async fn add_up_usage(&self, now: Timestamp) -> Result<bool> {
        let mut conn = self.read().await?;
        let up_to = match fetch_optional!(conn, (Vec<u8>,), UP_TO)? {
            Some((bytes,)) => bytes.try_into().ok().map(i64::from_le_bytes),
            // What is older than anybody can ask for need not be added up.
            None => fetch_optional!(conn, (i64,), OLDEST)?
                .map(|(at,)| at.max(now.as_micros() - KEPT).div_euclid(HOUR) * HOUR),
        };
        let Some(hour) = up_to.filter(|hour| hour + HOUR <= now.as_micros()) else { return Ok(false) };
        // Counted here and not where it is written: an hour may hold a million messages, and whoever writes has others behind it.
        let mut sums = Vec::new();
        for hour in [hour, hour - 25 * HOUR] {
            let (from, to) = span(hour, hour + HOUR);
            let mut of_all = fetch_all!(conn, (String, i64, i64, i64), OF_ALL, from, to)?;
            // Whose figures are there and whose messages have all gone since, with somebody who was forgotten, has none.
            let emptied: Vec<_> = fetch_all!(conn, (String,), ADDED_UP, hour)?
                .into_iter()
                .filter(|(workspace,)| of_all.iter().all(|(other, ..)| other != workspace))
                .map(|(workspace,)| (workspace, 0, 0, 0))
                .collect();
            of_all.extend(emptied);
            sums.extend(
                of_all
                    .into_iter()
                    .map(|(workspace, out, came_in, failed)| (workspace, hour, out, came_in, failed)),
            );
        }
        drop(conn);
        self.write((hour, sums), |tx, (hour, sums)| {
            Box::pin(async move {
                execute_rows!(tx, ADD_UP, [], sums, |(workspace, hour, out, came_in, failed)| [
                    workspace.as_str(),
                    *hour,
                    *out,
                    *came_in,
                    *failed,
                ]);
                execute!(tx, SET_UP_TO, &(hour + HOUR).to_le_bytes()[..])?;
                Ok(())
            })
        })
        .await?;
        Ok(true)
    }

    /// A workspace's figures from one moment to another, by the hour; hours in which nothing happened are left out.
    pub async fn usage(
        &self,
        workspace: &WorkspaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Figures)>> {
        let mut conn = self.read().await?;
        let workspace = workspace.as_str();
        let from = from.as_micros().div_euclid(HOUR) * HOUR;
        let up_to = fetch_optional!(conn, (Vec<u8>,), UP_TO)?;
        let up_to = up_to.and_then(|(bytes,)| bytes.try_into().ok()).map_or(from, i64::from_le_bytes);
        let mut hours: Vec<_> = fetch_all!(conn, Row, HOURS, workspace, from, to.as_micros())?
            .into_iter()
            .filter(|(hour, sent, came_in, failed)| *hour < up_to && (*sent, *came_in, *failed) != (0, 0, 0))
            .map(|(hour, sent, came_in, failed)| (hour, (sent, came_in, failed)))
            .collect();
        // What has not been added up yet: the present hour, and one that ended minutes ago.
        let mut hour = up_to.max(from);
        while hour < to.as_micros() {
            let (first, end) = span(hour, hour + HOUR);
            let sums = fetch_optional!(conn, Sums, PRESENT, first, end, workspace)?.unwrap_or_default();
            let figures = (sums.0.unwrap_or(0), sums.1.unwrap_or(0), sums.2.unwrap_or(0));
            if figures != (0, 0, 0) {
                hours.push((hour, figures));
            }
            hour += HOUR;
        }
        let figures = |(sent, came_in, failed)| Figures {
            sent: count(sent),
            came_in: count(came_in),
            failed: count(failed),
        };
        Ok(hours.into_iter().map(|(hour, of)| (Timestamp::from_micros(hour), figures(of))).collect())
    }

    /// How long the newest sends since a moment took from being accepted to being taken by their network, in microseconds; at most `limit`.
    pub async fn latencies(
        &self,
        workspace: &WorkspaceId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let mut conn = self.read().await?;
        let found =
            fetch_all!(conn, (i64,), LATENCIES, workspace.as_str(), JobId::not_before(since), rows(limit))?;
        Ok(found.into_iter().map(|(took,)| took.max(0)).collect())
    }

    /// How many sends of a workspace wait, counted up to `most`, and since when the oldest of them does.
    pub async fn waiting(&self, workspace: &WorkspaceId, most: usize) -> Result<(u32, Option<Timestamp>)> {
        let mut conn = self.read().await?;
        let found = fetch_optional!(conn, (i64, Option<i64>), WAITING, workspace.as_str(), rows(most))?;
        let (waiting, oldest) = found.unwrap_or_default();
        Ok((count(waiting), oldest.map(Timestamp::from_micros)))
    }

    /// Whether a network took any message of the workspace's lately active conversations.
    pub async fn has_sent(&self, workspace: &WorkspaceId) -> Result<bool> {
        let mut conn = self.read().await?;
        Ok(fetch_optional!(conn, (String,), SENT, workspace.as_str())?.is_some())
    }

    /// Whether a receiver answered any of its newest hundred deliveries well.
    pub async fn has_answered(&self, endpoint: &EndpointId) -> Result<bool> {
        let mut conn = self.read().await?;
        Ok(fetch_optional!(conn, (String,), ANSWERED, endpoint.as_str())?.is_some())
    }
}
