//! `/v1/templates` and `POST /v1/send-template`.

use std::fmt::Write as _;

use axum::http::Method;
use cetar_model::Channel;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{Answer, App};

/// The document's example, as printed.
const DOCUMENTS: &str = r#"{
"to": "6281234567890",
"template_id": 123,
"variables": [
"Budi Santoso",
"Rp 500.000"
]
}"#;

struct Shop {
    app: App,
    key: String,
    admin: String,
}

impl Shop {
    async fn open() -> Self {
        let app = App::new().await;
        app.sandbox(Channel::Whatsapp).await;
        let (key, admin) = (app.key().await, app.admin_key().await);
        Self { app, key, admin }
    }

    async fn make(&self, template: &Value) -> Answer {
        self.app.post("/v1/templates", template.to_string()).bearer(&self.admin).await_answer().await
    }

    async fn send(&self, body: &str) -> Answer {
        self.app.post("/v1/send-template", body.to_owned()).bearer(&self.key).await_answer().await
    }
}

fn bill() -> Value {
    json!({"id": 123, "name": "Tagihan", "text": "Halo {{1}}, tagihan Anda {{2}}.", "buttons": [{"id": "BAYAR", "text": "Sudah bayar"}]})
}

#[tokio::test]
async fn no_id_is_so_high_that_none_could_follow_it() {
    let shop = Shop::open().await;
    let with = |id: Value| json!({"id": id, "name": "Tagihan", "text": "Halo"});
    assert_eq!(shop.make(&with(json!(i64::MAX))).await.gist(), "422 validation_failed · id: out_of_range");
    for id in [json!(1_000_000_000), Value::Null] {
        assert_eq!(shop.make(&with(id)).await.status, 200);
    }
}

#[tokio::test]
async fn a_template_is_made_read_changed_listed_and_removed() {
    let Shop { app, admin, .. } = &Shop::open().await;
    let make = async |template: Value| {
        app.post("/v1/templates", template.to_string()).bearer(admin).await_answer().await
    };
    assert_snapshot!(make(bill()).await, @r#"
    200
    {
      "data": {
        "buttons": [
          {
            "id": "BAYAR",
            "text": "Sudah bayar",
            "type": "quick_reply"
          }
        ],
        "created_at": "2024-03-05T14:46:40.000Z",
        "footer": null,
        "id": 123,
        "media_url": null,
        "name": "Tagihan",
        "placeholders": [
          1,
          2
        ],
        "text": "Halo {{1}}, tagihan Anda {{2}}.",
        "title": null,
        "updated_at": "2024-03-05T14:46:40.000Z"
      },
      "message": "Template dibuat.",
      "success": true
    }
    "#);
    assert_eq!(make(bill()).await.gist(), "422 validation_failed · id: id_taken");
    let next = make(json!({"name": "Sapa", "text": "Halo!"})).await.json();
    assert_eq!(next["data"]["id"], 124, "after the highest there was");

    let ask = |method: Method, path: &str| app.ask(method, path).bearer(admin);
    let page = ask(Method::GET, "/v1/templates?limit=1").await_answer().await.json();
    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&json!(123), &json!(true)));
    let after = page["next_cursor"].as_str().unwrap();
    let page = ask(Method::GET, &format!("/v1/templates?after={after}")).await_answer().await.json();
    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&json!(124), &json!(false)));

    let changed = json!({"name": "Tagihan", "text": "Hai {{1}}"}).to_string();
    let changed =
        app.ask_with(Method::PUT, "/v1/templates/123", changed).bearer(admin).await_answer().await.json();
    assert_eq!((&changed["data"]["text"], &changed["data"]["buttons"]), (&json!("Hai {{1}}"), &json!([])));
    assert_eq!(ask(Method::DELETE, "/v1/templates/124").await_answer().await.gist(), "200 ok");
    for path in ["/v1/templates/124", "/v1/templates/0", "/v1/templates/abc"] {
        assert_eq!(ask(Method::GET, path).await_answer().await.gist(), "404 not_found", "{path}");
    }
    let next = make(json!({"name": "Sapa", "text": "Halo!"})).await.json();
    assert_eq!(next["data"]["id"], 125, "an id that an application may still know is not given to another");
}

#[tokio::test]
async fn a_bad_template_is_told_everything_that_is_wrong_with_it() {
    let shop = Shop::open().await;
    let body = json!({
        "id": 0, "name": "", "text": "Halo {{nama}}", "title": "{{0}}", "media_url": "gambar.jpg",
        "buttons": [{"id": "A", "text": "{{x}}"}, {"type": "cta_url", "text": "Lihat", "url": "https://{{1}}/"}],
    });
    assert_eq!(
        shop.make(&body).await.gist(),
        "422 validation_failed · id: out_of_range · name: empty · media_url: invalid_url · buttons[0].text: invalid_placeholder · buttons[1].url: invalid_url · text: invalid_placeholder · title: invalid_placeholder"
    );
    assert_eq!(shop.make(&json!({})).await.gist(), "422 validation_failed · name: required · text: required");
}

