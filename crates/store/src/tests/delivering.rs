//! Webhooks.

use std::{collections::HashMap, time::Duration};

use cetar_model::{DeliveryId, EventData, EventId, EventType};
use secrecy::ExposeSecret;

use super::world::{LEASE, NODE, World, again, on_both_engines};
use crate::{
    ClaimedDelivery, Cutoffs, DeliveryNext, DeliverySettlement, EndpointAct, PrunePlace, Shares, StoreError,
};

pub(super) fn settlement(
    world: &World,
    delivery: &ClaimedDelivery,
    next: DeliveryNext,
) -> DeliverySettlement {
    DeliverySettlement {
        delivery: delivery.delivery.clone(),
        node: NODE.into(),
        lease_token: delivery.lease_token,
        started_at: world.now(),
        now: world.now(),
        url: delivery.endpoint.url.clone(),
        headers: Vec::new(),
        status: Some(500),
        error: Some("status".into()),
        response: Some("oh\0 no".into()),
        reply: None,
        next,
    }
}

pub(super) async fn message(world: &World) {
    let (device, lease) = world.leased().await;
    world.store.take_in(world.inbound(&device, lease, "6281234567890", "Halo")).await.unwrap();
}

on_both_engines! {
    async fn each_endpoint_gets_the_events_it_wants(world: &World) {
        let (device, lease) = world.leased().await;
        let all = world.endpoint(&[]).await;
        let messages = world.endpoint(&["message.*"]).await;
        world.endpoint(&["message.read", "session.state"]).await;
        let of_device = world.endpoint_with(|new| new.endpoint.device = Some(device.clone())).await;
        let other = world.device().await;
        world.endpoint_with(|new| new.endpoint.device = Some(other)).await;
        let now = world.now();
        world.endpoint_with(|new| new.endpoint.disabled = Some((now, "gone".into()))).await;
        let paused = world.endpoint_with(|new| new.endpoint.paused_at = Some(now)).await;
        let inbound = world.inbound(&device, lease, "6281234567890", "Halo");
        world.store.take_in(inbound.clone()).await.unwrap();
        let mut claimed = world.deliveries().await;
        claimed.sort_by(|a, b| a.endpoint.id.cmp(&b.endpoint.id));
        let to: Vec<_> = claimed.iter().map(|delivery| &delivery.endpoint.id).collect();
        assert_eq!(to, [&all, &messages, &of_device]);
        for delivery in &claimed {
            assert_eq!((&delivery.event, delivery.event_type), (&inbound.event, EventType::MessageReceived));
            assert_eq!((delivery.attempt, delivery.body.as_str()), (1, claimed[0].body.as_str()));
        }
        assert_eq!(claimed[2].endpoint.secrets[0].expose_secret(), "whsec_dG9rbw==");
        world.store.act_on_endpoint(&world.workspace, &paused, EndpointAct::Resume, world.now()).await.unwrap();
        assert_eq!(world.deliveries().await[0].endpoint.id, paused, "what came while it was paused was kept");
    }

    async fn what_was_claimed_and_not_begun_is_as_if_it_had_not_been(world: &World) {
        world.endpoint(&[]).await;
        message(world).await;
        let [claimed] = &world.deliveries().await[..] else { panic!("there is one") };
        let give_back = |token| {
            let claims = vec![(claimed.delivery.clone(), token)];
            world.store.unclaim_deliveries(NODE, claims)
        };
        give_back(claimed.lease_token - 1).await.unwrap();
        assert!(world.deliveries().await.is_empty(), "under another lease");
        give_back(claimed.lease_token).await.unwrap();
        let again = &world.deliveries().await[0];
        assert_eq!((&again.delivery, again.attempt), (&claimed.delivery, 1));
    }

    async fn an_endpoint_reads_back_as_it_was_written(world: &World) {
        let mut new = world.new_endpoint();
        new.endpoint.url = "https://toko.example/?a=b".into();
        new.endpoint.events = vec!["message.*".parse().unwrap(), "session.state".parse().unwrap()];
        new.endpoint.device = Some(world.device().await);
        new.endpoint.disabled = Some((world.now(), "gone".into()));
        new.endpoint.headers = vec!["X-Key".into()];
        (new.endpoint.ordered, new.endpoint.legacy_signature, new.endpoint.replies) = (true, true, true);
        new.headers = vec![("X-Key".into(), "s3cret".into())];
        assert!(world.store.insert_endpoint(new.clone(), 1).await.unwrap());
        assert!(matches!(world.store.insert_endpoint(new.clone(), 2).await, Err(StoreError::Conflict)));
        assert!(!world.store.insert_endpoint(world.new_endpoint(), 1).await.unwrap(), "it has as many as it may have");
        let (workspace, id) = (&world.workspace, &new.endpoint.id);
        assert_eq!(world.store.endpoints(workspace).await.unwrap(), std::slice::from_ref(&new.endpoint));
        assert_eq!(world.endpoint_now(id).await, new.endpoint);
        assert!(world.store.remove_endpoint(workspace, id).await.unwrap());
        assert!(!world.store.remove_endpoint(workspace, id).await.unwrap());
        assert!(world.store.endpoints(workspace).await.unwrap().is_empty());
        assert_eq!(world.store.endpoint(workspace, id).await.unwrap(), None);
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
        let job = world.claim_one(&device).await;
        world.sent(&job).await;
        for delivery in world.deliveries().await {
            world.store.settle_delivery(settlement(world, &delivery, DeliveryNext::Delivered)).await.unwrap();
        }
        let old = world.pass(Duration::from_hours(24));
        message(world).await;
        let before = old - Duration::from_hours(25);
        let nothing = Cutoffs { events: before, paused: before, job_attempts: before, received: before, idempotency: old };
        assert!(world.prune(nothing, 100).await.is_empty());
        let soon = old + Duration::from_secs(1);
        let cutoffs = Cutoffs { events: old, paused: old - Duration::from_hours(24 * 90), job_attempts: old, received: old, idempotency: soon };
        assert_eq!(
            world.prune(cutoffs, 4).await,
            [8, 4, 4, 2, 1, 4, 1, 4, 1],
            "deliveries with an attempt each, events, of a job, received, keys"
        );
        assert_eq!(world.deliveries().await.len(), 1, "what is fresh stays");
        assert_eq!(world.number("SELECT COUNT(*) FROM received").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 11, "messages stay");
    }

    async fn what_an_endpoint_still_waits_for_stays_however_old(world: &World) {
        let (paused, on, off) = (world.endpoint(&["message.received"]).await, world.endpoint(&["message.received"]).await, world.endpoint(&["message.received"]).await);
        message(world).await;
        world.store.act_on_endpoint(&world.workspace, &paused, EndpointAct::Pause, world.now()).await.unwrap();
        for delivery in world.deliveries().await {
            let next = if delivery.endpoint.id == on { DeliveryNext::Again(world.now() + LEASE * 9) } else { DeliveryNext::EndpointGone };
            world.store.settle_delivery(settlement(world, &delivery, next)).await.unwrap();
        }
        assert!(world.endpoint_now(&off).await.disabled.is_some());
        let old = world.pass(Duration::from_hours(24 * 60));
        let cutoffs = Cutoffs { events: old, paused: old - Duration::from_hours(24 * 90), job_attempts: old, received: old, idempotency: old };
        world.prune(cutoffs, 2).await;
        world.store.act_on_endpoint(&world.workspace, &paused, EndpointAct::Resume, world.now()).await.unwrap();
        let due: Vec<_> = world.deliveries().await.into_iter().map(|delivery| delivery.endpoint.id.clone()).collect();
        assert!(due.len() == 2 && due.contains(&paused) && due.contains(&on), "{due:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM delivery_attempts").await, 1, "what is open keeps its log");
        assert_eq!(world.number("SELECT COUNT(*) FROM deliveries").await, 2, "nothing waits for what was switched off");
    }

    async fn what_waits_for_a_paused_endpoint_is_looked_at_once_a_turn(world: &World) {
        let (paused, on) = (world.endpoint(&["message.received"]).await, world.endpoint(&["message.received"]).await);
        world.store.act_on_endpoint(&world.workspace, &paused, EndpointAct::Pause, world.now()).await.unwrap();
        for _ in 0..20 {
            message(world).await;
            for delivery in world.deliveries().await {
                assert_eq!(delivery.endpoint.id, on);
                world.store.settle_delivery(settlement(world, &delivery, DeliveryNext::Delivered)).await.unwrap();
            }
        }
        let old = world.pass(Duration::from_hours(24 * 60));
        let other = world.another_workspace().await;
        world.raw(&format!("INSERT INTO events (id, workspace, type, body, created_at) \
                            SELECT '{}', '{other}', 'session.state', '{{}}', MIN(created_at) FROM events", world.ids.make::<EventId>(world.now()))).await;
        let cutoffs = Cutoffs { events: old, paused: old - Duration::from_hours(24 * 90), job_attempts: old, received: old, idempotency: old };
        let (mut place, mut steps) = (Some(PrunePlace::default()), 0);
        while let Some(from) = place {
            place = world.store.prune(cutoffs, from, 4).await.unwrap().next;
            steps += 1;
        }
        // 40 deliveries, 21 events, 20 received, four rows at a time, and one look for each kind that ends on a full page.
        assert_eq!(steps, 11 + 6 + 1 + 6 + 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM deliveries").await, 20);
        assert_eq!(world.number("SELECT COUNT(*) FROM events").await, 20, "what nobody waits for went, behind what stays");
    }

    async fn a_pause_that_nobody_ends_does_not_keep_its_events_for_ever(world: &World) {
        let paused = world.endpoint(&["message.received"]).await;
        world.store.act_on_endpoint(&world.workspace, &paused, EndpointAct::Pause, world.now()).await.unwrap();
        message(world).await;
        world.pass(Duration::from_hours(24 * 70));
        message(world).await;
        let now = world.pass(Duration::from_hours(24 * 19));
        let prune = async |now: cetar_model::Timestamp| {
            let old = now - Duration::from_hours(24 * 30);
            let paused = now - Duration::from_hours(24 * 90);
            world.prune(Cutoffs { events: old, paused, job_attempts: old, received: old, idempotency: old }, 9).await;
            world.number("SELECT COUNT(*) FROM deliveries d JOIN events v ON v.id = d.event").await
        };
        assert_eq!(prune(now).await, 2);
        assert_eq!(prune(now + Duration::from_hours(23)).await, 2);
        assert_eq!(prune(now + Duration::from_hours(25)).await, 1, "what is not past its time stays");
    }

    async fn a_workspace_with_many_slow_endpoints_does_not_keep_the_others_waiting(world: &World) {
        let slow = [world.endpoint(&["message.received"]).await, world.endpoint(&["message.received"]).await];
        for _ in 0..10 {
            message(world).await;
        }
        let claim = async |limit| world.store.claim_deliveries(NODE, world.now(), world.now() + LEASE, limit, 4).await.unwrap();
        let held = claim(6).await;
        world.pass(Duration::from_secs(1));
        let other = world.another_workspace().await;
        let late = world.endpoint_with(|new| new.endpoint.workspace = other.clone()).await;
        world.raw(&format!(
            "INSERT INTO deliveries (id, workspace, event, endpoint, state, run_at, attempts, lease_token, created_at) \
             SELECT '{id}', '{other}', MIN(id), '{late}', 'ready', {now}, 0, 0, {now} FROM events",
            id = world.ids.make::<DeliveryId>(world.now()),
            now = world.now().as_micros(),
        )).await;
        world.store.settle_delivery(settlement(world, &held[0], DeliveryNext::Delivered)).await.unwrap();
        // One place has fallen free, and the others have waited longer.
        let next = claim(1).await;
        assert_eq!(next[0].endpoint.id, late);
        let after = claim(1).await;
        assert!(slow.contains(&after[0].endpoint.id));
    }

    async fn one_workspace_does_not_get_all_places(world: &World) {
        let own = [world.endpoint(&["message.received"]).await, world.endpoint(&["message.received"]).await];
        for _ in 0..5 {
            message(world).await;
        }
        let shares = |quick| Shares { each: 4, quick, of_quick: 9, of_workspace: 6 };
        let claim = async |quick| {
            let until = world.now() + LEASE;
            world.store.claim_deliveries(NODE, world.now(), until, 100, shares(quick)).await.unwrap().len()
        };
        assert_eq!(claim(own.to_vec()).await, 6, "four to one, two to the other, and no more because they are quick");
        assert_eq!(claim(own.to_vec()).await, 0);
    }

    async fn the_attempts_of_an_open_job_stay(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "halo").await;
        let job = world.claim_one(&device).await;
        world.settle(&job, again(world.now())).await;
        let old = world.pass(Duration::from_hours(24 * 60));
        let cutoffs = Cutoffs { events: old, paused: old - Duration::from_hours(24 * 90), job_attempts: old, received: old, idempotency: old };
        world.prune(cutoffs, 100).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM job_attempts").await, 1);
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
