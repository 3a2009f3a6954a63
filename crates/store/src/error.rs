//! What can go wrong with the database.

use std::fmt;

/// An operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique value is taken.
    #[error("already exists")]
    Conflict,
    /// The lease is not held any more; the result is dropped.
    #[error("the lease is not held any more")]
    LeaseLost,
    /// The database is away, full, or overloaded. Nothing was stored; try again later. (Where a connection to PostgreSQL broke during
    /// the commit of something that can be repeated without harm, it may be stored.)
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The connection broke during a commit, and whether it was done is not known: of a send only after the database stayed away too
    /// long to ask, which only the same idempotency key makes safe to repeat; of anything else that a repeat would do twice, at once.
    #[error("the database went away during a commit: whether it was done is not known")]
    InDoubt,
    /// A row does not read as what it should be.
    #[error("corrupt row: {table}.{column} of {id}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which value.
        column: &'static str,
        /// Which row.
        id: String,
    },
    /// The database's file is not what was written to it, or was never one.
    #[error("the database is damaged ({0})")]
    Damaged(String),
    /// This engine cannot do it; the text says what to do instead.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A statement failed for a reason that should not occur.
    #[error("database error: {0}")]
    Database(#[source] DatabaseError),
}

/// What the database said. Opaque: nobody outside this crate can do more with it than log it, and it carries no values.
#[derive(Debug)]
pub struct DatabaseError {
    text: String,
    /// Another try may succeed: a deadlock or a serialization failure.
    pub(crate) transient: bool,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for DatabaseError {}

impl StoreError {
    pub(crate) fn internal(text: &str) -> Self {
        Self::Database(DatabaseError { text: text.to_owned(), transient: false })
    }

    /// The same again, for another caller of a batch that failed as a whole.
    pub(crate) fn shared(&self) -> Self {
        match self {
            Self::Conflict => Self::Conflict,
            Self::LeaseLost => Self::LeaseLost,
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
            Self::InDoubt => Self::InDoubt,
            Self::Corrupt { table, column, id } => Self::Corrupt { table, column, id: id.clone() },
            Self::Damaged(what) => Self::Damaged(what.clone()),
            Self::Unsupported(what) => Self::Unsupported(what),
            Self::Database(error) => {
                Self::Database(DatabaseError { text: error.text.clone(), transient: error.transient })
            }
        }
    }

    /// Whether the same may succeed when tried again at once.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(self, Self::Database(DatabaseError { transient: true, .. }))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => {
                let code = error.code().unwrap_or_default().into_owned();
                if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                    Self::sqlite(code.parse().unwrap_or(0), error.message())
                } else if error.is_unique_violation() {
                    Self::Conflict
                } else {
                    from_postgres(&code, &*error)
                }
            }
            E::Io(error) => Self::Unavailable(format!("the connection failed ({})", error.kind())),
            E::Tls(_) => Self::Unavailable("TLS to the database failed".into()),
            E::PoolTimedOut => Self::Unavailable("no connection in time".into()),
            E::PoolClosed => Self::Unavailable("it is closed".into()),
            E::WorkerCrashed | E::BeginFailed | E::Protocol(_) => {
                Self::Unavailable("the connection broke".into())
            }
            E::ColumnDecode { index, .. } => {
                Self::internal(&format!("column {index} does not have the type it should"))
            }
            E::RowNotFound => Self::internal("a row that must be there is not"),
            E::ColumnNotFound(name) => Self::internal(&format!("there is no column {name}")),
            // The texts of the others may quote values.
            _ => Self::internal("the driver refused a statement"),
        }
    }
}

impl StoreError {
    /// Result codes: <https://www.sqlite.org/rescode.html>. Their messages name tables and columns, never values.
    pub(crate) fn sqlite(code: i32, message: &str) -> Self {
        let why = match code & 0xff {
            5 | 6 => "another process has locked the database file",
            7 => "out of memory",
            8 => "the database file is read-only",
            10 => "the disk reports an error",
            13 => "the disk is full",
            14 => "the database file cannot be opened",
            11 | 26 => return Self::Damaged(format!("SQLite {code}: {message}")),
            // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE.
            _ if matches!(code, 1555 | 2067) => return Self::Conflict,
            _ => return Self::internal(&format!("SQLite {code}: {message}")),
        };
        Self::Unavailable(format!("{why} (SQLite {code})"))
    }
}

/// SQLSTATE classes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. A message may quote a value, so only
/// those about the statement itself (class 42) are kept.
fn from_postgres(code: &str, error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let why = match code {
        "40001" | "40P01" => {
            return StoreError::Database(DatabaseError {
                text: format!("PostgreSQL {code}: transactions collided"),
                transient: true,
            });
        }
        "53100" => "the disk is full",
        "25006" => "the server is read-only",
        "3D000" => "the database does not exist",
        "57014" | "55P03" => "a statement took too long",
        "58030" => "the disk reports an error",
        code if code.starts_with("08") || code.starts_with("57P") => "the server is going away",
        code if code.starts_with("53") => "the server is out of resources",
        code if code.starts_with("28") => "the server refuses our credentials",
        _ => {
            let detail = if code.starts_with("42") { error.message() } else { "" };
            let place = error.constraint().or_else(|| error.table()).unwrap_or("");
            return StoreError::internal(format!("PostgreSQL {code} {place} {detail}").trim_end());
        }
    };
    StoreError::Unavailable(format!("{why} (PostgreSQL {code})"))
}

/// The store could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of ours. It is shown without its password.
    #[error("`{0}` is not a database URL: use sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")]
    Url(String),
    /// A newer version wrote this database.
    #[error(
        "the database has schema {found}, this program knows up to {known}: install the version that wrote it, or a newer one; nothing was changed"
    )]
    SchemaNewer {
        /// In the database.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// The master key is not the one the secrets were sealed with.
    #[error(
        "the master key does not open this database's secrets: put back the master.key that belongs to it; nothing was changed"
    )]
    WrongMasterKey,
    /// No space, or read-only.
    #[error("the database cannot be written ({0}): free some disk space or correct the permissions")]
    NotWritable(String),
    /// It cannot be reached.
    #[error("the database cannot be reached ({0}): is it running, and is the URL right?")]
    Unreachable(String),
    /// The file is no database any more, or never was one.
    #[error(
        "the database is damaged ({0}): stop the server, move the file and its -wal and -shm away (keep them), and bring the latest backup back with `cetar restore`"
    )]
    Damaged(String),
    /// A schema step failed.
    #[error("the schema could not be brought up to date: {0}")]
    Migration(String),
}

impl OpenError {
    /// What it means when the first look at a database fails.
    pub(crate) fn reading(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::Unreachable(why),
            StoreError::Damaged(what) => Self::Damaged(what),
            other => Self::Unreachable(other.to_string()),
        }
    }

    /// What it means when the schema, or the proof of the master key, cannot be written.
    pub(crate) fn writing(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::NotWritable(why),
            StoreError::Damaged(what) => Self::Damaged(what),
            other => Self::Migration(other.to_string()),
        }
    }
}
