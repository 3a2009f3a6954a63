//! The data directory: who may read it, who holds it, and what is in it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use cetar_model::{IdSource, NodeId, Timestamp};

/// How long a command waits for another command that holds the directory, and a server for a command.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What this process wants the directory for; written into the lock for the next one to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The server: holds it for good.
    Server,
    /// A command: holds it for a moment.
    Command,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Command => "command",
        }
    }
}

/// A data directory.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Makes the directory if it is not there, for its owner alone.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!(
                "the data directory {} cannot be made; choose another with --data-dir, or correct the permissions",
                path.display()
            )
        })?;
        Self::existing(path)
    }

    /// One that must be there already.
    pub(crate) fn existing(path: &Path) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                // Absolute, so that messages say where it is.
                let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                Ok(Self(path))
            }
            Ok(_) => bail!("{} is not a folder; name another with --data-dir", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "there is no data directory {}; start `cetar serve` once, or name the right one with --data-dir",
                path.display()
            ),
            Err(error) => {
                Err(error).with_context(|| format!("the data directory {} cannot be read", path.display()))
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The master key's file.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// The command line's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("cetar.sock")
    }

    /// The folder for what lasts no longer than this process, made anew for its owner alone: what one that was killed left there is
    /// gone. Whoever calls this holds the directory. The system's own folder will not do: it may be in memory, and in a container that
    /// cannot be written to there is none. It lies within `tmp`, which may be a disk of its own or lead to one, where others have theirs.
    pub(crate) fn empty_temp(&self) -> anyhow::Result<PathBuf> {
        let path = self.0.join("tmp").join("cetar");
        let emptied = match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => DirBuilder::new().mode(0o700).recursive(true).create(&path),
        };
        emptied.with_context(|| format!("{} cannot be emptied; is it a folder?", path.display()))?;
        Ok(path)
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("cetar.lock")
    }

    /// Whether others than the owner may look into it.
    pub(crate) fn open_to_others(&self) -> io::Result<Option<u32>> {
        let mode = fs::metadata(&self.0)?.permissions().mode() & 0o777;
        Ok(Some(mode).filter(|mode| mode & 0o077 != 0))
    }

    /// Takes the directory for this process. A command that holds it is waited for; a server is not.
    pub(crate) async fn lock(&self, role: Role) -> Result<Lock, LockError> {
        let mut waited = Duration::ZERO;
        loop {
            match self.try_lock(role) {
                Err(LockError::Held(holder)) if !holder.is_server && waited < PATIENCE => {
                    if waited.is_zero() {
                        tracing::info!("waiting for another cetar command to finish");
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                    waited += LOOK_AGAIN;
                }
                outcome => return outcome,
            }
        }
    }

    /// The same without waiting.
    pub(crate) fn try_lock(&self, role: Role) -> Result<Lock, LockError> {
        let path = self.lock_file();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| LockError::Io { path: path.clone(), error })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(Holder::read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io { path, error }),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{} {}", std::process::id(), role.as_str()))
            .and_then(|()| file.flush());
        written.map_err(|error| LockError::Io { path, error })?;
        Ok(Lock { _file: file })
    }

    /// Who holds the directory now, without touching anything.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let mut file = File::open(self.lock_file()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(Holder::read(&mut file)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// This directory's node id, made at the first call. By it a process takes back at its start what it held before.
    pub(crate) fn node(&self, ids: &IdSource, now: Timestamp) -> anyhow::Result<NodeId> {
        let path = self.0.join("node");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().with_context(|| {
                format!("{} does not hold a node id; remove it, and a new one is made", path.display())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let node: NodeId = ids.make(now);
                write_new(&path, format!("{node}\n").as_bytes())
                    .map_err(|error| anyhow!("{} cannot be written: {error}", path.display()))?;
                Ok(node)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

/// The directory is ours until this is dropped, or until the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Who holds the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process id, if it has written it already.
    pub(crate) pid: Option<u32>,
    /// It is a server.
    pub(crate) is_server: bool,
}

impl Holder {
    fn read(file: &mut File) -> Self {
        let mut text = String::new();
        // Not being able to read it is the same as its not being written yet.
        let _ = file.read_to_string(&mut text);
        let (pid, role) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        Self { pid: pid.parse().ok(), is_server: role == Role::Server.as_str() }
    }
}

/// The directory is not ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process holds it.
    #[error("{}", held(.0))]
    Held(Holder),
    /// The lock file cannot be used.
    #[error("{} cannot be locked: {error}; is the data directory writable, and on a local disk?", path.display())]
    Io { path: PathBuf, error: io::Error },
}

fn held(holder: &Holder) -> String {
    let pid = holder.pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
    if holder.is_server {
        format!(
            "cetar is already running on this data directory, pid {pid}; stop it first, or use another --data-dir and --listen"
        )
    } else {
        format!(
            "another cetar command, pid {pid}, has held this data directory for {} s; wait for it or stop it",
            PATIENCE.as_secs()
        )
    }
}

/// Writes a file that must not exist yet, for its owner alone, and makes sure that it is on disk. It gets its name when it is
/// whole: a full disk, or an end in the middle, leaves no empty file that the next start would stumble over. Whoever calls this
/// holds the directory.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    write_new_by(path, |file| file.write_all(contents))
}

