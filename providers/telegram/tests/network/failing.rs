//! What Telegram refuses, and what nobody can tell.

use std::time::Duration;

use cetar_model::{DeviceState, DownReason, FailureCode as F, SendError};
use cetar_provider::{IdentifyError, Provider as _, SessionEnd};
use cetar_simulator_bot_api::Fault;

use crate::world::{World, text, while_time_passes, within};

async fn world_with_budi() -> World {
    let world = World::start().await;
    world.telegram.person(111, "Budi").writes(&world.bot, "Halo");
    within("the first message", world.telegram.drained(&world.bot)).await;
    world
}

/// The next send is refused like this, and that means this.
async fn means(code: u16, description: &str, expected: F) {
    let world = world_with_budi().await;
    world.telegram.fails_next_to(111, Fault::refuse(code, description));
    let outcome = world.send(111, text("Halo!")).await;
    let Err(SendError::Rejected { code: meaning, provider_code, detail }) = outcome else {
        panic!("{description}: {outcome:?}")
    };
    let (theirs, words) = (Some(code.to_string()), Some(description.to_owned()));
    assert_eq!((meaning, provider_code, detail), (expected, theirs, words));
}

macro_rules! refusals {
    ($($name:ident: $code:literal $description:literal => $meaning:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            means($code, $description, F::$meaning).await;
        }
    )*};
}

/// The rows of the table of what Telegram refuses for good, each by its name.
mod refused {
    use super::{F, means};

    refusals! {
        a_chat_that_is_not_there: 400 "Bad Request: chat not found" => RecipientNotFound;
        a_user_that_is_not_there: 400 "Bad Request: user not found" => RecipientNotFound;
        an_id_that_is_none: 400 "Bad Request: PEER_ID_INVALID" => RecipientNotFound;
        a_text_that_is_empty: 400 "Bad Request: message text is empty" => ContentInvalid;
        a_text_that_is_too_long: 400 "Bad Request: text is too long" => ContentInvalid;
        a_message_that_is_too_long: 400 "Bad Request: message is too long" => ContentInvalid;
        a_caption_that_is_too_long: 400 "Bad Request: message caption is too long" => ContentInvalid;
        markup_that_cannot_be_read: 400 "Bad Request: can't parse entities: unsupported start tag" => ContentInvalid;
        an_answered_message_that_is_gone: 400 "Bad Request: message to be replied not found" => ContentInvalid;
        an_address_that_is_none: 400 "Bad Request: wrong HTTP URL specified" => MediaUnreachable;
        an_address_that_gives_nothing: 400 "Bad Request: failed to get HTTP URL content" => MediaUnreachable;
        an_address_that_gives_something_else: 400 "Bad Request: wrong type of the web page content" => MediaTypeNotSupported;
        a_file_that_is_not_there: 400 "Bad Request: wrong file identifier/HTTP URL specified" => MediaUnreachable;
        a_picture_that_is_none: 400 "Bad Request: IMAGE_PROCESS_FAILED" => MediaTypeNotSupported;
        a_picture_of_odd_dimensions: 400 "Bad Request: PHOTO_INVALID_DIMENSIONS" => MediaTypeNotSupported;
        a_file_that_is_too_big: 400 "Bad Request: file is too big" => MediaTooLarge;
        a_button_whose_data_is_wrong: 400 "Bad Request: BUTTON_DATA_INVALID" => ButtonsInvalid;
        a_button_whose_url_is_wrong: 400 "Bad Request: BUTTON_URL_INVALID" => ButtonsInvalid;
        a_keyboard_whose_url_is_wrong: 400 "Bad Request: inline keyboard button URL 'x' is invalid" => ButtonsInvalid;
        a_keyboard_that_is_too_long: 400 "Bad Request: reply markup is too long" => ButtonsInvalid;
        a_group_where_it_may_not_write: 400 "Bad Request: not enough rights to send text messages to the chat" => NotAMember;
        a_refusal_nobody_has_heard_of: 400 "Bad Request: never heard of" => RejectedByNetwork;
        a_bot_that_was_blocked: 403 "Forbidden: bot was blocked by the user" => RecipientBlocked;
        a_person_who_is_gone: 403 "Forbidden: user is deactivated" => RecipientGone;
        a_person_who_never_began: 403 "Forbidden: bot can't initiate conversation with a user" => RecipientNotOptedIn;
        a_group_that_put_the_bot_out: 403 "Forbidden: bot was kicked from the group chat" => NotAMember;
        a_channel_the_bot_is_not_in: 403 "Forbidden: bot is not a member of the channel chat" => NotAMember;
        a_request_that_is_too_large: 413 "Request Entity Too Large" => MediaTooLarge;
    }
}

