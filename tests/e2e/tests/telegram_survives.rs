//! Telegram over kills and over several nodes: nothing is lost, nothing comes or goes twice.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use cetar_e2e::{
    Database, Home, Receiver,
    bot::{self, BotScene, Front},
    scene, within,
};
use cetar_simulator_bot_api::{BotApi, Fault};
use serde_json::{Value, json};

fn text(to: &str, text: &str) -> Value {
    json!({ "channel": "telegram", "type": "text", "to": to, "content": { "text": text } })
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
async fn a_thousand_updates_with_kills_and_duplicates_reach_the_receiver_once_each() {
    a_thousand_updates(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_updates_with_kills_and_duplicates_reach_the_receiver_once_each_on_postgresql() {
    a_thousand_updates(Database::postgres().await).await;
}

async fn a_thousand_updates(database: Database) {
    const UPDATES: usize = 1000;
    let BotScene { telegram, bot, home, mut gateway, mut receiver, .. } = BotScene::set(&database).await;
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
        // Telegram tells again what it was not sure of, and more than it would.
        telegram.retell(&bot, 150);
        gateway = home.serve().await;
    }
    while messages.len() < UPDATES {
        note(&mut messages, &mut receiver).await;
    }
    within("all to be confirmed", telegram.drained(&bot)).await;
    // Nothing that was told twice came in twice: what comes now is the next.
    people[0].writes(&bot, "selesai");
    while !messages.contains_key("selesai") {
        note(&mut messages, &mut receiver).await;
    }
    assert_eq!(messages.len(), UPDATES + 1);
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
        telegram.retell(&bot, 30);
        gateway = home.serve().await;
        front.leads_to(&gateway);
    }
    while messages.len() < UPDATES {
        note(&mut messages, &mut receiver).await;
    }
    within("all to be taken", telegram.drained(&bot)).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_asks_for_the_updates_of_a_bot_and_the_other_goes_on_when_it_is_gone() {
    let database = Database::postgres().await;
    let BotScene { telegram, bot, home, gateway, mut receiver, key, .. } = BotScene::set(&database).await;
    let mut other = Home::new(&database, "ws://127.0.0.1:9/ws/chat");
    other.set("CETAR_TELEGRAM__API_URL", &telegram.url());
    std::fs::copy(home.data().join("master.key"), other.data().join("master.key")).expect("the same key");
    let second = other.serve().await;

    let budi = telegram.person(111, "Budi");
    let mut messages = BTreeMap::new();
    for number in 0..20 {
        budi.writes(&bot, &number.to_string());
        while messages.len() <= number {
            note(&mut messages, &mut receiver).await;
        }
    }
    // The second serves sends meanwhile, which the first makes.
    let job = second.post(&key, "/v1/messages", &text("111", "lewat yang kedua")).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    assert_eq!(telegram.conflicts(&bot), 0, "two that asked would have ended each other's questions");

    // The first ends without a word; its question is still open at Telegram. The second takes over once the lease has run out.
    gateway.kill().await;
    budi.writes(&bot, "kepada yang kedua");
    while !messages.contains_key("kepada yang kedua") {
        note(&mut messages, &mut receiver).await;
    }
    let job = second.post(&key, "/v1/messages", &text("111", "dari yang kedua")).await.job_id();
    receiver.status_of(&job, "message.sent").await;
    assert!(telegram.conflicts(&bot) <= 1, "at most the question of the one that is gone");
    assert_eq!(messages.len(), 21);
    second.stop().await;
}
