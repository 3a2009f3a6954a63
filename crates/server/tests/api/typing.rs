//! `POST /v1/typing`.

use cetar_model::{Channel, FailureCode, SendError};
use insta::assert_snapshot;

use crate::app::{Answer, App};

async fn ready() -> (App, String) {
    let mut app = App::new().await;
    app.sandbox(Channel::Telegram).await;
    let key = app.key().await;
    app.run().await;
    app.until(async |app| *app.network.running().borrow() == 1).await;
    (app, key)
}

async fn show(app: &App, key: &str, body: &str) -> Answer {
    app.post("/v1/typing", body.to_owned()).bearer(key).english().await_answer().await
}

#[tokio::test]
async fn somebody_is_shown_that_an_answer_is_being_written() {
    let (app, key) = ready().await;
    assert_snapshot!(show(&app, &key, r#"{"channel": "telegram", "to": "111"}"#).await, @r#"
    200
    {
      "data": {
        "error": null,
        "shown": true
      },
      "message": "It is shown.",
      "success": true
    }
    "#);
    assert_eq!(app.network.typed(), ["111"]);
}

#[tokio::test]
async fn a_network_that_does_not_show_it_is_no_fault_of_the_request() {
    let (app, key) = ready().await;
    let rejected =
        SendError::Rejected { code: FailureCode::RecipientBlocked, provider_code: None, detail: None };
    app.network.next_typing(Err(rejected));
    assert_snapshot!(show(&app, &key, r#"{"channel": "telegram", "to": "111"}"#).await, @r#"
    200
    {
      "data": {
        "error": {
          "code": "recipient_blocked",
          "message": "The recipient has blocked this account. Only they can undo that; sending again will not help."
        },
        "shown": false
      },
      "message": "It is not shown; see error.",
      "success": true
    }
    "#);
    app.network.next_typing(Err(SendError::NotSent("refused".into())));
    let away = show(&app, &key, r#"{"channel": "telegram", "to": "111"}"#).await;
    assert_eq!(away.gist(), "503 network_unavailable");
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_at_its_place() {
    let (app, key) = ready().await;
    for (body, expected) in [
        (r#"{"channel": "telegram"}"#, "422 validation_failed · to: required"),
        (r#"{"channel": "telegram", "to": "Budi"}"#, "422 validation_failed · to: invalid_recipient"),
        (r#"{"channel": "whatsapp", "to": "6281234567890"}"#, "422 no_device"),
    ] {
        assert_eq!(show(&app, &key, body).await.gist(), expected, "{body}");
    }
    assert!(app.network.typed().is_empty());
}
