//! Deleting media that are past their time, and what is kept without anybody knowing of it.
use std::{io, time::Duration};

use cetar_model::{Timestamp, WorkspaceId};
use cetar_store::StoreError;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::links::VALID_FOR;
use crate::{Engine, insist::insist};

/// Rows touched by one transaction.
const BATCH: usize = 500;
/// Bytes marked as being deleted at one time: nobody can use them meanwhile.
const AT_ONCE: usize = 16;
/// However short they are to be kept: their addresses are good for a week, and a message may wait as long for its turn. What was uploaded
/// and not sent by then is deleted.
const SHORTEST: Duration = Duration::from_hours(24).saturating_add(VALID_FOR);
/// Bytes are deleted so long after nothing refers to them any more. No transaction takes so long that it could still bring a reference.
const GRACE: Duration = Duration::from_hours(1);
/// What is kept and has no medium is left alone for so long: its medium may be about to be noted.
const FRESH: Duration = Duration::from_hours(24);

/// Bytes as they are kept.
pub(super) struct Found {
    pub(super) workspace: WorkspaceId,
    pub(super) hash: [u8; 32],
    /// When they were kept last, by the clock of where they are kept.
    pub(super) kept_at: Timestamp,
}

/// Why not all was deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PruneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("where media are kept: {0}")]
    Place(#[from] io::Error),
}

impl Engine {
    /// Deletes media past their time: first what is known of them, then, a while later, their bytes.
    pub(crate) async fn prune_media(&self, stop: &CancellationToken) -> Result<(), PruneError> {
        let store = &self.inner.store;
        let kept = self.inner.settings.media_retention.max(SHORTEST);
        while !stop.is_cancelled() && store.prune_media(self.now() - kept, self.now(), BATCH).await? > 0 {}
        let unsent = self.now() - SHORTEST;
        while !stop.is_cancelled() && store.prune_uploads(unsent, self.now(), BATCH).await? > 0 {}
        let mut failed = None;
        while !stop.is_cancelled() {
            let garbage = store.media_garbage(self.now() - GRACE, AT_ONCE).await?;
            if garbage.is_empty() {
                break;
            }
            let (mut deleted, mut stuck) = (Vec::new(), Vec::new());
            for (workspace, hash) in garbage {
                match self.inner.media.place.delete(&workspace, &hash).await {
                    Ok(()) => deleted.push((workspace, hash)),
                    Err(error) => {
                        stuck.push((workspace, hash));
                        failed = Some(error);
                    }
                }
            }
            metrics::counter!("cetar_media_deleted_total").increment(deleted.len() as u64);
            // Until this is written nobody can use these bytes. What could not be deleted is good for use again, and not in the way of the
            // others: its turn comes again after the same grace.
            let forget = || store.forget_garbage(deleted.clone());
            let release = || store.release_garbage(stuck.clone(), self.now());
            let written = async {
                insist(self.clock(), "which media were deleted", forget).await?;
                insist(self.clock(), "which media were not deleted", release).await
            };
            match stop.run_until_cancelled(written).await {
                Some(written) => written?,
                None => break,
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        Ok(())
    }

    /// Looks through everything that is kept for what no medium has: left by a process that died, or from before a restore.
    pub(crate) async fn find_orphans(&self, stop: &CancellationToken) -> Result<(), PruneError> {
        let mut kept = self.inner.media.place.list().await?;
        let (mut some, mut orphans) = (Vec::new(), 0);
        while !stop.is_cancelled() {
            let found = kept.try_next().await?;
            let ended = found.is_none();
            some.extend(
                found.filter(|it| self.now().since(it.kept_at) >= FRESH).map(|it| (it.workspace, it.hash)),
            );
            if ended || some.len() >= BATCH {
                orphans += self.inner.store.note_orphans(std::mem::take(&mut some), self.now()).await?;
            }
            if ended {
                break;
            }
        }
        if orphans > 0 {
            tracing::info!(orphans, "media are kept that no message has; they will be deleted");
        }
        Ok(())
    }
}
