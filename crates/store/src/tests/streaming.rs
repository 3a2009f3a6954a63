//! The stream of events: nothing skipped, nothing twice, one order for all, and a word to those who come too late.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use cetar_model::{EventId, Receipt};
use sqlx::{Connection, PgConnection, SqliteConnection};

use super::world::{Kind, World, number, on_both_engines, open, raw, with_database};
use crate::{
    Cutoffs, PrunePlace, Standing, Store, StreamPlace,
    migrate::{self, STEPS},
};

/// Reads what follows `after`, as a reader does: what is numbered, and if that is not enough, what waits.
async fn read(world: &World, store: &Store, after: i64, limit: usize) -> Vec<(i64, EventId)> {
    let mut entries = store.stream_after(&world.workspace, after, limit).await.unwrap();
    if entries.len() < limit {
        if store.stream_waits(&world.workspace).await.unwrap() {
            store.number_events(&world.workspace, limit).await.unwrap();
        }
        // Also where nothing waits any more: another reader may have numbered it since.
        entries = store.stream_after(&world.workspace, after, limit).await.unwrap();
    }
    entries.into_iter().map(|entry| (entry.place.number, entry.place.event.unwrap())).collect()
}

async fn read_all(world: &World) -> Vec<(i64, EventId)> {
    let mut all: Vec<(i64, EventId)> = Vec::new();
    loop {
        let page = read(world, &world.store, all.last().map_or(0, |(number, _)| *number), 3).await;
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Takes in a message and returns its event.
async fn message(world: &World) -> EventId {
    let (device, lease) = world.leased().await;
    let inbound = world.inbound(&device, lease, "6281234567890", "Halo");
    world.store.take_in(inbound.clone()).await.unwrap();
    inbound.event
}

async fn standing(world: &World, number: i64, event: Option<&EventId>) -> Standing {
    let place = StreamPlace { number, event: event.cloned() };
    world.store.stream_standing(&world.workspace, &place).await.unwrap()
}

fn events_before(before: cetar_model::Timestamp) -> Cutoffs {
    Cutoffs { events: before, paused: before, idempotency: before, job_attempts: before, received: before }
}

on_both_engines! {
    async fn many_write_and_many_read_and_all_read_the_same(world: &World) {
        const WRITERS: usize = 6;
        const EACH: usize = 40;
        // Two nodes, where there can be two.
        let other = match world.kind {
            Kind::Sqlite => world.store.clone(),
            Kind::Postgres => open(&world.url, 1).await.unwrap(),
        };
        let finished = AtomicUsize::new(0);
        let writer = async |writer: usize| {
            let (device, lease) = world.leased().await;
            let mut written = Vec::new();
            for n in 0..EACH {
                let from = format!("62812{writer:04}{n:04}");
                let inbound = world.inbound(&device, lease, &from, "Halo");
                let store = if n % 2 == 0 { &world.store } else { &other };
                store.take_in(inbound.clone()).await.unwrap();
                written.push(inbound.event);
            }
            finished.fetch_add(1, Ordering::SeqCst);
            written
        };
        let reader = async |store: &Store, limit: usize| {
            let mut seen: Vec<(i64, EventId)> = Vec::new();
            loop {
                let over = finished.load(Ordering::SeqCst) == WRITERS;
                let page = read(world, store, seen.last().map_or(0, |(number, _)| *number), limit).await;
                if page.is_empty() && over {
                    return seen;
                }
                seen.extend(page);
            }
        };
        let writers = futures::future::join_all((0..WRITERS).map(&writer));
        let (written, a, b, c, d) = futures::join!(
            writers, reader(&world.store, 1), reader(&other, 7), reader(&world.store, 100), reader(&other, 3)
        );
        for other in [&b, &c, &d] {
            assert_eq!(other, &a, "every reader sees the same order");
        }
        let numbers: Vec<i64> = a.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=i64::try_from(WRITERS * EACH).unwrap()).collect::<Vec<_>>(), "none skipped, none twice");
        for written in &written {
            let order: Vec<usize> =
                written.iter().map(|id| a.iter().position(|(_, seen)| seen == id).unwrap()).collect();
            assert!(order.is_sorted(), "what was written one after the other is read so");
        }
        if world.kind == Kind::Postgres {
            other.close().await;
        }
    }

    async fn what_followed_from_another_stands_after_it_whatever_the_clocks_say(world: &World) {
        let (device, lease) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        let job = world.claim_one(&device).await;
        world.pass(Duration::from_mins(5));
        world.sent(&job).await;
        // Another node takes over, whose clock is behind, with ids of its own.
        let other = open(&world.url, 1).await.unwrap();
        let remote = send.remote_id.clone().unwrap();
        let mut receipt = world.receipt(&device, lease, &[&remote], Receipt::Delivered);
        receipt.now = world.now() - Duration::from_mins(4);
        assert_eq!(other.receipt(receipt).await.unwrap(), 1);
        other.close().await;
        let numbers: Vec<i64> = read_all(world).await.iter().map(|(number, _)| *number).collect();
        let events = world.store.stream_events(&world.workspace, &numbers).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(told, ["message.sent", "message.delivered"]);
        assert!(events[0].id > events[1].id, "by their ids they would be the other way round");
        for event in &events {
            let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
            assert_eq!(body["data"]["sequence"], 1, "the place of the message in its conversation");
        }
    }

    async fn numbers_are_given_once_and_in_small_portions(world: &World) {
        for _ in 0..5 {
            message(world).await;
        }
        assert!(world.store.stream_waits(&world.workspace).await.unwrap());
        for expected in [2, 2, 1, 0] {
            assert_eq!(world.store.number_events(&world.workspace, 2).await.unwrap(), expected);
        }
        assert!(!world.store.stream_waits(&world.workspace).await.unwrap());
        let (first, end) = (read_all(world).await, world.store.stream_end(&world.workspace).await.unwrap());
        assert_eq!(first.last(), Some(&(end.number, end.event.unwrap())));
        message(world).await;
        assert_eq!(read_all(world).await[..5], first);
    }

    async fn who_has_read_everything_misses_nothing_by_pruning(world: &World) {
        message(world).await;
        let last = message(world).await;
        read_all(world).await;
        let old = world.pass(Duration::from_hours(24));
        assert!(!world.prune(events_before(old), 100).await.is_empty());
        assert_eq!(standing(world, 2, Some(&last)).await, Standing::Good);
        let fresh = message(world).await;
        assert_eq!(read(world, &world.store, 2, 10).await, [(3, fresh)]);
        assert_eq!(standing(world, 2, Some(&last)).await, Standing::Good);
    }

    async fn who_comes_after_the_pruning_is_told(world: &World) {
        let first = message(world).await;
        message(world).await;
        read_all(world).await;
        let old = world.pass(Duration::from_hours(24));
        message(world).await;
        world.prune(events_before(old), 100).await;
        assert_eq!(standing(world, 1, Some(&first)).await, Standing::Pruned);
        assert_eq!(standing(world, 2, None).await, Standing::Good);
        let start = world.store.stream_start(&world.workspace).await.unwrap();
        assert_eq!(start, StreamPlace { number: 2, event: None }, "who begins anew begins with what is kept");
    }

    async fn events_that_go_before_anybody_numbered_them_are_missed_too(world: &World) {
        let first = message(world).await;
        read_all(world).await;
        message(world).await;
        message(world).await;
        let old = world.pass(Duration::from_hours(24));
        let kept = message(world).await;
        // In portions, as pruning goes: the first and one of the others, then the last of the old ones.
        let (mut place, mut left) = (Some(PrunePlace::default()), 3);
        while let Some(from) = place {
            let step = world.store.prune(events_before(old), from, 2).await.unwrap();
            place = step.next;
            let kept = world.number("SELECT COUNT(*) FROM events").await - 1;
            if kept < left {
                assert_eq!(standing(world, 1, Some(&first)).await, Standing::Pruned);
            }
            left = kept;
        }
        assert_eq!(left, 0);
        assert_eq!(read(world, &world.store, 3, 10).await, [(4, kept)], "no number is given twice");
        assert_eq!(standing(world, 3, None).await, Standing::Good);
    }

    async fn nothing_is_noted_for_a_workspace_nobody_reads(world: &World) {
        message(world).await;
        let old = world.pass(Duration::from_hours(24));
        world.prune(events_before(old), 100).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM streams").await, 0);
        let fresh = message(world).await;
        assert_eq!(read_all(world).await, [(1, fresh)]);
    }

    async fn a_place_of_another_history_is_known(world: &World) {
        let first = message(world).await;
        read_all(world).await;
        assert_eq!(standing(world, 1, Some(&first)).await, Standing::Good);
        assert_eq!(standing(world, 0, None).await, Standing::Good);
        assert_eq!(standing(world, 2, None).await, Standing::Foreign, "it was given by a database that had come further");
        let other: EventId = world.ids.make(world.now());
        assert_eq!(standing(world, 1, Some(&other)).await, Standing::Foreign);
    }

    async fn events_say_whose_they_are_and_how_large(world: &World) {
        let (device, lease) = world.leased().await;
        world.store.take_in(world.inbound(&device, lease, "6281234567890", "Halo")).await.unwrap();
        read_all(world).await;
        let entry = world.store.stream_after(&world.workspace, 0, 10).await.unwrap().remove(0);
        assert_eq!(entry.device, Some((device, Some(false))));
        let event = world.store.stream_events(&world.workspace, &[1]).await.unwrap().remove(0);
        assert_eq!((entry.size, entry.place.event), (event.body.len(), Some(event.id)));
    }
}

