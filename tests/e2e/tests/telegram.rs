//! Telegram, whole: a bot is added, the document's requests go out by it and what people answer comes back.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database,
    bot::{self, BotScene},
    php, within,
};
use cetar_simulator_bot_api::BotApi;
use serde_json::{Value, json};

/// The document's recipient.
const BUDI: &str = "6281234567890";

fn text(to: &str, text: &str) -> Value {
    json!({ "channel": "telegram", "type": "text", "to": to, "content": { "text": text } })
}

async fn the_documents_example(database: Database) {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, secret, key, device } =
        BotScene::set(&database).await;
    let example = php::TEXT.replace("\"channel\": \"whatsapp\"", "\"channel\": \"telegram\"");

    // Nobody can be written to on Telegram who has not begun: the refusal says how they can.
    let refused = php::run(&example, &gateway.base, "", &key).await;
    assert_eq!(refused["error"]["code"], "recipient_not_opted_in", "{refused}");
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("https://t.me/toko_bot?start=optin"), "{message}");

    let budi = telegram.person(111, "Budi Santoso");
    budi.shares_number(&bot, "+6281234567890");
    let contact = receiver.next("the card", |it| it.event() == "message.received").await;
    assert_eq!(
        (&contact.json["data"]["type"], &contact.json["data"]["from"]),
        (&json!("contact"), &json!("111"))
    );

    let answer = php::run(&example, &gateway.base, "", &key).await;
    assert_eq!(answer["data"]["status"], "queued", "{answer}");
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    receiver.status_of(&job, "message.sent").await.verify(&secret);
    assert_eq!(gateway.job(&key, &job).await["status"], "sent", "a bot is told no more");
    let texts: Vec<_> = budi.messages(&bot).iter().filter_map(|it| it.text().map(str::to_owned)).collect();
    assert!(texts.iter().any(|text| text == "Halo! Ini pesan teks dari Cetar API."), "{texts:?}");

    budi.writes(&bot, "Halo, saya butuh bantuan!");
    let webhook = receiver.next("the reply", |it| it.json["data"]["type"] == "text").await;
    webhook.verify(&secret);
    assert_eq!((&webhook.json["channel"], &webhook.json["session_id"]), (&json!("telegram"), &json!(device)));
    let data = &webhook.json["data"];
    assert_eq!((&data["from"], &data["sender_name"]), (&json!("111"), &json!("Budi Santoso")));
    assert_eq!(data["text"], "Halo, saya butuh bantuan!");
    assert_eq!(data["sequence"], 3, "the card, our text and this are one conversation: {data}");
    assert_eq!(gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_goes_out_by_a_bot_and_its_answer_comes_back() {
    the_documents_example(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_goes_out_by_a_bot_on_postgresql() {
    the_documents_example(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_and_pictures_go_out_and_what_is_pressed_and_sent_comes_back() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    let site = cetar_e2e::Site::start().await;
    let budi = telegram.person(111, "Budi");
    budi.shares_number(&bot, BUDI);
    receiver.next("the card", |it| it.event() == "message.received").await;
    within("thanks", budi.next_message(&bot)).await;

    let example = php::BUTTONS.replace("\"channel\": \"whatsapp\"", "\"channel\": \"telegram\"");
    let answer = php::run(&example, &gateway.base, site.url(), &key).await;
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    receiver.status_of(&job, "message.sent").await;
    let shown = within("the buttons", budi.next_message(&bot)).await;
    assert_eq!(shown.buttons().len(), 3);
    assert!(shown.file.is_some(), "the picture above them");
    budi.presses(&bot, &shown, "Ya, Ambil!");
    let pressed = receiver.next("the press", |it| it.json["data"]["type"] == "button").await;
    assert_eq!(pressed.json["data"]["button_id"], "AMBIL_PROMO");
    within("the press to be answered", telegram.called("answerCallbackQuery", 1)).await;

    budi.sends_file(&bot, "photo", "image/jpeg", b"\xff\xd8\xff\xe0 a transfer slip", Some("Bukti"));
    let picture = receiver.next("the picture", |it| it.json["data"]["type"] == "image").await;
    let url = picture.json["data"]["media_url"].as_str().expect("an address");
    let file = gateway.get_file(url, &[]).await;
    assert_eq!((file.status, &file.body[..]), (200, &b"\xff\xd8\xff\xe0 a transfer slip"[..]));
    assert!(!picture.json.to_string().contains(bot.token()), "the token never leaves us");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_looked_at_when_the_bot_is_added_and_has_one_device() {
    let BotScene { telegram, bot, home, gateway, mut receiver, key, device, .. } =
        BotScene::set(&Database::Sqlite).await;
    let again = bot::add(&home, &bot, "Lagi").await;
    assert_ne!(again.status, Some(0));
    assert!(again.stderr.contains("Another device"), "{again:?}");
    // Of another Telegram: known here to nobody, and of a form that could be.
    let elsewhere = BotApi::start().await;
    let (_the_same_id, stranger) = (elsewhere.bot("satu_bot"), elsewhere.bot("lain_bot"));
    let wrong = bot::add(&home, &stranger, "Salah").await;
    assert_ne!(wrong.status, Some(0));
    assert!(wrong.stderr.contains("token"), "{wrong:?}");
    assert!(!wrong.stderr.contains(stranger.token()), "a token is never shown: {wrong:?}");

    telegram.person(111, "Budi").shares_number(&bot, BUDI);
    receiver.next("the card", |it| it.event() == "message.received").await;
    telegram.revoke(&bot);
    let told =
        receiver.next("the reason", |it| it.json["data"]["reason"] == "credentials_expired").await.json;
    assert_eq!(
        (&told["session_id"], &told["data"]["next_action"]),
        (&json!(device), &json!("renew_credentials"))
    );
    let refused = gateway.post(&key, "/v1/messages", &text("111", "Halo")).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (422, &json!("device_not_linked")));

    // Another bot's token is not taken; the renewed one brings the device back, with what it knows.
    let other = telegram.bot("lain_bot");
    let not_ours = bot::change(&home, &device, &json!({ "token": other.token() })).await;
    assert_ne!(not_ours.status, Some(0));
    assert!(not_ours.stderr.contains("another account (@lain_bot)"), "{not_ours:?}");
    let renewed = telegram.renew(&bot);
    bot::change(&home, &device, &json!({ "token": renewed.token() })).await.ok();
    cetar_e2e::scene::connected(&mut receiver, &device).await;
    let job = gateway.post(&key, "/v1/messages", &text(BUDI, "Halo lagi")).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegrams_limits_are_kept_and_no_attempt_is_lost_to_them() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    let budi = telegram.person(111, "Budi");
    budi.writes(&bot, "Halo");
    receiver.next("the first message", |it| it.event() == "message.received").await;
    telegram.enforce_limits();
    let texts = ["satu", "dua", "tiga"];
    let mut jobs = Vec::new();
    for one in texts {
        jobs.push(gateway.post(&key, "/v1/messages", &text("111", one)).await.job_id());
    }
    for job in &jobs {
        receiver.status_of(job, "message.sent").await;
        assert_eq!(gateway.job(&key, job).await["attempts"], 1);
    }
    let shown: Vec<_> = budi.messages(&bot).iter().filter_map(|it| it.text().map(str::to_owned)).collect();
    assert_eq!(shown, texts);
    let slowed = telegram.calls().iter().filter(|call| call.method == "sendMessage").count();
    assert_eq!(slowed, 3, "none was refused for its pace");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_template_goes_out_by_a_bot_with_its_picture_and_buttons() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    let site = cetar_e2e::Site::start().await;
    let budi = telegram.person(111, "Budi");
    budi.shares_number(&bot, BUDI);
    within("thanks", budi.next_message(&bot)).await;
    let template = json!({
        "id": 123, "name": "tagihan", "text": "Halo {{1}}, tagihan Anda {{2}} <b>lunas</b>.", "footer": "Toko",
        "media_url": format!("{}/promo.jpg", site.url()),
        "buttons": [{ "id": "BAYAR", "text": "Bayar" }, { "type": "cta_url", "text": "Situs", "url": "https://www.cetar.ai" }],
    });
    let made = gateway.post(&key, "/v1/templates", &template).await;
    assert_eq!(made.status, 200, "{made:?}");

    let example = php::TEMPLATE.replace("\"to\"", "\"channel\": \"telegram\", \"to\"");
    let answer = php::run(&example, &gateway.base, "", &key).await;
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    receiver.status_of(&job, "message.sent").await;
    let shown = within("the template", budi.next_message(&bot)).await;
    assert_eq!(shown.caption(), Some("Halo Budi Santoso, tagihan Anda Rp 500.000 <b>lunas</b>.\n\nToko"));
    assert!(shown.file.is_some() && shown.buttons().len() == 2);
    budi.presses(&bot, &shown, "Bayar");
    let pressed = receiver.next("the press", |it| it.json["data"]["type"] == "button").await;
    assert_eq!(pressed.json["data"]["button_id"], "BAYAR");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_is_read_where_it_is_asked_for_and_fails_clearly_where_it_is_wrong() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    let budi = telegram.person(111, "Budi");
    budi.writes(&bot, "Halo");
    receiver.next("the first message", |it| it.event() == "message.received").await;
    let mut body = text("111", "<b>Halo");
    // Nothing asked for: nothing can go wrong.
    let job = gateway.post(&key, "/v1/messages", &body).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    assert_eq!(within("the text", budi.next_message(&bot)).await.text(), Some("<b>Halo"));
    body["content"]["parse_mode"] = json!("HTML");
    let job = gateway.post(&key, "/v1/messages", &body).await.job_id();
    let failed = receiver.status_of(&job, "message.failed").await.json;
    assert_eq!(failed["data"]["error"]["code"], "content_invalid");
    let shown = gateway.job(&key, &job).await.to_string();
    assert!(shown.contains("can't parse entities"), "the reason is shown: {shown}");
    body["content"]["text"] = json!("<b>Halo</b>");
    let job = gateway.post(&key, "/v1/messages", &body).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    assert_eq!(within("the bold text", budi.next_message(&bot)).await.text(), Some("Halo"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_captions_are_measured_in_utf_16_before_they_are_queued() {
    let BotScene { home: _home, gateway, key, .. } = BotScene::set(&Database::Sqlite).await;
    // Each counts as two units and is one character.
    let thumbs = |units: usize| "👍".repeat(units / 2);
    let picture = |caption: String| json!({ "channel": "telegram", "type": "image", "to": "111", "media_url": "https://contoh.com/a.jpg", "content": { "caption": caption } });
    for (fits, too_long, field) in [
        (text("111", &thumbs(4096)), text("111", &thumbs(4098)), "content.text"),
        (picture(thumbs(1024)), picture(thumbs(1026)), "content.caption"),
    ] {
        assert_eq!(gateway.post(&key, "/v1/messages", &fits).await.status, 200);
        let refused = gateway.post(&key, "/v1/messages", &too_long).await;
        let problem = &refused.json["error"]["fields"][0];
        assert_eq!(
            (refused.status, &problem["field"], &problem["code"]),
            (422, &json!(field), &json!("too_long"))
        );
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_becomes_a_supergroup_keeps_its_conversation() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    let (budi, group) = (telegram.person(111, "Budi"), telegram.group(-500, "Pelanggan", &bot));
    let said = |text: &'static str| move |it: &cetar_e2e::Webhook| it.json["data"]["text"] == text;
    group.writes(&bot, &budi, "Halo semua");
    let first = receiver.next("the message", said("Halo semua")).await.json;
    assert_eq!((&first["data"]["group_id"], &first["data"]["from"]), (&json!("-500"), &json!("111")));
    let new = group.becomes(&bot, &budi, -1_001_000_000_500);
    new.writes(&bot, &budi, "Masih di sini");
    let second = receiver.next("the next", said("Masih di sini")).await.json;
    assert_eq!(second["data"]["group_id"], "-1001000000500");
    assert_eq!((&first["data"]["sequence"], &second["data"]["sequence"]), (&json!(1), &json!(2)));
    let job = gateway.post(&key, "/v1/messages", &text("-500", "Halo dari kami")).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    assert_eq!(within("the message", new.next_message(&bot)).await.text(), Some("Halo dari kami"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_number_says_who_shared_their_number_with_the_bot() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, .. } =
        BotScene::set(&Database::Sqlite).await;
    telegram.person(111, "Budi").shares_number(&bot, BUDI);
    receiver.next("the card", |it| it.event() == "message.received").await;
    let example = php::CHECK.replace("\"channel\": \"whatsapp\"", "\"channel\": \"telegram\"");
    let checked = php::run(&example, &gateway.base, "", &key).await;
    assert_eq!(
        checked,
        json!({
            "success": true,
            "message": "Nomor ini sudah dibagikan ke bot.",
            "data": { "phone": BUDI, "jid": "111", "is_registered": true },
        })
    );
    let other = json!({ "channel": "telegram", "phone": "6281234567891" });
    let unknown = gateway.post(&key, "/v1/check-number", &other).await;
    assert_eq!(unknown.json["message"], "Nomor ini belum dibagikan ke bot.");
    assert_eq!(
        unknown.json["data"],
        json!({ "phone": "6281234567891", "jid": null, "is_registered": false })
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_blocks_the_bot_is_told_of_until_they_take_it_back() {
    let BotScene { telegram, bot, home: _home, gateway, mut receiver, key, device, .. } =
        BotScene::set(&Database::Sqlite).await;
    let budi = telegram.person(111, "Budi");
    budi.writes(&bot, "Halo");
    receiver.next("the first message", |it| it.event() == "message.received").await;
    budi.blocks(&bot);
    let told = receiver.next("the block", |it| it.event() == "contact.blocked").await.json;
    assert_eq!((&told["channel"], &told["session_id"]), (&json!("telegram"), &json!(device)));
    assert_eq!((&told["data"]["to"], &told["data"]["group"]), (&json!("111"), &json!(false)));
    // Telegram has the last word: the send is tried, and says why it failed.
    let job = gateway.post(&key, "/v1/messages", &text("111", "Promo")).await.job_id();
    let failed = receiver.status_of(&job, "message.failed").await.json;
    assert_eq!(failed["data"]["error"]["code"], "recipient_blocked");
    budi.unblocks(&bot);
    receiver.next("the unblock", |it| it.event() == "contact.unblocked").await;
    let job = gateway.post(&key, "/v1/messages", &text("111", "Halo lagi")).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    gateway.stop().await;
}
