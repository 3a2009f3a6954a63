//! Where networks call us: who is heard, and how many at once. The scripted network signs with `X-Scripted: right`.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use futures::stream;

use crate::app::{App, Ask, stalling};

const LARGE: &str = "3000000";

/// Somebody whose network calls.
async fn called() -> App {
    let app = App::new().await;
    app.network.calls_us();
    app
}

fn signed<'a>(app: &'a App, from: &str, length: &str, body: Body) -> Ask<'a> {
    let ask = app.post("/callbacks/scripted", body).from(from);
    ask.header("x-scripted", "right").header("content-length", length)
}

type Call<'a> = Pin<Box<dyn Future<Output = Response<Body>> + 'a>>;

/// Callbacks of so many bytes that were begun and go no further.
async fn begun<'a>(app: &'a App, from: &str, length: &str, count: usize) -> Vec<Call<'a>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let (body, mut silence) = stalling();
        let mut call: Call<'a> = Box::pin(signed(app, from, length, body).begin());
        tokio::select! {
            answer = &mut call => panic!("{answer:?}"),
            begun = &mut silence => begun.unwrap(),
        }
        all.push(call);
    }
    all
}

#[tokio::test]
async fn of_what_no_network_can_have_said_the_body_is_not_read() {
    let app = called().await;
    let unread = || {
        Body::from_stream(stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<&'static str, std::io::Error>>> {
                panic!("the body was read")
            },
        ))
    };
    for (path, header, expected) in [
        ("/callbacks/nobody", "x-scripted", "404 not_found"),
        ("/callbacks/scripted", "x-other", "403 callback_not_verified"),
        ("/callbacks/telegram/bot", "x-scripted", "404 not_found"),
        ("/callbacks/telegram/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50", "x-scripted", "503 network_unavailable"),
    ] {
        let answer = app.post(path, unread()).header(header, "right").await_answer().await;
        assert_eq!(answer.gist(), expected, "{path}");
    }
    let too_large = signed(&app, "203.0.113.7", "3145729", unread()).await_answer().await;
    assert_eq!(too_large.gist(), "413 body_too_large");
}

#[tokio::test]
async fn a_push_without_the_devices_secret_is_refused_before_its_body() {
    let mut app = App::new().await;
    let device = app.sandbox(cetar_model::Channel::Telegram).await;
    app.run().await;
    let path = format!("/callbacks/telegram/{device}");
    // Until its session runs, it is asked to come again.
    app.until(async |app| {
        let (body, _silence) = stalling();
        app.post(&path, body).await_answer().await.gist() == "403 callback_not_verified"
    })
    .await;
}

#[tokio::test]
async fn callbacks_that_stall_hold_up_neither_small_ones_nor_those_from_elsewhere() {
    let app = called().await;
    let _stalling = begun(&app, "203.0.113.7", LARGE, 4).await;
    let small = signed(&app, "203.0.113.7", "2", Body::from("{}")).await_answer().await;
    assert_eq!(small.status, StatusCode::OK, "{}", small.body);
    let elsewhere = signed(&app, "198.51.100.1", LARGE, Body::from("{}")).await_answer().await;
    assert_eq!(elsewhere.status, StatusCode::OK, "{}", elsewhere.body);
}

#[tokio::test]
async fn a_callback_that_finds_no_place_waits_for_one() {
    let app = called().await;
    let mut stalling = begun(&app, "203.0.113.7", LARGE, 4).await;
    let mut waiting = pin!(signed(&app, "203.0.113.7", LARGE, Body::from("{}")).await_answer());
    assert!(futures::poll!(&mut waiting).is_pending());
    stalling.pop();
    assert_eq!(waiting.await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_callback_for_which_no_place_comes_free_is_to_come_again() {
    let app = called().await;
    let _stalling = begun(&app, "203.0.113.7", LARGE, 4).await;
    let mut waiting = pin!(signed(&app, "203.0.113.7", LARGE, Body::from("{}")).await_answer());
    assert!(futures::poll!(&mut waiting).is_pending());
    app.clock.advance(Duration::from_secs(5));
    let answer = waiting.await;
    assert_eq!((answer.gist().as_str(), answer.header("retry-after")), ("503 overloaded", "5"));
}

#[tokio::test]
async fn a_callback_that_stalls_is_given_up() {
    let app = called().await;
    let mut stalling = begun(&app, "203.0.113.7", "100", 1).await;
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(stalling.remove(0).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
