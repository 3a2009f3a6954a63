//! Asking about a job, and changing its course.

use std::time::Duration;

use cetar_engine::{accept::SendRequest, keys::NewKey};
use cetar_model::{DeviceState, DownReason, FailureCode, Health, MessageState as S, SendError};
use cetar_store::{Change, Scope};

use crate::world::{LOCALHOST, Node, World};

const BUDI: &str = "6281234567890";

async fn held(world: &World) -> (Node, SendRequest) {
    let node = world.start().await;
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    (node, Node::text(BUDI, "Halo!"))
}

#[tokio::test]
async fn a_queued_message_can_be_taken_back_and_frees_its_chat() {
    let world = World::new();
    let (node, request) = held(&world).await;
    let job = node.accept(request).await.unwrap().job;
    let next = node.send(BUDI, "Apa kabar?").await;
    assert_eq!(node.engine.cancel(&node.operator, &job).await.unwrap(), Change::Done);
    assert_eq!(node.state(&job).await, S::Cancelled);
    assert_eq!(node.engine.cancel(&node.operator, &job).await.unwrap(), Change::NotNow(S::Cancelled));

    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.message_is(&next, S::Sent).await;
    assert_eq!(world.attempted(), ["Apa kabar?"]);
}

#[tokio::test]
async fn a_message_that_is_sent_cannot_be_taken_back_or_tried_again() {
    let world = World::new();
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.run_until_idle().await;
    assert_eq!(node.engine.cancel(&node.operator, &job).await.unwrap(), Change::NotNow(S::Sent));
    assert_eq!(node.engine.retry(&node.operator, &job).await.unwrap(), Change::NotNow(S::Sent));
    assert_eq!(node.engine.resolve(&node.operator, &job, true).await.unwrap(), Change::NotNow(S::Sent));
}

#[tokio::test]
async fn a_failed_message_can_be_tried_again_at_once() {
    let world = World::new();
    world.network.next_send(Err(SendError::Rejected {
        code: FailureCode::RejectedByNetwork,
        provider_code: None,
        detail: None,
    }));
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.message_is(&job, S::Failed).await;
    // Its own time has run out long ago; another round has its own.
    node.pass(Duration::from_hours(48));
    assert_eq!(node.engine.retry(&node.operator, &job).await.unwrap(), Change::Done);
    node.message_is(&job, S::Sent).await;
    assert_eq!(node.history(&job).await, ["failed", "sent"]);
}

#[tokio::test]
async fn a_person_settles_an_unknown_message_either_way() {
    let world = World::where_a_repeat_is_a_second_message();
    let node = world.start().await;
    for (sent, expected) in [(true, S::Sent), (false, S::Failed)] {
        world.network.next_send(Err(SendError::Unknown("cut".into())));
        let job = node.send(BUDI, "Halo!").await;
        node.message_is(&job, S::Unknown).await;
        assert_eq!(node.engine.resolve(&node.operator, &job, sent).await.unwrap(), Change::Done);
        assert_eq!(node.state(&job).await, expected);
    }
}

#[tokio::test]
async fn a_job_of_a_device_the_key_may_not_use_is_not_there() {
    let world = World::new();
    let (node, request) = held(&world).await;
    let job = node.accept(request).await.unwrap().job;
    let key = |devices, test, scopes| NewKey {
        name: "k".to_owned(),
        test,
        devices,
        allow_ips: Vec::new(),
        expires_in: None,
        scopes,
    };
    let other = node.device_appears(cetar_model::Channel::Whatsapp, true).await;
    for (key, sees) in [
        (key(Vec::new(), false, Vec::new()), true),
        (key(vec![node.device.clone()], false, Vec::new()), true),
        (key(vec![other], false, Vec::new()), false),
        (key(Vec::new(), true, Vec::new()), false),
        (key(Vec::new(), true, vec![Scope::Admin]), true),
    ] {
        let (_, secret) = node.engine.create_key(&node.operator, key).await.unwrap();
        let secret = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
        let caller = node.engine.authenticate(Some(&secret), LOCALHOST).await.unwrap();
        assert_eq!(node.engine.job(&caller, &job).await.unwrap().is_some(), sees);
        if !sees {
            assert_eq!(node.engine.cancel(&caller, &job).await.unwrap(), Change::NotFound);
        }
    }
    node.leaves_open_jobs();
}
