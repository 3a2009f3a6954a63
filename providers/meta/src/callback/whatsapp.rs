//! One change of a `WhatsApp` number: messages, echoes, statuses. Tolerant: what we do not know is kept and shown, never dropped.

use bytes::Bytes;
use cetar_model::Channel::WhatsappOfficial;
use cetar_model::{
    Card, Chat, Content, Coordinate, FailureCode, Location, Media, MediaSource, Moved, Receipt,
    TemplateChange, Timestamp,
};
use cetar_provider::{InboundMessage, MessageStatus};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::frame::id_of;
use crate::{errors, media::Reference, part::Part, templates};

/// What a change tells.
#[derive(Default)]
pub(super) struct Told {
    /// Of which number; none where it is about the business account.
    pub(super) phone_number_id: Option<String>,
    pub(super) messages: Vec<InboundMessage>,
    pub(super) statuses: Vec<MessageStatus>,
    pub(super) templates: Vec<TemplateChange>,
    /// User ids, and whose numbers they are.
    pub(super) aliases: Vec<(Chat, Chat)>,
    /// Who has another number or user id.
    pub(super) moves: Vec<Moved>,
}

#[derive(Deserialize)]
struct ChangeValue<'a> {
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    contacts: Vec<Value>,
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    message_echoes: Vec<&'a RawValue>,
    #[serde(default)]
    statuses: Vec<Value>,
}

pub(super) fn read(field: &str, value: &str) -> Told {
    if let Some(change) = templates::change(field, value) {
        return Told { templates: vec![change], ..Told::default() };
    }
    let Ok(change) = serde_json::from_str::<ChangeValue<'_>>(value) else { return Told::default() };
    let mut told = Told {
        phone_number_id: id_of(&change.metadata["phone_number_id"]),
        statuses: change.statuses.iter().filter_map(status).collect(),
        aliases: aliases(&change),
        ..Told::default()
    };
    for raw in &change.messages {
        let Ok(value) = serde_json::from_str(raw.get()) else { continue };
        match moved(&value) {
            Some(moved) => told.moves.push(moved),
            None => told.messages.extend(message(raw, &value, &change.contacts)),
        }
    }
    told.messages.extend(change.message_echoes.iter().filter_map(|raw| echo(raw)));
    told
}

