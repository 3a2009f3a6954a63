//! Who is let in.

use std::time::Duration;

use axum::http::StatusCode;
use cetar_model::{Channel, DeviceId};
use cetar_server::Face;
use cetar_store::Scope;
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{App, DOCUMENTS_FIRST};

#[tokio::test]
async fn without_a_key_the_answer_shows_how_to_give_one() {
    let app = App::new().await;
    let answer = app.post("/v1/messages", DOCUMENTS_FIRST).await_answer().await;
    assert_snapshot!(answer, @r#"
    401
    {
      "error": {
        "code": "api_key_missing",
        "request_id": "req_…"
      },
      "message": "API key tidak disertakan. Kirim header Authorization: Bearer sk_live_….",
      "success": false
    }
    "#);
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="cetar""#);
    assert_eq!(answer.header("x-ratelimit-limit"), "");
}

#[tokio::test]
async fn what_is_not_a_bearer_key_is_no_key() {
    let app = App::new().await;
    let key = app.key().await;
    for header in [key.as_str(), "Basic c2s6", "Bearer", "Bearer ", "Token x"] {
        let answer = app.get("/v1/devices").header("authorization", header).await_answer().await;
        assert_eq!(answer.gist(), "401 api_key_missing", "{header}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_apart_from_a_mistyped_one() {
    let (app, elsewhere) = (App::new().await, App::new().await);
    let key = app.key().await;
    let mistyped = key[..key.len() - 1].to_owned() + if key.ends_with('0') { "1" } else { "0" };
    let answer = app.get("/v1/devices").bearer(&mistyped).await_answer().await;
    assert_snapshot!(answer, @r#"
    401
    {
      "error": {
        "code": "api_key_malformed",
        "request_id": "req_…"
      },
      "message": "API key salah ketik atau terpotong. Salin ulang key lengkapnya: sk_live_ atau sk_test_ diikuti 36 karakter.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="cetar", error="invalid_token""#);
    for cut in [&key[..20], "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", "YOUR_API_KEY"] {
        let answer = app.get("/v1/devices").bearer(cut).await_answer().await;
        assert_eq!(answer.gist(), "401 api_key_malformed", "{cut}");
    }
    let answer = app.get("/v1/devices").bearer(&elsewhere.key().await).await_answer().await;
    assert_snapshot!(answer, @r#"
    401
    {
      "error": {
        "code": "api_key_invalid",
        "request_id": "req_…"
      },
      "message": "API key tidak dikenal. Buat key baru, atau periksa apakah key ini milik server lain.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_revoked_key_stops_working_at_once() {
    let app = App::new().await;
    let key = app.key().await;
    assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
    let id = app.engine.keys(&app.operator).await.unwrap()[0].id.clone();
    app.engine.revoke_key(&app.operator, &id).await.unwrap();
    assert_snapshot!(app.get("/v1/devices").bearer(&key).await_answer().await, @r#"
    401
    {
      "error": {
        "code": "api_key_revoked",
        "request_id": "req_…"
      },
      "message": "API key sudah dicabut. Pakai key lain atau buat yang baru.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn an_expired_key_stops_working_at_its_second() {
    let app = App::new().await;
    let key = app.key_with(|key| key.expires_in = Some(Duration::from_mins(10))).await;
    app.clock.advance(Duration::from_secs(599));
    assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
    app.clock.advance(Duration::from_secs(1));
    assert_snapshot!(app.get("/v1/devices").bearer(&key).await_answer().await, @r#"
    401
    {
      "error": {
        "code": "api_key_expired",
        "request_id": "req_…"
      },
      "message": "API key sudah kedaluwarsa. Buat key baru.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_key_tied_to_addresses_works_from_there_only() {
    let app = App::new().await;
    let key = app.key_with(|key| key.allow_ips = vec!["203.0.113.0/24".parse().unwrap()]).await;
    assert_eq!(
        app.get("/v1/devices").bearer(&key).from("203.0.113.9").await_answer().await.status,
        StatusCode::OK
    );
    let answer = app.get("/v1/devices").bearer(&key).from("198.51.100.1").await_answer().await;
    assert_snapshot!(answer, @r#"
    403
    {
      "error": {
        "code": "ip_blocked",
        "request_id": "req_…"
      },
      "message": "Alamat IP Anda tidak diizinkan memakai API key ini.",
      "success": false
    }
    "#);
    // Refused before it is counted.
    assert_eq!(answer.header("x-ratelimit-limit"), "");
}

#[tokio::test]
async fn the_address_is_the_one_a_trusted_proxy_names_and_nobody_else_may_name_one() {
    let app =
        App::with(Face::Public, |options| options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()])
            .await;
    let key = app.key_with(|key| key.allow_ips = vec!["203.0.113.7/32".parse().unwrap()]).await;
    for (peer, forwarded, expected) in [
        ("10.0.0.1", "203.0.113.7", "200 ok"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "200 ok"),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", "403 ip_blocked"),
        ("198.51.100.1", "203.0.113.7", "403 ip_blocked"),
    ] {
        let ask = app.get("/v1/devices").bearer(&key).from(peer).header("x-forwarded-for", forwarded);
        assert_eq!(ask.await_answer().await.gist(), expected, "{peer} {forwarded}");
    }
}

#[tokio::test]
async fn an_address_that_guesses_keys_is_shut_out_for_a_while() {
    let app = App::new().await;
    let key = app.key().await;
    for _ in 0..20 {
        app.get("/v1/devices").bearer("guess").await_answer().await;
    }
    let answer = app.get("/v1/devices").bearer(&key).await_answer().await;
    assert_snapshot!(answer, @r#"
    403
    {
      "error": {
        "code": "ip_blocked",
        "request_id": "req_…"
      },
      "message": "Terlalu banyak API key salah dari alamat IP Anda, jadi alamat ini diblokir sementara. Coba lagi setelah Retry-After detik.",
      "success": false
    }
    "#);
    assert_eq!(answer.header("retry-after"), "300");
    assert_eq!(
        app.get("/v1/devices").bearer(&key).from("198.51.100.1").await_answer().await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let app = App::new().await;
    let key = app.key_with(|key| key.scopes = vec![Scope::Messages]).await;
    for (method, path) in [
        ("POST", "/v1/devices"),
        ("DELETE", "/v1/devices/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"),
        ("GET", "/v1/devices/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/link/events"),
        ("GET", "/v1/api-keys"),
        ("POST", "/v1/api-keys"),
        ("GET", "/v1/webhooks"),
        ("GET", "/v1/workspace"),
        ("GET", "/v1/plan"),
    ] {
        let answer = app.ask(method.parse().unwrap(), path).bearer(&key).await_answer().await;
        assert_eq!(answer.gist(), "403 scope_missing", "{method} {path}");
        // It was let in, so it counts.
        assert_eq!(answer.header("x-ratelimit-limit"), "60");
    }
    assert_snapshot!(app.get("/v1/plan").bearer(&key).await_answer().await, @r#"
    403
    {
      "error": {
        "code": "scope_missing",
        "request_id": "req_…"
      },
      "message": "API key ini tidak punya scope admin. Buat key dengan scope itu.",
      "success": false
    }
    "#);
    assert_eq!(app.get("/v1/devices").bearer(&key).await_answer().await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_key_is_checked_before_anything_of_the_body_is() {
    let app = App::new().await;
    assert_eq!(app.post("/v1/messages", "{not json").await_answer().await.gist(), "401 api_key_missing");
}

/// Asks for a key, and tells the answer.
async fn make(app: &App, with: &str, body: &serde_json::Value) -> crate::app::Answer {
    app.post("/v1/api-keys", body.to_string()).bearer(with).await_answer().await
}

#[tokio::test]
async fn a_key_makes_none_that_may_do_more_than_itself() {
    let app = App::new().await;
    let (one, other) = (app.sandbox(Channel::Whatsapp).await, app.sandbox(Channel::Whatsapp).await);
    let maker = app
        .key_with(|key| {
            key.scopes = vec![Scope::Admin];
            key.devices = vec![one.clone()];
            key.allow_ips = vec!["203.0.113.0/24".parse().unwrap(), "198.51.100.7/32".parse().unwrap()];
            key.expires_in = Some(Duration::from_hours(2));
        })
        .await;
    let end = "2024-03-05T16:46:40.000Z";
    let same = make(&app, &maker, &json!({"name": "x", "test": true})).await.json()["data"].clone();
    assert_eq!(same["device_ids"], json!([one]));
    assert_eq!(same["allow_ips"], json!(["203.0.113.0/24", "198.51.100.7/32"]));
    assert_eq!(same["expires_at"], end);
    let body = json!({"name": "x", "test": true, "allow_ips": ["203.0.113.9"], "expires_in": 60});
    let less = make(&app, &maker, &body).await.json()["data"].clone();
    assert_eq!(
        (&less["allow_ips"], &less["expires_at"]),
        (&json!(["203.0.113.9/32"]), &json!("2024-03-05T14:47:40.000Z"))
    );
    for (more, expected) in [
        (json!({"allow_ips": ["203.0.113.9", "203.0.112.0/23"]}), "allow_ips[1]: outside_own_ranges"),
        (json!({"expires_in": 7201}), "expires_in: out_of_range"),
        (json!({"device_ids": [other]}), "device_ids[0]: no_such_device"),
    ] {
        let mut body = json!({"name": "x", "test": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = make(&app, &maker, &body).await;
        assert_eq!(answer.gist(), format!("422 validation_failed · {expected}"));
    }
}

#[tokio::test]
async fn a_key_of_some_devices_sees_and_revokes_the_keys_of_these_alone() {
    let app = App::new().await;
    let (one, other) = (app.sandbox(Channel::Whatsapp).await, app.sandbox(Channel::Whatsapp).await);
    let make_key = async |name: &str, devices: &[&DeviceId]| {
        app.key_with(|key| {
            key.name = name.to_owned();
            key.scopes = vec![Scope::Admin];
            key.devices = devices.iter().map(|id| (*id).clone()).collect();
        })
        .await
    };
    make_key("all", &[]).await;
    make_key("both", &[&one, &other]).await;
    make_key("other", &[&other]).await;
    let mine = make_key("one", &[&one]).await;
    let list =
        async |key: &str| app.get("/v1/api-keys").bearer(key).await_answer().await.json()["data"].clone();
    let names = |keys: &serde_json::Value| {
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&list(&mine).await), ["one"]);
    let all = list(&app.admin_key().await).await;
    assert_eq!(names(&all), ["test", "one", "other", "both", "all"]);
    for key in all.as_array().unwrap() {
        let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
        if key["name"] != "one" {
            let answer = app.ask(axum::http::Method::DELETE, &path).bearer(&mine).await_answer().await;
            assert_eq!(answer.gist(), "404 not_found", "{}", key["name"]);
        }
    }
}
