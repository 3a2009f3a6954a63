//! The life of a message, as the API shows it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_model::{Channel, Clock, DeviceState, DownReason, FailureCode, Health, SendError};
use cetar_provider::{Manners, Pace, Rate, Span, Typing, testkit::ScriptedProvider};
use cetar_server::Face;
use insta::assert_snapshot;
use serde_json::Value;

use crate::app::{Answer, App};

async fn job(app: &App, key: &str, id: &str) -> Answer {
    app.get(&format!("/v1/jobs/{id}")).bearer(key).await_answer().await
}

async fn act(app: &App, key: &str, id: &str, verb: &str) -> Answer {
    app.post(&format!("/v1/jobs/{id}/{verb}"), "").bearer(key).await_answer().await
}

/// An app whose engine runs, with one sandbox device and a key.
async fn running() -> (App, String) {
    let mut app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    // Looking at a job until it has changed is many requests.
    app.router(cetar_server::Face::Public, |options| options.requests_per_minute = 1_000_000);
    let key = app.key().await;
    app.run().await;
    (app, key)
}

async fn until(app: &App, key: &str, id: &str, status: &str) -> Value {
    let holds = async |app: &App| job(app, key, id).await.json()["data"]["status"] == status;
    app.until(holds).await;
    job(app, key, id).await.json()
}

#[tokio::test]
async fn a_job_that_waits_for_its_device_says_so() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let id = app.send(&key).await;
    assert_snapshot!(job(&app, &key, &id).await, @r#"
    200
    {
      "data": {
        "attempts": 0,
        "channel": "whatsapp",
        "client_ref": null,
        "created_at": "2024-03-05T14:46:40.000Z",
        "deliveries": null,
        "error": null,
        "expires_at": "2024-03-06T14:46:40.000Z",
        "held_message": "Device belum tersambung. Pesan menunggu, tidak hilang.",
        "held_reason": "connecting",
        "history": [],
        "job_id": "job_…",
        "message_id": "msg_…",
        "next_action": "wait",
        "next_attempt_at": null,
        "request": {
          "body": "{\n\"channel\": \"whatsapp\",\n\"type\": \"text\",\n\"to\": \"6281234567890\",\n\"content\": {\n\"text\": \"Halo! Ini pesan teks dari Cetar API.\"\n}\n}",
          "path": "/v1/messages",
          "truncated": false
        },
        "session_id": "dev_…",
        "status": "queued",
        "to": "6281234567890",
        "type": "text",
        "updated_at": "2024-03-05T14:46:40.000Z"
      },
      "message": "Ditemukan.",
      "success": true
    }
    "#);
}

#[tokio::test]
async fn a_job_that_was_sent_shows_its_attempt() {
    let (app, key) = running().await;
    let id = app.send(&key).await;
    until(&app, &key, &id, "sent").await;
    assert_snapshot!(job(&app, &key, &id).await, @r#"
    200
    {
      "data": {
        "attempts": 1,
        "channel": "whatsapp",
        "client_ref": null,
        "created_at": "2024-03-05T14:46:40.000Z",
        "deliveries": null,
        "error": null,
        "expires_at": "2024-03-06T14:46:40.000Z",
        "held_message": null,
        "held_reason": null,
        "history": [
          {
            "attempt": 1,
            "detail": null,
            "ended_at": "2024-03-05T14:46:40.000Z",
            "outcome": "sent",
            "started_at": "2024-03-05T14:46:40.000Z"
          }
        ],
        "job_id": "job_…",
        "message_id": "msg_…",
        "next_action": null,
        "next_attempt_at": null,
        "request": {
          "body": "{\n\"channel\": \"whatsapp\",\n\"type\": \"text\",\n\"to\": \"6281234567890\",\n\"content\": {\n\"text\": \"Halo! Ini pesan teks dari Cetar API.\"\n}\n}",
          "path": "/v1/messages",
          "truncated": false
        },
        "session_id": "dev_…",
        "status": "sent",
        "to": "6281234567890",
        "type": "text",
        "updated_at": "2024-03-05T14:46:40.000Z"
      },
      "message": "Ditemukan.",
      "success": true
    }
    "#);
}

#[tokio::test]
async fn a_job_that_failed_says_why_in_the_readers_language_and_can_be_retried() {
    let (app, key) = running().await;
    app.network.next_send(Err(SendError::Rejected {
        code: FailureCode::RecipientNotOnWhatsapp,
        provider_code: Some("404".to_owned()),
        detail: None,
    }));
    let id = app.send(&key).await;
    let failed = until(&app, &key, &id, "failed").await;
    assert_snapshot!(failed["data"]["error"], @r#"{"code":"recipient_not_on_whatsapp","message":"Nomor tujuan tidak terdaftar di WhatsApp. Periksa nomornya, atau hubungi lewat kanal lain.","provider_code":"404"}"#);
    let english = app.get(&format!("/v1/jobs/{id}")).bearer(&key).english().await_answer().await;
    assert_snapshot!(english.json()["data"]["error"]["message"], @r#""The recipient is not on WhatsApp. Check the number, or use another channel.""#);

    let answer = act(&app, &key, &id, "cancel").await;
    assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "job_not_cancellable",
        "request_id": "req_…"
      },
      "message": "Job hanya bisa dibatalkan selama masih queued dan pasti belum terkirim (tanpa percobaan unknown di history). Sekarang statusnya failed.",
      "success": false
    }
    "#);
    assert_eq!(act(&app, &key, &id, "retry").await.status, StatusCode::OK);
    until(&app, &key, &id, "sent").await;
    assert_eq!(act(&app, &key, &id, "retry").await.gist(), "422 job_not_retryable");
}

#[tokio::test]
async fn a_queued_job_can_be_cancelled_once() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let id = app.send(&key).await;
    let answer = act(&app, &key, &id, "cancel").await;
    assert_eq!(
        (answer.status, &answer.json()["data"]["status"]),
        (StatusCode::OK, &Value::from("cancelled"))
    );
    assert_eq!(act(&app, &key, &id, "cancel").await.gist(), "422 job_not_cancellable");
    assert_eq!(act(&app, &key, &id, "retry").await.gist(), "422 job_not_retryable");
}

