//! The phones of a simulated network. That each channel has what its real one has is tested end to end, where the networks are.

use std::time::Duration;

use axum::http::StatusCode;
use cetar_model::{Channel, ContentKind, DeviceId, Disturbance};
use cetar_provider::{Receives, testkit::ScriptedProvider};
use cetar_server::Face;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{Answer, App};

async fn post(app: &App, key: &str, path: &str, body: &str) -> Answer {
    app.post(path, body.to_owned()).bearer(key).await_answer().await
}

#[tokio::test]
async fn the_phone_of_a_simulated_person_writes_and_presses() {
    let mut app = App::new().await;
    let id = app.sandbox(Channel::Whatsapp).await;
    let admin = app.admin_key().await;
    let path = format!("/v1/devices/{id}/phone");
    let text = r#"{"from":"6281234567890","type":"text","text":"Halo"}"#;
    assert_eq!(
        post(&app, &admin, &path, text).await.gist(),
        "503 network_unavailable",
        "its session does not run"
    );
    app.run().await;
    app.until(async |app| {
        let device =
            app.get(&format!("/v1/devices/{id}")).bearer(&app.admin_key().await).await_answer().await;
        device.json()["data"]["state"] == "connected"
    })
    .await;
    assert_eq!(post(&app, &admin, &path, text).await.gist(), "200 ok");
    let press = r#"{"from":"6281234567890","type":"button","button_id":"YA","text":"Ya, Ambil!"}"#;
    assert_eq!(post(&app, &admin, &path, press).await.gist(), "200 ok");
    let log = app.get("/v1/messages?direction=in").bearer(&admin).await_answer().await.json();
    let shown = [0, 1]
        .map(|at| (log["data"][at]["type"].as_str().unwrap(), log["data"][at]["text"].as_str().unwrap()));
    assert_eq!(shown, [("button", "Ya, Ambil!"), ("text", "Halo")]);
    for (body, expected) in [
        ("{}", "422 validation_failed · from: required · type: required"),
        (r#"{"from":"0812","type":"text"}"#, "422 validation_failed · from: leading_zero · text: required"),
        (r#"{"from":"6281234567890","type":"dance"}"#, "422 validation_failed · type: unknown_value"),
        (
            r#"{"from":"6281234567890","type":"button","message_id":"x"}"#,
            "422 validation_failed · message_id: invalid_id · button_id: required",
        ),
    ] {
        assert_eq!(post(&app, &admin, &path, body).await.gist(), expected, "{body}");
    }
    let real = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    assert_eq!(
        post(&app, &admin, &format!("/v1/devices/{real}/phone"), text).await.gist(),
        "422 people_are_real"
    );
    assert_eq!(post(&app, &app.key().await, &path, text).await.gist(), "403 scope_missing");
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    assert_eq!(post(&app, &foreign, &path, text).await.gist(), "404 not_found");
}

/// A sandbox device that is connected; its key, and the path of its phone.
async fn connected(mut app: App) -> (App, DeviceId, String, String) {
    app.engine.set_base_url("https://pesan.contoh.com");
    let id = app.sandbox(Channel::Whatsapp).await;
    let key = app.admin_key().await;
    app.run().await;
    app.until(async |app| {
        let device = app.get(&format!("/v1/devices/{id}")).bearer(&key).await_answer().await;
        device.json()["data"]["state"] == "connected"
    })
    .await;
    let path = format!("/v1/devices/{id}/phone");
    (app, id, key, path)
}

/// The newest message that came in, by our id.
async fn newest(app: &App, key: &str) -> Value {
    let log = app.get("/v1/messages?direction=in").bearer(key).await_answer().await.json();
    log["data"][0].clone()
}

#[tokio::test]
async fn every_type_says_what_it_lacks_and_what_is_wrong_with_it() {
    let (app, _id, key, path) = connected(App::new().await).await;
    let unknown = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50";
    for (body, expected) in [
        (json!({"type": "image"}), "422 validation_failed · media_url: required"),
        (json!({"type": "image", "media_url": "ftp://x"}), "422 validation_failed · media_url: invalid_url"),
        (
            json!({"type": "image", "media_url": "https://contoh.com/a.png"}),
            "422 validation_failed · media_url: not_uploaded",
        ),
        (
            json!({"type": "image", "media_url": "https://pesan.contoh.com/media/med_x.1.y"}),
            "422 validation_failed · media_url: no_such_medium",
        ),
        (json!({"type": "location"}), "422 validation_failed · location: required"),
        (
            json!({"type": "location", "location": {"latitude": 200}}),
            "422 validation_failed · location.latitude: out_of_range · location.longitude: required",
        ),
        (json!({"type": "contact", "contacts": []}), "422 validation_failed · contacts: empty"),
        (json!({"type": "reaction"}), "422 validation_failed · message_id: required"),
        (
            json!({"type": "reaction", "message_id": unknown}),
            "422 validation_failed · message_id: no_such_message",
        ),
        (json!({"type": "poll", "text": "Kapan?"}), "422 validation_failed · poll: required"),
        (
            json!({"type": "poll", "text": "Kapan?", "poll": {"options": ["Senin"]}}),
            "422 validation_failed · poll.options: too_short",
        ),
        (
            json!({"type": "poll_vote", "message_id": unknown}),
            "422 validation_failed · message_id: no_such_message",
        ),
        (json!({"type": "edited", "message_id": unknown}), "422 validation_failed · text: required"),
        (
            json!({"type": "deleted", "message_id": unknown}),
            "422 validation_failed · message_id: no_such_message",
        ),
        (json!({"type": "unsupported"}), "422 validation_failed · kind_name: required"),
        (
            json!({"type": "text", "text": "x", "reply_to": unknown}),
            "422 validation_failed · reply_to: no_such_message",
        ),
        (
            json!({"type": "text", "text": "x", "reply_to": "x"}),
            "422 validation_failed · reply_to: invalid_id",
        ),
        (
            json!({"type": "text", "text": "x", "group_id": "keluarga"}),
            "422 validation_failed · group_id: invalid_group",
        ),
        (json!({"type": "text", "text": "x", "echo": true}), "422 validation_failed · to: required"),
        (
            json!({"type": "text", "text": "x", "from_lid": "ya"}),
            "422 validation_failed · from_lid: wrong_type",
        ),
        (
            json!({"type": "text", "text": "x", "from_lid": true, "phone": "08"}),
            "422 validation_failed · phone: leading_zero",
        ),
        // What is of no use to the type must still be what it is said to be.
        (
            json!({"type": "text", "text": "x", "location": 7, "contacts": {}, "poll": []}),
            "422 validation_failed · poll: wrong_type · location: wrong_type · contacts: wrong_type",
        ),
        (json!({"type": "restricted", "seconds": 0}), "422 validation_failed · seconds: out_of_range"),
        (json!({"type": "read"}), "422 validation_failed · type: unknown_value"),
    ] {
        let mut body = body;
        body["from"] = "6281234567890".into();
        assert_eq!(post(&app, &key, &path, &body.to_string()).await.gist(), expected, "{body}");
    }
    assert!(newest(&app, &key).await.is_null(), "nothing of it came in");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_both_languages() {
    let (app, _id, key, path) = connected(App::new().await).await;
    let file = app.post("/v1/media?filename=a.txt", "halo").bearer(&key).await_answer().await.json();
    let body =
        json!({"from": "6281234567890", "type": "image", "media_url": file["data"]["media_url"]}).to_string();
    let told = async |english: bool| {
        let ask = app.post(&path, body.clone()).bearer(&key);
        let answer = if english { ask.english() } else { ask }.await_answer().await;
        answer.json()["error"]["fields"][0]["message"].as_str().unwrap().to_owned()
    };
    assert_snapshot!(told(false).await, @"File-nya text/plain, padahal tipe pesan ini membutuhkan image/… Unggah file lain, atau pakai type lain (document menerima semua).");
    assert_snapshot!(told(true).await, @"The file is text/plain, and a message of this type needs image/… Upload another, or use another type (document takes any).");
}

#[tokio::test]
async fn people_change_and_take_back_what_they_wrote_and_nothing_else() {
    let (app, _id, key, path) = connected(App::new().await).await;
    let say = async |body: Value| post(&app, &key, &path, &body.to_string()).await.gist();
    let (budi, ana) = ("6281234567890", "6281234567891");
    assert_eq!(say(json!({"from": budi, "type": "text", "text": "Halo"})).await, "200 ok");
    let his = newest(&app, &key).await["id"].clone();
    for (body, expected) in [
        (
            json!({"from": ana, "type": "deleted", "message_id": his}),
            "422 validation_failed · message_id: no_such_message",
        ),
        (
            json!({"from": ana, "type": "reaction", "message_id": his, "text": "👍"}),
            "422 validation_failed · message_id: no_such_message",
        ),
        (
            json!({"echo": true, "to": budi, "type": "deleted", "message_id": his}),
            "422 validation_failed · message_id: not_theirs",
        ),
        (json!({"echo": true, "to": budi, "type": "reaction", "message_id": his, "text": "👍"}), "200 ok"),
        (json!({"from": budi, "type": "edited", "message_id": his, "text": "Hai"}), "200 ok"),
        (json!({"from": budi, "type": "deleted", "message_id": his}), "200 ok"),
    ] {
        assert_eq!(say(body.clone()).await, expected, "{body}");
    }
    // In a group everybody reads the same, and changes only their own.
    let group = "120363025246125888@g.us";
    assert_eq!(say(json!({"from": budi, "group_id": group, "type": "text", "text": "Halo"})).await, "200 ok");
    let his = newest(&app, &key).await["id"].clone();
    for (who, expected) in [(ana, "422 validation_failed · message_id: not_theirs"), (budi, "200 ok")] {
        let body = json!({"from": who, "group_id": group, "type": "deleted", "message_id": his});
        assert_eq!(say(body).await, expected);
    }
    let ours = app.send(&app.key().await).await;
    let job = app.get(&format!("/v1/jobs/{ours}")).bearer(&key).await_answer().await.json();
    let body = json!({"from": budi, "type": "edited", "message_id": job["data"]["message_id"], "text": "x"});
    assert_eq!(say(body).await, "422 validation_failed · message_id: not_theirs", "we wrote that");
}

#[tokio::test]
async fn what_happens_to_an_account_is_asked_of_its_network() {
    let (app, _id, key, path) = connected(App::new().await).await;
    let done = post(&app, &key, &path, r#"{"type":"restricted","seconds":90}"#).await;
    assert_eq!((done.status, &done.json()["message"]), (StatusCode::OK, &"Sudah terjadi.".into()), "{done}");
    post(&app, &key, &path, r#"{"type":"logged_out"}"#).await;
    assert_eq!(
        app.network.disturbances(),
        [
            (Disturbance::Restricted, Duration::from_secs(90)),
            (Disturbance::LoggedOut, Duration::from_secs(30)),
        ]
    );
}

#[tokio::test]
async fn what_a_network_does_not_have_is_refused_with_what_it_has() {
    const FEW: Receives = Receives { content: &[ContentKind::Text, ContentKind::Image], ..Receives::NOTHING };
    let app = App::on(ScriptedProvider::new(true).telling(FEW), Face::Public, |_| {}).await;
    let (app, id, key, path) = connected(app).await;
    let refused = post(&app, &key, &path, r#"{"from":"6281234567890","type":"sticker"}"#).await;
    let bad = refused.json()["error"]["fields"][0].clone();
    assert_eq!(
        (&bad["field"], &bad["code"], &bad["allowed"]),
        (
            &json!("type"),
            &json!("not_on_channel"),
            &json!([
                "text",
                "image",
                "disconnected",
                "logged_out",
                "replaced_elsewhere",
                "restricted",
                "banned"
            ])
        )
    );
    let body = r#"{"from":"6281234567890","type":"image","text":"Ini","from_lid":true,"echo":true,
        "group_id":"1@g.us","media_url":"https://pesan.contoh.com/media/x"}"#;
    assert_eq!(
        post(&app, &key, &path, body).await.gist(),
        "422 validation_failed · echo: not_on_channel · group_id: not_on_channel · from_lid: not_on_channel · text: not_on_channel"
    );
    // The device says so beforehand.
    let can = app.get(&format!("/v1/devices/{id}/capabilities")).bearer(&key).await_answer().await.json();
    assert_eq!(
        can["data"]["receives"],
        json!({"types": ["text", "image"], "captioned": [], "groups": false, "echoes": false, "from_lid": false})
    );
}
