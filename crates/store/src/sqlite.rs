//! How a SQLite file is opened: one connection that writes, a few that only read, one that folds the write-ahead log in.

#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    OpenError, Result, Store, StoreError,
    db::{Conn, Context},
    direct::{Direct, KEPT, PRAGMAS},
    master, migrate,
    store::{Engine, Inner},
    writer::{self, BUSY, Command, QUEUE},
};

/// Readers; each has a thread of its own.
const READERS: u32 = 4;
/// How often the write-ahead log is copied into the database file, off the writer's path.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Pages (of 4 KiB) in the log from which the writer itself starts it over: 64 MiB.
const WAL_PAGES: i64 = 16_384;

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .statement_cache_capacity(KEPT)
        .disable_statement_logging();
    PRAGMAS.iter().fold(options, |options, (name, value)| options.pragma(*name, *value))
}

pub(crate) async fn open(path: &Path, ctx: Arc<Context>) -> Result<Store, OpenError> {
    create(path)?;
    let opening = first_connection(path).await?;
    let mut conn = opening.acquire().await.map_err(|error| OpenError::writing(error.into()))?;
    // Both may refuse the database, and nothing has been written yet.
    let version = migrate::sqlite_version(&mut conn).await?;
    let mut conn = Conn::Sqlite(conn);
    if version > 0 {
        master::prove(&mut conn, &ctx).await?;
    }
    if let Conn::Sqlite(conn) = &mut conn {
        migrate::migrate_sqlite(conn).await?;
    }
    master::note(&mut conn, &ctx).await?;
    drop(conn);
    opening.close().await;

    #[cfg(test)]
    let max_pages = Arc::new(AtomicI64::new(0));
    let connect = {
        let path = path.to_owned();
        #[cfg(test)]
        let max_pages = Arc::clone(&max_pages);
        move || {
            let conn = Conn::Writer(Direct::open(&path, BUSY)?);
            #[cfg(test)]
            full_disk(&conn, max_pages.load(Ordering::SeqCst))?;
            Ok(conn)
        }
    };
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(3))
        .connect_lazy_with(options(path).read_only(true));
    let (writer, commands) = mpsc::channel(QUEUE);
    let tasks = TaskTracker::new();
    let closing = CancellationToken::new();
    let checkpoints = tasks.spawn(checkpoints(options(path), writer.downgrade(), closing.clone()));
    let writing = writer::run(connect, Arc::clone(&ctx), commands, closing.clone(), checkpoints);
    let (counted, runtime) = (tasks.token(), tokio::runtime::Handle::current());
    std::thread::Builder::new()
        .name("cetar-writer".into())
        .spawn(move || {
            let _counted = counted;
            runtime.block_on(writing);
        })
        .map_err(|error| OpenError::NotWritable(format!("no thread for it: {error}")))?;
    let ends = closing.clone().drop_guard();
    Ok(Store {
        inner: Arc::new(Inner {
            engine: Engine::Sqlite {
                readers,
                writer,
                #[cfg(test)]
                max_pages,
            },
            ctx,
            tasks,
            closing,
            doubted: tokio::sync::Mutex::default(),
            _ends: ends,
        }),
    })
}

/// Waits for whoever else is opening a new file. SQLite waits for locks by itself, but not while the write-ahead log is turned on: who
/// does that reads already, and two that read and wait to write would wait for each other. It refuses at once.
async fn first_connection(path: &Path) -> Result<SqlitePool, OpenError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options(path));
        match pool.await {
            Err(sqlx::Error::Database(error)) if waited < BUSY && is_locked(&*error) => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            opened => return opened.map_err(|error| OpenError::writing(error.into())),
        }
    }
}

/// `SQLITE_BUSY` in any of its forms.
fn is_locked(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Tests fill the disk by a limit of SQLite's own on the size of the file; it answers as it does when the disk is full.
#[cfg(test)]
pub(crate) fn full_disk(conn: &Conn, max_pages: i64) -> Result<()> {
    if let (Conn::Writer(conn), 1..) = (conn, max_pages) {
        conn.query(&format!("PRAGMA max_page_count = {max_pages}")).execute()?;
    }
    Ok(())
}

/// Makes the file if it is not there, for its owner only: it holds messages. The log and its index inherit the mode.
fn create(path: &Path) -> Result<(), OpenError> {
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    new.open(path).map(drop).map_err(|error| OpenError::NotWritable(error.kind().to_string()))
}

/// Copies the log into the database file on a timer, on a connection of its own: a passive checkpoint stops nobody. Under
/// load it never quite catches up, so beyond a size the writer is asked to start the log over.
async fn checkpoints(
    options: SqliteConnectOptions,
    writer: mpsc::WeakSender<Command>,
    closing: CancellationToken,
) {
    let mut timer = tokio::time::interval(CHECKPOINT_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut conn = None;
    loop {
        tokio::select! {
            () = closing.cancelled() => break,
            _ = timer.tick() => {}
        }
        match passive(&mut conn, &options).await {
            Ok(pages) => {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52 pages")]
                metrics::gauge!("cetar_store_wal_pages").set(pages as f64);
                if pages > WAL_PAGES
                    && let Some(writer) = writer.upgrade()
                {
                    // If the queue is full there is a next tick.
                    let _ = writer.try_send(Command::Checkpoint);
                }
            }
            Err(error) => {
                tracing::debug!(error = %StoreError::from(error), "the write-ahead log was not copied");
                conn = None;
            }
        }
    }
    if let Some(conn) = conn {
        let _ = conn.close().await;
    }
}

/// The number of pages in the log.
async fn passive(conn: &mut Option<SqliteConnection>, options: &SqliteConnectOptions) -> sqlx::Result<i64> {
    let open = match conn.take() {
        Some(open) => conn.insert(open),
        None => conn.insert(options.connect().await?),
    };
    let (_, pages, _): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(open).await?;
    Ok(pages)
}

/// A copy of the moment, made by a reader, so that writing goes on. It gets its name when it is whole and on disk: whatever
/// goes wrong before, a file of that name is not there.
pub(crate) async fn backup(readers: &SqlitePool, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(StoreError::Conflict);
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = Unfinished(name.into());
    // Of one that was killed.
    let _ = std::fs::remove_file(&unfinished.0);
    let text =
        unfinished.0.to_str().ok_or(StoreError::Unsupported("the backup's path must be valid UTF-8"))?;
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let file = new.open(&unfinished.0).map_err(|error| not_backed_up(&error))?;
    let mut conn = readers.acquire().await?;
    // It takes an existing file if that is empty, and so keeps our mode.
    sqlx::query("VACUUM INTO $1").bind(text).execute(&mut *conn).await?;
    drop(conn);
    file.sync_all().map_err(|error| not_backed_up(&error))?;
    unfinished.finish(to)
}

fn not_backed_up(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::Conflict,
        kind => StoreError::Unavailable(format!("the backup cannot be written ({kind})")),
    }
}

/// A backup on its way; removed again unless it is finished.
struct Unfinished(std::path::PathBuf);

impl Unfinished {
    /// Gives it its name, for good. Where the file system has links, not even a file that appeared meanwhile is overwritten.
    fn finish(self, to: &Path) -> Result<()> {
        match std::fs::hard_link(&self.0, to) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) => Ok(()),
            Err(_) => std::fs::rename(&self.0, to),
        }
        .and_then(|()| match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
            _ => Ok(()),
        })
        .map_err(|error| not_backed_up(&error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename it is not there.
        let _ = std::fs::remove_file(&self.0);
    }
}
