//! Media past their time: their rows go, and what no row has any more is noted to be deleted from where bytes are kept.
//!
//! Bytes are deleted outside of any transaction, and the same bytes may come in again at any moment, on any node. So they are noted first
//! (`media_garbage`) and deleted a while later, if still nothing refers to them. Whoever makes a medium of them meanwhile takes the note
//! away ([`referable`]). Only in the moment of their deletion nobody can: whoever tried then tries again, and brings them anew.

use cetar_model::{Timestamp, WorkspaceId};

use crate::{
    Result, Store, StoreError,
    db::{Tx, corrupt, execute, fetch_all, fetch_optional, limit as rows, read},
    statement::statements,
};

statements! {
    OLD_SOURCES = "DELETE FROM media_sources WHERE (workspace, url_hash) IN \
                   (SELECT s.workspace, s.url_hash FROM media_sources s WHERE s.fetched_at < $1 ORDER BY s.fetched_at LIMIT $2)";
    // What an address still leads to was used lately, however long ago it was fetched. So was what a message of since then refers to; and
    // what waits for its turn keeps its medium however long it waits.
    OLD = "DELETE FROM media WHERE id IN \
           (SELECT m.id FROM media m WHERE m.created_at < $1 AND NOT EXISTS (SELECT 1 FROM media_sources s WHERE s.media = m.id) \
              AND NOT EXISTS (SELECT 1 FROM messages g LEFT JOIN jobs j ON j.id = g.job \
                              WHERE g.media = m.id AND (g.created_at >= $1 OR j.state IN ('ready', 'running'))) \
            ORDER BY m.created_at, m.id LIMIT $2) RETURNING workspace, hash";
    // A message that is to send one refers to it from the moment it is accepted.
    UPLOADS = "DELETE FROM media WHERE id IN \
               (SELECT m.id FROM media m WHERE m.device = '' AND m.created_at < $1 \
                  AND NOT EXISTS (SELECT 1 FROM messages g WHERE g.media = m.id) ORDER BY m.created_at, m.id LIMIT $2) \
               RETURNING workspace, hash";
    USED = "SELECT id FROM messages WHERE media = $1 LIMIT 1";
    UNLEARN = "DELETE FROM media_sources WHERE media = $1";
    ERASE = "DELETE FROM media WHERE id = $1 AND workspace = $2 RETURNING hash";
    REFERRED = "SELECT id FROM media WHERE workspace = $1 AND hash = $2 LIMIT 1";
    NOTE = "INSERT INTO media_garbage (workspace, hash, since) VALUES ($1, $2, $3) ON CONFLICT (workspace, hash) DO NOTHING";
    // Locked, so that who keeps the bytes and who is about to delete them do not pass each other by.
    NOTED = "SELECT since FROM media_garbage WHERE workspace = $1 AND hash = $2", postgres "FOR UPDATE";
    // From now on they are being deleted, and those that a process left behind in the middle of it are due again.
    BEGIN = "UPDATE media_garbage SET since = 0 WHERE workspace = $1 AND hash = $2";
    DUE = "SELECT workspace, hash FROM media_garbage WHERE since < $1 ORDER BY since LIMIT $2", postgres "FOR UPDATE SKIP LOCKED";
    RELEASE = "UPDATE media_garbage SET since = $3 WHERE workspace = $1 AND hash = $2";
    FORGET = "DELETE FROM media_garbage WHERE workspace = $1 AND hash = $2";
}

/// Bytes, by what they are kept under.
pub type BytesOf = (WorkspaceId, [u8; 32]);

impl Store {
    /// Deletes up to `limit` media from before `before` that nothing has used since, and notes the bytes that go with them. Returns how
    /// many rows went; zero when there is nothing left to do.
    pub async fn prune_media(&self, before: Timestamp, now: Timestamp, limit: usize) -> Result<usize> {
        self.write((before, now, limit), |tx, (before, now, limit)| {
            Box::pin(async move {
                let (before, most) = (before.as_micros(), rows(*limit));
                let sources = execute!(tx, OLD_SOURCES, before, most)?;
                if sources > 0 {
                    return Ok(usize::try_from(sources).unwrap_or(usize::MAX));
                }
                let gone = fetch_all!(tx, (String, Option<Vec<u8>>), OLD, before, most)?;
                for (workspace, hash) in &gone {
                    if let Some(hash) = hash {
                        note(tx, workspace, hash, *now).await?;
                    }
                }
                Ok(gone.len())
            })
        })
        .await
    }

    /// Deletes up to `limit` of what people gave us before `before` and nobody sent. Returns how many.
    pub async fn prune_uploads(&self, before: Timestamp, now: Timestamp, limit: usize) -> Result<usize> {
        self.write((before, now, limit), |tx, (before, now, limit)| {
            Box::pin(async move {
                let gone =
                    fetch_all!(tx, (String, Option<Vec<u8>>), UPLOADS, before.as_micros(), rows(*limit))?;
                for (workspace, hash) in &gone {
                    if let Some(hash) = hash {
                        note(tx, workspace, hash, *now).await?;
                    }
                }
                Ok(gone.len())
            })
        })
        .await
    }