fn write_new_by(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    if path.try_exists()? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    // One that was killed may have left it, and whoever wrote it may have left it open to others.
    let _ = fs::remove_file(&unfinished);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| write(&mut file).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    sync_folder_of(path)
}

/// Makes sure that a name in a folder is on disk.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(&folder.path().join("data")).unwrap();
        (folder, data)
    }

    fn ids() -> IdSource {
        IdSource::new(|bytes| getrandom::fill(bytes).unwrap())
    }

    #[test]
    fn it_is_made_for_its_owner_alone() {
        let (_folder, data) = fresh();
        assert_eq!(data.open_to_others().unwrap(), None);
        fs::set_permissions(data.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(data.open_to_others().unwrap(), Some(0o755));
    }

    #[test]
    fn only_one_holds_it_and_the_next_is_told_who() {
        let (_folder, data) = fresh();
        let lock = data.try_lock(Role::Server).unwrap();
        let Err(LockError::Held(holder)) = data.try_lock(Role::Command) else { panic!("it is held") };
        assert_eq!(holder, Holder { pid: Some(std::process::id()), is_server: true });
        assert_eq!(data.holder(), Some(holder));
        drop(lock);
        assert_eq!(data.holder(), None);
        assert!(data.try_lock(Role::Command).is_ok());
    }

    #[test]
    fn the_node_id_stays() {
        let (_folder, data) = fresh();
        let first = data.node(&ids(), Timestamp::from_secs(1)).unwrap();
        assert_eq!(data.node(&ids(), Timestamp::from_secs(2)).unwrap(), first);
    }

    #[test]
    fn what_a_killed_process_left_on_its_way_is_gone_at_the_next_start() {
        let (_folder, data) = fresh();
        let temp = data.empty_temp().unwrap();
        assert_eq!(fs::metadata(&temp).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(temp.join("deeper")).unwrap();
        fs::write(temp.join("deeper/film"), b"x").unwrap();
        // Others may have been let in meanwhile.
        fs::set_permissions(&temp, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(data.empty_temp().unwrap(), temp);
        assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
        assert_eq!(fs::metadata(&temp).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_elsewhere_stays_where_it_is_with_what_others_have_there() {
        let (folder, data) = fresh();
        let elsewhere = folder.path().join("disk");
        fs::create_dir_all(elsewhere.join("cetar")).unwrap();
        fs::write(elsewhere.join("others"), b"x").unwrap();
        fs::write(elsewhere.join("cetar/film"), b"x").unwrap();
        let link = data.path().join("tmp");
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        assert_eq!(data.empty_temp().unwrap(), link.join("cetar"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(elsewhere.join("cetar")).unwrap().count(), 0);
        assert!(elsewhere.join("others").exists());

        fs::remove_file(&link).unwrap();
        fs::write(&link, b"x").unwrap();
        assert!(data.empty_temp().is_err(), "a file is no folder");
        assert!(link.exists());
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let (_folder, data) = fresh();
        let path = data.master_key();
        let full = |file: &mut File| file.write_all(b"cmk_").and(Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(write_new_by(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "nothing is left");
        fs::write(data.path().join("master.key.unfinished"), "of one that was killed").unwrap();
        write_new(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(write_new(&path, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_is_not_there_is_told_with_what_to_do() {
        let told = DataDir::existing(Path::new("/nonexistent/data")).unwrap_err().to_string();
        assert!(told.contains("cetar serve"), "{told}");
        assert!(told.contains("--data-dir"), "{told}");
    }
}
