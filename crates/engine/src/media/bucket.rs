//! A bucket that bytes are kept in, under the same names as in the folder. An object is there whole or not at all.
use std::{io, path::PathBuf, sync::Arc};

use cetar_model::{Timestamp, WorkspaceId};
use cetar_provider::ByteStream;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, buffered::BufWriter, path::Path,
};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufReader},
};

use super::{
    folder::{hex, unhex},
    prune::Found,
};

/// What is sent at once. A store of S3's kind takes parts of 5 MiB and more, and at most 10,000 of them.
const PART: usize = 8 << 20;
/// Parts of one file that may be under way: with the one that fills up, 24 MiB of memory.
const PARTS: usize = 2;
/// What is read of the file at once.
const PIECE: usize = 64 * 1024;

/// A bucket, or what lies below a prefix in it.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Bucket {
    /// Everything is put below `prefix`, which may be empty.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { store, prefix: Path::from(prefix) }
    }

    /// Writes a small object, reads it back and deletes it: what keeping media needs to be allowed to do.
    ///
    /// # Errors
    ///
    /// What of it is not possible, and the store's own words.
    pub async fn prove(&self) -> io::Result<()> {
        let path = self.prefix.clone().join("cetar-doctor");
        self.store.put(&path, "cetar".into()).await?;
        let read = self.store.get(&path).await?.bytes().await?;
        self.store.delete(&path).await?;
        if read == "cetar" {
            Ok(())
        } else {
            Err(io::Error::other("another object was read than was written"))
        }
    }

    /// Puts a whole file into it. Durable when this returns.
    pub(crate) async fn keep(
        &self,
        file: PathBuf,
        workspace: &WorkspaceId,
        hash: &[u8; 32],
    ) -> io::Result<()> {
        let mut file = BufReader::with_capacity(PIECE, File::open(file).await?);
        let path = self.path(workspace, hash);
        let upload = BufWriter::with_capacity(Arc::clone(&self.store), path, PART);
        let mut upload = upload.with_max_concurrency(PARTS);
        if let Err(error) = tokio::io::copy_buf(&mut file, &mut upload).await {
            // Parts of what was not finished would be paid for until somebody looks.
            upload.abort().await?;
            return Err(error);
        }
        upload.shutdown().await
    }

    /// As of the folder.
    pub(crate) async fn open(
        &self,
        workspace: &WorkspaceId,
        hash: &[u8; 32],
        from: u64,
        length: Option<u64>,
    ) -> io::Result<Option<(u64, ByteStream)>> {
        let path = self.path(workspace, hash);
        let range = match (from, length) {
            (0, None) => None,
            // A store refuses an empty range.
            (_, Some(0)) => {
                return Ok(self.size(&path).await?.map(|_| (0, futures::stream::empty().boxed())));
            }
            (_, Some(length)) => Some(GetRange::Bounded(from..from.saturating_add(length))),
            (_, None) => Some(GetRange::Offset(from)),
        };
        let options = GetOptions { range, ..GetOptions::default() };
        match self.store.get_opts(&path, options).await {
            Ok(found) => {
                let length = found.range.end - found.range.start;
                Ok(Some((length, found.into_stream().map_err(io::Error::from).boxed())))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether these bytes are there.
    pub(crate) async fn has(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<bool> {
        Ok(self.size(&self.path(workspace, hash)).await?.is_some())
    }

    /// Deletes these bytes.
    pub(crate) async fn delete(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<()> {
        match self.store.delete(&self.path(workspace, hash)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is kept.
    pub(super) fn list(&self) -> BoxStream<'static, io::Result<Found>> {
        let prefix = self.prefix.clone();
        let objects = self.store.list(Some(&prefix)).map_err(io::Error::from);
        objects
            .try_filter_map(move |object| {
                let found = read_name(&prefix, &object.location).map(|(workspace, hash)| Found {
                    workspace,
                    hash,
                    kept_at: Timestamp::from_micros(object.last_modified.timestamp_micros()),
                });
                std::future::ready(Ok(found))
            })
            .boxed()
    }

    async fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        match self.store.head(path).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn path(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> Path {
        let name = hex(hash);
        self.prefix.clone().join(workspace.as_str()).join(&name[..2]).join(name)
    }
}

/// The opposite of [`Bucket::path`].
fn read_name(prefix: &Path, name: &Path) -> Option<(WorkspaceId, [u8; 32])> {
    let mut parts = name.prefix_match(prefix)?;
    let (workspace, folder, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let read = (workspace.as_ref().parse().ok()?, unhex(hash.as_ref())?);
    (parts.next().is_none() && hash.as_ref().starts_with(folder.as_ref())).then_some(read)
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn workspace() -> WorkspaceId {
        "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap()
    }

    async fn read(bucket: &Bucket, from: u64, length: Option<u64>) -> Option<(u64, Vec<u8>)> {
        let (size, bytes) = bucket.open(&workspace(), &[7; 32], from, length).await.unwrap()?;
        Some((size, bytes.try_collect::<Vec<_>>().await.unwrap().concat()))
    }

    #[tokio::test]
    async fn what_is_kept_is_read_back_whole_or_in_part() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("f");
        // More than one part.
        let content: Vec<u8> = (0..PART + 11).map(|at| u8::try_from(at % 251).unwrap()).collect();
        std::fs::write(&file, &content).unwrap();
        let store = Arc::new(InMemory::new());
        let bucket = Bucket::new(store.clone(), "toko/media");
        assert!(read(&bucket, 0, None).await.is_none());
        assert!(!bucket.has(&workspace(), &[7; 32]).await.unwrap());
        bucket.keep(file, &workspace(), &[7; 32]).await.unwrap();
        assert!(bucket.has(&workspace(), &[7; 32]).await.unwrap());
        let size = content.len() as u64;
        assert_eq!(read(&bucket, 0, None).await.unwrap(), (size, content.clone()));
        assert_eq!(read(&bucket, size - 3, None).await.unwrap(), (3, content[content.len() - 3..].to_vec()));
        assert_eq!(read(&bucket, 1, Some(2)).await.unwrap(), (2, content[1..3].to_vec()));
        assert_eq!(
            read(&bucket, size - 1, Some(9)).await.unwrap(),
            (1, content[content.len() - 1..].to_vec())
        );
        assert_eq!(read(&bucket, 4, Some(0)).await.unwrap(), (0, Vec::new()));
        let name = format!("toko/media/{}/07/{}", workspace(), "07".repeat(32));
        assert!(store.head(&Path::from(name)).await.is_ok(), "named as in the folder");
        bucket.prove().await.unwrap();

        store.put(&Path::from("toko/media/catatan.txt"), "x".into()).await.unwrap();
        store.put(&Path::from("lain/a"), "x".into()).await.unwrap();
        let found: Vec<Found> = bucket.list().try_collect().await.unwrap();
        assert_eq!(
            found.iter().map(|it| (&it.workspace, it.hash)).collect::<Vec<_>>(),
            [(&workspace(), [7; 32])]
        );
        for _ in 0..2 {
            bucket.delete(&workspace(), &[7; 32]).await.unwrap();
        }
        assert!(!bucket.has(&workspace(), &[7; 32]).await.unwrap());
        assert!(store.head(&Path::from("lain/a")).await.is_ok(), "what is not ours stays");
    }
}
