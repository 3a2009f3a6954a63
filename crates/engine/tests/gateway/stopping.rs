//! A graceful stop finishes what is under way, begins nothing, and leaves nothing for a lease to time out.

use std::time::Duration;

use cetar_engine::NotReady;
use cetar_model::{DeviceState, MessageState as S};

use crate::world::{OTHER_NODE, World};

const BUDI: &str = "6281234567890";

#[tokio::test]
async fn a_stop_finishes_the_attempt_under_way_and_begins_no_other() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let first = node.send(BUDI, "one").await;
    let second = node.send(BUDI, "two").await;
    world.network.attempts_begun(1).await;
    node.ask_to_stop();
    node.until("the stop to show", async || matches!(node.engine.ready().await, Err(NotReady::Stopping)))
        .await;
    let late = node.send("6289876543210", "late").await;
    world.network.release();
    node.stop().await;
    assert_eq!(world.attempted(), ["one"]);

    let node = world.start().await;
    assert_eq!(node.state(&first).await, S::Sent);
    node.run_until_idle().await;
    for job in [&second, &late] {
        assert_eq!(node.state(job).await, S::Sent, "what is accepted during a stop is sent afterwards");
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_an_attempt_that_hangs() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.ask_to_stop();
    node.until("the stop to show", async || matches!(node.engine.ready().await, Err(NotReady::Stopping)))
        .await;
    let clock = world.clock.clone();
    let stopping = node.stop();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => break,
            () = tokio::task::yield_now() => clock.advance(Duration::from_millis(100)),
        }
    }
    world.network.release();

    let node = world.start().await;
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
}

#[tokio::test]
async fn after_a_stop_another_node_need_not_wait_for_the_lease() {
    let world = World::new();
    let node = world.start().await;
    node.stop().await;
    assert_eq!(*world.network.running().borrow(), 0);

    let other = world.start_as(OTHER_NODE).await;
    other.device_is(DeviceState::Connected).await;
}

#[tokio::test]
async fn the_engine_is_ready_when_its_loops_run_and_the_database_takes_writes() {
    let world = World::new();
    let node = world.start().await;
    node.until("the engine to be ready", async || node.engine.ready().await.is_ok()).await;
    node.engine.store().close().await;
    assert!(matches!(node.engine.ready().await, Err(NotReady::Store(_))));
}
