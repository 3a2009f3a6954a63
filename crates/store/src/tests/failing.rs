//! The database fails while running: callers are told, nothing acknowledged is lost, and it goes on by itself.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use cetar_model::{Language, Plan};
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::world::{Kind, World, ids, on_both_engines, postgres_server, sealer, with_database};
use crate::{
    Accepted, Options, Store, StoreError, db::execute, statement::Sql, store::Engine, writer::QUEUE,
};

pub(super) fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn an_operation_that_fails_leaves_nothing_behind(world: &World) {
        let failing = world.store.write((), |tx, ()| {
            Box::pin(async move {
                const INSERT: Sql = Sql {
                    name: "",
                    sqlite: "INSERT INTO meta (key, value) VALUES ('half', x'00')",
                    postgres: "INSERT INTO meta (key, value) VALUES ('half', '\\x00')",
                };
                execute!(tx, INSERT)?;
                execute!(tx, INSERT)?;
                Ok(())
            })
        });
        assert!(matches!(failing.await, Err(StoreError::Conflict)));
        assert_eq!(world.number("SELECT COUNT(*) FROM meta WHERE key = 'half'").await, 0);
        world.store.check(world.now()).await.unwrap();
    }

    async fn a_caller_that_goes_away_harms_nobody(world: &World) {
        let device = world.device().await;
        for n in 0..50 {
            let send = world.send(&device, "budi", &n.to_string());
            // Polled once, then dropped.
            let (gone, stays) = (world.store.accept(send.clone()), world.store.check(world.now()));
            let _ = futures::poll!(Box::pin(gone));
            let _ = futures::poll!(Box::pin(stays));
        }
        world.accept(&device, "ani", "1").await;
        world.store.check(world.now()).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, world.number("SELECT COUNT(*) FROM jobs").await);
    }

    async fn what_is_missing_in_the_database_is_told_without_values(world: &World) {
        world.raw("DROP TABLE workspaces").await;
        let workspace = crate::Workspace {
            id: world.ids.make(world.now()),
            name: "geheim".into(),
            plan: Plan::default(),
            language: Language::English,
            time_zone: "Asia/Jakarta".into(),
            created_at: world.now(),
        };
        let error = world.store.insert_workspace(workspace).await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{error}");
        assert!(error.to_string().contains("workspaces") && !format!("{error:?}").contains("geheim"), "{error:?}");
    }
}

