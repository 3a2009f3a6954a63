//! Files in which media lie while they are sealed or opened: below the gateway's own folder, without a name, so that whatever ends
//! the process takes them along.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::spawn_blocking;
use wacore::{download::DownloadWriter, upload::UploadSource};

/// A new file in `folder`.
pub(crate) async fn file_in(folder: &Path) -> io::Result<File> {
    let folder = folder.to_owned();
    let made = spawn_blocking(move || {
        tempfile::tempfile_in(&folder).map_err(|error| {
            io::Error::new(error.kind(), format!("no file can be made in {}: {error}", folder.display()))
        })
    });
    made.await.map_err(io::Error::other)?
}

/// What was written, read from any place any number of times.
pub(crate) struct Written {
    file: Arc<File>,
    length: u64,
}

impl Written {
    /// A file that nobody writes to any more.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), length })
    }
}

impl UploadSource for Written {
    fn len(&self) -> u64 {
        self.length
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Reader { file: Arc::clone(&self.file), at: offset }))
    }
}

/// Its place is its own: the file's is shared by all who read it.
struct Reader {
    file: Arc<File>,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// A file that takes so much and no more: what its sender says of a medium's size is only their word.
pub(crate) struct Bounded {
    file: File,
    at: u64,
    most: u64,
    overrun: Arc<AtomicBool>,
}

impl Bounded {
    /// Takes `most` bytes. The flag tells afterwards whether there were more.
    pub(crate) fn new(file: File, most: u64) -> (Self, Arc<AtomicBool>) {
        let overrun = Arc::new(AtomicBool::new(false));
        (Self { file, at: 0, most, overrun: Arc::clone(&overrun) }, overrun)
    }

    /// The file, where it stands.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Another server would give the same: whatever comes after an overrun is refused from its first byte on.
        if self.overrun.load(Ordering::Relaxed) || self.at + bytes.len() as u64 > self.most {
            self.overrun.store(true, Ordering::Relaxed);
            return Err(io::Error::other(format!("more than {} bytes", self.most)));
        }
        let written = self.file.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

impl DownloadWriter for Bounded {
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readers_do_not_move_each_other_and_nothing_has_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = file_in(folder.path()).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing to be left behind");
        file.write_all(b"rahasia").unwrap();
        let written = Written::new(file).unwrap();
        let mut first = written.reader_from(0).unwrap();
        let mut half = [0; 3];
        first.read_exact(&mut half).unwrap();
        let (mut all, mut rest) = (String::new(), String::new());
        written.reader_from(0).unwrap().read_to_string(&mut all).unwrap();
        first.read_to_string(&mut rest).unwrap();
        assert_eq!((all.as_str(), rest.as_str(), written.len()), ("rahasia", "asia", 7));
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let told = file_in(Path::new("/nonexistent/tmp")).await.unwrap_err().to_string();
        assert!(told.contains("/nonexistent/tmp"), "{told}");
    }

    #[tokio::test]
    async fn no_byte_too_many_is_written_whoever_gives_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut bounded, overrun) = Bounded::new(file_in(folder.path()).await.unwrap(), 4);
        bounded.write_all(b"abcd").unwrap();
        assert!(!overrun.load(Ordering::Relaxed));
        bounded.write_all(b"e").unwrap_err();
        assert!(overrun.load(Ordering::Relaxed));
        // The next server is tried on an empty file, and no more is taken of it.
        bounded.truncate(0).unwrap();
        bounded.rewind().unwrap();
        bounded.write_all(b"a").unwrap_err();
        assert_eq!(bounded.into_file().metadata().unwrap().len(), 0);
    }
}
