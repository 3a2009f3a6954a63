//! What comes in.

use cetar_model::Content;
use cetar_provider::Inbound;
use serde_json::json;

use crate::world::{World, within};

#[tokio::test]
async fn a_text_comes_in_with_its_writer_and_is_confirmed_only_when_it_was_told() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    let id = budi.writes(&world.bot, "Halo, saya butuh bantuan!");
    let message = world.message().await;
    assert_eq!(message.content.text(), Some("Halo, saya butuh bantuan!"));
    assert_eq!((message.remote_id, message.chat.as_str()), (format!("111/{id}"), "111"));
    assert_eq!((message.from.as_str(), message.sender_name.as_deref()), ("111", Some("Budi")));
    assert!(!message.group && !message.echo);
    within("the update to be confirmed", world.telegram.drained(&world.bot)).await;
}

#[tokio::test]
async fn what_was_not_confirmed_is_told_again_after_a_restart() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    world.restart().await;
    for number in 0..250 {
        budi.writes(&world.bot, &number.to_string());
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(world.message().await.content.text().unwrap().to_owned());
        world.restart().await;
    }
    while seen.last().map(String::as_str) != Some("249") {
        seen.push(world.message().await.content.text().unwrap().to_owned());
    }
    let mut once = seen.clone();
    once.sort_unstable_by_key(|number| number.parse::<u32>().unwrap());
    once.dedup();
    assert_eq!(once.len(), 250, "each at least once");
    within("all to be confirmed", world.telegram.drained(&world.bot)).await;
}

#[tokio::test]
async fn an_edit_names_the_message_and_what_it_says_now() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    let id = budi.writes(&world.bot, "Hallo");
    world.message().await;
    budi.edits(&world.bot, id, "Halo");
    budi.edits(&world.bot, id, "Halo!");
    let (first, second) = (world.message().await, world.message().await);
    for (edit, text) in [(&first, "Halo"), (&second, "Halo!")] {
        let content = Box::new(Content::Text { text: text.to_owned() });
        assert!(edit.content == Content::Edited { message: format!("111/{id}"), content });
    }
    assert_ne!(first.remote_id, second.remote_id, "two edits in one second are two");
}

#[tokio::test]
async fn who_blocks_the_bot_is_told_of_and_who_takes_it_back() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.blocks(&world.bot);
    budi.unblocks(&world.bot);
    let mut ids = Vec::new();
    for expected in [false, true] {
        let Inbound::Reachable { remote_id, chat, reachable, .. } = world.next().await else {
            unreachable!()
        };
        assert_eq!((chat.as_str(), reachable), ("111", expected));
        ids.push(remote_id);
    }
    assert_ne!(ids[0], ids[1], "each is news of its own");
}

#[tokio::test]
async fn a_group_names_the_group_and_the_writer_and_keeps_its_messages_when_it_moves() {
    let mut world = World::start().await;
    let (budi, group) =
        (world.telegram.person(111, "Budi"), world.telegram.group(-500, "Pelanggan", &world.bot));
    group.writes(&world.bot, &budi, "Halo semua");
    let message = world.message().await;
    assert_eq!((message.chat.as_str(), message.from.as_str(), message.group), ("-500", "111", true));
    let _new = group.becomes(&world.bot, &budi, -1_001_000_000_500);
    let Inbound::Resolved { alias, number } = world.next().await else { unreachable!() };
    assert_eq!((alias.as_str(), number.as_str()), ("-500", "-1001000000500"));
    assert_eq!(world.locate("-500").await.unwrap(), "-1001000000500");
}

#[tokio::test]
async fn a_post_in_a_channel_comes_in_under_the_channel_and_so_does_its_edit() {
    let mut world = World::start().await;
    let channel = json!({ "id": -1_001_234_567_890_i64, "type": "channel", "title": "Toko Kami" });
    let post = json!({ "message_id": 7, "date": 1, "chat": channel, "sender_chat": channel, "text": "Buka" });
    world.telegram.tell(&world.bot, "channel_post", post.clone());
    let message = world.message().await;
    assert_eq!((message.chat.as_str(), message.from.as_str()), ("-1001234567890", "-1001234567890"));
    assert_eq!((message.sender_name.as_deref(), message.group), (Some("Toko Kami"), true));
    let mut edit = post;
    (edit["edit_date"], edit["text"]) = (2.into(), "Tutup".into());
    world.telegram.tell(&world.bot, "edited_channel_post", edit);
    let content = Box::new(Content::Text { text: "Tutup".to_owned() });
    let about = "-1001234567890/7".to_owned();
    assert!(world.message().await.content == Content::Edited { message: about, content });
}

#[tokio::test]
async fn every_kind_of_message_is_read() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    let file = json!({ "file_id": "F", "file_unique_id": "u", "file_size": 7 });
    let clip = json!({ "file_id": "F", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1 });
    for (members, kind) in [
        (json!({ "video": clip }), "video"),
        (json!({ "video_note": clip }), "video"),
        (json!({ "animation": clip, "document": file }), "video"),
        (json!({ "document": file, "caption": "Harga" }), "document"),
        (json!({ "audio": clip }), "audio"),
        (json!({ "voice": clip }), "voice"),
        (json!({ "sticker": clip }), "sticker"),
        (json!({ "location": { "latitude": -6.2, "longitude": 106.8 } }), "location"),
        (
            json!({ "location": { "latitude": 1.0, "longitude": 1.0 },
                    "venue": { "location": { "latitude": 1.0, "longitude": 1.0 }, "title": "Toko", "address": "Jl. A" } }),
            "location",
        ),
        (json!({ "contact": { "phone_number": "62811", "first_name": "Ana" } }), "contact"),
        (json!({ "poll": { "id": "1", "question": "Mau?", "options": [{ "text": "Ya" }] } }), "poll"),
        (json!({ "dice": { "emoji": "🎲", "value": 3 } }), "unsupported"),
        (json!({ "location": { "latitude": 1000.0, "longitude": 0.0 } }), "unsupported"),
    ] {
        budi.sends(&world.bot, &members);
        let message = world.message().await;
        assert_eq!(message.content.kind().as_str(), kind, "{members}");
        assert_eq!(message.raw.is_some(), kind == "unsupported", "{members}");
    }
}

#[tokio::test]
async fn what_nobody_here_knows_is_kept_as_it_came() {
    let mut world = World::start().await;
    // Whatever Telegram invents: with a chat it is a message, without one it is passed over, and neither stops what follows.
    let chat = json!({ "id": 111, "type": "private", "first_name": "Budi" });
    world.telegram.tell(
        &world.bot,
        "message",
        json!({ "message_id": "seven", "chat": chat, "from": { "id": 111 } }),
    );
    world.telegram.tell(&world.bot, "my_chat_member", json!({ "nothing": true }));
    world.telegram.person(111, "Budi").writes(&world.bot, "Halo");
    let unknown = world.message().await;
    assert!(unknown.content == Content::Unsupported { kind: "message".into() });
    assert!(unknown.remote_id.starts_with("update/"), "{}", unknown.remote_id);
    assert_eq!(world.message().await.content.text(), Some("Halo"));
}
