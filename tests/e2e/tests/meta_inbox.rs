//! What the official WhatsApp brings to the inbox: files, the text of templates, and people who change their number.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{Database, Site, meta::MetaScene, within};
use cetar_simulator_graph::Simulator;
use serde_json::{Value, json};

const BUDI: &str = "6281234567890";

/// A scene with a key that may read the inbox.
struct Inbox {
    scene: MetaScene,
    key: String,
}

impl Inbox {
    async fn open(database: &Database) -> Self {
        let scene = MetaScene::set(database).await;
        let words = ["--name", "inbox", "--scope", "messages,admin"];
        let key = scene.home.cli("key create", &words).await.ok();
        Self { scene, key }
    }

    async fn page(&self, path: &str) -> Vec<Value> {
        let answer = self.scene.gateway.get(&self.key, path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"].as_array().expect("a page").clone()
    }

    /// The only conversation, and its messages, newest first.
    async fn conversation(&self) -> (Value, Vec<Value>) {
        let all = self.page("/v1/conversations").await;
        assert_eq!(all.len(), 1, "{all:?}");
        let id = all[0]["id"].as_str().expect("an id");
        (all[0].clone(), self.page(&format!("/v1/conversations/{id}/messages")).await)
    }

    async fn told(&self, value: &Value) {
        assert_eq!(self.scene.graph.tell(&self.scene.number, value).await, Ok(200));
    }
}

async fn a_picture(database: Database) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::Digest as _;
    let inbox = Inbox::open(&database).await;
    let graph = &inbox.scene.graph;
    let id = graph.add_media("image/jpeg", Site::JPEG);
    let hash = STANDARD.encode(sha2::Sha256::digest(Site::JPEG));
    let image = json!({"id": id, "mime_type": "image/jpeg", "sha256": hash, "caption": "Bukti transfer"});
    let message = json!({"type": "image", "image": image});
    inbox.told(&Simulator::message(&inbox.scene.number, BUDI, "wamid.IN1", message)).await;

    let (_, messages) = inbox.conversation().await;
    let shown = &messages[0];
    assert_eq!((&shown["type"], &shown["content"]["caption"]), (&json!("image"), &json!("Bukti transfer")));
    let url = shown["media_url"].as_str().expect("an address of ours").to_owned();
    assert!(url.starts_with(&inbox.scene.gateway.base), "{url}");
    let file = within("the picture", async {
        loop {
            let file = inbox.scene.gateway.get_file(&url, &[]).await;
            if file.status != 503 {
                return file;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((file.status, &file.body[..]), (200, Site::JPEG));
    assert_eq!(file.headers["content-type"], "image/jpeg");
    // Looked up by its id, read with the token, once; then it is ours.
    let looked_up = graph.requests().iter().filter(|it| it.method == "GET" && it.path == id).count();
    assert_eq!((looked_up, graph.file_requests()), (1, 1));
    assert_eq!(inbox.scene.gateway.get_file(&url, &[]).await.status, 200);
    assert_eq!(graph.file_requests(), 1);
    assert_eq!(
        inbox.scene.gateway.get_file(&format!("{url}x"), &[]).await.status,
        404,
        "by its signature only"
    );
    inbox.scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_comes_in_is_read_from_meta_kept_and_served_on_sqlite() {
    a_picture(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_comes_in_is_read_from_meta_kept_and_served_on_postgres() {
    a_picture(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_shown_as_its_reader_sees_it() {
    let mut inbox = Inbox::open(&Database::Sqlite).await;
    let components = json!([
        {"type": "HEADER", "format": "TEXT", "text": "Pesanan {{1}}"},
        {"type": "BODY", "text": "Halo {{1}}, tagihan {{2}} jatuh tempo {{3}}."},
        {"type": "FOOTER", "text": "Toko Budi"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Sudah bayar"}]},
    ]);
    inbox.scene.graph.add_template(
        &inbox.scene.number.waba,
        json!({"id": "1", "name": "tagihan", "language": "id", "status": "APPROVED", "category": "UTILITY",
            "rejected_reason": "NONE", "components": components}),
    );
    let body = json!({"to": BUDI, "type": "template", "template_name": "tagihan", "language": "id",
        "components": {"header_text": "42", "body_variables": ["Budi Santoso", "Rp 500.000", "25 Maret 2026"]}});
    let job = inbox.scene.gateway.post(&inbox.scene.key, "/v1/meta/messages", &body).await.job_id();
    inbox.scene.receiver.status_of(&job, "message.read").await;
    let seen = "Pesanan 42\n\nHalo Budi Santoso, tagihan Rp 500.000 jatuh tempo 25 Maret 2026.\n\nToko Budi";
    let (conversation, messages) = inbox.conversation().await;
    assert_eq!((&messages[0]["type"], &messages[0]["content"]["text"]), (&json!("template"), &json!(seen)));
    let last = conversation["last_message"]["text"].as_str().expect("words");
    assert!(last.starts_with("Pesanan 42"), "{last}");
    let listed = inbox.page("/v1/messages?direction=out").await;
    assert!(listed[0]["text"].as_str().is_some_and(|text| text.starts_with("Pesanan 42")), "{listed:?}");
    inbox.scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_follows_somebody_to_their_new_number() {
    let mut inbox = Inbox::open(&Database::Sqlite).await;
    let new = "628999000111";
    assert_eq!(inbox.scene.writes(BUDI, "wamid.IN1", "Halo").await, 200);
    let system = json!({"type": "system", "system": {"type": "user_changed_number", "wa_id": new,
        "user_id": "ID.2", "body": "Budi changed from 6281234567890 to 628999000111"}});
    let news = Simulator::message(&inbox.scene.number, BUDI, "wamid.S", system);
    inbox.told(&news).await;
    let webhook = inbox
        .scene
        .receiver
        .next("Meta's own words", |it| it.body.windows(7).any(|part| part == b"wamid.S"))
        .await;
    assert_eq!(webhook.headers["x-cetar-event"], "message.received");
    let told = inbox.scene.receiver.next("whose it is", |it| it.event() == "contact.resolved").await.json;
    assert_eq!((&told["data"]["lid"], &told["data"]["phone"]), (&json!(BUDI), &json!(new)));
    // Under the user id alone, as Meta may tell it from now on.
    let hidden = json!({
        "contacts": [{"profile": {"username": "@budi"}, "user_id": "ID.2"}],
        "messages": [{"id": "wamid.IN2", "from_user_id": "ID.2", "timestamp": "1790000000", "type": "text", "text": {"body": "Ini nomor baru saya"}}],
    });
    inbox.told(&Simulator::change(&inbox.scene.number, hidden)).await;
    let (conversation, messages) = inbox.conversation().await;
    assert_eq!(conversation["contact"]["address"], new);
    let texts: Vec<&Value> = messages.iter().map(|message| &message["content"]["text"]).collect();
    assert_eq!(texts, [&json!("Ini nomor baru saya"), &json!("Halo")]);
    inbox.scene.gateway.stop().await;
}
