//! The folder that bytes grow in, and are kept in where there is no bucket: `WORKSPACE/ab/abcd…`, by SHA-256. A file is there whole or not at all.
use std::{
    io::{self, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use cetar_model::{Timestamp, WorkspaceId};
use cetar_provider::ByteStream;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use sha2::{Digest, Sha256};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};
use tokio_util::io::ReaderStream;

use super::{kind, prune::Found};

/// What is read at once.
const PIECE: usize = 64 * 1024;
/// As much of the beginning as is kept to tell the type by.
const HEAD: usize = 16 * 1024;
/// As much of its end.
const TAIL: usize = 16 * 1024;
/// No file takes so long to come: nobody writes it any more.
const ABANDONED: Duration = Duration::from_hours(24);
/// Where files grow until they are whole.
const GROWING: &str = "growing";

/// The folder.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Begins a file. `name` is fresh randomness.
    pub(crate) async fn begin(&self, name: [u8; 16]) -> io::Result<Growing> {
        let folder = self.root.join(GROWING);
        make(&folder).await?;
        let path = folder.join(hex(&name));
        let file = private(OpenOptions::new().write(true).create_new(true)).open(&path).await?;
        Ok(Growing {
            file,
            path: Some(path),
            hash: Sha256::new(),
            size: 0,
            head: Vec::new(),
            tail: Vec::new(),
        })
    }

    /// Puts a file that is whole in its place. Durable when this returns.
    pub(crate) async fn keep(&self, mut growing: Growing, workspace: &WorkspaceId) -> io::Result<Kept> {
        let kept = growing.whole().await?;
        growing.file.sync_all().await?;
        let path = self.path(workspace, &kept.hash);
        if let Some(folder) = path.parent() {
            make(folder).await?;
            // The same bytes under the same name: replacing them changes nothing.
            if let Some(from) = growing.path.take() {
                fs::rename(from, &path).await?;
            }
            // The name must survive a crash too.
            File::open(folder).await?.sync_all().await?;
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
        let mut file = match File::open(self.path(workspace, hash)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let rest = file.metadata().await?.len().saturating_sub(from);
        let length = length.map_or(rest, |length| length.min(rest));
        if from > 0 {
            file.seek(SeekFrom::Start(from)).await?;
        }
        Ok(Some((length, ReaderStream::with_capacity(file.take(length), PIECE).boxed())))
    }

    /// Whether these bytes are there.
    pub(crate) async fn has(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<bool> {
        fs::try_exists(self.path(workspace, hash)).await
    }

    /// Deletes these bytes.
    pub(crate) async fn delete(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> io::Result<()> {
        match fs::remove_file(self.path(workspace, hash)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Everything that is kept.
    pub(super) async fn list(&self) -> io::Result<BoxStream<'static, io::Result<Found>>> {
        let mut folders = Vec::new();
        for workspace in entries(&self.root).await? {
            let name = workspace.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Where files grow is none.
            let Ok(id) = name.parse::<WorkspaceId>() else { continue };
            folders.extend(entries(&workspace).await?.into_iter().map(|folder| (id.clone(), folder)));
        }
        // One folder at a time: a 256th of a workspace.
        let files = stream::iter(folders).then(|(workspace, folder)| async move {
            let mut found = Vec::new();
            for file in entries(&folder).await? {
                let hash = file.file_name().and_then(|name| unhex(&name.to_string_lossy()));
                let (Some(hash), Ok(about)) = (hash, fs::metadata(&file).await) else { continue };
                let kept = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                let (workspace, kept_at) = (workspace.clone(), Timestamp::default() + kept);
                found.push(Found { workspace, hash, kept_at });
            }
            Ok(found)
        });
        Ok(files.map(flat).flatten().boxed())
    }

    /// Deletes what a process that died left unfinished: files that have not grown for a day.
    pub(crate) async fn sweep(&self, now: Timestamp) -> io::Result<()> {
        let mut entries = match fs::read_dir(self.root.join(GROWING)).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            let grown = entry.metadata().await?.modified()?;
            let grown = Timestamp::default() + grown.duration_since(UNIX_EPOCH).unwrap_or_default();
            if now.since(grown) >= ABANDONED {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// Only our own ids and digits stand in it: nothing from outside can lead elsewhere.
    fn path(&self, workspace: &WorkspaceId, hash: &[u8; 32]) -> PathBuf {
        let name = hex(hash);
        self.root.join(workspace.as_str()).join(&name[..2]).join(name)
    }
}

/// What was kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) hash: [u8; 32],
    pub(crate) size: u64,
}

/// A file that is being written. Dropped before it is kept, it is gone.
pub(crate) struct Growing {
    file: File,
    path: Option<PathBuf>,
    hash: Sha256,
    size: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Growing {
    /// Adds a piece; returns how long it is by now.
    pub(crate) async fn add(&mut self, piece: &[u8]) -> io::Result<u64> {
        self.file.write_all(piece).await?;
        self.hash.update(piece);
        self.size += piece.len() as u64;
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(piece.get(..room).unwrap_or(piece));
        let last = piece.get(piece.len().saturating_sub(TAIL)..).unwrap_or(piece);
        let over = (self.tail.len() + last.len()).saturating_sub(TAIL);
        self.tail.drain(..over.min(self.tail.len()));
        self.tail.extend_from_slice(last);
        Ok(self.size)
    }

    /// Hands the last of it to the system; what it is by now.
    pub(crate) async fn whole(&mut self) -> io::Result<Kept> {
        self.file.flush().await?;
        Ok(Kept { hash: self.hash.clone().finalize().into(), size: self.size })
    }

    /// Where it grows, until it is kept or dropped.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Its media type, by its content and the name it came under.
    pub(crate) fn content_type(&self, name: Option<&str>) -> &'static str {
        kind::content_type(&self.head, &self.tail, name)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let _it_only_takes_space = std::fs::remove_file(path);
        }
    }
}

/// Hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// 64 hexadecimal digits, lower case, as [`hex`] writes them.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    (hex(&bytes) == text).then_some(bytes)
}

/// What is in a folder; nothing, if it is not there or is none.
async fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        paths.push(entry.path());
    }
    Ok(paths)
}

/// A folder's files one by one, or what went wrong with it.
fn flat(found: io::Result<Vec<Found>>) -> BoxStream<'static, io::Result<Found>> {
    match found {
        Ok(found) => stream::iter(found.into_iter().map(Ok)).boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    }
}

async fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

/// Readable by its owner only: it is what people wrote to each other.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    fn workspace() -> WorkspaceId {
        "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap()
    }

    async fn read(folder: &Folder, kept: &Kept, from: u64, length: Option<u64>) -> Option<(u64, Vec<u8>)> {
        let (size, bytes) = folder.open(&workspace(), &kept.hash, from, length).await.unwrap()?;
        Some((size, bytes.try_collect::<Vec<_>>().await.unwrap().concat()))
    }

    #[tokio::test]
    async fn what_is_kept_is_read_back_whole_or_in_part() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path().join("media"));
        let mut growing = folder.begin([1; 16]).await.unwrap();
        growing.add(b"gam").await.unwrap();
        assert_eq!(growing.add(b"bar").await.unwrap(), 6);
        assert_eq!(growing.content_type(None), "text/plain");
        let kept = folder.keep(growing, &workspace()).await.unwrap();
        assert_eq!((kept.size, kept.hash), (6, Sha256::digest(b"gambar").into()));
        for (from, length, expected) in
            [(0, None, "gambar"), (3, None, "bar"), (1, Some(2), "am"), (4, Some(9), "ar"), (9, None, "")]
        {
            let expected = (expected.len() as u64, expected.as_bytes().to_vec());
            assert_eq!(read(&folder, &kept, from, length).await.unwrap(), expected, "{from} {length:?}");
        }
        assert!(folder.has(&workspace(), &kept.hash).await.unwrap());
        let other: WorkspaceId = "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f51".parse().unwrap();
        assert!(
            !folder.has(&other, &kept.hash).await.unwrap(),
            "another workspace does not even learn that it is there"
        );
    }

    #[tokio::test]
    async fn what_is_kept_is_listed_and_deleted_and_strangers_files_are_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path().join("media"));
        assert_eq!(folder.list().await.unwrap().count().await, 0, "there is no folder yet");
        let mut growing = folder.begin([1; 16]).await.unwrap();
        growing.add(b"gambar").await.unwrap();
        let kept = folder.keep(growing, &workspace()).await.unwrap();
        let _still_growing = folder.begin([2; 16]).await.unwrap();
        let beside = folder.path(&workspace(), &kept.hash).with_file_name("catatan.txt");
        std::fs::write(&beside, b"x").unwrap();
        std::fs::write(data.path().join("media/README"), b"x").unwrap();
        let found: Vec<Found> = folder.list().await.unwrap().try_collect().await.unwrap();
        assert_eq!(
            found.iter().map(|it| (&it.workspace, it.hash)).collect::<Vec<_>>(),
            [(&workspace(), kept.hash)]
        );
        for _ in 0..2 {
            folder.delete(&workspace(), &kept.hash).await.unwrap();
        }
        assert_eq!(folder.list().await.unwrap().count().await, 0);
        assert!(beside.exists());
    }

    #[test]
    fn only_what_we_write_is_read_as_a_hash() {
        let name = hex(&[0xab; 32]);
        assert_eq!(unhex(&name), Some([0xab; 32]));
        for other in
            ["", "ab", &name[..62], &name.to_uppercase(), &format!("{name}00"), &format!("+a{}", &name[2..])]
        {
            assert_eq!(unhex(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_swept_after_a_day() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path().to_owned());
        folder.sweep(Timestamp::default()).await.unwrap();
        let mut growing = folder.begin([1; 16]).await.unwrap();
        growing.add(b"x").await.unwrap();
        // The write itself happens in the background; the file's time is its.
        growing.file.flush().await.unwrap();
        let path = growing.path.take().unwrap();
        let grown = path.metadata().unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
        let grown = Timestamp::default() + grown;
        folder.sweep(grown + Duration::from_hours(23)).await.unwrap();
        assert!(path.exists());
        folder.sweep(grown + Duration::from_hours(24)).await.unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn the_beginning_and_the_end_are_known_however_the_bytes_come() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path().to_owned());
        let bytes: Vec<u8> = (0..50_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        for (name, size) in [(1, 7), (2, 4_096), (3, 20_000), (4, 50_000)] {
            let mut growing = folder.begin([name; 16]).await.unwrap();
            for piece in bytes.chunks(size) {
                growing.add(piece).await.unwrap();
            }
            assert!(growing.head == bytes[..HEAD] && growing.tail == bytes[50_000 - TAIL..], "{size}");
        }
    }

    #[tokio::test]
    async fn what_is_not_kept_leaves_nothing() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path().to_owned());
        let mut growing = folder.begin([1; 16]).await.unwrap();
        growing.add(b"x").await.unwrap();
        drop(growing);
        assert_eq!(std::fs::read_dir(data.path().join(GROWING)).unwrap().count(), 0);
    }
}