/// Who is named by both, wherever: then each is known by either.
fn aliases(change: &ChangeValue<'_>) -> Vec<(Chat, Chat)> {
    let both = |value: &Value, user: &str, number: &str| {
        let number = text(value, number)?.trim_start_matches('+');
        Some((Chat::new(text(value, user)?), Chat::new(number)))
    };
    let contacts = change.contacts.iter().filter_map(|contact| both(contact, "user_id", "wa_id"));
    let statuses =
        change.statuses.iter().filter_map(|status| both(status, "recipient_user_id", "recipient_id"));
    let mut known: Vec<_> = contacts.chain(statuses).collect();
    known.sort_unstable();
    known.dedup();
    known
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

fn moment(value: &Value) -> Timestamp {
    let seconds = value["timestamp"].as_str().and_then(|text| text.parse().ok());
    Timestamp::from_secs(seconds.or(value["timestamp"].as_i64()).unwrap_or_default())
}

/// `wa_id` may be missing since 2026, the business-scoped user id is then all there is.
fn message(raw: &RawValue, value: &Value, contacts: &[Value]) -> Option<InboundMessage> {
    let remote_id = text(value, "id")?.to_owned();
    let user = text(value, "from_user_id");
    let contact = contacts.iter().find(|contact| {
        let same = |name: &str, with: Option<&str>| with.is_some() && text(contact, name) == with;
        same("wa_id", text(value, "from")) || same("user_id", user)
    });
    // Where no contact is the sender's for sure, the only one there is gives the name; an address only to a message without any.
    let only = contacts.first().filter(|_| contacts.len() == 1);
    let is_nameless = text(value, "from").is_none() && user.is_none();
    let sure = contact.or(only.filter(|_| is_nameless)).cloned().unwrap_or_default();
    let contact = contact.or(only).cloned().unwrap_or_default();
    let number = text(value, "from").or(text(&sure, "wa_id")).map(|number| number.trim_start_matches('+'));
    let from = Chat::new(number.or(user).or(text(&sure, "user_id"))?);
    let group = text(value, "group_id");
    let profile = &contact["profile"];
    let username = text(profile, "username").map(|name| name.trim_start_matches('@'));
    let content = content(value);
    Some(InboundMessage {
        chat: group.map_or_else(|| from.clone(), Chat::new),
        from_alias: number.is_none(),
        group: group.is_some(),
        echo: false,
        sender_name: text(profile, "name").or(username).map(str::to_owned),
        raw: kept(&content, raw),
        reply_to: text(&value["context"], "id").map(str::to_owned),
        sent_at: moment(value),
        from,
        content,
        remote_id,
    })
}

/// Meta's word that somebody has another number, with which the user id changes too, or another user id whose number is not told. It is
/// nothing that a person wrote.
fn moved(value: &Value) -> Option<Moved> {
    let system = &value["system"];
    let is_it = matches!(text(system, "type"), Some("user_changed_number" | "user_changed_user_id"));
    if text(value, "type") != Some("system") || !is_it {
        return None;
    }
    let chat = |value: &Value, name: &str| {
        text(value, name).map(|address| Chat::new(address.trim_start_matches('+')))
    };
    // The older member has the old name for the new number.
    let number = chat(system, "new_wa_id").or_else(|| chat(system, "wa_id"));
    let user = chat(system, "user_id");
    let to = number.clone().or_else(|| user.clone())?;
    let had = [chat(value, "from"), chat(system, "previous_user_id")];
    let from: Vec<Chat> =
        had.into_iter().flatten().filter(|old| *old != to && Some(old) != user.as_ref()).collect();
    let remote_id = text(value, "id")?.to_owned();
    (!from.is_empty()).then(|| Moved {
        remote_id,
        from,
        to,
        to_alias: number.is_none(),
        alias: user.filter(|_| number.is_some()),
    })
}

/// What the owner typed on the phone.
fn echo(raw: &RawValue) -> Option<InboundMessage> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    let number = |name| text(&value, name).map(|number| Chat::new(number.trim_start_matches('+')));
    let chat = number("to").or_else(|| text(&value, "to_user_id").map(Chat::new))?;
    let content = content(&value);
    Some(InboundMessage {
        remote_id: text(&value, "id")?.to_owned(),
        from: number("from").unwrap_or_else(|| chat.clone()),
        chat,
        from_alias: false,
        group: false,
        echo: true,
        sender_name: None,
        raw: kept(&content, raw),
        reply_to: text(&value["context"], "id").map(str::to_owned),
        sent_at: moment(&value),
        content,
    })
}

/// What we do not understand is kept as it came.
fn kept(content: &Content, raw: &RawValue) -> Option<Bytes> {
    matches!(content, Content::Unsupported { .. }).then(|| Bytes::copy_from_slice(raw.get().as_bytes()))
}

fn content(value: &Value) -> Content {
    let kind = text(value, "type").unwrap_or("unknown");
    known(kind, &value[kind], value).unwrap_or_else(|| Content::Unsupported { kind: kind.to_owned() })
}

