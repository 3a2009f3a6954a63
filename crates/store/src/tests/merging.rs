//! Two write at once, each of what the other depends on: lanes that become one while others wait for them, bytes that are deleted while
//! somebody keeps them. Only PostgreSQL has more than one writer.

use std::time::Duration;

use cetar_model::{MediaId, MessageState, Receipt};
use sqlx::{Connection, PgConnection};

use super::world::{Kind, World};
use crate::{BytesOf, StoreError, StoredBytes};

/// Waits until a session of this database waits for a lock of this kind.
async fn waiting(world: &World, kind: &str) {
    let waits = format!(
        "SELECT COUNT(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = '{kind}'"
    );
    while world.number(&waits).await == 0 {
        tokio::task::yield_now().await;
    }
}

async fn run(conn: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(conn).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_hold_the_lane_that_theirs_was_merged_into() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async move {
            let (device, lease) = world.leased().await;
            world.accept(&device, "6281", "1").await;
            let aliased = [world.accept(&device, "123@lid", "2").await, world.accept(&device, "123@lid", "3").await];
            let ids = aliased.each_ref().map(|send| send.remote_id.clone().unwrap());
            let receipt = world.receipt(&device, lease, &ids.each_ref().map(String::as_str), Receipt::Delivered);

            // Keeps the receipt from being committed, once it has its lanes.
            let mut events = PgConnection::connect(&world.url).await.unwrap();
            run(&mut events, "BEGIN; LOCK TABLE events IN SHARE MODE").await;
            let mut merging = PgConnection::connect(&world.url).await.unwrap();
            run(&mut merging, "BEGIN; SELECT id FROM conversations FOR UPDATE").await;
            let (told, ()) = tokio::join!(world.store.receipt(receipt), async {
                waiting(world, "transactionid").await;
                let number = "(SELECT id FROM conversations WHERE chat = '6281')";
                let alias = "(SELECT id FROM conversations WHERE chat = '123@lid')";
                run(
                    &mut merging,
                    &format!(
                        "UPDATE jobs SET at_head = FALSE WHERE conversation = {alias}; \
                         UPDATE messages SET conversation = {number}, sequence = sequence + 1 WHERE conversation = {alias}; \
                         UPDATE jobs SET conversation = {number}, sequence = sequence + 1 WHERE conversation = {alias}; \
                         DELETE FROM conversations WHERE chat = '123@lid'; COMMIT"
                    ),
                )
                .await;
                // It goes on, and waits for the events.
                waiting(world, "relation").await;
                let free = "SELECT COUNT(*) FROM (SELECT id FROM conversations WHERE chat = '6281' FOR UPDATE SKIP LOCKED) c";
                assert_eq!(world.number(free).await, 0, "nobody else may change the merged lane meanwhile");
                run(&mut events, "COMMIT").await;
            });
            assert_eq!(told.unwrap(), 2);
            for send in &aliased {
                let job = world.store.job(&world.workspace, &send.job).await.unwrap().unwrap();
                assert_eq!(job.message.state, MessageState::Delivered);
            }
        })
    })
    .await;
}

/// Bytes that nothing refers to, noted a day ago.
async fn garbage(world: &World) -> BytesOf {
    let bytes = (world.workspace.clone(), [1; 32]);
    world.store.note_orphans(vec![bytes.clone()], world.now()).await.unwrap();
    world.pass(Duration::from_hours(24));
    bytes
}

async fn keep(world: &World) -> Result<(), StoreError> {
    let id: MediaId = world.ids.make(world.now());
    let bytes = StoredBytes { hash: [1; 32], size: 1, content_type: "image/png".into(), file_name: None };
    world.store.keep_media(&id, &world.workspace, None, bytes, world.now()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_makes_a_medium_of_bytes_that_somebody_is_about_to_delete() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async move {
            garbage(world).await;
            let mut pruning = PgConnection::connect(&world.url).await.unwrap();
            run(
                &mut pruning,
                "BEGIN; SELECT hash FROM media_garbage FOR UPDATE; UPDATE media_garbage SET since = 0",
            )
            .await;
            let (kept, ()) = tokio::join!(keep(world), async {
                waiting(world, "transactionid").await;
                run(&mut pruning, "COMMIT").await;
            });
            assert!(matches!(kept, Err(StoreError::Conflict)), "{kept:?}");
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_deletes_bytes_that_somebody_is_about_to_make_a_medium_of() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async move {
            let bytes = garbage(world).await;
            keep(world).await.unwrap();
            // The medium as it is before its commit: the note is there for others, and the medium is not.
            run(&mut PgConnection::connect(&world.url).await.unwrap(), "DELETE FROM media").await;
            world.store.note_orphans(vec![bytes], world.now() - Duration::from_hours(24)).await.unwrap();
            let mut keeping = PgConnection::connect(&world.url).await.unwrap();
            run(&mut keeping, "BEGIN; SELECT since FROM media_garbage FOR UPDATE; DELETE FROM media_garbage").await;
            let medium = format!(
                "INSERT INTO media (id, workspace, device, state, hash, size, content_type, attempts, run_at, created_at) \
                 VALUES ('med_1', '{}', '', 'stored', decode(repeat('01', 32), 'hex'), 1, 'image/png', 0, 0, 0)",
                world.workspace
            );
            run(&mut keeping, &medium).await;
            let mut looking = Box::pin(world.store.media_garbage(world.now(), 9));
            let found = tokio::select! {
                found = &mut looking => found,
                () = waiting(world, "transactionid") => {
                    run(&mut keeping, "COMMIT").await;
                    looking.await
                }
            };
            assert_eq!(found.unwrap(), []);
        })
    })
    .await;
}
