//! What the real server refuses, this one refuses: shown with a client made by hand.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod raw;

use cetar_simulator_whatsapp_web::{Event, LinkRefused, Peer, Phone, Rule, Simulator};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::KeyPair;

use crate::raw::{Keys, Raw, attr, counter_sign, key_pair, link, login, qr_code, sign};

fn rules(simulator: &Simulator) -> Vec<Rule> {
    simulator.violations().iter().map(|violation| violation.rule).collect()
}

fn leaf(tag: &'static str, content: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(content).build()
}

#[tokio::test]
async fn a_hello_that_makes_no_sense_ends_the_connection() {
    let simulator = Simulator::start().await;
    let mut client = Raw::open(&simulator).await;
    client.write(b"nonsense", Some(&WA_CONN_HEADER)).await;
    simulator.wait_until(|simulator| rules(simulator) == [Rule::Noise]).await;
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn a_handshake_that_does_not_authenticate_ends_the_connection() {
    let simulator = Simulator::start().await;
    let keys = Keys::generate();
    let mut client = Raw::open(&simulator).await;
    client
        .handshake(&keys.noise, &keys.registration(), |finish| {
            if let Some(byte) = finish.payload.as_mut().and_then(|payload| payload.first_mut()) {
                *byte ^= 1;
            }
        })
        .await;
    assert!(client.receive().await.is_none());
    assert_eq!(rules(&simulator), [Rule::Noise]);
}

#[tokio::test]
async fn a_frame_that_does_not_authenticate_ends_the_connection() {
    let simulator = Simulator::start().await;
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    client.write(&[0; 40], None).await;
    let last = client.receive_until(|node| node.tag == "stream:error").await;
    assert!(last.get_optional_child("xml-not-well-formed").is_some());
    assert!(client.receive().await.is_none());
    assert_eq!(rules(&simulator), [Rule::Noise]);
}

#[tokio::test]
async fn bytes_that_are_no_stanza_end_the_connection() {
    let simulator = Simulator::start().await;
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    client.send_plain(&[0, 0xff, 0xff]).await;
    client.receive_until(|node| node.tag == "stream:error").await;
    assert_eq!(rules(&simulator), [Rule::Stanza]);
}

#[tokio::test]
async fn nobody_logs_in_who_was_not_linked() {
    let simulator = Simulator::start().await;
    let mut client = Raw::connect(&simulator, &key_pair(), &login(6_281_100_000_001, 1)).await;
    let answer = client.receive().await.expect("an answer");
    assert_eq!((answer.tag.as_ref(), attr(&answer, "reason").as_str()), ("failure", "401"));
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn nobody_logs_in_with_another_noise_key() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone("6281100000001");
    link(&simulator, &phone, &Keys::generate()).await;
    let mut thief = Raw::connect(&simulator, &key_pair(), &login(6_281_100_000_001, 1)).await;
    assert_eq!(thief.receive().await.expect("an answer").tag, "failure");
    assert_eq!(rules(&simulator), [Rule::Login]);
}

#[tokio::test]
async fn a_registration_with_a_bad_signature_is_refused() {
    let simulator = Simulator::start().await;
    let keys = Keys::generate();
    let mut payload = keys.registration();
    let data = payload.device_pairing_data.get_or_insert_default();
    data.e_skey_sig = Some(sign(&key_pair(), &keys.signed.public_key.serialize()));
    let mut client = Raw::connect(&simulator, &keys.noise, &payload).await;
    assert_eq!(client.receive().await.expect("an answer").tag, "failure");
    assert_eq!(rules(&simulator), [Rule::Registration]);
}

#[tokio::test]
async fn an_unlinked_client_gets_codes_and_nothing_else() {
    let simulator = Simulator::start().await;
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    let refused = client.ask("get", "usync", [NodeBuilder::new("usync").build()]).await;
    assert_eq!(attr(&refused, "type"), "error");
    client.send(&NodeBuilder::new("message").attr("id", "A").attr("to", "6281@s.whatsapp.net").build()).await;
    simulator.wait_until(|simulator| rules(simulator) == [Rule::NotLoggedIn, Rule::NotLoggedIn]).await;
    let logged_in = simulator.log().iter().any(|entry| matches!(entry.event, Event::LoggedIn { .. }));
    assert!(!logged_in);
}

#[tokio::test]
async fn a_link_with_a_forged_counter_signature_is_refused() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone("6281100000001");
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    let code = qr_code(&mut client, &keys).await;
    let forger = key_pair();
    let (_, refused) = tokio::join!(counter_sign(&mut client, &keys, &forger), phone.scan(&code));
    assert!(matches!(refused, Err(LinkRefused::BadSignature(_))));
    assert!(phone.linked_devices().await.is_empty());
    assert_eq!(rules(&simulator), [Rule::Linking]);
}

