//! What was acknowledged is there after the process was killed.

use std::{
    io::{BufRead, BufReader},
    process::{self, Stdio},
    time::{Duration, Instant},
};

use cetar_model::{DeviceId, JobId, Timestamp, WorkspaceId};

use sqlx::{Connection, Executor, SqliteConnection};

use super::world::{Kind, World, ids, number, on_both_engines, sealer};
use crate::{Accepted, Options, Store, store::Engine, writer::Command};

/// How the child process knows that it is one.
const CHILD: &str = "CETAR_STORE_TEST_CHILD";

on_both_engines! {
    /// The process that is killed is this test itself, run once more.
    async fn what_was_acknowledged_survives_a_kill(world: &World) {
        if let Some(child) = std::env::var_os(CHILD) {
            accept_until_killed(world, child.to_str().unwrap()).await;
        }
        let device = world.device().await;
        let mut acknowledged: Vec<JobId> = Vec::new();
        for round in 1..=3 {
            let name = format!(
                "tests::durability::{}::what_was_acknowledged_survives_a_kill",
                if world.kind == Kind::Sqlite { "sqlite" } else { "postgres" }
            );
            let mut child = process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &name, "--nocapture"])
                .env(CHILD, format!("{} {} {device}", world.url, world.workspace))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            for line in lines.map_while(Result::ok) {
                let Some(job) = line.strip_prefix("acknowledged ") else { continue };
                acknowledged.push(job.parse().unwrap());
                if acknowledged.len() == round * 400 {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
            assert!(acknowledged.len() >= round * 400, "the child ended by itself");
            for job in &acknowledged {
                assert!(world.store.job(&world.workspace, job).await.unwrap().is_some(), "{job} is lost");
            }
        }
        // Nothing is torn: every message has its job, every lane its head, every number of a conversation is taken once.
        let url = &world.url;
        let messages = number(url, "SELECT COUNT(*) FROM messages").await;
        assert_eq!(messages, number(url, "SELECT COUNT(*) FROM jobs j JOIN messages m ON m.job = j.id").await);
        assert_eq!(messages, number(url, "SELECT COUNT(*) FROM idempotency").await);
        assert_eq!(messages, number(url, "SELECT CAST(SUM(last_sequence) AS BIGINT) FROM conversations").await);
        let lanes = number(url, "SELECT COUNT(*) FROM conversations").await;
        assert_eq!(lanes, number(url, "SELECT COUNT(*) FROM jobs WHERE at_head").await);
        assert!(usize::try_from(messages).unwrap() >= acknowledged.len());
    }
}

async fn accept_until_killed(world: &World, child: &str) -> ! {
    let mut words = child.split(' ');
    let url = words.next().unwrap().to_owned();
    let workspace: WorkspaceId = words.next().unwrap().parse().unwrap();
    let device: DeviceId = words.next().unwrap().parse().unwrap();
    let store = Store::open(Options { url, sealer: sealer(1), ids: ids() }).await.unwrap();
    let work = |caller: usize| {
        let (store, workspace, device) = (&store, &workspace, &device);
        async move {
            for n in 0.. {
                let key = format!("{}-{caller}-{n}", std::process::id());
                let mut send = world.keyed(device, &format!("chat{}", n % 7), "halo", &key);
                send.workspace = workspace.clone();
                let job = send.job.clone();
                assert_eq!(store.accept(send).await.unwrap(), Accepted::New);
                println!("acknowledged {job}");
            }
        }
    };
    futures::future::join_all((0..16).map(work)).await;
    unreachable!("{:?}", Timestamp::default())
}

/// A backup reads for minutes, and the log grows under it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_for_long_keeps_nobody_from_writing() {
    World::run(Kind::Sqlite, |world| {
        Box::pin(async {
            let mut reader = SqliteConnection::connect(&world.url).await.unwrap();
            reader.execute("BEGIN").await.unwrap();
            reader.fetch_all("SELECT * FROM workspaces").await.unwrap();
            let device = world.device().await;
            let Engine::Sqlite { writer, .. } = &world.store.inner.engine else { panic!() };
            let started = Instant::now();
            for n in 0..12 {
                writer.send(Command::Checkpoint).await.unwrap();
                world.accept(&device, "budi", &n.to_string()).await;
            }
            // Each wait for the reader would be five seconds, a minute in all; what stalls for less is no such wait.
            assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
            reader.execute("COMMIT").await.unwrap();
            writer.send(Command::Checkpoint).await.unwrap();
            world.accept(&device, "budi", "after").await;
        })
    })
    .await;
}