/// The case that a reader who goes by ids or rows gets wrong: something older is still open when something younger is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_late_is_read_late_and_by_all() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async move {
            let mut slow = PgConnection::connect(&world.url).await.unwrap();
            sqlx::raw_sql("BEGIN").execute(&mut slow).await.unwrap();
            let id: EventId = world.ids.make(world.now());
            let insert = format!(
                "INSERT INTO events (id, workspace, type, body, created_at) VALUES ('{id}', '{}', 'session.state', '{{}}', 1)",
                world.workspace
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&mut slow).await.unwrap();
            let quick = message(world).await;
            assert!(id < quick);
            assert_eq!(read_all(world).await, [(1, quick.clone())]);
            sqlx::raw_sql("COMMIT").execute(&mut slow).await.unwrap();
            assert_eq!(read_all(world).await, [(1, quick), (2, id)]);
        })
    })
    .await;
}

/// A database of the version before has events already.
async fn an_older_database_keeps_its_events_in_order(kind: Kind) {
    with_database(kind, async |url, _| {
        if let Some(path) = url.strip_prefix("sqlite:") {
            std::fs::File::create(path).unwrap();
        }
        let step = &STEPS[0];
        raw(&url, if kind == Kind::Sqlite { step.sqlite } else { step.postgres }).await;
        raw(
            &url,
            "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL); \
             INSERT INTO schema_version VALUES (1, '0001_foundation'); \
             INSERT INTO events (id, workspace, type, body, created_at) VALUES ('evt_b', 'ws_1', 'session.state', '{}', 1); \
             INSERT INTO events (id, workspace, type, body, created_at) VALUES ('evt_a', 'ws_1', 'session.state', '{}', 2)",
        )
        .await;
        match kind {
            Kind::Sqlite => {
                let mut conn = SqliteConnection::connect(&url).await.unwrap();
                migrate::migrate_sqlite(&mut conn).await.unwrap();
            }
            Kind::Postgres => {
                let mut conn = PgConnection::connect(&url).await.unwrap();
                migrate::migrate_postgres(&mut conn).await.unwrap();
            }
        }
        let before = "SELECT COUNT(*) FROM events b JOIN events a ON a.ordinal > b.ordinal \
                      WHERE b.id = 'evt_b' AND a.id = 'evt_a'";
        assert_eq!(number(&url, before).await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_older_sqlite_database_keeps_its_events_in_order() {
    an_older_database_keeps_its_events_in_order(Kind::Sqlite).await;
}

#[tokio::test]
async fn an_older_postgresql_database_keeps_its_events_in_order() {
    an_older_database_keeps_its_events_in_order(Kind::Postgres).await;
}
