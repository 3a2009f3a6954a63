//! Every statement is prepared on both engines; the hot ones use their index.

use std::collections::BTreeMap;

use sqlx::{Connection, Executor, PgConnection, Row, SqlSafeStr, SqliteConnection};

use super::world::{Kind, World, on_both_engines, open, with_database};
use crate::{
    accept, alias, audit, callback, change, claim, contacts, conversations, db, deliveries, delivery_log,
    device_change, devices, endpoints, events, expire, inbound, keys, lanes, leases, master, media,
    media_prune, message_log, number_checks, official, outcomes, pace, prune, reachable, receipts, recover,
    replies, sessions, settle, state,
    statement::{MAX_ROWS, Multi, Sql},
    store, stream, templates, usage, users, workspaces, writer,
};

/// Of every file that has some.
const STATEMENTS: &[(&str, &[Sql])] = &[
    ("accept", accept::STATEMENTS),
    ("alias", alias::STATEMENTS),
    ("audit", audit::STATEMENTS),
    ("callback", callback::STATEMENTS),
    ("change", change::STATEMENTS),
    ("claim", claim::STATEMENTS),
    ("contacts", contacts::STATEMENTS),
    ("conversations", conversations::STATEMENTS),
    ("db", db::STATEMENTS),
    ("deliveries", deliveries::STATEMENTS),
    ("delivery_log", delivery_log::STATEMENTS),
    ("device_change", device_change::STATEMENTS),
    ("devices", devices::STATEMENTS),
    ("endpoints", endpoints::STATEMENTS),
    ("events", events::STATEMENTS),
    ("expire", expire::STATEMENTS),
    ("inbound", inbound::STATEMENTS),
    ("keys", keys::STATEMENTS),
    ("lanes", lanes::STATEMENTS),
    ("leases", leases::STATEMENTS),
    ("master", master::STATEMENTS),
    ("media", media::STATEMENTS),
    ("media_prune", media_prune::STATEMENTS),
    ("message_log", message_log::STATEMENTS),
    ("number_checks", number_checks::STATEMENTS),
    ("official", official::STATEMENTS),
    ("outcomes", outcomes::STATEMENTS),
    ("pace", pace::STATEMENTS),
    ("prune", prune::STATEMENTS),
    ("reachable", reachable::STATEMENTS),
    ("recover", recover::STATEMENTS),
    ("replies", replies::STATEMENTS),
    ("sessions", sessions::STATEMENTS),
    ("settle", settle::STATEMENTS),
    ("state", state::STATEMENTS),
    ("store", store::STATEMENTS),
    ("stream", stream::STATEMENTS),
    ("templates", templates::STATEMENTS),
    ("usage", usage::STATEMENTS),
    ("users", users::STATEMENTS),
    ("workspaces", workspaces::STATEMENTS),
    ("writer", writer::STATEMENTS),
];

fn multis() -> Vec<&'static Multi> {
    [
        accept::MULTIS,
        claim::MULTIS,
        contacts::MULTIS,
        deliveries::MULTIS,
        events::MULTIS,
        lanes::MULTIS,
        outcomes::MULTIS,
        pace::MULTIS,
        prune::MULTIS,
        receipts::MULTIS,
        state::MULTIS,
        stream::MULTIS,
        usage::MULTIS,
    ]
    .concat()
}

/// Every text there is for an engine, by name.
fn texts(kind: Kind) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (file, statements) in STATEMENTS {
        for sql in *statements {
            let text = if kind == Kind::Sqlite { sql.sqlite } else { sql.postgres };
            if !text.is_empty() {
                texts.insert(format!("{file}::{}", sql.name), text.to_owned());
            }
        }
    }
    for multi in multis() {
        for rows in [1, 2, MAX_ROWS] {
            let text = if kind == Kind::Sqlite { multi.sqlite(rows) } else { multi.postgres(rows) };
            texts.insert(format!("{}[{rows}]", multi.name), text.to_string());
        }
    }
    texts
}

#[test]
fn the_list_of_statements_is_complete() {
    let (mut blocks, mut multi) = (0, 0);
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && !path.ends_with("statement.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            blocks += text.matches("const STATEMENTS").count() + text.matches("\nstatements! {").count();
            multi += text.matches("Multi::new(").count();
        }
    }
    assert_eq!((blocks, multi), (STATEMENTS.len(), multis().len()));
}

