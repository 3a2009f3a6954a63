//! What a person reads who sent something wrong, in both languages: what is wrong, and the form that is wanted.

use std::fmt::Write as _;

use cetar_model::{Channel, FailureCode, Language};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::App;

fn buttons(buttons: &Value) -> Value {
    json!({"type": "button", "to": "6281234567890", "content": {"text": "Mau?", "buttons": buttons}})
}

/// The first bad field, or the refusal as a whole.
async fn said(app: &App, key: &str, (path, body): &(&str, Value), language: &str) -> String {
    let ask = app.post(path, body.to_string()).bearer(key).header("accept-language", language);
    let answer = ask.await_answer().await;
    assert_eq!(answer.status, 422, "{body}");
    let json = answer.json();
    match &json["error"]["fields"][0] {
        Value::Null => json["message"].as_str().unwrap().to_owned(),
        field => format!("{}: {}", field["field"].as_str().unwrap(), field["message"].as_str().unwrap()),
    }
}

#[tokio::test]
async fn every_bad_input_is_explained_in_both_languages() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let unlinked = app.device_in(&app.operator, Channel::Whatsapp, false).await;
    let live = app.key_with(|key| key.test = false).await;
    let other = app.engine.operator(app.engine.add_workspace("Lain".to_owned()).await.unwrap());
    let admin = app.key_in(&other, |key| key.scopes = vec![cetar_store::Scope::Admin]).await;
    let template = json!({"id": 123, "name": "Tagihan", "text": "Halo {{1}}"}).to_string();
    assert_eq!(app.post("/v1/templates", template).bearer(&admin).await_answer().await.gist(), "200 ok");

    let reply = |id: &str| json!({"id": id, "text": "Ya"});
    let text = |text: &str| json!({"type": "text", "to": "6281234567890", "content": {"text": text}});
    let picture = |url: &str| json!({"type": "image", "to": "6281234567890", "media_url": url});
    let four = json!([reply("a"), reply("b"), reply("c"), reply("d")]);
    let messages = "/v1/messages";
    let cases = [
        ("four buttons", &key, (messages, buttons(&four))),
        (
            "a button without its field",
            &key,
            (messages, buttons(&json!([{"type": "cta_url", "text": "Buka"}]))),
        ),
        ("equal ids", &key, (messages, buttons(&json!([reply("a"), reply("a")])))),
        ("a long text", &key, (messages, text(&"x".repeat(70_000)))),
        ("no http", &key, (messages, picture("ftp://contoh.com/a.jpg"))),
        (
            "a script",
            &key,
            (messages, buttons(&json!([{"type": "cta_url", "text": "Buka", "url": "javascript:alert(1)"}]))),
        ),
        (
            "another workspace's template",
            &key,
            ("/v1/send-template", json!({"to": "6281234567890", "template_id": 123})),
        ),
        (
            "a device without a link",
            &live,
            (messages, {
                let mut body = text("Halo!");
                body["session_id"] = json!(unlinked);
                body
            }),
        ),
    ];
    let mut lines = String::new();
    for (what, key, ask) in &cases {
        let (indonesian, english) = (said(&app, key, ask, "id").await, said(&app, key, ask, "en").await);
        writeln!(lines, "{what}\n  {indonesian}\n  {english}").unwrap();
    }
    // What is found when the medium is fetched fails the job.
    for code in [
        FailureCode::MediaTooLarge,
        FailureCode::MediaTypeNotSupported,
        FailureCode::MediaUnreachable,
        FailureCode::MediaAddressRefused,
    ] {
        let [indonesian, english] =
            [Language::Indonesian, Language::English].map(|language| code.message(language));
        writeln!(lines, "{code}\n  {indonesian}\n  {english}").unwrap();
    }
    assert_snapshot!(crate::app::mask(&lines), @r#"
    four buttons
      content.buttons: Paling banyak 3 buah.
      content.buttons: At most 3 of them.
    a button without its field
      content.buttons[0].url: Wajib diisi.
      content.buttons[0].url: Required.
    equal ids
      content.buttons[1].id: Sudah dipakai di atasnya. Setiap ID harus berbeda.
      content.buttons[1].id: Used above already. Each id must be different.
    a long text
      content.text: Paling banyak 65536 karakter.
      content.text: At most 65536 characters.
    no http
      media_url: Harus berupa URL lengkap yang diawali http:// atau https://, tanpa nama pengguna. Contoh: https://contoh.com/promo.jpg.
      media_url: Must be a whole URL beginning with http:// or https://, without a user name. Example: https://contoh.com/promo.jpg.
    a script
      content.buttons[0].url: Harus berupa URL lengkap yang diawali http:// atau https://, tanpa nama pengguna. Contoh: https://contoh.com/promo.jpg.
      content.buttons[0].url: Must be a whole URL beginning with http:// or https://, without a user name. Example: https://contoh.com/promo.jpg.
    another workspace's template
      template_id: Tidak ada template dengan ID ini. Salin ID-nya dari halaman Broadcast, Template, atau lihat GET /v1/templates.
      template_id: There is no template with this id. Copy the id from the page Broadcast, Template, or see GET /v1/templates.
    a device without a link
      Device dev_… belum ditautkan atau sudah keluar. Tautkan dengan QR atau kode, lalu kirim ulang.
      The device dev_… is not linked, or is logged out. Link it by QR or code, then send again.
    media_too_large
      File terlalu besar untuk kanal ini atau untuk server ini (media.max_bytes). Perkecil, atau kirim sebagai document bila batasnya lebih besar.
      The file is too large for this channel or for this server (media.max_bytes). Make it smaller, or send it as a document where that may be larger.
    media_type_not_supported
      Isi file bukan jenis yang diterima kanal ini untuk type tersebut; history menyebut jenis yang ditemukan dan yang diterima. Ubah type atau filenya.
      The file's content is not of a kind this channel takes as that type; the history names what it is and what is taken. Change the type or the file.
    media_unreachable
      File di media_url tidak dapat diambil. Pastikan tautannya langsung ke file dan dapat dibuka siapa saja tanpa login; lihat provider_code dan history, lalu kirim ulang.
      The file at media_url could not be fetched. The link must lead straight to the file and open for anyone without a sign-in; see provider_code and history, then send again.
    media_address_refused
      Alamat media_url (atau pengalihannya) mengarah ke jaringan privat, yang tidak boleh dipanggil. Taruh file di alamat publik, atau izinkan jaringannya di egress.allow.
      The address of media_url, or of its redirect, leads into a private network, which may not be called. Put the file at a public address, or allow the network in egress.allow.
    "#);
}
