//! The log of messages, and one message with where it came from and whom it was told.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_model::{Channel, Chat, Clock as _, Content, DeviceId, MessageId, Role};
use cetar_store::{DeliveryNext, NewInbound, Scope};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    app::{App, DOCUMENTS_FIRST, mask},
    people::browser,
};

/// As if it had come in through this device.
async fn came_in(app: &App, device: &DeviceId, from: &str, text: &str) -> MessageId {
    let (store, now) = (app.engine.store(), app.clock.now());
    let lease =
        store.lease_device(device, "node", now, now + Duration::from_hours(1)).await.unwrap().unwrap();
    let message: MessageId = app.id();
    let inbound = NewInbound {
        remote_id: format!("R{message}"),
        message: message.clone(),
        event: app.id(),
        conversation: app.id(),
        contact: app.id(),
        device: device.clone(),
        lease: Some(lease),
        chat: Chat::new(from),
        from: Chat::new(from),
        from_alias: false,
        group: false,
        echo: false,
        sender_name: None,
        content: Content::Text { text: text.to_owned() },
        wanted: None,
        media_url: None,
        reply_to: None,
        raw: None,
        sent_at: now,
        now,
    };
    assert!(store.take_in(inbound).await.unwrap());
    message
}

/// Sends this body, and tells the message.
async fn sent(app: &App, key: &str, path: &str, body: impl Into<String>) -> String {
    let answer = app.post(path, body.into()).bearer(key).await_answer().await;
    assert_eq!(answer.status, StatusCode::OK, "{answer}");
    answer.json()["data"]["message_id"].as_str().unwrap().to_owned()
}

fn text(to: &str, client_ref: &str) -> String {
    json!({"channel": "whatsapp", "type": "text", "to": to, "content": {"text": "Halo"}, "client_ref": client_ref}).to_string()
}

async fn read(app: &App, key: &str, message: &str) -> Value {
    let answer = app.get(&format!("/v1/messages/{message}")).bearer(key).await_answer().await;
    assert_eq!(answer.status, StatusCode::OK, "{answer}");
    answer.json()["data"].clone()
}

/// A page of the log.
async fn log(app: &App, key: &str, query: &str) -> Value {
    let answer = app.get(&format!("/v1/messages{query}")).bearer(key).await_answer().await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {answer}");
    answer.json()
}

/// One member of every message that fits.
async fn every(app: &App, key: &str, query: &str, member: &str) -> Vec<String> {
    let page = log(app, key, query).await;
    let of = |message: &Value| message[member].as_str().unwrap_or("-").to_owned();
    page["data"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn a_message_shows_the_request_that_asked_for_it_character_for_character() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    app.sandbox(Channel::WhatsappOfficial).await;
    let key = app.key().await;
    let template = json!({"name": "Sapa", "text": "Halo {{1}}"}).to_string();
    let admin = app.admin_key().await;
    let template = app.post("/v1/templates", template).bearer(&admin).await_answer().await.json();
    let template = format!(
        r#"{{"to": "6281234567890",  "template_id": {}, "variables": ["Budi é"], "kept": {{"x": 1e2}}}}"#,
        template["data"]["id"]
    );
    let official = r#"{"to":"6281234567890","type":"text","text":"Halo","unknown":null}"#.to_owned();
    for (path, body) in [
        ("/v1/messages", DOCUMENTS_FIRST.to_owned()),
        ("/v1/send-template", template),
        ("/v1/meta/messages", official),
    ] {
        let message = sent(&app, &key, path, body.clone()).await;
        let shown = read(&app, &key, &message).await;
        assert_eq!(shown["request"], json!({"path": path, "body": body, "truncated": false}));
        let job = app.get(&format!("/v1/jobs/{}", shown["job_id"].as_str().unwrap())).bearer(&key);
        assert_eq!(job.await_answer().await.json()["data"]["request"], shown["request"]);
    }
}

#[tokio::test]
async fn of_a_very_long_request_the_beginning_is_kept() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let mut body: Value = serde_json::from_str(DOCUMENTS_FIRST).unwrap();
    // Two bytes each, and the last of them would be cut in half.
    body["extra"] = "é".repeat(40_000).into();
    let body = body.to_string();
    let message = sent(&app, &key, "/v1/messages", body.clone()).await;
    let request = read(&app, &key, &message).await["request"].clone();
    let kept = request["body"].as_str().unwrap();
    assert_eq!((&request["truncated"], body.starts_with(kept)), (&true.into(), true));
    assert!((65_530..=65_536).contains(&kept.len()), "{}", kept.len());
}