#[tokio::test]
async fn a_fifth_device_is_refused() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone("6281100000001");
    for _ in 0..4 {
        link(&simulator, &phone, &Keys::generate()).await;
    }
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    let code = qr_code(&mut client, &keys).await;
    assert_eq!(phone.scan(&code).await, Err(LinkRefused::TooManyDevices));
}

fn upload(keys: &Keys, identity: &KeyPair, ids: &[(u8, &KeyPair)]) -> Vec<Node> {
    let one_time = ids.iter().map(|(id, pair)| {
        NodeBuilder::new("key").children([leaf("id", [0, 0, *id]), leaf("value", raw::raw(pair))]).build()
    });
    let signature = sign(&keys.identity, &keys.signed.public_key.serialize());
    let signed = [leaf("id", [0, 0, 1]), leaf("value", raw::raw(&keys.signed)), leaf("signature", signature)];
    vec![
        leaf("registration", [0, 0, 0, 9]),
        leaf("type", [5]),
        leaf("identity", raw::raw(identity)),
        NodeBuilder::new("list").children(one_time).build(),
        NodeBuilder::new("skey").children(signed).build(),
    ]
}

#[tokio::test]
async fn prekeys_must_be_the_devices_own_and_new() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone("6281100000001");
    let keys = Keys::generate();
    let (mut client, _) = link(&simulator, &phone, &keys).await;
    let (stranger, first, second) = (key_pair(), key_pair(), key_pair());

    let foreign = upload(&keys, &stranger, &[(1, &first)]);
    assert_eq!(attr(&client.ask("set", "encrypt", foreign).await, "type"), "error");
    let sound = upload(&keys, &keys.identity, &[(1, &first), (2, &second)]);
    assert_eq!(attr(&client.ask("set", "encrypt", sound).await, "type"), "result");
    // The phone took the first of them to share its app-state key.
    assert_eq!(phone.prekeys_left(1), 1);
    let spent = upload(&keys, &keys.identity, &[(3, &first)]);
    assert_eq!(attr(&client.ask("set", "encrypt", spent).await, "type"), "error");
    let other = upload(&keys, &keys.identity, &[(2, &first)]);
    assert_eq!(attr(&client.ask("set", "encrypt", other).await, "type"), "error");
    assert_eq!(rules(&simulator), [Rule::PreKeys, Rule::PreKeys, Rule::PreKeys]);
}

struct Chat {
    simulator: Simulator,
    phone: Phone,
    peer: Peer,
    client: Raw,
}

async fn chat() -> Chat {
    let simulator = Simulator::start().await;
    let phone = simulator.phone("6281100000001");
    let peer = simulator.peer("6281200000002");
    let (client, _) = link(&simulator, &phone, &Keys::generate()).await;
    Chat { simulator, phone, peer, client }
}

impl Chat {
    /// Sends a message of nonsense to these participants and gives the server's answer.
    async fn send(&mut self, to: &Jid, participants: &[Jid], kind: &str) -> Node {
        let participants = participants.iter().map(|jid| {
            let enc = NodeBuilder::new("enc").attr("v", "2").attr("type", kind).bytes([0x33; 64]).build();
            NodeBuilder::new("to").attr("jid", jid).children([enc]).build()
        });
        let message = NodeBuilder::new("message")
            .attr("id", "3EB0")
            .attr("to", to)
            .attr("type", "text")
            .children([NodeBuilder::new("participants").children(participants).build()])
            .build();
        self.client.send(&message).await;
        self.client.receive_until(|node| node.tag == "ack").await
    }
}

