//! Webhook endpoints and their delivery log.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_model::{Channel, Clock as _, JobId};
use cetar_store::{DeliveryNext, ReplyOutcome};
use insta::assert_snapshot;

use crate::app::{Answer, App};

async fn post(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.post(path, body.to_owned()).bearer(key).await_answer().await
}

async fn patch(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.post(path, body.to_owned()).method(Method::PATCH).bearer(key).await_answer().await
}

/// An endpoint, and the path to it.
async fn endpoint(app: &App, key: &str) -> String {
    let added = post(app, key, "/v1/webhooks", r#"{"url":"https://contoh.com/hook"}"#).await;
    format!("/v1/webhooks/{}", added.json()["data"]["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_webhook_is_added_with_its_secret_shown_once_and_removed() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let body = r#"{"url":"https://contoh.com/hook?token=1","events":["message.*","session.state"],"headers":{"X-Api-Key":"rahasia"},"ordered":true}"#;
    let added = post(&app, &admin, "/v1/webhooks", body).await;
    assert_snapshot!(added, @r#"
    200
    {
      "data": {
        "consecutive_failures": 0,
        "created_at": "2024-03-05T14:46:40.000Z",
        "device_id": null,
        "disabled_at": null,
        "disabled_reason": null,
        "events": [
          "message.*",
          "session.state"
        ],
        "failing_since": null,
        "headers": [
          "X-Api-Key"
        ],
        "id": "wh_…",
        "legacy_signature": false,
        "message": null,
        "next_attempt_at": null,
        "ordered": true,
        "paused_at": null,
        "replies": false,
        "secret": "whsec_…",
        "state": "active",
        "url": "https://contoh.com/hook?token=1"
      },
      "message": "Webhook ditambahkan. Salin secret sekarang; secret tidak ditampilkan lagi.",
      "success": true
    }
    "#);
    let path = format!("/v1/webhooks/{}", added.json()["data"]["id"].as_str().unwrap());
    for path in ["/v1/webhooks", &path] {
        let shown = app.get(path).bearer(&admin).await_answer().await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(!shown.body.contains("whsec_") && !shown.body.contains("rahasia"), "{shown}");
    }
    assert_eq!(app.ask(Method::DELETE, &path).bearer(&admin).await_answer().await.status, StatusCode::OK);
    assert_eq!(app.ask(Method::DELETE, &path).bearer(&admin).await_answer().await.gist(), "404 not_found");
    assert_eq!(app.get(&path).bearer(&admin).await_answer().await.gist(), "404 not_found");
}

#[tokio::test]
async fn a_webhook_that_cannot_be_added_says_why() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    assert_snapshot!(post(&app, &admin, "/v1/webhooks", r#"{"url":"http://10.0.0.1/"}"#).await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "invalid_url",
            "field": "url",
            "message": "Tidak dapat dipakai: 10.0.0.1 is a private address."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
    let many: Vec<_> = (0..21).map(|n| format!(r#""X-{n}":"1""#)).collect();
    let many = format!(r#"{{"url":"https://x.example/","headers":{{{}}}}}"#, many.join(","));
    for (body, expected) in [
        ("{}", "422 validation_failed · url: required"),
        (
            r#"{"url":"https://x.example/","events":["order.*",1],"device_id":"x","ordered":"yes","headers":[]}"#,
            "422 validation_failed · events[0]: unknown_value · events[1]: wrong_type · device_id: invalid_id · headers: wrong_type · ordered: wrong_type",
        ),
        (
            r#"{"url":"https://x.example/","device_id":"dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"}"#,
            "422 validation_failed · device_id: no_such_device",
        ),
        (
            r#"{"url":"https://x.example/","headers":{"Host":"y","X Y":"1","X-A":"1","X-Key":"é","x-key":"2"}}"#,
            "422 validation_failed · headers.Host: reserved_header · headers.X Y: invalid_header_name · headers.X-Key: invalid_header_value · headers.x-key: duplicate_header",
        ),
        (
            r#"{"url":"https://x.example/","headers":{"X-Key":7}}"#,
            "422 validation_failed · headers.X-Key: wrong_type",
        ),
        (&many, "422 validation_failed · headers: too_long"),
    ] {
        let answer = post(&app, &admin, "/v1/webhooks", body).await;
        assert_eq!(answer.gist(), expected, "{body}");
        assert!(!answer.body.contains("\u{e9}"), "it quotes a value: {answer}");
    }
}

#[tokio::test]
async fn a_webhook_is_changed_in_part() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    let body = format!(r#"{{"events":["message.read"],"device_id":"{device}","headers":{{"X-Key":"1"}}}}"#);
    let changed = patch(&app, &admin, &path, &body).await.json()["data"].clone();
    assert_eq!(changed["url"], "https://contoh.com/hook");
    assert_eq!(changed["events"], serde_json::json!(["message.read"]));
    assert_eq!(
        (&changed["device_id"], &changed["headers"]),
        (&device.as_str().into(), &serde_json::json!(["X-Key"]))
    );

    let body = r#"{"url":"https://lain.example/","events":[],"device_id":"","headers":{},"legacy_signature":true,"ordered":null}"#;
    let changed = patch(&app, &admin, &path, body).await.json()["data"].clone();
    assert_eq!(changed["url"], "https://lain.example/");
    assert_eq!(
        (&changed["device_id"], &changed["events"], &changed["headers"]),
        (&serde_json::Value::Null, &serde_json::json!([]), &serde_json::json!([]))
    );
    assert_eq!((&changed["legacy_signature"], &changed["ordered"]), (&true.into(), &false.into()));

    for (body, expected) in [
        (r#"{"url":""}"#, "422 validation_failed · url: empty"),
        (r#"{"url":"http://10.0.0.1/"}"#, "422 validation_failed · url: invalid_url"),
        (
            r#"{"events":["x"],"device_id":"x"}"#,
            "422 validation_failed · events[0]: unknown_value · device_id: invalid_id",
        ),
    ] {
        assert_eq!(patch(&app, &admin, &path, body).await.gist(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_webhook_is_paused_and_resumed() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    for (verb, state) in
        [("pause", "paused"), ("pause", "paused"), ("resume", "active"), ("enable", "active")]
    {
        let answer = app.post(&format!("{path}/{verb}"), "").bearer(&admin).english().await_answer().await;
        assert_eq!(answer.json()["data"]["state"], state, "{verb}: {answer}");
        assert_eq!(answer.json()["data"]["message"].is_string(), state == "paused", "{answer}");
    }
}

#[tokio::test]
async fn a_webhook_whose_last_attempt_failed_is_not_called_well() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    let how = async || {
        let shown = app.get(&path).bearer(&admin).english().await_answer().await.json()["data"].clone();
        [&shown["state"], &shown["failing_since"], &shown["message"]]
            .map(|part| part.as_str().unwrap_or("-").to_owned())
    };
    for failures in 1..=10 {
        post(&app, &admin, &format!("{path}/test"), "").await;
        app.settle_all(DeliveryNext::Again(app.clock.now() + Duration::from_hours(1)), 500, None).await;
        let [state, since, message] = how().await;
        assert_eq!((state.as_str(), since.as_str()), ("failing", "2024-03-05T14:46:40.000Z"), "{failures}");
        assert_eq!(message.contains("one at a time"), failures == 10, "{failures}: {message}");
    }
    app.clock.advance(Duration::from_hours(1));
    app.settle_all(DeliveryNext::Delivered, 200, None).await;
    assert_eq!(how().await, ["active", "-", "-"]);
}

#[tokio::test]
async fn a_secret_is_changed_and_the_new_one_shown_once() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    let first = post(&app, &admin, &format!("{path}/rotate-secret"), "").await.json();
    let second = post(&app, &admin, &format!("{path}/rotate-secret"), "").await.json();
    assert!(first["data"]["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(first["data"]["secret"], second["data"]["secret"]);
    assert!(!app.get(&path).bearer(&admin).await_answer().await.body.contains("whsec_"));
}

#[tokio::test]
async fn a_delivery_is_found_with_what_was_asked_and_sent_again() {
    let mut app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    patch(&app, &admin, &path, r#"{"headers":{"X-Api-Key":"rahasia"}}"#).await;
    let made = post(&app, &admin, &format!("{path}/test"), "").await;
    assert_eq!(made.json()["data"]["state"], "pending", "{made}");
    let delivery = format!("/v1/deliveries/{}", made.json()["data"]["id"].as_str().unwrap());
    app.run().await;
    app.until(async |app| {
        let shown = app.get(&delivery).bearer(&app.admin_key().await).await_answer().await;
        shown.json()["data"]["history"].as_array().is_some_and(|history| !history.is_empty())
    })
    .await;
    let mut shown = app.get(&delivery).bearer(&admin).await_answer().await.json()["data"].clone();
    // The next attempt's time is spread by chance.
    let next = shown["next_attempt_at"].take();
    assert!(next.is_string());
    shown["history"][0]["next_attempt_at"].take();
    assert!(!shown.to_string().contains("rahasia"), "{shown}");
    assert_snapshot!(crate::app::mask(&serde_json::to_string_pretty(&shown).unwrap()), @r#"
    {
      "attempts": 1,
      "body": "{\"event\":\"endpoint.test\",\"channel\":null,\"session_id\":null,\"data\":{\"endpoint_id\":\"wh_…\",\"timestamp\":1709650000}}",
      "created_at": "2024-03-05T14:46:40.000Z",
      "endpoint_id": "wh_…",
      "event": "endpoint.test",
      "event_id": "evt_…",
      "finished_at": null,
      "history": [
        {
          "attempt": 1,
          "duration_ms": 0,
          "error": {
            "class": "connect",
            "detail": "connection refused"
          },
          "next_attempt_at": null,
          "reply": null,
          "request": {
            "headers": {
              "X-Api-Key": "…",
              "content-type": "application/json",
              "webhook-id": "evt_…",
              "webhook-signature": "v1,…",
              "webhook-timestamp": "1709650000",
              "x-cetar-attempt": "1"
            },
            "url": "https://contoh.com/hook"
          },
          "response": null,
          "started_at": "2024-03-05T14:46:40.000Z",
          "status": null
        }
      ],
      "id": "dlv_…",
      "last_error": "connect",
      "last_status": null,
      "next_attempt_at": null,
      "state": "pending"
    }
    "#);
    let again = post(&app, &admin, &format!("{delivery}/resend"), "").await;
    assert_eq!(again.json()["message"], "Pengiriman diulang.", "{again}");
}

#[tokio::test]
async fn the_log_is_filtered_and_walked_page_by_page() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    for _ in 0..5 {
        post(&app, &admin, &format!("{path}/test"), "").await;
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = app.get(&format!("{path}/deliveries{query}")).bearer(&admin).await_answer().await.json();
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|delivery| delivery["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&after={cursor}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    for (query, expected) in [
        ("state=pending", 5),
        ("state=failed", 0),
        ("event=endpoint.*", 5),
        ("event=message.received", 0),
        ("since=2024-03-05T14:46:40Z", 5),
        ("since=2024-03-05T21:46:41+07:00", 0),
        ("until=2024-03-05T14:46:40Z", 0),
    ] {
        let found = app.get(&format!("{path}/deliveries?{query}")).bearer(&admin).await_answer().await;
        assert_eq!(found.json()["data"].as_array().unwrap().len(), expected, "{query}");
    }
    let bad = "limit=0&state=lost&event=order.*&since=kemarin&until=";
    let answer = app.get(&format!("{path}/deliveries?{bad}")).bearer(&admin).await_answer().await;
    assert_eq!(
        answer.gist(),
        "422 validation_failed · limit: out_of_range · state: unknown_value · event: unknown_value · since: invalid_time · until: invalid_time"
    );
}

#[tokio::test]
async fn a_recovery_says_how_much_is_on_its_way() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = format!("{}/recover", endpoint(&app, &admin).await);
    assert_snapshot!(post(&app, &admin, &path, r#"{"since":"2024-03-05T14:00:00+00:00"}"#).await, @r#"
    200
    {
      "data": {
        "missed": 0,
        "resent": 0
      },
      "message": "Yang tertunda sedang dikirim.",
      "success": true
    }
    "#);
    for (body, expected) in [
        ("{}", "422 validation_failed · since: required"),
        (r#"{"since":"2024-03-05"}"#, "422 validation_failed · since: invalid_time"),
        (
            r#"{"since":"2024-03-05T14:00:00Z","until":"2024-03-05T14:00:00Z"}"#,
            "422 validation_failed · until: not_after",
        ),
    ] {
        assert_eq!(post(&app, &admin, &path, body).await.gist(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_disabled_webhook_is_enabled_before_anything_is_sent_to_it() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let path = endpoint(&app, &admin).await;
    let delivery = post(&app, &admin, &format!("{path}/test"), "").await.json()["data"]["id"].clone();
    let resend = format!("/v1/deliveries/{}/resend", delivery.as_str().unwrap());
    app.disable_endpoints().await;
    let shown = app.get(&path).bearer(&admin).await_answer().await.json();
    assert_eq!(
        (&shown["data"]["state"], &shown["data"]["disabled_reason"]),
        (&"disabled".into(), &"gone".into())
    );
    assert!(shown["data"]["message"].as_str().unwrap().contains("/enable"));
    for (path, body) in [
        (format!("{path}/test"), ""),
        (format!("{path}/recover"), r#"{"since":"2024-03-05T14:00:00Z"}"#),
        (resend, ""),
    ] {
        assert_eq!(post(&app, &admin, &path, body).await.gist(), "422 webhook_disabled", "{path}");
    }
    assert_eq!(post(&app, &admin, &format!("{path}/enable"), "").await.json()["data"]["state"], "active");
    assert_eq!(post(&app, &admin, &format!("{path}/test"), "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn webhooks_need_the_admin_scope_and_stay_within_the_keys_ties() {
    let app = App::new().await;
    let (device, admin) = (app.sandbox(Channel::Whatsapp).await, app.admin_key().await);
    let everywhere = endpoint(&app, &admin).await;
    let sender = app.key().await;
    assert_eq!(app.get(&everywhere).bearer(&sender).await_answer().await.gist(), "403 scope_missing");

    let tied = app
        .key_with(|key| {
            key.scopes = vec![cetar_store::Scope::Admin];
            key.devices = vec![device.clone()];
        })
        .await;
    let body = format!(r#"{{"url":"https://contoh.com/","device_id":"{device}"}}"#);
    let own = post(&app, &tied, "/v1/webhooks", &body).await.json()["data"]["id"].clone();
    let list = app.get("/v1/webhooks").bearer(&tied).await_answer().await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], own);
    let delivery = post(&app, &admin, &format!("{everywhere}/test"), "").await.json()["data"]["id"].clone();
    for path in [
        everywhere.clone(),
        format!("{everywhere}/deliveries"),
        format!("/v1/deliveries/{}", delivery.as_str().unwrap()),
    ] {
        assert_eq!(app.get(&path).bearer(&tied).await_answer().await.gist(), "404 not_found", "{path}");
    }
    let of_all =
        patch(&app, &tied, &format!("/v1/webhooks/{}", own.as_str().unwrap()), r#"{"device_id":""}"#).await;
    assert_eq!(of_all.gist(), "422 validation_failed · device_id: no_such_device");
}

#[tokio::test]
async fn the_log_says_what_became_of_a_reply() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let added =
        post(&app, &admin, "/v1/webhooks", r#"{"url":"https://contoh.com/hook","replies":true}"#).await;
    assert_eq!(added.json()["data"]["replies"], true, "{added}");
    let path = format!("/v1/webhooks/{}", added.json()["data"]["id"].as_str().unwrap());
    let job: JobId = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();
    let refused = ReplyOutcome::Refused {
        code: "validation_failed".to_owned(),
        message: "type: Wajib diisi.".to_owned(),
    };
    for (reply, shown) in [
        (None, serde_json::json!(null)),
        (
            Some(ReplyOutcome::Queued { job: job.clone() }),
            serde_json::json!({"status": "queued", "job_id": job, "error": null}),
        ),
        (
            Some(refused),
            serde_json::json!({
                "status": "refused",
                "job_id": null,
                "error": {"code": "validation_failed", "message": "type: Wajib diisi."},
            }),
        ),
        (
            Some(ReplyOutcome::PassedOver),
            serde_json::json!({"status": "passed_over", "job_id": null, "error": null}),
        ),
    ] {
        let delivery = post(&app, &admin, &format!("{path}/test"), "").await.json()["data"]["id"].clone();
        app.settle_all(DeliveryNext::Delivered, 200, reply).await;
        let delivery = format!("/v1/deliveries/{}", delivery.as_str().unwrap());
        let log = app.get(&delivery).bearer(&admin).await_answer().await.json();
        assert_eq!(log["data"]["history"][0]["reply"], shown);
    }
    let changed = patch(&app, &admin, &path, r#"{"replies":false}"#).await;
    assert_eq!(changed.json()["data"]["replies"], false, "{changed}");
}
