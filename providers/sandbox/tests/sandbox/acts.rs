//! What simulated people write, and what happens to a simulated account.

use std::time::Duration;

use cetar_model::{
    Channel, Chat, Clock, Content, ContentKind, DeviceState, Disturbance, DownReason, Media, MediaId,
    MediaSource, SendError,
};
use cetar_provider::{Inbound, InboundMessage, PersonAct, PlayError, Provider, SessionEnd};
use futures::TryStreamExt;
use rstest::rstest;

use crate::gateway::Gateway;

const SECOND: Duration = Duration::from_secs(1);

fn act(content: Content) -> PersonAct {
    PersonAct {
        from: Some(Chat::new("6281234567890")),
        from_alias: false,
        number: None,
        sender_name: None,
        chat: Chat::new("6281234567890"),
        group: false,
        remote_id: "phone-1".to_owned(),
        content,
        reply_to: None,
    }
}

fn text(text: &str) -> Content {
    Content::Text { text: text.to_owned() }
}

/// The only thing that was told.
fn told(gateway: &mut Gateway) -> InboundMessage {
    let Ok(Inbound::Message(message)) = gateway.told.try_recv() else { panic!("no message came in") };
    assert!(gateway.told.try_recv().is_err(), "one act, one message");
    message
}

#[tokio::test]
async fn a_person_is_told_as_they_write() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.session.play(act(text("Halo"))).await.unwrap();
    let message = told(&mut gateway);
    assert_eq!((message.from.as_str(), message.chat.as_str()), ("6281234567890", "6281234567890"));
    assert_eq!((message.from_alias, message.group, message.echo), (false, false, false));
    assert_eq!((message.sender_name.as_deref(), message.remote_id.as_str()), (Some("Sandbox"), "phone-1"));
    assert!(message.content == text("Halo") && message.sent_at == gateway.clock.now());

    let in_group = PersonAct {
        chat: Chat::new("120363025246125888@g.us"),
        group: true,
        sender_name: Some("Budi".to_owned()),
        reply_to: Some("3EB0".to_owned()),
        ..act(text("Setuju"))
    };
    gateway.session.play(in_group).await.unwrap();
    let message = told(&mut gateway);
    assert_eq!(
        (message.from.as_str(), message.chat.as_str()),
        ("6281234567890", "120363025246125888@g.us"),
        "the group is the chat, the writer stays the writer"
    );
    assert!(message.group);
    assert_eq!((message.sender_name.as_deref(), message.reply_to.as_deref()), (Some("Budi"), Some("3EB0")));
}

#[tokio::test]
async fn what_the_owner_types_comes_from_the_accounts_own_number() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.session.play(PersonAct { from: None, ..act(text("Sudah saya kirim")) }).await.unwrap();
    let message = told(&mut gateway);
    assert_eq!((message.from.as_str(), message.chat.as_str()), ("6200012345678", "6281234567890"));
    assert_eq!((message.echo, message.sender_name), (true, None));
}

#[tokio::test]
async fn a_medium_that_is_sent_has_the_bytes_that_were_uploaded() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let id: MediaId = gateway.ids.make(gateway.clock.now());
    gateway.host.keep(id.clone(), "gambar");
    let media = Media { content_type: Some("image/png".to_owned()), ..Media::of(MediaSource::Stored(id)) };
    gateway.session.play(act(Content::Sticker { media })).await.unwrap();
    let message = told(&mut gateway);
    let Some(MediaSource::Network(reference)) = message.content.media().map(|media| &media.source) else {
        panic!("the network keeps it");
    };
    let bytes: Vec<_> = gateway.session.download(reference).await.unwrap().try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"gambar");
}