#[tokio::test]
async fn only_a_job_whose_fate_is_unknown_is_resolved_and_only_as_sent_or_failed() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let id = app.send(&key).await;
    let resolve = async |body: &'static str| {
        app.post(&format!("/v1/jobs/{id}/resolve"), body).bearer(&key).await_answer().await.gist()
    };
    assert_eq!(resolve(r#"{"outcome":"sent"}"#).await, "422 job_not_resolvable");
    assert_eq!(resolve(r#"{"outcome":"maybe"}"#).await, "422 validation_failed · outcome: unknown_value");
    assert_eq!(resolve(r#"{"outcome":true}"#).await, "422 validation_failed · outcome: wrong_type");
    assert_eq!(resolve(r#"{"outcome":""}"#).await, "422 validation_failed · outcome: empty");
    assert_eq!(resolve("{}").await, "422 validation_failed · outcome: required");
    assert_eq!(resolve("").await, "422 invalid_json");
}

#[tokio::test]
async fn a_device_that_goes_down_is_named_as_what_the_job_waits_for() {
    let (app, key) = running().await;
    let id = app.send(&key).await;
    until(&app, &key, &id, "sent").await;
    app.network.set_health(Health::new(DeviceState::Degraded, Some(DownReason::NoAnswer))).await;
    let id = app.send(&key).await;
    let held = job(&app, &key, &id).await.json();
    let parts = ["status", "held_reason", "held_message", "next_action", "next_attempt_at"];
    let shown = parts.map(|part| format!("{part}: {}", held["data"][part])).join("\n");
    assert_snapshot!(shown, @r#"
    status: "queued"
    held_reason: "no_answer"
    held_message: "Jaringan tidak menjawab; koneksi dibangun ulang. Pesan menunggu, tidak hilang."
    next_action: "wait"
    next_attempt_at: null
    "#);
}

#[tokio::test]
async fn a_message_to_a_stranger_says_that_the_network_forbids_it_and_not_the_pace() {
    let second = Duration::from_secs(1);
    let manners = Manners {
        gap: Span { from: second, to: second },
        typing: Typing { character: second, within: Span { from: second, to: second } },
        firsts_per_hour: 20,
        firsts_per_day: 100,
        starts: second,
    };
    let many = Rate { most: 30, per: second };
    let pace = Pace { account: many, chat: many, group: None, manners: Some(manners) };
    let network = ScriptedProvider::new(true).paced(pace);
    let mut app = App::on(network, Face::Public, |options| options.requests_per_minute = 1_000_000).await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let (key, admin) = (app.key().await, app.admin_key().await);
    app.run().await;
    let until = app.clock.now() + Duration::from_hours(2);
    let restricted = Health::new(DeviceState::Restricted, Some(DownReason::Restricted));
    app.network.set_health(Health { until: Some(until), ..restricted }).await;

    // With the pace or without it.
    for mode in ["on", "off"] {
        let change = format!(r#"{{"pace":"{mode}"}}"#);
        let path = format!("/v1/devices/{device}");
        let changed = app.ask_with(Method::PATCH, &path, change).bearer(&admin).await_answer().await;
        assert_eq!(changed.status, StatusCode::OK, "{changed}");
        let id = app.send(&key).await;
        let part = async |part: &str| job(&app, &key, &id).await.json()["data"][part].clone();
        app.until(async |_| part("next_attempt_at").await == "2024-03-05T16:46:40.000Z").await;
        let parts = ["status", "held_reason", "held_message", "next_action"];
        let mut shown = Vec::new();
        for name in parts {
            shown.push(format!("{name}: {}", part(name).await));
        }
        assert_eq!(
            shown,
            [
                r#"status: "queued""#,
                r#"held_reason: "restricted""#,
                r#"held_message: "WhatsApp sementara membatasi akun ini untuk memulai percakapan baru. Balasan tetap terkirim; coba lagi setelah pembatasan berakhir.""#,
                r#"next_action: "slow_down""#,
            ],
            "{mode}"
        );
        assert_eq!(act(&app, &key, &id, "cancel").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_anothers_is_not_found() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let id = app.send(&key).await;
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |_| {}).await;
    assert_snapshot!(job(&app, &foreign, &id).await, @r#"
    404
    {
      "error": {
        "code": "not_found",
        "request_id": "req_…"
      },
      "message": "Tidak ditemukan. Periksa alamat dan ID-nya.",
      "success": false
    }
    "#);
    for verb in ["cancel", "retry"] {
        assert_eq!(act(&app, &foreign, &id, verb).await.gist(), "404 not_found", "{verb}");
    }
    for wrong in
        ["job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50", "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50", "17", "%FF", "%00"]
    {
        assert_eq!(job(&app, &key, wrong).await.gist(), "404 not_found", "{wrong}");
    }
}
