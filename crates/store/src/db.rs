//! One way to run a statement on either engine.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cetar_model::{IdSource, WorkspaceId};
use futures::future::BoxFuture;
use sqlx::{Postgres, Sqlite, pool::PoolConnection};

use crate::{Result, Sealer, StoreError, direct::Direct, events::Listener, statement::Sql};

/// How long PostgreSQL is waited for. It ends a statement by itself after ten seconds: a connection that says nothing for longer is most
/// likely gone without a word, and TCP alone would wait for it a quarter of an hour.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);

/// `in_time!(conn, statement)`: its answer, or an I/O error when there is none in time; the connection is then closed.
macro_rules! in_time {
    ($conn:ident, $statement:expr) => {
        match tokio::time::timeout($crate::db::SILENCE, $statement).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                $conn.close_on_drop();
                Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
            }
        }
    };
}

/// `execute!(tx, SQL, a, b)`: runs it; the number of rows affected.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on.conn() {
            $crate::db::Conn::Writer(conn) => conn.query($sql.sqlite)$(.bind($bind))*.execute(),
            $crate::db::Conn::Sqlite(conn) => sqlx::query::<sqlx::Sqlite>($sql.sqlite)
                $(.bind($bind))*.execute(&mut **conn).await.map(|done| done.rows_affected()).map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::in_time!(conn, sqlx::query::<sqlx::Postgres>($sql.postgres)
                $(.bind($bind))*.execute(&mut **conn)).map(|done| done.rows_affected()).map_err($crate::StoreError::from),
        }
    };
}

/// `fetch_all!(tx, Row, SQL, a, b)`: the rows.
macro_rules! fetch_all {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on.conn() {
            $crate::db::Conn::Writer(conn) => conn.query($sql.sqlite)$(.bind($bind))*.fetch_all::<$row>(),
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<sqlx::Sqlite, $row>($sql.sqlite)
                $(.bind($bind))*.fetch_all(&mut **conn).await.map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::in_time!(conn, sqlx::query_as::<sqlx::Postgres, $row>($sql.postgres)
                $(.bind($bind))*.fetch_all(&mut **conn)).map_err($crate::StoreError::from),
        }
    };
}

/// `fetch_optional!(tx, Row, SQL, a, b)`: the row, if there is one.
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on.conn() {
            $crate::db::Conn::Writer(conn) => conn.query($sql.sqlite)$(.bind($bind))*.fetch_optional::<$row>(),
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<sqlx::Sqlite, $row>($sql.sqlite)
                $(.bind($bind))*.fetch_optional(&mut **conn).await.map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::in_time!(conn, sqlx::query_as::<sqlx::Postgres, $row>($sql.postgres)
                $(.bind($bind))*.fetch_optional(&mut **conn)).map_err($crate::StoreError::from),
        }
    };
}

/// `execute_rows!(tx, MULTI, [a, b], rows, |row| [c, d])`: runs it over all rows, chunk by chunk; rows affected in all.
macro_rules! execute_rows {
    ($on:expr, $multi:expr, [$($head:expr),*], $rows:expr, |$item:pat_param| [$($bind:expr),+ $(,)?]) => {{
        let mut affected = 0;
        for chunk in $crate::statement::chunks($rows) {
            affected += match $on.conn() {
                $crate::db::Conn::Writer(conn) => {
                    let text = $multi.sqlite(chunk.len());
                    let mut query = conn.query(&text)$(.bind($head))*;
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    query.execute()
                }
                $crate::db::Conn::Sqlite(conn) => {
                    let mut query = sqlx::query::<sqlx::Sqlite>(sqlx::AssertSqlSafe($multi.sqlite(chunk.len())));
                    $(query = query.bind($head);)*
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    query.execute(&mut **conn).await.map(|done| done.rows_affected()).map_err($crate::StoreError::from)
                }
                $crate::db::Conn::Postgres(conn) => {
                    let mut query = sqlx::query::<sqlx::Postgres>(sqlx::AssertSqlSafe($multi.postgres(chunk.len())));
                    $(query = query.bind($head);)*
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    $crate::db::in_time!(conn, query.execute(&mut **conn))
                        .map(|done| done.rows_affected())
                        .map_err($crate::StoreError::from)
                }
            }?;
        }
        affected
    }};
}

