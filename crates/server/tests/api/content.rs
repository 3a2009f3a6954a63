//! `POST /v1/messages` with every type, and what is wrong with each.

use std::fmt::Write as _;

use cetar_model::{Channel, Content, Markup};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::App;

/// What makes a right body wrong.
type Change<'c> = &'c dyn Fn(&mut Value);

async fn ready() -> (App, String) {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    (app, key)
}

async fn gist(app: &App, key: &str, body: &Value) -> String {
    app.post("/v1/messages", body.to_string()).bearer(key).await_answer().await.gist()
}

fn button() -> Value {
    json!({
        "channel": "whatsapp", "type": "button", "to": "6281234567890", "media_url": "https://contoh.com/promo.jpg",
        "content": {
            "title": "PROMO SPESIAL", "text": "Apakah Anda ingin mengambil diskon 50% hari ini?", "footer": "Berlaku hingga besok",
            "buttons": [
                {"id": "AMBIL_PROMO", "text": "Ya, Ambil!"},
                {"type": "cta_url", "text": "Kunjungi Website", "url": "https://www.cetar.ai"},
                {"type": "cta_copy", "text": "Salin Kode", "copy_code": "PROMO50"},
            ],
        },
    })
}

#[tokio::test]
async fn every_type_of_the_contract_is_accepted() {
    let (app, key) = ready().await;
    for body in [
        button(),
        json!({"type": "image", "to": "6281234567890", "media_url": "https://contoh.com/gambar.jpg", "content": {"caption": "Promo"}}),
        json!({"type": "image", "to": "6281234567890", "media_url": "http://contoh.com/gambar.jpg"}),
        json!({"type": "video", "to": "6281234567890", "media_url": "https://contoh.com/a.mp4", "content": null}),
        json!({"type": "document", "to": "6281234567890", "media_url": "https://contoh.com/a", "content": {"filename": "harga.pdf"}}),
        json!({"type": "audio", "to": "6281234567890", "media_url": "https://contoh.com/a.ogg"}),
    ] {
        assert_eq!(gist(&app, &key, &body).await, "200 ok", "{body}");
    }
}

