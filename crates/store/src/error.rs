//! What can go wrong with the database.

/// An operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique value is taken.
    #[error("already exists")]
    Conflict,
    /// The lease is not held any more; the result is dropped.
    #[error("the lease is not held any more")]
    LeaseLost,
    /// The database is away, full, or overloaded. Nothing was stored; try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
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
    /// A statement failed for a reason that should not occur.
    #[error("database error: {0}")]
    Database(#[source] sqlx::Error),
}

/// The store could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of ours.
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
    /// A schema step failed.
    #[error("the schema could not be brought up to date: {0}")]
    Migration(String),
}