/// `fetch_rows!(tx, Row, MULTI, [a, b], rows, |row| [c, d])`: runs it over all rows, chunk by chunk; what it returns in all.
macro_rules! fetch_rows {
    ($on:expr, $row:ty, $multi:expr, [$($head:expr),*], $rows:expr, |$item:pat_param| [$($bind:expr),+ $(,)?]) => {{
        let mut all: Vec<$row> = Vec::new();
        for chunk in $crate::statement::chunks($rows) {
            let some = match $on.conn() {
                $crate::db::Conn::Writer(conn) => {
                    let text = $multi.sqlite(chunk.len());
                    let mut query = conn.query(&text)$(.bind($head))*;
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    query.fetch_all::<$row>()
                }
                $crate::db::Conn::Sqlite(conn) => {
                    let mut query = sqlx::query_as::<sqlx::Sqlite, $row>(sqlx::AssertSqlSafe($multi.sqlite(chunk.len())));
                    $(query = query.bind($head);)*
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    query.fetch_all(&mut **conn).await.map_err($crate::StoreError::from)
                }
                $crate::db::Conn::Postgres(conn) => {
                    let mut query = sqlx::query_as::<sqlx::Postgres, $row>(sqlx::AssertSqlSafe($multi.postgres(chunk.len())));
                    $(query = query.bind($head);)*
                    for $item in chunk {
                        query = query$(.bind($bind))+;
                    }
                    $crate::db::in_time!(conn, query.fetch_all(&mut **conn)).map_err($crate::StoreError::from)
                }
            }?;
            all.extend(some);
        }
        all
    }};
}

