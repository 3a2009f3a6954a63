//! Events pulled and followed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{Channel, DeviceId, Role};
use cetar_store::Scope;
use futures::StreamExt;
use insta::assert_snapshot;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Ask, mask},
    people::browser,
};

/// Sends a message and waits for the event that tells of it.
async fn sent(app: &App, key: &str) -> String {
    let job = app.send(key).await;
    let path = format!("/v1/jobs/{job}");
    app.until(async |app| app.get(&path).bearer(key).await_answer().await.json()["data"]["status"] == "sent")
        .await;
    job
}

/// An app that runs, with a sandbox device; and a key without a limit that a test could run into.
async fn running() -> (App, DeviceId, String) {
    let mut app =
        App::with(cetar_server::Face::Public, |options| options.requests_per_minute = 1_000_000).await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    app.run().await;
    (app, device, key)
}

async fn pull(app: &App, key: &str, query: &str) -> Value {
    let answer = app.get(&format!("/v1/events{query}")).bearer(key).await_answer().await;
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

/// Every event a key sees, in pages of this size.
async fn pull_all(app: &App, key: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), format!("?limit={limit}"));
    loop {
        let page = pull(app, key, &query).await;
        let events = page["data"].as_array().unwrap();
        assert!(events.len() <= limit);
        all.extend(events.iter().cloned());
        if page["has_more"] == false {
            return all;
        }
        query = format!("?limit={limit}&after={}", page["next_cursor"].as_str().unwrap());
    }
}

fn of_messages(events: &[Value]) -> Vec<&Value> {
    events.iter().filter(|event| event["event"] == "message.sent").collect()
}

/// A reader of `/v1/stream`.
struct Reader<'a> {
    app: &'a App,
    body: BodyDataStream,
    text: String,
}

impl<'a> Reader<'a> {
    async fn connect(app: &'a App, key: &str, last: Option<&str>) -> Self {
        let ask = app.get("/v1/stream").bearer(key);
        let ask = if let Some(last) = last { ask.header("last-event-id", last) } else { ask };
        Self::open(app, ask).await
    }

    async fn open(app: &'a App, ask: Ask<'a>) -> Self {
        let response = ask.begin().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut reader = Self { app, body: response.into_body().into_data_stream(), text: String::new() };
        let first = reader.part().await.unwrap();
        assert!(first.starts_with("id: ") && first.contains("retry: 1000"), "{first}");
        reader
    }

