//! Files of the operator, and what becomes of files when somebody is erased.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use cetar_model::Channel;
use cetar_store::Scope;
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{Answer, App};

/// The least that is a picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

async fn upload(app: &App, key: &str, query: &str, bytes: &'static [u8]) -> Answer {
    app.post(&format!("/v1/media{query}"), Body::from(bytes)).bearer(key).await_answer().await
}

#[tokio::test]
async fn a_file_is_kept_as_what_it_is_and_given_out_under_its_address() {
    let app = App::new().await;
    app.engine.set_base_url("https://pesan.contoh.com");
    let key = app.key().await;
    let answer = upload(&app, &key, "?filename=..%2F..%2Fharga%20baru.exe", PNG).await;
    let mut shown = answer.json();
    let url = shown["data"]["media_url"].take().as_str().unwrap().to_owned();
    assert_snapshot!(shown["data"], @r#"{"bytes":16,"expires_at":"2024-03-12T14:46:40.000Z","media_url":null,"type":"image/png"}"#);
    let path = url.strip_prefix("https://pesan.contoh.com").unwrap();
    let got = app.get(path).begin().await;
    let header = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((got.status(), header("content-type").as_str()), (StatusCode::OK, "image/png"));
    assert_eq!(
        header("content-disposition"),
        "inline; filename=\"harga baru.exe\"; filename*=UTF-8''harga%20baru.exe"
    );
    let bytes = http_body_util::BodyExt::collect(got.into_body()).await.unwrap().to_bytes();
    assert_eq!(bytes, PNG);
    // A letter changed in the address opens nothing.
    let forged = app.get(&path.replace(".17", ".18")).await_answer().await;
    assert_eq!(forged.gist(), "404 media_link_invalid");
    app.clock.advance(std::time::Duration::from_hours(7 * 24));
    assert_eq!(app.get(path).await_answer().await.gist(), "404 media_link_expired");
}

#[tokio::test]
async fn a_page_is_not_given_out_as_one() {
    let app = App::new().await;
    let key = app.key().await;
    let answer =
        upload(&app, &key, "?filename=a.html", b"<html><script>alert(1)</script></html>").await.json();
    let got = app.get(answer["data"]["media_url"].as_str().unwrap()).begin().await;
    let header = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
    assert!(!header("content-type").contains("html"), "{}", header("content-type"));
    assert!(header("content-disposition").starts_with("attachment;"));
    assert_eq!(
        (header("content-security-policy").as_str(), header("x-content-type-options").as_str()),
        ("default-src 'none'; sandbox", "nosniff")
    );
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let app = App::new().await;
    let key = app.key().await;
    assert_eq!(upload(&app, &key, "", b"").await.gist(), "422 invalid_json");
    let long = format!("?filename={}", "x".repeat(256));
    assert_eq!(upload(&app, &key, &long, PNG).await.gist(), "422 validation_failed · filename: too_long");
    assert_eq!(app.post("/v1/media", Body::from(PNG)).await_answer().await.gist(), "401 api_key_missing");
}

#[tokio::test]
async fn an_uploaded_picture_that_was_sent_is_gone_with_the_person_it_was_for() {
    let mut app = App::new().await;
    app.router(cetar_server::Face::Public, |options| options.requests_per_minute = 1_000_000);
    app.engine.set_base_url("https://pesan.contoh.com");
    app.sandbox(Channel::Whatsapp).await;
    let (key, admin) =
        (app.key().await, app.key_with(|key| key.scopes = vec![Scope::Messages, Scope::Admin]).await);
    app.run().await;
    let mut paths = Vec::new();
    for bytes in [PNG, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR2"] {
        let url =
            upload(&app, &key, "", bytes).await.json()["data"]["media_url"].as_str().unwrap().to_owned();
        paths.push(url);
    }
    // The second is sent to somebody else as well.
    for (to, url) in
        [("6281234567890", &paths[0]), ("6281234567890", &paths[1]), ("6281234567891", &paths[1])]
    {
        let body = json!({"type": "image", "to": to, "media_url": url, "content": {}}).to_string();
        let sent = app.post("/v1/messages", body).bearer(&key).await_answer().await;
        assert_eq!(sent.gist(), "200 ok");
        let path = format!("/v1/jobs/{}", sent.json()["data"]["job_id"].as_str().unwrap());
        app.until(async |app| {
            app.get(&path).bearer(&key).await_answer().await.json()["data"]["status"] == "sent"
        })
        .await;
    }
    let found = app.get("/v1/contacts?search=6281234567890").bearer(&admin).await_answer().await.json();
    let contact = format!("/v1/contacts/{}", found["data"][0]["id"].as_str().unwrap());
    assert_eq!(app.ask(Method::DELETE, &contact).bearer(&admin).await_answer().await.gist(), "200 ok");
    let [theirs, shared] =
        [&paths[0], &paths[1]].map(|url| url.strip_prefix("https://pesan.contoh.com").unwrap().to_owned());
    assert_eq!(app.get(&theirs).await_answer().await.gist(), "404 media_lost");
    assert_eq!(app.get(&shared).begin().await.status(), StatusCode::OK, "another person was sent it");
    // Nor can it be sent again under its address.
    let body =
        json!({"type": "image", "to": "6281234567892", "media_url": paths[0], "content": {}}).to_string();
    let sent = app.post("/v1/messages", body).bearer(&key).await_answer().await;
    assert_eq!(sent.gist(), "422 validation_failed · media_url: no_such_medium");
}
