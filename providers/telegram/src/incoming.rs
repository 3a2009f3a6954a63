//! What Telegram tells, in the product's words. Pure: whatever needs the account's state is left to the session.

use bytes::Bytes;
use cetar_model::{Card, Chat, Content, Coordinate, Location, Media, MediaSource, Timestamp};
use cetar_provider::InboundMessage;
use serde::Deserialize as _;
use serde_json::Value;

use crate::wire;

/// One update.
pub(crate) enum News {
    /// Somebody wrote.
    Message(Box<Written>),
    /// Somebody pressed a button.
    Pressed(Box<Pressed>),
    /// Somebody blocked the bot, or unblocked it; or a group lost or got it.
    Reachable { remote_id: String, chat: Chat, reachable: bool, at: Timestamp },
    /// A group has another id from now on.
    Moved { from: Chat, to: Chat },
    /// Nothing that belongs to a chat: its name, for the log.
    Nothing(String),
}

/// A message, and what of it the session looks at.
pub(crate) struct Written {
    pub(crate) message: InboundMessage,
    /// The writer's own number, which they shared in a private chat.
    pub(crate) own_number: Option<String>,
    /// `/start`, in a private chat.
    pub(crate) is_start: bool,
    /// The message's own number in its chat.
    pub(crate) number: i64,
}

/// A press.
pub(crate) struct Pressed {
    /// To be answered, or the button goes on turning.
    pub(crate) query: String,
    /// What the button carried: from the other side, so not to be trusted.
    pub(crate) data: String,
    /// Without its content, which the button's id leads to.
    pub(crate) message: InboundMessage,
    /// The network's id of the message with the button, where it is known.
    pub(crate) carried_by: Option<String>,
}

/// Telegram's id of a message is unique in its chat only.
pub(crate) fn remote_id(chat: i64, message: i64) -> String {
    format!("{chat}/{message}")
}

/// The number in its chat of a message of ours or theirs.
pub(crate) fn message_id(remote_id: &str) -> Option<i64> {
    remote_id.rsplit_once('/')?.1.parse().ok()
}

fn chat(id: i64) -> Chat {
    Chat::new(id.to_string())
}

/// An update in the product's words. Never fails: what is not understood is kept as it came.
pub(crate) fn read(whole: &Value) -> News {
    match wire::Update::deserialize(whole) {
        Ok(update) => news(update, whole),
        Err(_) => unknown(whole["update_id"].as_i64(), whole),
    }
}

fn news(update: wire::Update, whole: &Value) -> News {
    let id = update.update_id;
    if let Some(message) = update.message.or(update.channel_post) {
        let body = if whole["message"].is_object() { &whole["message"] } else { &whole["channel_post"] };
        return written(&message, body);
    }
    if let Some(message) = update.edited_message.or(update.edited_channel_post) {
        let body = if whole["edited_message"].is_object() {
            &whole["edited_message"]
        } else {
            &whole["edited_channel_post"]
        };
        return edited(&message, body, id);
    }
    if let Some(query) = update.callback_query {
        return pressed(query);
    }
    if let Some(member) = update.my_chat_member {
        return News::Reachable {
            remote_id: format!("update/{id}"),
            chat: chat(member.chat.id),
            reachable: !matches!(member.new_chat_member.status.as_str(), "kicked" | "left"),
            at: Timestamp::from_secs(member.date),
        };
    }
    unknown(Some(id), whole)
}

fn written(message: &wire::Message, body: &Value) -> News {
    if let Some(to) = message.migrate_to_chat_id {
        return News::Moved { from: chat(message.chat.id), to: chat(to) };
    }
    if let Some(from) = message.migrate_from_chat_id {
        return News::Moved { from: chat(from), to: chat(message.chat.id) };
    }
    let private = message.chat.is_private();
    let from = message.from.as_ref().map(|from| from.id);
    let own_number = message
        .contact
        .as_ref()
        // Anybody's card can be sent; only the own one proves something.
        .filter(|contact| private && contact.user_id.is_some() && contact.user_id == from)
        .and_then(|contact| digits(&contact.phone_number));
    let is_start = private && message.text.as_deref().is_some_and(is_start);
    let number = message.message_id;
    let content = content(message, body);
    let raw = matches!(content, Content::Unsupported { .. }).then(|| Bytes::from(body.to_string()));
    let message = inbound(message, remote_id(message.chat.id, number), content, raw);
    News::Message(Box::new(Written { message, own_number, is_start, number }))
}

