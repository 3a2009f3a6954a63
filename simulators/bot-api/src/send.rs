//! The methods that send, with their limits.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    answer::Refused,
    files,
    form::Form,
    state::{Shown, State},
};

/// Method, the member that carries the content, the largest upload in bytes; 0: no file.
const METHODS: &[(&str, &str, usize)] = &[
    ("sendmessage", "text", 0),
    ("sendphoto", "photo", 10 << 20),
    ("sendvideo", "video", 50 << 20),
    ("senddocument", "document", 50 << 20),
    ("sendaudio", "audio", 50 << 20),
    ("sendvoice", "voice", 50 << 20),
];

/// Longest text, in characters.
const TEXT: usize = 4096;
/// Longest caption, in characters.
const CAPTION: usize = 1024;
/// When the messages of this world are written.
const EPOCH: i64 = 1_700_000_000;

/// Sends a message.
pub(crate) fn send(state: &mut State, token: &str, method: &str, form: &Form) -> Result<Value, Refused> {
    let Some((_, field, largest)) = METHODS.iter().find(|(name, ..)| *name == method) else {
        return Err(Refused::new(404, "Not Found"));
    };
    let chat = chat(state, token, form)?;
    let mut message = json!({ "chat": state.chat(chat), "date": EPOCH });
    let mut file = None;
    if *largest == 0 {
        let text = form.text("text").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Refused::bad("message text is empty"));
        }
        let (text, entities) = marked_up(form, text, "entities")?;
        if text.chars().count() > TEXT {
            return Err(Refused::bad("message is too long"));
        }
        message["text"] = text.into();
        set(&mut message, "entities", entities);
    } else {
        let kept = files::given(state, form, field, *largest)?;
        message[*field] = kept.object;
        file = Some(kept.bytes);
        let (caption, entities) =
            marked_up(form, form.text("caption").unwrap_or_default(), "caption_entities")?;
        if caption.chars().count() > CAPTION {
            return Err(Refused::bad("message caption is too long"));
        }
        if !caption.is_empty() {
            message["caption"] = caption.into();
        }
        set(&mut message, "caption_entities", entities);
    }
    if let Some(markup) = form.object("reply_markup") {
        check_markup(&markup)?;
        message["reply_markup"] = markup;
    }
    if let Some(reply) = form.object("reply_parameters") {
        let about = reply["message_id"].as_i64().unwrap_or_default();
        let there = state.chats.get(&chat).is_some_and(|chat| about <= chat.last_message);
        if there {
            message["reply_to_message"] =
                json!({ "message_id": about, "chat": state.chat(chat), "date": EPOCH });
        } else if reply["allow_sending_without_reply"] != true {
            return Err(Refused::bad("message to be replied not found"));
        }
    }
    within_limits(state, token, chat)?;
    let id = state.next_message(chat);
    message["message_id"] = id.into();
    let bot = state.bots.get(token).map_or(0, |bot| bot.id);
    message["from"] = json!({ "id": bot, "is_bot": true, "first_name": "bot" });
    state.shown.push((bot, Shown { chat, message: message.clone(), file }));
    Ok(message)
}

fn set(message: &mut Value, name: &str, entities: Option<Value>) {
    if let Some(entities) = entities {
        message[name] = entities;
    }
}

/// Where it goes, if the bot may write there.
pub(crate) fn chat(state: &State, token: &str, form: &Form) -> Result<i64, Refused> {
    let named = form.text("chat_id").filter(|text| !text.is_empty());
    let named = named.ok_or_else(|| Refused::bad("chat_id is empty"))?;
    let not_found = || Refused::bad("chat not found");
    let id = match named.strip_prefix('@') {
        Some(name) => {
            let mut chats = state.chats.iter().filter(|(_, chat)| chat.kind != "private");
            chats
                .find(|(_, chat)| chat.username.as_deref() == Some(name))
                .map(|(id, _)| *id)
                .ok_or_else(not_found)?
        }
        None => named.parse::<i64>().map_err(|_| not_found())?,
    };
    let (chat, bot) = (state.chats.get(&id), state.bots.get(token));
    let (Some(chat), Some(bot)) = (chat, bot) else { return Err(not_found()) };
    if let Some(to) = chat.moved_to {
        return Err(Refused::upgraded(to));
    }
    if chat.gone {
        return Err(Refused::forbidden("user is deactivated"));
    }
    if bot.blocked_by.contains(&id) {
        return Err(Refused::forbidden("bot was blocked by the user"));
    }
    if bot.kicked_from.contains(&id) {
        return Err(Refused::forbidden(&format!("bot was kicked from the {} chat", chat.kind)));
    }
    // Somebody whom the bot has never met is unknown to it.
    if bot.knows.contains(&id) { Ok(id) } else { Err(not_found()) }
}

