//! The inbox: conversations, what is in them, and the people.

use std::time::Duration;

use axum::http::Method;
use cetar_model::{Channel, Chat, Clock as _, Content, DeviceId, Media, MediaId, MediaSource, Role};
use cetar_store::{DeviceLease, NewInbound, NewReach};
use insta::assert_snapshot;
use serde_json::Value;

use crate::{
    app::{App, mask},
    people::{Browser, browser},
};

/// A device whose session is the test itself.
pub(crate) struct Line<'a> {
    app: &'a App,
    device: DeviceId,
    lease: DeviceLease,
}

impl<'a> Line<'a> {
    pub(crate) async fn of(app: &'a App, channel: Channel) -> Self {
        let device = app.sandbox(channel).await;
        let until = app.clock.now() + Duration::from_hours(24);
        let lease = app.engine.store().lease_device(&device, "node", app.clock.now(), until).await.unwrap();
        Self { app, device, lease: lease.unwrap() }
    }

    async fn came_in(&self, from: &str, name: &str, content: Content) {
        let now = self.app.clock.now();
        let message: cetar_model::MessageId = self.app.id();
        let inbound = NewInbound {
            remote_id: format!("R{message}"),
            message,
            event: self.app.id(),
            conversation: self.app.id(),
            contact: self.app.id(),
            device: self.device.clone(),
            lease: Some(self.lease),
            chat: Chat::new(from),
            from: Chat::new(from),
            from_alias: false,
            group: false,
            echo: false,
            sender_name: Some(name.to_owned()),
            content,
            wanted: None,
            media_url: None,
            reply_to: None,
            raw: None,
            sent_at: now,
            now,
        };
        assert!(self.app.engine.store().take_in(inbound).await.unwrap());
        self.app.clock.advance(Duration::from_secs(1));
    }

    pub(crate) async fn wrote(&self, from: &str, name: &str, text: &str) {
        self.came_in(from, name, Content::Text { text: text.to_owned() }).await;
    }
}

async fn get(app: &App, who: &Browser, path: &str) -> Value {
    let answer = who.with(app.get(path)).await_answer().await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.json()
}

async fn names(app: &App, who: &Browser, query: &str) -> Vec<String> {
    let list = get(app, who, &format!("/v1/conversations{query}")).await;
    let name = |it: &Value| it["contact"]["name"].as_str().unwrap_or("?").to_owned();
    list["data"].as_array().unwrap().iter().map(name).collect()
}

async fn act(app: &App, who: &Browser, path: &str, body: &str) -> String {
    who.with(app.post(path, body.to_owned())).await_answer().await.gist()
}