#[tokio::test]
async fn a_message_names_the_webhooks_it_caused_to_those_who_may_see_webhooks() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let (key, admin, agent) = (app.key().await, app.admin_key().await, browser(&app, Role::Agent).await);
    for url in ["https://contoh.com/a", "https://contoh.com/b"] {
        let added =
            app.post("/v1/webhooks", json!({"url": url}).to_string()).bearer(&admin).await_answer().await;
        assert_eq!(added.status, StatusCode::OK, "{added}");
    }
    let message = came_in(&app, &device, "6281234567890", "Halo").await;
    came_in(&app, &device, "6281234567891", "Bukan ini").await;
    app.settle_all(DeliveryNext::Dead, 500, None).await;
    let shown = read(&app, &admin, message.as_str()).await;
    assert_eq!(shown["deliveries"].as_array().unwrap().len(), 2);
    assert_snapshot!(mask(&serde_json::to_string_pretty(&shown["deliveries"][0]).unwrap()), @r#"
    {
      "attempts": 1,
      "created_at": "2024-03-05T14:46:40.000Z",
      "endpoint_id": "wh_…",
      "event": "message.received",
      "event_id": "evt_…",
      "finished_at": "2024-03-05T14:46:40.000Z",
      "id": "dlv_…",
      "last_error": "status",
      "last_status": 500,
      "next_attempt_at": null,
      "state": "failed"
    }
    "#);
    let detail = format!("/v1/deliveries/{}", shown["deliveries"][0]["id"].as_str().unwrap());
    let detail = app.get(&detail).bearer(&admin).await_answer().await.json();
    assert!(detail["data"]["body"].as_str().unwrap().contains(message.as_str()), "{detail}");

    let path = format!("/v1/messages/{message}");
    for ask in [app.get(&path).bearer(&key), agent.with(app.get(&path))] {
        let answer = ask.await_answer().await;
        assert_eq!((answer.status, &answer.json()["data"]["deliveries"]), (StatusCode::OK, &Value::Null));
    }
    let ours = sent(&app, &key, "/v1/messages", DOCUMENTS_FIRST).await;
    assert_eq!(read(&app, &admin, &ours).await["deliveries"], json!([]), "nobody was told of it yet");
}

#[tokio::test]
async fn a_message_that_came_in_is_shown_with_what_it_says() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let message = came_in(&app, &device, "6281234567890", "Selamat pagi").await;
    let shown = read(&app, &key, message.as_str()).await;
    assert_snapshot!(mask(&serde_json::to_string_pretty(&shown).unwrap()), @r#"
    {
      "address": "6281234567890",
      "at": "2024-03-05T14:46:40.000Z",
      "attempts": 0,
      "channel": "whatsapp",
      "client_ref": null,
      "content": {
        "text": "Selamat pagi"
      },
      "conversation_id": "cnv_…",
      "deliveries": null,
      "device_id": "dev_…",
      "direction": "in",
      "error": null,
      "id": "msg_…",
      "job_id": null,
      "media_url": null,
      "network_id": "Rmsg_…",
      "request": null,
      "sender": "6281234567890",
      "state": "delivered",
      "state_at": "2024-03-05T14:46:40.000Z",
      "text": "Selamat pagi",
      "type": "text"
    }
    "#);
}

