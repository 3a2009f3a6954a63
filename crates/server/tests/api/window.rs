//! Meta's window for free-form messages, as the API tells of it.

use std::time::Duration;

use cetar_model::{Channel, ContentKind};
use cetar_provider::testkit::ScriptedProvider;
use cetar_server::Face;
use serde_json::{Value, json};

use crate::{app::App, inbox::Line};

const BUDI: &str = "6281234567890";
const ANA: &str = "6281234567891";
const DAY: Duration = Duration::from_hours(24);

async fn app() -> App {
    let network = ScriptedProvider::new(true).windowed(DAY, 7 * DAY);
    App::on(network.carrying(&[ContentKind::Text, ContentKind::Template]), Face::Public, |_| {}).await
}

/// Sends it; status and code of the answer.
async fn sent(app: &App, key: &str, path: &str, body: &Value) -> String {
    app.post(path, body.to_string()).bearer(key).await_answer().await.gist()
}

fn text(to: &str) -> Value {
    json!({"to": to, "type": "text", "text": "Halo"})
}

fn template(to: &str) -> Value {
    json!({"to": to, "type": "template", "template_name": "hello_world", "language": "id"})
}

const OFFICIAL: &str = "/v1/meta/messages";
const SHUT: &str = "422 outside_24h_window";

#[tokio::test]
async fn a_free_form_message_outside_the_window_is_refused_and_a_template_is_taken() {
    let app = app().await;
    let key = app.key().await;
    let line = Line::of(&app, Channel::WhatsappOfficial).await;
    line.wrote(BUDI, "Budi", "Halo").await;
    // Linked less than a day ago: whether she wrote before is not known.
    assert_eq!(sent(&app, &key, OFFICIAL, &text(ANA)).await, "200 ok");
    app.clock.advance(DAY);
    for to in [ANA, BUDI] {
        assert_eq!(sent(&app, &key, OFFICIAL, &text(to)).await, SHUT, "{to}");
        assert_eq!(sent(&app, &key, OFFICIAL, &template(to)).await, "200 ok", "{to}");
    }
    let answer = app.post(OFFICIAL, text(BUDI).to_string()).bearer(&key).english().await_answer().await;
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("template"), "it says what can be sent: {message}");

    line.wrote(BUDI, "Budi", "Masih ada?").await;
    assert_eq!(sent(&app, &key, OFFICIAL, &text(BUDI)).await, "200 ok", "it is open again");
    assert_eq!(sent(&app, &key, OFFICIAL, &text(ANA)).await, SHUT);
}

#[tokio::test]
async fn a_person_who_answers_has_seven_days_where_the_channel_knows_the_tag() {
    let app = app().await;
    let key = app.key().await;
    let line = Line::of(&app, Channel::Messenger).await;
    line.wrote("77", "Budi", "Halo").await;
    app.clock.advance(2 * DAY);
    let mut message =
        json!({"channel": "messenger", "type": "text", "to": "77", "content": {"text": "Halo"}});
    assert_eq!(sent(&app, &key, "/v1/messages", &message).await, SHUT);
    message["tag"] = "human_agent".into();
    assert_eq!(sent(&app, &key, "/v1/messages", &message).await, "200 ok");
    app.clock.advance(6 * DAY);
    assert_eq!(sent(&app, &key, "/v1/messages", &message).await, SHUT);
}
