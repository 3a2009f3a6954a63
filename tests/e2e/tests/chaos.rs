//! The kill tests, short: every named point of a send on both databases and over both networks. `make chaos` is the long form.

#![expect(clippy::panic, reason = "helpers of tests")]

use cetar_e2e::chaos::{self, Network, Options, Storage};

async fn survives(storage: Storage, network: Network, nodes: usize, kills: usize) {
    let sends = 200;
    let options = Options { seed: 3, kills, sends, storage, network, nodes };
    match chaos::run(&options).await {
        Ok(report) => assert!(report.kills >= kills && report.acknowledged >= sends * 9 / 10, "{report}"),
        Err(failure) => panic!("{failure}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_repeat_nothing_in_the_sandbox() {
    survives(Storage::Sqlite, Network::Sandbox, 1, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_repeat_nothing_in_the_sandbox_on_postgresql() {
    survives(Storage::Postgres, Network::Sandbox, 1, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_repeat_nothing_on_whatsapp() {
    survives(Storage::Sqlite, Network::Simulator, 1, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_repeat_nothing_on_whatsapp_on_postgresql() {
    survives(Storage::Postgres, Network::Simulator, 1, 16).await;
}
