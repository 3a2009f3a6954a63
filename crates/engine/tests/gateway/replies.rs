//! Reply in the answer to a webhook.

use cetar_engine::endpoints::NewEndpoint;
use cetar_model::{Channel, Chat, Content, DeliveryId, EndpointId, Plan};
use cetar_provider::{Inbound, InboundMessage};
use cetar_store::{DeliveryAttempt, DeliveryFilter, ReplyOutcome};

use crate::world::{Node, World};

const BUDI: &str = "6281234567890";
const REPLY: &str = r#"{"reply":{"text":"Halo, Budi!"}}"#;

/// An endpoint for every event.
async fn endpoint(node: &Node, replies: bool) -> EndpointId {
    let endpoint =
        NewEndpoint { url: "https://example.com/hook".to_owned(), replies, ..NewEndpoint::default() };
    node.engine.add_endpoint(&node.operator, endpoint).await.unwrap().0.id
}

/// Somebody writes.
async fn writes(world: &World, from: &str) {
    let host = world.network.host().unwrap();
    let message = InboundMessage {
        remote_id: format!("3EB0{}", world.told().len()),
        chat: Chat::new(from),
        from: Chat::new(from),
        from_alias: false,
        group: false,
        echo: false,
        sender_name: None,
        content: Content::Text { text: "Halo, saya butuh bantuan!".to_owned() },
        reply_to: None,
        raw: None,
        sent_at: host.now(),
    };
    host.emit(Inbound::Message(message)).await.unwrap();
}

/// What came in and was told to an endpoint, oldest first, once nothing is left to be told.
async fn settled(node: &Node, endpoint: &EndpointId) -> Vec<DeliveryId> {
    let open = async || node.engine.store().queue_figures().await.unwrap().deliveries;
    node.until("every delivery to be settled", async || open().await == 0).await;
    let event = Some("message.received".parse().unwrap());
    let filter = DeliveryFilter { event, ..DeliveryFilter::default() };
    let listed = node.engine.deliveries(&node.operator, endpoint, &filter, 100).await.unwrap();
    listed.into_iter().rev().map(|delivery| delivery.id).collect()
}

async fn history(node: &Node, delivery: &DeliveryId) -> Vec<DeliveryAttempt> {
    node.engine.delivery(&node.operator, delivery).await.unwrap().unwrap().attempts
}

#[tokio::test]
async fn a_reply_goes_to_the_chat_of_its_message_and_the_log_names_its_job() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    world.answer(200, REPLY);
    writes(&world, BUDI).await;
    // The webhooks of the reply itself are answered with nothing.
    let delivery = settled(&node, &endpoint).await.remove(0);
    node.run_to_the_end().await;

    assert_eq!(world.attempted(), ["Halo, Budi!"]);
    let attempts = history(&node, &delivery).await;
    let [DeliveryAttempt { status: Some(200), reply: Some(ReplyOutcome::Queued { job }), .. }] =
        &attempts[..]
    else {
        panic!("{attempts:?}")
    };
    assert_eq!(node.job(job).await.job.message.chat.as_str(), BUDI);
}

#[tokio::test]
async fn who_did_not_ask_for_replies_sends_none_whatever_it_answers() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, false).await;
    world.answer(200, REPLY);
    writes(&world, BUDI).await;
    let delivery = settled(&node, &endpoint).await.remove(0);
    node.run_to_the_end().await;
    assert_eq!(world.attempted(), [""; 0]);
    assert_eq!(history(&node, &delivery).await[0].reply, None);
}

/// A receiver that answers everything alike would otherwise talk to itself for ever.
#[tokio::test]
async fn only_a_message_is_replied_to_and_only_by_who_took_it() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    node.send(BUDI, "Halo!").await;
    world.answer(200, REPLY);
    node.run_to_the_end().await;
    settled(&node, &endpoint).await;
    assert_eq!(world.told(), ["message.sent"]);

    world.answer(500, REPLY);
    writes(&world, BUDI).await;
    node.until("the second to be told", async || world.told().len() == 2).await;
    node.run_to_the_end().await;
    assert_eq!(world.attempted(), ["Halo!"], "neither was listened to");
}

