//! `POST /v1/messages`.

use std::time::Duration;

use axum::http::StatusCode;
use cetar_model::{Channel, Plan};
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{Answer, App, DOCUMENTS_FIRST};

async fn post(app: &App, key: &str, body: impl ToString) -> Answer {
    app.post("/v1/messages", body.to_string()).bearer(key).await_answer().await
}

#[tokio::test]
async fn the_documents_first_request_is_accepted_as_printed() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let ask =
        app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&key).header("content-type", "application/json");
    let answer = ask.await_answer().await;
    assert_snapshot!(answer, @r#"
    200
    {
      "data": {
        "job_id": "job_…",
        "message_id": "msg_…",
        "status": "queued"
      },
      "message": "Pesan masuk antrean.",
      "success": true
    }
    "#);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn accepted_means_on_disk_and_readable_at_once() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let job = app.send(&key).await;
    let answer = app.get(&format!("/v1/jobs/{job}")).bearer(&key).await_answer().await;
    assert_eq!((answer.status, &answer.json()["data"]["status"]), (StatusCode::OK, &json!("queued")));
}

#[tokio::test]
async fn the_same_request_under_one_idempotency_key_is_one_message() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let send = async |header: &str, body: &str| {
        let ask = app.post("/v1/messages", body.to_owned()).bearer(&key).header("idempotency-key", header);
        ask.await_answer().await
    };
    let first = send("order-17", DOCUMENTS_FIRST).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    // Quoted or bare, with its fields in another order and a null more: the same.
    let same = r#"{"type":"text","content":{"text":"Halo! Ini pesan teks dari Cetar API."},"to":"6281234567890","channel":"whatsapp","session_id":null}"#;
    let again = send("\"order-17\"", same).await;
    assert_eq!((again.header("idempotent-replayed"), again.json()), ("true", first.json()));

    let other = send("order-17", &DOCUMENTS_FIRST.replace("Halo", "Hai")).await;
    assert_snapshot!(other, @r#"
    422
    {
      "error": {
        "code": "idempotency_key_reused",
        "request_id": "req_…"
      },
      "message": "Idempotency-Key ini sudah dipakai untuk isi yang berbeda. Pakai key baru untuk pesan baru.",
      "success": false
    }
    "#);

    let another_key = app.key().await;
    let ask =
        app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&another_key).header("idempotency-key", "order-17");
    assert_ne!(ask.await_answer().await.json()["data"]["job_id"], first.json()["data"]["job_id"]);

    app.clock.advance(Duration::from_hours(24));
    assert_ne!(
        send("order-17", DOCUMENTS_FIRST).await.json()["data"]["job_id"],
        first.json()["data"]["job_id"]
    );
}

