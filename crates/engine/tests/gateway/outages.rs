//! A device that is down holds its messages, in order, and nobody asks in a circle.

use std::time::Duration;

use cetar_model::{DeviceState, DownReason, Health, MessageState as S, SendError};
use cetar_provider::SessionEnd;

use crate::world::World;

const BUDI: &str = "6281234567890";

const DOWN: Health = Health::new(DeviceState::Connecting, Some(DownReason::Disconnected));
const UP: Health = Health::new(DeviceState::Connected, None);

#[tokio::test]
async fn messages_wait_while_the_device_is_down_and_go_out_in_order_when_it_is_back() {
    let world = World::new();
    let node = world.start().await;
    world.network.set_health(DOWN).await;
    let jobs = [node.send(BUDI, "one").await, node.send(BUDI, "two").await, node.send(BUDI, "three").await];
    node.run_until_idle().await;
    node.pass(Duration::from_mins(10));
    node.run_until_idle().await;

    assert!(world.attempted().is_empty());
    for job in &jobs {
        let view = node.job(job).await;
        assert_eq!((view.job.message.state, view.held), (S::Queued, Some(DOWN)));
    }

    world.network.set_health(UP).await;
    node.run_until_idle().await;
    assert_eq!(world.attempted(), ["one", "two", "three"]);
    assert_eq!(node.job(&jobs[0]).await.held, None);
}

#[tokio::test]
async fn an_attempt_that_finds_the_account_down_does_not_count_and_is_made_again_when_it_is_back() {
    let world = World::new();
    let node = world.start().await;
    world.network.next_send(Err(SendError::AccountDown(DownReason::Disconnected)));
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    world.network.set_health(DOWN).await;
    world.network.release();
    node.message_is(&job, S::Queued).await;
    assert_eq!(node.history(&job).await, ["account_down"]);

    world.network.set_health(UP).await;
    node.run_until_idle().await;
    let view = node.job(&job).await;
    assert_eq!((view.job.message.state, view.job.attempts), (S::Sent, 1));
}

#[tokio::test]
async fn a_session_that_says_it_can_send_and_cannot_is_not_asked_in_a_circle() {
    let world = World::new();
    let node = world.start().await;
    for _ in 0..3 {
        world.network.next_send(Err(SendError::AccountDown(DownReason::NoAnswer)));
    }
    let job = node.send(BUDI, "Halo!").await;
    node.until("the first hold", async || node.history(&job).await.len() == 1).await;
    assert_eq!(world.attempted().len(), 1);
    // Poked again and again without time passing, it still waits.
    for _ in 0..5 {
        node.send("6289876543210", "Halo!").await;
    }
    assert_eq!(world.attempted().len(), 1);

    node.pass(Duration::from_secs(1));
    world.network.attempts_begun(2).await;
    node.until("the second hold", async || node.history(&job).await.len() == 2).await;
    // A word of the session ends the waiting at once.
    world.network.set_health(UP).await;
    world.network.attempts_begun(3).await;
    node.leaves_open_jobs();
}

#[tokio::test]
async fn chats_that_find_the_same_outage_side_by_side_do_not_make_the_wait_longer() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let mut jobs = Vec::new();
    for chat in 0..4 {
        world.network.next_send(Err(SendError::AccountDown(DownReason::NoAnswer)));
        jobs.push(node.send(&format!("62811111111{chat}"), "Halo!").await);
    }
    world.network.attempts_begun(4).await;
    world.network.release();
    for job in &jobs {
        node.until("each to be held", async || node.history(job).await == ["account_down"]).await;
    }
    node.until("no attempt", async || node.engine.attempts_under_way() == 0).await;
    assert_eq!(world.attempted().len(), 4);
    node.pass(Duration::from_secs(1));
    for job in &jobs {
        node.message_is(job, S::Sent).await;
    }
}

#[tokio::test]
async fn a_session_whose_word_proves_wrong_again_and_again_has_only_time_on_its_side() {
    let world = World::new();
    let node = world.start().await;
    for _ in 0..10 {
        world.network.next_send(Err(SendError::AccountDown(DownReason::NoAnswer)));
    }
    let job = node.send(BUDI, "Halo!").await;
    for held in 1..=4 {
        node.until("another hold", async || {
            node.history(&job).await.len() == held && node.engine.attempts_under_way() == 0
        })
        .await;
        world.network.set_health(UP).await;
    }
    // The fourth time it was believed was the last.
    for _ in 0..5 {
        world.network.set_health(UP).await;
    }
    assert_eq!(node.history(&job).await.len(), 4);
    node.pass(Duration::from_secs(8));
    node.until("the fifth hold", async || node.history(&job).await.len() == 5).await;
    node.leaves_open_jobs();
}

#[tokio::test]
async fn a_lost_session_is_started_again_after_a_pause_that_grows() {
    let world = World::new();
    let node = world.start().await;
    for pause in [1, 2, 4] {
        world.network.end_sessions(SessionEnd::Lost(DownReason::NoAnswer));
        node.until("the loss to show", async || {
            node.health().await == Health::new(DeviceState::Connecting, Some(DownReason::NoAnswer))
        })
        .await;
        world.sessions_are(0).await;
        node.pass(Duration::from_secs(pause));
        node.device_is(DeviceState::Connected).await;
    }
}

#[tokio::test]
async fn a_session_whose_link_is_gone_is_not_started_again_and_says_what_to_do() {
    let world = World::new();
    let node = world.start().await;
    world.network.end_sessions(SessionEnd::Ended(DownReason::LoggedOut));
    node.device_is(DeviceState::LoggedOut).await;
    assert_eq!(node.health().await.reason, Some(DownReason::LoggedOut));
    node.pass(Duration::from_hours(1));
    node.run_until_idle().await;
    assert_eq!(*world.network.running().borrow(), 0);

    let refused = node.accept(crate::world::Node::text(BUDI, "Halo!")).await;
    assert!(matches!(refused, Err(cetar_engine::accept::AcceptError::DeviceNotLinked(_))));
}

#[tokio::test]
async fn a_replaced_session_stands_back_until_it_is_restarted() {
    let world = World::new();
    let node = world.start().await;
    world.network.end_sessions(SessionEnd::Ended(DownReason::ReplacedElsewhere));
    node.device_is(DeviceState::Replaced).await;
    let job = node.send(BUDI, "Halo!").await;
    node.pass(Duration::from_hours(1));
    node.run_until_idle().await;
    assert!(node.job(&job).await.held.is_some(), "it is linked still, so its messages wait");

    node.engine.restart_device(&node.operator, &node.device).await.unwrap();
    node.message_is(&job, S::Sent).await;
}

#[tokio::test]
async fn a_session_this_version_cannot_run_rests_until_a_newer_process_starts() {
    let world = World::new();
    let node = world.start().await;
    world.network.end_sessions(SessionEnd::Ended(DownReason::VersionOutdated));
    node.device_is(DeviceState::Stopped).await;
    assert_eq!(node.health().await.reason, Some(DownReason::VersionOutdated));
    let job = node.send(BUDI, "Halo!").await;
    node.pass(Duration::from_hours(1));
    node.run_until_idle().await;
    assert_eq!(node.state(&job).await, S::Queued, "the link is whole, so it waits");
    node.stop().await;

    let node = world.start().await;
    node.message_is(&job, S::Sent).await;
}
