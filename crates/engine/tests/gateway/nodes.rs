//! Two processes on one database.

use std::time::Duration;

use cetar_model::{DeviceState, DownReason, MessageState as S};

use crate::world::{OTHER_NODE, World};

const BUDI: &str = "6281234567890";
const RENEWAL: Duration = Duration::from_secs(5);

#[tokio::test]
async fn only_one_of_two_nodes_runs_a_device_and_the_other_says_so() {
    let world = World::new();
    let node = world.start().await;
    let other = world.start_as(OTHER_NODE).await;
    other
        .until("the other to say who has it", async || {
            other.health().await.reason == Some(DownReason::HeldByAnotherNode)
        })
        .await;
    for _ in 0..10 {
        node.pass_and_renew().await;
        assert_eq!(*world.network.running().borrow(), 1);
    }
    assert_eq!(other.health().await.state, DeviceState::Connected, "and how it is, by the node that has it");
}

#[tokio::test]
async fn a_message_accepted_by_one_node_is_sent_by_the_node_that_has_the_device() {
    let world = World::new();
    let node = world.start().await;
    let other = world.start_as(OTHER_NODE).await;
    let job = other.send(BUDI, "Halo!").await;
    node.pass(Duration::from_secs(1));
    node.message_is(&job, S::Sent).await;
}

#[tokio::test]
async fn when_a_node_dies_another_takes_its_devices_and_jobs_over() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.kill().await;
    world.network.release();

    let other = world.start_as(OTHER_NODE).await;
    other.until("the process to be ready", async || other.engine.ready().await.is_ok()).await;
    other.pass(Duration::from_secs(10));
    assert_eq!(other.state(&job).await, S::Sending, "the other may still be alive");
    other.pass(Duration::from_secs(10));
    world.sessions_are(1).await;
    other.message_is(&job, S::Queued).await;
    other.run_to_the_end().await;
    other.message_is(&job, S::Sent).await;
    let attempts = world.network.attempts();
    assert_eq!(attempts[0].0, attempts[1].0);
}

#[tokio::test]
async fn a_node_that_lost_its_lease_ends_its_session_and_its_outcomes_count_no_more() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;

    // The node was away so long that another took over what it had, behind its back.
    let store = node.engine.store();
    let now = node.engine.clock().now();
    let (later, until) = (now + Duration::from_secs(16), now + Duration::from_hours(1));
    let rescued = store.rescue(OTHER_NODE, false, later, until, 10).await.unwrap();
    assert_eq!(rescued.len(), 1);
    assert!(store.lease_device(&node.device, OTHER_NODE, later, until).await.unwrap().is_some());

    node.pass(RENEWAL);
    world.network.release();
    world.sessions_are(0).await;
    node.until("the node to know", async || {
        node.health().await.reason == Some(DownReason::HeldByAnotherNode)
    })
    .await;
    assert_eq!(node.state(&job).await, S::Sending, "whoever took it over says what became of it");
    node.leaves_open_jobs();
}

#[tokio::test]
async fn a_machine_that_was_suspended_goes_on_with_what_nobody_took_meanwhile() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.pass(Duration::from_hours(8));
    node.until("the queue to have been looked after", async || node.engine.ready().await.is_ok()).await;
    world.network.release();
    node.run_until_idle().await;
    assert_eq!(node.history(&job).await, ["sent"], "its attempt was not taken for abandoned");
    assert_eq!(*world.network.running().borrow(), 1);
}

#[tokio::test]
async fn what_one_process_changes_another_sees_within_a_second() {
    let world = World::new();
    let node = world.start().await;
    let other = world.start_as(OTHER_NODE).await;
    other.engine.pause_device(&other.operator, &other.device, true).await.unwrap();
    node.pass(Duration::from_secs(1));
    node.device_is(DeviceState::Stopped).await;
    world.sessions_are(0).await;

    other.engine.pause_device(&other.operator, &other.device, false).await.unwrap();
    for _ in 0..2 {
        node.pass(Duration::from_secs(3));
    }
    world.sessions_are(1).await;

    let device = other.device.clone();
    other
        .engine
        .store()
        .remove_device(&other.operator.workspace.id, &device, other.engine.clock().now())
        .await
        .unwrap();
    node.pass(Duration::from_secs(1));
    world.sessions_are(0).await;
}
