//! What we send, in Telegram's words. Pure.

use cetar_model::{Button, Buttons, Content, Markup, Media};
use serde_json::{Value, json};

use crate::client::Params;

/// One call that sends a message.
pub(crate) struct Call<'c> {
    pub(crate) method: &'static str,
    pub(crate) params: Params,
    /// The parameter that a file is, and the file.
    pub(crate) file: Option<(&'static str, &'c Media)>,
}

/// A button that was sent, to be found again by what comes back when it is pressed.
pub(crate) struct Kept {
    /// What Telegram carries: 1 to 64 bytes.
    pub(crate) data: String,
    /// The application's id of it.
    pub(crate) id: String,
    /// What stands on it.
    pub(crate) text: String,
}

/// The call for a content, and the buttons to keep before it is made; `None` for what Telegram does not carry from here.
/// `data_of` gives what the button at this place carries.
pub(crate) fn call(content: &Content, data_of: impl Fn(usize) -> String) -> Option<(Call<'_>, Vec<Kept>)> {
    let (content, markup) = match content {
        Content::Formatted { markup, content } => (&**content, Some(*markup)),
        plain => (plain, None),
    };
    let (mut call, kept) = unmarked(content, markup, data_of)?;
    if let Some(markup) = markup {
        call.params.insert("parse_mode".to_owned(), markup.as_str().into());
    }
    Some((call, kept))
}

/// The same without saying how its text is marked up, which `markup` is.
fn unmarked(
    content: &Content,
    markup: Option<Markup>,
    data_of: impl Fn(usize) -> String,
) -> Option<(Call<'_>, Vec<Kept>)> {
    let plain = |call| Some((call, Vec::new()));
    match content {
        Content::Text { text } => plain(of("sendMessage", [("text", text.as_str().into())])),
        Content::Image { media, caption } => {
            plain(with_file("sendPhoto", "photo", media, caption.as_deref()))
        }
        Content::Video { media, caption } => {
            let mut call = with_file("sendVideo", "video", media, caption.as_deref());
            call.params.insert("supports_streaming".to_owned(), true.into());
            plain(call)
        }
        Content::Document { media, caption } => {
            let mut call = with_file("sendDocument", "document", media, caption.as_deref());
            // A file stays a file, even if it is a film.
            call.params.insert("disable_content_type_detection".to_owned(), true.into());
            plain(call)
        }
        Content::Audio { media, caption, voice: false } => {
            plain(with_file("sendAudio", "audio", media, caption.as_deref()))
        }
        Content::Audio { media, caption, voice: true } => {
            plain(with_file("sendVoice", "voice", media, caption.as_deref()))
        }
        Content::Buttons(buttons) => Some(with_buttons(buttons, markup, data_of)),
        Content::Sticker { .. }
        | Content::ButtonPress { .. }
        | Content::Formatted { .. }
        | Content::Location(_)
        | Content::Contacts { .. }
        | Content::Reaction { .. }
        | Content::Poll { .. }
        | Content::PollVote { .. }
        | Content::Edited { .. }
        | Content::Deleted { .. }
        | Content::Template(_)
        | Content::Interactive { .. }
        | Content::Seen { .. }
        | Content::Unsupported { .. } => None,
    }
}

fn of<const N: usize>(method: &'static str, params: [(&str, Value); N]) -> Call<'static> {
    let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Call { method, params, file: None }
}

fn with_file<'c>(
    method: &'static str,
    field: &'static str,
    media: &'c Media,
    caption: Option<&str>,
) -> Call<'c> {
    let mut params = Params::new();
    if let Some(caption) = caption {
        params.insert("caption".to_owned(), caption.into());
    }
    Call { method, params, file: Some((field, media)) }
}

fn with_buttons(
    buttons: &Buttons,
    markup: Option<Markup>,
    data_of: impl Fn(usize) -> String,
) -> (Call<'_>, Vec<Kept>) {
    let mut kept = Vec::new();
    let mut row = |(at, button): (usize, &Button)| {
        let button = match button {
            Button::Reply { id, text } => {
                let data = data_of(at);
                let button = json!({ "text": text, "callback_data": data });
                kept.push(Kept { data, id: id.clone(), text: text.clone() });
                button
            }
            Button::Url { text, url } => json!({ "text": text, "url": url }),
            Button::Copy { text, code } => json!({ "text": text, "copy_text": { "text": code } }),
        };
        // One below the other, as the other channels show them.
        json!([button])
    };
    let rows: Vec<Value> = buttons.buttons.iter().enumerate().map(&mut row).collect();
    let (text, entities) = match markup {
        Some(markup) => (marked_up(buttons, markup), Vec::new()),
        None => joined(buttons),
    };
    let (mut call, text_as, entities_as) = match &buttons.media {
        Some(media) => (with_file("sendPhoto", "photo", media, None), "caption", "caption_entities"),
        None => (of("sendMessage", []), "text", "entities"),
    };
    call.params.insert(text_as.to_owned(), text.into());
    if !entities.is_empty() {
        call.params.insert(entities_as.to_owned(), entities.into());
    }
    call.params.insert("reply_markup".to_owned(), json!({ "inline_keyboard": rows }));
    (call, kept)
}