#[tokio::test]
async fn a_press_that_is_answered_too_late_comes_in_all_the_same() {
    let mut world = world_with_budi().await;
    let budi = world.telegram.person(111, "Budi");
    world.message().await;
    world.send(111, crate::sending::buttons(None)).await.unwrap();
    let shown = budi.next_message(&world.bot).await;
    let late = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    world.telegram.fails_next("answerCallbackQuery", Fault::refuse(400, late));
    budi.presses(&world.bot, &shown, "Ya, Ambil!");
    assert_eq!(world.message().await.content.kind(), cetar_model::ContentKind::Button);
    within("the press to be confirmed", world.telegram.drained(&world.bot)).await;
}

#[tokio::test]
async fn a_webhook_that_somebody_sets_meanwhile_is_removed_and_nothing_is_lost() {
    let mut world = world_with_budi().await;
    world.message().await;
    // The open question ends with a conflict, the next is refused because of the webhook.
    world.telegram.hook(&world.bot, "http://127.0.0.1:9/");
    world.telegram.person(111, "Budi").writes(&world.bot, "Masih di sana?");
    let told = while_time_passes(world.clock.clone(), world.message()).await;
    assert_eq!(told.content.text(), Some("Masih di sana?"));
    assert!(world.telegram.calls().iter().any(|call| call.method == "deleteWebhook"));
}

#[tokio::test]
async fn a_path_or_a_token_that_is_none_ends_the_session_for_good() {
    let mut world = world_with_budi().await;
    world.telegram.fails_next("getUpdates", Fault::refuse(404, "Not Found"));
    world.telegram.person(111, "Budi").writes(&world.bot, "Halo");
    assert_eq!(world.end().await, SessionEnd::Ended(DownReason::CredentialsExpired));
}

#[tokio::test]
async fn the_people_themselves_refuse_as_the_table_says() {
    let world = world_with_budi().await;
    let code = async |to: i64| match world.send(to, text("Halo!")).await {
        Err(SendError::Rejected { code, .. }) => Some(code),
        _ => None,
    };
    let budi = world.telegram.person(111, "Budi");
    assert_eq!(code(111).await, None);
    budi.blocks(&world.bot);
    assert_eq!(code(111).await, Some(F::RecipientBlocked));
    budi.unblocks(&world.bot);
    assert_eq!(code(111).await, None);
    budi.closes_account();
    assert_eq!(code(111).await, Some(F::RecipientGone));
    world.telegram.person(333, "Never wrote");
    assert_eq!(code(333).await, Some(F::RecipientNotFound));
    let group = world.telegram.group(-500, "Grup", &world.bot);
    assert_eq!(code(-500).await, None);
    group.kicks(&world.bot);
    assert_eq!(code(-500).await, Some(F::NotAMember));
}