#[tokio::test]
async fn every_thing_wrong_with_buttons_is_told_at_its_place() {
    let (app, key) = ready().await;
    let problems = async |change: &dyn Fn(&mut Value)| {
        let mut body = button();
        change(&mut body);
        gist(&app, &key, &body).await
    };
    let long = "x".repeat(100);
    let mut lines = String::new();
    let changes: [(&str, Change<'_>); 17] = [
        ("four", &|body| {
            let one = json!({"id": "d", "text": "d"});
            body["content"]["buttons"].as_array_mut().unwrap().push(one);
        }),
        ("none", &|body| body["content"]["buttons"] = json!([])),
        ("absent", &|body| body["content"]["buttons"] = Value::Null),
        ("not a list", &|body| body["content"]["buttons"] = json!({"id": "a"})),
        ("not an object", &|body| body["content"]["buttons"][1] = json!("Ya")),
        ("no id", &|body| body["content"]["buttons"][0]["id"] = Value::Null),
        ("no text", &|body| body["content"]["buttons"][0]["text"] = json!(" ")),
        ("no url", &|body| body["content"]["buttons"][1]["url"] = Value::Null),
        ("no code", &|body| body["content"]["buttons"][2]["copy_code"] = Value::Null),
        ("a script", &|body| body["content"]["buttons"][1]["url"] = json!("javascript:alert(1)")),
        ("another type", &|body| body["content"]["buttons"][1]["type"] = json!("cta_call")),
        ("a number for an id", &|body| body["content"]["buttons"][0]["id"] = json!(1)),
        ("another kind's field", &|body| body["content"]["buttons"][0]["url"] = json!({})),
        ("equal ids", &|body| body["content"]["buttons"][2] = body["content"]["buttons"][0].clone()),
        ("too long", &|body| {
            body["content"]["title"] = json!(long);
            body["content"]["buttons"][1]["text"] = json!(long);
        }),
        ("another fallback", &|body| body["content"]["fallback"] = json!("html")),
        ("everything", &|body| {
            *body = json!({"type": "button", "to": "0812", "media_url": "ftp://contoh.com/a", "content": {"buttons": [{}, {"type": "cta_url"}]}});
        }),
    ];
    for (what, change) in changes {
        writeln!(lines, "{what}: {}", problems(change).await).unwrap();
    }
    assert_snapshot!(lines, @r"
    four: 422 validation_failed · content.buttons: too_long
    none: 422 validation_failed · content.buttons: empty
    absent: 422 validation_failed · content.buttons: required
    not a list: 422 validation_failed · content.buttons: wrong_type
    not an object: 422 validation_failed · content.buttons[1]: wrong_type
    no id: 422 validation_failed · content.buttons[0].id: required
    no text: 422 validation_failed · content.buttons[0].text: empty
    no url: 422 validation_failed · content.buttons[1].url: required
    no code: 422 validation_failed · content.buttons[2].copy_code: required
    a script: 422 validation_failed · content.buttons[1].url: invalid_url
    another type: 422 validation_failed · content.buttons[1].type: unknown_value
    a number for an id: 422 validation_failed · content.buttons[0].id: wrong_type
    another kind's field: 422 validation_failed · content.buttons[0].url: wrong_type
    equal ids: 422 validation_failed · content.buttons[2].id: duplicate
    too long: 422 validation_failed · content.title: too_long · content.buttons[1].text: too_long
    another fallback: 422 validation_failed · content.fallback: unknown_value
    everything: 422 validation_failed · to: leading_zero · media_url: invalid_url · content.text: required · content.buttons[0].text: required · content.buttons[0].id: required · content.buttons[1].text: required · content.buttons[1].url: required
    ");
}

#[tokio::test]
async fn every_thing_wrong_with_media_is_told_at_its_place() {
    let (app, key) = ready().await;
    let mut lines = String::new();
    for (kind, media_url, content) in [
        ("image", Value::Null, Value::Null),
        ("image", json!("contoh.com/a.jpg"), Value::Null),
        ("image", json!("https://"), Value::Null),
        ("image", json!("https://budi:rahasia@contoh.com/a.jpg"), Value::Null),
        ("image", json!("file:///etc/passwd"), json!({"caption": 5})),
        ("video", json!(7), json!("Promo")),
        ("image", json!("https://contoh.com/a.jpg"), json!({"caption": "x".repeat(1025)})),
        ("document", json!("https://contoh.com/a.pdf"), json!({"filename": ""})),
        ("audio", json!("https://contoh.com/a.ogg"), json!({"caption": "Dengar", "voice": "ya"})),
        ("audio", json!("https://contoh.com/a.ogg"), json!({"caption": "Dengar"})),
        ("audio", json!("https://contoh.com/a.ogg"), json!({"voice": true})),
    ] {
        let body = json!({"type": kind, "to": "6281234567890", "media_url": media_url, "content": content});
        writeln!(lines, "{kind} {}", gist(&app, &key, &body).await).unwrap();
    }
    assert_snapshot!(lines, @r"
    image 422 validation_failed · media_url: required
    image 422 validation_failed · media_url: invalid_url
    image 422 validation_failed · media_url: invalid_url
    image 422 validation_failed · media_url: invalid_url
    image 422 validation_failed · media_url: invalid_url · content.caption: wrong_type
    video 422 validation_failed · media_url: wrong_type · content: wrong_type
    image 422 validation_failed · content.caption: too_long
    document 422 validation_failed · content.filename: empty
    audio 422 validation_failed · content.voice: wrong_type · content.caption: not_on_channel
    audio 422 validation_failed · content.caption: not_on_channel
    audio 422 validation_failed · type: not_on_channel
    ");
}

#[tokio::test]
async fn what_a_channel_cannot_send_is_refused_with_what_to_use_instead() {
    let (app, key) = ready().await;
    let body = json!({"type": "audio", "to": "6281234567890", "media_url": "https://contoh.com/a.ogg", "content": {"voice": true}});
    let answer = app.post("/v1/messages", body.to_string()).bearer(&key).english().await_answer().await;
    assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "allowed": [
              "text",
              "image",
              "video",
              "document",
              "audio",
              "button"
            ],
            "code": "not_on_channel",
            "field": "type",
            "message": "This channel cannot send that type. Use: text, image, video, document, audio, button."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Some fields are missing or wrong; see error.fields.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn buttons_are_sent_as_text_where_that_is_wanted() {
    let (mut app, key) = ready().await;
    app.run().await;
    let mut body = button();
    body["content"]["fallback"] = json!("text");
    body["media_url"] = Value::Null;
    assert_eq!(gist(&app, &key, &body).await, "200 ok");
    app.until(async |app| !app.network.attempts().is_empty()).await;
    let (_, text, _) = app.network.attempts().remove(0);
    assert_snapshot!(text, @r"
    PROMO SPESIAL

    Apakah Anda ingin mengambil diskon 50% hari ini?

    1. Ya, Ambil!
    2. Kunjungi Website: https://www.cetar.ai
    3. Salin Kode: PROMO50

    Berlaku hingga besok
    ");
}

#[tokio::test]
async fn markup_is_read_where_it_is_asked_for_and_nowhere_else() {
    let (mut app, key) = ready().await;
    app.run().await;
    let mut body = json!({"type": "text", "to": "6281234567890", "content": {"text": "<b>Halo</b>"}});
    assert_eq!(gist(&app, &key, &body).await, "200 ok");
    app.until(async |app| app.network.attempts().len() == 1).await;
    body["content"]["parse_mode"] = json!("HTML");
    assert_eq!(gist(&app, &key, &body).await, "200 ok");
    app.until(async |app| app.network.attempts().len() == 2).await;
    let contents = app.network.contents();
    let text = || Content::Text { text: "<b>Halo</b>".into() };
    assert!(contents[0] == text());
    assert!(contents[1] == Content::Formatted { markup: Markup::Html, content: Box::new(text()) });

    for (parse_mode, gist_of_it) in [
        (json!("MarkdownV2"), "422 validation_failed · content.parse_mode: not_on_channel"),
        (json!("html"), "422 validation_failed · content.parse_mode: unknown_value"),
        (json!(""), "422 validation_failed · content.parse_mode: empty"),
        (json!(1), "422 validation_failed · content.parse_mode: wrong_type"),
        (Value::Null, "200 ok"),
    ] {
        body["content"]["parse_mode"] = parse_mode;
        assert_eq!(gist(&app, &key, &body).await, gist_of_it);
    }
    body["content"] = json!("HTML");
    assert_eq!(gist(&app, &key, &body).await, "422 validation_failed · content: wrong_type");
}

#[tokio::test]
async fn a_message_can_answer_one_that_its_network_knows() {
    let (mut app, key) = ready().await;
    let text = json!({"type": "text", "to": "6281234567890", "content": {"text": "Halo"}});
    let first = app.post("/v1/messages", text.to_string()).bearer(&key).await_answer().await.json();
    app.run().await;
    app.until(async |app| !app.network.attempts().is_empty()).await;
    let answering = |id: &Value| {
        let mut body = text.clone();
        body["reply_to"] = id.clone();
        body
    };
    assert_eq!(gist(&app, &key, &answering(&first["data"]["message_id"])).await, "200 ok");
    let nobody = json!("msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50");
    assert_eq!(
        gist(&app, &key, &answering(&nobody)).await,
        "422 validation_failed · reply_to: no_such_message"
    );
    assert_eq!(
        gist(&app, &key, &answering(&json!("3EB0"))).await,
        "422 validation_failed · reply_to: invalid_id"
    );
}

#[tokio::test]
async fn a_device_says_what_it_can_send() {
    let app = App::new().await;
    let device = app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let path = format!("/v1/devices/{device}/capabilities");
    let data = app.get(&path).bearer(&key).await_answer().await.json()["data"].clone();
    assert_eq!(data["types"], json!(["text", "image", "video", "document", "audio", "button"]));
    assert_eq!(data["text"], json!({"max": 4096, "unit": "characters"}));
    assert_eq!(
        data["media"][0],
        json!({"type": "image", "content_types": ["image/jpeg", "image/png"], "max_bytes": 5_242_880, "caption": true})
    );
    assert_eq!((&data["buttons"]["max"], &data["check_number"]), (&json!(3), &json!(true)));
    let other = "/v1/devices/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/capabilities";
    assert_eq!(app.get(other).bearer(&key).await_answer().await.gist(), "404 not_found");
}
