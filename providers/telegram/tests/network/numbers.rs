//! Writing to a phone number: only to those who shared theirs.

use cetar_model::Language;
use cetar_provider::NotLocated;

use crate::world::{World, within};

const NUMBER: &str = "6281234567890";

#[tokio::test]
async fn a_number_that_was_not_shared_leads_to_the_bots_link() {
    let world = World::start().await;
    let Err(NotLocated::NotOptedIn { link }) = world.locate(NUMBER).await else { unreachable!() };
    assert_eq!(link.as_deref(), Some("https://t.me/toko_bot?start=optin"));
    for chat in ["111", "123456789", "-1001234567890", "@toko_kami"] {
        assert_eq!(world.locate(chat).await.unwrap(), chat, "a chat is a chat");
    }
}

#[tokio::test]
async fn a_shared_number_leads_to_its_owners_chat() {
    let mut world = World::start().await;
    world.telegram.person(111, "Budi").shares_number(&world.bot, "+6281234567890");
    world.message().await;
    assert_eq!(world.locate(NUMBER).await.unwrap(), "111");
}

#[tokio::test]
async fn a_card_of_somebody_else_proves_nothing() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    for of in [Some(222), None] {
        budi.shares_card(&world.bot, NUMBER, of);
        world.message().await;
        assert!(matches!(world.locate(NUMBER).await, Err(NotLocated::NotOptedIn { .. })));
    }
}

#[tokio::test]
async fn a_number_has_one_owner_and_an_owner_one_number() {
    let mut world = World::start().await;
    let (budi, ana) = (world.telegram.person(111, "Budi"), world.telegram.person(222, "Ana"));
    budi.shares_number(&world.bot, NUMBER);
    ana.shares_number(&world.bot, NUMBER);
    ana.shares_number(&world.bot, "6281111111111");
    for _ in 0..3 {
        world.message().await;
    }
    assert_eq!(world.locate("6281111111111").await.unwrap(), "222");
    assert!(world.locate(NUMBER).await.is_err(), "Ana has another now, and Budi lost it to her");
}

#[tokio::test]
async fn somebody_whose_id_looks_like_a_number_is_written_to_by_it() {
    let mut world = World::start().await;
    let long = 6_281_234_567_890;
    world.telegram.person(long, "Budi").writes(&world.bot, "Halo");
    world.message().await;
    assert_eq!(world.locate(NUMBER).await.unwrap(), NUMBER);
}

#[tokio::test]
async fn start_is_answered_with_the_keyboard_once_and_sharing_with_thanks() {
    let mut world = World::start().await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "/start optin");
    assert_eq!(world.message().await.content.text(), Some("/start optin"), "it is told like any message");
    let asked = within("the keyboard", budi.next_message(&world.bot)).await;
    let button = &asked.message["reply_markup"]["keyboard"][0][0];
    assert_eq!((&button["request_contact"], &button["text"]), (&true.into(), &"Bagikan nomor saya".into()));
    budi.shares_number(&world.bot, NUMBER);
    let thanked = within("thanks", budi.next_message(&world.bot)).await;
    assert_eq!(thanked.message["reply_markup"]["remove_keyboard"], true);

    // Whose number is known is not asked again; and what Telegram tells again is not answered again.
    budi.writes(&world.bot, "/start");
    world.restart().await;
    budi.writes(&world.bot, "selesai");
    while world.message().await.content.text() != Some("selesai") {}
    within("all to be confirmed", world.telegram.drained(&world.bot)).await;
    assert_eq!(budi.messages(&world.bot).len(), 2);
}

#[tokio::test]
async fn in_an_english_workspace_the_bot_asks_and_thanks_in_english() {
    let world = World::start_in(Language::English, None, &[]).await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "/start");
    let asked = within("the keyboard", budi.next_message(&world.bot)).await;
    assert_eq!(
        asked.text(),
        Some("Hello! Press the button below to share your number, so that we can reach you here.")
    );
    assert_eq!(asked.message["reply_markup"]["keyboard"][0][0]["text"], "Share my number");
    budi.shares_number(&world.bot, NUMBER);
    let thanked = within("thanks", budi.next_message(&world.bot)).await;
    assert_eq!(thanked.text(), Some("Thank you, your number is saved."));
}

#[tokio::test]
async fn the_keyboard_can_be_switched_off() {
    let mut world = World::start_with(&[("ask_number", "off")]).await;
    let budi = world.telegram.person(111, "Budi");
    budi.writes(&world.bot, "/start");
    budi.shares_number(&world.bot, NUMBER);
    budi.writes(&world.bot, "selesai");
    while world.message().await.content.text() != Some("selesai") {}
    within("all to be confirmed", world.telegram.drained(&world.bot)).await;
    assert!(budi.messages(&world.bot).is_empty());
    assert_eq!(world.locate(NUMBER).await.unwrap(), "111", "it is remembered all the same");
}
