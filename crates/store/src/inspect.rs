//! Looking at a database without changing it, beside a server that runs on it or before one is started.

use std::{path::Path, str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    OpenError, Options,
    db::{Conn, Context},
    master, migrate,
};

/// How long a connection is waited for.
const ACQUIRE: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// The schema's version; 0 for an empty database.
    pub schema: i64,
    /// The version this program knows. If it is the higher one, the next opening brings the schema up to date.
    pub known: i64,
}

/// Opens the database for reading, checks schema and master key, and on SQLite reads every page (PostgreSQL checks its own).
/// Refuses what [`crate::Store::open`] would refuse, with the same errors; a page that is wrong is [`OpenError::Damaged`], a
/// SQLite file that is not there [`OpenError::Unreachable`].
pub async fn inspect(options: Options) -> Result<Inspection, OpenError> {
    let Options { url, sealer, ids } = options;
    let ctx = Arc::new(Context::new(sealer, ids));
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = Path::new(path.strip_prefix("//").unwrap_or(path));
        let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
        let pool =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        let found = sqlite(&pool, &ctx).await;
        pool.close().await;
        found
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let options = PgConnectOptions::from_str(&url).map_err(|_| OpenError::Url("postgres://…".into()))?;
        let options = options.application_name("cetar").disable_statement_logging();
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        let found = postgres(&pool, &ctx).await;
        pool.close().await;
        found
    } else {
        Err(OpenError::Url(url.split(':').next().unwrap_or_default().to_owned()))
    }
}

async fn sqlite(pool: &SqlitePool, ctx: &Arc<Context>) -> Result<Inspection, OpenError> {
    let mut conn = pool.acquire().await.map_err(unreadable)?;
    let check = "PRAGMA integrity_check(1)";
    let report: String = sqlx::query_scalar(check).fetch_one(&mut *conn).await.map_err(unreadable)?;
    if report != "ok" {
        return Err(OpenError::Damaged(report));
    }
    let schema = migrate::sqlite_version(&mut conn).await?;
    if schema > 0 {
        master::prove(&mut Conn::Sqlite(conn), ctx).await?;
    }
    Ok(Inspection { engine: "sqlite", schema, known: migrate::KNOWN })
}

async fn postgres(pool: &PgPool, ctx: &Arc<Context>) -> Result<Inspection, OpenError> {
    let mut conn = pool.acquire().await.map_err(unreadable)?;
    let schema = migrate::postgres_version(&mut conn).await?;
    if schema > 0 {
        master::prove(&mut Conn::Postgres(conn), ctx).await?;
    }
    Ok(Inspection { engine: "postgres", schema, known: migrate::KNOWN })
}

fn unreadable(error: sqlx::Error) -> OpenError {
    OpenError::reading(error.into())
}
