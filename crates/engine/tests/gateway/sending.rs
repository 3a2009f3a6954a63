//! A send, from being accepted to its end.

use std::time::Duration;

use cetar_engine::accept::{AcceptError, IDEMPOTENCY_KEPT, IdempotencyKey};
use cetar_model::{DownReason, FailureCode, MAX_ATTEMPTS, MessageState as S, SendError, Sent};
use cetar_provider::Inbound;
use cetar_store::Change;

use crate::world::{Node, World};

const BUDI: &str = "6281234567890";
const SITI: &str = "6289876543210";

fn not_sent() -> Result<Sent, SendError> {
    Err(SendError::NotSent("connection refused".into()))
}

#[tokio::test]
async fn an_accepted_message_is_sent_and_carries_the_networks_id() {
    let world = World::new();
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.run_until_idle().await;

    let view = node.job(&job).await;
    assert_eq!(view.job.message.state, S::Sent);
    assert_eq!(view.job.message.remote_id, Some(format!("remote-{}", view.job.message.id)));
    assert_eq!(view.job.attempts, 1);
    assert_eq!(world.attempted(), ["Halo!"]);
}

#[tokio::test]
async fn receipts_move_a_message_to_read_and_never_back() {
    let world = World::new();
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.run_until_idle().await;
    let remote_id = node.job(&job).await.job.message.remote_id.unwrap();

    for (receipt, expected) in
        [(cetar_model::Receipt::Read, S::Read), (cetar_model::Receipt::Delivered, S::Read)]
    {
        let receipt = cetar_provider::InboundReceipt {
            remote_ids: vec![remote_id.clone()],
            receipt,
            failure: None,
            at: world.network.host().unwrap().now(),
        };
        world.network.host().unwrap().emit(Inbound::Receipt(receipt)).await.unwrap();
        assert_eq!(node.state(&job).await, expected);
    }
}

#[tokio::test]
async fn a_chat_stays_in_order_when_its_first_message_is_tried_again() {
    let world = World::new();
    world.network.next_send(not_sent());
    let node = world.start().await;
    let jobs = [node.send(BUDI, "one").await, node.send(BUDI, "two").await, node.send(BUDI, "three").await];
    node.run_to_the_end().await;

    assert_eq!(world.attempted(), ["one", "one", "two", "three"]);
    assert_eq!(node.history(&jobs[0]).await, ["not_sent", "sent"]);
    for job in &jobs {
        assert_eq!(node.state(job).await, S::Sent);
    }
}

#[tokio::test]
async fn chats_do_not_wait_for_each_other() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let stuck = node.send(BUDI, "to Budi").await;
    world.network.attempts_begun(1).await;
    let other = node.send(SITI, "to Siti").await;
    world.network.attempts_begun(2).await;
    assert_eq!(node.state(&stuck).await, S::Sending);
    assert_eq!(node.state(&other).await, S::Sending);
    world.network.release();
    node.run_until_idle().await;
    assert_eq!(world.attempted(), ["to Budi", "to Siti"]);
}

#[tokio::test]
async fn one_session_makes_only_as_many_attempts_at_once_as_its_network_takes() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    for chat in 0..9 {
        node.send(&format!("62811111111{chat}"), "Halo!").await;
    }
    world.network.attempts_begun(4).await;
    node.until("four attempts to be under way", async || node.engine.attempts_under_way() == 4).await;
    assert_eq!(world.attempted().len(), 4);
    world.network.release();
    node.run_until_idle().await;
    assert_eq!(world.attempted().len(), 9);
}

#[tokio::test]
async fn attempts_that_never_reach_the_network_end_in_a_failure_with_a_reason() {
    let world = World::new();
    let node = world.start().await;
    for _ in 0..MAX_ATTEMPTS {
        world.network.next_send(not_sent());
    }
    let job = node.send(BUDI, "Halo!").await;
    node.run_to_the_end().await;

    let view = node.job(&job).await;
    assert_eq!(view.job.message.state, S::Failed);
    assert_eq!(view.job.message.error, Some((FailureCode::AttemptsExhausted, None)));
    assert_eq!(view.job.attempts, MAX_ATTEMPTS);
    assert_eq!(view.job.history.len(), usize::try_from(MAX_ATTEMPTS).unwrap());
}

