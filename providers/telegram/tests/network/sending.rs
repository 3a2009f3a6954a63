//! What we send, as Telegram and the person see it.

use cetar_model::{Button, Buttons, Content};
use cetar_provider::{CheckError, NumberCheck};
use futures::TryStreamExt as _;

use crate::world::{World, text, within};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";

#[tokio::test]
async fn a_text_arrives_as_it_was_written_and_its_id_names_chat_and_message() {
    let world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "Halo");
    let sent = world.send(111, text("a_b *c* <d> & 👍")).await.unwrap();
    let shown = budi.next_message(&world.bot).await;
    assert_eq!(shown.text(), Some("a_b *c* <d> & 👍"));
    assert_eq!(sent.remote_id, format!("111/{}", shown.id()));
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_and_goes_out_even_if_that_is_gone() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    let asked = budi.writes(&world.bot, "Buka jam berapa?");
    let remote_id = world.message().await.remote_id;
    for (reply_to, answers) in [(remote_id, Some(asked)), ("111/999".to_owned(), None)] {
        let mut message = world.outbound(111, text("Jam 8"));
        message.reply_to = Some(reply_to);
        world.session.send(&message).await.unwrap();
        let shown = budi.next_message(&world.bot).await;
        assert_eq!(shown.message["reply_to_message"]["message_id"].as_i64(), answers);
    }
}

#[tokio::test]
async fn every_kind_of_medium_arrives_whole_with_its_caption_and_name() {
    let world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "Halo");
    let long = vec![7; 300_000];
    let caption = || Some("Promo \"besar\"\r\n--x".to_owned());
    let named = |mut media: cetar_model::Media| {
        media.file_name = Some("harga \"baru\".pdf".to_owned());
        media
    };
    for (field, content, bytes) in [
        ("photo", Content::Image { media: world.medium("image/png", PNG), caption: caption() }, PNG),
        ("video", Content::Video { media: world.medium("video/mp4", &long), caption: caption() }, &long),
        (
            "document",
            Content::Document { media: named(world.medium("application/pdf", b"%PDF")), caption: caption() },
            b"%PDF",
        ),
        (
            "audio",
            Content::Audio { media: world.medium("audio/mpeg", b"ID3"), caption: caption(), voice: false },
            b"ID3",
        ),
        (
            "voice",
            Content::Audio { media: world.medium("audio/ogg", b"OggS"), caption: caption(), voice: true },
            b"OggS",
        ),
    ] {
        world.send(111, content).await.unwrap();
        let shown = budi.next_message(&world.bot).await;
        assert!(!shown.message[field].is_null(), "{field}");
        assert_eq!(shown.file.as_deref(), Some(bytes), "{field}");
        assert_eq!(shown.caption(), caption().as_deref(), "{field}");
        if field == "document" {
            assert_eq!(shown.message["document"]["file_name"], "harga %22baru%22.pdf");
        }
    }
}

pub(crate) fn buttons(media: Option<cetar_model::Media>) -> Content {
    Content::Buttons(Buttons {
        title: Some("PROMO".into()),
        text: "Mau?".into(),
        footer: None,
        buttons: vec![
            Button::Reply { id: "AMBIL_".repeat(40), text: "Ya, Ambil!".into() },
            Button::Url { text: "Situs".into(), url: "https://www.cetar.ai".into() },
            Button::Copy { text: "Salin".into(), code: "PROMO50".into() },
        ],
        media,
    })
}

#[tokio::test]
async fn a_pressed_button_comes_back_under_the_applications_own_id_and_is_answered() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "Halo");
    world.message().await;
    for media in [None, Some(world.medium("image/png", PNG))] {
        let sent = world.send(111, buttons(media)).await.unwrap();
        let shown = budi.next_message(&world.bot).await;
        assert_eq!(shown.buttons().len(), 3);
        budi.presses(&world.bot, &shown, "Ya, Ambil!");
        let press = world.message().await;
        assert!(
            press.content
                == Content::ButtonPress {
                    id: "AMBIL_".repeat(40),
                    text: "Ya, Ambil!".into(),
                    message: Some(sent.remote_id)
                }
        );
        assert_eq!((press.from.as_str(), press.sender_name.as_deref()), ("111", Some("Budi")));
    }
    within("both presses to be answered", world.telegram.called("answerCallbackQuery", 2)).await;
}

