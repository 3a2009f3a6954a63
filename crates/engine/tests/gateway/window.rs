//! Free-form messages are accepted only while the network's window is open, as far as that is known.

use std::time::Duration;

use cetar_engine::accept::{AcceptError, SendRequest};
use cetar_model::{Chat, Clock as _, Content, DeviceState, MessageTag, Timestamp};
use cetar_provider::{Inbound, InboundMessage, testkit::ScriptedProvider};
use cetar_store::ConversationFilter;

use crate::world::{Node, World};

const BUDI: &str = "6281234567890";
const ANA: &str = "6281234567891";
const DAY: Duration = Duration::from_hours(24);

/// Somebody writes.
async fn writes(world: &World, node: &Node, from: &str) {
    let sent_at = world.clock.now();
    comes_in(world, node, (from, sent_at), Content::Text { text: "Halo".to_owned() }).await;
}

async fn comes_in(world: &World, node: &Node, (from, sent_at): (&str, Timestamp), content: Content) {
    node.device_is(DeviceState::Connected).await;
    let host = world.network.host().unwrap();
    let message = InboundMessage {
        remote_id: format!("{from} at {}", host.now().as_micros()),
        chat: Chat::new(from),
        from: Chat::new(from),
        from_alias: false,
        group: false,
        echo: false,
        sender_name: None,
        content,
        reply_to: None,
        raw: None,
        sent_at,
    };
    host.emit(Inbound::Message(message)).await.unwrap();
}

async fn is_refused(node: &Node, to: &str, tag: Option<MessageTag>) -> bool {
    match node.accept(SendRequest { tag, ..Node::text(to, "Halo!") }).await {
        Ok(_) => false,
        Err(AcceptError::OutsideWindow) => true,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_window_that_is_known_to_be_shut_refuses_before_queueing() {
    let world = World::on(ScriptedProvider::new(true).windowed(DAY, 7 * DAY));
    let node = world.start().await;
    assert!(!is_refused(&node, BUDI, None).await, "linked a moment ago: who wrote before that is not known");
    node.run_until_idle().await;
    node.pass(DAY);
    assert!(!is_refused(&node, BUDI, None).await, "the network has never told of anybody: it is the judge");
    node.run_until_idle().await;

    writes(&world, &node, BUDI).await;
    assert!(!is_refused(&node, BUDI, None).await);
    assert!(is_refused(&node, ANA, None).await, "she never wrote");
    node.run_until_idle().await;
    node.pass(DAY + Duration::from_secs(1));
    assert!(is_refused(&node, BUDI, None).await);
    assert!(!is_refused(&node, BUDI, Some(MessageTag::HumanAgent)).await, "a person has seven days");
    node.run_until_idle().await;
    node.pass(6 * DAY);
    assert!(is_refused(&node, BUDI, Some(MessageTag::HumanAgent)).await);
    writes(&world, &node, BUDI).await;
    assert!(!is_refused(&node, BUDI, None).await, "it is open again");
    node.run_until_idle().await;
}

#[tokio::test]
async fn a_notice_of_the_networks_opens_no_window_and_waits_for_nobody() {
    let world = World::on(ScriptedProvider::new(true).windowed(DAY, 7 * DAY));
    let node = world.start().await;
    node.pass(DAY);
    let notice = || Content::Unsupported { kind: "system".to_owned() };
    // Of somebody who never wrote, and of one whose window is shut.
    comes_in(&world, &node, (ANA, world.clock.now()), notice()).await;
    writes(&world, &node, BUDI).await;
    assert!(is_refused(&node, ANA, None).await, "she never wrote");
    node.pass(DAY + Duration::from_secs(1));
    comes_in(&world, &node, (BUDI, world.clock.now()), notice()).await;
    assert!(is_refused(&node, BUDI, None).await, "a new phone is no word of his");
    let filter = ConversationFilter::default();
    let (conversations, _) = node.engine.conversations(&node.operator, &filter, 10).await.unwrap();
    let mut unread: Vec<(&str, u32)> = conversations.iter().map(|it| (it.chat.as_str(), it.unread)).collect();
    unread.sort_unstable();
    assert_eq!(unread, [(BUDI, 1), (ANA, 0)]);
}

#[tokio::test]
async fn a_message_of_which_the_network_does_not_say_when_is_of_now() {
    let world = World::on(ScriptedProvider::new(true).windowed(DAY, 7 * DAY));
    let node = world.start().await;
    node.pass(DAY);
    let text = Content::Text { text: "Halo".to_owned() };
    comes_in(&world, &node, (BUDI, Timestamp::default()), text).await;
    assert!(is_refused(&node, ANA, None).await && !is_refused(&node, BUDI, None).await);
    node.run_until_idle().await;
}
