//! A 200 is a promise: what it answers to is on disk. And when the disk or the database is gone, it says so.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::HashSet;

use cetar_e2e::{Database, Gateway, Home, within};
use serde_json::json;
use tokio::process::Command;

/// Reaches the simulated person who is sent to and gets it; no account and no network.
const TO: &str = "6281234567890";

async fn sandbox_key(home: &Home) -> String {
    home.cli("key create", &["--name", "test", "--test"]).await.ok()
}

fn body(text: &str) -> serde_json::Value {
    json!({ "channel": "whatsapp", "type": "text", "to": TO, "content": { "text": text } })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledgement_follows_an_fdatasync() {
    let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let trace = home.data().join("trace");
    let trace_path = trace.display().to_string();
    home.under(&[
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=fdatasync,write,writev,sendto,sendmsg",
        "-o",
        &trace_path,
    ]);
    let gateway = home.serve().await;
    let key = sandbox_key(&home).await;
    // A device of the sandbox that is paused takes sends and works none: every sync below belongs to an accept.
    let devices = gateway.get(&key, "/v1/devices").await.json;
    let device =
        devices["data"].as_array().and_then(|all| all.iter().find(|d| d["channel"] == "whatsapp")).cloned();
    let device = device.expect("a sandbox device")["id"].as_str().expect("an id").to_owned();
    home.cli("device pause", &[&device]).await.ok();
    let sends = 20;
    for n in 0..sends {
        gateway.post(&key, "/v1/messages", &body(&format!("pesan {n}"))).await.job_id();
    }
    gateway.stop().await;

    let trace = std::fs::read_to_string(trace).expect("strace wrote");
    let (mut synced, mut acknowledged, mut pending) = (false, 0, HashSet::new());
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or((line, ""));
        let call = call.trim_start();
        // A call that another thread interrupts is printed in two halves; it counts when it has returned.
        let begins = call.starts_with("fdatasync(");
        if begins && call.contains("<unfinished") {
            pending.insert(thread.to_owned());
        } else if begins || call.contains("fdatasync resumed") && pending.remove(thread) {
            synced |= call.ends_with("= 0");
        }
        if call.contains("HTTP/1.1 200") && call.contains(r#"\"queued\""#) {
            assert!(synced, "an acknowledgement without a sync since the one before:\n{line}");
            synced = false;
            acknowledged += 1;
        }
    }
    assert_eq!(acknowledged, sends, "every acknowledgement was seen in the trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_503_and_heals_by_itself() {
    let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    // A limit on the size of files is a disk that is full, for one process; it can be lifted while it runs.
    home.under(&["sh", "-c", r#"trap '' XFSZ; exec "$0" "$@""#]);
    let gateway = home.serve().await;
    let key = sandbox_key(&home).await;
    let kept = gateway.post(&key, "/v1/messages", &body("sebelum penuh")).await.job_id();

    limit_file_size(&gateway, "4096").await;
    let full = gateway.post(&key, "/v1/messages", &body("saat penuh")).await;
    assert_eq!((full.status, full.json["success"].as_bool()), (503, Some(false)), "{full:?}");
    assert!(full.headers.contains_key("retry-after"), "{full:?}");
    readiness(&gateway, 503).await;
    assert_eq!(gateway.get_public("/healthz").await.status, 200, "alive all the same");

    limit_file_size(&gateway, "unlimited").await;
    readiness(&gateway, 200).await;
    gateway.post(&key, "/v1/messages", &body("sesudahnya")).await.job_id();
    gateway.job(&key, &kept).await;
    gateway.stop().await;
}

async fn limit_file_size(gateway: &Gateway, soft: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &gateway.pid().to_string(), &format!("--fsize={soft}:")])
        .status()
        .await
        .expect("prlimit (util-linux) is installed");
    assert!(status.success());
}

/// Waits until `/readyz` answers so. It asks the database at most once a second.
async fn readiness(gateway: &Gateway, status: u16) {
    within("the readiness to change", async {
        while gateway.get_public("/readyz").await.status != status {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_a_503_and_nothing_acknowledged_is_lost() {
    let (database, wire) = Database::postgres().await.through_proxy().await;
    let home = Home::new(&database, "ws://127.0.0.1:9/ws/chat");
    let gateway = home.serve().await;
    let key = sandbox_key(&home).await;
    let kept = gateway.post(&key, "/v1/messages", &body("sebelum putus")).await.job_id();

    wire.cut();
    let gone = gateway.post(&key, "/v1/messages", &body("saat putus")).await;
    assert_eq!(gone.status, 503, "{gone:?}");
    readiness(&gateway, 503).await;

    wire.mend();
    readiness(&gateway, 200).await;
    gateway.post(&key, "/v1/messages", &body("sesudahnya")).await.job_id();
    gateway.job(&key, &kept).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_ends_well_and_soon() {
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let gateway = home.serve().await;
    let key = sandbox_key(&home).await;
    gateway.post(&key, "/v1/messages", &body("terakhir")).await.job_id();
    assert_eq!(gateway.stop().await, Some(0));
}
