//! Health, metrics, the document and the pages.

use std::sync::Arc;

use axum::http::StatusCode;
use cetar_server::Face;
use insta::assert_snapshot;
use secrecy::SecretString;

use crate::app::App;

#[tokio::test]
async fn health_says_alive_and_readiness_says_what_is_missing() {
    let mut app = App::new().await;
    assert_snapshot!(app.get("/healthz").await_answer().await, @r#"
    200
    {
      "status": "alive"
    }
    "#);
    assert_snapshot!(app.get("/readyz").await_answer().await, @r#"
    503
    {
      "checks": {
        "database": "ok",
        "disk": "ok",
        "process": "ok",
        "workers": "not_running"
      },
      "ready": false
    }
    "#);
    app.run().await;
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_snapshot!(app.get("/readyz").await_answer().await, @r#"
    200
    {
      "checks": {
        "database": "ok",
        "disk": "ok",
        "process": "ok",
        "workers": "ok"
      },
      "ready": true
    }
    "#);
}

#[tokio::test]
async fn a_disk_without_room_means_not_ready_before_a_send_fails() {
    let mut app = App::with(Face::Public, |options| options.disk = Some(Arc::new(|| false))).await;
    app.run().await;
    let answer = app.get("/readyz").await_answer().await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let checks = &answer.json()["checks"];
    assert_eq!((&checks["disk"], &checks["database"]), (&"full".into(), &"ok".into()));
    assert_eq!(app.get("/healthz").await_answer().await.status, StatusCode::OK, "a restart would not help");
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_for_who_has_the_token() {
    let app = App::with(Face::Public, |options| {
        options.metrics = Some(Arc::new(|| "cetar_up 1\n".to_owned()));
        options.metrics_token = Some(SecretString::from("secret"));
    })
    .await;
    let local = app.get("/metrics").from("127.0.0.1").await_answer().await;
    assert_eq!((local.status, local.body.as_str()), (StatusCode::OK, "cetar_up 1\n"));
    assert_eq!(app.get("/metrics").from("::1").await_answer().await.status, StatusCode::OK);
    let with_token = app.get("/metrics").bearer("secret").await_answer().await;
    assert_eq!(with_token.status, StatusCode::OK);
    for ask in [
        app.get("/metrics"),
        app.get("/metrics").bearer("secre"),
        app.get("/metrics").bearer(""),
        // A proxy on this machine that nobody vouched for: its callers are not local.
        app.get("/metrics").from("127.0.0.1").header("x-forwarded-for", "203.0.113.7"),
        app.get("/metrics").from("10.0.0.1").header("x-forwarded-for", "203.0.113.7"),
    ] {
        assert_eq!(ask.await_answer().await.gist(), "403 metrics_not_allowed");
    }
    assert_eq!(
        App::new().await.get("/metrics").from("127.0.0.1").await_answer().await.gist(),
        "404 not_found"
    );
}

#[tokio::test]
async fn where_a_proxy_stands_in_front_nobody_is_local() {
    type Change = fn(&mut cetar_server::ServerOptions);
    let public = |options: &mut cetar_server::ServerOptions| {
        options.public_url = Some("https://pesan.contoh.com".parse().unwrap());
    };
    let proxied: Change = |options| options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let by_itself: Change = |options| options.tls = true;
    for (change, is_public, expected) in [
        (proxied, false, StatusCode::FORBIDDEN),
        (proxied, true, StatusCode::FORBIDDEN),
        ((|_| {}) as Change, true, StatusCode::FORBIDDEN),
        (by_itself, true, StatusCode::OK),
    ] {
        let app = App::with(Face::Public, |options| {
            options.metrics = Some(Arc::new(|| "cetar_up 1\n".to_owned()));
            options.metrics_token = Some(SecretString::from("secret"));
            if is_public {
                public(options);
            }
            change(options);
        })
        .await;
        // As nginx's `proxy_pass` alone sends it: without a word of whom it speaks for.
        assert_eq!(app.get("/metrics").from("127.0.0.1").await_answer().await.status, expected);
        let with_token = app.get("/metrics").bearer("secret").from("127.0.0.1").await_answer().await;
        assert_eq!(with_token.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_openapi_document_is_served_as_the_code_makes_it() {
    let app = App::new().await;
    let answer = app.get("/openapi.json").await_answer().await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json(), serde_json::to_value(cetar_server::openapi()).unwrap());
}

#[tokio::test]
async fn the_first_page_shows_how_to_send_the_first_message() {
    let app = App::new().await;
    let page = app.get("/").header("host", "pesan.contoh.com").await_answer().await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    for part in [
        "lang=\"id\"",
        "Kirim pesan pertama",
        "curl -X POST http://pesan.contoh.com/v1/messages",
        "cetar 1.2.3",
        "/openapi.json",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("<script") && !page.body.contains("SIMULASI"));
    let english = app.get("/").english().await_answer().await;
    assert!(english.body.contains("lang=\"en\"") && english.body.contains("Send the first message"));
}

#[tokio::test]
async fn a_host_that_is_none_does_not_reach_the_page() {
    let app = App::new().await;
    let page = app.get("/").header("host", "x';rm -rf ~;'").await_answer().await;
    assert!(page.body.contains("curl -X POST http://127.0.0.1:8080/v1/messages"));
}

#[tokio::test]
async fn behind_a_proxy_and_by_configuration_the_page_names_the_right_address() {
    let app =
        App::with(Face::Public, |options| options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()])
            .await;
    let ask =
        app.get("/").from("10.0.0.1").header("host", "api.contoh.com").header("x-forwarded-proto", "https");
    assert!(ask.await_answer().await.body.contains("curl -X POST https://api.contoh.com/v1/messages"));
    let app = App::with(Face::Public, |options| {
        options.public_url = Some("https://api.cetar.ai/".parse().unwrap());
    })
    .await;
    assert!(app.get("/").await_answer().await.body.contains("curl -X POST https://api.cetar.ai/v1/messages"));
}

#[tokio::test]
async fn a_simulated_build_says_so_loudly() {
    let app = App::with(Face::Public, |options| options.simulated = true).await;
    assert!(app.get("/").await_answer().await.body.contains("BUILD SIMULASI"));
}

#[tokio::test]
async fn the_reference_has_every_operation_and_every_code() {
    let app = App::new().await;
    let page = app.get("/docs").await_answer().await;
    assert_eq!(page.status, StatusCode::OK);
    for path in cetar_server::openapi().paths.paths.keys() {
        assert!(page.body.contains(&format!(" {path}</code>")), "{path}");
    }
    for code in cetar_server::ErrorCode::ALL {
        assert!(page.body.contains(&format!("<td><code>{code}</code></td>")), "{code}");
    }
    assert!(!page.body.contains("<script") && !page.body.contains("https://cdn"));
}

/// A dashboard of a few files.
fn dashboard(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "index.html" => b"<!doctype html>page",
        "assets/app-1a2b.js" => b"app()",
        "assets/app-1a2b.js.br" => b"(smaller)",
        "favicon.svg" => b"<svg/>",
        _ => return None,
    })
}

#[tokio::test]
async fn the_dashboards_addresses_answer_its_page_and_others_are_not_found() {
    let app = App::with(Face::Public, |options| options.dashboard = Some(dashboard)).await;
    for path in ["/", "/docs", "/index.html", "/inbox/cnv_1?x=1", "/invitation/abc", "/settings/"] {
        let answer = app.get(path).await_answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "<!doctype html>page"), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let names = ["cache-control", "x-content-type-options", "referrer-policy", "content-type"];
        let said = names.map(|name| answer.header(name));
        assert_eq!(said, ["no-cache", "nosniff", "no-referrer", "text/html; charset=utf-8"], "{path}");
    }
    for path in ["/v1", "/v1/nothing", "/callbacks/x/y", "/media", "/healthz/x", "/assets/app-old.js"] {
        assert_eq!(app.get(path).await_answer().await.gist(), "404 not_found", "{path}");
    }
    assert_eq!(app.post("/inbox", "").await_answer().await.gist(), "404 not_found");
    // What is no page: a person is told by the page, a program in its own words. Both see the status.
    for path in ["/v1x", "/wp-login.php", "/inbox/a/b", "/settings/nothing"] {
        let browser = app.get(path).header("accept", "text/html,*/*;q=0.8").await_answer().await;
        let shown = (browser.status, browser.body.as_str());
        assert_eq!(shown, (StatusCode::NOT_FOUND, "<!doctype html>page"), "{path}");
        assert_eq!(
            app.get(path).header("accept", "*/*").await_answer().await.gist(),
            "404 not_found",
            "{path}"
        );
    }
    for path in ["/v1/nothing", "/callbacks/x/y", "/media/a/b"] {
        let browser = app.get(path).header("accept", "text/html").await_answer().await;
        assert_eq!(browser.gist(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn what_has_its_hash_in_its_name_is_kept_for_ever_and_comes_in_its_smallest_form() {
    let app = App::with(Face::Public, |options| options.dashboard = Some(dashboard)).await;
    for (accepts, encoding, body) in [("gzip, br", "br", "(smaller)"), ("gzip", "", "app()")] {
        let ask = app.get("/assets/app-1a2b.js").header("accept-encoding", accepts);
        let answer = ask.await_answer().await;
        assert_eq!((answer.header("content-encoding"), answer.body.as_str()), (encoding, body));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
    }
    assert_eq!(app.get("/favicon.svg").await_answer().await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn browsers_are_told_to_come_by_https_where_that_is_ours_to_say() {
    for (tls, url, expected) in [
        (true, "https://pesan.contoh.com", "max-age=31536000"),
        (true, "https://pesan.contoh.com:8443", ""),
        (true, "http://pesan.contoh.com", ""),
        (false, "https://pesan.contoh.com", ""),
    ] {
        let app = App::with(Face::Public, |options| {
            (options.tls, options.public_url) = (tls, Some(url.parse().unwrap()));
        })
        .await;
        for path in ["/", "/healthz", "/v1/devices"] {
            let answer = app.get(path).await_answer().await;
            assert_eq!(answer.header("strict-transport-security"), expected, "{url} {path}");
        }
    }
}
