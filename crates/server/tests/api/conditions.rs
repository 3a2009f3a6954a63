//! What holds for every request, and what happens when things are not well.

use axum::http::{Method, StatusCode};
use cetar_model::Channel;
use cetar_server::Face;
use insta::assert_snapshot;

use crate::app::{App, DOCUMENTS_FIRST};

#[tokio::test]
async fn an_unknown_path_is_not_found_in_the_same_envelope() {
    let app = App::new().await;
    assert_snapshot!(app.get("/v2/messages").await_answer().await, @r#"
    404
    {
      "error": {
        "code": "not_found",
        "request_id": "req_…"
      },
      "message": "Tidak ditemukan. Periksa alamat dan ID-nya.",
      "success": false
    }
    "#);
    for path in ["/v1", "/v1/", "/v1/messages/", "/v1/workspaces", "/wp-login.php"] {
        assert_eq!(app.get(path).await_answer().await.gist(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn another_method_is_told_which_are_allowed() {
    let app = App::new().await;
    let answer = app.get("/v1/send-template").english().await_answer().await;
    assert_snapshot!(answer, @r#"
    405
    {
      "error": {
        "code": "method_not_allowed",
        "request_id": "req_…"
      },
      "message": "This HTTP method does not apply to that address; see the Allow header.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("allow"), "POST");
    let answer = app.ask(Method::PUT, "/v1/devices/dev_1").await_answer().await;
    assert_eq!(
        (answer.gist().as_str(), answer.header("allow")),
        ("405 method_not_allowed", "GET,HEAD,PATCH,DELETE")
    );
    let answer = app.post("/healthz", "").await_answer().await;
    assert_eq!((answer.gist().as_str(), answer.header("allow")), ("405 method_not_allowed", "GET,HEAD"));
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_refusals_repeat_it() {
    let app = App::new().await;
    let (one, other) =
        (app.get("/v1/devices").await_answer().await, app.get("/v1/devices").await_answer().await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert!(one.header("x-request-id").starts_with("req_"));
    assert_eq!(one.json()["error"]["request_id"], one.header("x-request-id"));
}

#[tokio::test]
async fn a_panic_is_our_fault_and_tells_nothing() {
    let app = App::new().await;
    let admin = app.admin_key().await;
    let ask = app.post("/v1/webhooks", r#"{"url":"https://panic.example/"}"#).bearer(&admin);
    let answer = ask.await_answer().await;
    assert_snapshot!(answer, @r#"
    500
    {
      "error": {
        "code": "internal_error",
        "request_id": "req_…"
      },
      "message": "Kesalahan pada server kami. Sebutkan request_id bila melaporkannya.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("x-ratelimit-limit"), "60");
    // The next request is served.
    assert_eq!(app.get("/v1/webhooks").bearer(&admin).await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_its_database_the_server_says_so_and_is_not_ready() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    app.send(&key).await;
    app.engine.store().close().await;
    let answer = app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&key).await_answer().await;
    assert_snapshot!(answer, @r#"
    503
    {
      "error": {
        "code": "service_unavailable",
        "request_id": "req_…"
      },
      "message": "Server sedang tidak bisa menyimpan. Coba lagi sebentar lagi; dengan Idempotency-Key yang sama, pengulangan selalu aman.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("retry-after"), "5");
    assert_snapshot!(app.get("/readyz").await_answer().await, @r#"
    503
    {
      "checks": {
        "database": "unavailable",
        "disk": "ok",
        "process": "ok",
        "workers": "not_running"
      },
      "ready": false
    }
    "#);
}

#[tokio::test]
async fn a_full_house_and_a_closing_one_turn_requests_away_at_once() {
    let app = App::with(Face::Public, |options| options.concurrency = 0).await;
    let answer = app.post("/v1/messages", DOCUMENTS_FIRST).await_answer().await;
    assert_snapshot!(answer, @r#"
    503
    {
      "error": {
        "code": "overloaded",
        "request_id": "req_…"
      },
      "message": "Server sedang sangat sibuk. Tidak ada yang dikirim; coba lagi sebentar lagi.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(app.get("/healthz").await_answer().await.status, StatusCode::OK);

    let app = App::with(Face::Public, |options| options.stop.cancel()).await;
    let answer = app.post("/v1/messages", DOCUMENTS_FIRST).await_answer().await;
    assert_snapshot!(answer, @r#"
    503
    {
      "error": {
        "code": "shutting_down",
        "request_id": "req_…"
      },
      "message": "Server sedang dimatikan atau dimulai ulang. Tidak ada yang dikirim; coba lagi sebentar lagi.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("retry-after"), "5");
    let ready = app.get("/readyz").await_answer().await;
    assert_eq!((ready.status.as_u16(), &ready.json()["checks"]["process"]), (503, &"stopping".into()));
    assert_eq!(app.get("/healthz").await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_other_site_may_read_answers_in_a_browser() {
    let app = App::new().await;
    let key = app.key().await;
    let answer =
        app.get("/v1/devices").bearer(&key).header("origin", "https://evil.example").await_answer().await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(app.ask(Method::OPTIONS, "/v1/devices").await_answer().await.gist(), "405 method_not_allowed");
}