/// `/start`, alone or with what its link carried.
fn is_start(text: &str) -> bool {
    text.split_whitespace().next() == Some("/start")
}

/// A number as the API takes it, whatever Telegram writes around it.
pub(crate) fn digits(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    cetar_model::PhoneNumber::parse(&digits).ok().map(String::from)
}

fn edited(message: &wire::Message, body: &Value, update: i64) -> News {
    let about = remote_id(message.chat.id, message.message_id);
    let inner = content(message, body);
    let raw = matches!(inner, Content::Unsupported { .. }).then(|| Bytes::from(body.to_string()));
    // Two edits in one second differ only by their update.
    let id = format!("{about}/edit/{update}");
    let at = message.edit_date.unwrap_or(message.date);
    let number = message.message_id;
    let mut inbound = inbound(message, id, Content::Edited { message: about, content: Box::new(inner) }, raw);
    inbound.sent_at = Timestamp::from_secs(at);
    News::Message(Box::new(Written { message: inbound, own_number: None, is_start: false, number }))
}

fn inbound(message: &wire::Message, id: String, content: Content, raw: Option<Bytes>) -> InboundMessage {
    // In a channel nobody in particular writes; of an anonymous administrator only the group is known.
    let writer = message.sender_chat.as_ref().map_or(message.chat.id, |chat| chat.id);
    let name = |chat: &wire::Chat| chat.title.clone();
    InboundMessage {
        remote_id: id,
        chat: chat(message.chat.id),
        from: chat(message.from.as_ref().map_or(writer, |from| from.id)),
        from_alias: false,
        group: !message.chat.is_private(),
        echo: false,
        sender_name: match &message.from {
            Some(from) => from.name(),
            None => message.sender_chat.as_ref().and_then(name).or_else(|| name(&message.chat)),
        },
        content,
        reply_to: message
            .reply_to_message
            .as_ref()
            .map(|answered| remote_id(message.chat.id, answered.message_id)),
        raw,
        sent_at: Timestamp::from_secs(message.date),
    }
}

fn pressed(query: wire::CallbackQuery) -> News {
    let wire::CallbackQuery { id, from, message, data } = query;
    let data = data.unwrap_or_default();
    // A message sent by way of the bot into another chat is not told of: then only the person is known.
    let at = message.as_ref().map_or(from.id, |message| message.chat.id);
    let carried_by = message.as_ref().map(|message| remote_id(message.chat.id, message.message_id));
    let message = InboundMessage {
        remote_id: format!("callback/{id}"),
        chat: chat(at),
        from: chat(from.id),
        from_alias: false,
        group: message.as_ref().is_some_and(|message| !message.chat.is_private()),
        echo: false,
        sender_name: from.name(),
        content: Content::Unsupported { kind: "callback_query".to_owned() },
        reply_to: None,
        raw: Some(Bytes::from(data.clone())),
        // A press carries no time of its own: the session says when it came.
        sent_at: Timestamp::default(),
    };
    News::Pressed(Box::new(Pressed { query: id, data, message, carried_by }))
}

/// A kind of update nobody here knows: a message of that kind, if it belongs to a chat or a person.
fn unknown(id: Option<i64>, whole: &Value) -> News {
    let body = whole.as_object().and_then(|members| members.iter().find(|(name, _)| *name != "update_id"));
    let Some((kind, body)) = body else { return News::Nothing("(none)".to_owned()) };
    let place = body["chat"]["id"].as_i64().or_else(|| body["from"]["id"].as_i64());
    let (Some(id), Some(place)) = (id, place) else { return News::Nothing(kind.clone()) };
    let from = body["from"]["id"].as_i64().unwrap_or(place);
    let message = InboundMessage {
        remote_id: format!("update/{id}"),
        chat: chat(place),
        from: chat(from),
        from_alias: false,
        group: place < 0,
        echo: false,
        sender_name: body["from"]["first_name"].as_str().map(str::to_owned),
        content: Content::Unsupported { kind: kind.clone() },
        reply_to: None,
        raw: Some(Bytes::from(body.to_string())),
        sent_at: Timestamp::from_secs(body["date"].as_i64().unwrap_or_default()),
    };
    News::Message(Box::new(Written { message, own_number: None, is_start: false, number: 0 }))
}

