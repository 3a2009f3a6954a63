//! Opening, refusing, closing, copying.

use std::{path::Path, time::Duration};

use cetar_model::MessageState;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use super::world::{
    Kind, LEASE, NODE, World, again, ids, number, on_both_engines, open, postgres_server, raw, sealer, sent,
    with_database,
};
use crate::{
    MasterKey, OpenError, Options, Sealer, StateChange, Store, StoreError,
    migrate::{KNOWN, STEPS, Step, postgres_steps},
};

/// Everything in the tables of a database that is not open, to tell whether it changed.
async fn contents(kind: Kind, url: &str) -> String {
    match kind {
        Kind::Sqlite => {
            let path = url.strip_prefix("sqlite:").unwrap();
            format!("{:x?}", std::fs::read(path).unwrap())
        }
        Kind::Postgres => {
            let mut counts = Vec::new();
            for table in ["meta", "workspaces", "schema_version", "pg_class"] {
                let n = number(url, &format!("SELECT COUNT(*) FROM {table}")).await;
                counts.push(format!("{table} {n}"));
            }
            counts.join(" ")
        }
    }
}

async fn with(url: &str, keys: &[u8]) -> Result<Store, OpenError> {
    let sealer = Sealer::new(keys.iter().map(|key| MasterKey::generate([*key; 32])).collect());
    Store::open(Options { url: url.to_owned(), sealer, ids: ids() }).await
}