/// Run for every send, or over everything that is kept.
const HOT: &[&str] = &[
    "accept::DEVICES[1]",
    "accept::DEVICES[256]",
    "accept::HEADS[1]",
    "accept::HEADS[256]",
    "accept::SEEN",
    "audit::PAGE",
    "claim::DUE",
    "claim::LOST",
    "claim::MOVE[256]",
    "claim::NEXT",
    "claim::RENEW",
    "claim::TAKE[256]",
    "contacts::ATTEMPTS",
    "contacts::END",
    "contacts::EVENTS",
    "contacts::IN_GROUPS",
    "contacts::NAMING",
    "contacts::NAMING_UNNUMBERED",
    "conversations::END",
    "conversations::END_OF_ASSIGNED",
    "conversations::END_OF_RESOLVED",
    "conversations::END_OF_UNREAD",
    "conversations::MESSAGES",
    "conversations::NOTES",
    "deliveries::DUE",
    "deliveries::RUNNING",
    "deliveries::TAKE[256]",
    "delivery_log::ALL",
    "delivery_log::FAILED",
    "delivery_log::HISTORY",
    "events::ENDPOINTS",
    "expire::EXPIRED",
    "inbound::KNOWN_AS",
    "inbound::OURS",
    "keys::BY_HASH",
    "lanes::CLOSE",
    "lanes::LOAD",
    "lanes::LOCK",
    "lanes::MOVE",
    "lanes::PROMOTE",
    "leases::FENCE",
    "media::WANTED",
    "media_prune::DUE",
    "media_prune::NOTED",
    "media_prune::OLD",
    "media_prune::OLD_SOURCES",
    "media_prune::REFERRED",
    "media_prune::UPLOADS",
    "media_prune::USED",
    "message_log::BY_JOB",
    "message_log::REST",
    "outcomes::DELIVERED[256]",
    "outcomes::HELD[256]",
    "outcomes::SETTLE",
    "prune::ATTEMPTS[256]",
    "prune::DELIVERIES[256]",
    "prune::EVENTS[256]",
    "prune::IDEMPOTENCY",
    "prune::JOB_ATTEMPTS",
    "prune::OF_EVENTS[256]",
    "prune::OLD_DELIVERIES",
    "prune::OLD_EVENTS",
    "prune::OLD_JOB_ATTEMPTS",
    "prune::RECEIVED",
    "prune::STILL_OVER[256]",
    "prune::STILL_UNAWAITED[256]",
    "receipts::MESSAGES[256]",
    "recover::HASTEN",
    "recover::PAST",
    "recover::REVIVE",
    "replies::TARGET",
    "sessions::BY_HASH",
    "settle::SETTLE",
    "state::GET",
    "stream::AFTER",
    "stream::AT",
    "stream::BODIES[256]",
    "stream::LEAVING[256]",
    "stream::WAITING",
    "usage::HOURS",
    "usage::LATENCIES",
    "usage::PRESENT",
    "users::BY_EMAIL",
    "users::BY_INVITATION",
];

on_both_engines! {
    async fn every_statement_is_prepared(world: &World) {
        for (name, text) in texts(world.kind) {
            let text = sqlx::AssertSqlSafe(text).into_sql_str();
            let outcome = match world.kind {
                Kind::Sqlite => {
                    let mut conn = SqliteConnection::connect(&world.url).await.unwrap();
                    conn.prepare(text).await.map(drop)
                }
                Kind::Postgres => {
                    let mut conn = PgConnection::connect(&world.url).await.unwrap();
                    conn.prepare(text).await.map(drop)
                }
            };
            assert!(outcome.is_ok(), "{name}: {outcome:?}");
        }
    }

    /// What is run for every send must not grow with the tables: no scan, no sort, whatever the statistics say.
    async fn the_hot_statements_use_their_index(world: &World) {
        let texts = texts(world.kind);
        for name in HOT {
            let plan = plan(world, &texts[*name]).await;
            let bad = |line: &&String| match world.kind {
                // "SCAN x USING INDEX" in order, stopped by LIMIT, is fine; a bare SCAN reads all.
                Kind::Sqlite => {
                    line.contains("TEMP B-TREE") && !line.contains("LAST TERM") || line.starts_with("SCAN") && !line.contains("USING")
                }
                Kind::Postgres => line.contains("Seq Scan"),
            };
            assert_eq!(plan.iter().find(bad), None, "{name}: {plan:#?}");
            if matches!(*name, "claim::DUE" | "claim::NEXT" | "expire::EXPIRED" | "lanes::PROMOTE" | "contacts::NAMING" | "contacts::NAMING_UNNUMBERED" | "deliveries::DUE" | "stream::AFTER" | "stream::WAITING") {
                let sorted = plan.iter().find(|line| line.contains("Sort"));
                assert_eq!(sorted, None, "{name} takes from the index in order: {plan:#?}");
            }
        }
    }
}