/// `row! { struct Name { column: Type, … } }`: a row that is read by the names of its columns, from either driver.
/// `#[sqlx(flatten)]` before a field: another such row, out of the same columns.
macro_rules! row {
    ($(#[$attribute:meta])* $seen:vis struct $name:ident {
        $($(#[$of_field:meta])* $shown:vis $field:ident: $type:ty,)+
    }) => {
        $(#[$attribute])*
        #[derive(sqlx::FromRow)]
        $seen struct $name {
            $($(#[$of_field])* $shown $field: $type,)+
        }

        impl $crate::direct::Read for $name {
            fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(Self { $($field: $crate::direct::Field::named(row, stringify!($field))?,)+ })
            }
        }

        impl $crate::direct::Field for $name {
            fn named(row: &rusqlite::Row<'_>, _: &str) -> rusqlite::Result<Self> {
                $crate::direct::Read::read(row)
            }
        }
    };
}

/// What operations need besides a connection.
pub(crate) struct Context {
    /// Seals and opens secrets.
    pub(crate) sealer: Sealer,
    /// Ids for rows the store makes by itself, and nonces.
    pub(crate) ids: Arc<IdSource>,
    /// Deliveries were committed that nobody has looked for yet.
    pub(crate) new_deliveries: AtomicBool,
}

impl Context {
    pub(crate) fn new(sealer: Sealer, ids: Arc<IdSource>) -> Self {
        Self { sealer, ids, new_deliveries: AtomicBool::new(false) }
    }
}

/// A connection to either engine.
pub(crate) enum Conn {
    /// SQLite's writer, on the thread that asks.
    Writer(Direct),
    /// One of SQLite's readers, each of which has a thread of its own: what takes long stops nobody else.
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Conn {
    /// So that the macros below take a connection and a transaction alike.
    pub(crate) const fn conn(&mut self) -> &mut Self {
        self
    }
}

/// A connection within a transaction. On SQLite the writer task begins and ends it, around many commands; on PostgreSQL
/// it belongs to one operation.
pub(crate) struct Tx {
    conn: Conn,
    /// The enabled endpoints read in this transaction. Whoever changes endpoints clears it.
    pub(crate) listeners: HashMap<WorkspaceId, Arc<Vec<Listener>>>,
    /// Deliveries were written in this transaction.
    pub(crate) delivers: bool,
    /// A transaction is open that nobody has ended: the connection is not fit for others.
    open: bool,
    pub(crate) ctx: Arc<Context>,
}

const BEGIN: Sql = Sql::postgres_only("BEGIN");
const COMMIT: Sql = Sql::postgres_only("COMMIT");
const ROLLBACK: Sql = Sql::postgres_only("ROLLBACK");

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[BEGIN, COMMIT, ROLLBACK];

impl Tx {
    /// The writer's connection; transactions are its caller's business.
    pub(crate) fn sqlite(conn: Conn, ctx: Arc<Context>) -> Self {
        Self { conn, listeners: HashMap::new(), delivers: false, open: false, ctx }
    }

    /// Begins a transaction on PostgreSQL. If it is dropped before [`commit`](Self::commit) or
    /// [`rollback`](Self::rollback), its connection is closed, which rolls back.
    pub(crate) async fn begin(conn: PoolConnection<Postgres>, ctx: Arc<Context>) -> Result<Self> {
        let mut tx =
            Self { conn: Conn::Postgres(conn), listeners: HashMap::new(), delivers: false, open: true, ctx };
        execute!(tx, BEGIN)?;
        Ok(tx)
    }

    /// Commits on PostgreSQL.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        let done = execute!(self, COMMIT);
        // Of one that is in doubt too: to look once more does no harm.
        self.committed();
        done?;
        self.open = false;
        Ok(())
    }

    /// Notes what others want to know of a transaction, now that they can see it.
    pub(crate) fn committed(&mut self) {
        if std::mem::take(&mut self.delivers) {
            self.ctx.new_deliveries.store(true, Ordering::Release);
        }
    }

    /// Rolls back on PostgreSQL.
    pub(crate) async fn rollback(&mut self) {
        self.open = execute!(self, ROLLBACK).is_err();
    }

    pub(crate) const fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Whether other transactions write at the same time, so that rows must be locked before they are judged. SQLite has
    /// one writer.
    pub(crate) const fn is_concurrent(&self) -> bool {
        matches!(self.conn, Conn::Postgres(_))
    }

    /// The connection is in doubt: it is closed, not given back.
    pub(crate) fn distrust(&mut self) {
        match &mut self.conn {
            // It ends with this value.
            Conn::Writer(_) => {}
            Conn::Sqlite(conn) => conn.close_on_drop(),
            Conn::Postgres(conn) => conn.close_on_drop(),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            self.distrust();
        }
    }
}

/// An operation: a function over a transaction and its arguments. It may be run again (PostgreSQL, after a deadlock), so it
/// borrows what it is given.
pub(crate) type Work<A, T> = for<'a> fn(&'a mut Tx, &'a A) -> BoxFuture<'a, Result<T>>;

pub(crate) use {execute, execute_rows, fetch_all, fetch_optional, fetch_rows, in_time, row};

/// Reads a word, an id, anything with a text form, naming the place if it does not read.
pub(crate) fn read<T: std::str::FromStr>(
    text: &str,
    table: &'static str,
    column: &'static str,
    id: &str,
) -> Result<T> {
    text.parse().map_err(|_| corrupt(table, column, id))
}

/// The same for a value that may be absent.
pub(crate) fn read_opt<T: std::str::FromStr>(
    text: Option<&str>,
    table: &'static str,
    column: &'static str,
    id: &str,
) -> Result<Option<T>> {
    text.map(|text| read(text, table, column, id)).transpose()
}

/// Reads JSON, naming the place if it does not read.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    text: &str,
    table: &'static str,
    column: &'static str,
    id: &str,
) -> Result<T> {
    serde_json::from_str(text).map_err(|_| corrupt(table, column, id))
}

/// Writes JSON. Our own types always have a JSON form.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::internal("a value has no JSON form"))
}

pub(crate) fn corrupt(table: &'static str, column: &'static str, id: &str) -> StoreError {
    StoreError::Corrupt { table, column, id: id.to_owned() }
}

/// A counter out of the database. Negative or huge ones do not occur; they would read as the nearest possible.
pub(crate) fn count(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

/// A limit for the database.
pub(crate) fn limit(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Free text as PostgreSQL can store it: without NUL. Names and error texts come from strangers.
pub(crate) fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}
