//! SQLite's writer, called on the thread that asks. sqlx hands each statement over to a thread of its own and back, which for the many
//! short statements of a batch costs more than they do.

use std::{path::Path, time::Duration};

use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql, config::DbConfig, types::FromSql};

use crate::{Result, StoreError};

/// How a connection that writes is set up, whoever makes it.
pub(crate) const PRAGMAS: &[(&str, &str)] = &[
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    // There are none; see the schema.
    ("foreign_keys", "OFF"),
    ("wal_autocheckpoint", "0"),
    // The log shrinks back to this after it was started over.
    ("journal_size_limit", "67108864"),
    ("cache_size", "-32000"),
    ("temp_store", "memory"),
];
/// Statements that are kept ready.
pub(crate) const KEPT: usize = 512;

/// A connection to SQLite. Its statements are run before they return: not for a thread on which others wait.
pub(crate) struct Direct(Connection);

impl Direct {
    /// Opens a file that is there. A lock of another process is waited for as long as `patience`.
    pub(crate) fn open(path: &Path, patience: Duration) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(patience)?;
        // The plan depends on the statement alone. Otherwise one with a bound `LIMIT` is prepared anew each time it runs, for another limit
        // might want another plan, and that took longer than the claim itself.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        for (name, value) in PRAGMAS {
            conn.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        conn.set_prepared_statement_cache_capacity(KEPT);
        Ok(Self(conn))
    }

    /// A statement, to be bound and run. What is wrong with it, or with a value, comes out when it is run.
    pub(crate) fn query(&self, sql: &str) -> Query<'_> {
        let statement = self.0.prepare_cached(sql);
        let is_named = statement.as_ref().is_ok_and(|statement| statement.parameter_name(1).is_some());
        Query { conn: &self.0, statement, is_named, bound: 0 }
    }
}

/// `$1` to `$32`: SQLite numbers them as they come, and finds them by name.
const NAMES: [&str; 32] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16",
    "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29", "$30", "$31",
    "$32",
];

/// A statement on its way.
pub(crate) struct Query<'c> {
    conn: &'c Connection,
    statement: rusqlite::Result<CachedStatement<'c>>,
    is_named: bool,
    bound: usize,
}

impl Query<'_> {
    /// The next value.
    pub(crate) fn bind(mut self, value: impl ToSql) -> Self {
        if let Err(error) = self.bind_next(value) {
            self.statement = Err(error);
        }
        self
    }

    fn bind_next(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        let Ok(statement) = &mut self.statement else { return Ok(()) };
        let place = if self.is_named {
            let name = NAMES.get(self.bound).copied().unwrap_or_default();
            statement
                .parameter_index(name)?
                .ok_or_else(|| rusqlite::Error::InvalidParameterName(name.into()))?
        } else {
            self.bound + 1
        };
        self.bound += 1;
        statement.raw_bind_parameter(place, value)
    }

    /// Runs it; the number of rows affected.
    pub(crate) fn execute(self) -> Result<u64> {
        let mut statement = self.statement?;
        let mut rows = statement.raw_query();
        // What a pragma returns is of no interest, and yet belongs to it.
        while rows.next()?.is_some() {}
        drop(rows);
        Ok(self.conn.changes())
    }

    /// The rows.
    pub(crate) fn fetch_all<R: Read>(self) -> Result<Vec<R>> {
        let mut statement = self.statement?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(R::read(row)?);
        }
        Ok(all)
    }

    /// The first row, if there is one. A statement that changes rows has changed all of them by then.
    pub(crate) fn fetch_optional<R: Read>(self) -> Result<Option<R>> {
        let mut statement = self.statement?;
        let mut rows = statement.raw_query();
        Ok(rows.next()?.map(R::read).transpose()?)
    }
}

/// A row: a tuple by the order of its columns, a struct of `row!` by their names.
pub(crate) trait Read: Sized {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;
}

/// What a field of `row!` is read from.
pub(crate) trait Field: Sized {
    fn named(row: &rusqlite::Row<'_>, name: &str) -> rusqlite::Result<Self>;
}

macro_rules! fields {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn named(row: &rusqlite::Row<'_>, name: &str) -> rusqlite::Result<Self> {
                row.get(name.strip_prefix("r#").unwrap_or(name))
            }
        })*
    };
}

fields!(i64, bool, String, Vec<u8>, Option<i64>, Option<bool>, Option<String>, Option<Vec<u8>>);

macro_rules! tuples {
    ($($($type:ident $at:literal)+;)+) => {
        $(impl<$($type: FromSql),+> Read for ($($type,)+) {
            fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(($(row.get::<_, $type>($at)?,)+))
            }
        })+
    };
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match error {
            E::SqliteFailure(error, message) => {
                Self::sqlite(error.extended_code, message.as_deref().unwrap_or_default())
            }
            E::InvalidColumnType(_, name, _) | E::InvalidColumnName(name) => {
                Self::internal(&format!("column {name} is not there, or not of the type it should have"))
            }
            E::InvalidParameterName(name) => Self::internal(&format!("there is no parameter {name}")),
            // The texts of the others may quote values.
            _ => Self::internal("the driver refused a statement"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_prepared_once_whatever_its_limit() {
        const SOME: &str = "SELECT name FROM sqlite_schema ORDER BY name LIMIT $1";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cetar.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (x); CREATE TABLE b (x)").unwrap();
        let conn = Direct::open(&path, Duration::ZERO).unwrap();
        for limit in [1, 2, 1] {
            let names = conn.query(SOME).bind(limit).fetch_all::<(String,)>().unwrap();
            assert_eq!(names.len(), usize::try_from(limit).unwrap());
        }
        let statement = conn.0.prepare_cached(SOME).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        assert_eq!(statement.get_status(StatementStatus::Run), 3);
    }
}