#[tokio::test]
async fn what_may_have_been_sent_is_unknown() {
    let world = world_with_budi().await;
    let budi = world.telegram.person(111, "Budi");
    let mut arrived = 0;
    for (fault, arrives) in [
        (Fault::CutBefore, false),
        (Fault::CutAfter, true),
        (Fault::CutWithin, true),
        (Fault::Hang, false),
        (Fault::HangAfter, true),
        (Fault::Proxy(502), false),
        (Fault::refuse(500, "Internal Server Error: restart"), false),
        (Fault::LateAfter, true),
    ] {
        world.telegram.fails_next_to(111, fault.clone());
        let outcome = world.send(111, text("Halo!")).await;
        assert!(matches!(outcome, Err(SendError::Unknown(_))), "{fault:?}: {outcome:?}");
        arrived += usize::from(arrives);
        assert_eq!(budi.messages(&world.bot).len(), arrived, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_certainly_sent_nothing() {
    let world = world_with_budi().await;
    let World { telegram, session, .. } = &world;
    let message = world.outbound(111, text("Halo!"));
    let held = telegram.url();
    // Every handle of it is gone with this one: the port is closed.
    let (_, session) = (held, session.clone());
    let World { telegram, .. } = world;
    drop(telegram);
    let outcome = within("an attempt", async {
        loop {
            match session.send(&message).await {
                // The connection that was open may be cut first.
                Err(SendError::Unknown(_)) | Ok(_) => tokio::task::yield_now().await,
                other => return other,
            }
        }
    })
    .await;
    assert!(matches!(outcome, Err(SendError::NotSent(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_wait_that_telegram_asks_for_is_passed_on() {
    let world = world_with_budi().await;
    world.telegram.fails_next_to(111, Fault::SlowDown(7));
    let outcome = world.send(111, text("Halo!")).await;
    let wait = Duration::from_secs(7);
    assert!(matches!(outcome, Err(SendError::SlowDown { retry_after: Some(it) }) if it == wait));
}

#[tokio::test]
async fn a_revoked_token_ends_the_session_for_good() {
    for by_sending in [true, false] {
        let mut world = world_with_budi().await;
        world.telegram.revoke(&world.bot);
        if by_sending {
            let outcome = world.send(111, text("Halo!")).await;
            assert!(
                matches!(outcome, Err(SendError::AccountDown(DownReason::CredentialsExpired))),
                "{outcome:?}"
            );
        }
        assert_eq!(world.end().await, SessionEnd::Ended(DownReason::CredentialsExpired));
    }
}

#[tokio::test]
async fn a_token_is_looked_at_when_it_is_given() {
    let world = World::start().await;
    let account = |token: &str| world.account(&[("token", token)]);
    let known = world.provider().identify(&account(world.bot.token())).await.unwrap().unwrap();
    assert_eq!(known.address, "@toko_bot");
    for wrong in ["not a token", "7000000:AAHxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
        let refused = world.provider().identify(&account(wrong)).await;
        assert!(
            matches!(&refused, Err(IdentifyError::Settings(error)) if error.field == "token"),
            "{refused:?}"
        );
    }
    world.telegram.fails_next("getMe", Fault::CutBefore);
    let unknown = world.provider().identify(&account(world.bot.token())).await;
    assert!(matches!(unknown, Err(IdentifyError::Network(_))));
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_again_and_nothing_is_lost_with_it() {
    for fault in [Fault::CutBefore, Fault::Proxy(502), Fault::refuse(500, "Internal Server Error")] {
        let mut world = World::start().await;
        let budi = world.telegram.person(111, "Budi");
        // The question that is open brings the first; the next one goes wrong.
        within("a question", world.telegram.called("getUpdates", 1)).await;
        world.telegram.fails_next("getUpdates", fault);
        budi.writes(&world.bot, "Halo");
        world.message().await;
        world.health_is(DeviceState::Connecting).await;
        budi.writes(&world.bot, "lagi");
        while_time_passes(world.clock.clone(), world.health_is(DeviceState::Connected)).await;
        while world.message().await.content.text() != Some("lagi") {}
    }
}

#[tokio::test]
async fn another_process_that_asks_with_the_same_token_is_noticed() {
    let mut world = World::start().await;
    let conflict =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    for _ in 0..3 {
        world.telegram.fails_next("getUpdates", Fault::refuse(409, conflict));
    }
    world.telegram.person(111, "Budi").writes(&world.bot, "Halo");
    let end = while_time_passes(world.clock.clone(), world.end()).await;
    assert_eq!(end, SessionEnd::Ended(DownReason::ReplacedElsewhere));
}