/// Title, text and footer as one text that is marked up: the text by its writer, the others by us.
fn marked_up(buttons: &Buttons, markup: Markup) -> String {
    let title = buttons.title.as_deref().map(|text| match markup {
        Markup::Html => format!("<b>{}</b>", in_html(text)),
        Markup::MarkdownV2 => format!("*{}*", in_markdown(text)),
    });
    let footer = buttons.footer.as_deref().map(|text| match markup {
        Markup::Html => format!("<i>{}</i>", in_html(text)),
        Markup::MarkdownV2 => format!("_{}_", in_markdown(text)),
    });
    [title, Some(buttons.text.clone()), footer].into_iter().flatten().collect::<Vec<_>>().join(GAP)
}

/// A text that has no markup, in HTML (Bot API, "HTML style").
fn in_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The same in Telegram's Markdown (Bot API, "`MarkdownV2` style").
fn in_markdown(text: &str) -> String {
    const RESERVED: &str = "_*[]()~`>#+-=|{}.!\\";
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if RESERVED.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// What stands between title, text and footer.
const GAP: &str = "\n\n";

/// Title, text and footer as one text, and how they look: the title bold, the footer slanted. Said by place and not by markup, so that
/// nothing in them can be taken for markup.
fn joined(buttons: &Buttons) -> (String, Vec<Value>) {
    let parts = [
        (buttons.title.as_deref(), Some("bold")),
        (Some(buttons.text.as_str()), None),
        (buttons.footer.as_deref(), Some("italic")),
    ];
    let mut joined = String::new();
    let mut entities = Vec::new();
    for (part, look) in parts {
        let Some(part) = part else { continue };
        if !joined.is_empty() {
            joined.push_str(GAP);
        }
        if let Some(look) = look {
            let (offset, length) = (joined.encode_utf16().count(), part.encode_utf16().count());
            entities.push(json!({ "type": look, "offset": offset, "length": length }));
        }
        joined.push_str(part);
    }
    (joined, entities)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buttons(media: Option<Media>) -> Content {
        Content::Buttons(Buttons {
            title: Some("🎉 PROMO".into()),
            text: "Mau <b>?".into(),
            footer: Some("Hingga besok".into()),
            buttons: vec![
                Button::Reply { id: "AMBIL".into(), text: "Ya".into() },
                Button::Url { text: "Situs".into(), url: "https://contoh.com".into() },
                Button::Copy { text: "Salin".into(), code: "P50".into() },
            ],
            media,
        })
    }

    #[test]
    fn buttons_become_an_inline_keyboard_and_only_replies_are_kept() {
        let content = buttons(None);
        let (call, kept) = call(&content, |at| format!("b:{at}")).unwrap();
        assert_eq!(call.method, "sendMessage");
        assert_eq!(
            Value::from(call.params),
            json!({
                "text": "🎉 PROMO\n\nMau <b>?\n\nHingga besok",
                "entities": [
                    { "type": "bold", "offset": 0, "length": 8 },
                    { "type": "italic", "offset": 20, "length": 12 },
                ],
                "reply_markup": { "inline_keyboard": [
                    [{ "text": "Ya", "callback_data": "b:0" }],
                    [{ "text": "Situs", "url": "https://contoh.com" }],
                    [{ "text": "Salin", "copy_text": { "text": "P50" } }],
                ] },
            })
        );
        let kept: Vec<_> = kept.iter().map(|kept| (&*kept.data, &*kept.id, &*kept.text)).collect();
        assert_eq!(kept, [("b:0", "AMBIL", "Ya")]);
    }

    #[test]
    fn a_picture_above_buttons_carries_their_text() {
        let content = buttons(Some(Media::at("https://contoh.com/a.jpg")));
        let (call, _) = call(&content, |at| format!("b:{at}")).unwrap();
        assert_eq!((call.method, call.file.map(|(field, _)| field)), ("sendPhoto", Some("photo")));
        assert!(call.params.contains_key("caption") && call.params.contains_key("caption_entities"));
        assert!(!call.params.contains_key("text"));
    }

    #[test]
    fn markup_is_said_only_where_it_was_asked_for_and_what_we_add_is_escaped() {
        let formatted = |markup, content| Content::Formatted { markup, content: Box::new(content) };
        let text = formatted(Markup::Html, Content::Text { text: "<b>Halo</b>".into() });
        let (call_of_text, _) = call(&text, |_| String::new()).unwrap();
        assert_eq!(Value::from(call_of_text.params), json!({ "text": "<b>Halo</b>", "parse_mode": "HTML" }));

        let Content::Buttons(with) = buttons(None) else { unreachable!() };
        let with = || Buttons { title: Some("A<b_1.".into()), footer: Some("c&d!".into()), ..with.clone() };
        for (markup, expected) in [
            (Markup::Html, "<b>A&lt;b_1.</b>\n\nMau <b>?\n\n<i>c&amp;d!</i>"),
            (Markup::MarkdownV2, "*A<b\\_1\\.*\n\nMau <b>?\n\n_c&d\\!_"),
        ] {
            let content = formatted(markup, Content::Buttons(with()));
            let (call, kept) = call(&content, |at| format!("b:{at}")).unwrap();
            assert_eq!((call.params["text"].as_str(), kept.len()), (Some(expected), 1));
            assert_eq!(call.params["parse_mode"], markup.as_str());
            assert!(!call.params.contains_key("entities"));
        }
    }

    #[test]
    fn nothing_in_a_text_is_taken_for_markup() {
        let text = Content::Text { text: "a_b *c* <d>".into() };
        let (call, _) = call(&text, |_| String::new()).unwrap();
        assert_eq!(Value::from(call.params), json!({ "text": "a_b *c* <d>" }));
    }
}
