//! Sending: what is sent is what WhatsApp said it has.

use std::time::Duration;

use cetar_model::{
    Chat, Clock, Content, DeviceState, DownReason, FailureCode, PhoneNumber, Receipt, Timestamp,
};
use cetar_provider::{Inbound, Outbound, Provider, SendError, SystemClock};
use cetar_simulator_whatsapp_web::{Event, Overlimit};
use cetar_whatsapp_web::Settings;

use crate::world::{PEER, World, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_sent_delivered_and_read() {
    let (mut world, running) = World::connected().await;
    let message = world.message("Halo! Ini pesan teks dari Cetar API.");
    let sent = running.send(&message).await.expect("sent");
    assert_eq!(Some(&sent.remote_id), world.provider.remote_id(&message.id).as_ref());
    let received = soon("the peer", world.peer.next_message()).await;
    assert_eq!(received.text.as_deref(), Some("Halo! Ini pesan teks dari Cetar API."));
    assert_eq!(received.id, sent.remote_id);
    assert_eq!(world.receipt(Receipt::Delivered).await.remote_ids, std::slice::from_ref(&sent.remote_id));
    world.peer.read(&sent.remote_id).await;
    assert_eq!(world.receipt(Receipt::Read).await.remote_ids, [sent.remote_id]);
    let health = running.session.health();
    assert!(health.last_ack_at.is_some() && health.last_frame_at >= health.last_ack_at);
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_shown_to_who_has_an_account_and_to_nobody_else() {
    let (world, running) = World::connected().await;
    running.session.typing(&Chat::new(PEER)).await.expect("shown");
    let seen = || {
        let log = world.simulator.log();
        let typed = log.into_iter().filter_map(|entry| match entry.event {
            Event::ChatState { to, state, .. } => Some((to, state)),
            _ => None,
        });
        typed.collect::<Vec<_>>()
    };
    soon("typing", world.simulator.wait_until(|_| !seen().is_empty())).await;
    assert_eq!(seen(), [(format!("{PEER}@s.whatsapp.net"), "composing".to_owned())]);
    let nobody = running.session.typing(&Chat::new("6281200000999")).await;
    assert!(matches!(nobody, Err(SendError::Rejected { code: FailureCode::RecipientNotOnWhatsapp, .. })));
    running.send(&world.message("after it")).await.expect("sent");
    assert_eq!(seen().len(), 1);
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_of_one_session_go_side_by_side() {
    let (world, running) = World::connected().await;
    let numbers: Vec<String> = (0..8).map(|n| format!("628130000000{n}")).collect();
    let mut sends = tokio::task::JoinSet::new();
    for number in &numbers {
        world.simulator.peer(number);
        for text in ["satu", "dua"] {
            let message = Outbound { to: Chat::new(number.as_str()), ..world.message(text) };
            let session = running.session.clone();
            sends.spawn(async move { session.send(&message).await });
        }
    }
    for sent in soon("all", sends.join_all()).await {
        sent.expect("sent");
    }
    for number in &numbers {
        assert_eq!(world.simulator.peer(number).received().len(), 2, "{number}");
    }
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_again_arrives_once() {
    let (world, running) = World::connected().await;
    let message = world.message("sekali saja");
    let first = running.send(&message).await.expect("sent");
    let again = running.send(&Outbound { attempt: 2, ..message }).await.expect("sent");
    assert_eq!(first, again);
    soon("the repeat", world.simulator.wait_until(|_| world.peer.duplicates() == 1)).await;
    assert_eq!(world.peer.received().len(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_refused_and_the_account_restricted_until_he_is_served() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().nack(PEER, 463);
    match running.send(&world.message("Halo, orang asing")).await {
        Err(SendError::Rejected { code: FailureCode::AccountRestricted, provider_code, .. }) => {
            assert_eq!(provider_code.as_deref(), Some("463"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(running.session.health().state, DeviceState::Restricted);
    assert_eq!(world.state(DeviceState::Restricted).await.reason, Some(DownReason::Restricted));

    // Whom we know still gets answers, and that proves nothing about strangers.
    let friend = world.simulator.peer("6281300000003");
    running.send(&Outbound { to: Chat::new(friend.number()), ..world.message("Halo") }).await.expect("sent");
    assert_eq!(running.session.health().state, DeviceState::Restricted);

    // It outlives the process.
    running.stop().await;
    let running = world.start();
    world.state(DeviceState::Restricted).await;
    world.simulator.faults().clear_nack(PEER);
    running.send(&world.message("Halo lagi")).await.expect("sent");
    assert_eq!(running.session.health().state, DeviceState::Connected);
    world.state(DeviceState::Connected).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restriction_ends_when_whatsapp_says() {
    let (mut world, running) = World::connected().await;
    let until = Timestamp::from_secs(SystemClock.now().as_secs() + 7_200);
    world.simulator.faults().nack(PEER, 463);
    world.simulator.faults().restricted_until(Some(until.as_secs().unsigned_abs()));
    running.send(&world.message("Halo, orang asing")).await.expect_err("a stranger");
    let told = world
        .told("the end", |event| match event {
            Inbound::Health(health) => health.until,
            _ => None,
        })
        .await;
    assert_eq!((told, running.session.health().until), (until, Some(until)));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_nobody_waits_for_any_more_restricts_the_account_too() {
    // Long enough for the first message on a loaded machine: its keys, its session and its acknowledgement.
    let short = |settings| Settings { send_timeout: Duration::from_secs(10), ..settings };
    let (mut world, running) = World::connected_with(short).await;
    running.send(&world.message("pertama")).await.expect("sent");
    world.simulator.faults().nack(PEER, 463);
    world.simulator.faults().withhold_acks(true);
    let message = world.message("terlambat");
    assert!(matches!(running.send(&message).await, Err(SendError::Unknown(_))));
    world.simulator.faults().release_acks();
    let failed = world.receipt(Receipt::Failed).await;
    assert_eq!(failed.remote_ids, [world.provider.remote_id(&message.id).unwrap()]);
    assert_eq!(failed.failure.map(|(code, _)| code), Some(FailureCode::AccountRestricted));
    world.state(DeviceState::Restricted).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_refusal_carries_its_code_and_restricts_nothing() {
    let (world, running) = World::connected().await;
    world.simulator.faults().nack(PEER, 479);
    match running.send(&world.message("x")).await {
        Err(SendError::Rejected { code: FailureCode::RejectedByNetwork, provider_code, .. }) => {
            assert_eq!(provider_code.as_deref(), Some("479"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(running.session.health().state, DeviceState::Connected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_without_an_account_is_refused_and_asked_for_once() {
    let (world, running) = World::connected().await;
    let nobody = "6281300000003";
    world.simulator.faults().unregistered(nobody);
    let questions = || {
        let asked = |event: &Event| matches!(event, Event::Iq { namespace, .. } if namespace == "usync");
        world.simulator.log().iter().filter(|entry| asked(&entry.event)).count()
    };
    let ask = async || {
        let message = Outbound { to: Chat::new(nobody), ..world.message("Halo?") };
        assert!(matches!(
            running.send(&message).await,
            Err(SendError::Rejected { code: FailureCode::RecipientNotOnWhatsapp, .. })
        ));
    };
    ask().await;
    let before = questions();
    for _ in 0..10 {
        ask().await;
    }
    // The client may ask for devices of its own meanwhile, but not ten times.
    assert!(questions() - before <= 1, "{}", questions() - before);
    let number = |text| PhoneNumber::parse(text).unwrap();
    let check = running.session.check(&number(nobody)).await.expect("answered");
    assert_eq!((check.is_registered, check.jid), (false, None));
    let check = running.session.check(&number(PEER)).await.expect("answered");
    assert_eq!(check.jid.as_deref(), Some("6281200000002@s.whatsapp.net"));
    // Known by now: the send itself asks for devices only.
    running.send(&world.message("Halo")).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_whatsapp_was_asked_too_much_sends_wait_and_nobody_else_is_asked_for() {
    for (how, wait) in [(Overlimit::Question, 60), (Overlimit::Persons(70), 70)] {
        let (world, running) = World::connected().await;
        let message = world.message("Halo");
        let waits = async |message: &Outbound| match running.send(message).await {
            Err(SendError::SlowDown { retry_after: Some(wait) }) => wait,
            other => panic!("{how:?}: {other:?}"),
        };
        world.simulator.faults().limit_questions(Some(how));
        assert_eq!(waits(&message).await, Duration::from_secs(wait));
        // It would be answered, and is not asked.
        world.simulator.faults().limit_questions(None);
        assert!(waits(&Outbound { attempt: 2, ..message }).await <= Duration::from_secs(wait));
        running.stop().await;
        assert_eq!(world.simulator.violations(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_written_in_another_form_is_checked_and_reached_under_its_own() {
    let (world, running) = World::connected().await;
    let written = "62081200000002";
    world.peer.also_written(written);
    let check = running.session.check(&PhoneNumber::parse(written).unwrap()).await.expect("answered");
    assert_eq!((check.is_registered, check.jid.as_deref()), (true, Some("6281200000002@s.whatsapp.net")));
    let message = Outbound { to: Chat::new(written), ..world.message("Halo") };
    running.send(&message).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("Halo"));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_directory_lists_by_lid_is_told_by_number() {
    let (world, running) = World::connected().await;
    world.peer.listed_by_lid(true);
    let check = running.session.check(&PhoneNumber::parse(PEER).unwrap()).await.expect("answered");
    assert_eq!((check.is_registered, check.jid.as_deref()), (true, Some("6281200000002@s.whatsapp.net")));
    running.send(&world.message("Halo")).await.expect("sent");
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_now_is_not_final() {
    let (world, running) = World::connected().await;
    let message = world.message("sebentar lagi");
    world.simulator.faults().nack(PEER, 503);
    assert!(matches!(running.send(&message).await, Err(SendError::NotSent(_))));
    world.simulator.faults().nack(PEER, 429);
    assert!(matches!(running.send(&message).await, Err(SendError::SlowDown { .. })));
    world.simulator.faults().clear_nack(PEER);
    running.send(&message).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_that_cannot_be_carried_is_refused_before_the_network() {
    let (world, running) = World::connected().await;
    let message = Outbound { content: Content::Unsupported { kind: "order".into() }, ..world.message("") };
    assert!(matches!(
        running.send(&message).await,
        Err(SendError::Rejected { code: FailureCode::ContentNotSupported, .. })
    ));
    let message = Outbound { to: Chat::new("budi@example.com"), ..world.message("x") };
    assert!(matches!(running.send(&message).await, Err(SendError::Rejected { .. })));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_dies_before_the_message_is_unknown_at_once_and_the_repeat_arrives() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().drop_before_message();
    let message = world.message("hilang di jalan");
    let before = std::time::Instant::now();
    assert!(matches!(running.send(&message).await, Err(SendError::Unknown(_))));
    assert!(before.elapsed() < Duration::from_secs(15), "told by the socket, not by the clock");
    assert!(world.peer.received().is_empty());
    world.state(DeviceState::Connecting).await;
    world.state(DeviceState::Connected).await;
    running.send(&message).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("hilang di jalan"));
    assert_eq!(world.peer.duplicates(), 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_dies_before_the_ack_is_unknown_and_the_repeat_is_dropped_by_the_phone() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().drop_after_message_before_ack();
    let message = world.message("tepat sekali");
    assert!(matches!(running.send(&message).await, Err(SendError::Unknown(_))));
    let id = soon("the peer", world.peer.next_message()).await.id;
    world.state(DeviceState::Connecting).await;
    world.state(DeviceState::Connected).await;
    assert_eq!(running.send(&message).await.expect("sent").remote_id, id);
    soon("the repeat", world.simulator.wait_until(|_| world.peer.duplicates() == 1)).await;
    assert_eq!(world.peer.received().len(), 1);
    // The delivery of the first attempt is told under the same id.
    assert_eq!(world.receipt(Receipt::Delivered).await.remote_ids, [id]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_that_never_comes_is_unknown_and_delivery_proves_it_later() {
    let short = |settings| Settings { send_timeout: Duration::from_secs(10), ..settings };
    let (mut world, running) = World::connected_with(short).await;
    running.send(&world.message("pertama")).await.expect("sent");
    world.receipt(Receipt::Delivered).await;
    world.simulator.faults().withhold_acks(true);
    let message = world.message("tanpa tanda terima");
    assert!(matches!(running.send(&message).await, Err(SendError::Unknown(_))));
    let id = world.provider.remote_id(&message.id).unwrap();
    assert_eq!(world.receipt(Receipt::Delivered).await.remote_ids, [id]);
    // The connection itself answers: nothing is wrong with it.
    assert_eq!(running.session.health().state, DeviceState::Connected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handed_to_a_connection_that_is_not_there() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().refuse_connections(true);
    world.simulator.faults().drop_all();
    world.state(DeviceState::Connecting).await;
    let message = world.message("nanti saja");
    assert!(matches!(running.send(&message).await, Err(SendError::AccountDown(DownReason::Disconnected))));
    world.simulator.faults().refuse_connections(false);
    world.state(DeviceState::Connected).await;
    running.send(&world.message("sekarang")).await.expect("sent");
    // What was refused did not go out behind our back.
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("sekarang"));
    assert_eq!(world.peer.received().len(), 1);
    let session = running.session.clone();
    running.stop().await;
    assert!(matches!(session.send(&message).await, Err(SendError::AccountDown(_))));
}
