//! What a bot says by itself: on `/start`, how to share the number; once that is shared, thanks.

use cetar_model::Language;
use serde_json::{Value, json};

use crate::client::Params;

/// The keyboard that shares the number.
pub(crate) fn ask(language: Language, chat: i64) -> Params {
    let text = language.pick(
        "Halo! Tekan tombol di bawah untuk membagikan nomor Anda, agar kami bisa menghubungi Anda di sini.",
        "Hello! Press the button below to share your number, so that we can reach you here.",
    );
    let button = language.pick("Bagikan nomor saya", "Share my number");
    params(
        chat,
        text,
        &json!({
            "keyboard": [[{ "text": button, "request_contact": true }]],
            "one_time_keyboard": true,
            "resize_keyboard": true,
        }),
    )
}

/// The number has come; the keyboard goes.
pub(crate) fn thank(language: Language, chat: i64) -> Params {
    let text = language.pick("Terima kasih, nomor Anda sudah tersimpan.", "Thank you, your number is saved.");
    params(chat, text, &json!({ "remove_keyboard": true }))
}

fn params(chat: i64, text: &str, markup: &Value) -> Params {
    let members = [("chat_id", Value::from(chat)), ("text", text.into()), ("reply_markup", markup.clone())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
