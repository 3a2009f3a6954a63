//! Keys, workspace and plan.

use axum::http::{Method, StatusCode};
use cetar_model::Channel;
use insta::assert_snapshot;

use crate::app::{Answer, App};

async fn post(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.post(path, body.to_owned()).bearer(key).await_answer().await
}

#[tokio::test]
async fn a_key_is_made_with_its_secret_shown_once_and_revoked() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let admin = app.admin_key().await;
    let body = format!(
        r#"{{"name":"Toko","test":true,"device_ids":["{device}"],"allow_ips":["203.0.113.7","2001:db8::/32"],"expires_in":3600,"scopes":["messages","messages"]}}"#
    );
    let made = post(&app, &admin, "/v1/api-keys", &body).await;
    assert_snapshot!(made, @r#"
    200
    {
      "data": {
        "allow_ips": [
          "203.0.113.7/32",
          "2001:db8::/32"
        ],
        "created_at": "2024-03-05T14:46:40.000Z",
        "device_ids": [
          "dev_…"
        ],
        "expires_at": "2024-03-05T15:46:40.000Z",
        "hint": "sk_test_…",
        "id": "key_…",
        "key": "sk_test_…",
        "last_used_at": null,
        "name": "Toko",
        "revoked_at": null,
        "scopes": [
          "messages"
        ],
        "test": true
      },
      "message": "API key dibuat. Salin sekarang; key tidak ditampilkan lagi.",
      "success": true
    }
    "#);
    let secret = made.json()["data"]["key"].as_str().unwrap().to_owned();
    assert_eq!(app.get("/v1/devices").bearer(&secret).await_answer().await.status, StatusCode::OK);

    let list = app.get("/v1/api-keys").bearer(&admin).await_answer().await;
    assert_eq!(list.json()["data"][0]["id"], made.json()["data"]["id"]);
    assert!(!list.body.contains(&secret));

    let path = format!("/v1/api-keys/{}", made.json()["data"]["id"].as_str().unwrap());
    assert_snapshot!(app.ask(Method::DELETE, &path).bearer(&admin).await_answer().await, @r#"
    200
    {
      "data": {
        "id": "key_…"
      },
      "message": "API key dicabut.",
      "success": true
    }
    "#);
    assert_eq!(app.get("/v1/devices").bearer(&secret).await_answer().await.gist(), "401 api_key_revoked");
}

#[tokio::test]
async fn a_key_that_cannot_be_made_says_why() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let body = r#"{"name":" ","device_ids":["dev_1",7],"allow_ips":["everywhere"],"expires_in":59,"scopes":["root"],"test":1}"#;
    assert_snapshot!(post(&app, &admin, "/v1/api-keys", body).await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "empty",
            "field": "name",
            "message": "Tidak boleh kosong."
          },
          {
            "code": "invalid_ip_range",
            "field": "allow_ips[0]",
            "message": "Bukan alamat IP atau rentang CIDR. Contoh: 203.0.113.7 atau 203.0.113.0/24."
          },
          {
            "code": "out_of_range",
            "field": "expires_in",
            "message": "Harus antara 60 dan 315360000."
          },
          {
            "allowed": [
              "messages",
              "admin"
            ],
            "code": "unknown_value",
            "field": "scopes[0]",
            "message": "Nilai tidak dikenal. Pilihan: messages, admin."
          },
          {
            "code": "wrong_type",
            "field": "test",
            "message": "Harus true atau false, tanpa tanda kutip."
          },
          {
            "code": "invalid_id",
            "field": "device_ids[0]",
            "message": "Bukan ID yang sah: dev_ diikuti 32 karakter 0-9 dan a-f."
          },
          {
            "code": "wrong_type",
            "field": "device_ids[1]",
            "message": "Harus berupa teks (string) di antara tanda kutip."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
    let missing = r#"{"name":"","device_ids":["x","dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"]}"#;
    let answer = post(&app, &admin, "/v1/api-keys", missing).await;
    assert_eq!(
        answer.gist(),
        "422 validation_failed · name: empty · device_ids[0]: invalid_id · device_ids[1]: no_such_device"
    );
}

#[tokio::test]
async fn workspace_and_plan_are_the_keys_own() {
    let app = App::new().await;
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let admin = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    assert_snapshot!(app.get("/v1/workspace").bearer(&admin).await_answer().await, @r#"
    200
    {
      "data": {
        "created_at": "2024-03-05T14:46:40.000Z",
        "id": "ws_…",
        "language": "id",
        "name": "Lain",
        "time_zone": "Asia/Jakarta"
      },
      "message": "Ditemukan.",
      "success": true
    }
    "#);
    assert_snapshot!(app.get("/v1/plan").bearer(&admin).await_answer().await, @r#"
    200
    {
      "data": {
        "broadcast": true,
        "channels": [
          "whatsapp",
          "whatsapp-official",
          "telegram",
          "messenger",
          "instagram"
        ],
        "devices": null,
        "members": null,
        "official_api": true,
        "requests_per_minute": null
      },
      "message": "Ditemukan.",
      "success": true
    }
    "#);
}

#[tokio::test]
async fn nothing_of_another_workspace_is_seen_or_touched() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let admin = app.admin_key().await;
    let hook = post(&app, &admin, "/v1/webhooks", r#"{"url":"https://contoh.com/"}"#).await.json();
    let hook = hook["data"]["id"].as_str().unwrap();
    let delivery = post(&app, &admin, &format!("/v1/webhooks/{hook}/test"), "").await.json();
    let delivery = delivery["data"]["id"].as_str().unwrap();
    let key = app.engine.keys(&app.operator).await.unwrap()[0].id.clone();
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    for (method, path) in [
        ("GET", format!("/v1/devices/{device}")),
        ("DELETE", format!("/v1/devices/{device}")),
        ("POST", format!("/v1/devices/{device}/pause")),
        ("POST", format!("/v1/devices/{device}/logout")),
        ("GET", format!("/v1/devices/{device}/link/events")),
        ("DELETE", format!("/v1/api-keys/{key}")),
        ("GET", format!("/v1/webhooks/{hook}")),
        ("DELETE", format!("/v1/webhooks/{hook}")),
        ("POST", format!("/v1/webhooks/{hook}/pause")),
        ("POST", format!("/v1/webhooks/{hook}/test")),
        ("POST", format!("/v1/webhooks/{hook}/rotate-secret")),
        ("GET", format!("/v1/webhooks/{hook}/deliveries")),
        ("GET", format!("/v1/deliveries/{delivery}")),
        ("POST", format!("/v1/deliveries/{delivery}/resend")),
    ] {
        let answer = app.ask(method.parse().unwrap(), &path).bearer(&foreign).await_answer().await;
        assert_eq!(answer.gist(), "404 not_found", "{method} {path}");
    }
    assert_snapshot!(app.get("/v1/devices").bearer(&foreign).await_answer().await, @r#"
    200
    {
      "data": [],
      "has_more": false,
      "next_cursor": null,
      "success": true
    }
    "#);
    let hooks = app.get("/v1/webhooks").bearer(&foreign).await_answer().await;
    assert_eq!(hooks.json()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn lists_are_walked_page_by_page() {
    let app = App::new().await;
    for _ in 0..5 {
        app.sandbox(Channel::Whatsapp).await;
    }
    let key = app.key().await;
    let (mut seen, mut path) = (Vec::new(), "/v1/devices?limit=2".to_owned());
    loop {
        let page = app.get(&path).bearer(&key).await_answer().await.json();
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|device| device["id"].as_str().unwrap().to_owned()));
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/devices?limit=2&after={cursor}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    let answer = app.get("/v1/devices?limit=0&after=%25").bearer(&key).await_answer().await;
    assert_eq!(answer.gist(), "422 validation_failed · limit: out_of_range · after: invalid_cursor");
}