#[tokio::test]
async fn the_documents_example_sends_the_filled_template_as_printed() {
    let mut shop = Shop::open().await;
    shop.make(&bill()).await;
    let answer = shop.send(DOCUMENTS).await;
    assert_eq!((answer.gist(), &answer.json()["data"]["status"]), ("200 ok".to_owned(), &json!("queued")));
    shop.app.run().await;
    shop.app.until(async |app| !app.network.attempts().is_empty()).await;
    let (_, text, _) = shop.app.network.attempts().remove(0);
    assert_eq!(text, "Halo Budi Santoso, tagihan Anda Rp 500.000.");
    assert_eq!(shop.app.network.contents()[0].kind().as_str(), "button");
}

#[tokio::test]
async fn too_few_variables_are_counted_and_named() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let answer = shop.send(r#"{"to": "6281234567890", "template_id": 123, "variables": ["Budi"]}"#).await;
    assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "too_few_variables",
            "field": "variables",
            "message": "Template ini memerlukan 2 variabel. Yang belum ada: {{2}}."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn what_is_wrong_with_a_send_is_told_at_its_place() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let mut lines = String::new();
    for body in [
        json!({}),
        json!({"to": "0812", "template_id": "123", "variables": "Budi"}),
        json!({"to": "6281234567890", "template_id": 124}),
        json!({"to": "6281234567890", "template_id": -1}),
        json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", 500_000]}),
        json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", "a\u{0}b"]}),
        json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", "x".repeat(2000)]}),
        json!({"to": "6281234567890", "template_id": 123, "variables": ["", ""], "client_ref": ""}),
        json!({"to": "6281234567890", "template_id": 123, "variables": ["{{2}}", "x", "lebih"]}),
    ] {
        writeln!(lines, "{}", shop.send(&body.to_string()).await.gist()).unwrap();
    }
    assert_snapshot!(lines, @r"
    422 validation_failed · to: required · template_id: required
    422 validation_failed · to: leading_zero · template_id: wrong_type · variables: wrong_type
    422 validation_failed · template_id: no_such_template
    422 validation_failed · template_id: out_of_range
    422 validation_failed · variables[1]: wrong_type
    422 validation_failed · variables[1]: nul_character
    422 validation_failed · variables: too_long
    422 validation_failed · client_ref: empty
    200 ok
    ");
}

#[tokio::test]
async fn a_template_of_another_workspace_is_not_there() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let other = shop.app.engine.operator(shop.app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    shop.app.device_in(&other, Channel::Whatsapp, true).await;
    let key = shop.app.key_in(&other, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    let answer = shop.app.post("/v1/send-template", DOCUMENTS).bearer(&key).await_answer().await;
    assert_eq!(answer.gist(), "422 validation_failed · template_id: no_such_template");
    let read = shop.app.get("/v1/templates/123").bearer(&key).await_answer().await;
    assert_eq!(read.gist(), "404 not_found");
    let delete = shop.app.ask(Method::DELETE, "/v1/templates/123").bearer(&key).await_answer().await;
    assert_eq!(delete.gist(), "404 not_found");
    let made = shop.app.post("/v1/templates", bill().to_string()).bearer(&key).await_answer().await;
    assert_eq!(made.gist(), "200 ok", "each workspace numbers its own");
}

#[tokio::test]
async fn the_same_template_under_one_idempotency_key_is_one_message() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let send = async || {
        let ask = shop.app.post("/v1/send-template", DOCUMENTS).bearer(&shop.key);
        ask.header("idempotency-key", "tagihan-7").await_answer().await
    };
    let (first, again) = (send().await, send().await);
    assert_eq!((again.header("idempotent-replayed"), again.json()), ("true", first.json()));
}

#[tokio::test]
async fn a_repeat_is_answered_the_same_though_the_template_is_gone_since() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let ask = async || {
        let ask = shop.app.post("/v1/send-template", DOCUMENTS).bearer(&shop.key);
        ask.header("idempotency-key", "tagihan-8").await_answer().await
    };
    let first = ask().await.json();
    let longer = json!({"name": "Tagihan", "text": "{{1}} {{2}} {{3}}"}).to_string();
    let change = shop.app.ask_with(Method::PUT, "/v1/templates/123", longer).bearer(&shop.admin);
    assert_eq!(change.await_answer().await.gist(), "200 ok");
    assert_eq!(ask().await.json()["data"], first["data"], "it needs more variables now");
    let remove = shop.app.ask(Method::DELETE, "/v1/templates/123").bearer(&shop.admin);
    assert_eq!(remove.await_answer().await.gist(), "200 ok");
    let again = ask().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["data"], first["data"]);
}

