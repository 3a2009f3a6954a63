//! Whether a number is registered: asked now, remembered for a while, within a budget.

use std::time::Duration;

use cetar_engine::check::NumberCheckError;
use cetar_model::{Channel, DeviceState, DownReason, Health, PhoneNumber};
use cetar_provider::{CheckError, NumberCheck};

use crate::world::{Node, OTHER_NODE, World};

async fn check(node: &Node, number: &str) -> Result<NumberCheck, NumberCheckError> {
    let number = PhoneNumber::parse(number).unwrap();
    node.engine.check_number(&node.operator, Channel::Whatsapp, None, &number).await
}

#[tokio::test]
async fn an_answer_is_remembered_for_ten_minutes_and_costs_nothing_again() {
    let world = World::new();
    let node = world.start().await;
    for _ in 0..9 {
        assert!(check(&node, "6281234567890").await.unwrap().is_registered);
    }
    assert_eq!(world.network.checked().len(), 1);
    node.pass(Duration::from_mins(10));
    check(&node, "6281234567890").await.unwrap();
    assert_eq!(world.network.checked().len(), 2);
}

#[tokio::test]
async fn who_asks_the_same_at_once_is_answered_by_one_question() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    // More than the budget has.
    let all = futures::future::join_all((0..9).map(|_| check(&node, "6281234567890")));
    let (all, ()) = tokio::join!(all, async {
        node.until("one to be asked", async || !world.network.checked().is_empty()).await;
        world.network.release();
    });
    assert!(all.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.is_registered)), "{all:?}");
    assert_eq!(world.network.checked().len(), 1);
}

#[tokio::test]
async fn who_is_not_registered_has_no_address() {
    let world = World::new();
    let node = world.start().await;
    let answer = NumberCheck { is_registered: false, jid: Some("6281234567890@s.whatsapp.net".to_owned()) };
    world.network.next_check(Ok(answer));
    let answer = check(&node, "6281234567890").await.unwrap();
    assert_eq!(answer, NumberCheck { is_registered: false, jid: None });
}

#[tokio::test]
async fn a_device_is_not_made_to_ask_more_than_its_network_bears() {
    let world = World::new();
    let node = world.start().await;
    let over = async |number: &str| match check(&node, number).await {
        Err(NumberCheckError::OverBudget { retry_after }) => Some(retry_after),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    };
    // The scripted network bears three a minute and five a day.
    for number in ["6281234567890", "6281234567891", "6281234567892"] {
        assert_eq!(over(number).await, None);
    }
    assert_eq!(over("6281234567893").await, Some(Duration::from_mins(1)));
    assert_eq!(over("6281234567890").await, None, "what is known is answered");
    node.pass(Duration::from_mins(1));
    assert_eq!(over("6281234567893").await, None);
    assert_eq!(over("6281234567894").await, None);
    node.pass(Duration::from_mins(1));
    assert_eq!(over("6281234567895").await, Some(Duration::from_hours(24) - Duration::from_mins(2)));
    assert_eq!(world.network.checked().len(), 5);
}

#[tokio::test]
async fn neither_a_restart_nor_another_node_gives_a_device_its_budget_anew() {
    let world = World::new();
    let node = world.start().await;
    let over = async |node: &Node, number: &str| match check(node, number).await {
        Err(NumberCheckError::OverBudget { retry_after }) => Some(retry_after),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    };
    for number in ["6281234567890", "6281234567891", "6281234567892"] {
        assert_eq!(over(&node, number).await, None);
    }
    node.stop().await;
    let node = world.start().await;
    assert!(over(&node, "6281234567893").await.is_some(), "three in a minute");
    // What was stored is known to the minute, so that it may count for one more.
    node.pass(Duration::from_mins(2));
    for number in ["6281234567893", "6281234567894"] {
        assert_eq!(over(&node, number).await, None);
    }
    node.stop().await;
    let other = world.start_as(OTHER_NODE).await;
    other.device_is(DeviceState::Connected).await;
    other.pass(Duration::from_mins(2));
    let wait = over(&other, "6281234567895").await.expect("five a day");
    assert!(wait > Duration::from_hours(23), "{wait:?}");
    assert_eq!(world.network.checked().len(), 5);
}

#[tokio::test]
async fn a_device_that_is_down_does_not_answer_and_spends_nothing() {
    let world = World::new();
    let node = world.start().await;
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    for _ in 0..9 {
        assert!(matches!(check(&node, "6281234567890").await, Err(NumberCheckError::Down(_))));
    }
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    world.network.next_check(Err(CheckError::Failed("cut".into())));
    assert!(matches!(check(&node, "6281234567890").await, Err(NumberCheckError::NoAnswer(_))));
    assert!(check(&node, "6281234567890").await.unwrap().is_registered, "a failure is not remembered");
}
