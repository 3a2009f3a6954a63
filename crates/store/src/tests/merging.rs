//! Two lanes become one while others wait for them.

use cetar_model::{MessageState, Receipt};
use sqlx::{Connection, PgConnection};

use super::world::{Kind, World};

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

/// Only PostgreSQL has more than one writer.
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