/// How a statement would be run.
pub(super) async fn plan_of(world: &World, name: &str) -> Vec<String> {
    plan(world, &texts(world.kind)[name]).await
}

async fn plan(world: &World, text: &str) -> Vec<String> {
    match world.kind {
        Kind::Sqlite => {
            let mut conn = SqliteConnection::connect(&world.url).await.unwrap();
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
            let rows = conn.fetch_all(text).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>("detail")).collect()
        }
        Kind::Postgres => {
            let mut conn = PgConnection::connect(&world.url).await.unwrap();
            // As the store's own connections; and the plan made without knowing the values, which is the one kept.
            conn.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
            conn.execute(sqlx::AssertSqlSafe(format!("PREPARE p AS {text}"))).await.unwrap();
            let parameters = text.matches('$').count();
            let used = (1..=parameters).filter(|n| text.contains(&format!("${n}"))).count();
            let nulls =
                if used == 0 { String::new() } else { format!("({})", vec!["NULL"; used].join(", ")) };
            let rows =
                conn.fetch_all(sqlx::AssertSqlSafe(format!("EXPLAIN EXECUTE p{nulls}"))).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0)).collect()
        }
    }
}

/// Tables, columns, keys and indexes, each as one line of text.
async fn schema(kind: Kind) -> Vec<String> {
    with_database(kind, async |url, _| {
        open(&url, 1).await.unwrap().close().await;
        match kind {
            Kind::Sqlite => sqlite_schema(&url).await,
            Kind::Postgres => postgres_schema(&url).await,
        }
    })
    .await
}

async fn sqlite_schema(url: &str) -> Vec<String> {
    let mut conn = SqliteConnection::connect(url).await.unwrap();
    let columns = "SELECT t.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" THEN ' NOT NULL' ELSE '' END \
                     || CASE WHEN c.pk > 0 THEN ' KEY ' || c.pk ELSE '' END \
                   FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'";
    let indexes = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    let mut lines: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut conn).await.unwrap();
    for line in &mut lines {
        // SQLite knows one kind of whole number.
        *line = line.replace(" INTEGER", " NUMBER").replace(" BIGINT", " NUMBER");
    }
    let made: Vec<String> = sqlx::query_scalar(indexes).fetch_all(&mut conn).await.unwrap();
    lines.extend(made);
    lines.sort();
    lines
}

async fn postgres_schema(url: &str) -> Vec<String> {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let columns = "SELECT c.table_name || '.' || c.column_name || ' ' || \
                     CASE c.data_type WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' WHEN 'bigint' THEN 'NUMBER' \
                       WHEN 'boolean' THEN 'NUMBER' ELSE c.data_type END || \
                     CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || \
                     COALESCE((SELECT ' KEY ' || k.ordinal_position FROM information_schema.key_column_usage k \
                       WHERE k.table_name = c.table_name AND k.column_name = c.column_name), '') \
                   FROM information_schema.columns c WHERE c.table_schema = 'public'";
    let indexes = "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
                   JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public' AND NOT i.indisprimary";
    let mut lines: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut conn).await.unwrap();
    let made: Vec<String> = sqlx::query_scalar(indexes).fetch_all(&mut conn).await.unwrap();
    for line in made {
        let line = line.replace(" ON public.", " ON ").replace(" USING btree", "").replace("::text", "");
        // It puts conditions in parentheses.
        lines.push(match line.split_once(" WHERE ") {
            Some((index, condition)) => format!("{index} WHERE {}", condition.replace(['(', ')'], "")),
            None => line,
        });
    }
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_schema() {
    let (sqlite, postgres) = (schema(Kind::Sqlite).await, schema(Kind::Postgres).await);
    assert!(sqlite.len() > 150, "{sqlite:#?}");
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert_eq!((only(&sqlite, &postgres), only(&postgres, &sqlite)), (vec![], vec![]));
    assert_eq!(sqlite, postgres);
}