#[tokio::test]
async fn an_idempotency_key_that_is_none_is_refused() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let ask =
        app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&key).header("idempotency-key", &"x".repeat(256));
    assert_snapshot!(ask.await_answer().await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "invalid_header",
            "field": "Idempotency-Key",
            "message": "Harus satu nilai, 1 sampai 255 karakter ASCII yang tampak, boleh di antara tanda kutip."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn without_a_device_the_answer_says_what_to_do() {
    let app = App::new().await;
    let key = app.key().await;
    assert_snapshot!(post(&app, &key, DOCUMENTS_FIRST).await, @r#"
    422
    {
      "error": {
        "code": "no_device",
        "request_id": "req_…"
      },
      "message": "Belum ada device di kanal ini yang boleh dipakai API key Anda. Tambahkan dan tautkan device dulu; key sk_test_ hanya memakai device sandbox, key sk_live_ hanya device sungguhan.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn with_several_devices_one_must_be_named() {
    let app = App::new().await;
    let (first, _) = (app.sandbox(Channel::Whatsapp).await, app.sandbox(Channel::Whatsapp).await);
    let key = app.key().await;
    assert_snapshot!(post(&app, &key, DOCUMENTS_FIRST).await, @r#"
    422
    {
      "error": {
        "code": "session_id_required",
        "fields": [
          {
            "allowed": [
              "dev_…",
              "dev_…"
            ],
            "code": "ambiguous",
            "field": "session_id",
            "message": "Sebutkan salah satu: dev_…, dev_…."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada beberapa device di kanal ini. Sebutkan salah satunya di session_id.",
      "success": false
    }
    "#);
    let mut body: serde_json::Value = serde_json::from_str(DOCUMENTS_FIRST).unwrap();
    body["session_id"] = json!(first);
    assert_eq!(post(&app, &key, &body).await.status, StatusCode::OK);
    // A key tied to one device has only that one to choose from.
    let tied = app.key_with(|key| key.devices = vec![first]).await;
    assert_eq!(post(&app, &tied, DOCUMENTS_FIRST).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_reaches_devices_of_its_own_kind_ties_and_workspace_only() {
    let app = App::new().await;
    let sandbox = app.sandbox(Channel::Whatsapp).await;
    let other = app.sandbox(Channel::Whatsapp).await;
    let real = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.device_in(&elsewhere, Channel::Whatsapp, true).await;
    let test = app.key_with(|key| key.devices = vec![sandbox.clone()]).await;
    let live = app.key_with(|key| key.test = false).await;
    let through = |device: &cetar_model::DeviceId| json!({"type": "text", "to": "6281234567890", "content": {"text": "x"}, "session_id": device});
    assert_eq!(post(&app, &test, through(&sandbox)).await.status, StatusCode::OK);
    for (key, device) in [(&test, &other), (&test, &real), (&test, &foreign), (&live, &sandbox)] {
        assert_eq!(post(&app, key, through(device)).await.gist(), "403 device_not_allowed");
    }
    assert_snapshot!(post(&app, &live, through(&sandbox)).await, @r#"
    403
    {
      "error": {
        "code": "device_not_allowed",
        "request_id": "req_…"
      },
      "message": "API key ini tidak boleh memakai device tersebut. Lihat GET /v1/devices; key sk_test_ hanya memakai device sandbox, key sk_live_ hanya device sungguhan.",
      "success": false
    }
    "#);
    // The real one was never linked.
    assert_snapshot!(post(&app, &live, through(&real)).await, @r#"
    422
    {
      "error": {
        "code": "device_not_linked",
        "request_id": "req_…"
      },
      "message": "Device dev_… belum ditautkan atau sudah keluar. Tautkan dengan QR atau kode, lalu kirim ulang.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_device_of_another_channel_is_told_apart() {
    let app = App::new().await;
    let telegram = app.sandbox(Channel::Telegram).await;
    let key = app.key().await;
    let body =
        json!({"type": "text", "to": "6281234567890", "content": {"text": "x"}, "session_id": telegram});
    assert_snapshot!(post(&app, &key, body).await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "other_channel",
            "field": "session_id",
            "message": "Device ini ada di kanal telegram. Samakan channel, atau pilih device lain."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn every_channel_can_be_tried_in_the_sandbox() {
    let app = App::new().await;
    let key = app.key().await;
    for (channel, to) in [
        (Channel::Whatsapp, "6281234567890"),
        (Channel::Telegram, "@budi_santoso"),
        (Channel::Messenger, "24567890123456789"),
        (Channel::Instagram, "17841400000000001"),
    ] {
        app.sandbox(channel).await;
        let body = json!({"channel": channel, "type": "text", "to": to, "content": {"text": "x"}});
        assert_eq!(post(&app, &key, body).await.status, StatusCode::OK, "{channel}");
    }
}

#[tokio::test]
async fn what_the_plan_lacks_is_refused() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let plan = Plan { channels: vec![Channel::Telegram], ..Plan::default() };
    app.engine.set_plan(&app.operator.workspace.id, plan).await.unwrap();
    assert_snapshot!(post(&app, &key, DOCUMENTS_FIRST).await, @r#"
    403
    {
      "error": {
        "code": "plan_feature_missing",
        "request_id": "req_…"
      },
      "message": "Paket langganan Anda tidak mendukung fitur ini (whatsapp).",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_text_longer_than_the_channel_carries_is_refused() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let send = async |length: usize| {
        let text = "é".repeat(length);
        post(&app, &key, json!({"type": "text", "to": "6281234567890", "content": {"text": text}}))
            .await
            .gist()
    };
    assert_eq!(send(4096).await, "200 ok");
    assert_eq!(send(4097).await, "422 validation_failed · content.text: too_long");
}
