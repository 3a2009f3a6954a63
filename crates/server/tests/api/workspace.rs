//! The workspace itself: its name and zone, its figures, a newcomer's first steps.

use std::time::Duration;

use axum::http::Method;
use cetar_model::{Channel, FailureCode, Role, SendError};
use cetar_store::{DeliveryNext, Scope};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    app::{Answer, App},
    people::browser,
};

async fn change(app: &App, key: &str, body: &str) -> Answer {
    app.ask_with(Method::PATCH, "/v1/workspace", body.to_owned()).bearer(key).await_answer().await
}

async fn read(app: &App, key: &str, path: &str) -> Value {
    let answer = app.get(path).bearer(key).await_answer().await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.json()["data"].clone()
}

#[tokio::test]
async fn a_workspace_gets_another_name_and_zone_and_everybody_sees_it_at_once() {
    let app = App::new().await;
    let (key, agent) = (app.admin_key().await, browser(&app, Role::Agent).await);
    let in_session =
        async || agent.with(app.get("/v1/session")).await_answer().await.json()["data"]["workspace"].clone();
    assert_eq!(in_session().await["time_zone"], "Asia/Jakarta");
    let answer =
        change(&app, &key, r#"{"name":" Toko Dua ","language":"en","time_zone":"asia/makassar"}"#).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "data": {
        "created_at": "2024-03-05T14:46:40.000Z",
        "id": "ws_…",
        "language": "en",
        "name": "Toko Dua",
        "time_zone": "Asia/Makassar"
      },
      "message": "Workspace diubah.",
      "success": true
    }
    "#);
    assert_eq!(read(&app, &key, "/v1/workspace").await, answer.json()["data"]);
    let shown = in_session().await;
    let parts = ["name", "language", "time_zone"].map(|part| shown[part].as_str().unwrap().to_owned());
    assert_eq!(parts, ["Toko Dua", "en", "Asia/Makassar"]);
    // What is left out stays.
    let answer = change(&app, &key, r#"{"language":"id"}"#).await.json();
    assert_eq!(
        (&answer["data"]["name"], &answer["data"]["time_zone"]),
        (&"Toko Dua".into(), &"Asia/Makassar".into())
    );
    assert_eq!(change(&app, &key, "{}").await.json()["data"], answer["data"]);
    let log = read(&app, &key, "/v1/audit-log").await;
    assert_eq!(log[0]["action"], "updateWorkspace");
}

