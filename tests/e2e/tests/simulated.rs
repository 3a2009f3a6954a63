//! A simulated WhatsApp on which everything happens that can happen on the real one, as a customer's server is told of it: what people
//! write, how linking ends, what becomes of a link.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{Answer, Database, Gateway, Home, Receiver, scene};
use serde_json::{Value, json};

const BUDI: &str = "6281234567890";
const GROUP: &str = "120363025246125888@g.us";
const LID: &str = "248133908062273";

/// A server with a sandbox key and a webhook, and its WhatsApp device.
struct Shop {
    home: Home,
    gateway: Gateway,
    receiver: Receiver,
    key: String,
    device: String,
}

impl Shop {
    async fn open(database: &Database) -> Self {
        let home = Home::new(database, "ws://127.0.0.1:9/ws/chat");
        let gateway = home.serve().await;
        let mut receiver = Receiver::start().await;
        home.cli("webhook add", &["--url", receiver.url()]).await.ok();
        let words = ["--name", "toko", "--test", "--scope", "messages,admin"];
        let key = home.cli("key create", &words).await.ok();
        let device =
            home.cli("device add", &["--channel", "whatsapp", "--name", "CS-1", "--sandbox"]).await.ok();
        scene::connected(&mut receiver, &device).await;
        Self { home, gateway, receiver, key, device }
    }

    async fn asked(&self, what: &str, body: &Value) -> Answer {
        self.gateway.post(&self.key, &format!("/v1/devices/{}/{what}", self.device), body).await
    }

    /// Has this done on a simulated phone.
    async fn phone(&self, body: Value) {
        let answer = self.asked("phone", &body).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
    }

    /// What the customer's server is told of it, `from` Budi unless it says otherwise.
    async fn told(&mut self, mut body: Value) -> Value {
        if body["echo"].is_null() && body["from"].is_null() {
            body["from"] = BUDI.into();
        }
        let event = if body["echo"] == true { "message.echo" } else { "message.received" };
        let kind = body["type"].clone();
        self.phone(body).await;
        let wanted =
            |webhook: &cetar_e2e::Webhook| webhook.event() == event && webhook.json["data"]["type"] == kind;
        self.receiver.next("the message", wanted).await.json["data"].clone()
    }

    /// Keeps a file; its address.
    async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.gateway.post_file(&self.key, &format!("/v1/media?filename={name}"), bytes).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"]["media_url"].as_str().expect("an address").to_owned()
    }

    /// The state that is told next with this reason.
    async fn state_with(&mut self, reason: &str) -> Value {
        let device = self.device.clone();
        let wanted = |webhook: &cetar_e2e::Webhook| {
            webhook.event() == "session.state"
                && webhook.json["session_id"] == device.as_str()
                && webhook.json["data"]["reason"] == reason
        };
        self.receiver.next(reason, wanted).await.json["data"].clone()
    }
}

/// Files of each kind, by their first bytes, which is what tells them apart.
const FILES: [(&str, &str, &[u8]); 6] = [
    (
        "image",
        "foto.png",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00",
    ),
    ("video", "film.mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"),
    ("document", "harga.pdf", b"%PDF-1.7\n%abc\n"),
    ("audio", "lagu.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00"),
    ("voice", "suara.ogg", b"OggS\x00\x02\x00\x00"),
    ("sticker", "stiker.webp", b"RIFF\x1a\x00\x00\x00WEBPVP8 \x0e\x00\x00\x00"),
];