#[tokio::test]
async fn what_comes_in_stands_on_top_with_its_words_and_a_count() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let line = Line::of(&app, Channel::Whatsapp).await;
    line.wrote("6281234567890", "Budi", "Halo").await;
    line.wrote("6281234567891", "Ani", "Selamat pagi").await;
    line.wrote("6281234567890", "Budi", "Ada orang?").await;
    assert_eq!(names(&app, &agent, "").await, ["Budi", "Ani"]);
    let list = get(&app, &agent, "/v1/conversations?limit=1").await;
    assert_snapshot!(mask(&serde_json::to_string_pretty(&list["data"][0]).unwrap()), @r#"
    {
      "assigned_to": null,
      "channel": "whatsapp",
      "contact": {
        "address": "6281234567890",
        "id": "ctc_…",
        "name": "Budi"
      },
      "device_id": "dev_…",
      "group": false,
      "id": "cnv_…",
      "last_message": {
        "at": "2024-03-05T14:46:42.000Z",
        "direction": "in",
        "state": "delivered",
        "text": "Ada orang?",
        "type": "text"
      },
      "state": "open",
      "unreachable_since": null,
      "unread": 2,
      "updated_at": "2024-03-05T14:46:42.000Z",
      "window_until": null
    }
    "#);
    let after = list["next_cursor"].as_str().unwrap();
    assert_eq!(names(&app, &agent, &format!("?limit=1&after={after}")).await, ["Ani"]);
    let id = list["data"][0]["id"].as_str().unwrap();
    assert_eq!(get(&app, &agent, &format!("/v1/conversations/{id}")).await["data"], list["data"][0]);

    let messages = get(&app, &agent, &format!("/v1/conversations/{id}/messages?limit=1")).await;
    assert_snapshot!(mask(&serde_json::to_string_pretty(&messages["data"][0]).unwrap()), @r#"
    {
      "at": "2024-03-05T14:46:42.000Z",
      "content": {
        "text": "Ada orang?"
      },
      "direction": "in",
      "echo": false,
      "error": null,
      "id": "msg_…",
      "job_id": null,
      "media_url": null,
      "network_id": "Rmsg_…",
      "reply_to": null,
      "sender": "6281234567890",
      "state": "delivered",
      "state_at": "2024-03-05T14:46:42.000Z",
      "type": "text"
    }
    "#);
    let next = format!("/v1/conversations/{id}/messages?after={}", messages["next_cursor"].as_str().unwrap());
    assert_eq!(get(&app, &agent, &next).await["data"][0]["content"]["text"], "Halo");
}

#[tokio::test]
async fn the_list_is_narrowed_by_what_is_asked_for() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let (whatsapp, telegram) =
        (Line::of(&app, Channel::Whatsapp).await, Line::of(&app, Channel::Telegram).await);
    whatsapp.wrote("6281234567890", "Budi Santoso", "a").await;
    whatsapp.wrote("6281234567891", "Ani_100%", "b").await;
    telegram.wrote("4711", "Cici", "c").await;
    let list = get(&app, &agent, "/v1/conversations").await["data"].clone();
    let id = |at: usize| list[at]["id"].as_str().unwrap().to_owned();
    let me = get(&app, &agent, "/v1/session").await["data"]["user"]["id"].as_str().unwrap().to_owned();
    let path = |id: &str, what: &str| format!("/v1/conversations/{id}/{what}");
    assert_eq!(act(&app, &agent, &path(&id(0), "read"), "").await, "200 ok");
    assert_eq!(act(&app, &agent, &path(&id(1), "resolve"), "").await, "200 ok");
    assert_eq!(
        act(&app, &agent, &path(&id(2), "assign"), &format!(r#"{{"user_id":"{me}"}}"#)).await,
        "200 ok"
    );
    for (query, expected) in [
        ("", &["Cici", "Ani_100%", "Budi Santoso"][..]),
        ("?channel=telegram", &["Cici"]),
        (&format!("?device_id={}", whatsapp.device), &["Ani_100%", "Budi Santoso"]),
        ("?state=open", &["Cici", "Budi Santoso"]),
        ("?state=resolved", &["Ani_100%"]),
        ("?unread=true", &["Budi Santoso"]),
        ("?unread=true&state=resolved", &[]),
        ("?assigned=me", &["Budi Santoso"]),
        (&format!("?assigned={me}&channel=whatsapp"), &["Budi Santoso"]),
        ("?assigned=nobody", &["Cici", "Ani_100%"]),
        ("?search=santo", &["Budi Santoso"]),
        ("?search=34567891", &["Ani_100%"]),
        ("?search=_100%25", &["Ani_100%"]),
        ("?search=%25", &["Ani_100%"]),
        ("?search=zzz", &[]),
    ] {
        assert_eq!(names(&app, &agent, query).await, expected, "{query}");
    }
    let wrong = agent.with(app.get("/v1/conversations?state=x&channel=sms")).await_answer().await;
    assert_eq!(wrong.gist(), "422 validation_failed · state: unknown_value · channel: unknown_value");
    let nobody = r#"{"user_id":"usr_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"}"#;
    assert_eq!(
        act(&app, &agent, &path(&id(0), "assign"), nobody).await,
        "422 validation_failed · user_id: no_such_user"
    );
    assert_eq!(act(&app, &agent, &path(&id(2), "assign"), r#"{"user_id":null}"#).await, "200 ok");
    assert_eq!(names(&app, &agent, "?assigned=me").await, [""; 0]);
    let missing = "/v1/conversations/cnv_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/resolve";
    assert_eq!(act(&app, &agent, missing, "").await, "404 not_found");
}

#[tokio::test]
async fn a_resolved_conversation_opens_when_the_other_side_writes_again() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let line = Line::of(&app, Channel::Whatsapp).await;
    line.wrote("6281234567890", "Budi", "a").await;
    let id = get(&app, &agent, "/v1/conversations").await["data"][0]["id"].as_str().unwrap().to_owned();
    act(&app, &agent, &format!("/v1/conversations/{id}/resolve"), "").await;
    let reaction = Content::Reaction { message: "R1".into(), emoji: "👍".into() };
    line.came_in("6281234567890", "Budi", reaction).await;
    let it = get(&app, &agent, &format!("/v1/conversations/{id}")).await["data"].clone();
    assert_eq!(
        (&it["state"], &it["unread"]),
        (&"resolved".into(), &0.into()),
        "a reaction is nothing to answer"
    );
    line.wrote("6281234567890", "Budi", "b").await;
    let it = get(&app, &agent, &format!("/v1/conversations/{id}")).await["data"].clone();
    assert_eq!((&it["state"], &it["unread"]), (&"open".into(), &1.into()));
}

#[tokio::test]
async fn who_wants_no_messages_any_more_is_marked_until_they_write_again() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let line = Line::of(&app, Channel::Telegram).await;
    line.wrote("6281234567890", "Budi", "a").await;
    let now = app.clock.now();
    let blocked = NewReach {
        device: line.device.clone(),
        lease: line.lease,
        remote_id: "u1".to_owned(),
        chat: Chat::new("6281234567890"),
        reachable: false,
        at: now,
        now,
    };
    assert!(app.engine.store().note_reach(blocked).await.unwrap());
    let since = async || get(&app, &agent, "/v1/conversations").await["data"][0]["unreachable_since"].clone();
    assert_eq!(since().await, "2024-03-05T14:46:41.000Z");
    line.wrote("6281234567890", "Budi", "b").await;
    assert_eq!(since().await, Value::Null);
}

#[tokio::test]
async fn colleagues_note_things_and_the_stream_tells_of_what_they_do() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let line = Line::of(&app, Channel::Whatsapp).await;
    line.wrote("6281234567890", "Budi", "a").await;
    let id = get(&app, &agent, "/v1/conversations").await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{id}/notes");
    assert_eq!(act(&app, &agent, &path, r#"{"text":"Minta diskon"}"#).await, "200 ok");
    assert_eq!(act(&app, &agent, &path, r#"{"text":" "}"#).await, "422 validation_failed · text: empty");
    let note = get(&app, &agent, &path).await["data"][0].clone();
    assert_eq!((&note["text"], &note["author"]), (&"Minta diskon".into(), &"agent@contoh.com".into()));
    act(&app, &agent, &format!("/v1/conversations/{id}/read"), "").await;
    act(&app, &agent, &format!("/v1/conversations/{id}/read"), "").await;
    let events = get(&app, &agent, "/v1/events?limit=100").await["data"].clone();
    let told: Vec<&Value> =
        events.as_array().unwrap().iter().filter(|event| event["event"] == "conversation.updated").collect();
    assert_eq!(told.len(), 2, "what changes nothing is not told");
    assert_snapshot!(mask(&told[1]["data"].to_string()), @r#"{"assigned_to":null,"chat":"6281234567890","conversation_id":"cnv_…","resolved":false,"timestamp":1709650001,"unread":0}"#);
}

#[tokio::test]
async fn where_a_network_keeps_a_medium_is_not_told_and_ours_is_given_out() {
    let app = App::new().await;
    let agent = browser(&app, Role::Agent).await;
    let line = Line::of(&app, Channel::Whatsapp).await;
    let media = Media {
        content_type: Some("image/jpeg".into()),
        ..Media::of(MediaSource::Stored(app.id::<MediaId>()))
    };
    line.came_in("6281234567890", "Budi", Content::Image { media, caption: Some("Ini".into()) }).await;
    let list = get(&app, &agent, "/v1/conversations").await["data"].clone();
    assert_eq!(
        (&list[0]["last_message"]["text"], &list[0]["last_message"]["type"]),
        (&"Ini".into(), &"image".into())
    );
    let path = format!("/v1/conversations/{}/messages", list[0]["id"].as_str().unwrap());
    let message = get(&app, &agent, &path).await["data"][0].clone();
    assert_eq!(
        message["content"],
        serde_json::json!({"media": {"content_type": "image/jpeg"}, "caption": "Ini"})
    );
    assert!(message["media_url"].as_str().unwrap().starts_with("/media/med_"), "{message}");
}

#[tokio::test]
async fn a_contact_is_named_found_and_forgotten_with_everything() {
    let app = App::new().await;
    let (agent, admin) = (browser(&app, Role::Agent).await, browser(&app, Role::Admin).await);
    let (whatsapp, telegram) =
        (Line::of(&app, Channel::Whatsapp).await, Line::of(&app, Channel::Telegram).await);
    whatsapp.wrote("6281234567890", "Budi", "rahasia").await;
    whatsapp.wrote("6281234567891", "Ani", "b").await;
    telegram.wrote("6281234567890", "Bukan Budi", "c").await;
    let found = get(&app, &agent, "/v1/contacts?search=budi").await["data"].clone();
    let id = found[1]["id"].as_str().unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[1]["name"]), (2, &"Budi".into()));
    let path = format!("/v1/contacts/{id}");
    let change = |body: &'static str| app.ask_with(Method::PATCH, &path, body);
    assert_eq!(agent.with(change("{}")).await_answer().await.gist(), "403 role_missing");
    let changed =
        admin.with(change(r#"{"name":"Pak Budi","labels":["vip"],"note":"Suka kopi"}"#)).await_answer().await;
    assert_snapshot!(changed, @r#"
    200
    {
      "data": {
        "address": "6281234567890",
        "channel": "whatsapp",
        "created_at": "2024-03-05T14:46:40.000Z",
        "id": "ctc_…",
        "labels": [
          "vip"
        ],
        "name": "Pak Budi",
        "note": "Suka kopi",
        "profile_name": "Budi",
        "seen_at": "2024-03-05T14:46:40.000Z"
      },
      "message": "Tersimpan.",
      "success": true
    }
    "#);
    assert_eq!(names(&app, &agent, "?search=pak").await, ["Pak Budi"]);
    admin.with(change(r#"{"name":""}"#)).await_answer().await;
    assert_eq!(names(&app, &agent, "?search=6281234567890&channel=whatsapp").await, ["Budi"]);

    let erased = admin.with(app.ask(Method::DELETE, &path)).await_answer().await;
    assert_eq!(erased.gist(), "200 ok");
    assert_eq!(agent.with(app.get(&path)).await_answer().await.gist(), "404 not_found");
    assert_eq!(names(&app, &agent, "").await, ["Bukan Budi", "Ani"], "of that channel alone");
    let events = admin.with(app.get("/v1/events?limit=100")).await_answer().await;
    assert!(!events.body.contains("rahasia") && events.body.contains(r#""event":"erased""#), "{events}");
    // Who writes again is somebody new.
    whatsapp.wrote("6281234567890", "Budi", "lagi").await;
    assert_eq!(names(&app, &agent, "?search=budi&channel=whatsapp").await, ["Budi"]);
}

#[tokio::test]
async fn an_inbox_is_its_workspaces_and_a_tied_key_sees_its_devices() {
    let app = App::new().await;
    let (one, two) = (Line::of(&app, Channel::Whatsapp).await, Line::of(&app, Channel::Whatsapp).await);
    one.wrote("6281234567890", "Budi", "a").await;
    for n in 0..3 {
        two.wrote(&format!("62812345678{n}0"), "Ani", "b").await;
    }
    let tied = app
        .key_with(|key| {
            (key.scopes, key.devices) = (vec![cetar_store::Scope::Admin], vec![one.device.clone()]);
        })
        .await;
    let list = app.get("/v1/conversations?limit=1").bearer(&tied).await_answer().await.json();
    assert_eq!((&list["data"][0]["contact"]["name"], &list["has_more"]), (&"Budi".into(), &false.into()));
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let other = app.key_in(&elsewhere, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    let id = list["data"][0]["id"].as_str().unwrap();
    for path in ["/v1/conversations".to_owned(), "/v1/contacts".to_owned()] {
        assert_eq!(app.get(&path).bearer(&other).await_answer().await.json()["data"], serde_json::json!([]));
    }
    for what in ["", "/messages", "/notes"] {
        let path = format!("/v1/conversations/{id}{what}");
        assert_eq!(app.get(&path).bearer(&other).await_answer().await.gist(), "404 not_found", "{path}");
    }
}