#[tokio::test]
async fn a_template_that_could_never_be_sent_is_refused_when_it_is_saved() {
    let shop = Shop::open().await;
    let with = |change: Value| {
        let mut template = json!({"name": "Tagihan", "text": "Halo {{1}}"});
        template.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        template
    };
    let reply = |text: &str| json!([{"id": "A", "text": text}]);
    let mut lines = String::new();
    shop.app.engine.set_base_url("https://cetar.example");
    for change in [
        json!({"buttons": reply(&"x".repeat(60))}),
        json!({"buttons": reply(&format!("{} {{{{1}}}}", "x".repeat(20)))}),
        json!({"buttons": reply("Ya"), "media_url": "https://contoh.com/harga.pdf"}),
        json!({"buttons": reply("Ya"), "media_url": "https://contoh.com/film.mp4"}),
        json!({"media_url": "https://contoh.com/lagu.mp3"}),
        json!({"media_url": "https://cetar.example/media/med_x.1.y"}),
        json!({"text": "x".repeat(5000)}),
        json!({"media_url": "https://contoh.com/harga.pdf"}),
    ] {
        writeln!(lines, "{}", shop.make(&with(change)).await.gist()).unwrap();
    }
    assert_snapshot!(lines, @r"
    200 ok
    200 ok
    422 validation_failed · media_url: wrong_medium
    422 validation_failed · media_url: wrong_medium
    422 validation_failed · media_url: wrong_medium
    422 validation_failed · media_url: address_ends
    422 validation_failed · text: too_long
    200 ok
    ");
    let told = shop.make(&with(json!({"text": "x".repeat(5000)}))).await.json();
    assert_eq!(told["error"]["fields"][0]["message"], "Paling banyak 4096 karakter di kanal ini.");
}

#[tokio::test]
async fn a_template_whose_buttons_do_not_fit_can_be_saved_and_goes_out_as_text() {
    let shop = Shop::open().await;
    let mut template = bill();
    template["buttons"][0]["text"] = json!("x".repeat(30));
    assert_eq!(shop.make(&template).await.status, 200);
    let mut send = json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", "5"]});
    let told = shop.send(&send.to_string()).await.json();
    assert_eq!(
        told["error"]["fields"],
        json!([{"field": "template_id", "code": "too_long", "message": "buttons[0].text di template: Paling banyak 25 karakter di kanal ini."}])
    );
    send["fallback"] = json!("text");
    assert_eq!(shop.send(&send.to_string()).await.gist(), "200 ok");
}

#[tokio::test]
async fn a_variable_that_is_too_long_is_blamed_with_the_part_and_the_figure() {
    let shop = Shop::open().await;
    shop.make(&bill()).await;
    let long = json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", "x".repeat(2000)]});
    let told = shop.send(&long.to_string()).await.json();
    assert_eq!(
        told["error"]["fields"],
        json!([{"field": "variables", "code": "too_long", "message": "text di template: Paling banyak 1024 karakter di kanal ini."}])
    );
}

#[tokio::test]
async fn a_template_whose_medium_is_gone_is_blamed_itself() {
    let shop = Shop::open().await;
    // Saved by a version that did not look.
    let template = json!({"id": 7, "name": "Lama", "text": "Halo", "media_url": "https://cetar.example/media/med_x.1.y"});
    assert_eq!(shop.make(&template).await.status, 200);
    shop.app.engine.set_base_url("https://cetar.example");
    let told = shop.send(r#"{"to": "6281234567890", "template_id": 7}"#).await.json();
    let problem = &told["error"]["fields"][0];
    assert_eq!(problem["field"], "template_id", "{told}");
    assert!(problem["message"].as_str().unwrap().starts_with("media_url di template: "), "{told}");
}

#[tokio::test]
async fn what_a_variable_says_is_never_markup() {
    let mut shop = Shop::open().await;
    shop.make(&bill()).await;
    let body = json!({"to": "6281234567890", "template_id": 123, "variables": ["*GRATIS*", "> 5"]});
    assert_eq!(shop.send(&body.to_string()).await.gist(), "200 ok");
    shop.app.run().await;
    shop.app.until(async |app| !app.network.attempts().is_empty()).await;
    let (_, text, _) = shop.app.network.attempts().remove(0);
    assert_eq!(text, "Halo \u{2060}*\u{2060}GRATIS\u{2060}*\u{2060}, tagihan Anda > 5.");
}

#[tokio::test]
async fn buttons_of_a_template_can_go_out_as_text() {
    let mut shop = Shop::open().await;
    shop.make(&bill()).await;
    let with = |fallback: &str| {
        json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi", "5"], "fallback": fallback})
            .to_string()
    };
    assert_eq!(shop.send(&with("ya")).await.gist(), "422 validation_failed · fallback: unknown_value");
    assert_eq!(shop.send(&with("text")).await.gist(), "200 ok");
    shop.app.run().await;
    shop.app.until(async |app| !app.network.attempts().is_empty()).await;
    let (_, text, _) = shop.app.network.attempts().remove(0);
    assert_eq!(text, "Halo Budi, tagihan Anda 5.\n\n1. Sudah bayar");
}
