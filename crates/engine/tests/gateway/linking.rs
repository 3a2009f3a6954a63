//! Linking a device, from the first QR to the session that follows.

use std::time::Duration;

use cetar_engine::{
    devices::DeviceError,
    link::LinkEvent::{self, Code, Connecting, Failed, Linked, Qr},
};
use cetar_model::{Channel, DeviceState as D, DownReason, LinkMethod, MessageState as S};
use cetar_provider::{LinkError, LinkRequest, LinkStep};
use futures::StreamExt;

use crate::world::{Node, World};

const MINUTE: Duration = Duration::from_mins(1);

const BY_QR: LinkRequest = LinkRequest { method: LinkMethod::Qr, phone: None, outcome: None };

fn qr(data: &str) -> LinkStep {
    LinkStep::Qr { data: data.to_owned(), expires_in: MINUTE }
}

fn linked() -> LinkStep {
    LinkStep::Done(cetar_provider::Linked { address: "628111111111".to_owned(), name: None })
}

/// Scripts the next linking: these steps, then nothing.
fn will_show<const N: usize>(world: &World, steps: [LinkStep; N]) {
    world.network.next_link(steps.map(Ok));
}

/// A process whose first device was never linked.
async fn with_unlinked_device(world: &World) -> Node {
    let mut node = world.start().await;
    node.engine.remove_device(&node.operator, &node.device).await.unwrap();
    node.device = node.device_appears(Channel::Whatsapp, false).await;
    node
}

async fn events(node: &Node) -> Vec<LinkEvent> {
    let events = node.engine.link_events(&node.operator, &node.device).await.unwrap();
    let all = events.collect();
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("the linking to end")
}

/// Waits until this is the latest event.
async fn shows(node: &Node, is_it: impl Fn(&LinkEvent) -> bool) {
    node.until("an event of the linking", async || {
        let mut events = node.engine.link_events(&node.operator, &node.device).await.unwrap();
        // The latest comes at once, or there is none yet.
        let latest = futures::FutureExt::now_or_never(events.next()).flatten();
        latest.as_ref().is_some_and(&is_it)
    })
    .await;
}

