//! The database is away while WhatsApp goes on talking: nothing that it will not say again is lost.

use std::time::Duration;

use cetar_model::{Chat, Content, PhoneNumber, Receipt, Writer};
use cetar_provider::{Outbound, SendError};
use cetar_simulator_whatsapp_web::Event;
use cetar_whatsapp_web::{Settings, Watch};
use waproto::whatsapp::Message;

use crate::world::{PEER, Running, World, soon};

/// Looks after what waits ten times a second.
fn lively(settings: Settings) -> Settings {
    let watch = Watch { silence: Duration::from_secs(15), answer: Duration::from_millis(200) };
    Settings { watch, ..settings }
}

fn text(text: &str) -> Message {
    Message { conversation: Some(text.to_owned()), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_the_phone_repeated_for_us_waits_until_it_is_committed() {
    let (mut world, running) = World::connected_with(lively).await;
    world.host.refuse_messages(2);
    let id = world.peer.send_to_phone_only(&world.phone, text("dari HP")).await;
    soon("the refusal", world.host.refused.notified()).await;
    let message = world.inbound().await;
    assert_eq!((message.content.text(), message.remote_id.as_str()), (Some("dari HP"), id.as_str()));
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_keys_cannot_be_read_now_waits_for_them() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_reads(true);
    let id = world.peer.send_text(&world.phone, "kuncinya nanti").await;
    soon("the refusal", world.host.refused.notified()).await;
    soon("another refusal", world.host.refused.notified()).await;
    assert!(!world.peer.acked_by_client(&id).await, "neither taken nor refused");
    world.host.refuse_reads(false);
    let message = world.inbound().await;
    assert_eq!((message.content.text(), message.remote_id.as_str()), (Some("kuncinya nanti"), id.as_str()));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

/// Ends the connection, and waits until WhatsApp has given the message on the next one.
async fn given_again(world: &World, id: &str) {
    let this = |event: &Event| matches!(event, Event::Delivered { id: given, .. } if given == id);
    let times = || world.simulator.log().iter().filter(|entry| this(&entry.event)).count();
    let before = times();
    world.simulator.faults().drop_all();
    soon("the message again", world.simulator.wait_until(|_| times() > before)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_committed_is_told_on_the_same_connection() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_messages(usize::MAX);
    let id = world.peer.send_text(&world.phone, "jangan hilang").await;
    soon("the refusal", world.host.refused.notified()).await;
    soon("another refusal", world.host.refused.notified()).await;
    assert!(world.peer.receipts_of(&id).is_empty());
    assert!(!world.peer.acked_by_client(&id).await);
    let later = world.peer.send_text(&world.phone, "kedua").await;
    world.host.refuse_messages(0);
    for (text, expected) in [("jangan hilang", &id), ("kedua", &later)] {
        let message = world.inbound().await;
        assert_eq!((message.content.text(), &message.remote_id), (Some(text), expected));
    }
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&later).is_empty())).await;
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
    // Nor does another start tell it again.
    world.run().await.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_committed_is_told_after_its_connection_ended() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_messages(usize::MAX);
    let id = world.peer.send_text(&world.phone, "jangan hilang").await;
    soon("the refusal", world.host.refused.notified()).await;
    given_again(&world, &id).await;
    assert!(!world.peer.acked_by_client(&id).await);
    world.host.refuse_messages(0);
    assert_eq!(world.inbound().await.remote_id, id);
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_commit_and_the_next_start_tells_the_message() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_messages(usize::MAX);
    let id = world.peer.send_text(&world.phone, "besok").await;
    soon("the refusal", world.host.refused.notified()).await;
    soon("the stop", running.stop()).await;
    world.host.refuse_messages(0);
    let running = world.run().await;
    assert_eq!(world.inbound().await.remote_id, id);
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

/// A message that is read and cannot be kept. Its keys are in memory by then, so nothing but keeping it needs the database.
async fn one_that_cannot_be_kept(world: &mut World) -> String {
    let before = world.peer.send_text(&world.phone, "pertama").await;
    assert_eq!(world.inbound().await.remote_id, before);
    // Nothing of the first one waits any more to be written together with the keys of the second.
    soon("its keys", world.host.has_keys_of(&world.peer)).await;
    world.host.refuse_rows(true);
    let id = world.peer.send_text(&world.phone, "jangan hilang").await;
    soon("the refusal", world.host.refused.notified()).await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_kept_is_told_once_it_can() {
    let (mut world, running) = World::connected().await;
    let id = one_that_cannot_be_kept(&mut world).await;
    soon("another refusal", world.host.refused.notified()).await;
    assert!(!world.peer.acked_by_client(&id).await, "neither kept nor told");
    world.host.refuse_rows(false);
    let message = world.inbound().await;
    assert_eq!((message.content.text(), message.remote_id.as_str()), (Some("jangan hilang"), id.as_str()));
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_kept_is_not_acknowledged_however_often_the_connection_ends() {
    let (mut world, running) = World::connected().await;
    let id = one_that_cannot_be_kept(&mut world).await;
    for _ in 0..2 {
        given_again(&world, &id).await;
    }
    assert!(!world.peer.acked_by_client(&id).await);
    world.host.refuse_rows(false);
    assert_eq!(world.inbound().await.remote_id, id);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_kept_before_the_stop_is_told_by_the_next_start() {
    let (mut world, running) = World::connected().await;
    let id = one_that_cannot_be_kept(&mut world).await;
    soon("the stop", running.stop()).await;
    world.host.refuse_rows(false);
    // What it was decrypted with was not used up on disk: it is decrypted anew.
    let running = world.run().await;
    let message = world.inbound().await;
    assert_eq!((message.content.text(), message.remote_id.as_str()), (Some("jangan hilang"), id.as_str()));
    running.stop().await;
}

/// A message whose keys are on disk, and it is not, as a process leaves it that is killed between the two.
async fn one_that_is_lost(world: &mut World, running: Running) -> String {
    world.host.refuse_messages(usize::MAX);
    let id = world.peer.send_text(&world.phone, "hilang").await;
    soon("the refusal", world.host.refused.notified()).await;
    // Before anything goes out, all keys are written.
    let other = world.simulator.peer("6281200000003");
    running.send(&Outbound { to: Chat::new(other.number()), ..world.message("lain") }).await.expect("sent");
    soon("its keys", world.host.has_keys_of(&world.peer)).await;
    soon("the stop", running.stop()).await;
    world.host.lose_rows().await;
    world.host.refuse_messages(0);
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_an_earlier_process_told_is_acknowledged_when_it_comes_again() {
    let (mut world, running) = World::connected().await;
    let id = one_that_is_lost(&mut world, running).await;
    world.host.note_writer(&id, Writer::Other { address: Chat::new(PEER), is_alias: false });
    let running = world.run().await;
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_came_before_and_is_nowhere_is_asked_for_on_a_new_connection() {
    let hasty = |settings| Settings { doubted_for: Duration::from_millis(300), ..lively(settings) };
    let (mut world, running) = World::connected_with(hasty).await;
    let id = one_that_is_lost(&mut world, running).await;
    let running = world.run().await;
    let message = world.inbound().await;
    assert_eq!(message.content, Content::Unsupported { kind: "undecryptable".to_owned() });
    assert_eq!(message.remote_id, id);
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    let later = world.peer.send_text(&world.phone, "kemudian").await;
    assert_eq!(world.inbound().await.remote_id, later);
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_keys_went_to_disk_without_it_is_told_as_one_that_cannot_be_read() {
    let (mut world, running) = World::connected().await;
    let id = one_that_is_lost(&mut world, running).await;
    let running = world.run().await;
    // Its first copy might wait to be committed on this connection; on the next one it cannot.
    soon("the repeat", world.host.looked_for.notified()).await;
    given_again(&world, &id).await;
    let message = world.inbound().await;
    assert_eq!(message.content, Content::Unsupported { kind: "undecryptable".to_owned() });
    // By this the host would know it for a repeat of a message that an earlier process told.
    assert_eq!((message.remote_id, message.raw), (id.clone(), None));
    soon("the receipt", world.simulator.wait_until(|_| !world.peer.receipts_of(&id).is_empty())).await;
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_whose_keys_cannot_be_read_now_fails_at_once() {
    let (world, running) = World::connected().await;
    world.host.refuse_reads(true);
    let sent = running.send(&world.message("nanti lagi")).await;
    assert!(matches!(sent, Err(SendError::NotSent(_))), "{sent:?}");
    running.stop().await;
    assert!(world.peer.received().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_only_the_accounts_own_phone_could_read_was_not_sent() {
    let (mut world, running) = World::connected().await;
    running.send(&world.message("pertama")).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("pertama"));
    running.stop().await;
    // In a new process nothing is in memory: everything a message is sealed with is read.
    let running = world.run().await;
    world.host.refuse_identity_of(&world.peer);
    let message = world.message("kedua");
    let sent = running.send(&message).await;
    assert!(matches!(sent, Err(SendError::NotSent(_))), "{sent:?}");
    world.host.allow_identities();
    running.send(&message).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("kedua"));
    running.stop().await;
    assert_eq!(world.peer.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_asks_for_a_message_again_gets_it_once_its_keys_can_be_written() {
    let (world, running) = World::connected().await;
    running.send(&world.message("pertama")).await.expect("sent");
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("pertama"));
    soon("its keys", world.host.has_keys_of(&world.peer)).await;
    world.peer.forget_sessions();
    world.host.refuse_sessions(true);
    // What it is sealed with is covered by what was written before; what the phone then asks for needs new keys.
    let sent = running.send(&world.message("kedua")).await.expect("sent").remote_id;
    // The question was heard, and a refusal after that is of its answer's keys.
    let heard = |event: &Event| matches!(event, Event::Acknowledged { id, class, .. } if *id == sent && class == "receipt");
    let log = || world.simulator.log().iter().any(|entry| heard(&entry.event));
    soon("the phone's question", world.simulator.wait_until(|_| log())).await;
    for _ in 0..3 {
        soon("a refusal", world.host.refused.notified()).await;
    }
    world.host.refuse_sessions(false);
    assert_eq!(soon("the peer", world.peer.next_message()).await.text.as_deref(), Some("kedua"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_keys_and_the_next_start_tells_the_message() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_reads(true);
    let id = world.peer.send_text(&world.phone, "kuncinya besok").await;
    soon("the refusal", world.host.refused.notified()).await;
    soon("the stop", running.stop()).await;
    world.host.refuse_reads(false);
    let running = world.run().await;
    assert_eq!(world.inbound().await.remote_id, id);
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_read_is_told_as_such_even_if_it_could_not_be_noted_at_once() {
    let change = |settings| Settings { unreadable_after: Duration::ZERO, ..lively(settings) };
    let (mut world, running) = World::connected_with(change).await;
    world.peer.push_name("Siti");
    world.phone.forgets(true);
    world.host.refuse_notes(true);
    let id = world.peer.send_to_phone_only(&world.phone, text("hilang")).await;
    soon("the refusal", world.host.refused.notified()).await;
    soon(
        "the ack",
        world.simulator.wait_for(|event| match event {
            Event::Acknowledged { id: acked, .. } if *acked == id => Some(()),
            _ => None,
        }),
    )
    .await;
    world.host.refuse_notes(false);
    let message = world.inbound().await;
    assert_eq!(message.remote_id, format!("{id}#undecryptable"));
    assert_eq!(message.sender_name.as_deref(), Some("Siti"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_commits_the_receipts_that_wait() {
    let (mut world, running) = World::connected().await;
    world.host.refuse_receipts(true);
    let sent = running.send(&world.message("Halo")).await.expect("sent");
    soon("the refusal", world.host.refused.notified()).await;
    world.host.refuse_receipts(false);
    running.stop().await;
    assert_eq!(world.receipt(Receipt::Delivered).await.remote_ids, [sent.remote_id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_too_much_waits_nothing_more_is_read_and_then_everything_is_told() {
    const ALL: usize = 300;
    let change =
        |settings| Settings { unconfirmed_max: 5, send_timeout: Duration::from_secs(2), ..lively(settings) };
    let (mut world, running) = World::connected_with(change).await;
    world.host.refuse_receipts(true);
    world.peer.auto_deliver(false);
    let sent = running.send(&world.message("Halo")).await.expect("sent");
    soon("the peer", world.peer.next_message()).await;
    for _ in 0..ALL {
        world.peer.read(&sent.remote_id).await;
    }
    soon("the refusal", world.host.refused.notified()).await;
    // An answer would come within moments, if anything were read.
    let written = |event: &Event| matches!(event, Event::Delivered { class, .. } if class == "receipt");
    let count = |kind: &dyn Fn(&Event) -> bool| {
        world.simulator.log().iter().filter(|entry| kind(&entry.event)).count()
    };
    let acked = |event: &Event| matches!(event, Event::Acknowledged { class, .. } if class == "receipt");
    soon("all written", world.simulator.wait_until(|_| count(&written) >= ALL)).await;
    let number = PhoneNumber::parse(PEER).unwrap();
    assert!(running.session.check(&number).await.is_err(), "nothing is read");
    assert!(count(&acked) < ALL / 3, "{} receipts were acknowledged", count(&acked));
    world.host.refuse_receipts(false);
    for _ in 0..ALL {
        world.receipt(Receipt::Read).await;
    }
    running.stop().await;
}

/// A commit each, one after the other, would be the most a session can send: there are two receipts for every message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_that_came_during_a_commit_are_committed_side_by_side() {
    const ALL: usize = 5;
    let (mut world, running) = World::connected().await;
    world.host.allow_receipts(0);
    world.peer.auto_deliver(false);
    let mut sent = Vec::new();
    for _ in 0..ALL {
        sent.push(running.send(&world.message("Halo")).await.expect("sent"));
        soon("the peer", world.peer.next_message()).await;
    }
    world.peer.read(&sent[0].remote_id).await;
    soon("the first", world.host.receipts_begun(1)).await;
    for message in &sent[1..] {
        world.peer.read(&message.remote_id).await;
    }
    let acked = |event: &Event| matches!(event, Event::Acknowledged { class, .. } if class == "receipt");
    let all_told = || world.simulator.log().iter().filter(|entry| acked(&entry.event)).count() >= ALL;
    soon("all are told", world.simulator.wait_until(|_| all_told())).await;
    world.host.allow_receipts(1);
    soon("the others", world.host.receipts_begun(ALL)).await;
    world.host.allow_receipts(usize::MAX);
    for _ in 0..ALL {
        world.receipt(Receipt::Read).await;
    }
    running.stop().await;
}
