//! Updates that Telegram pushes. The test stands where the gateway's HTTP stands: it hands each push to the session.

use cetar_provider::{Provider as _, Push, PushRefused};
use serde_json::json;

use crate::world::{World, while_time_passes, within};

const PUBLIC: &str = "http://127.0.0.1:9";

fn push(secret: Option<&str>, body: &serde_json::Value) -> Push {
    let header = secret.map(|secret| ("x-telegram-bot-api-secret-token".to_owned(), secret.to_owned()));
    Push { headers: header.into_iter().collect(), body: body.to_string().into() }
}

#[tokio::test]
async fn a_push_is_taken_with_the_secret_that_telegram_was_given_and_only_with_that() {
    let mut world = World::start_at(Some(PUBLIC), &[("updates", "webhook")]).await;
    let hook = within("the webhook to be set", world.telegram.hooked(&world.bot)).await;
    assert!(hook.starts_with("http://127.0.0.1:9/callbacks/telegram/dev_"), "{hook}");
    let calls = world.telegram.called("setWebhook", 1).await;
    let secret = calls[0].params["secret_token"].as_str().unwrap();
    assert!(!secret.contains(world.bot.token()) && secret.len() >= 40);

    let update = json!({ "update_id": 1, "message": {
        "message_id": 7, "date": 1, "text": "Halo", "chat": { "id": 111, "type": "private" }, "from": { "id": 111, "first_name": "Budi" },
    } });
    for wrong in [None, Some(""), Some("guessed"), Some(&secret[1..])] {
        let refused = world.session.pushed(&push(wrong, &update)).await;
        assert!(matches!(refused, Err(PushRefused::NotVerified)), "{wrong:?}");
        assert!(!world.session.may_push(&push(wrong, &json!(null))), "known by its head alone: {wrong:?}");
    }
    assert!(world.session.may_push(&push(Some(secret), &json!(null))));
    world.session.pushed(&push(Some(secret), &update)).await.unwrap();
    assert_eq!(world.message().await.remote_id, "111/7");
    let unreadable = Push { body: "{".into(), ..push(Some(secret), &update) };
    assert!(matches!(world.session.pushed(&unreadable).await, Err(PushRefused::Unreadable)));
}

#[tokio::test]
async fn a_webhook_that_somebody_took_away_is_set_again() {
    let mut world = World::start_at(Some(PUBLIC), &[("updates", "webhook")]).await;
    within("the webhook to be set", world.telegram.hooked(&world.bot)).await;
    world.telegram.unhook(&world.bot);
    while_time_passes(world.clock.clone(), world.telegram.called("setWebhook", 2)).await;
    world.telegram.revoke(&world.bot);
    let end = while_time_passes(world.clock.clone(), world.end()).await;
    assert!(matches!(end, cetar_provider::SessionEnd::Ended(_)));
}

#[tokio::test]
async fn a_bot_that_is_asked_again_has_its_webhook_removed_and_loses_nothing() {
    let mut world = World::start().await;
    world.telegram.hook(&world.bot, PUBLIC);
    let budi = world.telegram.person(111, "Budi");
    world.restart().await;
    budi.writes(&world.bot, "Halo");
    assert_eq!(world.message().await.content.text(), Some("Halo"));
    assert!(world.telegram.calls().iter().any(|call| call.method == "deleteWebhook"));
}

#[tokio::test]
async fn who_is_not_asked_to_push_is_not_believed_and_without_an_address_nobody_can_be() {
    let world = World::start().await;
    let refused = world.session.pushed(&push(Some(""), &json!({ "update_id": 1 }))).await;
    assert!(matches!(refused, Err(PushRefused::NotVerified)));
    let account = world.account(&[("updates", "webhook")]);
    let Err(error) = world.provider().open(account, world.host.clone()) else { unreachable!() };
    assert_eq!(error.field, "updates");
}
