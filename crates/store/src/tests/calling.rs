//! What a network tells by calling us.

use std::time::Duration;

use cetar_model::{Chat, DeviceId, EventData, EventType, FailureCode, MessageId, MessageState, Receipt};

use super::world::{World, on_both_engines};
use crate::{NewCallback, NewForwarded, NewInbound, NewStatus, Outcome};

fn callback(world: &World, device: &DeviceId) -> NewCallback {
    NewCallback {
        device: device.clone(),
        forwarded: None,
        messages: Vec::new(),
        statuses: Vec::new(),
        watermarks: Vec::new(),
        now: world.now(),
    }
}

fn forwarded(body: &str) -> NewForwarded {
    let (body, fingerprint) = (body.to_owned(), format!("hash of {body}"));
    NewForwarded { event: EventType::MessageReceived, body, fingerprint }
}

fn status(remote_id: &str, message: Option<&MessageId>, receipt: Receipt, world: &World) -> NewStatus {
    let (remote_id, message) = (remote_id.to_owned(), message.cloned());
    NewStatus { remote_id, message, receipt, failure: None, at: world.now() }
}

on_both_engines! {
    async fn a_body_is_passed_on_once_as_it_came(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let message = NewInbound { lease: None, ..world.inbound(&device, lease, "6281234567890", "Halo") };
        let body = r#"{"object":"x","t":"\u00e4\/"}"#;
        let told = NewCallback { forwarded: Some(forwarded(body)), messages: vec![message.clone()], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told.clone()).await.unwrap().messages, 1);
        let again = world.store.take_callback(told.clone()).await.unwrap();
        assert_eq!((again.messages, again.told), (0, false));
        // In another body the same message is no news either.
        let other = NewCallback { forwarded: Some(forwarded("{}")), ..told };
        assert!(!world.store.take_callback(other).await.unwrap().told);
        let events = world.events().await;
        assert_eq!(events.len(), 1, "no event of the message's own");
        assert!(matches!(&events[0].data, EventData::Forwarded { forwarded } if forwarded == body));
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn a_status_that_carries_our_id_settles_what_nobody_knew(world: &World) {
        let (device, _) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        world.raw(&format!("UPDATE messages SET remote_id = '{0}' WHERE id = '{0}'", send.message)).await;
        let job = world.claim_one(&device).await;
        world.settle(&job, Outcome::Unknown { detail: "cut".to_owned() }).await;
        assert_eq!(world.state(&send.job).await, MessageState::Unknown);
        let ours = status("wamid.A=", Some(&send.message), Receipt::Read, world);
        let told = NewCallback { statuses: vec![ours], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 1);
        // Later ones need no id of ours, and nothing moves backwards.
        let late = status("wamid.A=", None, Receipt::Accepted, world);
        let strange = status("wamid.LAIN", None, Receipt::Failed, world);
        let told = NewCallback { statuses: vec![late, strange], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 0);
        let message = world.job(&send.job).await.message;
        assert_eq!((message.state, message.remote_id.as_deref()), (MessageState::Read, Some("wamid.A=")));
    }

    async fn a_status_of_another_device_moves_nothing(world: &World) {
        let (device, _) = world.leased().await;
        let other = world.device().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        let failure = Some((FailureCode::RejectedByNetwork, None));
        let forged = NewStatus { failure, ..status("wamid.A", Some(&send.message), Receipt::Failed, world) };
        let told = NewCallback { statuses: vec![forged], ..callback(world, &other) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 0);
        assert_eq!(world.state(&send.job).await, MessageState::Queued);
    }

    async fn a_watermark_moves_what_was_sent_before_it(world: &World) {
        let (device, _) = world.leased().await;
        let chat = Chat::new("77");
        let one = world.accept(&device, "77", "satu").await;
        world.sent(&world.claim_one(&device).await).await;
        let until = world.now();
        world.pass(Duration::from_secs(5));
        let two = world.accept(&device, "77", "dua").await;
        world.sent(&world.claim_one(&device).await).await;
        let told = NewCallback { watermarks: vec![(chat, Receipt::Read, until)], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 1);
        assert_eq!(world.state(&one.job).await, MessageState::Read);
        assert_eq!(world.state(&two.job).await, MessageState::Sent);
    }

    async fn whether_somebody_wrote_lately_is_known_once_the_network_has_called(world: &World) {
        let (device, lease) = world.leased().await;
        let (ana, budi, since) = (Chat::new("6289"), Chat::new("6281234567890"), world.now() - Duration::from_hours(24));
        assert_eq!(world.store.wrote_since(&device, &budi, since).await.unwrap(), None);
        let message = NewInbound { lease: None, ..world.inbound(&device, lease, "6281234567890", "Halo") };
        let told = NewCallback { messages: vec![message], ..callback(world, &device) };
        world.store.take_callback(told).await.unwrap();
        assert_eq!(world.store.wrote_since(&device, &budi, since).await.unwrap(), Some(true));
        assert_eq!(world.store.wrote_since(&device, &ana, since).await.unwrap(), Some(false));
        let later = world.now() + Duration::from_secs(1);
        assert_eq!(world.store.wrote_since(&device, &budi, later).await.unwrap(), Some(false));
    }
}