    /// The next part, up to its empty line; none at the end. Every step of the engine lets a moment pass, so that the reader
    /// looks again.
    async fn part(&mut self) -> Option<String> {
        let mut progress = self.app.engine.progress();
        loop {
            if let Some((part, rest)) = self.text.split_once("\n\n") {
                let (part, rest) = (part.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(part);
            }
            tokio::select! {
                bytes = self.body.next() => match bytes {
                    Some(bytes) => self.text += std::str::from_utf8(&bytes.unwrap()).unwrap(),
                    None => return None,
                },
                _ = progress.changed() => self.app.clock.advance(Duration::from_millis(50)),
            }
        }
    }

    /// The id and the data of the next event of a message.
    async fn message(&mut self) -> (String, Value) {
        loop {
            let part = self.part().await.unwrap();
            let field = |name: &str| part.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let Some(data) = field("data: ") else { continue };
            let data: Value = serde_json::from_str(&data).unwrap();
            if data["event"] == "message.sent" {
                return (field("id: ").unwrap(), data);
            }
        }
    }
}

fn cursor(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn events_are_pulled_page_by_page_and_the_cursor_goes_on_from_the_end() {
    let (app, _, key) = running().await;
    let first = sent(&app, &key).await;
    sent(&app, &key).await;
    let all = pull_all(&app, &key, 100).await;
    assert_eq!(pull_all(&app, &key, 1).await, all, "pages of any size, the same stream");
    let messages = of_messages(&all);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["data"]["job_id"], first.as_str());
    let sequences: Vec<i64> = all.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
    let mut shown = messages[1].clone();
    // How often the device spoke before is not the point here.
    shown["sequence"] = 0.into();
    assert_snapshot!(mask(&serde_json::to_string_pretty(&shown).unwrap()), @r#"
    {
      "channel": "whatsapp",
      "created_at": "2024-03-05T14:46:40.000Z",
      "data": {
        "client_ref": null,
        "error": null,
        "job_id": "job_…",
        "message_id": "msg_…",
        "sequence": 2,
        "status": "sent",
        "timestamp": 1709650000,
        "to": "6281234567890"
      },
      "event": "message.sent",
      "id": "evt_…",
      "sequence": 0,
      "session_id": "dev_…"
    }
    "#);

    let end = pull(&app, &key, "?limit=100").await;
    assert_eq!(end["has_more"], false);
    let after = format!("?after={}", end["next_cursor"].as_str().unwrap());
    let nothing = pull(&app, &key, &after).await;
    assert_eq!((&nothing["data"], &nothing["next_cursor"]), (&serde_json::json!([]), &end["next_cursor"]));
    let third = sent(&app, &key).await;
    let page = pull(&app, &key, &after).await;
    assert_eq!(of_messages(page["data"].as_array().unwrap())[0]["data"]["job_id"], third.as_str());
}

#[tokio::test]
async fn a_key_sees_the_events_of_its_own_devices() {
    let (app, device, key) = running().await;
    let other = app.sandbox(Channel::Whatsapp).await;
    let tied = app.key_with(|key| key.devices = vec![other.clone()]).await;
    let one = app.key_with(|key| key.devices = vec![device.clone()]).await;
    let live = app.key_with(|key| key.test = false).await;
    let live_admin = app.key_with(|key| (key.test, key.scopes) = (false, vec![Scope::Admin])).await;
    sent(&app, &tied).await;
    sent(&app, &one).await;
    sent(&app, &one).await;
    for (key, messages) in [(&key, 3), (&tied, 1), (&one, 2), (&live, 0), (&live_admin, 3)] {
        assert_eq!(of_messages(&pull_all(&app, key, 2).await).len(), messages);
    }
    let cursor = pull(&app, &live, "").await["next_cursor"].clone();
    assert_ne!(cursor, Value::Null, "who sees nothing gets on all the same");
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_is_refused_and_not_passed_over() {
    let (app, _, key) = running().await;
    sent(&app, &key).await;
    pull_all(&app, &key, 100).await;
    let far = cursor("9999.evt_0199c3a0b6f47c3e9d3a5b1c2d3e4f50");
    let other = cursor("1.evt_0199c3a0b6f47c3e9d3a5b1c2d3e4f50");
    let device = cursor("dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50");
    for (after, expected) in [
        (far.as_str(), "422 cursor_expired"),
        (&other, "422 cursor_expired"),
        (&device, "422 validation_failed · after: invalid_cursor"),
        ("***", "422 validation_failed · after: invalid_cursor"),
    ] {
        for path in ["/v1/events", "/v1/stream"] {
            let answer = app.get(&format!("{path}?after={after}")).bearer(&key).await_answer().await;
            assert_eq!(answer.gist(), expected, "{path} {after}");
        }
    }
    let answer = app.get("/v1/stream").bearer(&key).header("last-event-id", "x").await_answer().await;
    assert_eq!(answer.gist(), "422 validation_failed · Last-Event-ID: invalid_cursor");
    let answer =
        app.get("/v1/stream").bearer(&key).header("last-event-id", &far).english().await_answer().await;
    assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "cursor_expired",
        "request_id": "req_…"
      },
      "message": "Events after this cursor are not kept any more, or the cursor is from before a backup was restored: some were missed. Begin again without after (or Last-Event-ID), from the oldest event that is kept.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_follower_gets_what_happens_and_after_a_cut_what_happened_meanwhile() {
    let (app, _, key) = running().await;
    sent(&app, &key).await;
    let mut reader = Reader::connect(&app, &key, None).await;
    let live = sent(&app, &key).await;
    let (id, event) = reader.message().await;
    assert_eq!(event["data"]["job_id"], live.as_str(), "from now on, not from the beginning");
    drop(reader);
    let missed = [sent(&app, &key).await, sent(&app, &key).await];
    let mut reader = Reader::connect(&app, &key, Some(&id)).await;
    for missed in &missed {
        assert_eq!(reader.message().await.1["data"]["job_id"], missed.as_str());
    }
    let pulled = pull(&app, &key, &format!("?after={id}")).await;
    assert_eq!(of_messages(pulled["data"].as_array().unwrap()).len(), 2, "the ids are cursors of the list");
}

#[tokio::test]
async fn a_reader_that_is_slow_gets_everything_later() {
    let (app, _, key) = running().await;
    let mut reader = Reader::connect(&app, &key, None).await;
    let mut jobs = Vec::new();
    for _ in 0..130 {
        jobs.push(sent(&app, &key).await);
    }
    for job in &jobs {
        assert_eq!(reader.message().await.1["data"]["job_id"], job.as_str());
    }
}

#[tokio::test]
async fn a_quiet_stream_says_every_fifteen_seconds_where_it_stands() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let mut reader = Reader::connect(&app, &app.key().await, None).await;
    for _ in 0..2 {
        let (part, ()) = tokio::join!(reader.part(), async { app.clock.advance(Duration::from_secs(15)) });
        let part = part.unwrap();
        assert!(part.contains("id: ") && part.lines().any(|line| line.starts_with(':')), "{part}");
        assert!(!part.contains("data:"), "{part}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_server_and_with_its_key() {
    let stop = CancellationToken::new();
    let app = App::with(cetar_server::Face::Public, |options| options.stop = stop.clone()).await;
    let admin = app.admin_key().await;
    let made = app
        .post("/v1/api-keys", Body::from(r#"{"name":"x","test":true}"#))
        .bearer(&admin)
        .await_answer()
        .await;
    let made = made.json()["data"].clone();
    let mut revoked = Reader::connect(&app, made["key"].as_str().unwrap(), None).await;
    let mut stopped = Reader::connect(&app, &admin, None).await;

    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    let answer = app.ask(axum::http::Method::DELETE, &path).bearer(&admin).await_answer().await;
    assert_eq!(answer.status, 200, "{answer}");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(revoked.part().await, None, "its key does not hold any more");

    stop.cancel();
    assert_eq!(stopped.part().await, None);
}

#[tokio::test]
async fn a_workspace_has_a_bounded_number_of_streams() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Reader::connect(&app, &admin, None).await);
    }
    let refused = app.get("/v1/stream").bearer(&admin).await_answer().await;
    assert_eq!((refused.gist().as_str(), refused.header("retry-after")), ("429 too_many_streams", "15"));
    open.pop();
    Reader::connect(&app, &admin, None).await;
}

#[tokio::test]
async fn keys_take_no_stream_from_people_and_people_none_from_their_colleagues() {
    let app = App::new().await;
    let (admin, one, other) =
        (app.admin_key().await, browser(&app, Role::Agent).await, browser(&app, Role::Admin).await);
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Reader::connect(&app, &admin, None).await);
    }
    for _ in 0..16 {
        open.push(Reader::open(&app, one.with(app.get("/v1/stream"))).await);
    }
    let refused = one.with(app.get("/v1/stream")).english().await_answer().await;
    assert_snapshot!(refused, @r#"
    429
    {
      "error": {
        "code": "too_many_streams",
        "request_id": "req_…"
      },
      "message": "You have too many tabs open. Close those not in use, then try again.",
      "success": false
    }
    "#);
    open.push(Reader::open(&app, other.with(app.get("/v1/stream"))).await);
}

#[tokio::test]
async fn a_page_that_is_only_left_open_keeps_no_session_alive() {
    let app = App::new().await;
    let browser = browser(&app, Role::Agent).await;
    let mut reader = Reader::open(&app, browser.with(app.get("/v1/stream"))).await;
    for hour in 1..12 {
        app.clock.advance(Duration::from_hours(1));
        assert!(reader.part().await.is_some(), "at hour {hour}");
    }
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(reader.part().await, None, "twelve hours without use");
}
