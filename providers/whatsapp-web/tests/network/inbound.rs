//! What comes in: told once it is committed, acknowledged once it is told.

use cetar_model::{Chat, Content};
use cetar_provider::Inbound;
use waproto::whatsapp::{Message, MessageContextInfo};
use whatsapp_rust::buffa::MessageField;

use crate::world::{OWNER, PEER, World, soon};

fn text(content: &Content) -> &str {
    content.text().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_comes_in_and_is_acknowledged() {
    let (mut world, running) = World::connected().await;
    world.peer.push_name("Siti");
    let id = world.peer.send_text(&world.phone, "Selamat pagi").await;
    let message = world.inbound().await;
    assert_eq!(text(&message.content), "Selamat pagi");
    assert_eq!((message.chat.as_str(), message.from.as_str()), (PEER, PEER));
    assert_eq!((message.from_alias, message.group, message.echo), (false, false, false));
    assert_eq!(message.remote_id, id);
    assert_eq!(message.sender_name.as_deref(), Some("Siti"));
    assert!(message.raw.is_none());
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    // Keys, settings and history of the link itself were nobody's message.
    assert_eq!(world.further_messages(), 0);
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_we_were_away_is_told_in_order() {
    let (mut world, running) = World::connected().await;
    running.stop().await;
    for text in ["satu", "dua", "tiga"] {
        world.peer.send_text(&world.phone, text).await;
    }
    let running = world.run().await;
    for expected in ["satu", "dua", "tiga"] {
        assert_eq!(text(&world.inbound().await.content), expected);
    }
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_linking_waits_for_the_session() {
    let mut world = World::new().await;
    world.link().await;
    let id = world.peer.send_text(&world.phone, "sudah bisa?").await;
    let running = world.run().await;
    assert_eq!(world.inbound().await.remote_id, id);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_owner_types_on_the_phone_is_an_echo() {
    let (mut world, running) = World::connected().await;
    let id = world.phone.send_text(&world.peer, "Dari HP saya").await;
    let message = world.inbound().await;
    assert_eq!((text(&message.content), message.remote_id.as_str()), ("Dari HP saya", id.as_str()));
    assert_eq!((message.chat.as_str(), message.from.as_str(), message.echo), (PEER, OWNER, true));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_behind_a_lid_is_told_by_number() {
    let (mut world, running) = World::connected().await;
    world.peer.addressed_by_lid(true);
    world.peer.send_text(&world.phone, "Dari LID").await;
    let message = world.inbound().await;
    assert_eq!((message.chat.as_str(), message.from.as_str(), message.from_alias), (PEER, PEER, false));
    running.send(&world.message("Baik")).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("Baik"));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lid_without_a_number_is_an_alias_until_the_number_turns_up() {
    let (mut world, running) = World::connected().await;
    world.peer.addressed_by_lid(true);
    world.peer.hide_number(true);
    world.peer.send_text(&world.phone, "Siapa saya?").await;
    let message = world.inbound().await;
    let lid = world.peer.lid().to_owned();
    assert_eq!((message.from.as_str(), message.from_alias), (lid.as_str(), true));
    // An answer to the alias reaches the person.
    let answer = cetar_provider::Outbound { to: Chat::new(lid.as_str()), ..world.message("Siapa ya?") };
    running.send(&answer).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("Siapa ya?"));
    // Someone writes to the number, and the directory tells that it is the same person.
    running.send(&world.message("Siti?")).await.expect("sent");
    let (alias, number) = world
        .told("the number", |event| match event {
            Inbound::Resolved { alias, number } => Some((alias.clone(), number.clone())),
            _ => None,
        })
        .await;
    assert_eq!((alias.as_str(), number.as_str()), (lid.as_str(), PEER));
    // From then on the number is told.
    world.peer.send_text(&world.phone, "Ya, saya").await;
    assert_eq!(world.inbound().await.from.as_str(), PEER);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_do_not_understand_is_kept_with_its_bytes() {
    let (mut world, running) = World::connected().await;
    let order = waproto::whatsapp::Message {
        order_message: whatsapp_rust::buffa::MessageField::some(waproto::whatsapp::message::OrderMessage {
            order_id: Some("42".into()),
            ..Default::default()
        }),
        ..Default::default()
    };
    world.peer.send(&world.phone, order.clone()).await;
    let message = world.inbound().await;
    assert!(matches!(&message.content, Content::Unsupported { kind } if kind == "order"));
    let raw = waproto::codec::message_decode(&message.raw.expect("its bytes")).expect("a message");
    assert_eq!(raw.order_message, order.order_message);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_is_newer_than_our_definitions_is_told_as_unsupported() {
    // Of an unassigned field number: decoding leaves nothing of it.
    const TOMORROW: [u8; 5] = [0xfa, 0x7f, 0x02, 0x08, 0x01];
    let (mut world, running) = World::connected().await;
    let context = Message {
        message_context_info: MessageField::some(MessageContextInfo::default()),
        ..Default::default()
    };
    let group = world.simulator.group(&world.phone, &[&world.peer]);
    for (message, in_group) in
        [(Message::default(), false), (context.clone(), false), (Message::default(), true), (context, true)]
    {
        world.peer.adds_to_next(&TOMORROW);
        let id = if in_group {
            group.send(&world.peer, message).await
        } else {
            world.peer.send(&world.phone, message).await
        };
        let message = world.inbound().await;
        assert_eq!((message.remote_id, message.group), (id.clone(), in_group));
        assert_eq!(message.content, Content::Unsupported { kind: "unknown".into() });
        soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    }
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_we_cannot_read_is_asked_for_again_and_told_once() {
    let (mut world, running) = World::connected().await;
    let first = world.peer.send_text(&world.phone, "pertama").await;
    assert_eq!(text(&world.inbound().await.content), "pertama");
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&first).is_empty())).await;
    running.stop().await;
    world.lose_sessions().await;
    let running = world.run().await;
    let id = world.peer.send_text(&world.phone, "kedua").await;
    let message = world.inbound().await;
    assert_eq!((text(&message.content), message.remote_id.as_str()), ("kedua", id.as_str()));
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}
