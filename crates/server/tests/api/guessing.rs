//! Who is kept out: whoever guesses passwords and links, and whoever comes from a blocked address.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_model::Role;
use serde_json::json;

use crate::{
    app::App,
    people::{Browser, account, browser, sign_in},
};

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_alike() {
    let app = App::new().await;
    account(&app, "budi@contoh.com", Role::Owner).await;
    for (email, password) in [("budi@contoh.com", "salah"), ("siapa@contoh.com", "salah")] {
        let answer = sign_in(&app, email, password).await;
        assert_eq!((answer.gist().as_str(), answer.header("set-cookie")), ("401 wrong_credentials", ""));
    }
    let nothing = app.post("/v1/session", r#"{"email":"","password":7}"#).await_answer().await;
    assert_eq!(nothing.gist(), "422 validation_failed · email: empty · password: wrong_type");
}

#[tokio::test]
async fn whoever_guesses_is_stopped_by_name_for_a_while() {
    let app = App::new().await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    for _ in 0..10 {
        assert_eq!(sign_in(&app, "budi@contoh.com", "salah").await.gist(), "401 wrong_credentials");
    }
    let answer = sign_in(&app, "BUDI@contoh.com", &password).await;
    assert_eq!((answer.gist().as_str(), answer.header("retry-after")), ("429 sign_in_limited", "900"));
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.status, StatusCode::OK);
}

#[tokio::test]
async fn blocked_addresses_are_refused_with_a_key_and_with_a_session() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let key = app.key().await;
    let block =
        async |body: &str| owner.with(app.post("/v1/blocked-ips", body.to_owned())).await_answer().await;
    assert_eq!(
        block(r#"{"range":"203.0.113.0/24"}"#).await.gist(),
        "422 validation_failed · range: own_address"
    );
    assert_eq!(block(r#"{"range":"toko"}"#).await.gist(), "422 validation_failed · range: invalid_ip_range");
    let made = block(r#"{"range":"198.51.100.9/24","note":"tamu"}"#).await;
    assert_eq!(made.json()["data"]["range"], "198.51.100.0/24");
    assert_eq!(
        block(r#"{"range":"198.51.100.0/24"}"#).await.gist(),
        "422 validation_failed · range: duplicate"
    );
    let from = "198.51.100.1";
    let refused = async || {
        let key = app.get("/v1/devices").bearer(&key).from(from).await_answer().await.gist();
        let person = owner.with(app.get("/v1/devices")).from(from).await_answer().await.gist();
        [key, person]
    };
    assert_eq!(refused().await, ["403 ip_blocked", "403 ip_blocked"]);
    let path = format!("/v1/blocked-ips/{}", made.json()["data"]["id"].as_str().unwrap());
    assert_eq!(owner.with(app.ask(Method::DELETE, &path)).await_answer().await.gist(), "200 ok");
    assert_eq!(refused().await, ["200 ok", "200 ok"]);
}

#[tokio::test]
async fn an_answer_to_a_refused_sign_in_waits_for_no_line_in_the_log() {
    let mut app = App::new().await;
    account(&app, "budi@contoh.com", Role::Owner).await;
    assert_eq!(sign_in(&app, "budi@contoh.com", "salah").await.gist(), "401 wrong_credentials");
    let written = async |app: &App| {
        let log = app.engine.store().audit_log(&app.operator.workspace.id, None, 10).await.unwrap();
        log.iter().filter(|line| line.action == "signInRefused").count()
    };
    assert_eq!(written(&app).await, 0, "else the time would tell that there is such an account");
    app.run().await;
    app.clock.advance(Duration::from_secs(1));
    app.until(async |app| written(app).await == 1).await;
}

#[tokio::test]
async fn a_stranger_who_knows_a_name_locks_nobody_out_who_is_signed_in() {
    let app = App::new().await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    let budi = Browser::of(&sign_in(&app, "budi@contoh.com", &password).await);
    for _ in 0..10 {
        sign_in(&app, "budi@contoh.com", "salah").await;
    }
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.gist(), "429 sign_in_limited");
    let change = json!({"current": password, "new": "kata sandi baru"}).to_string();
    assert_eq!(budi.with(app.post("/v1/session/password", change)).await_answer().await.gist(), "200 ok");
    // Whoever holds the browser may not guess on without end either.
    let wrong = || json!({"current": "salah", "new": "kata sandi baru"}).to_string();
    for _ in 0..10 {
        let answer = budi.with(app.post("/v1/session/password", wrong())).await_answer().await;
        assert_eq!(answer.gist(), "401 wrong_credentials");
    }
    let answer = budi.with(app.post("/v1/session/password", wrong())).await_answer().await;
    assert_eq!(answer.gist(), "429 sign_in_limited");
}

#[tokio::test]
async fn of_tries_from_one_address_only_the_wrong_ones_count() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let invite = owner.with(app.post("/v1/users", r#"{"email":"ani@contoh.com","role":"agent"}"#));
    let url = invite.await_answer().await.json()["data"]["invitation_url"].as_str().unwrap().to_owned();
    let right = format!("/v1/invitations/{}", url.rsplit_once('/').unwrap().1);
    for _ in 0..60 {
        assert_eq!(app.get(&right).await_answer().await.gist(), "200 ok");
    }
    for _ in 0..49 {
        assert_eq!(app.get("/v1/invitations/x").await_answer().await.gist(), "404 invitation_ended");
    }
    let password = account(&app, "budi@contoh.com", Role::Agent).await;
    for _ in 0..2 {
        assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.status, StatusCode::OK);
    }
    assert_eq!(app.get("/v1/invitations/x").await_answer().await.gist(), "404 invitation_ended");
    assert_eq!(app.get(&right).await_answer().await.gist(), "429 sign_in_limited");
}
