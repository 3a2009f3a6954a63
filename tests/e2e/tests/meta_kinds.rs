//! What each kind of message is to Meta, in the very body that reaches it.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database,
    meta::{self, MetaScene},
    scene,
};
use cetar_simulator_graph::{Account, Kind, Simulator};
use serde_json::{Value, json};

const BUDI: &str = "6281234567890";

/// Sends it and waits until Meta has it; the bodies that it came to.
async fn sent(scene: &mut MetaScene, path: &str, body: &Value) -> Vec<Value> {
    let before = scene.graph.taken().len();
    let job = scene.gateway.post(&scene.key, path, body).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    let taken = scene.graph.taken();
    taken[before..].iter().map(|body| serde_json::from_str(body).expect("JSON")).collect()
}

async fn official(scene: &mut MetaScene, body: Value) -> Vec<Value> {
    let mut body = body;
    body["to"] = BUDI.into();
    sent(scene, "/v1/meta/messages", &body).await
}

/// Sends what Meta will not take; the error of its job.
async fn refused(scene: &mut MetaScene, body: &Value) -> Value {
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", body).await.job_id();
    scene.receiver.status_of(&job, "message.failed").await.json["data"]["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_file_is_uploaded_and_named() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let site = scene.site.url().to_owned();
    let at = |name: &str| format!("{site}/{name}");
    let (film, price, sound, sticker) = (at("klip.mp4"), at("harga.pdf"), at("suara.ogg"), at("stiker.webp"));
    let bodies = official(&mut scene, json!({"type": "video", "media_url": film, "text": "Demo"})).await;
    assert_eq!(bodies[0]["video"]["caption"], "Demo");
    let document =
        json!({"type": "document", "media_url": price, "text": "Harga", "filename": "Harga 2026.pdf"});
    let bodies = official(&mut scene, document).await;
    let document = &bodies[0]["document"];
    assert_eq!((&document["filename"], &document["caption"]), (&json!("Harga 2026.pdf"), &json!("Harga")));
    assert!(document["id"].is_string() && document["link"].is_null(), "{document}");
    let voice = json!({"type": "audio", "media_url": sound, "text": "Dengar ini", "voice": true});
    let bodies = official(&mut scene, voice).await;
    assert_eq!((&bodies[0]["type"], &bodies[0]["audio"]["voice"]), (&json!("audio"), &json!(true)));
    assert_eq!(bodies[1]["text"]["body"], "Dengar ini", "sound has no caption: it follows");
    let sound = at("suara.m4a");
    let bodies = official(&mut scene, json!({"type": "audio", "media_url": sound})).await;
    assert!(bodies[0]["audio"]["id"].is_string(), "{bodies:?}");
    let bodies = official(&mut scene, json!({"type": "sticker", "media_url": sticker})).await;
    assert!(bodies[0]["sticker"]["id"].is_string(), "{bodies:?}");
    assert_eq!(scene.graph.violations(), 0);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_people_reactions_replies_and_read_marks_have_metas_form() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    assert_eq!(scene.writes(BUDI, "wamid.IN1=", "Halo").await, 200);
    let admin = scene.home.cli("key create", &["--name", "a", "--scope", "messages,admin"]).await.ok();
    let listed = scene.gateway.get(&admin, "/v1/messages?direction=in").await.json;
    let ours = listed["data"][0]["id"].as_str().expect("our id of it").to_owned();

    let place = json!({"latitude": -6.2, "longitude": "106.8", "name": "Toko"});
    let bodies = official(&mut scene, json!({"type": "location", "location": place})).await;
    assert_eq!(bodies[0]["location"], json!({"latitude": "-6.2", "longitude": "106.8", "name": "Toko"}));
    let people = json!([{"name": "Ana Putri", "phones": ["+6281234567891"]}]);
    let bodies = official(&mut scene, json!({"type": "contacts", "contacts": people})).await;
    assert_eq!(bodies[0]["contacts"][0]["name"], json!({"formatted_name": "Ana Putri", "first_name": "Ana"}));
    let reaction = json!({"type": "reaction", "message_id": ours, "emoji": "👍"});
    let bodies = official(&mut scene, reaction).await;
    assert_eq!(bodies[0]["reaction"], json!({"message_id": "wamid.IN1=", "emoji": "👍"}));
    let bodies = official(&mut scene, json!({"type": "text", "text": "Siap", "reply_to": ours})).await;
    assert_eq!(bodies[0]["context"], json!({"message_id": "wamid.IN1="}));
    let read = json!({"type": "read", "message_id": "wamid.IN1=", "typing": true});
    let bodies = official(&mut scene, read).await;
    let expected = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1=",
        "typing_indicator": {"type": "text"}});
    assert_eq!(bodies, [expected]);

    // Somebody who shows no number is written to by the user id, in the member that Meta has for it.
    let hidden = json!({"to": "ID.13491208655302741918", "type": "text", "text": "Halo"});
    let bodies = sent(&mut scene, "/v1/meta/messages", &hidden).await;
    assert_eq!(
        (&bodies[0]["recipient"], &bodies[0]["to"]),
        (&json!("ID.13491208655302741918"), &Value::Null)
    );
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interactive_content_reaches_meta_as_its_sender_wrote_it_and_a_refusal_is_shown() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    // Blanks, escapes, number forms and members that nobody knows: all of it is the sender's.
    let content = "{ \"type\":\"list\", \"body\":{\"text\":\"Silakan pilih\"},\n \"baru\": [1.0, 1e2, 10000000000000000000001],\n \"action\":{\"button\":\"Lihat\\u0020Daftar\",\"sections\":[{\"title\":\"Produk & Layanan\",\"rows\":[{\"id\":\"MENU_PRODUK\",\"title\":\"Daftar Produk\",\"description\":\"Lihat katalog lengkap\"}]}]} }";
    let body = format!("{{\"to\":\"{BUDI}\",\"type\":\"interactive\",\"content\":{content}}}");
    let job = scene.gateway.post_text(&scene.key, "/v1/meta/messages", &body).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    let taken = scene.graph.taken().last().expect("a send").clone();
    assert!(taken.ends_with(&format!("\"interactive\":{content}}}")), "{taken}");

    // The document's catalogue: the action alone replaced, so the type stays `button`. Meta takes neither; its word is shown.
    let with = |action: Value| json!({"to": BUDI, "type": "interactive", "content": {"type": "button", "body": {"text": "Mau?"}, "action": action}});
    let page = json!({"name": "cta_url", "parameters": {"display_text": "Kunjungi Website", "url": "https://www.cetar.ai"}});
    let code = json!({"name": "copy_code", "parameters": {"display_text": "Salin Kode", "id": "PROMO2026"}});
    for action in [page.clone(), code] {
        let error = refused(&mut scene, &with(action)).await;
        assert_eq!(error["provider_code"], "131009", "{error}");
        assert!(error["message"].as_str().is_some_and(|words| !words.is_empty()), "{error}");
    }
    // The form that works, as the guide shows it.
    let works = json!({"type": "interactive", "content": {"type": "cta_url", "body": {"text": "Lihat promo"}, "action": page}});
    assert_eq!(official(&mut scene, works).await[0]["interactive"]["type"], "cta_url");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_numbers_the_one_that_is_named_sends() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let other = meta::number("111222333", "rahasia-lain");
    scene.graph.add(other.clone());
    let device = meta::add(&scene.home, &other, "whatsapp-official").await.ok();
    scene::connected(&mut scene.receiver, &device).await;
    let text = json!({"to": BUDI, "type": "text", "text": "Halo"});
    let which = scene.gateway.post(&scene.key, "/v1/meta/messages", &text).await;
    assert_eq!(which.json["error"]["code"], "session_id_required", "{}", which.json);
    for (member, value, number) in [
        ("phone_number_id", other.id.clone(), &other.id),
        ("session_id", device.clone(), &other.id),
        ("session_id", scene.device.clone(), &scene.number.id.clone()),
    ] {
        let mut body = text.clone();
        body[member] = value.into();
        sent(&mut scene, "/v1/meta/messages", &body).await;
        let asked = scene.graph.requests();
        let send = asked.iter().rev().find(|it| it.path.ends_with("/messages")).expect("a send");
        assert_eq!(send.path, format!("{number}/messages"), "by {member}");
    }
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messenger_and_instagram_keep_their_own_limits_and_forms() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    scene.graph.set_profile("77", json!({"id": "77", "name": "Budi"}));
    for (kind, channel, id, fits, over) in [
        (Kind::Page, "messenger", "900", "é".repeat(2000), "é".repeat(2001)),
        (Kind::Instagram, "instagram", "901", "é".repeat(500), "é".repeat(501)),
    ] {
        let account = Account { kind, waba: String::new(), ..meta::number(id, "rahasia-halaman") };
        scene.graph.add(account.clone());
        let device = meta::add(&scene.home, &account, channel).await.ok();
        scene::connected(&mut scene.receiver, &device).await;
        let message = |kind: &str, rest: Value| {
            let mut body = json!({"channel": channel, "type": kind, "to": "77"});
            body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
            body
        };
        let text = |text: &str| message("text", json!({"content": {"text": text}}));
        let bodies = sent(&mut scene, "/v1/messages", &text(&fits)).await;
        assert_eq!(bodies[0]["message"]["text"].as_str(), Some(fits.as_str()));
        let refused = scene.gateway.post(&scene.key, "/v1/messages", &text(&over)).await;
        assert_eq!(refused.json["error"]["fields"][0]["field"], "content.text", "{}", refused.json);
        for (word, file, as_meta) in [
            ("video", "klip.mp4", "video"),
            ("document", "harga.pdf", "file"),
            ("audio", "suara.m4a", "audio"),
        ] {
            let url = format!("{}/{file}", scene.site.url());
            let bodies = sent(&mut scene, "/v1/messages", &message(word, json!({"media_url": url}))).await;
            assert_eq!(bodies[0]["message"]["attachment"]["type"], as_meta, "{channel}");
        }
        let reply = json!({"id": "YA", "text": "Ya"});
        let page = json!({"type": "cta_url", "text": "Situs", "url": "https://www.cetar.ai"});
        let buttons =
            |buttons: Value| message("button", json!({"content": {"text": "Mau?", "buttons": buttons}}));
        let bodies = sent(&mut scene, "/v1/messages", &buttons(json!([reply]))).await;
        assert_eq!(bodies[0]["message"]["quick_replies"][0]["payload"], "YA");
        let bodies = sent(&mut scene, "/v1/messages", &buttons(json!([reply, page]))).await;
        assert_eq!(bodies[0]["message"]["attachment"]["payload"]["template_type"], "button");

        // What comes in: a press, the owner's own words, and Instagram's other envelope.
        let press =
            json!({"postback": {"mid": format!("m_press_{channel}"), "title": "Mulai", "payload": "START"}});
        let mut told = vec![Simulator::item(&account, "77", press)];
        let mut typed = Simulator::item(
            &account,
            "77",
            json!({"message": {"mid": format!("m_own_{channel}"), "is_echo": true, "text": "Siap"}}),
        );
        typed["entry"][0]["messaging"][0]["sender"] = json!({"id": account.id});
        typed["entry"][0]["messaging"][0]["recipient"] = json!({"id": "77"});
        told.push(typed);
        let value = json!({"sender": {"id": "77"}, "recipient": {"id": account.id}, "timestamp": "1790000000000",
            "message": {"mid": format!("m_other_{channel}"), "text": "lewat changes"}});
        if kind == Kind::Instagram {
            told.push(json!({"object": "instagram", "entry": [{"id": account.id, "time": 1,
                "changes": [{"field": "messages", "value": value}]}]}));
        }
        for body in &told {
            assert_eq!(scene.graph.tell(&account, body).await, Ok(200));
        }
        let mine = |json: &Value| json["session_id"] == device.as_str();
        let pressed = scene
            .receiver
            .next("the press", |it| mine(&it.json) && it.json["data"]["button_id"] == "START")
            .await;
        assert_eq!(
            (pressed.event(), &pressed.json["data"]["sender_name"]),
            ("message.received", &json!("Budi"))
        );
        let echo = scene.receiver.next("the echo", |it| mine(&it.json) && it.event() == "message.echo").await;
        assert_eq!(echo.json["data"]["text"], "Siap");
        if kind == Kind::Instagram {
            scene.receiver.next("the other form", |it| it.json["data"]["text"] == "lewat changes").await;
        }
        let named = scene.graph.requests().iter().filter(|it| it.path == "77").count();
        assert_eq!(named, if kind == Kind::Page { 1 } else { 2 }, "each account asks once for a name");
    }
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_overtakes_another_moves_nothing_back() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    scene.graph.script(BUDI, cetar_simulator_graph::Fault::Silent);
    let text = json!({"to": BUDI, "type": "text", "text": "Halo"});
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", &text).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    let sent: Value = serde_json::from_str(scene.graph.taken().last().expect("a send")).expect("JSON");
    let ours = sent["biz_opaque_callback_data"].clone();
    for status in ["read", "delivered", "sent"] {
        let status = json!({"id": "wamid.OUT", "status": status, "timestamp": "1790000000", "recipient_id": BUDI,
            "biz_opaque_callback_data": ours});
        let told = Simulator::change(&scene.number, json!({"statuses": [status]}));
        assert_eq!(scene.graph.tell(&scene.number, &told).await, Ok(200));
    }
    scene.receiver.status_of(&job, "message.read").await;
    assert_eq!(scene.gateway.job(&scene.key, &job).await["status"], "read");
    for status in ["read", "delivered", "sent"] {
        let is_it = |it: &cetar_e2e::Webhook| {
            it.json["entry"][0]["changes"][0]["value"]["statuses"][0]["status"] == status
        };
        scene.receiver.next("each is passed on", is_it).await;
    }
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_is_answered_only_when_what_it_told_is_on_disk() {
    let (database, proxy) = Database::postgres().await.through_proxy().await;
    let mut scene = MetaScene::set(&database).await;
    proxy.cut();
    assert_ne!(scene.writes(BUDI, "wamid.IN1", "Halo").await, 200, "nothing can be stored");
    proxy.mend();
    // Meta tells it again until it is taken.
    cetar_e2e::within("the callback to be taken", async {
        while scene.writes(BUDI, "wamid.IN1", "Halo").await != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(scene.writes(BUDI, "wamid.IN1", "Halo").await, 200, "and once more");
    let is_it = |it: &cetar_e2e::Webhook| it.body.windows(9).any(|part| part == b"wamid.IN1");
    scene.receiver.next("the message", is_it).await;
    let admin = scene.home.cli("key create", &["--name", "a", "--scope", "messages,admin"]).await.ok();
    let listed = scene.gateway.get(&admin, "/v1/messages?direction=in").await.json;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    scene.gateway.stop().await;
}
