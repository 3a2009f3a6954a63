//! A customer's server that replies in its answers, on both databases: over real sockets, to a simulated WhatsApp.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database,
    scene::{self, BUDI, Scene},
    within,
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_the_answer_reaches_who_wrote_on_sqlite() {
    reply(&Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_the_answer_reaches_who_wrote_on_postgresql() {
    reply(&Database::postgres().await).await;
}

/// What became of the reply to what Budi wrote, as the command line shows it.
async fn outcome(scene: &mut Scene, endpoint: &str, text: &str, answer: &str) -> Value {
    scene.receiver.say(answer);
    scene.simulator.peer(BUDI).send_text(&scene.simulator.phone(scene::OWNER), text).await;
    let told = |webhook: &cetar_e2e::Webhook| webhook.json["data"]["text"] == text;
    let webhook = scene.receiver.next(text, told).await;
    let event = webhook.headers["webhook-id"].to_str().expect("text").to_owned();
    within("the attempt in the log", async {
        loop {
            let rest = [endpoint, "--event", "message.received", "--state", "delivered", "--json"];
            let listed = scene.home.cli("webhook deliveries", &rest).await.ok();
            let listed: Value = serde_json::from_str(&listed).expect("JSON");
            let all = listed.as_array().expect("a list");
            if let Some(delivery) = all.iter().find(|delivery| delivery["event_id"] == *event) {
                let id = delivery["id"].as_str().expect("an id");
                let shown = scene.home.cli("webhook delivery", &[id]).await.ok();
                let shown: Value = serde_json::from_str(&shown).expect("JSON");
                return shown["history"][0]["reply"].clone();
            }
        }
    })
    .await
}

async fn reply(database: &Database) {
    let mut scene = Scene::set(database).await;
    let listed = scene.home.cli("webhook list", &["--json"]).await.ok();
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let endpoint = listed[0]["id"].as_str().expect("an id").to_owned();
    let hello = r#"{"reply":{"type":"text","content":{"text":"Halo!"}}}"#;

    let ignored = outcome(&mut scene, &endpoint, "satu", hello).await;
    assert_eq!(ignored, Value::Null, "nobody asked for replies yet");
    scene.home.cli("webhook change", &[&endpoint, "--replies", "true"]).await.ok();
    let queued = outcome(&mut scene, &endpoint, "dua", hello).await;
    assert_eq!((&queued["status"], &queued["error"]), (&json!("queued"), &Value::Null));

    let elsewhere = r#"{"reply":{"to":"6281234567891","type":"text","content":{"text":""}}}"#;
    let refused = outcome(&mut scene, &endpoint, "tiga", elsewhere).await;
    assert_eq!(
        (&refused["status"], &refused["error"]["code"]),
        (&json!("refused"), &json!("validation_failed"))
    );
    let message = refused["error"]["message"].as_str().expect("words");
    assert!(message.contains("to: ") && message.contains("content.text: "), "{message}");

    let endless = format!(r#"{{"reply":{{"type":"text","content":{{"text":"{}"}}}}}}"#, "x".repeat(70_000));
    let cut = outcome(&mut scene, &endpoint, "empat", &endless).await;
    assert_eq!(cut["error"]["code"], "body_too_large");

    let last = outcome(&mut scene, &endpoint, "lima", &hello.replace("Halo!", "Sampai jumpa!")).await;
    assert_eq!(last["status"], "queued");
    let budi = scene.simulator.peer(BUDI);
    for text in ["Halo!", "Sampai jumpa!"] {
        let message = within(text, budi.next_message()).await;
        assert_eq!(message.text.as_deref(), Some(text), "each once, and nothing else");
    }
    scene.gateway.stop().await;
}