async fn everything_people_write(database: Database) {
    let mut shop = Shop::open(&database).await;

    for (kind, name, bytes) in FILES {
        let url = shop.upload(name, bytes).await;
        let captioned = ["image", "video", "document"].contains(&kind);
        let mut body = json!({"type": kind, "media_url": url});
        if captioned {
            body["text"] = "Ini".into();
        }
        let data = shop.told(body).await;
        let there = data["media_url"].as_str().expect("an address");
        assert_ne!(there, url, "of its own");
        let text = if captioned { json!("Ini") } else { Value::Null };
        assert_eq!((&data["text"], &data["media"]["size"]), (&text, &json!(bytes.len())), "{data}");
        assert_eq!((&data["media"]["file_name"], &data["sender_name"]), (&json!(name), &json!("Sandbox")));
        let file = shop.gateway.get_file(there, &[]).await;
        assert_eq!((file.status, &file.body[..]), (200, bytes), "{kind}");
    }

    let data = shop.told(json!({"type": "text", "text": "Halo", "sender_name": "Budi Santoso"})).await;
    assert_eq!((&data["text"], &data["sender_name"]), (&json!("Halo"), &json!("Budi Santoso")));
    let first = data["message_id"].clone();
    let place = json!({"latitude": -6.2, "longitude": 106.8, "name": "Toko", "address": "Jl. Mawar 1"});
    let data = shop.told(json!({"type": "location", "location": place})).await;
    assert_eq!((&data["location"], &data["text"]), (&place, &json!("Toko")));
    let cards = json!([{"name": "Ana", "phones": ["6281234567891"]}]);
    let data = shop.told(json!({"type": "contact", "contacts": cards})).await;
    assert_eq!(data["contacts"], cards);
    let poll = json!({"options": ["Senin", "Selasa"], "several": true});
    let data = shop.told(json!({"type": "poll", "text": "Kapan?", "poll": poll})).await;
    assert_eq!((&data["text"], &data["poll"]), (&json!("Kapan?"), &poll));
    let asked = data["message_id"].clone();
    let vote = json!({"type": "poll_vote", "message_id": asked, "poll": {"options": ["Senin"]}});
    let data = shop.told(vote).await;
    assert_eq!((&data["about"], &data["poll"]["options"]), (&asked, &json!(["Senin"])));
    let data = shop.told(json!({"type": "unsupported", "kind_name": "view_once"})).await;
    assert_eq!(data["kind_name"], "view_once");

    // About a message of ours, by our id.
    let sent = shop.gateway.post(&shop.key, "/v1/messages", &text_through(&shop.device, BUDI)).await;
    shop.receiver.status_of(&sent.job_id(), "message.delivered").await;
    let ours = sent.json["data"]["message_id"].clone();
    let data = shop.told(json!({"type": "reaction", "message_id": ours, "text": "👍"})).await;
    assert_eq!((&data["about"], &data["text"]), (&ours, &json!("👍")));
    let data = shop.told(json!({"type": "reaction", "message_id": ours})).await;
    assert_eq!((&data["about"], &data["text"]), (&ours, &Value::Null), "taken back");
    let data = shop.told(json!({"type": "text", "text": "Mau", "reply_to": ours})).await;
    assert_eq!(data["reply_to"], ours);
    // About one of theirs.
    let data = shop.told(json!({"type": "text", "text": "Eh", "reply_to": first})).await;
    assert_eq!(data["reply_to"], first);
    let data = shop.told(json!({"type": "edited", "message_id": first, "text": "Hai"})).await;
    assert_eq!((&data["about"], &data["text"]), (&first, &json!("Hai")));
    let data = shop.told(json!({"type": "deleted", "message_id": first})).await;
    assert_eq!((&data["about"], &data["text"]), (&first, &Value::Null));
    // The owner takes back on the phone what was sent through us.
    for (kind, text) in [("edited", json!("Ralat")), ("deleted", Value::Null)] {
        let mut act = json!({"type": kind, "message_id": ours, "echo": true, "to": BUDI});
        if text.is_string() {
            act["text"] = text.clone();
        }
        let data = shop.told(act).await;
        assert_eq!((&data["about"], &data["text"]), (&ours, &text), "{data}");
    }
    let pressed = json!({"type": "button", "button_id": "YA", "text": "Ya", "message_id": ours});
    let data = shop.told(pressed).await;
    assert_eq!((&data["button_id"], &data["about"]), (&json!("YA"), &ours));

    let data =
        shop.told(json!({"type": "text", "text": "Setuju", "group_id": GROUP, "sender_name": "Budi"})).await;
    assert_eq!((&data["group_id"], &data["from"]), (&json!(GROUP), &json!(BUDI)), "the sender, and where");
    let data = shop.told(json!({"type": "text", "text": "Sudah", "echo": true, "to": BUDI})).await;
    assert_eq!((&data["to"], &data["text"]), (&json!(BUDI), &json!("Sudah")), "{data}");
    assert_ne!(data["from"], BUDI);

    let body = json!({"type": "text", "text": "Siapa saya?", "from": LID, "from_lid": true, "phone": "6281234567892"});
    let data = shop.told(body).await;
    assert_eq!((&data["from"], &data["from_lid"]), (&json!(LID), &json!(true)));
    let resolved =
        shop.receiver.next("the number", |webhook| webhook.event() == "contact.resolved").await.json;
    assert_eq!(
        (&resolved["data"]["lid"], &resolved["data"]["phone"]),
        (&json!(LID), &json!("6281234567892"))
    );
    shop.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_people_write_is_told_as_on_the_real_network() {
    everything_people_write(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    everything_people_write(Database::postgres().await).await;
}

async fn every_end_of_a_link(database: Database) {
    let mut shop = Shop::open(&database).await;
    // How linking ends: each a state, an event, and what to do.
    for (outcome, next_action) in [
        ("link_expired", "link_again"),
        ("passkey_required", "use_passkey"),
        ("already_linked", "link_again"),
        ("banned", "link_again"),
    ] {
        // A code that nobody types ends once; QRs are replaced before.
        let code = json!({"method": "pairing_code", "phone": "6281234567899", "outcome": outcome});
        let begun = shop.asked("link", &code).await;
        assert_eq!((begun.status, &begun.json["data"]["state"]), (200, &json!("linking")), "{begun:?}");
        let told = shop.state_with(outcome).await;
        assert_eq!(
            (&told["state"], &told["next_action"]),
            (&json!("logged_out"), &json!(next_action)),
            "{outcome}"
        );
    }
    let too_many =
        json!({"method": "pairing_code", "phone": "6281234567899", "outcome": "too_many_attempts"});
    assert_eq!(shop.asked("link", &too_many).await.status, 200);
    scene::state(&mut shop.receiver, &shop.device, "logged_out").await;
    let events = shop.gateway.get_text(&shop.key, &format!("/v1/devices/{}/link/events", shop.device)).await;
    assert!(events.contains("no pairing code for this number now"), "{events}");

    // After each it can be linked again, and after what becomes of a link too.
    for what in ["logged_out", "banned"] {
        assert_eq!(shop.asked("link", &json!({"method": "qr"})).await.status, 200);
        scene::connected(&mut shop.receiver, &shop.device).await;
        shop.phone(json!({"type": what})).await;
        let told = shop.state_with(what).await;
        assert_eq!((&told["state"], &told["next_action"]), (&json!("logged_out"), &json!("link_again")));
        let refused = shop.gateway.post(&shop.key, "/v1/messages", &text_through(&shop.device, BUDI)).await;
        assert_eq!(refused.json["error"]["code"], "device_not_linked", "{refused:?}");
    }
    assert_eq!(shop.asked("link", &json!({"method": "qr", "outcome": "linked"})).await.status, 200);
    scene::connected(&mut shop.receiver, &shop.device).await;

    // Replaced: its messages wait until a person restarts it.
    shop.phone(json!({"type": "replaced_elsewhere"})).await;
    let told = shop.state_with("replaced_elsewhere").await;
    assert_eq!((&told["state"], &told["next_action"]), (&json!("replaced"), &json!("stop_other")));
    let job = shop.gateway.post(&shop.key, "/v1/messages", &text_through(&shop.device, BUDI)).await.job_id();
    shop.home.cli("device restart", &[&shop.device]).await.ok();
    scene::connected(&mut shop.receiver, &shop.device).await;
    shop.receiver.status_of(&job, "message.delivered").await;

    // Lost and back.
    shop.phone(json!({"type": "disconnected", "seconds": 1})).await;
    let told = shop.state_with("disconnected").await;
    assert_eq!((&told["state"], &told["next_action"]), (&json!("connecting"), &json!("wait")));
    scene::connected(&mut shop.receiver, &shop.device).await;

    // Restricted: who has written may be answered, strangers may not, until the time that is told.
    shop.told(json!({"type": "text", "text": "Halo"})).await;
    shop.phone(json!({"type": "restricted", "seconds": 600})).await;
    let told = shop.state_with("restricted").await;
    assert_eq!((&told["state"], &told["next_action"]), (&json!("restricted"), &json!("slow_down")));
    let shown =
        shop.gateway.get(&shop.key, &format!("/v1/devices/{}", shop.device)).await.json["data"].clone();
    assert_eq!(shown["state"], "restricted", "{shown}");
    assert!(shown["until"].is_string() && told["until"].is_i64(), "{shown} {told}");
    let known =
        shop.gateway.post(&shop.key, "/v1/messages", &text_through(&shop.device, BUDI)).await.job_id();
    let stranger = shop
        .gateway
        .post(&shop.key, "/v1/messages", &text_through(&shop.device, "6281234567893"))
        .await
        .job_id();
    shop.receiver.status_of(&known, "message.delivered").await;
    let failed = shop.receiver.status_of(&stranger, "message.failed").await.json;
    assert_eq!(failed["data"]["error"]["code"], "account_restricted", "{failed}");
    shop.gateway.stop().await;
}

fn text_through(device: &str, to: &str) -> Value {
    json!({"channel": "whatsapp", "session_id": device, "type": "text", "to": to, "content": {"text": "Halo"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_linking_and_of_a_link_is_told_as_on_the_real_network() {
    every_end_of_a_link(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_the_same_on_postgresql() {
    every_end_of_a_link(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_does_not_have_is_refused_with_what_it_has_in_both_languages() {
    let shop = Shop::open(&Database::Sqlite).await;
    let devices = shop.gateway.get(&shop.key, "/v1/devices").await.json["data"].clone();
    let of = |channel: &str| {
        let found = devices.as_array().expect("devices").iter().find(|device| device["channel"] == channel);
        found.expect("one of each channel")["id"].as_str().expect("an id").to_owned()
    };
    for (channel, from, body, field, some) in [
        ("telegram", "123456789", json!({"type": "reaction", "text": "👍"}), "type", "poll"),
        (
            "telegram",
            "123456789",
            json!({"type": "text", "text": "x", "echo": true, "to": "1234"}),
            "echo",
            "",
        ),
        ("telegram", "123456789", json!({"type": "logged_out"}), "type", "disconnected"),
        ("messenger", "24567890123456789", json!({"type": "poll", "text": "x"}), "type", "sticker"),
        (
            "instagram",
            "17841400000000001",
            json!({"type": "text", "text": "x", "group_id": "1"}),
            "group_id",
            "",
        ),
        ("whatsapp-official", BUDI, json!({"type": "poll_vote"}), "type", "reaction"),
    ] {
        let mut body = body;
        body["from"] = from.into();
        let path = format!("/v1/devices/{}/phone", of(channel));
        for (language, begins) in
            [("id", "Tidak ada di kanal ini"), ("en", "There is no such thing on this channel")]
        {
            let refused = shop.gateway.post_in(&shop.key, language, &path, &body).await;
            let bad = &refused.json["error"]["fields"][0];
            assert_eq!(
                (refused.status, &bad["field"], &bad["code"]),
                (422, &json!(field), &json!("not_on_channel")),
                "{body}: {refused:?}"
            );
            assert!(bad["message"].as_str().expect("words").starts_with(begins), "{bad}");
            let allowed = bad["allowed"].as_array().map_or(&[][..], Vec::as_slice);
            assert!(some.is_empty() || allowed.contains(&json!(some)), "{bad}");
        }
    }
    shop.gateway.stop().await;
}
