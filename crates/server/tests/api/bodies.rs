//! What comes in wrong, and what is said about it.

use axum::{body::Body, http::StatusCode};
use cetar_model::Channel;
use cetar_server::Face;
use futures::stream;
use insta::assert_snapshot;

use crate::app::{Answer, App, DOCUMENTS_FIRST};

async fn post(app: &App, body: impl Into<Body>) -> Answer {
    let key = app.key().await;
    app.post("/v1/messages", body).bearer(&key).await_answer().await
}

#[tokio::test]
async fn what_is_not_json_is_refused_with_its_place() {
    let app = App::new().await;
    assert_snapshot!(post(&app, "{\n  \"to\": 628,,\n}").await, @r#"
    422
    {
      "error": {
        "code": "invalid_json",
        "request_id": "req_…"
      },
      "message": "Payload JSON tidak valid. Lihat baris 2, kolom 13.",
      "success": false
    }
    "#);
    for body in ["", "   ", "halo", "[]", "\"text\"", "{\"to\":", "{} {}"] {
        assert_eq!(post(&app, body).await.gist(), "422 invalid_json", "{body}");
    }
    assert_eq!(post(&app, &b"{\"to\":\"\xff\"}"[..]).await.gist(), "422 invalid_json");
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused_and_harms_nobody() {
    let app = App::new().await;
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_snapshot!(post(&app, deep).await, @r#"
    422
    {
      "error": {
        "code": "invalid_json",
        "request_id": "req_…"
      },
      "message": "Payload JSON bersarang terlalu dalam. Lihat baris 1, kolom 132.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn what_is_too_large_is_refused_however_it_is_sent() {
    let app = App::with(Face::Public, |options| options.body_limit = 1_000).await;
    let large = "x".repeat(1_001);
    assert_snapshot!(post(&app, large.clone()).await, @r#"
    413
    {
      "error": {
        "code": "body_too_large",
        "request_id": "req_…"
      },
      "message": "Body request terlalu besar; paling banyak 1000 byte.",
      "success": false
    }
    "#);
    let key = app.key().await;
    let announced = app.post("/v1/messages", "{}").bearer(&key).header("content-length", "1001");
    assert_eq!(announced.await_answer().await.gist(), "413 body_too_large");
    let chunks = (0..11).map(|_| Ok::<_, std::io::Error>("x".repeat(100)));
    let streamed = Body::from_stream(stream::iter(chunks));
    assert_eq!(post(&app, streamed).await.gist(), "413 body_too_large");
    // Exactly the limit is not too large.
    assert_eq!(post(&app, "x".repeat(1_000)).await.gist(), "422 invalid_json");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let app = App::new().await;
    let parts = [Ok(r#"{"channel":"#), Err(std::io::Error::other("gone"))];
    assert_snapshot!(post(&app, Body::from_stream(stream::iter(parts))).await, @r#"
    422
    {
      "error": {
        "code": "invalid_json",
        "request_id": "req_…"
      },
      "message": "Body request tidak tiba lengkap. Kirim ulang.",
      "success": false
    }
    "#);
}

#[tokio::test]
async fn a_form_is_told_that_it_is_one_and_json_under_a_forms_header_is_json() {
    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    let form = |body: &'static str| {
        app.post("/v1/messages", body)
            .bearer(&key)
            .header("content-type", "application/x-www-form-urlencoded")
    };
    assert_snapshot!(form("to=6281234567890&text=Halo").await_answer().await, @r#"
    422
    {
      "error": {
        "code": "invalid_json",
        "request_id": "req_…"
      },
      "message": "Body berupa form, bukan JSON. Kirim satu objek JSON dengan Content-Type: application/json.",
      "success": false
    }
    "#);
    // What `curl -d` sends when nobody names a type.
    assert_eq!(form(DOCUMENTS_FIRST).await_answer().await.status, StatusCode::OK);
    for content_type in ["application/json; charset=utf-8", "text/plain", "application/vnd.api+json"] {
        let ask = app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&key).header("content-type", content_type);
        assert_eq!(ask.await_answer().await.status, StatusCode::OK, "{content_type}");
    }
}

#[tokio::test]
async fn every_bad_field_is_listed_at_once() {
    let app = App::new().await;
    let body = r#"{"channel": "whatsapp", "type": "text", "to": "081234567890", "content": {"text": ""},
        "session_id": "SESSION_12345", "client_ref": 17, "expires_in": 0}"#;
    assert_snapshot!(post(&app, body).await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "code": "leading_zero",
            "field": "to",
            "message": "Nomor diawali 0. Pakai kode negara: gunakan 628…, bukan 08…. Contoh: 6281234567890."
          },
          {
            "code": "empty",
            "field": "content.text",
            "message": "Tidak boleh kosong."
          },
          {
            "code": "invalid_id",
            "field": "session_id",
            "message": "Bukan ID yang sah: dev_ diikuti 32 karakter 0-9 dan a-f."
          },
          {
            "code": "wrong_type",
            "field": "client_ref",
            "message": "Harus berupa teks (string) di antara tanda kutip."
          },
          {
            "code": "out_of_range",
            "field": "expires_in",
            "message": "Harus antara 1 dan 604800."
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
async fn the_same_in_english() {
    let app = App::new().await;
    let key = app.key().await;
    let body = r#"{"channel": "sms", "type": "sticker", "to": "+6281234567890"}"#;
    let answer = app.post("/v1/messages", body).bearer(&key).english().await_answer().await;
    assert_snapshot!(answer, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "allowed": [
              "whatsapp",
              "telegram",
              "messenger",
              "instagram"
            ],
            "code": "unknown_value",
            "field": "channel",
            "message": "Not a known value. One of: whatsapp, telegram, messenger, instagram."
          },
          {
            "allowed": [
              "text",
              "button",
              "image",
              "video",
              "document",
              "audio"
            ],
            "code": "unknown_value",
            "field": "type",
            "message": "Not a known value. One of: text, button, image, video, document, audio."
          },
          {
            "code": "plus_sign",
            "field": "to",
            "message": "Write the number without '+'. Example: 6281234567890."
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
async fn each_wrong_form_of_a_recipient_is_told_how_to_mend_it() {
    let app = App::new().await;
    let key = app.key_with(|_| {}).await;
    let mut lines = String::new();
    for (channel, to) in [
        ("whatsapp", r#""+6281234567890""#),
        ("whatsapp", r#""081234567890""#),
        ("whatsapp", r#""62 812 3456 7890""#),
        ("whatsapp", r#""budi""#),
        ("whatsapp", r#""62812""#),
        ("whatsapp", r#""""#),
        ("whatsapp", "6281234567890"),
        ("telegram", r#""budi""#),
        ("telegram", r#""+6281234567890""#),
        ("messenger", r#""budi""#),
    ] {
        let body = format!(r#"{{"channel":"{channel}","type":"text","to":{to},"content":{{"text":"x"}}}}"#);
        let answer = app.post("/v1/messages", body).bearer(&key).await_answer().await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let field = &answer.json()["error"]["fields"][0];
        lines += &format!("{channel} {to} → {}: {}\n", field["code"], field["message"]).replace("\\\"", "'");
    }
    assert_snapshot!(lines, @r#"
    whatsapp "+6281234567890" → "plus_sign": "Nomor ditulis tanpa '+'. Contoh: 6281234567890."
    whatsapp "081234567890" → "leading_zero": "Nomor diawali 0. Pakai kode negara: gunakan 628…, bukan 08…. Contoh: 6281234567890."
    whatsapp "62 812 3456 7890" → "not_digits": "Nomor hanya berisi angka 0-9, tanpa spasi, tanda hubung, atau huruf. Contoh: 6281234567890."
    whatsapp "budi" → "not_digits": "Nomor hanya berisi angka 0-9, tanpa spasi, tanda hubung, atau huruf. Contoh: 6281234567890."
    whatsapp "62812" → "wrong_length": "Nomor terdiri dari 7 sampai 15 angka, dengan kode negara. Contoh: 6281234567890."
    whatsapp "" → "empty": "Tidak boleh kosong."
    whatsapp 6281234567890 → "wrong_type": "Harus berupa teks (string) di antara tanda kutip."
    telegram "budi" → "invalid_recipient": "Untuk Telegram: chat id (angka, grup diawali '-'), @username, atau nomor telepon dengan kode negara. Contoh: 123456789, @budi_santoso."
    telegram "+6281234567890" → "plus_sign": "Nomor ditulis tanpa '+'. Contoh: 6281234567890."
    messenger "budi" → "invalid_recipient": "Untuk messenger: id penerima sebagaimana diterima di webhook, hanya angka."
    "#);
}

#[tokio::test]
async fn a_channel_of_a_later_version_is_named_as_such() {
    let app = App::new().await;
    let live = app.key_with(|key| key.test = false).await;
    let body = r#"{"channel": "telegram", "type": "image", "to": "123", "media_url": "https://contoh.com/gambar.jpg"}"#;
    assert_snapshot!(app.post("/v1/messages", body).bearer(&live).await_answer().await, @r#"
    422
    {
      "error": {
        "code": "validation_failed",
        "fields": [
          {
            "allowed": [
              "whatsapp"
            ],
            "code": "not_available",
            "field": "channel",
            "message": "Belum tersedia di versi ini. Yang tersedia: whatsapp."
          }
        ],
        "request_id": "req_…"
      },
      "message": "Ada field yang kosong atau salah; lihat error.fields.",
      "success": false
    }
    "#);
}