#[tokio::test]
async fn what_a_tampered_client_presses_is_nobodys_button() {
    let mut world = World::start().await;
    let (budi, ana) = (world.telegram.person(111, "Budi"), world.telegram.person(222, "Ana"));
    for person in [&budi, &ana] {
        person.writes(&world.bot, "Halo");
        world.message().await;
    }
    world.send(111, buttons(None)).await.unwrap();
    world.send(222, text("Halo Ana")).await.unwrap();
    let (at_budi, at_ana) = (budi.next_message(&world.bot).await, ana.next_message(&world.bot).await);
    let data = at_budi.buttons()[0]["callback_data"].clone();
    for invented in [data, "b:AAAAAAAAAAAAAAAA".into(), "AMBIL_PROMO".into()] {
        ana.presses_with(&world.bot, &at_ana, &invented);
        let press = world.message().await;
        assert!(press.content == Content::Unsupported { kind: "callback_query".into() });
    }
}

#[tokio::test]
async fn a_public_channel_is_written_to_by_its_name() {
    let world = World::start().await;
    let channel = world.telegram.channel(-1_001_234_567_890, "toko_kami", &world.bot);
    let sent = world.send("@toko_kami", text("Promo!")).await.unwrap();
    assert_eq!(channel.next_message(&world.bot).await.text(), Some("Promo!"));
    assert!(sent.remote_id.starts_with("-1001234567890/"), "{sent:?}");
}

#[tokio::test]
async fn a_group_that_moved_gets_the_message_once_at_its_new_place() {
    let mut world = World::start().await;
    let group = world.telegram.group(-500, "Pelanggan", &world.bot);
    world.send(-500, text("satu")).await.unwrap();
    let new = group.becomes_quietly(&world.bot, -1_001_000_000_500);
    world.send(-500, text("dua")).await.unwrap();
    assert_eq!(new.next_message(&world.bot).await.text(), Some("dua"));
    assert_eq!((group.messages(&world.bot).len(), new.messages(&world.bot).len()), (1, 1));
    let cetar_provider::Inbound::Resolved { alias, number } = world.next().await else { unreachable!() };
    assert_eq!((alias.as_str(), number.as_str()), ("-500", "-1001000000500"));
    assert_eq!(world.locate("-500").await.unwrap(), "-1001000000500", "the next goes there at once");
}

#[tokio::test]
async fn somebody_is_shown_that_an_answer_is_being_written() {
    let world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "Halo");
    world.session.typing(&cetar_model::Chat::new("111")).await.unwrap();
    let calls = world.telegram.called("sendChatAction", 1).await;
    assert_eq!(calls[0].params, serde_json::json!({ "chat_id": 111, "action": "typing" }));
    budi.blocks(&world.bot);
    let refused = world.session.typing(&cetar_model::Chat::new("111")).await;
    let code = cetar_model::FailureCode::RecipientBlocked;
    assert!(matches!(refused, Err(cetar_model::SendError::Rejected { code: it, .. }) if it == code));
}

#[tokio::test]
async fn a_number_is_known_once_its_owner_shared_it() {
    let mut world = World::start().await;
    let number = cetar_model::PhoneNumber::parse("6281234567890").unwrap();
    let check = world.session.check(&number).await;
    assert!(matches!(check, Ok(NumberCheck { is_registered: false, jid: None })));
    world.telegram.person(111, "Budi").shares_number(&world.bot, "+62 812-3456-7890");
    world.message().await;
    let check: Result<NumberCheck, CheckError> = world.session.check(&number).await;
    assert_eq!(check.unwrap(), NumberCheck { is_registered: true, jid: Some("111".to_owned()) });
}

#[tokio::test]
async fn a_picture_that_came_in_is_read_and_the_token_is_not_in_its_reference() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.sends_file(&world.bot, "photo", "image/jpeg", PNG, Some("Bukti transfer"));
    let message = world.message().await;
    let Content::Image { media, caption } = &message.content else { unreachable!() };
    assert_eq!((caption.as_deref(), media.width), (Some("Bukti transfer"), Some(800)));
    let cetar_model::MediaSource::Network(reference) = &media.source else { unreachable!() };
    assert!(!reference.contains(world.bot.token()));
    let pieces: Vec<bytes::Bytes> =
        world.session.download(reference).await.unwrap().try_collect().await.unwrap();
    assert_eq!(pieces.concat(), PNG);
    let gone = world.session.download("AgACnone").await;
    assert!(matches!(gone, Err(cetar_provider::DownloadError::Gone(_))));
}
