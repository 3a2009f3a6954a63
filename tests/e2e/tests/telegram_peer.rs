//! Our bot against a Bot API that we did not write: `@openclaw/crabline`, from npm. What its makers and we read alike in Telegram's
//! documentation is less likely to be a mistake of ours that our own stand-in shares.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::{path::PathBuf, process::Stdio};

use cetar_e2e::{
    Database, Home, Receiver, Site,
    bot::{self, Front},
    root, scene, within,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// The other one's server.
struct Crabline {
    manifest: Value,
    recorder: PathBuf,
    http: reqwest::Client,
    _child: Child,
    _folder: tempfile::TempDir,
}

impl Crabline {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let recorder = folder.path().join("recorded.jsonl");
        let script = root().join("target/packages/node_modules/@openclaw/crabline/dist/src/bin/crabline.js");
        assert!(script.exists(), "{} is missing: run scripts/setup first", script.display());
        let mut child = Command::new("node")
            .arg(script)
            .args(["--json", "serve", "telegram", "--show-secrets", "--recorder"])
            .arg(&recorder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed (`make test` installs it)");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        // One JSON object over several lines, then it serves.
        let manifest = within("crabline to say where it listens", async {
            let mut text = String::new();
            loop {
                text += &lines.next_line().await.expect("readable").expect("crabline still runs");
                if let Ok(manifest) = serde_json::from_str::<Value>(&text) {
                    return manifest;
                }
            }
        })
        .await;
        let _installed = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the test's own client, on loopback")]
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { manifest, recorder, http, _child: child, _folder: folder }
    }

    fn text(&self, pointer: &str) -> &str {
        self.manifest.pointer(pointer).and_then(Value::as_str).expect("a member of the manifest")
    }

    /// Somebody writes to the bot.
    async fn writes(&self, chat: i64, text: &str) {
        let request = self
            .http
            .post(self.text("/endpoints/adminInboundUrl"))
            .header("X-Crabline-Admin-Token", self.text("/adminToken"))
            .json(&json!({ "chatId": chat, "text": text }));
        let answer: Value =
            within("crabline", request.send()).await.expect("sent").json().await.expect("JSON");
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// The bodies of the calls of a method that it accepted.
    fn accepted(&self, method: &str) -> Vec<Value> {
        let recorded = std::fs::read_to_string(&self.recorder).expect("the record");
        let calls = recorded.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of = format!("/{method}");
        calls
            .filter(|call| {
                call["path"].as_str().is_some_and(|path| path.ends_with(&of)) && call["accepted"] == true
            })
            .map(|call| call["body"].clone())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_api_that_we_did_not_write_agrees_with_us() {
    let peer = Crabline::start().await;
    let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    home.set("CETAR_TELEGRAM__API_URL", peer.text("/endpoints/apiRoot"));
    let gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let key = home.cli("key create", &["--name", "peer"]).await.ok();
    let settings = json!({ "token": peer.text("/botToken") }).to_string();
    let device =
        home.cli_with_input("device add", &["--channel", "telegram", "--name", "Bot"], &settings).await.ok();
    scene::connected(&mut receiver, &device).await;

    peer.writes(111, "Halo dari luar").await;
    let came = receiver.next("the message", |it| it.event() == "message.received").await;
    let data = &came.json["data"];
    assert_eq!((&data["text"], &data["type"]), (&json!("Halo dari luar"), &json!("text")));
    let answered = data["message_id"].as_str().expect("an id");

    let site = Site::start().await;
    let text = json!({ "channel": "telegram", "type": "text", "to": "111", "reply_to": answered, "content": { "text": "Halo 👍" } });
    let picture = json!({
        "channel": "telegram", "type": "image", "to": "111", "media_url": format!("{}/gambar.jpg", site.url()),
        "content": { "caption": "Promo" },
    });
    for body in [&text, &picture] {
        let job = gateway.post(&key, "/v1/messages", body).await.job_id();
        receiver.status_of(&job, "message.sent").await;
    }
    let sent = peer.accepted("sendMessage");
    assert_eq!((sent.len(), &sent[0]["text"], &sent[0]["chat_id"]), (1, &json!("Halo 👍"), &json!(111)));
    assert_eq!(peer.accepted("sendPhoto")[0]["caption"], "Promo");
    assert!(!peer.accepted("getUpdates").is_empty(), "it was asked, not told");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_api_that_we_did_not_write_pushes_to_us_with_the_secret_we_gave_it() {
    let peer = Crabline::start().await;
    let front = Front::start().await;
    let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    home.set("CETAR_TELEGRAM__API_URL", peer.text("/endpoints/apiRoot"));
    home.set("CETAR_PUBLIC_URL", front.url());
    let gateway = home.serve().await;
    front.leads_to(&gateway);
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let key = home.cli("key create", &["--name", "peer"]).await.ok();
    let settings = json!({ "token": peer.text("/botToken"), "updates": "webhook" });
    let device = bot::add_with(&home, "Bot", &settings).await.ok();
    scene::connected(&mut receiver, &device).await;

    for text in ["satu", "dua"] {
        peer.writes(111, text).await;
        let came = receiver.next(text, |it| it.json["data"]["text"] == text).await;
        assert_eq!((came.event(), &came.json["session_id"]), ("message.received", &json!(device)));
    }
    let set = peer.accepted("setWebhook");
    assert_eq!(set[0]["url"], format!("{}/callbacks/telegram/{device}", front.url()));
    assert!(peer.accepted("getUpdates").is_empty(), "it told, and was not asked");
    let body = json!({ "channel": "telegram", "type": "text", "to": "111", "content": { "text": "Halo" } });
    let job = gateway.post(&key, "/v1/messages", &body).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    gateway.stop().await;
}
