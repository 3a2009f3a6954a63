//! Many events, many receivers.

use std::collections::BTreeSet;

use crate::{
    process::Machine,
    receiver::{Reaction, Receiver},
};

/// Attempts under way to one endpoint at a time.
const SHARE: usize = 8;

/// The same, while it answers at once.
const QUICK_SHARE: usize = 32;

#[tokio::test]
async fn a_slow_receiver_delays_no_other_and_holds_no_more_than_its_share() {
    let machine = Machine::new();
    let (mut slow, mut quick) = (Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(slow.url()).await.unwrap();
    process.add_endpoint(quick.url()).await.unwrap();
    slow.always(Reaction::Wait);

    for _ in 0..3 * SHARE {
        process.event().await;
    }

    for _ in 0..3 * SHARE {
        quick.next().await;
    }
    for _ in 0..SHARE {
        slow.next().await;
    }
    assert_eq!(slow.unread(), 0);

    slow.always(Reaction::Answer(200));
    slow.release();
    process.all_settled().await;
    assert_eq!((slow.unread(), quick.unread()), (2 * SHARE, 0));
}

#[tokio::test]
async fn a_receiver_that_answers_at_once_is_given_more_at_a_time() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    for _ in 0..SHARE {
        receiver.next_time(Reaction::Answer(200));
    }
    receiver.always(Reaction::Wait);
    for _ in 0..100 {
        process.commit_event().await;
    }
    process.event().await;

    for _ in 0..SHARE + QUICK_SHARE {
        receiver.next().await;
    }
    assert_eq!(receiver.unread(), 0, "it has become slow");
    receiver.always(Reaction::Answer(200));
    receiver.release();
    process.all_settled().await;
}

#[tokio::test]
async fn two_hundred_events_at_once_come_once_each() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();

    for _ in 0..200 {
        process.commit_event().await;
    }
    process.event().await;

    let mut ids = BTreeSet::new();
    for _ in 0..=200 {
        assert!(ids.insert(receiver.next().await.header("webhook-id").to_owned()), "it came twice");
    }
    process.all_settled().await;
    assert_eq!(receiver.unread(), 0);
}
