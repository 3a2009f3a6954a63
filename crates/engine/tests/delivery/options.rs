//! What an endpoint can be set to.

use std::time::Duration;

use cetar_engine::endpoints::{EndpointError, HeaderProblem, NewEndpoint};
use cetar_store::{EndpointAct, EndpointChange};
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;

use crate::{
    process::Machine,
    receiver::{Reaction, Receiver},
    signatures::verify,
};

#[tokio::test]
async fn an_endpoints_own_headers_go_along() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let headers =
        vec![("X-Api-Key".to_owned(), "s3cret".into()), ("Authorization".to_owned(), "Bearer x".into())];
    let endpoint = NewEndpoint { url: receiver.url(), headers, ..NewEndpoint::default() };
    let (endpoint, _) = process.engine.add_endpoint(&process.caller, endpoint).await.unwrap();
    assert_eq!(endpoint.headers, ["X-Api-Key", "Authorization"]);

    process.event().await;
    let request = receiver.next().await;
    assert_eq!((request.header("x-api-key"), request.header("authorization")), ("s3cret", "Bearer x"));
    process.all_settled().await;

    let taken = EndpointChange {
        headers: Some(vec![("Host".to_owned(), "elsewhere".into())]),
        ..EndpointChange::default()
    };
    let refused = process.engine.change_endpoint(&process.caller, &endpoint.id, taken).await;
    let Err(EndpointError::Headers(problems)) = refused else { panic!("{refused:?}") };
    assert_eq!(problems, [("Host".to_owned(), HeaderProblem::Reserved)]);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_verify_for_a_day_and_then_the_new_one_alone() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let (endpoint, old) = process.add(receiver.url()).await.unwrap();
    let (_, new) = process.engine.rotate_secret(&process.caller, &endpoint.id).await.unwrap();
    assert_ne!(old.expose_secret(), new.expose_secret());

    process.event().await;
    let request = receiver.next().await;
    for secret in [&old, &new] {
        verify(&request, secret.expose_secret()).expect("either verifies");
    }
    let signatures: Vec<_> = request.header("webhook-signature").split(' ').collect();
    assert!(signatures.len() == 2 && signatures.iter().all(|one| one.starts_with("v1,")), "{signatures:?}");

    process.all_settled().await;
    process.pass(Duration::from_hours(24));
    process.event().await;
    let request = receiver.next().await;
    assert!(!request.header("webhook-signature").contains(' '), "the old one does not sign any more");
}

#[tokio::test]
async fn the_legacy_signature_is_sent_where_it_is_asked_for() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = NewEndpoint { url: receiver.url(), legacy_signature: true, ..NewEndpoint::default() };
    let (_, secret) = process.engine.add_endpoint(&process.caller, endpoint).await.unwrap();

    process.event().await;
    let request = receiver.next().await;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).unwrap();
    mac.update(&request.body);
    let signature: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| {
            let digits = request.header("x-hub-signature-256").strip_prefix("sha256=").unwrap();
            u8::from_str_radix(&digits[at..at + 2], 16).unwrap()
        })
        .collect();
    mac.verify_slice(&signature).expect("it is the body's");
    verify(&request, secret.expose_secret()).expect("beside the ordinary one");
}

#[tokio::test]
async fn an_ordered_endpoint_gets_its_events_in_order_though_some_attempts_fail() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = NewEndpoint { url: receiver.url(), ordered: true, ..NewEndpoint::default() };
    process.engine.add_endpoint(&process.caller, endpoint).await.unwrap();
    for reaction in [Reaction::Answer(500), Reaction::Answer(200), Reaction::Cut, Reaction::Answer(503)] {
        receiver.next_time(reaction);
    }

    for _ in 0..8 {
        process.commit_event().await;
        process.pass(Duration::from_millis(1));
    }
    let mut ids = Vec::new();
    while ids.len() < 8 + 3 {
        process.pass(Duration::from_secs(10));
        process.caught_up().await;
        ids.extend(receiver.take().iter().map(|request| request.header("webhook-id").to_owned()));
    }
    process.all_settled().await;

    assert!(ids.is_sorted(), "event ids ascend: {ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[tokio::test]
async fn a_paused_endpoint_gets_nothing_until_it_is_resumed_and_then_all() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    process.engine.act_on_endpoint(&process.caller, &endpoint, EndpointAct::Pause).await.unwrap();
    for _ in 0..3 {
        process.event().await;
    }
    process.caught_up().await;
    assert_eq!(receiver.unread(), 0);

    process.engine.act_on_endpoint(&process.caller, &endpoint, EndpointAct::Resume).await.unwrap();
    for _ in 0..3 {
        receiver.next().await;
    }
    process.all_settled().await;
    assert_eq!(receiver.unread(), 0);
}

#[tokio::test]
async fn what_waits_goes_to_where_the_endpoint_points_by_then() {
    let machine = Machine::new();
    let (mut before, mut after) = (Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(before.url()).await.unwrap().id;
    before.next_time(Reaction::Answer(500));
    process.event().await;
    let failed = before.next().await;
    let wait = process.rescheduled().await;

    let change = EndpointChange { url: Some(after.url()), ..EndpointChange::default() };
    process.engine.change_endpoint(&process.caller, &endpoint, change).await.unwrap();
    process.pass(wait);
    assert_eq!(after.next().await.header("webhook-id"), failed.header("webhook-id"));
    process.all_settled().await;
}

#[tokio::test]
async fn a_test_event_comes_signed_and_to_this_endpoint_alone() {
    let machine = Machine::new();
    let (mut here, other) = (Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    let events = vec!["message.read".parse().unwrap()];
    let endpoint = NewEndpoint { url: here.url(), events, ..NewEndpoint::default() };
    let (endpoint, secret) = process.engine.add_endpoint(&process.caller, endpoint).await.unwrap();
    process.add_endpoint(other.url()).await.unwrap();

    let delivery = process.engine.test_endpoint(&process.caller, &endpoint.id).await.unwrap();
    let request = here.next().await;
    verify(&request, secret.expose_secret()).expect("the signature is right");
    let expected = format!(
        r#"{{"event":"endpoint.test","channel":null,"session_id":null,"data":{{"endpoint_id":"{}","timestamp":{}}}}}"#,
        endpoint.id,
        process.now().as_secs()
    );
    assert_eq!(request.text(), expected);
    process.all_settled().await;
    assert_eq!(other.unread(), 0);
    let detail = process.engine.delivery(&process.caller, &delivery).await.unwrap().unwrap();
    assert_eq!((detail.delivery.status, detail.attempts[0].response.as_deref()), (Some(200), Some("ok")));
}
