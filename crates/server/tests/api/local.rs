//! The face towards the machine's operator.

use axum::http::{Method, StatusCode};
use cetar_model::Channel;
use cetar_server::Face;
use insta::assert_snapshot;

use crate::app::{App, DOCUMENTS_FIRST};

#[tokio::test]
async fn the_operator_needs_no_key_and_has_no_limit() {
    let app = App::with(Face::Local, |_| {}).await;
    app.sandbox(Channel::Whatsapp).await;
    for _ in 0..70 {
        let answer = app.get("/v1/devices").await_answer().await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (StatusCode::OK, ""));
    }
    assert_eq!(app.post("/v1/messages", DOCUMENTS_FIRST).await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_operator_works_in_the_first_workspace_unless_another_is_named() {
    let app = App::with(Face::Local, |_| {}).await;
    let made = app.post("/v1/workspaces", r#"{"name":"Cabang Ü"}"#).await_answer().await;
    assert_snapshot!(made, @r#"
    200
    {
      "data": {
        "created_at": "2024-03-05T14:46:40.000Z",
        "id": "ws_…",
        "language": "id",
        "name": "Cabang Ü",
        "plan": {
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
        "time_zone": "Asia/Jakarta"
      },
      "message": "Workspace ditambahkan.",
      "success": true
    }
    "#);
    let id = made.json()["data"]["id"].as_str().unwrap().to_owned();
    let name = async |header: Option<&str>| {
        let ask = app.get("/v1/workspace");
        let ask = match header {
            Some(workspace) => ask.header("x-cetar-workspace", workspace),
            None => ask,
        };
        let answer = ask.await_answer().await;
        answer.json()["data"]["name"].as_str().map_or_else(|| answer.gist(), ToOwned::to_owned)
    };
    assert_eq!(name(None).await, "Toko");
    assert_eq!(name(Some("Toko")).await, "Toko");
    assert_eq!(name(Some("Cabang Ü")).await, "Cabang Ü");
    assert_eq!(name(Some(&id)).await, "Cabang Ü");
    assert_eq!(name(Some("Tidak ada")).await, "404 not_found");
    app.engine.add_workspace("Toko".to_owned()).await.unwrap();
    assert_eq!(name(Some("Toko")).await, "422 validation_failed · X-Cetar-Workspace: ambiguous");
}

#[tokio::test]
async fn the_operator_sets_plans() {
    let app = App::with(Face::Local, |_| {}).await;
    let path = format!("/v1/workspaces/{}/plan", app.operator.workspace.id);
    let put = async |path: &str, body: &'static str| {
        let mut ask = app.post(path, body);
        ask = ask.method(Method::PUT);
        ask.await_answer().await
    };
    assert_snapshot!(put(&path, r#"{"channels":["whatsapp"],"requests_per_minute":120,"broadcast":false}"#).await, @r#"
    200
    {
      "data": {
        "broadcast": false,
        "channels": [
          "whatsapp"
        ],
        "devices": null,
        "members": null,
        "official_api": true,
        "requests_per_minute": 120
      },
      "message": "Paket disimpan.",
      "success": true
    }
    "#);
    assert_eq!(
        put(&path, r#"{"channels":["sms"],"requests_per_minute":0,"devices":-1,"broadcast":"no"}"#)
            .await
            .gist(),
        "422 validation_failed · channels[0]: unknown_value · devices: out_of_range · requests_per_minute: out_of_range · broadcast: wrong_type"
    );
    let missing = "/v1/workspaces/ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/plan";
    assert_eq!(put(missing, "{}").await.gist(), "404 not_found");
    let list = app.get("/v1/workspaces").await_answer().await.json();
    assert_eq!(list["data"][0]["plan"]["requests_per_minute"], 120);
}
