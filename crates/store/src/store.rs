//! Opening, closing, and how operations reach a connection.

use std::{path::Path, sync::Arc};

use cetar_model::{IdSource, JobId, Timestamp};
use sqlx::{PgPool, SqlitePool};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    OpenError, Result, Sealer, StoreError,
    accept::Acceptance,
    db::{Conn, Context, Work, execute, fetch_optional},
    postgres, sqlite,
    statement::statements,
    writer::{self, Command, Pending},
};

/// How to open the store.
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Seals and opens secrets.
    pub sealer: Sealer,
    /// Ids for rows the store makes by itself (events, deliveries).
    pub ids: Arc<IdSource>,
}

/// The database, open. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.engine())
    }
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) ctx: Arc<Context>,
    pub(crate) tasks: TaskTracker,
    pub(crate) closing: CancellationToken,
    /// What claims took of which nobody knows whether they were committed, with their tokens.
    pub(crate) doubted: tokio::sync::Mutex<Vec<(JobId, i64)>>,
    /// Ends the tasks when the last clone is dropped without [`Store::close`].
    pub(crate) _ends: DropGuard,
}

pub(crate) enum Engine {
    Sqlite {
        readers: SqlitePool,
        writer: mpsc::Sender<Command>,
        /// Pages the file may have; 0: no limit. For connections made from then on.
        #[cfg(test)]
        max_pages: Arc<std::sync::atomic::AtomicI64>,
    },
    Postgres {
        pool: PgPool,
        /// The accept writers' own.
        accepting: PgPool,
        accepts: mpsc::Sender<Acceptance>,
    },
}

statements! {
    PROBE = "INSERT INTO meta (key, value) VALUES ('probe', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    READ_PROBE = "SELECT value FROM meta WHERE key = 'probe'";
}

impl Store {
    /// Opens it, creates it if it is new, brings its schema up to date, and checks that the master key is the right one.
    ///
    /// A SQLite file is created readable by its owner only. A database that is refused (newer schema, wrong key) is left as
    /// it was.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let Options { url, sealer, ids } = options;
        let ctx = Arc::new(Context::new(sealer, ids));
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            // No parameters, and not in memory: every connection would have a database of its own.
            if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
                return Err(OpenError::Url(url));
            }
            sqlite::open(Path::new(path), ctx).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres::open(&url, ctx).await
        } else {
            // Whatever stands there may be a password.
            Err(OpenError::Url(url.split(':').next().unwrap_or_default().to_owned()))
        }
    }

    /// Finishes what was handed in, then closes. On SQLite the write-ahead log is folded in. Later calls are
    /// [`Unavailable`](StoreError::Unavailable).
    pub async fn close(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        match &self.inner.engine {
            Engine::Sqlite { readers, .. } => readers.close().await,
            Engine::Postgres { pool, accepting, .. } => {
                accepting.close().await;
                pool.close().await;
            }
        }
    }

    /// Signs something for a purpose, by a key that follows from the master key: whoever has the signature has it from this
    /// gateway. The same on every node.
    pub fn sign(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        self.inner.ctx.sealer.sign(purpose, message)
    }

    /// Whether [`sign`](Self::sign) made this, under the present master key or an earlier one that still opens.
    pub fn is_signed(&self, purpose: &str, message: &[u8], signature: &[u8]) -> bool {
        self.inner.ctx.sealer.is_signed(purpose, message, signature)
    }

    /// A durable write and a read: whether requests can be accepted right now.
    pub async fn check(&self, now: Timestamp) -> Result<()> {
        self.write(now, |tx, now| {
            Box::pin(async move {
                execute!(tx, PROBE, &now.as_micros().to_le_bytes()[..])?;
                Ok(())
            })
        })
        .await?;
        let mut conn = self.read().await?;
        match fetch_optional!(conn, (Vec<u8>,), READ_PROBE)? {
            Some(_) => Ok(()),
            None => Err(StoreError::Unavailable("what was written is not there".into())),
        }
    }

    /// Writes a consistent copy while running, readable by its owner only. SQLite only; on PostgreSQL it explains `pg_dump`
    /// ([`Unsupported`](StoreError::Unsupported)). [`Conflict`](StoreError::Conflict) if the file exists.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        match &self.inner.engine {
            Engine::Sqlite { readers, .. } => sqlite::backup(readers, to).await,
            Engine::Postgres { .. } => Err(StoreError::Unsupported(
                "PostgreSQL is backed up with its own tools: `pg_dump --format=custom DATABASE > cetar.dump`, and the master key",
            )),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match &self.inner.engine {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres { .. } => "postgres",
        }
    }

    /// A connection to read with. On SQLite it is read-only.
    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(match &self.inner.engine {
            Engine::Sqlite { readers, .. } => Conn::Sqlite(readers.acquire().await?),
            Engine::Postgres { pool, .. } => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// Runs an operation in a transaction and returns after its commit. One that can be repeated without harm: where nobody knows
    /// whether it was committed, it is as if it was not.
    pub(crate) async fn write<A, T>(&self, args: A, work: Work<A, T>) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.try_write(args, work).await.map_err(Failed::error)
    }

    /// The same for one that must not be repeated blindly, because it makes something new, or answers differently the second time:
    /// [`InDoubt`](StoreError::InDoubt) where nobody knows.
    pub(crate) async fn write_once<A, T>(&self, args: A, work: Work<A, T>) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.try_write(args, work).await.map_err(|failed| match failed {
            Failed::NotDone(error) => error,
            Failed::InDoubt(_, error) => {
                tracing::warn!(%error, "whether something was stored is not known");
                StoreError::InDoubt
            }
        })
    }

    /// The same, telling what it would have come to where nobody knows.
    pub(crate) async fn try_write<A, T>(&self, args: A, work: Work<A, T>) -> Result<T, Failed<T>>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => {
                let (pending, answer) = Pending::new(args, work);
                writer
                    .try_send(Command::Write(Box::new(pending)))
                    .map_err(|why| Failed::NotDone(refusal(&why)))?;
                answer.await.unwrap_or_else(|_| Err(StoreError::closed())).map_err(Failed::NotDone)
            }
            Engine::Postgres { pool, .. } => postgres::attempt(pool, &self.inner.ctx, &args, work).await,
        }
    }
}

/// Why a queue took no more.
pub(crate) fn refusal<T>(why: &TrySendError<T>) -> StoreError {
    match why {
        TrySendError::Closed(_) => StoreError::closed(),
        TrySendError::Full(_) => {
            StoreError::Unavailable(format!("{} writes are waiting already", writer::QUEUE))
        }
    }
}

/// Why an operation has no result.
pub(crate) enum Failed<T> {
    /// It is known that nothing was stored.
    NotDone(StoreError),
    /// Its commit was asked for and not answered, so it may be stored; then this is its result.
    InDoubt(T, StoreError),
}

impl<T> Failed<T> {
    pub(crate) fn error(self) -> StoreError {
        match self {
            Self::NotDone(error) | Self::InDoubt(_, error) => error,
        }
    }
}

impl StoreError {
    pub(crate) fn closed() -> Self {
        Self::Unavailable("it is closed".into())
    }
}