#[tokio::test]
async fn what_an_attempt_may_have_sent_is_never_said_to_have_reached_nobody() {
    let world = World::new();
    let node = world.start().await;
    world.network.next_send(Err(SendError::Unknown("cut".into())));
    for _ in 0..MAX_ATTEMPTS + 3 {
        world.network.next_send(not_sent());
    }
    let job = node.send(BUDI, "Halo!").await;
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
    assert_eq!(node.job(&job).await.job.attempts, MAX_ATTEMPTS + 5);
}

#[tokio::test]
async fn what_is_partly_sent_cannot_be_taken_back_and_is_completed() {
    let world = World::where_a_repeat_is_a_second_message();
    let node = world.start().await;
    let wait = SendError::SlowDown { retry_after: Some(Duration::from_secs(64)) };
    world.network.next_send(Err(SendError::Partly(Box::new(wait))));
    let job = node.send(BUDI, "Halo!").await;
    node.run_until_idle().await;
    assert_eq!(
        (node.state(&job).await, node.history(&job).await),
        (S::Queued, vec!["partly_sent".to_owned()])
    );
    let refused = node.engine.cancel(&node.operator, &job).await.unwrap();
    assert_eq!(refused, Change::NotNow(S::Queued), "a part is with the recipient");
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);
}

#[tokio::test]
async fn what_the_network_refuses_is_final_and_shows_its_code() {
    let world = World::new();
    world.network.next_send(Err(SendError::Rejected {
        code: FailureCode::AccountRestricted,
        provider_code: Some("463".to_owned()),
        detail: Some("reach-out lock".to_owned()),
    }));
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    let next = node.send(BUDI, "Apa kabar?").await;
    node.run_to_the_end().await;

    let message = node.job(&job).await.job.message;
    assert_eq!(message.state, S::Failed);
    assert_eq!(message.error, Some((FailureCode::AccountRestricted, Some("463".to_owned()))));
    assert_eq!(node.state(&next).await, S::Sent, "a failed message does not block its chat");
    assert_eq!(world.attempted(), ["Halo!", "Apa kabar?"]);
}

#[tokio::test]
async fn being_asked_to_slow_down_is_not_an_attempt() {
    let world = World::new();
    for _ in 0..MAX_ATTEMPTS + 3 {
        world.network.next_send(Err(SendError::SlowDown { retry_after: Some(Duration::from_secs(30)) }));
    }
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    let begin = node.engine.clock().now();
    node.run_to_the_end().await;

    let view = node.job(&job).await;
    assert_eq!((view.job.message.state, view.job.attempts), (S::Sent, 1));
    let waited = node.engine.clock().now().since(begin);
    assert_eq!(waited, Duration::from_secs(30) * (MAX_ATTEMPTS + 3));
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_again_under_the_same_id_where_that_is_safe() {
    let world = World::new();
    world.network.next_send(Err(SendError::Unknown("cut".into())));
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    node.run_to_the_end().await;

    assert_eq!(node.state(&job).await, S::Sent);
    let attempts = world.network.attempts();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].0, attempts[1].0);
    assert_eq!((attempts[0].2, attempts[1].2), (1, 2));
}

#[tokio::test]
async fn an_unknown_outcome_stays_unknown_where_a_repeat_would_be_a_second_message() {
    let world = World::where_a_repeat_is_a_second_message();
    world.network.next_send(Err(SendError::Unknown("cut".into())));
    let node = world.start().await;
    let job = node.send(BUDI, "Halo!").await;
    let next = node.send(BUDI, "Apa kabar?").await;
    node.run_to_the_end().await;

    assert_eq!(node.state(&job).await, S::Unknown);
    assert_eq!(node.state(&next).await, S::Sent, "it does not block its chat");
    assert_eq!(world.attempted(), ["Halo!", "Apa kabar?"]);
}

