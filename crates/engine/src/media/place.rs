//! Where bytes are kept: in a bucket if one is set, else in the folder. They grow in the folder either way: only of what is whole
//! is the hash known that names it.
use std::io;

use cetar_model::{Timestamp, WorkspaceId};
use cetar_provider::ByteStream;
use futures::stream::BoxStream;

use super::{
    bucket::Bucket,
    folder::{Folder, Growing, Kept},
    prune::Found,
};

/// The place.
pub(crate) struct Place {
    folder: Folder,
    bucket: Option<Bucket>,
}

impl Place {
    pub(crate) const fn new(folder: Folder, bucket: Option<Bucket>) -> Self {
        Self { folder, bucket }
    }

    /// Begins a file. `name` is fresh randomness.
    pub(crate) async fn begin(&self, name: [u8; 16]) -> io::Result<Growing> {
        self.folder.begin(name).await
    }

    /// Keeps a file that is whole. Durable when this returns.
    pub(crate) async fn keep(&self, mut growing: Growing, workspace: &WorkspaceId) -> io::Result<Kept> {
        let Some(bucket) = &self.bucket else { return self.folder.keep(growing, workspace).await };
        let kept = growing.whole().await?;
        if let Some(path) = growing.path() {
            bucket.keep(path.to_owned(), workspace, &kept.hash).await?;
        }
        Ok(kept)
    }

    /// Reads bytes from `from` on, at most `length` of them; with the number of bytes that come. `None` if they are not there.
    pub(crate) async fn open(
        &self,
        workspace: &WorkspaceId,
        hash: &[u8; 32],
        from: u64,
        length: Option<u64>,
    ) -> io::Result<Option<(u64, ByteStream)>> {
        match &self.bucket {
            Some(bucket) => bucket.open(workspace, hash, from, length).await,
            None => self.folder.open(workspace, hash, from, length).await,
        }
    }

    /// Whether these bytes are there.
    pub(crate) async fn has(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<bool> {
        match &self.bucket {
            Some(bucket) => bucket.has(workspace, hash).await,
            None => self.folder.has(workspace, hash).await,
        }
    }

    /// Deletes these bytes. That they are gone already is no error.
    pub(crate) async fn delete(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<()> {
        match &self.bucket {
            Some(bucket) => bucket.delete(workspace, hash).await,
            None => self.folder.delete(workspace, hash).await,
        }
    }

    /// Everything that is kept, in no order. What has another name than ours is passed over.
    pub(super) async fn list(&self) -> io::Result<BoxStream<'static, io::Result<Found>>> {
        match &self.bucket {
            Some(bucket) => Ok(bucket.list()),
            None => self.folder.list().await,
        }
    }

    /// Deletes what a process that died left unfinished.
    pub(crate) async fn sweep(&self, now: Timestamp) -> io::Result<()> {
        self.folder.sweep(now).await
    }
}
