//! What follows an attempt that failed.

use std::time::Duration;

use cetar_provider::http;
use rstest::rstest;

use crate::{
    process::Machine,
    receiver::{Reaction, Receiver},
};

fn about_five_seconds(wait: Duration) -> bool {
    (Duration::from_secs(4)..=Duration::from_secs(6)).contains(&wait)
}

#[rstest]
#[case::not_modified(Reaction::Answer(304))]
#[case::unauthorised(Reaction::Answer(401))]
#[case::not_found(Reaction::Answer(404))]
#[case::failed(Reaction::Answer(500))]
#[case::cut(Reaction::Cut)]
#[case::never_answered(Reaction::Hang)]
#[tokio::test]
async fn an_attempt_that_failed_is_repeated_after_about_five_seconds(#[case] reaction: Reaction) {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    // Real time, which a receiver that never answers takes of the test.
    let options = http::Options { total_timeout: Duration::from_millis(500), ..http::Options::default() };
    let process = machine.start_with(options).await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(reaction);

    process.event().await;
    receiver.next().await;
    let wait = process.rescheduled().await;
    assert!(about_five_seconds(wait), "{wait:?}");

    process.pass(wait);
    assert_eq!(receiver.next().await.header("x-cetar-attempt"), "2");
    process.all_settled().await;
}

#[tokio::test]
async fn an_attempt_is_not_repeated_before_its_time() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Answer(500));
    process.event().await;
    let failed = receiver.next().await;
    let wait = process.rescheduled().await;

    process.commit_event().await;
    process.pass(wait.saturating_sub(Duration::from_millis(1)));
    let other = receiver.next().await;
    assert_ne!(other.header("webhook-id"), failed.header("webhook-id"));
    assert_eq!(process.rescheduled().await, Duration::from_millis(1));
    assert_eq!(receiver.unread(), 0, "what is due later is left alone");

    process.pass(Duration::from_millis(1));
    assert_eq!(receiver.next().await.header("webhook-id"), failed.header("webhook-id"));
}

#[tokio::test]
async fn a_closed_port_is_tried_again() {
    let machine = Machine::new();
    let process = machine.start().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    process.add_endpoint(format!("http://{nobody}/")).await.unwrap();

    process.event().await;

    let wait = process.rescheduled().await;
    assert!(about_five_seconds(wait), "{wait:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_counts_as_a_failure() {
    let (machine, mut receiver, elsewhere) =
        (Machine::new(), Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::AnswerWith(307, "location", elsewhere.url()));

    process.event().await;
    receiver.next().await;
    process.pass_until_due().await;
    receiver.next().await;
    process.all_settled().await;

    assert_eq!(elsewhere.unread(), 0);
}

#[rstest]
#[case::too_many(429)]
#[case::unavailable(503)]
#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it(#[case] status: u16) {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::AnswerWith(status, "retry-after", "120".to_owned()));

    process.event().await;
    receiver.next().await;

    assert_eq!(process.rescheduled().await, Duration::from_mins(2));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_called_again() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Answer(410));

    process.event().await;
    receiver.next().await;
    process.all_settled().await;
    let stored = process.endpoint(&endpoint.id).await.expect("it is kept, for its owner to see");
    assert!(stored.disabled.is_some(), "it is switched off");

    process.event().await;
    process.all_settled().await;
    assert_eq!(receiver.unread(), 0);
}

#[tokio::test]
async fn after_twelve_attempts_over_three_days_it_is_given_up() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    process.add_endpoint(receiver.url()).await.unwrap();
    receiver.always(Reaction::Answer(500));

    process.event().await;
    let mut waited = Duration::ZERO;
    for attempt in 1..=11 {
        assert_eq!(receiver.next().await.header("x-cetar-attempt"), attempt.to_string());
        let wait = process.rescheduled().await;
        waited += wait;
        process.pass(wait);
    }
    assert_eq!(receiver.next().await.header("x-cetar-attempt"), "12");
    process.all_settled().await;

    assert_eq!(process.next_due().await, None);
    let days = waited.as_secs_f64() / 86_400.0;
    assert!((2.5..4.0).contains(&days), "{days} days");
}
