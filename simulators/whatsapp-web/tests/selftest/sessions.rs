//! What becomes of a session: reconnects, replacement, logout.

use cetar_simulator_whatsapp_web::{Event as Logged, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{OWNER, PEER, Session, soon, text_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_the_client_was_away_waits_for_it() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let session = Session::linked(&simulator, &phone).await;
    let store = session.stop_and_keep().await;
    let ids = [peer.send_text(&phone, "satu").await, peer.send_text(&phone, "dua").await];
    assert!(!peer.acked_by_client(&ids[0]).await);
    let mut session = Session::resume(&simulator, store).await;
    for (id, text) in ids.iter().zip(["satu", "dua"]) {
        let inbound = session.message(id).await;
        assert_eq!(text_of(&inbound).as_deref(), Some(text));
        assert!(inbound.info.is_offline);
    }
    soon("acknowledged", simulator.wait_until(|_| ids.iter().all(|id| !peer.receipts_of(id).is_empty())))
        .await;
    assert!(peer.acked_by_client(&ids[1]).await);
    let live = peer.send_text(&phone, "tiga").await;
    assert!(!session.message(&live).await.info.is_offline);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_socket_is_opened_again() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    simulator.faults().drop_all();
    session.event("Disconnected", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    session.connected().await;
    session.send_text(PEER, "Masih di sini").await;
    assert_eq!(soon("the peer", peer.next_message()).await.text.as_deref(), Some("Masih di sini"));
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_learns_the_owners_name_and_shows_that_it_is_online_and_typing() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    phone.push_name("Toko Melati");
    let session = Session::linked(&simulator, &phone).await;
    assert_eq!(session.client().push_name(), "Toko Melati");
    session.client().presence().set_available().await.expect("written");
    session.client().chatstate().send_composing(&whatsapp_rust::Jid::pn(PEER)).await.expect("written");
    soon(
        "typing",
        simulator.wait_for(|event| {
            matches!(event, Logged::ChatState { state, .. } if state == "composing").then_some(())
        }),
    )
    .await;
    let online = |entry: &cetar_simulator_whatsapp_web::LogEntry| matches!(&entry.event, Logged::Presence { kind, .. } if kind == "available");
    assert!(simulator.log().iter().any(online));
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_login_throws_the_first_one_out() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut first = Session::linked(&simulator, &phone).await;
    let mut second = first.twin(&simulator).await;
    first.event("StreamReplaced", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
    second.connected().await;
    soon("one socket", simulator.wait_until(|simulator| simulator.connections() == 1)).await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_removed_on_the_phone_is_logged_out() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::linked(&simulator, &phone).await;
    phone.unlink_all().await;
    // Whether the client hears the end of its stream first or the refusal of the login it tries next is a race within it.
    session.event("LoggedOut", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    assert!(phone.linked_devices().await.is_empty());
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_removed_while_it_was_away_learns_it_at_login() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let session = Session::linked(&simulator, &phone).await;
    let store = session.stop_and_keep().await;
    phone.unlink_all().await;
    let mut session = Session::resume(&simulator, store).await;
    let on_connect = session
        .event("LoggedOut", |event| match event {
            Event::LoggedOut(out) => Some(out.on_connect),
            _ => None,
        })
        .await;
    assert!(on_connect);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_logs_out_is_unlinked() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let session = Session::linked(&simulator, &phone).await;
    session.client().logout().await;
    soon(
        "unlinked",
        simulator.wait_for(|event| matches!(event, Logged::LoggedOut { by_client: true, .. }).then_some(())),
    )
    .await;
    assert!(phone.linked_devices().await.is_empty());
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}