/// Runs a test on SQLite alone.
async fn on_sqlite(test: super::world::Test) {
    World::run(Kind::Sqlite, test).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_panics_does_not_end_the_writer() {
    on_sqlite(|world| {
        Box::pin(async {
            let panics = world.store.write((), |_, ()| Box::pin(async { panic!("a bug") }));
            let result: Result<(), _> = panics.await;
            assert!(matches!(result, Err(StoreError::Database(_))));
            world.store.check(world.now()).await.unwrap();
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_and_passes() {
    on_sqlite(|world| {
        Box::pin(async {
            let device = world.device().await;
            let before = world.accept(&device, "budi", "before").await;
            let Engine::Sqlite { max_pages, .. } = &world.store.inner.engine else { panic!() };
            let pages = world.number("PRAGMA page_count").await;
            max_pages.store(pages, Ordering::SeqCst);
            // The connection at hand is limited here, its successors as they are made.
            let full = world.store.write(pages, |tx, pages| {
                Box::pin(async move { crate::sqlite::full_disk(tx.conn(), *pages) })
            });
            full.await.unwrap();

            let long = "x".repeat(100_000);
            for _ in 0..3 {
                let accepts =
                    (0..10).map(|n| world.store.accept(world.send(&device, &format!("chat{n}"), &long)));
                let (accepts, settle) = futures::join!(
                    futures::future::join_all(accepts),
                    world.store.set_paused(&world.workspace, &device, true)
                );
                for accepted in accepts {
                    assert!(unavailable(accepted).contains("the disk is full"));
                }
                // In the same batch it shares its fate, else it is small enough to fit.
                if let Err(error) = settle {
                    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
                }
                assert_eq!(
                    world.job(&before.job).await.message.content.text(),
                    Some("before"),
                    "reading goes on"
                );
            }
            assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);

            max_pages.store(0, Ordering::SeqCst);
            // The failed batch took its connection with it; the next one has room.
            let _ = world.store.accept(world.send(&device, "budi", &long)).await;
            assert_eq!(world.store.accept(world.send(&device, "budi", &long)).await.unwrap(), Accepted::New);
            world.store.check(world.now()).await.unwrap();
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overload_is_refused_at_the_door() {
    on_sqlite(|world| {
        Box::pin(async {
            let device = world.device().await;
            // Somebody else holds the write lock for a while.
            let mut other = SqliteConnection::connect(&world.url).await.unwrap();
            other.execute("BEGIN IMMEDIATE").await.unwrap();
            let mut waiting = futures::stream::FuturesUnordered::new();
            let mut refused = 0;
            for n in 0..QUEUE + crate::writer::BATCH + 10 {
                let mut accept =
                    Box::pin(world.store.accept(world.send(&device, &format!("chat{}", n % 100), "halo")));
                match futures::poll!(&mut accept) {
                    std::task::Poll::Pending => waiting.push(accept),
                    std::task::Poll::Ready(answer) => {
                        assert_eq!(unavailable(answer), "4096 writes are waiting already");
                        refused += 1;
                    }
                }
            }
            assert!(refused >= 10);
            other.execute("ROLLBACK").await.unwrap();
            let accepted = waiting.len();
            while let Some(answer) = futures::StreamExt::next(&mut waiting).await {
                assert_eq!(answer.unwrap(), Accepted::New);
            }
            let stored = world.store.queue_figures().await.unwrap().open;
            assert_eq!(usize::try_from(stored).unwrap(), accepted);
        })
    })
    .await;
}

/// A way to the server that can be cut.
struct Link {
    address: std::net::SocketAddr,
    server: String,
    up: CancellationToken,
    tasks: JoinSet<()>,
}

impl Link {
    async fn new(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let mut link = Self { address, server, up: CancellationToken::new(), tasks: JoinSet::new() };
        link.serve(listener);
        link
    }

    fn serve(&mut self, listener: TcpListener) {
        self.up = CancellationToken::new();
        let (up, server) = (self.up.clone(), self.server.clone());
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut here, _) = tokio::select! {
                    () = up.cancelled() => return,
                    accepted = listener.accept() => accepted.unwrap(),
                };
                let mut there = TcpStream::connect(&server).await.unwrap();
                connections.spawn(async move { copy_bidirectional(&mut here, &mut there).await.map(drop) });
            }
        });
    }

    async fn cut(&mut self) {
        self.up.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_unavailable_soon_and_comes_back() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let mut link = Link::new(&postgres_server()).await;
            let url = format!("postgres://cetar@{}/{}", link.address, world.url.rsplit_once('/').unwrap().1);
            let store = Store::open(Options { url, sealer: sealer(1), ids: ids() }).await.unwrap();
            let device = world.device().await;
            for _ in 0..2 {
                let kept = world.send(&device, "budi", "kept");
                assert_eq!(store.accept(kept.clone()).await.unwrap(), Accepted::New);
                store.check(world.now()).await.unwrap();
                link.cut().await;
                let started = Instant::now();
                let accepts =
                    futures::future::join_all((0..20).map(|_| store.accept(world.send(&device, "ani", "1"))));
                let (accepts, write, read) =
                    futures::join!(accepts, store.check(world.now()), store.job(&world.workspace, &kept.job));
                for accepted in accepts {
                    unavailable(accepted);
                }
                unavailable(write);
                unavailable(read.map(drop));
                assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
                link.mend().await;
                assert_eq!(store.accept(world.send(&device, "ani", "2")).await.unwrap(), Accepted::New);
                store.check(world.now()).await.unwrap();
                assert!(store.job(&world.workspace, &kept.job).await.unwrap().is_some());
            }
            store.close().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_collide_are_tried_again() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            const TOUCH: Sql = Sql::postgres_only("UPDATE workspaces SET name = $2 WHERE id = $1");
            let mut workspaces = vec![world.workspace.clone()];
            let mut second = world.store.workspaces().await.unwrap().remove(0);
            second.id = world.ids.make(world.now());
            workspaces.push(second.id.clone());
            world.store.insert_workspace(second).await.unwrap();
            // Each locks one row and then the other, in opposite orders.
            let both = |reversed: bool| {
                let mut workspaces = workspaces.clone();
                if reversed {
                    workspaces.reverse();
                }
                world.store.write(workspaces, |tx, workspaces| {
                    Box::pin(async move {
                        for workspace in workspaces {
                            execute!(tx, TOUCH, workspace.as_str(), "x")?;
                        }
                        Ok(())
                    })
                })
            };
            for result in futures::future::join_all((0..8).map(|n| both(n % 2 == 0))).await {
                result.unwrap();
            }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_dropped_ends_its_tasks() {
    with_database(Kind::Sqlite, async |url, _| {
        let store = super::world::open(&url, 1).await.unwrap();
        let tasks = store.inner.tasks.clone();
        drop(store);
        tasks.close();
        tasks.wait().await;
    })
    .await;
}
