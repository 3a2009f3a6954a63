//! The official WhatsApp, whole: the document's own PHP examples unchanged but for our host, what Meta is sent by them, what it tells us,
//! and what the customer is told of it.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database,
    meta::{self, MetaScene, VERIFY_TOKEN},
    php,
};
use cetar_simulator_graph::{Account, Fault, Kind, Simulator, escaped, signature};
use serde_json::{Value, json, value::RawValue};

/// The document's recipient.
const BUDI: &str = "6281234567890";

/// Runs an example; its job once the message is at Meta.
async fn sent(scene: &mut MetaScene, example: &str) -> String {
    let answer = php::run(example, &scene.gateway.base, scene.site.url(), &scene.key).await;
    assert_eq!((&answer["success"], &answer["data"]["status"]), (&json!(true), &json!("queued")), "{answer}");
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    scene.receiver.status_of(&job, "message.sent").await;
    job
}

fn last_taken(scene: &MetaScene) -> Value {
    serde_json::from_str(scene.graph.taken().last().expect("a send")).expect("JSON")
}

async fn every_official_example(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    assert_eq!(scene.writes(BUDI, "wamid.IN1", "Halo").await, 200, "the window opens");

    let job = sent(&mut scene, php::META_TEXT).await;
    let body = last_taken(&scene);
    assert_eq!((&body["to"], &body["type"]), (&json!("+6281234567890"), &json!("text")));
    assert_eq!(body["text"]["body"], "Halo! Ini balasan cepat via WhatsApp Official API.");
    scene.receiver.status_of(&job, "message.read").await;

    sent(&mut scene, php::META_MEDIA).await;
    let body = last_taken(&scene);
    assert!(body["image"]["id"].is_string() && body["image"]["caption"].is_string(), "{body}");

    sent(&mut scene, php::META_TEMPLATE).await;
    let template = last_taken(&scene)["template"].clone();
    assert_eq!((&template["name"], &template["language"]), (&json!("hello_world"), &json!({"code": "id"})));
    let components = template["components"].as_array().expect("components");
    assert_eq!(components[0]["parameters"][0]["type"], "image");
    let texts: Vec<&Value> =
        components[1]["parameters"].as_array().expect("body").iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, [&json!("Budi Santoso"), &json!("Rp 500.000"), &json!("25 Maret 2026")]);

    sent(&mut scene, php::META_INTERACTIVE).await;
    let taken = scene.graph.taken().last().expect("a send").clone();
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&taken).expect("JSON");
    let start = php::META_INTERACTIVE.find("\"content\": ").expect("content") + "\"content\": ".len();
    let end = php::META_INTERACTIVE.rfind("\n}';").expect("the end");
    assert_eq!(
        members["interactive"].get(),
        php::META_INTERACTIVE[start..end].trim_end(),
        "the same JSON text"
    );
    assert_eq!(scene.graph.violations(), 0);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_official_examples_run_as_printed_on_sqlite() {
    every_official_example(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_official_examples_run_as_printed_on_postgres() {
    every_official_example(Database::postgres().await).await;
}

/// Sends a text; the answer's job.
async fn text(scene: &MetaScene, to: &str) -> String {
    let body = json!({"to": to, "type": "text", "text": "Halo"});
    scene.gateway.post(&scene.key, "/v1/meta/messages", &body).await.job_id()
}

async fn what_meta_tells(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    assert_eq!(scene.graph.verify(VERIFY_TOKEN).await, Ok((200, "1158201444".to_owned())));
    assert_eq!(scene.graph.verify("salah").await.map(|(status, _)| status), Ok(403));

    // As it came, byte for byte, although it is escaped: a receiver that checks our signature over these bytes must succeed.
    let message =
        json!({"type": "text", "text": {"body": "äöå 😀 a@b.c https://x/y?z=1 100 % <b>"}, "baru": 1});
    let body = escaped(&Simulator::message(&scene.number, BUDI, "wamid.IN1", message));
    let good = signature(&scene.number.app_secret, body.as_bytes());
    let tell = |body: &str, signature: Option<String>| scene.graph.tell_raw(body.to_owned(), signature);
    assert_eq!(tell(&body, None).await, Ok(403), "a missing header");
    assert_eq!(tell(&body, Some(signature("lain", body.as_bytes()))).await, Ok(403), "a wrong secret");
    assert_eq!(tell(&body.replacen("baru", "lama", 1), Some(good.clone())).await, Ok(403), "a byte changed");
    assert_eq!(tell(&body, Some(good.clone())).await, Ok(200));
    let webhook = scene.receiver.next("Meta's JSON", |webhook| webhook.json["object"].is_string()).await;
    assert_eq!(webhook.body, body.as_bytes(), "byte for byte");
    webhook.verify(&scene.secret);
    assert_eq!(webhook.headers["x-cetar-event"], "message.received");
    assert_eq!(webhook.headers["x-cetar-session-id"], scene.device.as_str());

    // Again, and then something that proves that the repeat brought nothing.
    assert_eq!(tell(&body, Some(good)).await, Ok(200), "a replay");
    let unknown = json!({"object": "user", "entry": []});
    assert_eq!(scene.graph.tell(&scene.number, &unknown).await, Ok(200), "an unknown object");
    let strange =
        json!({"statuses": [{"id": "wamid.LAIN", "status": "read", "timestamp": "1", "recipient_id": BUDI}]});
    let strange = Simulator::change(&scene.number, strange);
    assert_eq!(scene.graph.tell(&scene.number, &strange).await, Ok(200), "a status of nobody's message");
    let webhook = scene.receiver.next("the status", |webhook| webhook.json["object"].is_string()).await;
    assert_eq!(webhook.headers["x-cetar-event"], "meta.change", "the replay was told again");

    // Without a number: the user id is all there is.
    let hidden = json!({
        "contacts": [{"profile": {"username": "@ana"}, "user_id": "ID.22"}],
        "messages": [{"id": "wamid.IN9", "from_user_id": "ID.22", "timestamp": "1790000000", "type": "text", "text": {"body": "x"}}],
    });
    assert_eq!(scene.graph.tell(&scene.number, &Simulator::change(&scene.number, hidden)).await, Ok(200));
    scene
        .receiver
        .next("Ana's message", |webhook| webhook.body.windows(9).any(|it| it == b"wamid.IN9"))
        .await;
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_tells_is_verified_stored_and_passed_on_as_it_came_on_sqlite() {
    what_meta_tells(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_tells_is_verified_stored_and_passed_on_as_it_came_on_postgres() {
    what_meta_tells(Database::postgres().await).await;
}

async fn what_may_have_been_sent(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    for (to, fault) in [
        ("6281000000001", Fault::CutOff),
        ("6281000000002", Fault::CutOffForGood),
        ("6281000000003", Fault::Later { code: 131_047 }),
        ("6281000000004", Fault::Error { code: 131_026, status: 400 }),
        ("6281000000005", Fault::Error { code: 130_429, status: 400 }),
    ] {
        scene.graph.script(to, fault);
    }
    let cut = text(&scene, "6281000000001").await;
    let lost = text(&scene, "6281000000002").await;
    let (late, never, slowed) = (
        text(&scene, "6281000000003").await,
        text(&scene, "6281000000004").await,
        text(&scene, "6281000000005").await,
    );
    // Its answer never came; the status that carries our id says what became of it.
    scene.receiver.status_of(&cut, "message.read").await;
    scene.receiver.status_of(&lost, "message.unknown").await;
    let failed = scene.receiver.status_of(&late, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["code"], "outside_24h_window");
    assert_eq!(failed.json["data"]["error"]["provider_code"], "131047");
    let failed = scene.receiver.status_of(&never, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["code"], "recipient_not_on_whatsapp");
    scene.receiver.status_of(&slowed, "message.sent").await;
    let to = |number: &str| scene.graph.taken().iter().filter(|body| body.contains(number)).count();
    assert_eq!((to("6281000000001"), to("6281000000002")), (1, 1), "neither was sent twice");
    let job = scene.gateway.job(&scene.key, &lost).await;
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("unknown"), &json!("outcome_unknown")));

    // The token is revoked: the channel stops, and says what to do.
    scene.graph.revoke(&scene.number.id);
    let held = text(&scene, "6281000000006").await;
    let told = cetar_e2e::scene::state(&mut scene.receiver, &scene.device, "logged_out").await;
    assert_eq!(told["data"]["next_action"], "renew_credentials", "{told}");
    assert_eq!(scene.gateway.job(&scene.key, &held).await["status"], "queued", "nothing is lost");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_an_answer_is_never_repeated_and_its_status_settles_it_on_sqlite() {
    what_may_have_been_sent(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_an_answer_is_never_repeated_and_its_status_settles_it_on_postgres() {
    what_may_have_been_sent(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_can_forge_anothers_and_a_batch_is_cut_up_between_them() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let other = meta::number("111222333", "rahasia-lain");
    scene.graph.add(other.clone());
    let device = meta::add(&scene.home, &other, "whatsapp-official").await.ok();
    let change = |account, id: &str| {
        let value = Simulator::message(account, BUDI, id, json!({"type": "text", "text": {"body": "Halo"}}));
        value["entry"][0]["changes"][0].clone()
    };
    let frame = |changes: Value| json!({"object": "whatsapp_business_account", "entry": [{"id": "1234567890", "changes": changes}]});
    // Signed by the other's secret, it may speak of the other only.
    let both = frame(json!([change(&scene.number, "wamid.A"), change(&other, "wamid.B")]));
    assert_eq!(scene.graph.tell(&other, &both).await, Ok(200));
    let webhook =
        scene.receiver.next("the other's share", |webhook| webhook.json["object"].is_string()).await;
    assert_eq!(webhook.headers["x-cetar-session-id"], device.as_str());
    let expected = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"1234567890\",\"changes\":[{}]}}]}}",
        escaped(&both["entry"][0]["changes"][1])
    );
    assert_eq!(webhook.body, expected.as_bytes(), "its change as it came, the frame rebuilt");
    // A thousand changes in one call are taken in at once.
    let many: Vec<Value> =
        (0..1000).map(|number| change(&scene.number, &format!("wamid.M{number}"))).collect();
    assert_eq!(scene.graph.tell(&scene.number, &frame(many.into())).await, Ok(200));
    let webhook = scene.receiver.next("the batch", |webhook| webhook.body.len() > 100_000).await;
    assert_eq!(webhook.headers["x-cetar-session-id"], scene.device.as_str());
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_looked_at_when_it_is_added() {
    let scene = MetaScene::set(&Database::Sqlite).await;
    let mut wrong = meta::number("555", "x");
    let refused = meta::add(&scene.home, &wrong, "whatsapp-official").await;
    assert!(refused.status != Some(0) && refused.stderr.contains("access_token"), "{refused:?}");
    wrong.token.clone_from(&scene.number.token);
    let refused = meta::add(&scene.home, &wrong, "whatsapp-official").await;
    assert!(refused.status != Some(0) && refused.stderr.contains("phone_number_id"), "{refused:?}");
    let asked = scene.graph.requests();
    assert!(
        asked.iter().any(|it| it.path == "1234567890/subscribed_apps" && it.method == "POST"),
        "not subscribed"
    );
    assert!(asked.iter().all(|it| it.version == "v26.0"));
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messenger_and_instagram_carry_messages_both_ways() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    for (kind, channel, id) in [(Kind::Page, "messenger", "900"), (Kind::Instagram, "instagram", "901")] {
        let account = Account { kind, waba: String::new(), ..meta::number(id, "rahasia-halaman") };
        scene.graph.add(account.clone());
        scene.graph.set_profile(
            "77",
            json!({"id": "77", "first_name": "Budi", "last_name": "Santoso", "name": "Budi Santoso"}),
        );
        let device = meta::add(&scene.home, &account, channel).await.ok();
        cetar_e2e::scene::connected(&mut scene.receiver, &device).await;

        let item = json!({"message": {"mid": format!("m_{channel}"), "text": "Halo, saya butuh bantuan!"}});
        assert_eq!(scene.graph.tell(&account, &Simulator::item(&account, "77", item)).await, Ok(200));
        let webhook = scene.receiver.next(channel, |webhook| webhook.event() == "message.received").await;
        webhook.verify(&scene.secret);
        let data = &webhook.json["data"];
        assert_eq!(
            (&webhook.json["channel"], &webhook.json["session_id"]),
            (&json!(channel), &json!(device))
        );
        assert_eq!((&data["from"], &data["sender_name"]), (&json!("77"), &json!("Budi Santoso")));

        let picture = format!("{}/gambar.jpg", scene.site.url());
        let body = json!({"channel": channel, "type": "image", "to": "77", "media_url": picture, "content": {"caption": "Promo"}});
        let job = scene.gateway.post(&scene.key, "/v1/messages", &body).await.job_id();
        scene.receiver.status_of(&job, "message.sent").await;
        let taken = scene.graph.taken();
        let sent: Vec<Value> =
            taken[taken.len() - 2..].iter().map(|it| serde_json::from_str(it).expect("JSON")).collect();
        assert_eq!(sent[0]["message"]["attachment"]["type"], "image");
        assert_eq!(sent[1]["message"]["text"], "Promo");

        let read = json!({"read": {"watermark": i64::MAX / 10_000, "mid": "m_x"}});
        assert_eq!(scene.graph.tell(&account, &Simulator::item(&account, "77", read)).await, Ok(200));
        scene.receiver.status_of(&job, "message.read").await;
    }
    scene.gateway.stop().await;
}
