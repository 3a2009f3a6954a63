//! What a session tells, and where it keeps what it knows.

use std::time::Duration;

use bytes::Bytes;
use cetar_engine::endpoints::NewEndpoint;
use cetar_model::{
    Chat, Content, DeviceState, DownReason, Health, MessageState as S, Receipt, Subscription, Writer,
};
use cetar_provider::{Host, HostError, Inbound, InboundMessage, InboundReceipt, StateWrite};

use crate::world::{Node, OTHER_NODE, World};

const BUDI: &str = "6281234567890";

async fn listen(node: &Node, events: &str) {
    let endpoint = NewEndpoint {
        url: "https://example.com/hook".to_owned(),
        events: vec![events.parse::<Subscription>().unwrap()],
        ..NewEndpoint::default()
    };
    node.engine.add_endpoint(&node.operator, endpoint).await.unwrap();
}

fn message(host: &dyn Host, remote_id: &str) -> Inbound {
    Inbound::Message(InboundMessage {
        remote_id: remote_id.to_owned(),
        chat: Chat::new(BUDI),
        from: Chat::new(BUDI),
        from_alias: false,
        group: false,
        echo: false,
        sender_name: Some("Budi Santoso".to_owned()),
        content: Content::Text { text: "Halo, saya butuh bantuan!".to_owned() },
        reply_to: None,
        raw: None,
        sent_at: host.now(),
    })
}

#[tokio::test]
async fn a_message_that_comes_in_twice_is_told_once_and_without_delay() {
    let world = World::new();
    let node = world.start().await;
    listen(&node, "message.*").await;
    let host = world.network.host().unwrap();
    for remote_id in ["3EB01", "3EB01", "3EB02"] {
        host.emit(message(&*host, remote_id)).await.unwrap();
    }
    node.until("both to be told", async || world.told().len() == 2).await;
    assert_eq!(world.told(), ["message.received", "message.received"]);
}

#[tokio::test]
async fn every_step_of_a_message_is_told_without_delay() {
    let world = World::new();
    let node = world.start().await;
    listen(&node, "message.*").await;
    let job = node.send(BUDI, "Halo!").await;
    node.message_is(&job, S::Sent).await;
    let remote_ids = vec![node.job(&job).await.job.message.remote_id.unwrap()];
    let host = world.network.host().unwrap();
    for receipt in [Receipt::Delivered, Receipt::Read] {
        let receipt =
            InboundReceipt { remote_ids: remote_ids.clone(), receipt, failure: None, at: host.now() };
        host.emit(Inbound::Receipt(receipt)).await.unwrap();
    }
    node.until("all to be told", async || world.told().len() == 3).await;
    let mut told = world.told();
    told.sort();
    assert_eq!(told, ["message.delivered", "message.read", "message.sent"]);
}

#[tokio::test]
async fn a_session_learns_who_wrote_a_message_of_a_chat() {
    let world = World::new();
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.message_is(&job, S::Sent).await;
    let ours = node.job(&job).await.job.message.remote_id.unwrap();
    let host = world.network.host().unwrap();
    host.emit(message(&*host, "3EB01")).await.unwrap();
    let Inbound::Message(typed) = message(&*host, "3EB02") else { unreachable!() };
    host.emit(Inbound::Message(InboundMessage { echo: true, ..typed })).await.unwrap();

    let chat = Chat::new(BUDI);
    let theirs = Writer::Other { address: chat.clone(), is_alias: false };
    for (remote_id, writer) in
        [(&*ours, Some(Writer::Us)), ("3EB02", Some(Writer::Us)), ("3EB01", Some(theirs)), ("3EB03", None)]
    {
        assert_eq!(host.writer_of(&chat, remote_id).await.unwrap(), writer, "{remote_id}");
    }
    assert_eq!(
        host.writer_of(&Chat::new("6281200000000"), &ours).await.unwrap(),
        None,
        "an id is its chat's"
    );
}

#[tokio::test]
async fn a_device_tells_when_its_state_changes_and_not_when_only_the_evidence_does() {
    let world = World::new();
    let node = world.start().await;
    listen(&node, "session.state").await;
    let down = Health::new(DeviceState::Connecting, Some(DownReason::Disconnected));
    for evidence in [None, Some(node.engine.clock().now())] {
        world.network.set_health(Health { last_ack_at: evidence, ..down }).await;
    }
    node.until("the change to be told", async || world.told() == ["session.state"]).await;
    assert_eq!(node.health().await.last_ack_at, Some(node.engine.clock().now()), "which shows all the same");
}

#[tokio::test]
async fn a_session_keeps_its_state_over_a_restart() {
    let world = World::new();
    let node = world.start().await;
    let host = world.network.host().unwrap();
    let put = |key: &'static str, value: &'static str| StateWrite::Put {
        collection: "identities",
        key: Bytes::from_static(key.as_bytes()),
        value: Bytes::from_static(value.as_bytes()),
    };
    host.save(vec![put("a", "1"), put("b", "2")]).await.unwrap();
    drop(host);
    node.stop().await;

    let node = world.start().await;
    let host = world.network.host().unwrap();
    assert_eq!(host.load("identities", b"b").await.unwrap(), Some(Bytes::from_static(b"2")));
    assert_eq!(host.load_all("identities").await.unwrap().len(), 2);
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    let left = node.engine.store().state_all(&node.device, "identities").await.unwrap();
    assert!(left.is_empty(), "a link that was ended leaves no keys behind");
}

#[tokio::test]
async fn a_session_whose_device_was_taken_over_can_write_nothing_any_more() {
    let world = World::new();
    let node = world.start().await;
    let host = world.network.host().unwrap();
    let later = node.engine.clock().now() + Duration::from_secs(16);
    let until = later + Duration::from_hours(1);
    let taken = node.engine.store().lease_device(&node.device, OTHER_NODE, later, until).await.unwrap();
    assert!(taken.is_some());

    let told = host.emit(message(&*host, "3EB01")).await;
    assert!(matches!(told, Err(HostError::LeaseLost)), "so the network is not acknowledged");
    assert!(matches!(host.save(vec![StateWrite::ClearAll]).await, Err(HostError::LeaseLost)));
    // And it need not wait for the next renewal to learn that it is over.
    world.sessions_are(0).await;
}
