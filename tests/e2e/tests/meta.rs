//! The official WhatsApp, whole: the document's own PHP examples unchanged but for our host, what Meta is sent by them, what it tells us,
//! and what the customer is told of it.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::time::Duration;

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

/// The document's template.
fn hello_world(language: &str) -> Value {
    template("hello_world", language, "Halo {{1}}, tagihan {{2}} jatuh tempo {{3}}.", true)
}

fn template(name: &str, language: &str, text: &str, has_picture: bool) -> Value {
    let mut components = vec![json!({"type": "BODY", "text": text})];
    if has_picture {
        components.insert(0, json!({"type": "HEADER", "format": "IMAGE"}));
    }
    json!({"id": "1234567890123456", "name": name, "language": language, "status": "APPROVED",
        "category": "UTILITY", "rejected_reason": "NONE", "components": components})
}

fn last_taken(scene: &MetaScene) -> Value {
    serde_json::from_str(scene.graph.taken().last().expect("a send")).expect("JSON")
}

async fn every_official_example(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    scene.graph.add_template(&scene.number.waba, hello_world("id"));
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
async fn what_follows_a_sound_goes_out_whatever_meta_says_of_the_sound() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    // The sound is taken, and told as read before its text, which must wait for two seconds, is out.
    scene.graph.script(BUDI, Fault::Slow(Duration::ZERO));
    scene.graph.script(BUDI, Fault::Error { code: 130_429, status: 400 });
    let sound = format!("{}/suara.mp3", scene.site.url());
    let body = json!({"to": BUDI, "type": "audio", "media_url": sound, "text": "Dengarkan"});
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", &body).await.job_id();
    scene.receiver.status_of(&job, "message.read").await;
    let taken = scene.graph.taken();
    let kinds: Vec<Value> =
        taken.iter().map(|body| serde_json::from_str::<Value>(body).expect("JSON")["type"].clone()).collect();
    assert_eq!(kinds, ["audio", "text"]);
    let job = scene.gateway.job(&scene.key, &job).await;
    let outcomes: Vec<&Value> =
        job["history"].as_array().expect("a list").iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["partly_sent", "sent"]);
    scene.gateway.stop().await;
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

/// Sends a template with one variable.
async fn by_template(scene: &MetaScene, name: &str, language: &str) -> cetar_e2e::Answer {
    let body = json!({"to": BUDI, "type": "template", "template_name": name, "language": language,
        "components": {"body_variables": ["Budi"]}});
    scene.gateway.post(&scene.key, "/v1/meta/messages", &body).await
}