fn content(message: &wire::Message, body: &Value) -> Content {
    let caption = || message.caption.clone().filter(|caption| !caption.is_empty());
    if let Some(text) = &message.text {
        return Content::Text { text: text.clone() };
    }
    if let Some(largest) = message.photo.as_ref().and_then(|sizes| sizes.last()) {
        return Content::Image { media: media(largest, Some("image/jpeg")), caption: caption() };
    }
    // An animation comes with a document for old clients: the animation is what it is.
    if let Some(film) = message.animation.as_ref().or(message.video.as_ref()).or(message.video_note.as_ref())
    {
        return Content::Video { media: media(film, Some("video/mp4")), caption: caption() };
    }
    if let Some(sound) = &message.audio {
        return Content::Audio { media: media(sound, None), caption: caption(), voice: false };
    }
    if let Some(sound) = &message.voice {
        return Content::Audio { media: media(sound, Some("audio/ogg")), caption: caption(), voice: true };
    }
    if let Some(sticker) = &message.sticker {
        let kind = match (sticker.is_animated, sticker.is_video) {
            (true, _) => "application/x-tgsticker",
            (_, true) => "video/webm",
            (false, false) => "image/webp",
        };
        return Content::Sticker { media: media(sticker, Some(kind)) };
    }
    if let Some(document) = &message.document {
        return Content::Document { media: media(document, None), caption: caption() };
    }
    if let Some(venue) = &message.venue
        && let Some(place) = place(&venue.location)
    {
        let (name, address) = (venue.title.clone(), venue.address.clone());
        return Content::Location(Location { name, address, ..place });
    }
    if let Some(place) = message.location.as_ref().and_then(place) {
        return Content::Location(place);
    }
    if let Some(contact) = &message.contact {
        let names = [Some(contact.first_name.as_str()), contact.last_name.as_deref()];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let card = Card { name, phones: vec![contact.phone_number.clone()], vcard: contact.vcard.clone() };
        return Content::Contacts { contacts: vec![card] };
    }
    if let Some(poll) = &message.poll {
        return Content::Poll {
            question: poll.question.clone(),
            options: poll.options.iter().map(|option| option.text.clone()).collect(),
            several: poll.allows_multiple_answers,
        };
    }
    Content::Unsupported { kind: kind(body) }
}

/// Telegram's name of what a message is: the member that says it, beside those that every message may have.
fn kind(body: &Value) -> String {
    const USUAL: &[&str] = &[
        "message_id",
        "message_thread_id",
        "date",
        "edit_date",
        "chat",
        "from",
        "sender_chat",
        "sender_boost_count",
        "sender_business_bot",
        "reply_to_message",
        "reply_markup",
        "external_reply",
        "quote",
        "via_bot",
        "author_signature",
        "media_group_id",
        "caption",
        "caption_entities",
        "forward_origin",
    ];
    let members = body.as_object().into_iter().flatten();
    let mut named = members.filter(|(name, value)| {
        !USUAL.contains(&name.as_str())
            && !name.starts_with("is_")
            && !name.starts_with("has_")
            && !value.is_boolean()
    });
    named.next().map_or_else(|| "message".to_owned(), |(name, _)| name.clone())
}

fn media(file: &wire::File, content_type: Option<&str>) -> Media {
    Media {
        content_type: file.mime_type.clone().or_else(|| content_type.map(str::to_owned)),
        size: file.file_size,
        file_name: file.file_name.clone(),
        width: file.width,
        height: file.height,
        seconds: file.duration,
        ..Media::of(MediaSource::Network(file.file_id.clone()))
    }
}

fn place(location: &wire::Location) -> Option<Location> {
    let degrees = Coordinate::from_degrees;
    Some(Location {
        latitude: degrees(location.latitude)?,
        longitude: degrees(location.longitude)?,
        name: None,
        address: None,
    })
}
