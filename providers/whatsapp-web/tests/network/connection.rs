//! What becomes of a connection, and that the health says it.

use std::time::Duration;

use cetar_model::{DeviceState, DownReason};
use cetar_provider::{SendError, SessionEnd};
use cetar_simulator_whatsapp_web::Event;
use cetar_whatsapp_web::{Settings, Watch};

use crate::world::{World, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_socket_is_told_and_mended() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().drop_all();
    assert_eq!(world.state(DeviceState::Connecting).await.reason, Some(DownReason::Disconnected));
    assert_eq!(world.state(DeviceState::Connected).await.reason, None);
    running.send(&world.message("Masih di sini")).await.expect("sent");
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_does_not_answer_is_degraded_and_then_rebuilt() {
    let watch = Watch { silence: Duration::from_secs(1), answer: Duration::from_secs(1) };
    let (mut world, running) = World::connected_with(|settings| Settings { watch, ..settings }).await;
    running.send(&world.message("pertama")).await.expect("sent");
    world.simulator.faults().stall(true);
    assert_eq!(world.state(DeviceState::Degraded).await.reason, Some(DownReason::NoAnswer));
    let refused = running.send(&world.message("ke lubang hitam")).await;
    assert!(matches!(refused, Err(SendError::AccountDown(_))), "{refused:?}");
    assert_eq!(world.state(DeviceState::Connecting).await.reason, Some(DownReason::NoAnswer));
    world.simulator.faults().stall(false);
    world.state(DeviceState::Connected).await;
    running.send(&world.message("kedua")).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_that_answers_stays_connected() {
    let watch = Watch { silence: Duration::from_millis(300), answer: Duration::from_secs(5) };
    let (mut world, running) = World::connected_with(|settings| Settings { watch, ..settings }).await;
    let pings = |event: &Event| matches!(event, Event::Iq { namespace, .. } if namespace == "w:p");
    let three = |simulator: &cetar_simulator_whatsapp_web::Simulator| {
        simulator.log().iter().filter(|entry| pings(&entry.event)).count() >= 3
    };
    soon("three questions", world.simulator.wait_until(three)).await;
    let health = running.session.health();
    assert_eq!(health.state, DeviceState::Connected);
    assert!(health.last_ack_at.is_some());
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlinked_on_the_phone_ends_the_session() {
    let (mut world, running) = World::connected().await;
    world.phone.unlink_all().await;
    assert_eq!(running.ended().await, SessionEnd::Ended(DownReason::LoggedOut));
    world.state(DeviceState::LoggedOut).await;
    soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlinked_while_away_is_learnt_at_the_next_start() {
    let (world, running) = World::connected().await;
    running.stop().await;
    world.phone.unlink_all().await;
    assert_eq!(world.start().ended().await, SessionEnd::Ended(DownReason::LoggedOut));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_with_the_same_link_is_told_apart_from_a_logout() {
    let (mut world, running) = World::connected().await;
    // Another gateway on a copy of the same state; to ours it is a stranger.
    let other = world.twin();
    assert_eq!(running.ended().await, SessionEnd::Ended(DownReason::ReplacedElsewhere));
    world.state(DeviceState::Replaced).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_out_unlinks_the_device_and_ends_the_session() {
    let (world, running) = World::connected().await;
    soon("logout", running.session.logout()).await.expect("logged out");
    assert_eq!(running.ended().await, SessionEnd::Ended(DownReason::LoggedOut));
    assert!(world.phone.linked_devices().await.is_empty());
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_whose_device_was_taken_over_stands_back() {
    let (world, running) = World::connected().await;
    world.host.take_over();
    world.peer.send_text(&world.phone, "halo").await;
    assert_eq!(running.ended().await, SessionEnd::Lost(DownReason::HeldByAnotherNode));
    soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_key_is_survived() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().rotate_server_key();
    world.simulator.faults().drop_all();
    world.state(DeviceState::Connecting).await;
    world.state(DeviceState::Connected).await;
    running.send(&world.message("Masih di sini")).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_in_maintenance_is_waited_for() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().unavailable(true);
    world.simulator.faults().stream_error(503);
    assert_eq!(world.state(DeviceState::Connecting).await.reason, Some(DownReason::Disconnected));
    let refused = |event: &Event| matches!(event, Event::Fault { fault: "unavailable" }).then_some(());
    soon("a refused login", world.simulator.wait_for(refused)).await;
    world.simulator.faults().unavailable(false);
    world.state(DeviceState::Connected).await;
    running.send(&world.message("Masih di sini")).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_while_the_network_is_away_takes_no_time() {
    let (mut world, running) = World::connected().await;
    world.simulator.faults().refuse_connections(true);
    world.simulator.faults().drop_all();
    world.state(DeviceState::Connecting).await;
    running.stop().await;
}
