//! The server and its own OpenAPI document agree: whatever is sent, bad data too, no answer is a 5xx, and none has a status, a
//! header or a shape that the document does not have.
#![expect(clippy::expect_used, reason = "what should not happen fails the test")]

use std::{path::Path, process::Stdio, time::Duration};

use cetar_e2e::{Database, Gateway, Home};
use serde_json::{Value, json};
use tokio::process::Command;

/// Cases an operation and phase; `CETAR_TEST_SCHEMA_EXAMPLES` sets another number, for longer runs.
const EXAMPLES: &str = "30";

/// Longer than any run of the usual size takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(8);

async fn served(database: &Database) -> (Home, Gateway) {
    let mut home = Home::new(database, "ws://127.0.0.1:9/ws/chat");
    home.set("CETAR_LIMITS__REQUESTS_PER_MINUTE", "1000000");
    let gateway = home.serve().await;
    (home, gateway)
}

/// Ids as schemathesis takes them from a file.
fn dictionary(folder: &Path, name: &str, ids: &[String]) {
    let lines: Vec<_> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    std::fs::write(folder.join(name), lines.join("\n")).expect("written");
}

/// What is asked about: the sandbox's device of each channel, and a job with each of its outcomes.
async fn furnish(gateway: &Gateway, key: &str, folder: &Path) {
    let devices = gateway.get(key, "/v1/devices").await.json;
    let devices = devices["data"].as_array().expect("devices").iter();
    let devices: Vec<_> = devices.map(|device| device["id"].as_str().expect("an id").to_owned()).collect();
    let mut jobs = Vec::new();
    for channel in ["whatsapp", "telegram"] {
        for outcome in 1..=9 {
            let to = format!("628123456{outcome:04}");
            let body = json!({ "channel": channel, "type": "text", "to": to, "content": { "text": "Halo" } });
            jobs.push(gateway.post(key, "/v1/messages", &body).await.job_id());
        }
    }
    dictionary(folder, "devices.dict", &devices);
    dictionary(folder, "jobs.dict", &jobs);
}

/// Asks everything with this key; the key must still be good at the end, or most of it was only told to go away.
async fn hold_against_document(gateway: &Gateway, key: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let wanted = std::env::var("CETAR_TEST_SCHEMA_EXAMPLES").ok();
    let examples = wanted.clone().unwrap_or_else(|| EXAMPLES.to_owned());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let report = folder.path().join("report.json");
    furnish(gateway, key, folder.path()).await;
    let rules = root.join("tests/e2e/schemathesis.toml");
    std::fs::copy(rules, folder.path().join("schemathesis.toml")).expect("the rules");
    let run = Command::new(root.join("scripts/schemathesis"))
        .current_dir(folder.path())
        .args(["--config-file", "schemathesis.toml", "run", &format!("{}/openapi.json", gateway.base)])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--max-examples", &examples, "--report", "json", "--report-json-path"])
        .arg(&report)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    // Who asks for more cases waits for them.
    let output = match wanted {
        Some(_) => run.await,
        None => tokio::time::timeout(PATIENCE, run).await.expect("schemathesis ends"),
    };
    let output = output.expect("scripts/schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read(&report).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let (operations, cases) = (&report["operations"], &report["test_cases"]);
    // All but the stream of events, which schemathesis.toml leaves out.
    let tested = operations["tested"].as_u64().expect("a number");
    assert_eq!(Some(tested + 1), operations["total"].as_u64(), "every operation is asked: {operations}");
    assert!(cases["generated"].as_u64().is_some_and(|generated| generated > 500), "{cases}");
    assert_eq!(gateway.get(key, "/v1/devices").await.status, 200, "the key is still good");
}

async fn hold_with_an_admin_key(database: Database) {
    let (home, gateway) = served(&database).await;
    let key = home.cli("key create", &["--name", "all", "--test", "--scope", "messages,admin"]).await.ok();
    hold_against_document(&gateway, &key).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_an_admin_key_is_as_the_document_says() {
    hold_with_an_admin_key(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_an_admin_key_is_as_the_document_says_on_postgresql() {
    hold_with_an_admin_key(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_key_that_may_only_send_is_as_the_document_says() {
    let (home, gateway) = served(&Database::Sqlite).await;
    let key = home.cli("key create", &["--name", "sends", "--test"]).await.ok();
    hold_against_document(&gateway, &key).await;
    gateway.stop().await;
}
