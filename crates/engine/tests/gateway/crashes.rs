//! A process that ends in the middle of a send: nothing accepted is lost, nothing is sent twice where that would show.

use std::time::Duration;

use cetar_model::{FailureCode, MAX_CRASHES, MessageState as S};
use cetar_provider::Inbound;

use crate::{
    media::image,
    site::{Answer, PNG, Site},
    world::World,
};

const BUDI: &str = "6281234567890";

#[tokio::test]
async fn what_was_accepted_and_not_yet_tried_is_sent_by_the_next_process() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    node.send(BUDI, "one").await;
    let waiting = node.send(BUDI, "two").await;
    world.network.attempts_begun(1).await;
    node.kill().await;
    world.network.release();

    let node = world.start().await;
    node.run_to_the_end().await;
    assert_eq!(node.state(&waiting).await, S::Sent);
    assert_eq!(world.attempted(), ["one", "one", "two"]);
}

#[tokio::test]
async fn a_send_cut_off_by_a_crash_is_taken_back_at_once_and_sent_again_under_the_same_id() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.kill().await;
    world.network.release();

    let node = world.start().await;
    assert_eq!(node.state(&job).await, S::Queued, "without waiting for the lease to expire");
    assert_eq!(node.history(&job).await, ["unknown"]);
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
    let attempts = world.network.attempts();
    assert_eq!(attempts[0].0, attempts[1].0);
}

#[tokio::test]
async fn a_send_cut_off_by_a_crash_is_unknown_where_a_repeat_would_be_a_second_message() {
    let world = World::where_a_repeat_is_a_second_message();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.kill().await;
    world.network.release();

    let node = world.start().await;
    node.message_is(&job, S::Unknown).await;
    node.run_to_the_end().await;
    assert_eq!(world.attempted(), ["Halo!"]);
}

#[tokio::test]
async fn a_receipt_that_comes_after_a_crash_settles_the_message_without_another_attempt() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    let remote_id = node.job(&job).await.job.message.remote_id.unwrap();
    node.kill().await;
    world.network.release();

    let node = world.start().await;
    let receipt = cetar_provider::InboundReceipt {
        remote_ids: vec![remote_id],
        receipt: cetar_model::Receipt::Delivered,
        failure: None,
        at: node.engine.clock().now(),
    };
    world.network.host().unwrap().emit(Inbound::Receipt(receipt)).await.unwrap();
    node.pass(Duration::from_secs(5));
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Delivered);
    assert_eq!(world.attempted(), ["Halo!"]);
}

#[tokio::test]
async fn a_message_that_kills_its_process_again_and_again_is_set_aside() {
    let world = World::new();
    world.network.hold_sends();
    let mut node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    for crash in 1..=usize::try_from(MAX_CRASHES).unwrap() {
        world.network.attempts_begun(crash).await;
        node.kill().await;
        node = world.start().await;
        node.pass(Duration::from_mins(1));
    }
    // Each attempt reached the network: that nobody has the message cannot be said.
    node.message_is(&job, S::Unknown).await;
    assert_eq!(world.attempted().len(), usize::try_from(MAX_CRASHES).unwrap());
    world.network.release();
}

#[tokio::test]
async fn a_crash_while_a_medium_is_fetched_leaves_nobody_in_doubt() {
    let (world, site) = (World::where_a_repeat_is_a_second_message(), Site::serving(Answer::none()).await);
    let node = world.start().await;
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    site.was_asked(1).await;
    node.kill().await;
    site.serve(Answer::of(PNG, ""));

    let node = world.start().await;
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
    assert_eq!(node.history(&job).await, ["not_sent", "sent"]);
}

#[tokio::test]
async fn a_crash_after_the_medium_was_fetched_is_unknown_where_a_repeat_would_be_a_second_message() {
    let (world, site) =
        (World::where_a_repeat_is_a_second_message(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    world.network.attempts_begun(1).await;
    node.kill().await;
    world.network.release();

    let node = world.start().await;
    node.message_is(&job, S::Unknown).await;
    node.run_to_the_end().await;
    assert_eq!(world.network.attempts().len(), 1);
}

#[tokio::test]
async fn a_medium_that_kills_its_process_again_and_again_is_set_aside_as_failed() {
    let (world, site) = (World::new(), Site::serving(Answer::none()).await);
    let mut node = world.start().await;
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    for crash in 1..=usize::try_from(MAX_CRASHES).unwrap() {
        site.was_asked(crash).await;
        node.kill().await;
        node = world.start().await;
        node.pass(Duration::from_mins(1));
    }
    node.message_is(&job, S::Failed).await;
    assert_eq!(node.job(&job).await.job.message.error, Some((FailureCode::WorkerCrashed, None)));
    assert!(world.network.attempts().is_empty(), "nobody has it");
}

#[tokio::test]
async fn an_outcome_that_could_not_be_stored_is_not_forgotten() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    // From here on the database is away, for as long as this process lives.
    node.engine.store().close().await;
    world.network.release();
    node.kill().await;

    let node = world.start().await;
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
    let attempts = world.network.attempts();
    assert!(
        attempts.iter().all(|(id, _, _)| *id == attempts[0].0),
        "the same id: the recipient sees one message"
    );
}