#[tokio::test]
async fn a_message_in_two_addressings_is_refused() {
    let mut chat = chat().await;
    let (to, own) = (Jid::lid(chat.peer.lid()), Jid::pn(chat.phone.number()));
    let ack = chat.send(&to, &[to.clone(), own], "msg").await;
    assert_eq!(attr(&ack, "error"), "400");
    assert_eq!(rules(&chat.simulator), [Rule::Addressing]);
}

#[tokio::test]
async fn an_account_that_is_not_migrated_may_not_write_to_lids() {
    let mut chat = chat().await;
    chat.phone.lid_migrated(false);
    let to = Jid::lid(chat.peer.lid());
    let ack = chat.send(&to, std::slice::from_ref(&to), "msg").await;
    assert_eq!(attr(&ack, "error"), "400");
    assert_eq!(rules(&chat.simulator), [Rule::Addressing]);
}

#[tokio::test]
async fn a_message_to_nobody_is_refused() {
    let mut chat = chat().await;
    let to = Jid::pn("6289999999999");
    let ack = chat.send(&to, std::slice::from_ref(&to), "msg").await;
    assert_eq!(attr(&ack, "error"), "404");
    assert_eq!(rules(&chat.simulator), [Rule::UnknownRecipient]);
}

#[tokio::test]
async fn a_first_message_without_proof_of_the_device_is_not_read() {
    let mut chat = chat().await;
    let to = Jid::pn(chat.peer.number());
    let ack = chat.send(&to, std::slice::from_ref(&to), "pkmsg").await;
    assert_eq!(attr(&ack, "error"), "");
    // The own phone was left out: the hash tells the client that its device list is wrong.
    assert!(attr(&ack, "phash").starts_with("2:"));
    assert_eq!(chat.peer.undecryptable(), 1);
    assert_eq!(rules(&chat.simulator), [Rule::DeviceIdentity]);
    let retry = |entry: &cetar_simulator_whatsapp_web::LogEntry| matches!(&entry.event, Event::ReceiptSent { kind, .. } if kind == "retry");
    assert!(chat.simulator.log().iter().any(retry));
}

#[tokio::test]
async fn a_message_that_does_not_decrypt_is_a_violation() {
    let mut chat = chat().await;
    let to = Jid::pn(chat.peer.number());
    chat.send(&to, std::slice::from_ref(&to), "msg").await;
    assert_eq!(chat.peer.undecryptable(), 1);
    assert_eq!(rules(&chat.simulator), [Rule::Undecryptable]);
}

#[tokio::test]
async fn a_client_may_unlink_itself_only() {
    let mut chat = chat().await;
    let remove = |device| {
        let jid = Jid::pn_device("6281100000001", device);
        [NodeBuilder::new("remove-companion-device")
            .attr("jid", jid)
            .attr("reason", "user_initiated")
            .build()]
    };
    assert_eq!(attr(&chat.client.ask("set", "md", remove(2)).await, "type"), "error");
    assert_eq!(attr(&chat.client.ask("set", "md", remove(1)).await, "type"), "result");
    let last = chat.client.receive().await.expect("last words");
    assert_eq!((last.tag.as_ref(), attr(&last, "code").as_str()), ("stream:error", "401"));
    assert!(chat.phone.linked_devices().await.is_empty());
}

#[tokio::test]
async fn other_paths_and_a_closed_server_are_http_errors() {
    let simulator = Simulator::start().await;
    let status = async |url: String| match tokio_tungstenite::connect_async(url).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
        _ => 0,
    };
    assert_eq!(status(simulator.url().replace("/ws/chat", "/")).await, 404);
    simulator.faults().refuse_connections(true);
    assert_eq!(status(simulator.url()).await, 503);
    simulator.faults().clear();
    simulator.faults().unavailable(true);
    let keys = Keys::generate();
    let mut client = Raw::connect(&simulator, &keys.noise, &keys.registration()).await;
    assert_eq!(attr(&client.receive().await.expect("an answer"), "reason"), "503");
}
