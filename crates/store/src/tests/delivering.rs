//! Webhooks.

use std::{collections::HashMap, time::Duration};

use cetar_model::{EventData, EventType};
use secrecy::ExposeSecret;

use super::world::{LEASE, NODE, World, on_both_engines};
use crate::{ClaimedDelivery, Cutoffs, DeliveryNext, DeliverySettlement, Endpoint, StoreError};

fn settlement(world: &World, delivery: &ClaimedDelivery, next: DeliveryNext) -> DeliverySettlement {
    DeliverySettlement {
        delivery: delivery.delivery.clone(),
        node: NODE.into(),
        lease_token: delivery.lease_token,
        started_at: world.now(),
        now: world.now(),
        status: Some(500),
        error: Some("status".into()),
        response: Some("oh\0 no".into()),
        next,
    }
}

async fn message(world: &World) {
    let (device, lease) = world.leased().await;
    world.store.take_in(world.inbound(&device, lease, "6281234567890", "Halo")).await.unwrap();
}

on_both_engines! {
    async fn each_endpoint_gets_the_events_it_wants(world: &World) {
        let (device, lease) = world.leased().await;
        let all = world.endpoint(&[]).await;
        let messages = world.endpoint(&["message.*"]).await;
        world.endpoint(&["message.read", "session.state"]).await;
        let [mut of_device, mut of_other, mut disabled] = [(); 3].map(|()| Endpoint {
            id: world.ids.make(world.now()),
            workspace: world.workspace.clone(),
            url: "https://toko.example/".into(),
            events: vec![],
            device: None,
            secret: "whsec_x".into(),
            disabled: None,
            created_at: world.now(),
        });
        of_device.device = Some(device.clone());
        of_other.device = Some(world.device().await);
        disabled.disabled = Some((world.now(), "gone".into()));
        for endpoint in [&of_device, &of_other, &disabled] {
            world.store.insert_endpoint(endpoint.clone()).await.unwrap();
        }
        let inbound = world.inbound(&device, lease, "6281234567890", "Halo");
        world.store.take_in(inbound.clone()).await.unwrap();
        let mut claimed = world.deliveries().await;
        claimed.sort_by(|a, b| a.endpoint.id.cmp(&b.endpoint.id));
        let to: Vec<_> = claimed.iter().map(|delivery| &delivery.endpoint.id).collect();
        assert_eq!(to, [&all, &messages, &of_device.id]);
        for delivery in &claimed {
            assert_eq!((&delivery.event, delivery.event_type), (&inbound.event, EventType::MessageReceived));
            assert_eq!((delivery.attempt, delivery.body.as_str()), (1, claimed[0].body.as_str()));
        }
        assert_eq!(claimed[2].endpoint.secret.expose_secret(), "whsec_x");
    }

    async fn an_endpoint_reads_back_as_it_was_written(world: &World) {
        let endpoint = Endpoint {
            id: world.ids.make(world.now()),
            workspace: world.workspace.clone(),
            url: "https://toko.example/?a=b".into(),
            events: vec!["message.*".parse().unwrap(), "session.state".parse().unwrap()],
            device: Some(world.device().await),
            secret: "whsec_geheim".into(),
            disabled: Some((world.now(), "gone".into())),
            created_at: world.now(),
        };
        world.store.insert_endpoint(endpoint.clone()).await.unwrap();
        assert!(matches!(world.store.insert_endpoint(endpoint.clone()).await, Err(StoreError::Conflict)));
        let read = world.store.endpoints(&world.workspace).await.unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", [&endpoint]));
        assert_eq!(read[0].secret.expose_secret(), "whsec_geheim");
        assert!(world.store.remove_endpoint(&world.workspace, &endpoint.id).await.unwrap());
        assert!(!world.store.remove_endpoint(&world.workspace, &endpoint.id).await.unwrap());
        assert!(world.store.endpoints(&world.workspace).await.unwrap().is_empty());
    }

    async fn a_slow_endpoint_does_not_use_up_the_others_share(world: &World) {
        let (slow, quick) = (world.endpoint(&[]).await, world.endpoint(&[]).await);
        for _ in 0..10 {
            message(world).await;
        }
        let claim = async |limit, share| {
            let claimed = world.store.claim_deliveries(NODE, world.now(), world.now() + LEASE, limit, share).await.unwrap();
            let mut counts = HashMap::new();
            for delivery in &claimed {
                *counts.entry(delivery.endpoint.id.clone()).or_insert(0) += 1;
            }
            (claimed, counts)
        };
        let (claimed, counts) = claim(100, 3).await;
        assert_eq!((counts[&slow], counts[&quick]), (3, 3));
        assert!(claim(100, 3).await.0.is_empty(), "both have their share running");
        for delivery in claimed.iter().filter(|delivery| delivery.endpoint.id == quick) {
            world.store.settle_delivery(settlement(world, delivery, DeliveryNext::Delivered)).await.unwrap();
        }
        let (_, counts) = claim(100, 3).await;
        assert_eq!((counts.get(&slow), counts.get(&quick)), (None, Some(&3)));
        let (claimed, _) = claim(2, 8).await;
        assert_eq!(claimed.len(), 2, "no more than asked for");
    }

    async fn a_failed_delivery_is_tried_again_when_it_is_due(world: &World) {
        world.endpoint(&[]).await;
        message(world).await;
        let first = world.deliveries().await.remove(0);
        let later = world.now() + Duration::from_secs(5);
        world.store.settle_delivery(settlement(world, &first, DeliveryNext::Again(later))).await.unwrap();
        assert!(world.deliveries().await.is_empty());
        assert_eq!(world.store.next_delivery_due().await.unwrap(), Some(later));
        world.pass(Duration::from_secs(5));
        let second = world.deliveries().await.remove(0);
        assert_eq!((&second.event, second.attempt, &second.body), (&first.event, 2, &first.body));
        let late = world.store.settle_delivery(settlement(world, &first, DeliveryNext::Delivered)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        world.store.settle_delivery(settlement(world, &second, DeliveryNext::Delivered)).await.unwrap();
        assert_eq!(world.store.next_delivery_due().await.unwrap(), None);
        assert_eq!(world.store.queue_figures().await.unwrap().deliveries, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM delivery_attempts WHERE status = 500 AND response = 'oh no'").await, 2);
    }

    async fn a_dead_delivery_is_kept(world: &World) {
        world.endpoint(&[]).await;
        message(world).await;
        let delivery = world.deliveries().await.remove(0);
        world.store.settle_delivery(settlement(world, &delivery, DeliveryNext::Dead)).await.unwrap();
        assert!(world.deliveries().await.is_empty());
        assert_eq!(world.number("SELECT COUNT(*) FROM deliveries WHERE state = 'dead' AND finished_at IS NOT NULL").await, 1);
    }

    async fn an_endpoint_that_is_gone_is_switched_off_and_the_others_hear_of_it(world: &World) {
        let gone = world.endpoint(&["message.*"]).await;
        message(world).await;
        message(world).await;
        let delivery = world.deliveries().await.remove(0);
        let other = world.endpoint(&["endpoint.disabled"]).await;
        world.store.settle_delivery(settlement(world, &delivery, DeliveryNext::EndpointGone)).await.unwrap();
        let endpoints = world.store.endpoints(&world.workspace).await.unwrap();
        assert_eq!(endpoints[0].disabled, Some((world.now(), "gone".into())));
        message(world).await;
        let claimed = world.deliveries().await;
        assert_eq!(claimed.len(), 1, "nothing more goes to it");
        assert_eq!((&claimed[0].endpoint.id, claimed[0].event_type), (&other, EventType::EndpointDisabled));
        let event: cetar_model::Event = serde_json::from_str(&claimed[0].body).unwrap();
        let EventData::Endpoint { endpoint_id, reason, .. } = event.data else { panic!() };
        assert_eq!((endpoint_id, reason.as_str()), (gone, "gone"));
    }

    async fn a_removed_endpoint_gets_nothing_more(world: &World) {
        let endpoint = world.endpoint(&[]).await;
        message(world).await;
        world.store.remove_endpoint(&world.workspace, &endpoint).await.unwrap();
        message(world).await;
        assert!(world.deliveries().await.is_empty());
        assert_eq!(world.store.next_delivery_due().await.unwrap(), None);
        assert_eq!(world.store.queue_figures().await.unwrap().deliveries, 0);
    }

    async fn a_delivery_whose_lease_has_expired_is_due_again(world: &World) {
        world.endpoint(&[]).await;
        message(world).await;
        let first = world.deliveries().await.remove(0);
        assert_eq!(world.store.rescue_deliveries("node_b", false, world.now()).await.unwrap(), 0);
        assert_eq!(world.store.rescue_deliveries("node_b", true, world.now()).await.unwrap(), 0);
        world.pass(LEASE);
        assert_eq!(world.store.rescue_deliveries("node_b", false, world.now()).await.unwrap(), 1);
        let late = world.store.settle_delivery(settlement(world, &first, DeliveryNext::Delivered)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        let second = world.deliveries().await.remove(0);
        assert_eq!(second.attempt, 2);
        assert_eq!(world.store.rescue_deliveries(NODE, true, world.now()).await.unwrap(), 1, "its own at once");
        assert_eq!(world.number("SELECT COUNT(*) FROM delivery_attempts WHERE error = 'crashed'").await, 2);
    }

    async fn what_is_past_its_time_goes_in_batches(world: &World) {
        let device = world.device().await;
        world.endpoint(&[]).await;
        for n in 0..5 {
            message(world).await;
            world.store.accept(world.keyed(&device, "budi", "halo", &n.to_string())).await.unwrap();
        }
        for delivery in world.deliveries().await {
            world.store.settle_delivery(settlement(world, &delivery, DeliveryNext::Delivered)).await.unwrap();
        }
        let old = world.pass(Duration::from_hours(24));
        message(world).await;
        let nothing = Cutoffs { events: old - Duration::from_hours(25), idempotency: old };
        assert_eq!(world.store.prune(nothing, 100).await.unwrap(), 0);
        let cutoffs = Cutoffs { events: old, idempotency: old + Duration::from_secs(1) };
        for expected in [2 * 3 + 2, 2 * 3 + 2, 3 + 1, 0] {
            assert_eq!(world.store.prune(cutoffs, 2).await.unwrap(), expected);
        }
        assert_eq!(world.deliveries().await.len(), 1, "what is fresh stays");
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 11, "messages stay");
    }

    async fn two_nodes_deliver_nothing_twice(world: &World) {
        for _ in 0..3 {
            world.endpoint(&[]).await;
        }
        for _ in 0..10 {
            message(world).await;
        }
        let work = async |node: &'static str| {
            let mut seen = Vec::new();
            while world.store.queue_figures().await.unwrap().deliveries > 0 {
                let claimed = world.store.claim_deliveries(node, world.now(), world.now() + LEASE, 5, 2).await.unwrap();
                for delivery in claimed {
                    let done = settlement(world, &delivery, DeliveryNext::Delivered);
                    world.store.settle_delivery(DeliverySettlement { node: node.into(), ..done }).await.unwrap();
                    seen.push(delivery.delivery);
                }
            }
            seen
        };
        let (a, b) = futures::join!(work("node_a"), work("node_b"));
        let mut seen = [a, b].concat();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 30);
        assert_eq!(world.number("SELECT MAX(attempts) FROM deliveries").await, 1);
    }
}
