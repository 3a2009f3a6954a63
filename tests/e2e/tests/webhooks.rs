//! A customer's server that is down, a gateway that is killed meanwhile, and what a person does about it on the command line.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use cetar_e2e::{Database, Gateway, Home, Receiver, within};
use serde_json::{Value, json};

/// Reaches the simulated person who is sent to, gets it and reads it.
const READS: &str = "6281234560001";

async fn send(gateway: &Gateway, key: &str, text: &str) -> String {
    gateway.send_text(key, READS, text).await.job_id()
}

/// What the command line tells of an endpoint's deliveries that stand there.
async fn deliveries(home: &Home, endpoint: &str, state: &str) -> Vec<Value> {
    let rest = [endpoint, "--state", state, "--limit", "100", "--json"];
    let told = home.cli("webhook deliveries", &rest).await.ok();
    serde_json::from_str(&told).expect("a JSON list")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_outlive_a_receiver_that_is_down_and_a_gateway_that_is_killed() {
    const MESSAGES: usize = 5;
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let gateway = home.serve().await;
    let key = home.cli("key create", &["--name", "toko", "--test"]).await.ok();
    let mut receiver = Receiver::start().await;
    let rest = ["--url", receiver.url(), "--event", "message.*", "--headers", "--json"];
    let added = home.cli_with_input("webhook add", &rest, r#"{"X-Api-Key":"rahasia-123"}"#).await.ok();
    let added: Value = serde_json::from_str(&added).expect("JSON");
    let member = |name: &str| added[name].as_str().expect("a text").to_owned();
    let (endpoint, secret) = (member("id"), member("secret"));

    receiver.answer_with(503);
    let mut jobs = Vec::new();
    for n in 0..MESSAGES {
        jobs.push(send(&gateway, &key, &format!("pesan {n}")).await);
    }
    within("the events to fail", async {
        while deliveries(&home, &endpoint, "pending").await.len() < MESSAGES * 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gateway.kill().await;

    receiver.answer_with(200);
    let gateway = home.serve().await;
    let recovered = home.cli("webhook recover", &[&endpoint, "--since", "2020-01-01T00:00:00Z"]).await.ok();
    assert!(recovered.contains("\"resent\""), "{recovered}");
    let mut ids = BTreeMap::new();
    for job in &jobs {
        for event in ["message.sent", "message.delivered", "message.read"] {
            let webhook = receiver.status_of(job, event).await;
            webhook.verify(&secret);
            assert_eq!(webhook.headers["x-api-key"], "rahasia-123");
            *ids.entry(webhook.headers["webhook-id"].to_str().expect("text").to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(ids.len(), MESSAGES * 3, "an id for each event");

    within("everything to be settled", async {
        while deliveries(&home, &endpoint, "delivered").await.len() < MESSAGES * 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The oldest: those behind it may have waited for their first attempt.
    let one = deliveries(&home, &endpoint, "delivered").await.pop().expect("a delivery");
    let id = one["id"].as_str().expect("an id").to_owned();
    let shown = home.cli("webhook delivery", &[&id]).await.ok();
    assert!(shown.contains("\"X-Api-Key\": \"…\"") && !shown.contains("rahasia"), "{shown}");
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let history = shown["history"].as_array().expect("attempts");
    assert_eq!((&history[0]["status"], &history[history.len() - 1]["status"]), (&json!(503), &json!(200)));

    home.cli("webhook resend", &[&id]).await.ok();
    let same_id = |webhook: &cetar_e2e::Webhook| {
        webhook.headers["webhook-id"] == one["event_id"].as_str().expect("an id")
    };
    receiver.next("the same event again", same_id).await.verify(&secret);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_managed_on_the_command_line() {
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let mut gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    let old = home.cli("webhook add", &["--url", receiver.url(), "--event", "message.*"]).await.ok();
    let listed: Value =
        serde_json::from_str(&home.cli("webhook list", &["--json"]).await.ok()).expect("JSON");
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    let state = async || {
        let shown = home.cli("webhook show", &[&id]).await.ok();
        serde_json::from_str::<Value>(&shown).expect("JSON")
    };

    home.cli("webhook pause", &[&id]).await.ok();
    assert_eq!(state().await["state"], "paused");
    home.cli("webhook resume", &[&id]).await.ok();
    home.cli("webhook change", &[&id, "--ordered", "true", "--legacy-signature", "true"]).await.ok();
    assert_eq!((&state().await["state"], &state().await["ordered"]), (&json!("active"), &json!(true)));

    let new = home.cli("webhook rotate-secret", &[&id]).await.ok();
    let delivery = home.cli("webhook test", &[&id]).await.ok();
    let test = receiver.next("the test event", |webhook| webhook.event() == "endpoint.test").await;
    test.verify(&old);
    test.verify(&new);
    assert!(test.headers.contains_key("x-hub-signature-256"));
    assert!(delivery.starts_with("dlv_"), "{delivery}");

    receiver.answer_with(410);
    home.cli("webhook test", &[&id]).await.ok();
    gateway.printed("a webhook endpoint is switched off").await;
    assert_eq!(
        (&state().await["state"], &state().await["disabled_reason"]),
        (&json!("disabled"), &json!("gone"))
    );
    let refused = home.cli("webhook test", &[&id]).await;
    assert!(refused.status != Some(0) && refused.stderr.contains("/enable"), "{refused:?}");
    receiver.answer_with(200);
    home.cli("webhook enable", &[&id]).await.ok();
    home.cli("webhook test", &[&id]).await.ok();
    receiver.next("the test event", |webhook| webhook.event() == "endpoint.test").await;
    home.cli("webhook remove", &[&id]).await.ok();
    gateway.stop().await;
}
