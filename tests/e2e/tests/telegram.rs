//! Telegram, whole: a bot is added, the document's first request goes out by it and its answer comes back; and what happens when the
//! process is killed meanwhile.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use cetar_e2e::{
    Database, Home, Receiver,
    bot::{self, BotScene, Front},
    php, scene, within,
};
use cetar_simulator_bot_api::{BotApi, Fault};
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

async fn killed_after_telegram_took_it(database: Database) {
    let BotScene { telegram, bot, home, gateway, mut receiver, key, .. } = BotScene::set(&database).await;
    let budi = telegram.person(111, "Budi");
    budi.writes(&bot, "Halo");
    receiver.next("the first message", |it| it.event() == "message.received").await;
    // Telegram takes it, and its answer never comes; the process ends first.
    telegram.fails_next_to(111, Fault::HangAfter);
    let job = gateway.post(&key, "/v1/messages", &text("111", "sekali saja")).await.job_id();
    within("the message", budi.next_message(&bot)).await;
    gateway.kill().await;
    let gateway = home.serve().await;
    receiver.status_of(&job, "message.unknown").await;
    assert_eq!(gateway.job(&key, &job).await["status"], "unknown");
    // The lane goes on, and what may have been sent is not sent again.
    let next = gateway.post(&key, "/v1/messages", &text("111", "berikutnya")).await.job_id();
    receiver.status_of(&next, "message.sent").await;
    let texts: Vec<_> = budi.messages(&bot).iter().filter_map(|it| it.text().map(str::to_owned)).collect();
    assert_eq!(texts, ["sekali saja", "berikutnya"]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_telegram_took_a_message_ends_in_unknown_and_never_in_two() {
    killed_after_telegram_took_it(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_telegram_took_a_message_ends_in_unknown_on_postgresql() {
    killed_after_telegram_took_it(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_updates_with_kills_reach_the_receiver_once_each() {
    const UPDATES: usize = 1000;
    let BotScene { telegram, bot, home, mut gateway, mut receiver, .. } =
        BotScene::set(&Database::Sqlite).await;
    let people: Vec<_> = (0..10).map(|at| telegram.person(100 + at, "Budi")).collect();
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    for number in 0..UPDATES {
        people[number % people.len()].writes(&bot, &number.to_string());
    }
    for kill in 1..=4 {
        while messages.len() < kill * UPDATES / 5 {
            note(&mut messages, &mut receiver).await;
        }
        gateway.kill().await;
        gateway = home.serve().await;
    }
    while messages.len() < UPDATES {
        note(&mut messages, &mut receiver).await;
    }
    within("all to be confirmed", telegram.drained(&bot)).await;
    gateway.stop().await;
}

/// Takes one webhook. A kill may have it delivered again: it is the same message then, by its id.
async fn note(messages: &mut BTreeMap<String, String>, receiver: &mut Receiver) {
    let webhook = receiver.next("a message", |it| it.event() == "message.received").await;
    let data = &webhook.json["data"];
    let (text, id) = (data["text"].as_str().expect("a text"), data["message_id"].as_str().expect("an id"));
    let before = messages.insert(text.to_owned(), id.to_owned());
    assert!(before.is_none_or(|before| before == id), "{text} came in twice");
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

    telegram.revoke(&bot);
    let told =
        receiver.next("the reason", |it| it.json["data"]["reason"] == "credentials_expired").await.json;
    assert_eq!(
        (&told["session_id"], &told["data"]["next_action"]),
        (&json!(device), &json!("renew_credentials"))
    );
    let refused = gateway.post(&key, "/v1/messages", &text("111", "Halo")).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (422, &json!("device_not_linked")));
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
async fn updates_that_telegram_pushes_arrive_once_each_over_kills_and_strangers_are_refused() {
    const UPDATES: usize = 200;
    let telegram = BotApi::start().await;
    let bot = telegram.bot("toko_bot");
    let front = Front::start().await;
    let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    home.set("CETAR_TELEGRAM__API_URL", &telegram.url());
    home.set("CETAR_PUBLIC_URL", front.url());
    let mut gateway = home.serve().await;
    front.leads_to(&gateway);
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let settings = json!({ "token": bot.token(), "updates": "webhook" });
    let device = bot::add_with(&home, "Bot", &settings).await.ok();
    scene::connected(&mut receiver, &device).await;
    let hook = within("the webhook", telegram.hooked(&bot)).await;
    assert_eq!(hook, format!("{}/callbacks/telegram/{device}", front.url()));
    let forged = gateway.post("", &format!("/callbacks/telegram/{device}"), &json!({ "update_id": 1 })).await;
    assert_eq!((forged.status, &forged.json["error"]["code"]), (403, &json!("callback_not_verified")));

    let people: Vec<_> = (0..5).map(|at| telegram.person(100 + at, "Budi")).collect();
    for number in 0..UPDATES {
        people[number % people.len()].writes(&bot, &number.to_string());
    }
    let mut messages = BTreeMap::new();
    for kill in 1..=2 {
        while messages.len() < kill * UPDATES / 4 {
            note(&mut messages, &mut receiver).await;
        }
        gateway.kill().await;
        gateway = home.serve().await;
        front.leads_to(&gateway);
    }
    while messages.len() < UPDATES {
        note(&mut messages, &mut receiver).await;
    }
    within("all to be taken", telegram.drained(&bot)).await;
    gateway.stop().await;
}