/// Runs a test on a database that is made, filled and closed again.
macro_rules! on_closed {
    ($($(#[$doc:meta])* async fn $name:ident($kind:ident, $url:ident) $body:block)*) => { $(
        mod $name {
            use super::*;
            async fn test($kind: Kind, $url: &str) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(Kind::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(Kind::Postgres).await;
            }
            async fn run(kind: Kind) {
                with_database(kind, async |url, _| {
                    open(&url, 1).await.unwrap().close().await;
                    test(kind, &url).await;
                }).await;
            }
        }
    )* };
}

on_closed! {
    async fn a_wrong_master_key_is_refused_and_nothing_is_changed(kind, url) {
        let before = contents(kind, url).await;
        for keys in [&[2][..], &[2, 3], &[]] {
            let error = with(url, keys).await.unwrap_err();
            assert!(matches!(error, OpenError::WrongMasterKey), "{error}");
            assert!(error.to_string().contains("put back the master.key"), "{error}");
        }
        assert_eq!(contents(kind, url).await, before);
        open(url, 1).await.unwrap().close().await;
    }

    async fn a_newer_schema_is_refused_and_nothing_is_changed(kind, url) {
        let newer = KNOWN + 1;
        raw(url, &format!("INSERT INTO schema_version (version, name) VALUES ({newer}, 'later')")).await;
        let before = contents(kind, url).await;
        // Even with the wrong key: what cannot be understood is not judged.
        for key in [1, 2] {
            let error = open(url, key).await.unwrap_err();
            assert!(matches!(error, OpenError::SchemaNewer { found, known: KNOWN } if found == newer), "{error}");
        }
        assert_eq!(contents(kind, url).await, before);
    }

    async fn after_a_rotation_all_keys_are_needed(_kind, url) {
        with(url, &[2, 1]).await.unwrap().close().await;
        for keys in [&[1][..], &[2]] {
            assert!(matches!(with(url, keys).await, Err(OpenError::WrongMasterKey)), "{keys:?}");
        }
        with(url, &[1, 2]).await.unwrap().close().await;
    }

    async fn opening_again_changes_nothing(kind, url) {
        let before = contents(kind, url).await;
        open(url, 1).await.unwrap().close().await;
        if kind == Kind::Postgres {
            assert_eq!(contents(kind, url).await, before);
        }
        assert_eq!(number(url, "SELECT COUNT(*) FROM schema_version").await, i64::try_from(STEPS.len()).unwrap());
    }
}

on_both_engines! {
    async fn what_was_sealed_before_a_rotation_still_opens(world: &World) {
        let (device, lease) = world.leased().await;
        let put = |key: &'static str| StateChange::Put("a", key.into(), key.into());
        world.store.save_state(&device, lease, vec![put("old")]).await.unwrap();
        let rotated = with(&world.url, &[2, 1]).await.unwrap();
        rotated.save_state(&device, lease, vec![put("new")]).await.unwrap();
        assert_eq!(rotated.state_all(&device, "a").await.unwrap().len(), 2);
        let error = world.store.state(&device, "a", b"new").await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { table: "session_state", .. }), "{error}");
        rotated.close().await;
    }

    async fn a_corrupt_row_names_table_column_and_id(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "geheim").await;
        world.settle(&world.claim_one(&device).await, again(world.now())).await;
        let (job, message) = (&send.job, &send.message);
        for (sql, mend, expected) in [
            ("UPDATE messages SET state = 'schrodinger'", "UPDATE messages SET state = 'queued'", format!("messages.state of {message}")),
            ("UPDATE jobs SET state = 'sleeping', at_head = FALSE", "UPDATE jobs SET state = 'ready', at_head = TRUE", format!("jobs.state of {job}")),
            ("UPDATE messages SET error_code = 'x'", "UPDATE messages SET error_code = NULL", format!("messages.error_code of {message}")),
            ("UPDATE messages SET content = '{\"type\":\"text\"'", "UPDATE messages SET content = '{\"type\":\"text\",\"text\":\"\"}'", format!("messages.content of {message}")),
            ("UPDATE messages SET channel = ''", "UPDATE messages SET channel = 'whatsapp'", format!("messages.channel of {message}")),
        ] {
            world.raw(sql).await;
            let error = world.store.job(&world.workspace, job).await.unwrap_err();
            assert_eq!(error.to_string(), format!("corrupt row: {expected}"));
            world.raw(mend).await;
        }
        assert_eq!(world.state(job).await, MessageState::Queued);
        world.raw("UPDATE devices SET state = 'asleep'").await;
        let error = world.store.all_devices().await.unwrap_err().to_string();
        assert_eq!(error, format!("corrupt row: devices.state of {device}"));
        world.raw("UPDATE workspaces SET plan = '{'").await;
        let error = world.store.workspace(&world.workspace).await.unwrap_err().to_string();
        assert_eq!(error, format!("corrupt row: workspaces.plan of {}", world.workspace));
    }

    async fn a_corrupt_row_does_not_stop_others(world: &World) {
        let device = world.device().await;
        let bad = world.accept(&device, "budi", "1").await;
        world.raw("UPDATE messages SET content = 'x'").await;
        let claim = world.store.claim(&device, "n", world.now(), world.now(), 10).await;
        assert!(matches!(claim, Err(StoreError::Corrupt { table: "messages", column: "content", .. })));
        assert_eq!(world.store.job(&world.workspace, &bad.job).await.unwrap_err().to_string(), format!("corrupt row: messages.content of {}", bad.message));
        let (other, good) = (world.device().await, world.accept(&device, "ani", "3").await);
        world.accept(&other, "budi", "2").await;
        assert_eq!(world.claim(&other).await.len(), 1);
        assert_eq!(world.claim_one(&device).await.job, good.job);
    }

    async fn a_corrupt_row_does_not_stop_the_rescue_of_others(world: &World) {
        let device = world.device().await;
        let (bad, good) = (world.accept(&device, "budi", "1").await, world.accept(&device, "ani", "2").await);
        assert_eq!(world.claim(&device).await.len(), 2);
        world.raw(&format!("UPDATE messages SET content = 'x' WHERE id = '{}'", bad.message)).await;
        let rescue = || world.store.rescue(NODE, true, world.now(), world.now() + LEASE, 10);
        let rescued = rescue().await.unwrap();
        assert_eq!(rescued.iter().map(|job| &job.job).collect::<Vec<_>>(), [&good.job]);
        world.settle(&rescued[0], sent(&good.message)).await;
        assert!(matches!(rescue().await, Err(StoreError::Corrupt { table: "messages", column: "content", .. })));
    }

    async fn a_subscription_that_cannot_be_read_loses_no_event_and_stops_none(world: &World) {
        let (bad, good) = (world.endpoint(&["message.read"]).await, world.endpoint(&["message.sent"]).await);
        world.raw(&format!("UPDATE endpoints SET events = '[' WHERE id = '{bad}'")).await;
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        world.sent(&world.claim_one(&device).await).await;
        for endpoint in [bad, good] {
            let waiting = format!("SELECT COUNT(*) FROM deliveries WHERE endpoint = '{endpoint}' AND state = 'ready'");
            assert_eq!(world.number(&waiting).await, 1);
        }
    }

    async fn after_closing_everything_is_unavailable(world: &World) {
        let store = open(&world.url, 1).await.unwrap();
        let (device, send) = (world.device().await, world.send(&world.device().await, "budi", "1"));
        let accepts = (0..50).map(|_| store.accept(world.send(&device, "budi", "1")));
        let (accepted, ()) = futures::join!(futures::future::join_all(accepts), store.close());
        assert!(accepted.into_iter().all(|accepted| accepted.is_ok()), "what was handed in is finished");
        assert!(matches!(store.accept(send).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.check(world.now()).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.all_devices().await, Err(StoreError::Unavailable(_))));
        store.close().await;
    }

    async fn a_check_writes_and_reads(world: &World) {
        world.store.check(world.now()).await.unwrap();
        world.store.check(world.pass(Duration::from_secs(1))).await.unwrap();
        assert_eq!(world.store.engine(), if world.kind == Kind::Sqlite { "sqlite" } else { "postgres" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_may_start_at_once_on_a_new_database() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        with_database(kind, async |url, _| {
            let opened = futures::future::join_all((0..4).map(|_| open(&url, 1))).await;
            for store in opened {
                store.unwrap().close().await;
            }
        })
        .await;
    }
}

/// The write-ahead log cannot be turned on while another node writes to the new file, and SQLite does not wait for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_to_which_another_node_writes_is_waited_for() {
    with_database(Kind::Sqlite, async |url, _| {
        let connect = async || SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        let mut other = connect().await;
        other.execute("CREATE TABLE other (id INTEGER); BEGIN IMMEDIATE").await.unwrap();
        let its_end = async {
            // Refused as ours was, which began before it.
            connect().await.execute("PRAGMA journal_mode = WAL").await.unwrap_err();
            other.execute("COMMIT").await.unwrap();
        };
        let (opened, ()) = futures::join!(open(&url, 1), its_end);
        opened.unwrap().close().await;
    })
    .await;
}

