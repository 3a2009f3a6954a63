//! Outcomes of webhooks that are written together, and what quick receivers are given.

use std::time::Duration;

use cetar_model::{CIRCUIT_OPENS_AFTER, DeliveryState, EndpointId};

use super::{
    delivering::{message, settlement},
    world::{LEASE, NODE, World, on_both_engines},
};
use crate::{DeliveryFilter, DeliveryNext, DeliverySettlement, EndpointTurn, Shares, StoreError};

async fn count(world: &World, endpoint: &EndpointId, state: DeliveryState) -> usize {
    let filter = DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
    world.store.list_deliveries(&world.workspace, endpoint, &filter, 1000).await.unwrap().len()
}

on_both_engines! {
    async fn outcomes_of_every_kind_are_written_together(world: &World) {
        let endpoint = world.endpoint(&[]).await;
        for _ in 0..6 {
            message(world).await;
        }
        let claimed = world.deliveries().await;
        let later = world.now() + Duration::from_secs(5);
        let mut settlements: Vec<DeliverySettlement> = claimed
            .iter()
            .zip([DeliveryNext::Again(later), DeliveryNext::Dead, DeliveryNext::Delivered])
            .map(|(delivery, next)| settlement(world, delivery, next))
            .collect();
        // Of a lease that was lost, and of a delivery that never was.
        settlements.push(DeliverySettlement { lease_token: claimed[3].lease_token - 1, ..settlement(world, &claimed[3], DeliveryNext::Delivered) });
        settlements.push(DeliverySettlement { delivery: world.ids.make(world.now()), ..settlement(world, &claimed[4], DeliveryNext::Delivered) });
        settlements.push(settlement(world, &claimed[5], DeliveryNext::Delivered));
        // The order is the caller's.
        settlements.rotate_left(2);
        let turns = world.store.settle_deliveries(settlements).await.unwrap();
        let same = |turn: &Result<_, _>| matches!(turn, Ok(EndpointTurn::Same));
        let lost = |turn: &Result<_, _>| matches!(turn, Err(StoreError::LeaseLost));
        assert!(same(&turns[0]) && lost(&turns[1]) && lost(&turns[2]) && same(&turns[3]) && same(&turns[4]) && same(&turns[5]), "{turns:?}");
        for (state, expected) in [
            (DeliveryState::Delivered, 2),
            (DeliveryState::Pending, 1),
            (DeliveryState::Failed, 1),
            (DeliveryState::Sending, 2),
        ] {
            assert_eq!(count(world, &endpoint, state).await, expected, "{state}");
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM delivery_attempts").await, 4);
        assert_eq!(world.endpoint_now(&endpoint).await.failures, 2, "the successes came before the failures");
        assert!(world.store.settle_deliveries(Vec::new()).await.unwrap().is_empty());
    }

    async fn an_attempt_that_lost_its_lease_takes_nothing_from_the_one_that_has_it(world: &World) {
        let endpoint = world.endpoint(&[]).await;
        message(world).await;
        let stale = world.deliveries().await.remove(0);
        world.pass(LEASE);
        assert_eq!(world.store.rescue_deliveries(NODE, false, world.now()).await.unwrap(), 1);
        let present = world.deliveries().await.remove(0);
        let both = [&stale, &present].map(|delivery| settlement(world, delivery, DeliveryNext::Delivered));
        let turns = world.store.settle_deliveries(both.to_vec()).await.unwrap();
        assert!(matches!(turns[..], [Err(StoreError::LeaseLost), Ok(EndpointTurn::Same)]), "{turns:?}");
        assert_eq!(count(world, &endpoint, DeliveryState::Delivered).await, 1);
    }

    async fn a_success_ends_the_failures_written_with_it(world: &World) {
        let endpoint = world.endpoint(&[]).await;
        let failures = usize::try_from(CIRCUIT_OPENS_AFTER).unwrap();
        for _ in 0..failures + 2 {
            message(world).await;
        }
        let claimed = world.deliveries().await;
        let later = world.now() + Duration::from_secs(5);
        let outcome = |at| if at < failures { DeliveryNext::Again(later) } else { DeliveryNext::Delivered };
        let settlements = claimed.iter().enumerate().map(|(at, delivery)| settlement(world, delivery, outcome(at)));
        let turns: Vec<EndpointTurn> =
            world.store.settle_deliveries(settlements.collect()).await.unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(turns[failures - 1..], [EndpointTurn::Opened(CIRCUIT_OPENS_AFTER), EndpointTurn::Closed, EndpointTurn::Same]);
        let endpoint = world.endpoint_now(&endpoint).await;
        assert_eq!((endpoint.failures, endpoint.not_before), (0, None));
    }

    async fn a_quick_receiver_is_given_more_when_the_others_have_theirs(world: &World) {
        let (quick, other) = (world.endpoint(&[]).await, world.endpoint(&[]).await);
        let ordered = world.endpoint_with(|new| new.endpoint.ordered = true).await;
        for _ in 0..10 {
            message(world).await;
        }
        let shares = Shares { each: 2, quick: vec![quick.clone(), ordered.clone()], of_quick: 6, of_workspace: 100 };
        let claim = async |limit| {
            let claimed = world.store.claim_deliveries(NODE, world.now(), world.now() + LEASE, limit, shares.clone()).await.unwrap();
            let to = |endpoint: &EndpointId| claimed.iter().filter(|delivery| delivery.endpoint.id == *endpoint).count();
            (to(&quick), to(&other), to(&ordered))
        };
        assert_eq!(claim(5).await, (2, 2, 1), "what everybody has room for comes first");
        assert_eq!(claim(100).await, (4, 0, 0), "one in flight stays one");
        assert_eq!(claim(100).await, (0, 0, 0));
    }
}
