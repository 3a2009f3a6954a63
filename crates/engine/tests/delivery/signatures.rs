//! What a receiver is sent.

use http::HeaderMap;
use secrecy::ExposeSecret;
use standardwebhooks::Webhook;

use crate::{
    process::Machine,
    receiver::{Reaction, Received, Receiver},
};

pub(crate) fn verify(request: &Received, secret: &str) -> Result<(), standardwebhooks::WebhookError> {
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, request.header(name).parse().unwrap());
    }
    Webhook::new(secret).unwrap().verify(&request.body, &headers)
}

#[tokio::test]
async fn an_event_arrives_signed_in_the_documents_shape() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let (_, secret) = process.add(receiver.url()).await.unwrap();

    process.event().await;

    let request = receiver.next().await;
    verify(&request, secret.expose_secret()).expect("the signature is right");
    assert!(request.header("webhook-id").starts_with("evt_"));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("user-agent"), concat!("cetar/", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.header("x-cetar-attempt"), "1");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (&body["event"], &body["channel"], &body["session_id"], &body["data"]["state"]),
        (&"session.state".into(), &"whatsapp".into(), &process.device.as_str().into(), &"unlinked".into())
    );

    process.all_settled().await;
    assert_eq!(receiver.unread(), 0, "it comes once");
}

#[tokio::test]
async fn every_attempt_has_the_same_id_and_body_and_a_signature_of_its_own_time() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let (_, secret) = process.add(receiver.url()).await.unwrap();
    let secret = secret.expose_secret();
    receiver.next_time(Reaction::Answer(500));

    process.event().await;
    let first = receiver.next().await;
    process.pass_until_due().await;
    let second = receiver.next().await;

    for request in [&first, &second] {
        verify(request, secret).expect("the signature is right");
    }
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
    assert_eq!(second.header("x-cetar-attempt"), "2");
    let seconds = |request: &Received| request.header("webhook-timestamp").parse::<u64>().unwrap();
    assert!((4..=7).contains(&(seconds(&second) - seconds(&first))), "about five seconds later");
    assert_ne!(first.header("webhook-signature"), second.header("webhook-signature"));
}

#[tokio::test]
async fn each_endpoint_has_a_secret_of_its_own() {
    let machine = Machine::new();
    let (mut here, mut there) = (Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    let (_, own_secret) = process.add(here.url()).await.unwrap();
    let (_, secret_of_other) = process.add(there.url()).await.unwrap();

    process.event().await;

    let (here, there) = (here.next().await, there.next().await);
    assert_eq!(here.header("webhook-id"), there.header("webhook-id"), "it is the same event");
    verify(&here, own_secret.expose_secret()).expect("signed with its own secret");
    verify(&there, secret_of_other.expose_secret()).expect("signed with its own secret");
    assert!(verify(&here, secret_of_other.expose_secret()).is_err());
}
