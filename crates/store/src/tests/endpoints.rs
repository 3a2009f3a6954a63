//! Endpoints that are changed, that fail, that come back, and the log of what they were sent.

use std::time::Duration;

use cetar_model::{DeliveryState, EndpointState, EventType};
use secrecy::ExposeSecret;

use super::{
    delivering::{message, settlement},
    world::{World, on_both_engines},
};
use crate::{
    ClaimedDelivery, DeliveryFilter, DeliveryNext, DeliverySettlement, EndpointAct, EndpointChange,
    EndpointTurn, PastCursor, Resend,
};

async fn claim_one(world: &World) -> ClaimedDelivery {
    let mut claimed = world.deliveries().await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

async fn settle(world: &World, delivery: &ClaimedDelivery, next: DeliveryNext) -> EndpointTurn {
    world.store.settle_delivery(settlement(world, delivery, next)).await.unwrap()
}

/// Fails what is due, each to be repeated after five seconds. How many, and what the last said of the endpoint.
async fn fail_all(world: &World) -> (usize, EndpointTurn) {
    let (claimed, mut turn) = (world.deliveries().await, EndpointTurn::Same);
    for delivery in &claimed {
        turn = settle(world, delivery, DeliveryNext::Again(world.now() + Duration::from_secs(5))).await;
    }
    (claimed.len(), turn)
}

on_both_engines! {
    async fn an_endpoint_is_changed_in_part(world: &World) {
        let id = world.endpoint(&["message.*"]).await;
        let change = EndpointChange { ordered: Some(true), headers: Some(vec![("X-Key".into(), "s3cret".into())]), ..EndpointChange::default() };
        assert!(world.store.change_endpoint(&world.workspace, &id, change).await.unwrap());
        let changed = world.endpoint_now(&id).await;
        assert_eq!((changed.ordered, &*changed.url, changed.headers), (true, "https://toko.example/hook", vec!["X-Key".to_owned()]));
        let change = EndpointChange {
            url: Some("https://lain.example/".into()),
            events: Some(vec![]),
            device: Some(Some(world.device().await)),
            headers: Some(vec![]),
            legacy_signature: Some(true),
            replies: Some(true),
            ordered: Some(false),
        };
        assert!(world.store.change_endpoint(&world.workspace, &id, change).await.unwrap());
        let changed = world.endpoint_now(&id).await;
        assert_eq!((&*changed.url, changed.events, changed.headers), ("https://lain.example/", vec![], vec![]));
        assert!(changed.device.is_some() && changed.legacy_signature && changed.replies && !changed.ordered);
        let nobody = world.ids.make(world.now());
        assert!(!world.store.change_endpoint(&world.workspace, &nobody, EndpointChange::default()).await.unwrap());
    }

    async fn the_headers_of_an_endpoint_are_sealed_and_sent(world: &World) {
        world.endpoint_with(|new| new.headers = vec![("X-Key".into(), "s3cret".into())]).await;
        message(world).await;
        let delivery = claim_one(world).await;
        let headers: Vec<_> = delivery.endpoint.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(headers, [("X-Key", "s3cret")]);
        assert!(!format!("{delivery:?}").contains("s3cret"));
        let plain = "SELECT COUNT(*) FROM endpoints WHERE CAST(headers AS TEXT) LIKE '%s3cret%'";
        assert_eq!(world.number(plain).await, 0);
    }

    async fn after_a_rotation_three_secrets_sign_at_most_and_the_old_ones_until_their_time(world: &World) {
        let id = world.endpoint(&[]).await;
        let rotate = async |secret: &str| {
            let until = world.now() + Duration::from_hours(24);
            assert!(world.store.rotate_secret(&world.workspace, &id, secret.into(), world.now(), until).await.unwrap());
        };
        let signing = async || {
            message(world).await;
            let delivery = claim_one(world).await;
            settle(world, &delivery, DeliveryNext::Delivered).await;
            delivery.endpoint.secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>()
        };
        rotate("whsec_b").await;
        assert_eq!(signing().await, ["whsec_b", "whsec_dG9rbw=="]);
        world.pass(Duration::from_hours(1));
        rotate("whsec_c").await;
        rotate("whsec_d").await;
        assert_eq!(signing().await, ["whsec_d", "whsec_c", "whsec_b"]);
        world.pass(Duration::from_hours(24));
        assert_eq!(signing().await, ["whsec_d"]);
    }

    async fn ten_failures_in_a_row_leave_an_endpoint_to_one_probe_at_a_time(world: &World) {
        let id = world.endpoint(&[]).await;
        for _ in 0..12 {
            message(world).await;
        }
        for delivery in world.deliveries().await.iter().take(9) {
            let later = DeliveryNext::Again(world.now() + Duration::from_hours(5));
            assert_eq!(settle(world, delivery, later).await, EndpointTurn::Same);
            assert_eq!(world.endpoint_now(&id).await.state(), EndpointState::Failing, "as soon as one has failed");
        }
        assert_eq!(world.endpoint_now(&id).await.not_before, None, "it is not left alone yet");
        world.pass(Duration::from_mins(1));
        world.store.rescue_deliveries("node", false, world.now()).await.unwrap();
        let rest = world.deliveries().await;
        assert_eq!(rest.len(), 3);
        assert_eq!(settle(world, &rest[0], DeliveryNext::Again(world.now())).await, EndpointTurn::Opened(10));
        assert_eq!(settle(world, &rest[1], DeliveryNext::Again(world.now())).await, EndpointTurn::Same);
        let failing = world.endpoint_now(&id).await;
        assert_eq!((failing.state(), failing.failures), (EndpointState::Failing, 11));
        assert_eq!(world.store.next_delivery_due().await.unwrap(), failing.not_before);
        assert!(world.deliveries().await.is_empty(), "it is left alone");

        world.pass(Duration::from_mins(1));
        world.store.rescue_deliveries("node", false, world.now()).await.unwrap();
        let probe = claim_one(world).await;
        assert!(world.deliveries().await.is_empty(), "one at a time");
        assert_eq!(settle(world, &probe, DeliveryNext::Delivered).await, EndpointTurn::Closed);
        assert_eq!(world.endpoint_now(&id).await.state(), EndpointState::Active);

        assert_eq!(world.deliveries().await.len(), 2, "what is due");
        assert_eq!(world.store.hasten_deliveries(&id, world.now(), 5).await.unwrap(), 5);
        assert_eq!(world.store.hasten_deliveries(&id, world.now(), 5).await.unwrap(), 4);
        assert_eq!(world.store.hasten_deliveries(&id, world.now(), 5).await.unwrap(), 0);
        assert_eq!(world.deliveries().await.len(), 9, "what waited for hours");
    }

    async fn hastening_ends_however_often_it_fails(world: &World) {
        let id = world.endpoint(&[]).await;
        message(world).await;
        fail_all(world).await;
        let began = world.now();
        world.pass(Duration::from_millis(1));
        assert_eq!(world.store.hasten_deliveries(&id, began, 1).await.unwrap(), 1);
        assert_eq!(fail_all(world).await.0, 1);
        assert_eq!(world.store.hasten_deliveries(&id, began, 1).await.unwrap(), 0);
    }

    async fn an_endpoint_that_only_fails_for_five_days_is_disabled_and_the_others_hear_of_it(world: &World) {
        let id = world.endpoint(&["message.*"]).await;
        let other = world.endpoint(&["endpoint.*"]).await;
        let begun = world.now();
        let turn = loop {
            message(world).await;
            let (failed, turn) = fail_all(world).await;
            assert!(failed > 0);
            if let EndpointTurn::Disabled(_) = turn {
                break turn;
            }
            world.pass(Duration::from_hours(2));
        };
        assert_eq!(turn, EndpointTurn::Disabled("failing"));
        let days = world.now().since(begun).as_secs_f64() / 86_400.0;
        assert!((5.0..5.2).contains(&days), "{days}");
        let told = claim_one(world).await;
        assert_eq!((&told.endpoint.id, told.event_type), (&other, EventType::EndpointDisabled));
        assert!(world.number("SELECT COUNT(*) FROM deliveries WHERE state = 'ready'").await > 50, "nothing is thrown away");

        let act = world.store.act_on_endpoint(&world.workspace, &id, EndpointAct::Enable, world.now()).await.unwrap();
        assert!(act);
        assert_eq!(world.endpoint_now(&id).await.state(), EndpointState::Active);
        assert!(world.deliveries().await.len() > 50);
    }

    async fn one_success_begins_the_five_days_anew(world: &World) {
        let id = world.endpoint(&[]).await;
        for _ in 0..100 {
            message(world).await;
            fail_all(world).await;
            world.pass(Duration::from_hours(1));
        }
        settle(world, &world.deliveries().await[0], DeliveryNext::Delivered).await;
        let well = world.endpoint_now(&id).await;
        assert_eq!((well.failures, well.failing_since), (0, None));
    }

    async fn an_ordered_endpoint_gets_one_at_a_time_and_in_order(world: &World) {
        world.endpoint_with(|new| new.endpoint.ordered = true).await;
        for _ in 0..3 {
            message(world).await;
            world.pass(Duration::from_micros(1));
        }
        let first = claim_one(world).await;
        assert!(world.deliveries().await.is_empty(), "one at a time");
        let later = world.now() + Duration::from_secs(30);
        settle(world, &first, DeliveryNext::Again(later)).await;
        assert!(world.deliveries().await.is_empty(), "the others wait for the first");
        assert_eq!(world.store.next_delivery_due().await.unwrap(), Some(later));
        world.pass(Duration::from_secs(30));
        let again = claim_one(world).await;
        assert_eq!((&again.delivery, again.attempt), (&first.delivery, 2));
        assert_eq!(world.store.rescue_deliveries(super::world::NODE, true, world.now()).await.unwrap(), 1);
        let again = claim_one(world).await;
        assert_eq!(again.delivery, first.delivery, "also after a crash");
        settle(world, &again, DeliveryNext::Dead).await;
        let second = claim_one(world).await;
        assert!(second.delivery > first.delivery);
        settle(world, &second, DeliveryNext::Delivered).await;
        let third = claim_one(world).await;
        assert!(third.delivery > second.delivery);
    }

    async fn an_endpoint_that_cannot_be_read_stops_nobody_and_keeps_what_waits(world: &World) {
        let broken = world.endpoint(&["message.*"]).await;
        let well = world.endpoint(&[]).await;
        message(world).await;
        let bytes = if world.store.engine() == "sqlite" { "x'00'" } else { "'\\x00'" };
        world.raw(&format!("UPDATE endpoints SET secret = {bytes} WHERE id = '{broken}'")).await;
        let claimed = world.deliveries().await;
        assert!(claimed.iter().all(|delivery| delivery.endpoint.id == well));
        let told: Vec<_> = claimed.iter().map(|delivery| delivery.event_type).collect();
        assert_eq!(told, [EventType::MessageReceived, EventType::EndpointDisabled]);
        let off = world.endpoint_now(&broken).await;
        assert_eq!(off.disabled.map(|(_, why)| why).as_deref(), Some("unreadable"));

        let until = world.now();
        assert!(world.store.rotate_secret(&world.workspace, &broken, "whsec_new".into(), until, until).await.unwrap());
        world.store.act_on_endpoint(&world.workspace, &broken, EndpointAct::Enable, until).await.unwrap();
        assert_eq!(claim_one(world).await.endpoint.secrets[0].expose_secret(), "whsec_new");
    }

    async fn a_delivery_that_cannot_be_read_is_parked_and_stops_nobody(world: &World) {
        let id = world.endpoint(&[]).await;
        message(world).await;
        message(world).await;
        let event = "SELECT MIN(id) FROM events";
        world.raw(&format!("UPDATE events SET type = 'order.paid' WHERE id = ({event})")).await;
        assert_eq!(world.deliveries().await.len(), 1);
        let parked = DeliveryFilter { state: Some(DeliveryState::Failed), ..DeliveryFilter::default() };
        let parked = world.store.list_deliveries(&world.workspace, &id, &parked, 10).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert!(parked[0].error.as_deref().unwrap().starts_with("unreadable: corrupt row: events.type"), "{parked:?}");
    }

    async fn a_delivery_is_found_with_every_attempt_and_sent_again(world: &World) {
        let id = world.endpoint(&[]).await;
        message(world).await;
        let first = claim_one(world).await;
        let later = world.now() + Duration::from_secs(5);
        let failed = DeliverySettlement { headers: vec!["X-Key".into()], ..settlement(world, &first, DeliveryNext::Again(later)) };
        world.store.settle_delivery(failed).await.unwrap();
        world.pass(Duration::from_secs(5));
        let second = claim_one(world).await;
        settle(world, &second, DeliveryNext::Delivered).await;

        let detail = world.store.delivery(&world.workspace, &first.delivery).await.unwrap().unwrap();
        assert_eq!((detail.delivery.state, detail.delivery.attempts, detail.body.as_str()), (DeliveryState::Delivered, 2, first.body.as_str()));
        let told: Vec<_> = detail.attempts.iter().map(|one| (one.attempt, one.next_at, one.headers.len())).collect();
        assert_eq!(told, [(1, Some(later), 1), (2, None, 0)]);
        assert_eq!(detail.attempts[0].url.as_deref(), Some("https://toko.example/hook"));
        assert_eq!((detail.attempts[0].status, detail.attempts[0].response.as_deref()), (Some(500), Some("oh no")));

        let elsewhere = world.ids.make(world.now());
        assert_eq!(world.store.delivery(&elsewhere, &first.delivery).await.unwrap(), None);
        let resend = async || world.store.resend_delivery(&world.workspace, &first.delivery, world.now()).await.unwrap();
        assert_eq!(resend().await, Resend::Done);
        let third = claim_one(world).await;
        assert_eq!((&third.event, third.attempt), (&first.event, 1), "the same webhook-id, fresh attempts");
        assert_eq!(resend().await, Resend::Done, "it is under way");
        settle(world, &third, DeliveryNext::EndpointGone).await;
        assert_eq!(resend().await, Resend::EndpointDisabled);
        world.store.remove_endpoint(&world.workspace, &id).await.unwrap();
        assert_eq!(resend().await, Resend::NotFound);
    }

    async fn the_log_is_searched_by_state_event_and_time(world: &World) {
        let id = world.endpoint(&[]).await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(world.now());
            message(world).await;
            world.pass(Duration::from_secs(1));
        }
        let claimed = world.deliveries().await;
        settle(world, &claimed[0], DeliveryNext::Delivered).await;
        settle(world, &claimed[1], DeliveryNext::Dead).await;
        settle(world, &claimed[2], DeliveryNext::Again(world.now())).await;
        let list = async |filter: DeliveryFilter, limit| {
            let found = world.store.list_deliveries(&world.workspace, &id, &filter, limit).await.unwrap();
            found.into_iter().map(|one| claimed.iter().position(|it| it.delivery == one.id).unwrap()).collect::<Vec<_>>()
        };
        let filter = DeliveryFilter::default;
        assert_eq!(list(filter(), 10).await, [3, 2, 1, 0], "newest first");
        assert_eq!(list(filter(), 2).await, [3, 2]);
        let after = Some(claimed[2].delivery.to_string());
        assert_eq!(list(DeliveryFilter { after, ..filter() }, 2).await, [1, 0]);
        for (state, expected) in [(DeliveryState::Delivered, 0), (DeliveryState::Failed, 1), (DeliveryState::Pending, 2), (DeliveryState::Sending, 3)] {
            assert_eq!(list(DeliveryFilter { state: Some(state), ..filter() }, 10).await, [expected]);
        }
        let (since, until) = (Some(made[1]), Some(made[3]));
        assert_eq!(list(DeliveryFilter { since, until, ..filter() }, 10).await, [2, 1]);
        for (event, expected) in [("message.*", 4), ("message.received", 4), ("message.read", 0), ("session.*", 0)] {
            assert_eq!(list(DeliveryFilter { event: Some(event.parse().unwrap()), ..filter() }, 10).await.len(), expected, "{event}");
        }
    }

    async fn a_recovery_revives_what_was_parked_or_waits_within_its_time(world: &World) {
        let id = world.endpoint(&[]).await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(world.now());
            message(world).await;
            world.pass(Duration::from_secs(1));
        }
        let claimed = world.deliveries().await;
        for delivery in &claimed[..2] {
            settle(world, delivery, DeliveryNext::Dead).await;
        }
        for delivery in &claimed[2..] {
            settle(world, delivery, DeliveryNext::Again(world.now() + Duration::from_hours(5))).await;
        }
        assert!(world.store.close_circuit(&world.workspace, &id).await.unwrap());
        let moved = world.store.revive_deliveries(&id, (made[1], Some(made[3])), world.now(), 10).await.unwrap();
        assert_eq!(moved, 2);
        let again = world.deliveries().await;
        let again: Vec<_> = again.iter().map(|delivery| (&delivery.delivery, delivery.attempt)).collect();
        assert_eq!(again, [(&claimed[1].delivery, 1), (&claimed[2].delivery, 1)]);
    }

    async fn what_happened_while_an_endpoint_was_disabled_is_made_up_for(world: &World) {
        message(world).await;
        world.pass(Duration::from_secs(1));
        let id = world.endpoint(&["message.received"]).await;
        message(world).await;
        let delivery = claim_one(world).await;
        settle(world, &delivery, DeliveryNext::EndpointGone).await;
        for _ in 0..3 {
            world.pass(Duration::from_secs(1));
            message(world).await;
        }
        let missed = async |after| {
            let until = world.now() + Duration::from_secs(1);
            world.store.deliver_missed(&world.workspace, &id, after, until, world.now(), 4).await.unwrap()
        };
        let start = PastCursor::at(world.now() - Duration::from_hours(1));
        assert_eq!(missed(start.clone()).await, (0, None), "it is disabled still");
        world.store.act_on_endpoint(&world.workspace, &id, EndpointAct::Enable, world.now()).await.unwrap();
        let (first, next) = missed(start.clone()).await;
        let (second, end) = missed(next.unwrap()).await;
        assert_eq!((first + second, end), (3, None), "not the one from before it was added, nor the one it has");
        assert_eq!(world.deliveries().await.len(), 3);
        let (none, _) = missed(start).await;
        assert_eq!(none, 0, "each once");
    }

    async fn a_test_goes_to_one_endpoint_whatever_it_subscribes_to(world: &World) {
        let id = world.endpoint(&["message.read"]).await;
        world.endpoint(&[]).await;
        let made = world.store.test_endpoint(&world.workspace, &id, world.now()).await.unwrap().unwrap();
        let delivery = claim_one(world).await;
        assert_eq!((&delivery.delivery, &delivery.endpoint.id, delivery.event_type), (&made, &id, EventType::EndpointTest));
        let nobody = world.ids.make(world.now());
        assert_eq!(world.store.test_endpoint(&world.workspace, &nobody, world.now()).await.unwrap(), None);
    }
}