#[tokio::test]
async fn the_number_behind_an_alias_is_told_later_even_after_a_restart_and_used_from_then_on() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let lid = Chat::new("248133908062273");
    let from_lid = |content| PersonAct {
        from: Some(lid.clone()),
        from_alias: true,
        number: Some(Chat::new("6281234567890")),
        chat: lid.clone(),
        ..act(content)
    };
    gateway.session.play(from_lid(text("Halo"))).await.unwrap();
    let message = told(&mut gateway);
    assert_eq!((message.from.as_str(), message.from_alias), ("248133908062273", true));
    gateway.pass(SECOND).await;
    assert_eq!(gateway.log, Vec::<String>::new(), "not at once");
    gateway.stop().await;
    gateway.start().await;
    gateway.pass(SECOND).await;
    assert_eq!(gateway.log, ["1.0 connecting", "1.0 connected", "2.0 resolved"].map(str::to_owned)[1..]);

    gateway
        .session
        .play(PersonAct { remote_id: "phone-2".to_owned(), ..from_lid(text("Lagi")) })
        .await
        .unwrap();
    let message = told(&mut gateway);
    assert_eq!(
        (message.from.as_str(), message.chat.as_str(), message.from_alias),
        ("6281234567890", "6281234567890", false)
    );
    gateway.log.clear();
    gateway.pass(SECOND * 5).await;
    assert!(gateway.log.is_empty(), "nothing is left to tell: {:?}", gateway.log);
}

#[tokio::test]
async fn a_connection_that_is_lost_comes_back_when_it_was_to() {
    let mut gateway = Gateway::on(Channel::Telegram).await;
    gateway.session.disturb(Disturbance::Disconnected, SECOND * 3).await.unwrap();
    assert!(!gateway.session.health().state.can_send());
    let refused = gateway.session.play(act(text("Halo"))).await;
    assert!(matches!(refused, Err(PlayError::AccountDown(DownReason::Disconnected))));
    gateway.pass(SECOND * 5).await;
    assert_eq!(gateway.log, ["0.1 connecting", "3.0 connected"]);
}

#[rstest]
#[case(Disturbance::LoggedOut, DownReason::LoggedOut, DeviceState::LoggedOut)]
#[case(Disturbance::Replaced, DownReason::ReplacedElsewhere, DeviceState::Replaced)]
#[case(Disturbance::Banned, DownReason::Banned, DeviceState::LoggedOut)]
#[tokio::test]
async fn a_link_ends_for_the_reason_asked_for(
    #[case] what: Disturbance,
    #[case] reason: DownReason,
    #[case] state: DeviceState,
) {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.session.disturb(what, SECOND).await.unwrap();
    let health = gateway.session.health();
    assert_eq!((health.state, health.reason), (state, Some(reason)));
    let end = gateway.running.join_next().await.unwrap().unwrap();
    assert_eq!(end, SessionEnd::Ended(reason));
    assert!(matches!(
        gateway.session.send(&gateway.message("6281234567890")).await,
        Err(SendError::AccountDown(why)) if why == reason
    ));
    assert!(matches!(gateway.session.play(act(text("Halo"))).await, Err(PlayError::AccountDown(_))));
}

#[tokio::test]
async fn a_restricted_account_may_not_write_to_strangers_until_the_time_told() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.session.play(act(text("Halo"))).await.unwrap();
    told(&mut gateway);
    gateway.session.disturb(Disturbance::Restricted, SECOND * 10).await.unwrap();
    let health = gateway.session.health();
    assert_eq!((health.state, health.reason), (DeviceState::Restricted, Some(DownReason::Restricted)));
    assert_eq!(health.until, Some(gateway.clock.now() + SECOND * 10));
    gateway.listen().await;
    gateway.log.clear();
    // Whoever has written may be answered; it outlasts a restart.
    for restart in [false, true] {
        if restart {
            gateway.stop().await;
            gateway.start().await;
        }
        gateway.log.clear();
        gateway.attempt(&gateway.message("6281234567890")).await;
        gateway.attempt(&gateway.message("6281234567891")).await;
        assert_eq!(gateway.log, ["0.0 took it", "0.0 refused: account_restricted (463)"]);
    }
    gateway.log.clear();
    gateway.pass(SECOND * 11).await;
    assert_eq!(gateway.log, ["0.2 delivered", "10.0 connected"]);
    assert_eq!(gateway.session.health().until, None);
    gateway.log.clear();
    gateway.attempt(&gateway.message("6281234567891")).await;
    assert_eq!(gateway.log, ["11.0 took it"]);
}

#[tokio::test]
async fn what_a_network_says_it_receives_is_what_a_person_can_write() {
    for channel in Channel::ALL {
        let receives = Gateway::on(*channel).await.provider.capabilities().receives;
        assert!(receives.captioned.iter().all(|kind| receives.content.contains(kind)), "{channel}");
        let sent_by_programs = [ContentKind::Template, ContentKind::Interactive, ContentKind::Seen];
        assert!(!receives.content.iter().any(|kind| sent_by_programs.contains(kind)), "{channel}");
    }
}