#[tokio::test]
async fn a_message_that_waits_beyond_its_expiry_fails_and_frees_its_chat() {
    let world = World::new();
    let node = world.start().await;
    world.network.next_send(Err(SendError::SlowDown { retry_after: Some(Duration::from_hours(1)) }));
    let mut request = Node::text(BUDI, "one");
    request.expires_in = Some(Duration::from_secs(90));
    let first = node.accept(request).await.unwrap().job;
    let second = node.send(BUDI, "two").await;
    node.run_until_idle().await;
    assert_eq!(node.state(&first).await, S::Queued);

    node.pass(Duration::from_secs(91));
    node.message_is(&first, S::Failed).await;
    assert_eq!(node.job(&first).await.job.message.error, Some((FailureCode::Expired, None)));
    node.message_is(&second, S::Sent).await;
}

#[tokio::test]
async fn the_same_idempotency_key_sends_once_and_answers_the_same_job() {
    let world = World::new();
    let node = world.start().await;
    let request = |text: &str, fingerprint: u8| {
        let mut request = Node::text(BUDI, text);
        request.idempotency = Some(IdempotencyKey {
            key: "order-17".to_owned(),
            path: "POST /v1/messages",
            fingerprint: [fingerprint; 32],
            kept: IDEMPOTENCY_KEPT,
        });
        request
    };
    let first = node.accept(request("Halo!", 1)).await.unwrap();
    let again = node.accept(request("Halo!", 1)).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!((again.job, again.message), (first.job, first.message));

    let other = node.accept(request("Lain", 2)).await;
    assert!(matches!(other, Err(AcceptError::IdempotencyKeyReused)));
    node.run_until_idle().await;
    assert_eq!(world.attempted(), ["Halo!"]);

    node.pass(Duration::from_hours(24));
    assert!(!node.accept(request("Halo!", 1)).await.unwrap().replayed, "after a day it is a new request");
    node.run_until_idle().await;
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_though_the_device_is_logged_out_since() {
    let world = World::new();
    let node = world.start().await;
    let request = || {
        let mut request = Node::text(BUDI, "Halo!");
        request.idempotency = Some(IdempotencyKey {
            key: "k".to_owned(),
            path: "POST /v1/messages",
            fingerprint: [1; 32],
            kept: IDEMPOTENCY_KEPT,
        });
        request
    };
    let first = node.accept(request()).await.unwrap();
    node.run_until_idle().await;
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    let again = node.accept(request()).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.job, first.job);
}

#[tokio::test]
async fn equal_requests_at_the_same_moment_send_once() {
    let world = World::new();
    let node = world.start().await;
    let requests = (0..20).map(|_| {
        let mut request = Node::text(BUDI, "Halo!");
        request.idempotency = Some(IdempotencyKey {
            key: "k".to_owned(),
            path: "POST /v1/messages",
            fingerprint: [1; 32],
            kept: IDEMPOTENCY_KEPT,
        });
        node.accept(request)
    });
    let answers = futures::future::join_all(requests).await;
    let jobs: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(jobs.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(jobs.iter().all(|answer| answer.job == jobs[0].job));
    node.run_until_idle().await;
    assert_eq!(world.attempted().len(), 1);
}

#[tokio::test]
async fn a_provider_that_panics_over_a_message_is_not_asked_for_ever() {
    let world = World::new();
    let panicking = std::sync::Arc::new(crate::devices::Troublesome::default());
    world.provide(cetar_model::Channel::Whatsapp, panicking);
    let node = world.start().await;
    let job = node.send(BUDI, "boom").await;
    node.run_to_the_end().await;

    assert_eq!(node.state(&job).await, S::Unknown, "it may have been sent before the panic");
    assert_eq!(node.health().await.reason, None::<DownReason>, "the session goes on");
    let fine = node.send(BUDI, "fine").await;
    node.run_until_idle().await;
    assert_eq!(node.state(&fine).await, S::Sent);
}
