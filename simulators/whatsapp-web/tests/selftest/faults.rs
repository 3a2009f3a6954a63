//! Scripted misbehaviour, as the client sees it.

use cetar_simulator_whatsapp_web::{Event as Logged, Rule, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{OWNER, PEER, Session, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_reaches_nobody() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().nack(PEER, 463);
    let id = session.send_text(PEER, "Halo, orang asing").await;
    assert_eq!(session.server_ack(&id).await.as_deref(), Some("463"));
    simulator.faults().clear();
    let id = session.send_text(PEER, "Halo, teman").await;
    assert_eq!(session.server_ack(&id).await, None);
    assert_eq!(soon("the peer", peer.next_message()).await.text.as_deref(), Some("Halo, teman"));
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_ack_is_lost_arrives_once() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().drop_after_message_before_ack();
    let id = "3EB0BBBBBBBBBBBBBBBBBB";
    session.send_text_as(PEER, "tepat sekali", id).await;
    assert_eq!(soon("the peer", peer.next_message()).await.id, id);
    session.event("Disconnected", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    session.connected().await;
    // The receipt waited for the client.
    session.receipt(id, "Delivered").await;
    session.send_text_as(PEER, "tepat sekali", id).await;
    assert_eq!(session.server_ack(id).await, None);
    soon("the repeat", simulator.wait_until(|_| peer.duplicates() == 1)).await;
    assert_eq!(peer.received().len(), 1);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_the_socket_died_under_did_not_arrive() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().drop_before_message();
    session.send_text_as(PEER, "hilang", "3EB0CCCCCCCCCCCCCCCCCC").await;
    session.event("Disconnected", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    assert!(peer.received().is_empty());
    session.connected().await;
    session.send_text_as(PEER, "hilang", "3EB0CCCCCCCCCCCCCCCCCC").await;
    assert_eq!(soon("the peer", peer.next_message()).await.text.as_deref(), Some("hilang"));
    assert_eq!((peer.duplicates(), simulator.violations()), (0, vec![]));
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_delivered_though_its_ack_is_withheld() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().withhold_acks(true);
    let id = session.send_text(PEER, "tanpa tanda terima").await;
    assert_eq!(soon("the peer", peer.next_message()).await.id, id);
    session.receipt(&id, "Delivered").await;
    let acked = |entry: &cetar_simulator_whatsapp_web::LogEntry| matches!(&entry.event, Logged::AckSent { id: acked, .. } if *acked == id);
    assert!(!simulator.log().iter().any(acked));
    simulator.faults().release_acks();
    assert_eq!(session.server_ack(&id).await, None);
    let next = session.send_text(PEER, "dengan tanda terima").await;
    assert_eq!(session.server_ack(&next).await, None);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_on_whatsapp_who_was_never_there() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    simulator.peer(PEER);
    simulator.faults().unregistered("6281300000003");
    let session = Session::linked(&simulator, &phone).await;
    let asked = [whatsapp_rust::Jid::pn(PEER), whatsapp_rust::Jid::pn("6281300000003")];
    let found = session.client().contacts().is_on_whatsapp(&asked).await.expect("answered");
    let registered: Vec<_> = found.iter().map(|it| (it.jid.user.to_string(), it.is_registered)).collect();
    assert_eq!(registered, [(PEER.to_owned(), true), ("6281300000003".to_owned(), false)]);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_server_answers_when_it_wakes() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    // A first message, so that the next one asks the server nothing.
    session.send_text(PEER, "pertama").await;
    soon("the first", peer.next_message()).await;
    simulator.faults().stall(true);
    let id = session.send_text(PEER, "menunggu").await;
    assert_eq!(simulator.connections(), 1);
    assert_eq!(peer.received().len(), 1);
    simulator.faults().stall(false);
    assert_eq!(session.server_ack(&id).await, None);
    assert_eq!(soon("the second", peer.next_message()).await.id, id);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_refused_until_they_are_not() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().refuse_connections(true);
    simulator.faults().drop_all();
    soon(
        "refused",
        simulator.wait_for(|event| matches!(event, Logged::ConnectionRefused { .. }).then_some(())),
    )
    .await;
    assert_eq!(simulator.connections(), 0);
    simulator.faults().refuse_connections(false);
    session.connected().await;
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_read_is_asked_for_again() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    session.send_text(PEER, "pertama").await;
    soon("the first", peer.next_message()).await;
    peer.forget_sessions();
    let id = session.send_text(PEER, "kedua").await;
    let again = soon("the second", peer.next_message()).await;
    assert_eq!((again.id.as_str(), again.text.as_deref()), (id.as_str(), Some("kedua")));
    assert_eq!(peer.undecryptable(), 1);
    let rules: Vec<Rule> = simulator.violations().iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, [Rule::Undecryptable]);
    session.receipt(&id, "Delivered").await;
    session.stop().await;
}
