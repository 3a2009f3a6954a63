//! Deliveries are rows: they outlive the process.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    process::Machine,
    receiver::{Reaction, Received, Receiver},
};

#[tokio::test]
async fn what_waits_to_be_repeated_survives_a_restart() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Answer(500));
    process.event().await;
    let before = receiver.next().await;
    let wait = process.rescheduled().await;
    process.stop().await;

    let process = machine.start().await;
    process.pass(wait);

    let after = receiver.next().await;
    assert_eq!(after.header("webhook-id"), before.header("webhook-id"));
    assert_eq!(after.header("x-cetar-attempt"), "2");
    process.all_settled().await;
}

#[tokio::test]
async fn what_was_under_way_when_the_process_was_killed_is_posted_again_at_the_next_start() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Hang);
    process.event().await;
    let before = receiver.next().await;
    process.kill().await;

    // No time passes: the next start waits for no lease.
    let process = machine.start().await;

    let after = receiver.next().await;
    assert_eq!(after.header("webhook-id"), before.header("webhook-id"));
    process.all_settled().await;
}

#[tokio::test]
async fn a_graceful_stop_finishes_what_is_under_way_and_begins_nothing() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Wait);
    process.event().await;
    receiver.next().await;

    process.ask_to_stop();
    process.event().await;
    receiver.release();
    process.stop().await;
    assert_eq!(receiver.unread(), 0, "nothing is begun");

    let process = machine.start().await;
    assert_eq!(receiver.next().await.header("x-cetar-attempt"), "1", "what waited is begun now");
    process.all_settled().await;
    assert_eq!(receiver.unread(), 0, "what was under way is not repeated");
}

#[tokio::test]
async fn a_graceful_stop_waits_for_a_silent_receiver_only_so_long() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Hang);
    process.event().await;
    let before = receiver.next().await;

    process.pass_until_stopped().await;

    let process = machine.start().await;
    let after = receiver.next().await;
    assert_eq!(after.header("webhook-id"), before.header("webhook-id"));
    process.all_settled().await;
}

#[tokio::test]
async fn a_hundred_kills_during_twenty_thousand_events_lose_none() {
    const KILLS: usize = 100;
    const EVENTS: usize = 20_000;
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let mut process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    let mut told = BTreeMap::new();
    let note = |request: &Received, told: &mut BTreeMap<String, usize>| {
        *told.entry(request.header("webhook-id").to_owned()).or_insert(0) += 1;
    };
    for kill in 0..KILLS {
        process.commit_events(&endpoint, EVENTS / KILLS).await;
        process.pass(Duration::from_secs(1));
        // At another moment each time: some are under way, some are posted and not settled, some have not begun.
        for _ in 0..kill % 40 {
            note(&receiver.next().await, &mut told);
        }
        process.kill().await;
        process = machine.start().await;
    }
    while told.len() < EVENTS {
        note(&receiver.next().await, &mut told);
    }
    process.all_settled().await;
    receiver.take().iter().for_each(|request| note(request, &mut told));
    assert_eq!(told.len(), EVENTS, "none is missing, and none came under another id");
    let posted: usize = told.values().sum();
    assert!(posted > EVENTS, "kills hit attempts under way, or this proves nothing");
    assert!(posted <= EVENTS + KILLS * 32, "only what was under way came again: {posted}");
}
