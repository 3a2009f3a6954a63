//! The database: the only crate that knows SQL. SQLite and PostgreSQL.
