//! Signing in, roles, invitations, the audit log.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use cetar_model::Role;
use cetar_server::Face;
use insta::assert_snapshot;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, mask};

/// A signed-in browser.
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Browser {
    /// Reads what a sign-in answered.
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{answer}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { cookie, csrf: answer.json()["data"]["csrf_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn with<'a>(&self, ask: Ask<'a>) -> Ask<'a> {
        ask.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }
}

/// An account with a password that a test knows.
pub(crate) async fn account(app: &App, email: &str, role: Role) -> String {
    app.engine.make_user(&app.operator, email, role).await.unwrap().1.expose_secret().to_owned()
}

pub(crate) async fn sign_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password}).to_string();
    app.post("/v1/session", body).await_answer().await
}

pub(crate) async fn browser(app: &App, role: Role) -> Browser {
    let email = format!("{role}@contoh.com");
    let password = account(app, &email, role).await;
    Browser::of(&sign_in(app, &email, &password).await)
}

#[tokio::test]
async fn a_person_signs_in_and_is_known_by_the_cookie() {
    let app = App::new().await;
    let password = account(&app, "Budi@Contoh.com", Role::Agent).await;
    let answer = sign_in(&app, " budi@contoh.COM ", &password).await;
    let mut shown = answer.json();
    shown["data"]["csrf_token"] = "…".into();
    assert_snapshot!(mask(&serde_json::to_string_pretty(&shown).unwrap()), @r#"
    {
      "data": {
        "csrf_token": "…",
        "permissions": [
          "conversations",
          "messages",
          "templates"
        ],
        "user": {
          "email": "budi@contoh.com",
          "id": "usr_…",
          "language": "id",
          "name": "",
          "role": "agent",
          "totp": false
        },
        "workspace": {
          "id": "ws_…",
          "language": "id",
          "name": "Toko",
          "time_zone": "Asia/Jakarta"
        }
      },
      "message": "Selamat datang.",
      "success": true
    }
    "#);
    let cookie = answer.header("set-cookie").to_owned();
    let (value, rest) = cookie.split_once(';').unwrap();
    assert_eq!(value.len(), "cetar_session=".len() + 43, "32 random bytes");
    assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000");
    let browser = Browser::of(&answer);
    let again = app.get("/v1/session").header("cookie", &browser.cookie).await_answer().await;
    assert_eq!(again.json()["data"], answer.json()["data"]);
    assert_eq!(app.get("/v1/session").await_answer().await.gist(), "401 not_signed_in");
}

#[tokio::test]
async fn the_cookie_is_for_https_alone_where_the_request_came_by_it() {
    let app =
        App::with(Face::Public, |options| options.trusted_proxies = vec!["203.0.113.7/32".parse().unwrap()])
            .await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    let body = json!({"email": "budi@contoh.com", "password": password}).to_string();
    let ask = app.post("/v1/session", body).header("x-forwarded-proto", "https");
    assert!(ask.await_answer().await.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn a_request_that_changes_something_carries_the_token_of_its_session() {
    let app = App::new().await;
    let (owner, other) = (browser(&app, Role::Owner).await, browser(&app, Role::Admin).await);
    let rename = |csrf: Option<&str>| {
        let ask = app.ask_with(Method::PATCH, "/v1/session", r#"{"name":"Budi"}"#);
        let ask = ask.header("cookie", &owner.cookie);
        match csrf {
            Some(token) => ask.header("x-csrf-token", token),
            None => ask,
        }
    };
    assert_eq!(rename(None).await_answer().await.gist(), "403 csrf_token_missing");
    assert_eq!(rename(Some(&other.csrf)).await_answer().await.gist(), "403 csrf_token_missing");
    let renamed = rename(Some(&owner.csrf)).await_answer().await;
    assert_eq!(renamed.json()["data"]["user"]["name"], "Budi");
    let read = app.get("/v1/devices").header("cookie", &owner.cookie).await_answer().await;
    assert_eq!(read.status, StatusCode::OK, "reading needs none");
    let forged = app.post("/v1/session", "{}").header("sec-fetch-site", "cross-site").await_answer().await;
    assert_eq!(forged.gist(), "403 csrf_token_missing", "another site's page cannot sign anybody in");
}

#[tokio::test]
async fn what_a_person_changes_about_themselves_every_browser_of_theirs_is_told_at_once() {
    let app = App::new().await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    let (here, there) = (
        Browser::of(&sign_in(&app, "budi@contoh.com", &password).await),
        Browser::of(&sign_in(&app, "budi@contoh.com", &password).await),
    );
    let user = async |browser: &Browser| {
        let answer = browser.with(app.get("/v1/session")).await_answer().await.json();
        answer["data"]["user"].clone()
    };
    assert_eq!(user(&there).await["language"], "id");
    let change = app.ask_with(Method::PATCH, "/v1/session", r#"{"name":"Budi","language":"en"}"#);
    assert_eq!(here.with(change).await_answer().await.status, StatusCode::OK);
    let told = user(&there).await;
    assert_eq!((&told["name"], &told["language"]), (&json!("Budi"), &json!("en")));
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_alone_for_twelve_hours_and_after_thirty_days() {
    let app = App::new().await;
    let (idle, busy) = (browser(&app, Role::Owner).await, browser(&app, Role::Admin).await);
    let known = async |browser: &Browser| {
        app.get("/v1/session").header("cookie", &browser.cookie).await_answer().await.status == StatusCode::OK
    };
    app.clock.advance(Duration::from_hours(11));
    assert!(known(&busy).await);
    app.clock.advance(Duration::from_hours(1));
    assert!(!known(&idle).await, "left alone");
    for step in 0..64 {
        assert!(known(&busy).await, "at hour {}", 12 + step * 11);
        app.clock.advance(Duration::from_hours(11));
    }
    app.clock.advance(Duration::from_hours(11));
    assert!(!known(&busy).await, "however much it is used");
}

#[tokio::test]
async fn signing_out_ends_the_session_wherever_its_cookie_is() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let answer = owner.with(app.ask(Method::DELETE, "/v1/session")).await_answer().await;
    assert!(answer.header("set-cookie").starts_with("cetar_session=; ") && answer.status == StatusCode::OK);
    let again = app.get("/v1/session").header("cookie", &owner.cookie).await_answer().await;
    assert_eq!(again.gist(), "401 not_signed_in");
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let app = App::new().await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    let here = Browser::of(&sign_in(&app, "budi@contoh.com", &password).await);
    let there = Browser::of(&sign_in(&app, "budi@contoh.com", &password).await);
    let change = async |current: &str, new: &str| {
        let body = json!({"current": current, "new": new}).to_string();
        here.with(app.post("/v1/session/password", body)).await_answer().await.gist()
    };
    assert_eq!(change(&password, "pendek").await, "422 validation_failed · new: too_short");
    assert_eq!(change("salah", "kata sandi baru").await, "401 wrong_credentials");
    assert_eq!(change(&password, "kata sandi baru").await, "200 ok");
    let known = async |browser: &Browser| {
        app.get("/v1/session").header("cookie", &browser.cookie).await_answer().await.gist()
    };
    assert_eq!((known(&here).await.as_str(), known(&there).await.as_str()), ("200 ok", "401 not_signed_in"));
    assert_eq!(sign_in(&app, "budi@contoh.com", "kata sandi baru").await.status, StatusCode::OK);
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.gist(), "401 wrong_credentials");
}

#[tokio::test]
async fn an_invited_person_comes_by_the_link_once() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let invite = owner.with(app.post("/v1/users", r#"{"email":"ani@contoh.com","role":"agent"}"#));
    let invited = invite.header("host", "pesan.contoh.com").await_answer().await.json()["data"].clone();
    let url = invited["invitation_url"].as_str().unwrap();
    let token = url.strip_prefix("http://pesan.contoh.com/invitation/").unwrap();
    assert_eq!((&invited["invited"], &invited["role"]), (&json!(true), &json!("agent")));
    let path = format!("/v1/invitations/{token}");
    let shown = app.get(&path).await_answer().await;
    assert_eq!(shown.json()["data"], json!({"email": "ani@contoh.com", "workspace": "Toko"}));
    assert_eq!(sign_in(&app, "ani@contoh.com", "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in(&app, "ani@contoh.com", " x").await.gist(), "401 wrong_credentials");

    let come = || app.post(&path, r#"{"name":"Ani","password":"kata sandi ani"}"#);
    let ani = Browser::of(&come().await_answer().await);
    let me = app.get("/v1/session").header("cookie", &ani.cookie).await_answer().await.json();
    assert_eq!((&me["data"]["user"]["name"], &me["data"]["user"]["role"]), (&json!("Ani"), &json!("agent")));
    assert_eq!(come().await_answer().await.gist(), "404 invitation_ended", "the link is used up");
    assert_eq!(sign_in(&app, "ani@contoh.com", "kata sandi ani").await.status, StatusCode::OK);
    let id = invited["id"].as_str().unwrap();
    let again = owner.with(app.post(&format!("/v1/users/{id}/invite"), "")).await_answer().await;
    assert_eq!(again.gist(), "422 not_invited");
}

#[tokio::test]
async fn an_invitation_ends_after_a_week_and_with_a_newer_one() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let path = |data: &Value| {
        let url = data["invitation_url"].as_str().unwrap();
        format!("/v1/invitations/{}", url.rsplit_once('/').unwrap().1)
    };
    let invite = owner.with(app.post("/v1/users", r#"{"email":"ani@contoh.com","role":"agent"}"#));
    let first = invite.await_answer().await.json()["data"].clone();
    let again = format!("/v1/users/{}/invite", first["id"].as_str().unwrap());
    let second = owner.with(app.post(&again, "")).await_answer().await.json()["data"].clone();
    assert_eq!(app.get(&path(&first)).await_answer().await.gist(), "404 invitation_ended");
    assert_eq!(app.get(&path(&second)).await_answer().await.gist(), "200 ok");
    app.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(app.get(&path(&second)).await_answer().await.gist(), "404 invitation_ended");
}

#[tokio::test]
async fn an_admin_leaves_owners_alone_and_the_last_owner_stays() {
    let app = App::new().await;
    let (owner, admin) = (browser(&app, Role::Owner).await, browser(&app, Role::Admin).await);
    let key = app.admin_key().await;
    let users = owner.with(app.get("/v1/users")).await_answer().await.json()["data"].clone();
    let id = |email: &str| {
        let user = users.as_array().unwrap().iter().find(|user| user["email"] == email);
        user.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (owners, admins) = (id("owner@contoh.com"), id("admin@contoh.com"));
    let change = async |browser: &Browser, id: &str, body: &'static str| {
        let ask = app.ask_with(Method::PATCH, &format!("/v1/users/{id}"), body);
        browser.with(ask).await_answer().await.gist()
    };
    assert_eq!(change(&admin, &owners, r#"{"role":"agent"}"#).await, "403 role_missing");
    assert_eq!(change(&admin, &admins, r#"{"role":"owner"}"#).await, "403 role_missing");
    let new = r#"{"email":"x@contoh.com","role":"owner"}"#;
    assert_eq!(admin.with(app.post("/v1/users", new)).await_answer().await.gist(), "403 role_missing");
    assert_eq!(app.post("/v1/users", new).bearer(&key).await_answer().await.gist(), "403 role_missing");
    assert_eq!(change(&owner, &owners, r#"{"role":"admin"}"#).await, "422 last_owner");
    assert_eq!(change(&owner, &owners, r#"{"disabled":true}"#).await, "422 last_owner");
    let remove = app.ask(Method::DELETE, &format!("/v1/users/{owners}"));
    assert_eq!(owner.with(remove).await_answer().await.gist(), "422 last_owner");
    // Of two, one may go; what they may not do any more is refused at once.
    assert_eq!(change(&owner, &admins, r#"{"role":"owner"}"#).await, "200 ok");
    assert_eq!(change(&admin, &owners, r#"{"role":"agent"}"#).await, "200 ok");
    assert_eq!(owner.with(app.get("/v1/users")).await_answer().await.gist(), "403 role_missing");
    assert_eq!(change(&admin, &owners, r#"{"disabled":true}"#).await, "200 ok");
    assert_eq!(owner.with(app.get("/v1/session")).await_answer().await.gist(), "401 not_signed_in");
}

#[tokio::test]
async fn a_second_factor_takes_a_code_once_and_recovery_codes_once_each() {
    let app = App::new().await;
    let password = account(&app, "budi@contoh.com", Role::Owner).await;
    let budi = Browser::of(&sign_in(&app, "budi@contoh.com", &password).await);
    let begun = budi.with(app.post("/v1/session/totp", "")).await_answer().await.json()["data"].clone();
    assert!(begun["qr_svg"].as_str().unwrap().starts_with("<svg "), "{begun}");
    assert!(begun["url"].as_str().unwrap().starts_with("otpauth://totp/Cetar:budi%40contoh.com?secret="));
    // It does not count yet.
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.status, StatusCode::OK);
    let code = |secret: &Value| totp(secret.as_str().unwrap(), app.clock_seconds());
    let confirm = async |code: &str| {
        let body = json!({"code": code}).to_string();
        budi.with(app.post("/v1/session/totp/confirm", body)).await_answer().await
    };
    assert_eq!(confirm("000000").await.gist(), "401 totp_required");
    let confirmed = confirm(&code(&begun["secret"])).await.json();
    let recovery = confirmed["data"]["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 8);

    let with_code = async |code: &str| {
        let body = json!({"email": "budi@contoh.com", "password": password, "code": code}).to_string();
        app.post("/v1/session", body).await_answer().await.gist()
    };
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.gist(), "401 totp_required");
    assert_eq!(with_code(&code(&begun["secret"])).await, "401 totp_required", "it was used to confirm");
    app.clock.advance(Duration::from_mins(1));
    let fresh = code(&begun["secret"]);
    assert_eq!(
        (with_code(&fresh).await.as_str(), with_code(&fresh).await.as_str()),
        ("200 ok", "401 totp_required")
    );
    let one = recovery[0].as_str().unwrap();
    assert_eq!(
        (with_code(one).await.as_str(), with_code(one).await.as_str()),
        ("200 ok", "401 totp_required")
    );

    // An open browser alone exchanges nobody's factor.
    let another = async || budi.with(app.post("/v1/session/totp", "")).await_answer().await.gist();
    assert_eq!(another().await, "422 totp_already_on");
    assert_eq!(confirm(&code(&begun["secret"])).await.gist(), "401 totp_required");
    let end = async |password: &str| {
        let body = json!({"password": password}).to_string();
        budi.with(app.ask_with(Method::DELETE, "/v1/session/totp", body)).await_answer().await.gist()
    };
    assert_eq!(end("salah").await, "401 wrong_credentials");
    assert_eq!(end(&password).await, "200 ok");
    assert_eq!(another().await, "200 ok");
    assert_eq!(sign_in(&app, "budi@contoh.com", &password).await.status, StatusCode::OK);
}

/// RFC 6238, written anew: the product's own must agree with it.
fn totp(secret: &str, now: i64) -> String {
    let bits = secret.bytes().fold(String::new(), |bits, c| {
        bits + &format!("{:05b}", if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' })
    });
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = ring::hmac::sign(&key, &(now / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn what_was_done_is_noted_with_who_did_it_and_without_secrets() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let key = app.admin_key().await;
    let new = r#"{"name":"Situs"}"#;
    let made = owner.with(app.post("/v1/api-keys", new)).await_answer().await.json()["data"].clone();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        app.ask(Method::DELETE, &format!("/v1/api-keys/{id}")).bearer(&key).await_answer().await.gist(),
        "200 ok"
    );
    // Neither what was refused nor what was only read.
    owner.with(app.post("/v1/api-keys", "{}")).await_answer().await;
    sign_in(&app, "owner@contoh.com", "salah").await;
    let log = owner.with(app.get("/v1/audit-log")).await_answer().await;
    let lines: Vec<String> = log.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            format!(
                "{} {} {} {}",
                line["actor"]["kind"],
                line["actor"]["name"],
                line["action"],
                line["target"] == *id
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#""user" "owner@contoh.com" "signInRefused" false"#,
            r#""key" "test" "revokeApiKey" true"#,
            r#""user" "owner@contoh.com" "createApiKey" true"#,
            r#""user" "owner@contoh.com" "signIn" false"#,
        ]
    );
    assert!(!log.body.contains("sk_live_"), "{log}");
    let first = owner.with(app.get("/v1/audit-log?limit=3")).await_answer().await.json();
    let next = format!("/v1/audit-log?after={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(owner.with(app.get(&next)).await_answer().await.json()["data"][0]["action"], "signIn");
}

#[tokio::test]
async fn an_account_belongs_to_its_workspace() {
    let app = App::new().await;
    let owner = browser(&app, Role::Owner).await;
    let elsewhere = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let (other, _) = app.engine.make_user(&elsewhere, "ani@contoh.com", Role::Agent).await.unwrap();
    for (method, path) in [
        (Method::PATCH, format!("/v1/users/{}", other.id)),
        (Method::DELETE, format!("/v1/users/{}", other.id)),
        (Method::POST, format!("/v1/users/{}/invite", other.id)),
    ] {
        let answer = owner.with(app.ask_with(method, &path, "{}")).await_answer().await;
        assert_eq!(answer.gist(), "404 not_found", "{path}");
    }
    let new = r#"{"email":"ANI@contoh.com","role":"agent"}"#;
    let taken = owner.with(app.post("/v1/users", new)).await_answer().await;
    assert_eq!(taken.gist(), "422 validation_failed · email: email_taken");
    let log = owner.with(app.get("/v1/audit-log")).await_answer().await.json();
    assert_eq!(log["data"].as_array().unwrap().len(), 1, "its own sign-in alone: {log}");
}
