//! Files that are given to be sent.

use std::{pin::pin, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use cetar_model::Clock;
use cetar_server::Face;
use futures::stream;
use sha2::{Digest as _, Sha256};

use crate::app::{App, stalling};

#[tokio::test]
async fn a_file_is_kept_and_can_be_read_again() {
    let app = App::new().await;
    let kept = app.post("/v1/media?filename=a.txt", "halo").bearer(&app.key().await).await_answer().await;
    assert_eq!((kept.status, &kept.json()["data"]["bytes"]), (StatusCode::OK, &4.into()), "{kept}");
    let url = kept.json()["data"]["media_url"].as_str().unwrap().to_owned();
    let read = app.get(&url[url.find("/media/").unwrap()..]).await_answer().await;
    assert_eq!(read.body, "halo");
}

#[tokio::test]
async fn a_file_whose_bytes_are_just_being_deleted_is_to_be_sent_again() {
    let app = App::new().await;
    let (key, workspace) = (app.key().await, app.operator.workspace.id.clone());
    let (store, hash) = (app.engine.store(), Sha256::digest(b"halo").into());
    store.note_orphans(vec![(workspace, hash)], app.clock.now()).await.unwrap();
    let deleting = store.media_garbage(app.clock.now() + Duration::from_secs(1), 1).await.unwrap();
    assert_eq!(deleting.len(), 1);
    let answer = app.post("/v1/media", "halo").bearer(&key).english().await_answer().await;
    assert_eq!(answer.headers["retry-after"], "5");
    insta::assert_snapshot!(answer, @r#"
    503
    {
      "error": {
        "code": "service_unavailable",
        "request_id": "req_…"
      },
      "message": "The same file, kept before and never used, is just being deleted. Send it again shortly.",
      "success": false
    }
    "#);
    store.forget_garbage(deleting).await.unwrap();
    assert_eq!(app.post("/v1/media", "halo").bearer(&key).await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_stops_coming_is_given_up() {
    let app = App::new().await;
    let key = app.key().await;
    let (body, silence) = stalling();
    let answer = app.post("/v1/media", body).bearer(&key).english().await_answer();
    let (answer, ()) = tokio::join!(answer, async {
        silence.await.unwrap();
        app.clock.advance(Duration::from_secs(30));
    });
    insta::assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "invalid_json",
        "request_id": "req_…"
      },
      "message": "The file stopped coming, or came too slowly. Check your connection, then send it again.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_file_that_comes_a_byte_now_and_then_is_given_up_too() {
    let app = App::new().await;
    let (key, clock) = (app.key().await, app.clock.clone());
    let trickle = stream::repeat_with(move || {
        clock.advance(Duration::from_secs(29));
        Ok::<_, std::io::Error>(Bytes::from_static(b"a"))
    });
    let began = app.clock_seconds();
    let answer = app.post("/v1/media", Body::from_stream(trickle)).bearer(&key).await_answer().await;
    assert_eq!(answer.gist(), "422 invalid_json");
    assert!(app.clock_seconds() - began <= 31 * 60, "{}", app.clock_seconds() - began);
}

#[tokio::test]
async fn files_on_their_way_take_no_place_from_other_requests() {
    let app = App::with(Face::Public, |options| options.concurrency = 1).await;
    let key = app.key().await;
    let (body, mut silence) = stalling();
    let mut upload = pin!(app.post("/v1/media", body).bearer(&key).begin());
    tokio::select! {
        answer = &mut upload => panic!("{answer:?}"),
        begun = &mut silence => begun.unwrap(),
    }
    let other = app.get("/v1/devices").bearer(&key).await_answer().await;
    assert_eq!(other.status, StatusCode::OK, "{other}");
}

#[tokio::test]
async fn a_workspace_has_a_bounded_number_of_files_on_their_way() {
    let app = App::with(Face::Public, |options| options.requests_per_minute = 1000).await;
    let key = app.key().await;
    let mut uploads = Vec::new();
    for _ in 0..32 {
        let (body, mut silence) = stalling();
        let mut upload = Box::pin(app.post("/v1/media", body).bearer(&key).begin());
        tokio::select! {
            answer = &mut upload => panic!("{answer:?}"),
            begun = &mut silence => begun.unwrap(),
        }
        uploads.push(upload);
    }
    let send = || app.post("/v1/media", "halo").bearer(&key).await_answer();
    let refused = send().await;
    assert_eq!((refused.gist().as_str(), refused.header("retry-after")), ("503 overloaded", "5"));
    let neighbour = app.engine.operator(app.engine.add_workspace("Kios".to_owned()).await.unwrap());
    let theirs = app.key_in(&neighbour, |_| {}).await;
    let answer = app.post("/v1/media", "halo").bearer(&theirs).await_answer().await;
    assert_eq!(answer.status, StatusCode::OK, "a neighbour's files are not held up: {answer}");
    // Its sender is gone.
    uploads.pop();
    assert_eq!(send().await.status, StatusCode::OK);
}
