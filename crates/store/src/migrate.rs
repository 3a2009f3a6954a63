//! The schema and its versions.
//!
//! A step is a pair of files with the same name, one for each engine. Steps are run in order, each in its own transaction
//! together with its line in `schema_version`; on PostgreSQL under an advisory lock, so that several nodes may start at once.

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::OpenError;

pub(crate) struct Step {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

macro_rules! step {
    ($version:literal, $name:literal) => {
        Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// All steps there are, ascending by one.
pub(crate) const STEPS: &[Step] = &[
    step!(1, "0001_foundation"),
    step!(2, "0002_request_ids"),
    step!(3, "0003_webhooks"),
    step!(4, "0004_stream"),
    step!(5, "0005_content"),
    step!(6, "0006_replies"),
    step!(7, "0007_reachable"),
    step!(8, "0008_people"),
    step!(9, "0009_inbox"),
    step!(10, "0010_usage"),
    step!(11, "0011_official"),
    step!(12, "0012_media_retention"),
    step!(13, "0013_pace"),
    step!(14, "0014_forgetting"),
    step!(15, "0015_message_panel"),
    step!(16, "0016_media_of_messages"),
    step!(17, "0017_time_zone"),
    step!(18, "0018_credentials"),
    step!(19, "0019_put_off"),
    step!(20, "0020_checks"),
];

/// The schema this program knows.
pub(crate) const KNOWN: i64 = STEPS[STEPS.len() - 1].version;

/// Any number will do, as long as nobody else uses it in the same database: the bytes of "cetar".
const ADVISORY_LOCK: i64 = 0x63_65_74_61_72;

const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
/// A step may read everything there is, and a node may have to wait for another one's: neither is a statement that hangs, for which every
/// connection has its limits.
const PATIENT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
/// But whoever waits for a table keeps all others from it, and somebody may read it for hours (`pg_dump`).
const LOCKS: &str = "SET LOCAL lock_timeout = '1min'";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
const NOTE: &str = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";

/// The version of a database: 0 if it is new. A newer one than ours is refused.
pub(crate) async fn sqlite_version(conn: &mut SqliteConnection) -> Result<i64, OpenError> {
    const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_version')";
    let exists: bool = sqlx::query_scalar(EXISTS).fetch_one(&mut *conn).await.map_err(step_failed)?;
    if !exists {
        return Ok(0);
    }
    known(sqlx::query_scalar(VERSION).fetch_one(conn).await.map_err(step_failed)?)
}

/// The same on PostgreSQL.
pub(crate) async fn postgres_version(conn: &mut PgConnection) -> Result<i64, OpenError> {
    const EXISTS: &str = "SELECT to_regclass('schema_version') IS NOT NULL";
    let exists: bool = sqlx::query_scalar(EXISTS).fetch_one(&mut *conn).await.map_err(step_failed)?;
    if !exists {
        return Ok(0);
    }
    known(sqlx::query_scalar(VERSION).fetch_one(conn).await.map_err(step_failed)?)
}

/// Brings a SQLite database up to date.
pub(crate) async fn migrate_sqlite(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    loop {
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(step_failed)?;
        tx.execute(VERSION_TABLE).await.map_err(step_failed)?;
        let version = sqlite_version(&mut tx).await?;
        let Some(step) = STEPS.iter().find(|step| step.version > version) else {
            return tx.commit().await.map_err(step_failed);
        };
        sqlx::raw_sql(step.sqlite).execute(&mut *tx).await.map_err(step_failed)?;
        sqlx::query(NOTE).bind(step.version).bind(step.name).execute(&mut *tx).await.map_err(step_failed)?;
        tx.commit().await.map_err(step_failed)?;
        tracing::info!(step = step.name, "schema step done");
    }
}

/// Brings a PostgreSQL database up to date.
pub(crate) async fn migrate_postgres(conn: &mut PgConnection) -> Result<(), OpenError> {
    postgres_steps(conn, STEPS).await
}

pub(crate) async fn postgres_steps(conn: &mut PgConnection, steps: &[Step]) -> Result<(), OpenError> {
    loop {
        let mut tx = conn.begin().await.map_err(step_failed)?;
        tx.execute(PATIENT).await.map_err(step_failed)?;
        // Released with the transaction, whatever becomes of it.
        sqlx::query(LOCK).bind(ADVISORY_LOCK).execute(&mut *tx).await.map_err(step_failed)?;
        tx.execute(LOCKS).await.map_err(step_failed)?;
        tx.execute(VERSION_TABLE).await.map_err(step_failed)?;
        let version = postgres_version(&mut tx).await?;
        let Some(step) = steps.iter().find(|step| step.version > version) else {
            return tx.commit().await.map_err(step_failed);
        };
        sqlx::raw_sql(step.postgres).execute(&mut *tx).await.map_err(step_failed)?;
        sqlx::query(NOTE).bind(step.version).bind(step.name).execute(&mut *tx).await.map_err(step_failed)?;
        tx.commit().await.map_err(step_failed)?;
        tracing::info!(step = step.name, "schema step done");
    }
}

const fn known(found: i64) -> Result<i64, OpenError> {
    if found > KNOWN { Err(OpenError::SchemaNewer { found, known: KNOWN }) } else { Ok(found) }
}

fn step_failed(error: sqlx::Error) -> OpenError {
    OpenError::writing(error.into())
}
