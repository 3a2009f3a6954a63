//! Messages both ways.

use cetar_simulator_whatsapp_web::Simulator;
use whatsapp_rust::Jid;

use crate::client::{OWNER, PEER, Session, soon, text_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_decrypted_acknowledged_delivered_and_read() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    for text in ["Halo! Ini pesan teks.", "Dan satu lagi."] {
        let id = session.send_text(PEER, text).await;
        let received = soon("the peer", peer.next_message()).await;
        assert_eq!((received.id.as_str(), received.text.as_deref()), (id.as_str(), Some(text)));
        assert_eq!(received.from, OWNER);
        assert_eq!(session.server_ack(&id).await, None);
        session.receipt(&id, "Delivered").await;
        peer.read(&id).await;
        session.receipt(&id, "Read").await;
    }
    let told: Vec<_> =
        phone.sent_by_devices().into_iter().map(|(to, sent)| (to, sent.text.unwrap_or_default())).collect();
    assert_eq!(
        told,
        [
            (PEER.to_owned(), "Halo! Ini pesan teks.".to_owned()),
            (PEER.to_owned(), "Dan satu lagi.".to_owned())
        ]
    );
    assert_eq!((peer.duplicates(), peer.undecryptable()), (0, 0));
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_sent_again_with_its_id_is_dropped_by_the_phone() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    for _ in 0..2 {
        session.send_text_as(PEER, "sekali saja", "3EB0AAAAAAAAAAAAAAAAAA").await;
        assert_eq!(session.server_ack("3EB0AAAAAAAAAAAAAAAAAA").await, None);
    }
    soon("the repeat", simulator.wait_until(|_| peer.duplicates() == 1)).await;
    assert_eq!(peer.received().len(), 1);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_from_a_number_arrives_and_is_acknowledged() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    peer.push_name("Siti");
    let mut session = Session::linked(&simulator, &phone).await;
    let id = peer.send_text(&phone, "Selamat pagi").await;
    let inbound = session.message(&id).await;
    assert_eq!(text_of(&inbound).as_deref(), Some("Selamat pagi"));
    assert_eq!(inbound.info.push_name, "Siti");
    assert_eq!(inbound.info.source.sender, Jid::pn(PEER));
    assert_eq!(inbound.info.source.sender_alt, Some(Jid::lid(peer.lid())));
    soon("the receipt", simulator.wait_until(|_| !peer.receipts_of(&id).is_empty())).await;
    assert!(peer.acked_by_client(&id).await);
    session.client().mark_as_read(&Jid::pn(PEER), None, &[&id]).await.expect("written");
    soon("read", simulator.wait_until(|_| peer.receipts_of(&id).iter().any(|it| it == "read"))).await;
    assert_eq!(phone.received().len(), 1);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_from_a_lid_arrives_with_the_number_and_is_answered() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    peer.addressed_by_lid(true);
    let mut session = Session::linked(&simulator, &phone).await;
    let id = peer.send_text(&phone, "Dari LID").await;
    let inbound = session.message(&id).await;
    assert_eq!(text_of(&inbound).as_deref(), Some("Dari LID"));
    assert_eq!(inbound.info.source.sender, Jid::lid(peer.lid()));
    assert_eq!(inbound.info.source.sender_alt, Some(Jid::pn(PEER)));
    let answer = session.send_text(PEER, "Baik").await;
    assert_eq!(soon("the answer", peer.next_message()).await.id, answer);
    session.receipt(&answer, "Delivered").await;
    let id = peer.send_text(&phone, "Terima kasih").await;
    assert_eq!(text_of(&session.message(&id).await).as_deref(), Some("Terima kasih"));
    assert_eq!((peer.undecryptable(), simulator.violations()), (0, vec![]));
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lid_without_a_number_is_resolved_by_a_later_look_into_the_directory() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    peer.addressed_by_lid(true);
    peer.hide_number(true);
    let mut session = Session::linked(&simulator, &phone).await;
    let id = peer.send_text(&phone, "Siapa saya?").await;
    let inbound = session.message(&id).await;
    assert_eq!(inbound.info.source.sender, Jid::lid(peer.lid()));
    assert_eq!(inbound.info.source.sender_alt, None);
    let found = session.client().contacts().is_on_whatsapp(&[Jid::pn(PEER)]).await.expect("answered");
    assert!(found[0].is_registered);
    assert_eq!(found[0].lid, Some(Jid::lid(peer.lid())));
    // Same person, other address: the session that the LID started serves the number too.
    session.send_text(PEER, "Siti?").await;
    assert_eq!(soon("the peer", peer.next_message()).await.text.as_deref(), Some("Siti?"));
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_owner_writes_on_the_phone_reaches_the_client_as_its_own() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    let id = phone.send_text(&peer, "Dari HP saya").await;
    let inbound = session.message(&id).await;
    assert!(inbound.info.source.is_from_me);
    assert_eq!(inbound.info.source.chat.user, peer.lid());
    assert_eq!(text_of(&inbound).as_deref(), Some("Dari HP saya"));
    assert_eq!(soon("the peer", peer.next_message()).await.id, id);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_linked_clients_get_each_others_messages() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let peer = simulator.peer(PEER);
    let mut first = Session::linked(&simulator, &phone).await;
    let mut second = Session::linked(&simulator, &phone).await;
    let id = second.send_text(PEER, "Dari perangkat kedua").await;
    assert_eq!(soon("the peer", peer.next_message()).await.id, id);
    let copy = first.message(&id).await;
    assert!(copy.info.source.is_from_me);
    assert_eq!(text_of(&copy).as_deref(), Some("Dari perangkat kedua"));
    // The first knows of the second, though it was linked before it.
    let id = first.send_text(PEER, "Dari perangkat pertama").await;
    assert_eq!(text_of(&second.message(&id).await).as_deref(), Some("Dari perangkat pertama"));
    let id = peer.send_text(&phone, "Untuk keduanya").await;
    for session in [&mut first, &mut second] {
        assert_eq!(text_of(&session.message(&id).await).as_deref(), Some("Untuk keduanya"));
    }
    soon("both", async {
        while !peer.acked_by_client(&id).await {
            let count = simulator.log().len();
            simulator.wait_until(|simulator| simulator.log().len() > count).await;
        }
    })
    .await;
    assert_eq!(simulator.violations(), []);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_not_migrated_writes_to_numbers() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    phone.lid_migrated(false);
    let peer = simulator.peer(PEER);
    let mut session = Session::linked(&simulator, &phone).await;
    let id = session.send_text(PEER, "Dengan nomor").await;
    let received = soon("the peer", peer.next_message()).await;
    assert_eq!(received.from_device, "6281100000001:1@s.whatsapp.net");
    session.receipt(&id, "Delivered").await;
    let id = peer.send_text(&phone, "Balasan").await;
    assert_eq!(text_of(&session.message(&id).await).as_deref(), Some("Balasan"));
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}
