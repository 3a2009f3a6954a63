//! Signed-in browsers.

use cetar_model::{Timestamp, UserId};

use crate::{
    Result, SessionRecord, Store,
    db::{corrupt, execute, fetch_optional, row},
    statement::statements,
    users, workspaces,
};

statements! {
    INSERT = "INSERT INTO sessions (hash, person, created_at, seen_at) VALUES ($1, $2, $3, $3)";
    SIGNED_IN = "UPDATE users SET signed_in_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    BY_HASH = concat!("SELECT s.hash, s.created_at AS session_created_at, s.seen_at, ", users::columns!(), ", \
                         w.name AS workspace_name, w.plan, w.language AS workspace_language, w.time_zone, w.created_at AS workspace_created_at \
                       FROM sessions s JOIN users u ON u.id = s.person JOIN workspaces w ON w.id = u.workspace \
                       WHERE s.hash = $1 AND u.disabled_at IS NULL");
    SEEN = "UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";
    END = "DELETE FROM sessions WHERE hash = $1";
    PRUNE = "DELETE FROM sessions WHERE seen_at < $1 OR created_at < $2";
}

row! {
    struct Row {
        hash: Vec<u8>,
        session_created_at: i64,
        seen_at: i64,
        #[sqlx(flatten)]
        user: users::Row,
        workspace_name: String,
        plan: String,
        workspace_language: String,
        time_zone: String,
        workspace_created_at: i64,
    }
}

impl Store {
    /// Notes a signed-in browser; `hash` is the SHA-256 of what its cookie holds. False if the account is gone or disabled.
    pub async fn insert_session(&self, hash: [u8; 32], user: &UserId, now: Timestamp) -> Result<bool> {
        self.write((hash, user.clone(), now), |tx, (hash, user, now)| {
            Box::pin(async move {
                if execute!(tx, SIGNED_IN, user.as_str(), now.as_micros())? == 0 {
                    return Ok(false);
                }
                execute!(tx, INSERT, &hash[..], user.as_str(), now.as_micros())?;
                Ok(true)
            })
        })
        .await
    }

    /// With its person and their workspace, in one read; none of one that may not sign in. The caller judges its age.
    pub async fn session(&self, hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
        let mut conn = self.read().await?;
        let Some(row) = fetch_optional!(conn, Row, BY_HASH, &hash[..])? else { return Ok(None) };
        let workspace = workspaces::Row {
            id: row.user.workspace.clone(),
            name: row.workspace_name,
            plan: row.plan,
            language: row.workspace_language,
            time_zone: row.time_zone,
            created_at: row.workspace_created_at,
        };
        Ok(Some(SessionRecord {
            hash: row.hash.try_into().map_err(|_| corrupt("sessions", "hash", &row.user.id))?,
            user: row.user.try_into()?,
            workspace: workspace.try_into()?,
            created_at: Timestamp::from_micros(row.session_created_at),
            seen_at: Timestamp::from_micros(row.seen_at),
        }))
    }

    /// Notes that it was seen.
    pub async fn touch_session(&self, hash: [u8; 32], now: Timestamp) -> Result<()> {
        self.write((hash, now), |tx, (hash, now)| {
            Box::pin(async move {
                execute!(tx, SEEN, &hash[..], now.as_micros())?;
                Ok(())
            })
        })
        .await
    }

    /// Ends one.
    pub async fn end_session(&self, hash: [u8; 32]) -> Result<()> {
        self.write(hash, |tx, hash| {
            Box::pin(async move {
                execute!(tx, END, &hash[..])?;
                Ok(())
            })
        })
        .await
    }

    /// Deletes those last seen, or begun, before these moments.
    pub async fn prune_sessions(&self, seen: Timestamp, begun: Timestamp) -> Result<()> {
        self.write((seen, begun), |tx, (seen, begun)| {
            Box::pin(async move {
                execute!(tx, PRUNE, seen.as_micros(), begun.as_micros())?;
                Ok(())
            })
        })
        .await
    }
}