/// The text without its markup. Only as much of it as shows whether somebody's text was taken for markup.
fn marked_up(form: &Form, text: String, entities: &str) -> Result<(String, Option<Value>), Refused> {
    match form.text("parse_mode").as_deref() {
        None | Some("") => {
            let entities = form.object(entities);
            let units = text.encode_utf16().count() as u64;
            let outside = entities.as_ref().and_then(Value::as_array).into_iter().flatten().any(|entity| {
                let place = |name: &str| entity[name].as_u64().unwrap_or_default();
                place("offset") + place("length") > units
            });
            if outside {
                return Err(Refused::bad("can't parse entities: the entity ends outside the text"));
            }
            Ok((text, entities))
        }
        Some("HTML") => {
            let (mut plain, mut depth) = (String::new(), 0_i32);
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once('<') {
                plain.push_str(before);
                let Some((tag, after)) = after.split_once('>') else {
                    return Err(unclosed(before.len()));
                };
                depth += if tag.starts_with('/') { -1 } else { 1 };
                rest = after;
            }
            plain.push_str(rest);
            if depth == 0 { Ok((plain, None)) } else { Err(unclosed(text.len())) }
        }
        Some("MarkdownV2") => {
            let reserved =
                ['_', '*', '[', ']', '(', ')', '~', '`', '>', '#', '+', '-', '=', '|', '{', '}', '.', '!'];
            let marks = ['*', '_', '~', '`'];
            let alone = marks.iter().any(|mark| text.matches(*mark).count() % 2 == 1);
            let bare =
                text.chars().any(|c| reserved.contains(&c) && !marks.contains(&c)) && !text.contains('\\');
            if alone || bare { Err(unclosed(text.len())) } else { Ok((text.replace(marks, ""), None)) }
        }
        Some(_) => Err(Refused::bad("unsupported parse_mode")),
    }
}

fn unclosed(at: usize) -> Refused {
    Refused::bad(&format!("can't parse entities: Can't find end of the entity starting at byte offset {at}"))
}

fn check_markup(markup: &Value) -> Result<(), Refused> {
    let rows = markup["inline_keyboard"].as_array().into_iter().flatten();
    let buttons: Vec<&Value> = rows.filter_map(Value::as_array).flatten().collect();
    if buttons.len() > 100 {
        return Err(Refused::bad("reply markup is too long"));
    }
    for button in buttons {
        if button["text"].as_str().is_none_or(str::is_empty) {
            return Err(Refused::bad(
                "can't parse inline keyboard button: field \"text\" must be of type String",
            ));
        }
        if let Some(data) = button["callback_data"].as_str()
            && !(1..=64).contains(&data.len())
        {
            return Err(Refused::bad("BUTTON_DATA_INVALID"));
        }
        if let Some(address) = button["url"].as_str()
            && !["http://", "https://", "tg://"].iter().any(|scheme| address.starts_with(scheme))
        {
            return Err(Refused::bad(&format!(
                "inline keyboard button URL '{address}' is invalid: Unsupported URL protocol"
            )));
        }
        if let Some(code) = button["copy_text"]["text"].as_str()
            && !(1..=256).contains(&code.chars().count())
        {
            return Err(Refused::bad("BUTTON_COPY_TEXT_INVALID"));
        }
    }
    Ok(())
}

/// One a second to a chat, thirty a second in all, twenty a minute to a group: where a test wants them enforced. The network counts what
/// arrives, and what was sent a second apart may arrive a little less than that apart: it is lenient by a tenth.
fn within_limits(state: &mut State, token: &str, chat: i64) -> Result<(), Refused> {
    if !state.enforce {
        return Ok(());
    }
    let bot = state.bots.get(token).map_or(0, |bot| bot.id);
    let now = started().elapsed().as_millis();
    let within = |span: u128, only: Option<i64>| {
        let lately = state.sends.iter().filter(|(of, to, at)| {
            *of == bot && only.is_none_or(|only| only == *to) && now.saturating_sub(*at) < span
        });
        lately.count()
    };
    if within(900, Some(chat)) >= 1 || within(900, None) >= 30 {
        return Err(Refused::slow_down(1));
    }
    if chat < 0 && within(59_000, Some(chat)) >= 20 {
        return Err(Refused::slow_down(30));
    }
    state.sends.push((bot, chat, now));
    Ok(())
}

fn started() -> Instant {
    static STARTED: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *STARTED.get_or_init(Instant::now)
}