fn known(kind: &str, part: &Value, value: &Value) -> Option<Content> {
    let caption = || text(part, "caption").map(str::to_owned);
    let about = || text(&value["context"], "id").map(str::to_owned);
    Some(match kind {
        "text" => Content::Text { text: text(part, "body")?.to_owned() },
        "image" => Content::Image { media: medium(part)?, caption: caption() },
        "video" => Content::Video { media: medium(part)?, caption: caption() },
        "document" => Content::Document { media: medium(part)?, caption: caption() },
        "audio" => Content::Audio { media: medium(part)?, caption: None, voice: part["voice"] == true },
        "sticker" => Content::Sticker { media: medium(part)? },
        "location" => Content::Location(Location {
            latitude: degrees(&part["latitude"])?,
            longitude: degrees(&part["longitude"])?,
            name: text(part, "name").map(str::to_owned),
            address: text(part, "address").map(str::to_owned),
        }),
        "contacts" => Content::Contacts { contacts: part.as_array()?.iter().map(card).collect() },
        // Taken back: without an emoji, or with an empty one.
        "reaction" => Content::Reaction {
            message: text(part, "message_id")?.to_owned(),
            emoji: text(part, "emoji").unwrap_or_default().to_owned(),
        },
        // A template's quick reply.
        "button" => Content::ButtonPress {
            id: text(part, "payload").or(text(part, "text"))?.to_owned(),
            text: text(part, "text").unwrap_or_default().to_owned(),
            message: about(),
        },
        "interactive" => {
            let chosen = &part[text(part, "type")?];
            Content::ButtonPress {
                id: text(chosen, "id").or(text(chosen, "name"))?.to_owned(),
                text: text(chosen, "title").or(text(chosen, "body")).unwrap_or_default().to_owned(),
                message: about(),
            }
        }
        "edit" => Content::Edited {
            message: text(part, "original_message_id")?.to_owned(),
            content: Box::new(content(&part["message"])),
        },
        "revoke" => Content::Deleted { message: text(part, "original_message_id")?.to_owned() },
        _ => return None,
    })
}

fn medium(part: &Value) -> Option<Media> {
    let reference =
        Reference::Id { id: id_of(&part["id"])?, sha256: text(part, "sha256").map(str::to_owned) };
    Some(Media {
        content_type: text(part, "mime_type")
            .map(|kind| kind.split(';').next().unwrap_or(kind).trim().to_owned()),
        file_name: text(part, "filename").map(str::to_owned),
        ..Media::of(MediaSource::Network(reference.to_text()))
    })
}

fn degrees(value: &Value) -> Option<Coordinate> {
    let degrees = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Coordinate::from_degrees(degrees)
}

fn card(contact: &Value) -> Card {
    let name = &contact["name"];
    let phones = contact["phones"].as_array().map_or(&[][..], Vec::as_slice);
    Card {
        name: text(name, "formatted_name").or(text(name, "first_name")).unwrap_or_default().to_owned(),
        phones: phones.iter().filter_map(|phone| text(phone, "phone").map(str::to_owned)).collect(),
        vcard: None,
    }
}

/// A status of a message of ours. One of another name than Meta's five says nothing about it; nor does one of a first part that went
/// well, while a later one may not be out.
fn status(value: &Value) -> Option<MessageStatus> {
    let receipt = match text(value, "status")? {
        "sent" => Receipt::Accepted,
        "delivered" => Receipt::Delivered,
        "read" | "played" => Receipt::Read,
        "failed" => Receipt::Failed,
        _ => return None,
    };
    let failure = (receipt == Receipt::Failed).then(|| failure(&value["errors"][0]));
    let (message, part) = Part::read(text(value, "biz_opaque_callback_data").unwrap_or_default());
    if !part.is_last() && receipt != Receipt::Failed {
        return None;
    }
    let remote_id = text(value, "id")?;
    let part_of = part.of_several(remote_id);
    let remote_id = if part.is_first() { remote_id.to_owned() } else { String::new() };
    Some(MessageStatus { remote_id, message, receipt, part: part_of, failure, at: moment(value) })
}

fn failure(error: &Value) -> (FailureCode, Option<String>) {
    let code = error["code"].as_i64().or_else(|| error["code"].as_str()?.parse().ok());
    match code {
        Some(code) => (errors::failure(WhatsappOfficial, code, None), Some(errors::shown(code, None))),
        None => (FailureCode::RejectedByNetwork, None),
    }
}

#[cfg(test)]
mod tests;