#[tokio::test]
async fn a_device_is_linked_by_qr_and_its_session_starts_by_itself() {
    let world = World::new();
    let node = with_unlinked_device(&world).await;
    will_show(&world, [qr("first"), qr("second"), LinkStep::Connecting, linked()]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();

    assert!(matches!(&events(&node).await[..], [.., Linked { address }] if address == "628111111111"));
    node.device_is(D::Connected).await;
    let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
    assert_eq!(device.address.as_deref(), Some("628111111111"));
    assert!(device.linked_at.is_some());
    let job = node.send("6281234567890", "Halo!").await;
    node.message_is(&job, S::Sent).await;
    assert!(matches!(&events(&node).await[..], [Linked { .. }]), "who asks later hears how it ended");
}

#[tokio::test]
async fn every_watcher_sees_the_latest_step_with_the_time_it_ends() {
    let world = World::new();
    let node = with_unlinked_device(&world).await;
    will_show(&world, [LinkStep::Code { code: "ABCD-EFGH".to_owned(), expires_in: MINUTE }]);
    let phone = "628111111111".to_owned().try_into().ok();
    let request = LinkRequest { method: LinkMethod::PairingCode, phone, outcome: None };
    node.engine.link_device(&node.operator, &node.device, request).await.unwrap();
    let end = node.engine.clock().now() + MINUTE;
    for _ in 0..2 {
        shows(
            &node,
            |event| matches!(event, Code { code, expires_at } if code == "ABCD-EFGH" && *expires_at == end),
        )
        .await;
    }
    assert_eq!(node.health().await.state, D::Linking);
}

#[tokio::test]
async fn a_link_that_nobody_used_ends_with_its_reason_and_can_be_started_again() {
    let world = World::new();
    let node = with_unlinked_device(&world).await;
    for reason in [DownReason::LinkExpired, DownReason::PasskeyRequired] {
        world.network.next_link([Ok(qr("first")), Err(LinkError::Refused(reason))]);
        node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
        assert!(
            matches!(&events(&node).await[..], [.., Failed { reason: Some(told), .. }] if *told == reason)
        );
        let health = node.stored_health().await;
        assert_eq!((health.state, health.reason), (D::Unlinked, Some(reason)));
    }
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    node.device_is(D::Connected).await;
}

#[tokio::test]
async fn starting_again_ends_the_linking_under_way() {
    let world = World::new();
    let node = with_unlinked_device(&world).await;
    will_show(&world, [qr("first")]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    shows(&node, |event| matches!(event, Qr { data, .. } if data == "first")).await;
    let watching = node.engine.link_events(&node.operator, &node.device).await.unwrap();

    will_show(&world, [qr("second"), linked()]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    let seen: Vec<LinkEvent> = watching.collect().await;
    assert!(matches!(&seen[..], [Qr { .. }, Failed { reason: None, .. }]));
    assert!(matches!(&events(&node).await[..], [.., Linked { .. }]));
    node.device_is(D::Connected).await;
}

#[tokio::test]
async fn a_device_that_is_linked_is_not_put_at_risk_by_linking_it_again() {
    let world = World::new();
    let node = world.start().await;
    let refused = node.engine.link_device(&node.operator, &node.device, BY_QR).await;
    assert!(matches!(refused, Err(DeviceError::AlreadyLinked)));
    assert_eq!(*world.network.running().borrow(), 1);
    assert_eq!(node.health().await.state, D::Connected);
}

#[tokio::test]
async fn an_account_that_another_device_has_is_not_linked_a_second_time() {
    let world = World::new();
    let mut node = world.start().await;
    let first = node.device.clone();
    node.engine.logout_device(&node.operator, &first).await.unwrap();
    node.engine.link_device(&node.operator, &first, BY_QR).await.unwrap();
    node.device_is(D::Connected).await;

    node.device = node.device_appears(Channel::Whatsapp, false).await;
    let address =
        node.engine.device(&node.operator, &first).await.unwrap().unwrap().address.expect("an address");
    let again = LinkStep::Done(cetar_provider::Linked { address, name: None });
    will_show(&world, [qr("second"), again.clone()]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    let reason = Some(DownReason::AlreadyLinked);
    assert!(matches!(&events(&node).await[..], [.., Failed { reason: told, .. }] if *told == reason));
    let health = node.stored_health().await;
    assert_eq!((health.state, health.reason), (D::Unlinked, reason));
    assert_eq!(*world.network.running().borrow(), 1, "the first goes on");

    // Logged out there, it can be linked here.
    node.engine.logout_device(&node.operator, &first).await.unwrap();
    will_show(&world, [qr("third"), again]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    node.device_is(D::Connected).await;
}

#[tokio::test]
async fn a_linking_given_up_leaves_the_device_logged_out() {
    let world = World::new();
    let node = world.start().await;
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    node.device_is(D::LoggedOut).await;
    will_show(&world, [qr("first"), LinkStep::Connecting]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    shows(&node, |event| *event == Connecting).await;
    assert_eq!(*world.network.running().borrow(), 0);

    // Given up: it was linked before, and says so.
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    assert!(matches!(&events(&node).await[..], [Failed { .. }]));
    assert_eq!(node.stored_health().await.state, D::LoggedOut);
}

#[tokio::test]
async fn what_the_method_lacks_is_named() {
    let world = World::new();
    let node = with_unlinked_device(&world).await;
    let by_code = LinkRequest { method: LinkMethod::PairingCode, phone: None, outcome: None };
    let refused = node.engine.link_device(&node.operator, &node.device, by_code).await;
    assert!(matches!(refused, Err(DeviceError::Settings(error)) if error.field == "phone"));
    assert!(node.engine.link_events(&node.operator, &node.device).await.unwrap().next().await.is_none());
}

#[tokio::test]
async fn a_linking_cut_off_by_a_crash_does_not_stay_linking() {
    let world = World::new();
    let node = world.start().await;
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    node.device_is(D::LoggedOut).await;
    will_show(&world, [qr("first")]);
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    shows(&node, |event| matches!(event, Qr { .. })).await;
    node.kill().await;

    let node = world.start_as(crate::world::NODE).await;
    node.device_is(D::LoggedOut).await;
    assert_eq!(node.health().await.reason, Some(DownReason::LinkExpired));
}

#[tokio::test]
async fn a_panic_while_linking_is_told_as_a_failure() {
    let world = World::new();
    world.provide(Channel::Telegram, std::sync::Arc::new(crate::devices::Troublesome::default()));
    let mut node = world.start().await;
    node.device = node.device_appears(Channel::Telegram, false).await;
    node.engine.link_device(&node.operator, &node.device, BY_QR).await.unwrap();
    assert!(matches!(&events(&node).await[..], [Failed { reason: None, .. }]));
    assert_eq!(node.stored_health().await.state, D::Unlinked);
}
