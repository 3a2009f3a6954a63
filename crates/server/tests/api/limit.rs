//! Sixty requests in any sixty seconds.

use std::time::Duration;

use axum::http::StatusCode;
use cetar_model::{Plan, Role};
use insta::assert_snapshot;

use crate::{app::App, people::browser};

#[tokio::test]
async fn the_61st_request_within_sixty_seconds_is_refused_and_says_when_to_come_back() {
    let app = App::new().await;
    let key = app.key().await;
    for _ in 0..30 {
        assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
    }
    app.clock.advance(Duration::from_millis(20_500));
    for _ in 0..30 {
        assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
    }
    let answer = app.get("/v1/devices").bearer(&key).await_answer().await;
    assert_snapshot!(answer, @r#"
    429
    {
      "error": {
        "code": "rate_limited",
        "request_id": "req_…"
      },
      "message": "Anda melebihi batas 60 request per menit. Coba lagi setelah Retry-After detik.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("retry-after"), "40");
    // It opens at the minute after the first, not at a minute's edge.
    app.clock.advance(Duration::from_millis(39_499));
    assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.gist(), "429 rate_limited");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_says_how_much_is_left() {
    let app = App::new().await;
    let key = app.key().await;
    app.get("/v1/devices").bearer(&key).await_answer().await;
    app.clock.advance(Duration::from_millis(10_200));
    // Also a refusal: it was let in, so it counts.
    let answer = app.post("/v1/messages", "").bearer(&key).await_answer().await;
    let headers =
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-policy", "ratelimit"];
    let shown = headers.map(|name| format!("{name}: {}", answer.header(name))).join("\n");
    assert_snapshot!(shown, @r#"
    x-ratelimit-limit: 60
    x-ratelimit-remaining: 58
    x-ratelimit-reset: 1709650060
    ratelimit-policy: "default";q=60;w=60
    ratelimit: "default";r=58;t=50
    "#);
}

#[tokio::test]
async fn each_key_has_its_own_limit_and_a_plan_may_set_another_figure() {
    let app = App::new().await;
    let (one, other) = (app.key().await, app.key().await);
    let plan = Plan { requests_per_minute: Some(2), ..Plan::default() };
    app.engine.set_plan(&app.operator.workspace.id, plan).await.unwrap();
    for _ in 0..2 {
        assert_eq!(app.get("/v1/devices").bearer(&one).await_answer().await.status, StatusCode::OK);
    }
    assert_eq!(app.get("/v1/devices").bearer(&one).await_answer().await.gist(), "429 rate_limited");
    let answer = app.get("/v1/devices").bearer(&other).await_answer().await;
    assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (StatusCode::OK, "2"));
}

#[tokio::test]
async fn a_person_has_a_limit_of_their_own_which_pages_do_not_run_into() {
    let app = App::new().await;
    let plan = Plan { requests_per_minute: Some(2), ..Plan::default() };
    app.engine.set_plan(&app.operator.workspace.id, plan).await.unwrap();
    let (agent, owner) = (browser(&app, Role::Agent).await, browser(&app, Role::Owner).await);
    for asked in 1..=600 {
        // What is about themselves counts as well.
        let path = if asked % 2 == 0 { "/v1/session" } else { "/v1/devices" };
        let answer = agent.with(app.get(path)).await_answer().await;
        assert_eq!(answer.status, StatusCode::OK, "{asked}: {answer}");
        assert_eq!(answer.header("x-ratelimit-limit"), "600");
        assert_eq!(answer.header("x-ratelimit-remaining"), (600 - asked).to_string());
    }
    for path in ["/v1/session", "/v1/devices"] {
        let refused = agent.with(app.get(path)).await_answer().await;
        assert_eq!((refused.gist().as_str(), refused.header("retry-after")), ("429 rate_limited", "60"));
    }
    assert_eq!(owner.with(app.get("/v1/devices")).await_answer().await.status, StatusCode::OK);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(agent.with(app.get("/v1/devices")).await_answer().await.status, StatusCode::OK);
}