#[tokio::test]
async fn what_is_no_zone_or_name_is_refused_with_everything_else() {
    let app = App::new().await;
    let key = app.admin_key().await;
    for (body, expected) in [
        (
            r#"{"name":" ","language":"jv","time_zone":"Jakarta"}"#,
            "422 validation_failed · name: empty · language: unknown_value · time_zone: unknown_time_zone",
        ),
        (r#"{"time_zone":"WIB"}"#, "422 validation_failed · time_zone: unknown_time_zone"),
        (r#"{"time_zone":"../../etc/passwd"}"#, "422 validation_failed · time_zone: unknown_time_zone"),
        (r#"{"time_zone":7}"#, "422 validation_failed · time_zone: wrong_type"),
        (r#"{"time_zone":""}"#, "422 validation_failed · time_zone: empty"),
    ] {
        assert_eq!(change(&app, &key, body).await.gist(), expected, "{body}");
    }
    let long = json!({"name": "x".repeat(101)}).to_string();
    assert_eq!(change(&app, &key, &long).await.gist(), "422 validation_failed · name: too_long");
    let agent = browser(&app, Role::Agent).await;
    let ask = agent.with(app.ask_with(Method::PATCH, "/v1/workspace", r#"{"name":"x"}"#));
    assert_eq!(ask.await_answer().await.gist(), "403 role_missing");
    assert_eq!(read(&app, &key, "/v1/workspace").await["name"], "Toko");
}

#[tokio::test]
async fn another_workspace_keeps_its_own_name() {
    let app = App::new().await;
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![Scope::Admin]).await;
    change(&app, &app.admin_key().await, r#"{"name":"Toko Dua"}"#).await;
    assert_eq!(read(&app, &foreign, "/v1/workspace").await["name"], "Lain");
}

/// Sends through the network, and waits until that is over.
async fn send(app: &App, key: &str) {
    let job = app.send(key).await;
    let path = format!("/v1/jobs/{job}");
    app.until(async |app| {
        let status = app.get(&path).bearer(key).await_answer().await.json()["data"]["status"].clone();
        status == "sent" || status == "failed"
    })
    .await;
}

#[tokio::test]
async fn figures_are_of_a_span_and_of_the_one_before() {
    let mut app = App::new().await;
    app.router(cetar_server::Face::Public, |options| options.requests_per_minute = 1_000_000);
    let device = app.sandbox(Channel::Whatsapp).await;
    let (key, admin) = (app.key().await, app.admin_key().await);
    app.run().await;
    let empty = read(&app, &admin, "/v1/usage").await;
    assert_eq!(
        (&empty["out"], &empty["success_rate"], &empty["latency_ms"]["p50"]),
        (&0.into(), &Value::Null, &Value::Null)
    );
    send(&app, &key).await;
    app.clock.advance(Duration::from_hours(24));
    for outcome in [
        None,
        None,
        None,
        Some(SendError::Rejected { code: FailureCode::RejectedByNetwork, provider_code: None, detail: None }),
    ] {
        if let Some(error) = outcome {
            app.network.next_send(Err(error));
        }
        send(&app, &key).await;
    }
    let phone = json!({"from": "6281234567890", "type": "text", "text": "Halo"}).to_string();
    let came_in = app.post(&format!("/v1/devices/{device}/phone"), phone).bearer(&admin).await_answer().await;
    assert_eq!(came_in.gist(), "200 ok");
    app.post("/v1/webhooks", r#"{"url":"https://contoh.com/hook"}"#).bearer(&admin).await_answer().await;
    let mut usage = read(&app, &admin, "/v1/usage?period=24h").await;
    let series = usage["series"].take();
    assert_snapshot!(serde_json::to_string_pretty(&usage).unwrap(), @r#"
    {
      "devices": {
        "connected": 1
      },
      "endpoints": {
        "active": 1
      },
      "failed": 1,
      "in": 1,
      "latency_ms": {
        "p50": 0,
        "p95": 0
      },
      "out": 4,
      "previous": {
        "failed": 0,
        "in": 0,
        "out": 1,
        "success_rate": 1.0
      },
      "queue": {
        "oldest_at": null,
        "waiting": 0
      },
      "series": null,
      "success_rate": 0.75
    }
    "#);
    let series = series.as_array().unwrap();
    assert_eq!(series.len(), 24);
    assert_eq!(series[23], json!({"at": "2024-03-06T14:00:00.000Z", "out": 4, "in": 1, "failed": 1}));
    assert!(series[..23].iter().all(|point| point["out"] == 0), "{series:?}");
    for (period, points) in [("7d", 28), ("30d", 30)] {
        let usage = read(&app, &admin, &format!("/v1/usage?period={period}")).await;
        assert_eq!(
            (&usage["out"], usage["series"].as_array().unwrap().len()),
            (&5.into(), points),
            "{period}"
        );
    }
    let refused = app.get("/v1/usage?period=1y").bearer(&admin).await_answer().await;
    assert_eq!(refused.gist(), "422 validation_failed · period: unknown_value");
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![Scope::Admin]).await;
    let theirs = read(&app, &foreign, "/v1/usage").await;
    assert_eq!(
        (&theirs["out"], &theirs["devices"], &theirs["endpoints"]),
        (&0.into(), &json!({}), &json!({}))
    );
}

#[tokio::test]
async fn the_first_steps_are_ticked_as_they_happen() {
    let mut app = App::new().await;
    app.router(cetar_server::Face::Public, |options| options.requests_per_minute = 1_000_000);
    app.sandbox(Channel::Whatsapp).await;
    let owner = browser(&app, Role::Owner).await;
    let done = async |app: &App| {
        let list = owner.with(app.get("/v1/checklist")).await_answer().await.json()["data"].clone();
        let steps = ["device_linked", "key_used", "message_delivered", "webhook_answered"];
        steps.into_iter().filter(|step| list[*step] == true).collect::<Vec<_>>()
    };
    assert_eq!(done(&app).await, [""; 0], "a sandbox device is no step");
    let key = app.key().await;
    assert_eq!(done(&app).await, [""; 0], "nor is a key that nobody used");
    app.get("/v1/devices").bearer(&key).await_answer().await;
    assert_eq!(done(&app).await, ["key_used"]);
    app.run().await;
    send(&app, &key).await;
    assert_eq!(done(&app).await, ["key_used", "message_delivered"]);
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let link = app.post(&format!("/v1/devices/{id}/link"), r#"{"method":"qr"}"#);
    assert_eq!(owner.with(link).await_answer().await.gist(), "200 ok");
    app.until(async |app| done(app).await.contains(&"device_linked")).await;
    assert_eq!(done(&app).await, ["device_linked", "key_used", "message_delivered"]);
}

#[tokio::test]
async fn a_webhook_that_was_answered_is_a_step_and_one_that_was_not_is_none() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let added =
        app.post("/v1/webhooks", r#"{"url":"https://contoh.com/hook"}"#).bearer(&admin).await_answer().await;
    let path = format!("/v1/webhooks/{}/test", added.json()["data"]["id"].as_str().unwrap());
    for (next, status, answered) in [(DeliveryNext::Dead, 500, false), (DeliveryNext::Delivered, 200, true)] {
        app.post(&path, "").bearer(&admin).await_answer().await;
        app.settle_all(next, status, None).await;
        assert_eq!(read(&app, &admin, "/v1/checklist").await["webhook_answered"], answered);
    }
}
