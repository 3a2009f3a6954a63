//! `POST /v1/check-number`.

use cetar_model::Channel;
use cetar_provider::NumberCheck;
use insta::assert_snapshot;

use crate::app::{Answer, App};

/// The document's example, as printed.
const DOCUMENTS: &str = r#"{
"channel": "whatsapp",
"phone": "6281234567890"
}"#;

async fn ready() -> (App, String) {
    let mut app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    app.run().await;
    app.until(async |app| *app.network.running().borrow() == 1).await;
    (app, key)
}

async fn check(app: &App, key: &str, body: &str) -> Answer {
    app.post("/v1/check-number", body.to_owned()).bearer(key).await_answer().await
}

#[tokio::test]
async fn on_telegram_it_says_whether_the_number_was_shared_with_the_bot() {
    let mut app = App::new().await;
    app.sandbox(Channel::Telegram).await;
    let key = app.key().await;
    app.run().await;
    app.until(async |app| *app.network.running().borrow() == 1).await;
    for (phone, jid, expected) in [
        ("6281234567890", Some("111"), "The number was shared with the bot."),
        ("6281234567891", None, "The number was not shared with the bot."),
    ] {
        let checked = NumberCheck { is_registered: jid.is_some(), jid: jid.map(str::to_owned) };
        app.network.next_check(Ok(checked));
        let body = format!(r#"{{"channel": "telegram", "phone": "{phone}"}}"#);
        let answer = app.post("/v1/check-number", body).bearer(&key).english().await_answer().await.json();
        assert_eq!((answer["message"].as_str(), answer["data"]["jid"].as_str()), (Some(expected), jid));
    }
}

#[tokio::test]
async fn the_documents_example_is_answered_as_the_document_has_it() {
    let (app, key) = ready().await;
    let jid = Some("6281234567890@s.whatsapp.net".to_owned());
    app.network.next_check(Ok(NumberCheck { is_registered: true, jid }));
    assert_snapshot!(check(&app, &key, DOCUMENTS).await, @r#"
    200
    {
      "data": {
        "is_registered": true,
        "jid": "6281234567890@s.whatsapp.net",
        "phone": "6281234567890"
      },
      "message": "Nomor terdaftar di WhatsApp.",
      "success": true
    }
    "#);
    app.network.next_check(Ok(NumberCheck { is_registered: false, jid: None }));
    assert_snapshot!(check(&app, &key, r#"{"phone": "6281234567891"}"#).await, @r#"
    200
    {
      "data": {
        "is_registered": false,
        "jid": null,
        "phone": "6281234567891"
      },
      "message": "Nomor tidak terdaftar di WhatsApp.",
      "success": true
    }
    "#);
}

#[tokio::test]
async fn a_device_that_has_asked_enough_says_when_it_may_again() {
    let (app, key) = ready().await;
    for last in 0..3 {
        let body = format!(r#"{{"phone": "628123456789{last}"}}"#);
        assert_eq!(check(&app, &key, &body).await.gist(), "200 ok");
    }
    let refused = check(&app, &key, r#"{"phone": "6281234567899"}"#).await;
    assert_eq!(
        (refused.gist(), refused.header("retry-after")),
        ("429 check_number_limited".to_owned(), "60")
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field() {
    let (app, key) = ready().await;
    for (body, expected) in [
        ("{}", "422 validation_failed · phone: required"),
        (
            r#"{"phone": "+6281234567890", "session_id": 5}"#,
            "422 validation_failed · phone: plus_sign · session_id: wrong_type",
        ),
        (r#"{"phone": "081234567890"}"#, "422 validation_failed · phone: leading_zero"),
        (r#"{"phone": 6281234567890}"#, "422 validation_failed · phone: wrong_type"),
        (r#"{"channel": "sms", "phone": "6281234567890"}"#, "422 validation_failed · channel: unknown_value"),
    ] {
        assert_eq!(check(&app, &key, body).await.gist(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_device_that_does_not_run_cannot_be_asked() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let answer = check(&app, &key, DOCUMENTS).await;
    assert_eq!((answer.gist(), answer.header("retry-after")), ("503 network_unavailable".to_owned(), "15"));
}
