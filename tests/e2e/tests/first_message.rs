//! The promise of the product, whole: link, send the document's first request with PHP, see it arrive, see its state,
//! get the reply on a webhook.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database, Home, Receiver, php,
    scene::{self, BUDI, Scene},
    within,
};
use cetar_simulator_whatsapp_web::{Event, Simulator};

const TEXT: &str = "Halo! Ini pesan teks dari Cetar API.";

async fn the_first_message(database: Database) {
    let Scene { simulator, home: _home, gateway, mut receiver, secret, key, device } =
        Scene::set(&database).await;
    let budi = simulator.peer(BUDI);
    budi.push_name("Budi Santoso");

    let answer = php::run(php::TEXT, &gateway.base, "", &key).await;
    assert_eq!(answer["success"], true, "{answer}");
    assert_eq!(answer["data"]["status"], "queued", "{answer}");
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();

    let received = within("the message at the peer", budi.next_message()).await;
    assert_eq!(received.text.as_deref(), Some(TEXT));

    receiver.status_of(&job, "message.delivered").await.verify(&secret);
    assert_eq!(gateway.job(&key, &job).await["status"], "delivered");
    budi.read(&received.id).await;
    receiver.status_of(&job, "message.read").await;
    assert_eq!(gateway.job(&key, &job).await["status"], "read");

    budi.send_text(&simulator.phone(scene::OWNER), "Halo, saya butuh bantuan!").await;
    let webhook = receiver.next("the reply", |webhook| webhook.event() == "message.received").await;
    webhook.verify(&secret);
    assert_eq!(webhook.json["channel"], "whatsapp");
    assert_eq!(webhook.json["session_id"], device);
    let data = &webhook.json["data"];
    assert!(data["message_id"].as_str().is_some_and(|id| id.starts_with("msg_")), "{data}");
    assert!(data["timestamp"].is_i64(), "{data}");
    assert_eq!(data["from"], BUDI);
    assert_eq!(data["sender_name"], "Budi Santoso");
    assert_eq!((&data["type"], &data["text"]), (&"text".into(), &"Halo, saya butuh bantuan!".into()));
    assert!(data["media_url"].is_null() && data["button_id"].is_null(), "{data}");

    assert_eq!(budi.received().len(), 1);
    assert_eq!(simulator.violations(), vec![], "the real server would have refused this");
    assert_eq!(gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_first_example_arrives_and_its_answer_comes_back() {
    the_first_message(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    the_first_message(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_linked_by_pairing_code_and_sends_as_a_person_would() {
    let simulator = Simulator::start().await;
    let budi = simulator.peer(BUDI);
    let home = Home::new(&Database::Sqlite, &simulator.url());
    let gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let key = home.cli("key create", &["--name", "php"]).await.ok();
    let device = home.cli("device add", &["--channel", "whatsapp", "--name", "CS-1"]).await.ok();

    let refused = gateway.send_text(&key, BUDI, TEXT).await;
    assert_eq!(
        (refused.status, &refused.json["error"]["code"]),
        (422, &"device_not_linked".into()),
        "{refused:?}"
    );

    scene::link_by_code(&home, &simulator, &device).await;
    scene::connected(&mut receiver, &device).await;
    gateway.send_text(&key, BUDI, TEXT).await.job_id();
    let message = within("the message", budi.next_message()).await;
    assert_eq!(message.text.as_deref(), Some(TEXT));
    // It was seen typing first, and counts the stranger.
    let log = simulator.log();
    let typing = log
        .iter()
        .position(|entry| matches!(&entry.event, Event::ChatState { state, .. } if state == "composing"));
    let sent = log
        .iter()
        .position(|entry| matches!(&entry.event, Event::MessageReceived { to, .. } if to.as_str() == BUDI));
    assert!(typing.is_some_and(|typing| sent.is_some_and(|sent| typing < sent)), "{typing:?} {sent:?}");
    let shown = gateway.get(&key, &format!("/v1/devices/{device}")).await.json["data"]["pace"].clone();
    assert_eq!(
        (&shown["mode"], &shown["first_contacts"]["hour"]["left"]),
        (&"on".into(), &19.into()),
        "{shown}"
    );
    assert_eq!(simulator.violations(), vec![]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_asks_for_a_passkey_is_told_so() {
    let simulator = Simulator::start().await;
    simulator.phone(scene::OWNER).require_passkey(true).await;
    let home = Home::new(&Database::Sqlite, &simulator.url());
    let gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let device = home.cli("device add", &["--channel", "whatsapp", "--name", "CS-1"]).await.ok();
    let (mut command, _stdin, mut printed) = home.start("device link", &[&device, "--json"]);
    let mut lines = Vec::new();
    within("`device link` to end", async {
        while let Some(line) = printed.recv().await {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if line["event"] == "qr" {
                let qr = line["data"].as_str().expect("QR data").to_owned();
                // What the phone says is not the point: the server asks the companion for the passkey.
                let _refused = simulator.phone(scene::OWNER).scan(&qr).await;
            }
            lines.push(line);
        }
    })
    .await;
    let status = command.wait().await.expect("it ends");
    assert!(!status.success(), "linking did not come about");
    assert!(
        lines.iter().any(|line| line["event"] == "failed" && line["reason"] == "passkey_required"),
        "{lines:#?}"
    );
    let told =
        receiver.next("the reason", |webhook| webhook.json["data"]["reason"] == "passkey_required").await;
    assert_eq!(told.json["data"]["next_action"], "use_passkey");
    gateway.stop().await;
}