#[tokio::test]
async fn a_bad_reply_is_in_the_log_and_the_webhook_is_delivered_all_the_same() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    for (answer, why) in [
        (r#"{"reply":{"txt":"Halo"}}"#, "no text"),
        (r#"{"reply":"Halo"}"#, "NotAnObject"),
        (r#"{"reply":{"text":"Ha"#, "NotJson"),
    ] {
        world.answer(200, answer);
        writes(&world, BUDI).await;
        let delivery = settled(&node, &endpoint).await.pop().unwrap();
        let attempts = history(&node, &delivery).await;
        let [DeliveryAttempt { error: None, next_at: None, reply: Some(reply), .. }] = &attempts[..] else {
            panic!("{attempts:?}")
        };
        let ReplyOutcome::Refused { message, .. } = reply else { panic!("{reply:?}") };
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(world.attempted(), [""; 0]);
}

/// The answer of an attempt that has lost its lease is what a process leaves that dies right after it took the reply: the reply is on
/// disk, the delivery is not settled, and is answered again.
#[tokio::test]
async fn a_reply_that_was_taken_before_the_delivery_was_settled_is_not_sent_again() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    let (first, second) = (world.next_answer(), world.next_answer());
    writes(&world, BUDI).await;
    world.has_told(1).await;
    for _ in 0..10 {
        node.pass_and_renew().await;
    }
    world.has_told(2).await;
    first.send((200, REPLY.to_owned())).unwrap();
    node.until("the reply to be sent", async || world.attempted().len() == 1).await;
    second.send((200, r#"{"reply":{"text":"Halo lagi!"}}"#.to_owned())).unwrap();
    let delivery = settled(&node, &endpoint).await.remove(0);
    node.run_to_the_end().await;

    assert_eq!(world.attempted(), ["Halo, Budi!"], "the first committed answer wins");
    let attempts = history(&node, &delivery).await;
    assert_eq!(attempts[0].error.as_deref(), Some("crashed"));
    let Some(ReplyOutcome::Queued { job }) = &attempts[1].reply else { panic!("{attempts:?}") };
    assert!(
        matches!(node.job(job).await.job.message.content, Content::Text { text } if text == "Halo, Budi!")
    );
}

#[tokio::test]
async fn a_resend_replies_to_nobody() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    // The first without a reply, the second with: neither is listened to once more.
    for answer in ["ok", REPLY] {
        world.answer(200, answer);
        writes(&world, BUDI).await;
        let delivery = settled(&node, &endpoint).await.pop().unwrap();
        node.run_to_the_end().await;
        settled(&node, &endpoint).await;
        world.answer(200, r#"{"reply":{"text":"Halo lagi!"}}"#);
        node.engine.resend(&node.operator, &delivery).await.unwrap();
        settled(&node, &endpoint).await;
        node.run_to_the_end().await;
        assert_eq!(history(&node, &delivery).await[1].reply, Some(ReplyOutcome::PassedOver));
    }
    assert_eq!(world.attempted(), ["Halo, Budi!"]);
}

#[tokio::test]
async fn a_reply_is_bound_by_the_plan_like_any_send() {
    let world = World::new();
    let node = world.start().await;
    let endpoint = endpoint(&node, true).await;
    let plan = Plan { channels: vec![Channel::Telegram], ..node.operator.workspace.plan.clone() };
    node.engine.set_plan(&node.operator.workspace.id, plan).await.unwrap();
    world.answer(200, REPLY);
    writes(&world, BUDI).await;
    let delivery = settled(&node, &endpoint).await.remove(0);
    let attempts = history(&node, &delivery).await;
    let Some(ReplyOutcome::Refused { message, .. }) = &attempts[0].reply else { panic!("{attempts:?}") };
    assert!(message.contains("PlanFeatureMissing"), "{message}");
    assert_eq!(world.attempted(), [""; 0]);
}

#[tokio::test]
async fn two_endpoints_may_each_reply_once() {
    let world = World::new();
    let node = world.start().await;
    let endpoints = [endpoint(&node, true).await, endpoint(&node, true).await];
    world.answer(200, r#"{"reply":{"text":"one"}}"#);
    world.answer(200, r#"{"reply":{"text":"two"}}"#);
    writes(&world, BUDI).await;
    for endpoint in &endpoints {
        settled(&node, endpoint).await;
    }
    node.run_to_the_end().await;
    let mut attempted = world.attempted();
    attempted.sort();
    assert_eq!(attempted, ["one", "two"]);
}
