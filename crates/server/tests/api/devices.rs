//! Linked accounts.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_engine::devices::NewDevice;
use cetar_model::{Channel, DownReason, Plan};
use cetar_provider::{LinkError, LinkStep, Manners, Pace, Rate, Span, Typing, testkit::ScriptedProvider};
use cetar_server::Face;
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{Answer, App};

async fn post(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.post(path, body.to_owned()).bearer(key).await_answer().await
}

#[tokio::test]
async fn a_device_is_added_listed_read_and_removed() {
    let app = App::new().await;
    let key = app.admin_key().await;
    let added = post(&app, &key, "/v1/devices", r#"{"channel":"whatsapp","name":" Toko "}"#).await;
    assert_snapshot!(added, @r#"
    200
    {
      "data": {
        "address": null,
        "channel": "whatsapp",
        "created_at": "2024-03-05T14:46:40.000Z",
        "credentials_expire_at": null,
        "id": "dev_…",
        "last_ack_at": null,
        "last_frame_at": null,
        "linked_at": null,
        "message": "Belum ditautkan. Tautkan dengan QR atau kode.",
        "name": "Toko",
        "next_action": "link_again",
        "pace": {
          "first_contacts": null,
          "messages": null,
          "mode": "off",
          "next_at": null
        },
        "paused": false,
        "reason": null,
        "sandbox": false,
        "state": "unlinked",
        "until": null
      },
      "message": "Device ditambahkan.",
      "success": true
    }
    "#);
    let path = format!("/v1/devices/{}", added.json()["data"]["id"].as_str().unwrap());
    let read = app.get(&path).bearer(&key).await_answer().await;
    assert_eq!(read.json()["data"], added.json()["data"]);
    let list = app.get("/v1/devices").bearer(&key).await_answer().await;
    assert_eq!(list.json()["data"][0], added.json()["data"]);
    assert_snapshot!(app.ask(Method::DELETE, &path).bearer(&key).await_answer().await, @r#"
    200
    {
      "data": {
        "id": "dev_…"
      },
      "message": "Device dihapus.",
      "success": true
    }
    "#);
    assert_eq!(app.get(&path).bearer(&key).await_answer().await.gist(), "404 not_found");
    assert_eq!(app.ask(Method::DELETE, &path).bearer(&key).await_answer().await.gist(), "404 not_found");
}

#[tokio::test]
async fn a_device_that_cannot_be_added_says_why() {
    let app = App::new().await;
    let key = app.admin_key().await;
    for (body, expected) in [
        ("{}", "422 validation_failed · channel: required · name: required"),
        (r#"{"channel":"sms","name":""}"#, "422 validation_failed · channel: unknown_value · name: empty"),
        (r#"{"channel":"telegram","name":"Bot"}"#, "422 validation_failed · channel: not_available"),
        (
            r#"{"channel":"whatsapp","name":"x","sandbox":"yes","settings":{"token":1}}"#,
            "422 validation_failed · sandbox: wrong_type · settings.token: wrong_type",
        ),
        (
            r#"{"channel":"whatsapp","name":"x","settings":[]}"#,
            "422 validation_failed · settings: wrong_type",
        ),
    ] {
        assert_eq!(post(&app, &key, "/v1/devices", body).await.gist(), expected, "{body}");
    }
    let plan = Plan { devices: Some(0), ..Plan::default() };
    app.engine.set_plan(&app.operator.workspace.id, plan).await.unwrap();
    let answer = post(&app, &key, "/v1/devices", r#"{"channel":"whatsapp","name":"x"}"#).await;
    assert_eq!(answer.gist(), "403 plan_feature_missing");
}

#[tokio::test]
async fn a_sending_key_sees_its_own_devices_and_changes_none() {
    let app = App::new().await;
    let (mine, _other) = (app.sandbox(Channel::Whatsapp).await, app.sandbox(Channel::Telegram).await);
    app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.key_with(|key| key.devices = vec![mine.clone()]).await;
    let list = app.get("/v1/devices").bearer(&key).await_answer().await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|device| &device["id"]).collect();
    assert_eq!(ids, [mine.as_str()]);
    for verb in ["pause", "resume", "restart", "logout", "link"] {
        let answer = post(&app, &key, &format!("/v1/devices/{mine}/{verb}"), "{}").await;
        assert_eq!(answer.gist(), "403 scope_missing", "{verb}");
    }
}

#[tokio::test]
async fn a_paused_device_says_so_until_it_is_resumed() {
    let app = App::new().await;
    let id = app.sandbox(Channel::Whatsapp).await;
    let key = app.admin_key().await;
    let paused = post(&app, &key, &format!("/v1/devices/{id}/pause"), "").await.json();
    let parts = ["state", "reason", "next_action", "message", "paused"];
    assert_snapshot!(parts.map(|part| format!("{part}: {}", paused["data"][part])).join("\n"), @r#"
    state: "stopped"
    reason: "paused"
    next_action: "resume"
    message: "Device dijeda. Lanjutkan untuk mengirim."
    paused: true
    "#);
    let resumed = post(&app, &key, &format!("/v1/devices/{id}/resume"), "").await.json();
    assert_eq!(
        (&resumed["data"]["state"], &resumed["data"]["paused"]),
        (&"connecting".into(), &false.into())
    );
}

async fn patch(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.ask_with(Method::PATCH, path, body.to_owned()).bearer(key).await_answer().await
}

#[tokio::test]
async fn a_device_shows_its_pace_and_can_do_without_it() {
    let (second, hour) = (Duration::from_secs(1), 3600);
    let manners = Manners {
        gap: Span { from: second, to: second },
        typing: Typing { character: second, within: Span { from: second, to: second } },
        firsts_per_hour: 20,
        firsts_per_day: 100,
        starts: second,
    };
    let many = Rate { most: 30, per: Duration::from_mins(1) };
    let pace = Pace { account: many, chat: many, group: None, manners: Some(manners) };
    let app = App::on(ScriptedProvider::new(true).paced(pace), Face::Public, |_| {}).await;
    let key = app.admin_key().await;
    let body = r#"{"channel":"whatsapp","name":"Toko"}"#;
    let device = post(&app, &key, "/v1/devices", body).await.json()["data"].clone();
    let budget = |most: u32, seconds: u32| json!({ "most": most, "seconds": seconds, "left": most });
    let first_contacts = json!({ "hour": budget(20, hour), "day": budget(100, 24 * hour), "next_at": null });
    let on = json!({ "mode": "on", "messages": budget(30, 60), "next_at": null, "first_contacts": first_contacts });
    assert_eq!(device["pace"], on);

    let path = format!("/v1/devices/{}", device["id"].as_str().unwrap());
    let off = json!({ "mode": "off", "messages": null, "next_at": null, "first_contacts": null });
    let changed = patch(&app, &key, &path, r#"{"pace":"off"}"#).await.json();
    assert_eq!((&changed["data"]["pace"], &changed["data"]["name"]), (&off, &"Toko".into()));
    let changed = patch(&app, &key, &path, r#"{"name":" Gudang ","pace":"on"}"#).await.json();
    assert_eq!((&changed["data"]["pace"], &changed["data"]["name"]), (&on, &"Gudang".into()));
    assert_eq!(
        patch(&app, &key, &path, "{}").await.json()["data"]["pace"],
        on,
        "nothing given, nothing changed"
    );
    let listed = app.get("/v1/devices").bearer(&key).await_answer().await.json();
    assert_eq!(listed["data"][0]["pace"], on);

    let body = r#"{"channel":"whatsapp","name":"Cepat","pace":"off"}"#;
    assert_eq!(post(&app, &key, "/v1/devices", body).await.json()["data"]["pace"], off);
}

#[tokio::test]
async fn a_pace_that_is_none_is_refused_in_both_languages() {
    let app = App::new().await;
    let id = app.sandbox(Channel::Whatsapp).await;
    let key = app.admin_key().await;
    let path = format!("/v1/devices/{id}");
    for (body, language, expected) in [
        (r#"{"pace":"fast"}"#, "id", "pace: unknown_value on,off"),
        (r#"{"pace":"fast"}"#, "en", "pace: unknown_value on,off"),
        (r#"{"pace":"on"}"#, "id", "pace: not_on_channel off"),
        (r#"{"pace":"on"}"#, "en", "pace: not_on_channel off"),
        (r#"{"pace":false}"#, "en", "pace: wrong_type "),
        (r#"{"name":""}"#, "id", "name: empty "),
    ] {
        let request = app.ask_with(Method::PATCH, &path, body.to_owned()).bearer(&key);
        let answer = request.header("accept-language", language).await_answer().await;
        assert_eq!(answer.status, 422, "{body}");
        let field = &answer.json()["error"]["fields"][0];
        let words = |value: &serde_json::Value| {
            let words = value.as_array().into_iter().flatten();
            words.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(",")
        };
        let said = format!(
            "{}: {} {}",
            field["field"].as_str().unwrap(),
            field["code"].as_str().unwrap(),
            words(&field["allowed"])
        );
        assert_eq!(said, expected, "{body}");
        assert!(field["message"].as_str().unwrap().len() > 10, "{body}");
    }
    let nobody = patch(&app, &key, "/v1/devices/dev_00000000000000000000000000000000", "{}").await;
    assert_eq!(nobody.gist(), "404 not_found");
}

#[tokio::test]
async fn what_needs_a_link_is_refused_without_one() {
    let app = App::new().await;
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.admin_key().await;
    assert_snapshot!(post(&app, &key, &format!("/v1/devices/{id}/logout"), "").await, @r#"
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
    assert_eq!(
        post(&app, &key, &format!("/v1/devices/{id}/restart"), "").await.gist(),
        "422 device_not_linked"
    );
    let missing = "/v1/devices/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/restart";
    assert_eq!(post(&app, &key, missing, "").await.gist(), "404 not_found");
}

#[tokio::test]
async fn linking_is_watched_to_its_end_as_server_sent_events() {
    let mut app = App::new().await;
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.admin_key().await;
    app.run().await;
    let path = format!("/v1/devices/{id}/link");
    let begun = post(&app, &key, &path, r#"{"method":"qr"}"#).await;
    assert_snapshot!(begun, @r#"
    200
    {
      "data": {
        "events": "/v1/devices/dev_…/link/events",
        "id": "dev_…",
        "state": "linking"
      },
      "message": "Penautan dimulai.",
      "success": true
    }
    "#);
    let events = app.get(&format!("{path}/events")).bearer(&key).await_answer().await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(events.header("cache-control"), "no-cache");
    // A watcher may miss what was replaced at once, never the end.
    assert!(
        events.body.ends_with("event: linked\ndata: {\"address\":\"628111111111\"}\n\n"),
        "{}",
        events.body
    );
    let device = app.get(&format!("/v1/devices/{id}")).bearer(&key).await_answer().await.json();
    assert_eq!(device["data"]["address"], "628111111111");
}

#[tokio::test]
async fn a_code_is_shown_and_a_failure_says_what_to_do_in_the_watchers_language() {
    let mut app = App::new().await;
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.admin_key().await;
    app.run().await;
    let path = format!("/v1/devices/{id}/link");
    app.network.next_link([Err(LinkError::Refused(DownReason::PasskeyRequired))]);
    post(&app, &key, &path, r#"{"method":"pairing_code","phone":"6281234567890"}"#).await;
    let events = app.get(&format!("{path}/events")).bearer(&key).english().await_answer().await;
    assert_snapshot!(events.body, @r#"
    event: failed
    data: {"reason":"passkey_required","message":"This account asks for a passkey when linking. Finish linking in the browser that holds it."}
    "#);
}

#[tokio::test]
async fn a_watch_begins_with_the_latest_event_and_ends_when_the_server_stops() {
    let mut app = App::new().await;
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.admin_key().await;
    app.run().await;
    let path = format!("/v1/devices/{id}/link");
    let expires_in = std::time::Duration::from_mins(2);
    app.network.next_link([Ok(LinkStep::Code { code: "ABCD-EFGH".to_owned(), expires_in })]);
    post(&app, &key, &path, r#"{"method":"pairing_code","phone":"6281234567890"}"#).await;
    let stop = tokio_util::sync::CancellationToken::new();
    app.router(cetar_server::Face::Public, |options| options.stop = stop.clone());
    let mut events = app.get(&format!("{path}/events")).bearer(&key).begin().await.into_body();
    let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_snapshot!(String::from_utf8_lossy(&first), @r#"
    event: code
    data: {"code":"ABCD-EFGH","expires_at":"2024-03-05T14:48:40.000Z"}
    "#);
    stop.cancel();
    assert!(events.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_way_of_linking_that_cannot_be_is_refused() {
    let app = App::new().await;
    let id = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let key = app.admin_key().await;
    for (body, expected) in [
        ("{}", "422 validation_failed · method: required"),
        (r#"{"method":"sms"}"#, "422 validation_failed · method: unknown_value"),
        (r#"{"method":"pairing_code"}"#, "422 validation_failed · phone: required"),
        (r#"{"method":"pairing_code","phone":"0812"}"#, "422 validation_failed · phone: leading_zero"),
        (r#"{"method":"qr","outcome":"magic"}"#, "422 validation_failed · outcome: unknown_value"),
        (
            r#"{"method":"qr","outcome":"too_many_attempts"}"#,
            "422 validation_failed · outcome: unknown_value",
        ),
        // The phone of this one is real.
        (r#"{"method":"qr","outcome":"link_expired"}"#, "422 validation_failed · outcome: sandbox_only"),
    ] {
        assert_eq!(
            post(&app, &key, &format!("/v1/devices/{id}/link"), body).await.gist(),
            expected,
            "{body}"
        );
    }
    // Nothing under way: an empty stream, not an error.
    let events = app.get(&format!("/v1/devices/{id}/link/events")).bearer(&key).await_answer().await;
    assert_eq!((events.status, events.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_device_gets_another_name_and_keeps_everything_else() {
    let app = App::new().await;
    let id = app.sandbox(Channel::Whatsapp).await;
    let (admin, key) = (app.admin_key().await, app.key().await);
    let path = format!("/v1/devices/{id}");
    let change = async |key: &str, body: &str| {
        app.ask_with(Method::PATCH, &path, body.to_owned()).bearer(key).await_answer().await
    };
    let before = app.get(&path).bearer(&admin).await_answer().await.json()["data"].clone();
    let changed = change(&admin, r#"{"name":" Toko Dua "}"#).await;
    assert_eq!((changed.gist().as_str(), &changed.json()["data"]["name"]), ("200 ok", &"Toko Dua".into()));
    let mut after = app.get(&path).bearer(&admin).await_answer().await.json()["data"].clone();
    after["name"] = before["name"].clone();
    assert_eq!(after, before);
    for (body, expected) in [
        (r#"{"name":""}"#, "422 validation_failed · name: empty"),
        (r#"{"name":7,"settings":[]}"#, "422 validation_failed · name: wrong_type · settings: wrong_type"),
    ] {
        assert_eq!(change(&admin, body).await.gist(), expected, "{body}");
    }
    assert_eq!(change(&key, r#"{"name":"x"}"#).await.gist(), "403 scope_missing");
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    assert_eq!(change(&foreign, r#"{"name":"x"}"#).await.gist(), "404 not_found");
    assert_eq!(app.get(&path).bearer(&admin).await_answer().await.json()["data"]["name"], "Toko Dua");
}

#[tokio::test]
async fn what_to_paste_into_the_networks_settings_is_told_to_those_who_manage_the_device() {
    let app = App::new().await;
    app.engine.set_base_url("https://pesan.contoh.com/");
    let (admin, key) = (app.admin_key().await, app.key().await);
    let device = NewDevice {
        channel: Channel::Whatsapp,
        name: "Resmi".to_owned(),
        sandbox: false,
        paced: None,
        settings: [("verify_token".to_owned(), "rahasia-123".to_owned())].into(),
    };
    let id = app.engine.add_device(&app.operator, device).await.unwrap().id;
    let path = format!("/v1/devices/{id}/callback");
    assert_eq!(
        app.get(&path).bearer(&admin).await_answer().await.gist(),
        "404 not_found",
        "its network does not call"
    );
    app.network.calls_us();
    let told = app.get(&path).bearer(&admin).await_answer().await;
    assert_eq!(
        told.json()["data"],
        serde_json::json!({"url": "https://pesan.contoh.com/callbacks/scripted", "verify_token": "rahasia-123"})
    );
    assert_eq!(app.get(&path).bearer(&key).await_answer().await.gist(), "403 scope_missing");
    let sandbox = app.sandbox(Channel::Whatsapp).await;
    let path_of_sandbox = format!("/v1/devices/{sandbox}/callback");
    assert_eq!(app.get(&path_of_sandbox).bearer(&admin).await_answer().await.gist(), "404 not_found");
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    assert_eq!(app.get(&path).bearer(&foreign).await_answer().await.gist(), "404 not_found");
}
