//! Fills a store as years of use would, for `make bench`: with messages that went out and were read, or with webhook deliveries
//! that are due.
//!
//! ```text
//! cargo run --release -p cetar-store --example fill -- DATABASE-URL messages DEVICE COUNT
//! cargo run --release -p cetar-store --example fill -- DATABASE-URL deliveries ENDPOINT COUNT
//! ```
//!
//! The database must have been made by the server, which must be stopped; device and endpoint are its own, and for deliveries
//! there is an event to copy. On SQLite nothing is synced meanwhile: a power cut leaves a file to throw away.

use sqlx::{Connection, PgConnection, SqliteConnection};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Messages of one conversation.
const EACH: u32 = 50;
/// Milliseconds since the epoch of the first message, and between two of them: 5,000,000 of them take three years.
const FIRST: i64 = 1_640_000_000_000;
const APART: i64 = 20_000;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, what, of, count] = arguments.as_slice() else {
        return Err("usage: fill DATABASE-URL messages|deliveries ID COUNT".into());
    };
    let count = count.parse()?;
    let statements = |hex: &dyn Fn(&str) -> String| match what.as_str() {
        "messages" => messages(of, count, hex).to_vec(),
        _ => deliveries(of, count, hex).to_vec(),
    };
    if url.starts_with("sqlite:") {
        let mut conn = SqliteConnection::connect(url).await?;
        for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"))).execute(&mut conn).await?;
        }
        for sql in statements(&|i| format!("printf('%012x', {i})")) {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
        }
        conn.close().await?;
    } else {
        let mut conn = PgConnection::connect(url).await?;
        for sql in statements(&|i| format!("lpad(to_hex({i}), 12, '0')")) {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
        }
        sqlx::raw_sql("ANALYZE").execute(&mut conn).await?;
    }
    Ok(())
}

/// Rows of so many numbers, from 0.
fn numbers(n: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {n})")
}

/// As ids are: version and variant of a UUIDv7, and ascending. All are older than any made from now on.
fn id(prefix: &str, hex: &str) -> String {
    format!("'{prefix}_00000000000070008000' || {hex}")
}

/// An event, and a delivery of it that is due, each copied from the last event there is.
fn deliveries(endpoint: &str, count: u32, hex: &dyn Fn(&str) -> String) -> [String; 2] {
    let numbers = numbers(count);
    let (event, delivery) = (id("evt", &hex("i")), id("dlv", &hex("i")));
    [
        format!(
            "{numbers} INSERT INTO events (id, workspace, type, device, message, body, created_at) \
             SELECT {event}, e.workspace, e.type, e.device, e.message, e.body, e.created_at \
             FROM n, (SELECT * FROM events ORDER BY id DESC LIMIT 1) e"
        ),
        format!(
            "{numbers} INSERT INTO deliveries (id, workspace, event, endpoint, state, run_at, attempts, lease_token, created_at) \
             SELECT {delivery}, w.workspace, {event}, w.id, 'ready', w.created_at, 0, 0, w.created_at \
             FROM n, endpoints w WHERE w.id = '{endpoint}'"
        ),
    ]
}

/// Rows as the store makes them, by the database itself. `hex` writes a number with twelve digits.
fn messages(device: &str, messages: u32, hex: &dyn Fn(&str) -> String) -> [String; 4] {
    let id = |prefix: &str, i: &str| id(prefix, &hex(i));
    let lanes = messages.div_ceil(EACH);
    let (message, job) = (id("msg", "i"), id("job", "i"));
    let (conversation, chat) = (id("cnv", &format!("(i / {EACH})")), format!("'62811' || {}", hex("i")));
    let at = format!("({FIRST} + i * CAST({APART} AS BIGINT)) * 1000");
    let text = "Halo! Pesanan Anda sudah kami terima dan sedang kami siapkan. ".repeat(3);
    [
        format!(
            "{} INSERT INTO contacts (id, workspace, channel, address, is_alias, created_at) \
             SELECT {}, d.workspace, d.channel, {chat}, FALSE, {FIRST} * 1000 FROM n, devices d WHERE d.id = '{device}'",
            numbers(lanes),
            id("con", "i"),
        ),
        format!(
            "{} INSERT INTO conversations (id, workspace, device, channel, chat, is_group, last_sequence, last_message_at, \
               created_at) \
             SELECT {}, d.workspace, d.id, d.channel, {chat}, FALSE, {EACH}, {FIRST} * 1000, {FIRST} * 1000 \
             FROM n, devices d WHERE d.id = '{device}'",
            numbers(lanes),
            id("cnv", "i"),
        ),
        format!(
            "{} INSERT INTO messages (id, workspace, device, channel, conversation, sequence, job, direction, \
               sender_is_alias, content, state, state_at, remote_id, created_at) \
             SELECT {message}, d.workspace, d.id, d.channel, {conversation}, i % {EACH} + 1, {job}, 'out', FALSE, \
               '{{\"type\":\"text\",\"text\":\"{text}\"}}', 'read', {at}, {}, {at} FROM n, devices d WHERE d.id = '{device}'",
            numbers(messages),
            id("3EB0", "i"),
        ),
        format!(
            "{} INSERT INTO jobs (id, workspace, device, conversation, message, sequence, state, at_head, run_at, expires_at, \
               attempts, crashes, lease_token, created_at, finished_at) \
             SELECT {job}, d.workspace, d.id, {conversation}, {message}, i % {EACH} + 1, 'done', FALSE, {at}, {at}, 1, 0, 1, \
               {at}, {at} FROM n, devices d WHERE d.id = '{device}'",
            numbers(messages),
        ),
    ]
}