#[tokio::test]
async fn the_log_is_filtered() {
    let app = App::new().await;
    let whatsapp = app.sandbox(Channel::Whatsapp).await;
    let telegram = app.sandbox(Channel::Telegram).await;
    let key = app.key().await;
    let first = sent(&app, &key, "/v1/messages", text("6281234567890", "order-17")).await;
    app.clock.advance(Duration::from_mins(1));
    let second = sent(&app, &key, "/v1/messages", text("6281234567891", "order-18")).await;
    app.clock.advance(Duration::from_mins(1));
    let third = came_in(&app, &whatsapp, "6281234567890", "a").await.to_string();
    app.clock.advance(Duration::from_mins(1));
    let fourth = came_in(&app, &telegram, "6289", "b").await.to_string();
    let job = log(&app, &key, "?search=order-18").await["data"][0]["job_id"].as_str().unwrap().to_owned();
    let cancelled = app.post(&format!("/v1/jobs/{job}/cancel"), "").bearer(&key).await_answer().await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled}");
    let by = |filter: &str| format!("?{filter}");
    for (filter, expected) in [
        (String::new(), vec![&fourth, &third, &second, &first]),
        (by("direction=in"), vec![&fourth, &third]),
        (by("direction=out"), vec![&second, &first]),
        (by("state=cancelled"), vec![&second]),
        (by("state=delivered"), vec![&fourth, &third]),
        (by("channel=telegram"), vec![&fourth]),
        (by(&format!("device_id={whatsapp}")), vec![&third, &second, &first]),
        (by("search=62812345678"), vec![&third, &second, &first]),
        (by("search=order-1"), vec![&second, &first]),
        (by("search=rder-1"), vec![]),
        (by("search=order_1"), vec![]),
        (by(&format!("search={job}")), vec![&second]),
        (by(&format!("search={third}")), vec![&third]),
        (by("since=2024-03-05T14:47:40Z"), vec![&fourth, &third, &second]),
        (by("until=2024-03-05T14:47:40Z"), vec![&first]),
        (by("since=2024-03-05T14:47:40Z&until=2024-03-05T14:48:40Z&direction=out"), vec![&second]),
    ] {
        assert_eq!(every(&app, &key, &filter, "id").await.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    let wrong = "direction=up&state=gone&channel=sms&device_id=x&since=yesterday&until=%20";
    let refused = app.get(&format!("/v1/messages?{wrong}")).bearer(&key).await_answer().await;
    assert_eq!(
        refused.gist(),
        "422 validation_failed · direction: unknown_value · state: unknown_value · channel: unknown_value · device_id: invalid_id · \
         since: invalid_time · until: invalid_time"
    );
}

#[tokio::test]
async fn the_log_comes_in_pages_that_leave_nothing_out() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.insert(0, came_in(&app, &device, &format!("6281234567{n:03}"), "a").await.to_string());
    }
    let (mut found, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = log(&app, &key, &query).await;
        let page_of = page["data"].as_array().unwrap();
        assert!(page_of.len() <= 3);
        found.extend(page_of.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
        // What comes in meanwhile stands before the first page, and moves nothing.
        came_in(&app, &device, "628", "b").await;
        if page["has_more"] == false {
            break;
        }
        query = format!("?limit=3&after={}", page["next_cursor"].as_str().unwrap());
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_log_is_its_workspaces_and_a_key_sees_its_own_kind_and_devices() {
    let app = App::new().await;
    let (one, two) = (app.sandbox(Channel::Whatsapp).await, app.sandbox(Channel::Whatsapp).await);
    let real = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let mut ids = Vec::new();
    for device in [&one, &two, &real] {
        ids.push(came_in(&app, device, "6281234567890", "a").await.to_string());
    }
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let foreign = app.key_in(&elsewhere, |key| key.scopes = vec![Scope::Admin]).await;
    let tied = app.key_with(|key| key.devices = vec![one.clone()]).await;
    let live = app.key_with(|key| key.test = false).await;
    for (name, key, seen) in [
        ("foreign", &foreign, vec![]),
        ("tied", &tied, vec![0]),
        ("test", &app.key().await, vec![1, 0]),
        ("live", &live, vec![2]),
        ("admin", &app.admin_key().await, vec![2, 1, 0]),
    ] {
        let expected: Vec<String> = seen.iter().map(|at: &usize| ids[*at].clone()).collect();
        assert_eq!(every(&app, key, "", "id").await, expected, "{name}");
        for (at, id) in ids.iter().enumerate() {
            let answer = app.get(&format!("/v1/messages/{id}")).bearer(key).await_answer().await;
            let expected = if seen.contains(&at) { "200 ok" } else { "404 not_found" };
            assert_eq!(answer.gist(), expected, "{name} {at}");
        }
    }
    let nothing =
        app.get("/v1/messages/msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50").bearer(&tied).await_answer().await;
    assert_eq!(nothing.gist(), "404 not_found");
}

#[tokio::test]
async fn jobs_are_listed_and_found_without_what_came_in() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let first = sent(&app, &key, "/v1/messages", text("6281234567890", "order-17")).await;
    let second = sent(&app, &key, "/v1/messages", text("6281234567891", "order-18")).await;
    let came_in = came_in(&app, &device, "6281234567890", "a").await;
    let list = async |query: &str| {
        let answer = app.get(&format!("/v1/jobs{query}")).bearer(&key).await_answer().await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer}");
        answer.json()
    };
    let ids = async |query: &str| -> Vec<String> {
        let page = list(query).await;
        let id = |job: &Value| job["message_id"].as_str().unwrap().to_owned();
        page["data"].as_array().unwrap().iter().map(id).collect()
    };
    for (query, expected) in [
        ("", vec![&second, &first]),
        // What was meant for the log of messages is not looked at here.
        ("?direction=in", vec![&second, &first]),
        ("?search=order-17", vec![&first]),
        ("?search=6281234567891", vec![&second]),
        ("?state=failed", vec![]),
    ] {
        assert_eq!(ids(query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    assert_eq!(ids(&format!("?search={came_in}")).await, [""; 0], "it is no job's");
    let page = list("?limit=1").await;
    let job = &page["data"][0];
    assert_snapshot!(mask(&serde_json::to_string_pretty(job).unwrap()), @r#"
    {
      "attempts": 0,
      "channel": "whatsapp",
      "client_ref": "order-18",
      "created_at": "2024-03-05T14:46:40.000Z",
      "error": null,
      "job_id": "job_…",
      "message_id": "msg_…",
      "session_id": "dev_…",
      "status": "queued",
      "to": "6281234567891",
      "type": "text"
    }
    "#);
    assert_eq!(ids(&format!("?limit=1&after={}", page["next_cursor"].as_str().unwrap())).await, [first]);
    let one = app
        .get(&format!("/v1/jobs/{}", job["job_id"].as_str().unwrap()))
        .bearer(&key)
        .await_answer()
        .await
        .json();
    for (name, value) in job.as_object().unwrap() {
        assert_eq!(&one["data"][name], value, "{name}: a line says what the whole says");
    }
    let refused = app.get("/v1/jobs?state=gone&channel=sms").bearer(&key).await_answer().await;
    assert_eq!(refused.gist(), "422 validation_failed · state: unknown_value · channel: unknown_value");
}

#[tokio::test]
async fn a_key_sees_messages_of_its_own_kind_of_devices_only_though_they_were_removed() {
    let app = App::new().await;
    let real = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let simulated = app.sandbox(Channel::Whatsapp).await;
    let [of_real, of_simulated] = [
        came_in(&app, &real, "6281234567890", "rahasia").await,
        came_in(&app, &simulated, "6281234567890", "coba").await,
    ];
    let test = app.key_with(|key| key.scopes = vec![Scope::Messages]).await;
    let live = app.key_with(|key| (key.test, key.scopes) = (false, vec![Scope::Messages])).await;
    let admin = app.admin_key().await;
    for removed in [false, true] {
        if removed {
            for device in [&real, &simulated] {
                let remove = app.ask(Method::DELETE, &format!("/v1/devices/{device}")).bearer(&admin);
                assert_eq!(remove.await_answer().await.gist(), "200 ok");
            }
        }
        for (key, theirs, others) in [(&test, &of_simulated, &of_real), (&live, &of_real, &of_simulated)] {
            let list = app.get("/v1/messages").bearer(key).await_answer().await.json();
            let ids: Vec<&Value> =
                list["data"].as_array().unwrap().iter().map(|message| &message["id"]).collect();
            assert_eq!(ids, [&json!(theirs)], "removed: {removed}");
            let one = app.get(&format!("/v1/messages/{others}")).bearer(key).await_answer().await;
            assert_eq!(one.gist(), "404 not_found", "removed: {removed}");
        }
    }
}