/// Of a large database a step takes longer than any statement is given, and so does the wait for another node that is at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_on_postgresql_takes_as_long_as_it_takes() {
    const SLOW: &[Step] = &[Step { version: 1, name: "slow", sqlite: "", postgres: "SELECT pg_sleep(0.5)" }];
    with_database(Kind::Postgres, async |url, _| {
        let node = async || {
            let mut conn = PgConnection::connect(&url).await.unwrap();
            conn.execute("SET statement_timeout = '200ms'; SET lock_timeout = '100ms'").await.unwrap();
            postgres_steps(&mut conn, SLOW).await
        };
        let (one, other) = futures::join!(node(), node());
        one.unwrap();
        other.unwrap();
        assert_eq!(number(&url, "SELECT COUNT(*) FROM schema_version").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nodes_with_different_keys_one_wins_and_the_others_leave_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        with_database(kind, async |url, _| {
            let opened = futures::future::join_all((1..=4).map(|key| open(&url, key))).await;
            let mut won = Vec::new();
            for (key, store) in (1..=4).zip(opened) {
                match store {
                    Ok(store) => {
                        store.close().await;
                        won.push(key);
                    }
                    Err(error) => assert!(matches!(error, OpenError::WrongMasterKey), "{error}"),
                }
            }
            assert_eq!(won.len(), 1);
            open(&url, won[0]).await.unwrap().close().await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_url_that_is_not_ours_is_refused_without_showing_its_password() {
    for url in [
        "",
        "cetar.db",
        "mysql://u:geheim@host/db",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:cetar.db?mode=rwc",
        "postgres://u:geheim@host:port/db",
    ] {
        let error = open(url, 1).await.unwrap_err();
        assert!(matches!(error, OpenError::Url(_)), "{url}: {error}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    // The port of a listener that is gone again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = open(&format!("postgres://cetar:geheim@127.0.0.1:{port}/cetar"), 1).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
}

#[tokio::test]
async fn a_postgresql_database_that_does_not_exist_is_unreachable() {
    let url = format!("{}/not_there", postgres_server().rsplit_once('/').unwrap().0);
    let error = open(&url, 1).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_directory_or_another_file_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("nowhere/cetar.db")] {
        let error = open(&format!("sqlite:{}", path.display()), 1).await.unwrap_err();
        assert!(matches!(error, OpenError::NotWritable(_)), "{error}");
    }
    let path = dir.path().join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to be looked at as one: ".repeat(30)).unwrap();
    let error = open(&format!("sqlite:{}", path.display()), 1).await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("`cetar restore`"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("not a database"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_are_for_their_owner_only() {
    World::run(Kind::Sqlite, |world| {
        Box::pin(async {
            let device = world.device().await;
            world.accept(&device, "budi", "1").await;
            let copy = world.dir().join("copy.db");
            world.store.backup(&copy).await.unwrap();
            let path = world.url.strip_prefix("sqlite:").unwrap();
            let files =
                [path.to_owned(), format!("{path}-wal"), format!("{path}-shm"), copy.display().to_string()];
            for file in files {
                let mode =
                    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
                assert_eq!(mode & 0o777, 0o600, "{file}");
            }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_a_database_of_its_own() {
    World::run(Kind::Sqlite, |world| {
        Box::pin(async {
            let (device, lease) = world.leased().await;
            world
                .store
                .save_state(&device, lease, vec![StateChange::Put("a", "k".into(), "v".into())])
                .await
                .unwrap();
            let before = world.accept(&device, "budi", "1").await;
            let path = world.dir().join("copy.db");
            world.store.backup(&path).await.unwrap();
            let after = world.accept(&device, "budi", "2").await;
            assert!(
                matches!(world.store.backup(&path).await, Err(StoreError::Conflict)),
                "nothing is overwritten"
            );
            let nowhere = world.store.backup(Path::new("/nowhere/copy.db")).await;
            assert!(matches!(nowhere, Err(StoreError::Unavailable(_))));
            assert!(!world.dir().join("copy.db.unfinished").exists());

            let options =
                Options { url: format!("sqlite:{}", path.display()), sealer: sealer(1), ids: ids() };
            let copy = Store::open(options).await.unwrap();
            assert!(copy.job(&world.workspace, &before.job).await.unwrap().is_some());
            assert!(copy.job(&world.workspace, &after.job).await.unwrap().is_none());
            assert_eq!(copy.state(&device, "a", b"k").await.unwrap().as_deref(), Some(&b"v"[..]));
            copy.close().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_fails_leaves_no_file() {
    World::run(Kind::Sqlite, |world| {
        Box::pin(async {
            let path = world.dir().join("copy.db");
            let unfinished = world.dir().join("copy.db.unfinished");
            // What one that was killed has left is in nobody's way.
            std::fs::write(&unfinished, "half a backup").unwrap();
            world.store.close().await;
            let closed = world.store.backup(&path).await;
            assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
            assert!(!path.exists() && !unfinished.exists());
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_backup_explains_pg_dump() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let error = world.store.backup(&world.dir().join("copy.db")).await.unwrap_err();
            assert!(matches!(error, StoreError::Unsupported(text) if text.contains("pg_dump")));
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_folds_the_write_ahead_log_in() {
    with_database(Kind::Sqlite, async |url, _| {
        let store = open(&url, 1).await.unwrap();
        store.check(cetar_model::Timestamp::default()).await.unwrap();
        store.close().await;
        let path = url.strip_prefix("sqlite:").unwrap();
        let left = std::fs::metadata(format!("{path}-wal")).map_or(0, |log| log.len());
        assert_eq!(left, 0);
    })
    .await;
}