async fn templates_as_meta_reviews_them(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    let waba = scene.number.waba.clone();
    let asked = |scene: &MetaScene| {
        scene.graph.requests().iter().filter(|it| it.path.ends_with("message_templates")).count()
    };
    // They come in by themselves when the number is linked: what follows counts the questions.
    while asked(&scene) == 0 {
        tokio::task::yield_now().await;
    }
    // More than a page, and one name in two languages.
    for number in 0..120 {
        scene.graph.add_template(&waba, template(&format!("t{number:03}"), "id", "Halo {{1}}", false));
    }
    for language in ["id", "en_US"] {
        scene.graph.add_template(&waba, template("promo", language, "Promo {{1}}", false));
    }
    let refused = scene.gateway.post(&scene.key, "/v1/meta/templates/sync", &json!({})).await;
    assert_eq!(refused.json["error"]["code"], "scope_missing", "who only sends changes no settings");
    let admin = scene.home.cli("key create", &["--name", "admin", "--scope", "admin"]).await.ok();
    let synced = scene.gateway.post(&admin, "/v1/meta/templates/sync", &json!({})).await;
    assert_eq!(
        (&synced.json["data"]["templates"], &synced.json["data"]["sendable"]),
        (&json!(122), &json!(122))
    );
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = scene.gateway.get(&scene.key, &format!("/v1/meta/templates?limit=100{after}")).await.json;
        listed.extend(page["data"].as_array().expect("a page").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        after = format!("&after={cursor}");
    }
    assert_eq!(listed.len(), 122, "every page of Meta's, and every page of ours");
    assert_eq!(
        (&listed[0]["name"], &listed[0]["language"], &listed[0]["is_sendable"]),
        (&json!("promo"), &json!("en_US"), &json!(true))
    );

    // What goes out is known as its reader sees it.
    let job = by_template(&scene, "promo", "id").await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;

    // Meta tells of a review: nothing is queued any more, and the reason is said.
    let told = scene.graph.review_template(&scene.number, "promo", ("PAUSED", "ABUSIVE_CONTENT")).await;
    assert_eq!(told, Ok(200));
    let refused = by_template(&scene, "promo", "en_US").await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (422, &json!("template_refused")));
    let why = refused.json["message"].as_str().expect("a message");
    assert!(why.contains("PAUSED") && why.contains("ABUSIVE_CONTENT"), "{why}");

    // One that is new with Meta is asked about once, and one that is not there is refused.
    scene.graph.add_template(&waba, template("baru", "id", "Baru {{1}}", false));
    let job = by_template(&scene, "baru", "id").await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    let before = asked(&scene);
    for _ in 0..3 {
        let refused = by_template(&scene, "tidak_ada", "id").await;
        assert_eq!(refused.json["error"]["code"], "template_refused", "{}", refused.json);
    }
    assert_eq!(asked(&scene), before + 1, "a no is remembered for a while");

    // Where Meta cannot be asked, it judges: the message is queued.
    scene.graph.revoke(&scene.number.id);
    let queued = by_template(&scene, "entah", "id").await;
    assert_eq!(queued.status, 200, "{}", queued.json);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_brought_in_and_refused_before_queueing_as_meta_reviews_them_on_sqlite() {
    templates_as_meta_reviews_them(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_brought_in_and_refused_before_queueing_as_meta_reviews_them_on_postgres() {
    templates_as_meta_reviews_them(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_three_megabytes_is_taken_whole_and_a_larger_one_is_refused() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let body = |padding: usize| {
        let message = json!({"type": "text", "text": {"body": "Halo"}, "baru": "x".repeat(padding)});
        Simulator::message(&scene.number, BUDI, "wamid.BESAR", message)
    };
    let frame = body(0).to_string().len();
    let (largest, over) = (body(3_000_000 - 2 * frame), body((3 << 20) + 1));
    assert_eq!(scene.graph.tell(&scene.number, &over).await, Ok(413));
    assert_eq!(scene.graph.tell(&scene.number, &largest).await, Ok(200));
    let webhook = scene.receiver.next("the body", |webhook| webhook.body.len() > 2_900_000).await;
    assert_eq!(webhook.body, escaped(&largest).as_bytes());
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instagram_account_of_a_page_subscribes_through_the_page() {
    let scene = MetaScene::set(&Database::Sqlite).await;
    let account = Account { kind: Kind::Instagram, waba: String::new(), ..meta::number("902", "rahasia") };
    scene.graph.add(account.clone());
    let mut settings = meta::settings(&account);
    settings["login"] = "facebook".into();
    let words = ["--channel", "instagram", "--name", "IG"];
    scene.home.cli_with_input("device add", &words, &settings.to_string()).await.ok();
    let asked = scene.graph.requests();
    assert!(asked.iter().any(|it| it.path == "me/subscribed_apps" && it.method == "POST"), "{asked:?}");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_window_is_not_known_meta_judges_and_its_word_is_shown() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    scene.graph.add_template(&scene.number.waba, template("promo", "id", "Promo {{1}}", false));
    scene.graph.keep_windows();
    // Linked a moment ago: nobody can say who wrote before.
    let job = text(&scene, BUDI).await;
    let failed = scene.receiver.status_of(&job, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["code"], "outside_24h_window");
    assert_eq!(scene.writes(BUDI, "wamid.IN1", "Halo").await, 200);
    let job = text(&scene, BUDI).await;
    scene.receiver.status_of(&job, "message.read").await;
    scene.graph.pass(Duration::from_hours(25));
    let job = text(&scene, BUDI).await;
    let failed = scene.receiver.status_of(&job, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["provider_code"], "131047");
    let job = by_template(&scene, "promo", "id").await.job_id();
    scene.receiver.status_of(&job, "message.read").await;
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_answers_late_on_messenger_says_so() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let account = Account { kind: Kind::Page, waba: String::new(), ..meta::number("903", "rahasia") };
    scene.graph.add(account.clone());
    let device = meta::add(&scene.home, &account, "messenger").await.ok();
    cetar_e2e::scene::connected(&mut scene.receiver, &device).await;
    scene.graph.keep_windows();
    let item = json!({"message": {"mid": "m_1", "text": "Halo"}});
    assert_eq!(scene.graph.tell(&account, &Simulator::item(&account, "77", item)).await, Ok(200));
    scene.graph.pass(Duration::from_hours(48));
    let mut body = json!({"channel": "messenger", "type": "text", "to": "77", "content": {"text": "Halo"}});
    let job = scene.gateway.post(&scene.key, "/v1/messages", &body).await.job_id();
    let failed = scene.receiver.status_of(&job, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["code"], "outside_24h_window");
    assert_eq!(failed.json["data"]["error"]["provider_code"], "10/2018278");
    body["tag"] = "human_agent".into();
    let job = scene.gateway.post(&scene.key, "/v1/messages", &body).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    body["channel"] = "whatsapp".into();
    body["to"] = BUDI.into();
    let refused = scene.gateway.post(&scene.key, "/v1/messages", &body).await;
    assert_eq!(refused.json["error"]["fields"][0]["field"], "tag", "{}", refused.json);
    scene.gateway.stop().await;
}