    /// Notes those of these bytes that no medium has: what is kept without anybody knowing of it. Returns how many that are.
    pub async fn note_orphans(&self, found: Vec<BytesOf>, now: Timestamp) -> Result<usize> {
        self.write((found, now), |tx, (found, now)| {
            Box::pin(async move {
                let mut orphans = 0;
                for (workspace, hash) in found {
                    orphans += usize::from(note(tx, workspace.as_str(), hash, *now).await?);
                }
                Ok(orphans)
            })
        })
        .await
    }

    /// Up to `limit` of the bytes that were noted before `before`, to be deleted now: until [`forget_garbage`](Self::forget_garbage)
    /// or [`release_garbage`](Self::release_garbage) no medium can be made of them. What a medium has again is not among them. None if
    /// nothing is due.
    pub async fn media_garbage(&self, before: Timestamp, limit: usize) -> Result<Vec<BytesOf>> {
        self.write((before, limit), |tx, (before, limit)| {
            Box::pin(async move {
                let mut garbage = Vec::new();
                let (before, most) = (before.as_micros(), rows(*limit));
                while garbage.is_empty() {
                    let due = fetch_all!(tx, (String, Vec<u8>), DUE, before, most)?;
                    if due.is_empty() {
                        break;
                    }
                    for (workspace, hash) in due {
                        // Asked with the lock held: what was committed before it is seen.
                        if is_referred(tx, &workspace, &hash).await? {
                            execute!(tx, FORGET, &workspace, &hash)?;
                            continue;
                        }
                        execute!(tx, BEGIN, &workspace, &hash)?;
                        let id: WorkspaceId = read(&workspace, "media_garbage", "workspace", &workspace)?;
                        let hash = <[u8; 32]>::try_from(hash)
                            .map_err(|_| corrupt("media_garbage", "hash", &workspace))?;
                        garbage.push((id, hash));
                    }
                }
                Ok(garbage)
            })
        })
        .await
    }

    /// These bytes cannot be deleted now: media can be made of them again, and until somebody does they are due again after a while.
    pub async fn release_garbage(&self, kept: Vec<BytesOf>, now: Timestamp) -> Result<()> {
        if kept.is_empty() {
            return Ok(());
        }
        self.write((kept, now), |tx, (kept, now)| {
            Box::pin(async move {
                for (workspace, hash) in kept {
                    execute!(tx, RELEASE, workspace.as_str(), &hash[..], now.as_micros())?;
                }
                Ok(())
            })
        })
        .await
    }

    /// These bytes are deleted.
    pub async fn forget_garbage(&self, deleted: Vec<BytesOf>) -> Result<()> {
        if deleted.is_empty() {
            return Ok(());
        }
        self.write(deleted, |tx, deleted| {
            Box::pin(async move {
                for (workspace, hash) in deleted {
                    execute!(tx, FORGET, workspace.as_str(), &hash[..])?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// Forgets a medium that no message has any more, and notes its bytes. From then on it is not given out, whoever has its address.
pub(crate) async fn forget_unused(tx: &mut Tx, workspace: &str, media: &str, now: Timestamp) -> Result<()> {
    if fetch_optional!(tx, (String,), USED, media)?.is_some() {
        return Ok(());
    }
    execute!(tx, UNLEARN, media)?;
    if let Some((Some(hash),)) = fetch_optional!(tx, (Option<Vec<u8>>,), ERASE, media, workspace)? {
        note(tx, workspace, &hash, now).await?;
    }
    Ok(())
}

/// A medium is about to be made of these bytes: they are not to be deleted. [`StoreError::Conflict`] while they are being deleted.
pub(crate) async fn referable(tx: &mut Tx, workspace: &str, hash: &[u8]) -> Result<()> {
    match fetch_optional!(tx, (i64,), NOTED, workspace, hash)? {
        Some((0,)) => Err(StoreError::Conflict),
        Some(_) => execute!(tx, FORGET, workspace, hash).map(drop),
        None => Ok(()),
    }
}

/// Notes bytes, if nothing refers to them; whether that is so.
async fn note(tx: &mut Tx, workspace: &str, hash: &[u8], now: Timestamp) -> Result<bool> {
    if is_referred(tx, workspace, hash).await? {
        return Ok(false);
    }
    execute!(tx, NOTE, workspace, hash, now.as_micros())?;
    Ok(true)
}

async fn is_referred(tx: &mut Tx, workspace: &str, hash: &[u8]) -> Result<bool> {
    Ok(fetch_optional!(tx, (String,), REFERRED, workspace, hash)?.is_some())
}
