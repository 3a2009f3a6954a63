//! What a message to the official WhatsApp says, from its fields.

use cetar_model::{
    Card, Content, ContentKind, Coordinate, Filling, Location, Media, OfficialTemplate, TemplateButton,
    TemplateButtonVariable, TemplateHeader, TemplateParts, TemplateVariable,
};

use crate::{
    input::{Body, Fields, Problem, TextRule},
    v1::messages::content::plain_file_name,
};

/// The types of this endpoint.
pub(crate) const TYPES: [&str; 12] = [
    "text",
    "image",
    "video",
    "document",
    "audio",
    "template",
    "interactive",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "read",
];

/// The kinds of button variables.
const BUTTONS: [&str; 3] = ["url", "quick_reply", "copy_code"];
/// The longest text or variable; Meta's own limits are below it.
const TEXT: TextRule = TextRule::upto(4096);
const ADDRESS: usize = 2048;
/// Most contact cards of one message, and most phones of a card.
const CARDS: usize = 100;
/// Most buttons of a template.
const TEMPLATE_BUTTONS: usize = 10;

/// Reads it. `None` if something was refused, which is noted.
pub(super) fn read(fields: &Fields<'_>, body: &Body, kind: &'static str) -> Option<Content> {
    let text = || fields.text("text", TEXT).map(str::to_owned);
    match kind {
        "text" => {
            fields.require("text");
            Some(Content::Text { text: text()? })
        }
        "image" => {
            let (media, caption) = (media(fields), text());
            Some(Content::Image { media: media?, caption })
        }
        "video" => {
            let (media, caption) = (media(fields), text());
            Some(Content::Video { media: media?, caption })
        }
        "document" => {
            let (media, caption) = (media(fields), text());
            let file_name = fields.text("filename", TextRule::upto(255)).and_then(plain_file_name);
            Some(Content::Document { media: Media { file_name, ..media? }, caption })
        }
        "audio" => {
            let (media, caption) = (media(fields), text());
            let voice = fields.flag("voice").unwrap_or(false);
            Some(Content::Audio { media: media?, caption, voice })
        }
        "sticker" => Some(Content::Sticker { media: media(fields)? }),
        "template" => template(fields, body),
        "interactive" => interactive(fields, body),
        "location" => location(fields),
        "contacts" => contacts(fields),
        "reaction" => {
            let emoji = fields.text("emoji", TextRule::any(32)).unwrap_or_default().to_owned();
            Some(Content::Reaction { message: about(fields)?, emoji })
        }
        _ => {
            let typing = fields.flag("typing").unwrap_or(false);
            Some(Content::Seen { message: about(fields)?, typing })
        }
    }
}

fn media(fields: &Fields<'_>) -> Option<Media> {
    fields.require("media_url");
    fields.http_url("media_url", ADDRESS).map(Media::at)
}

fn about(fields: &Fields<'_>) -> Option<String> {
    fields.require("message_id");
    fields.text("message_id", TextRule::upto(512)).map(str::to_owned)
}

/// Meta's object, as the sender wrote it: neither read nor changed, but for the text that people see in the inbox.
fn interactive(fields: &Fields<'_>, body: &Body) -> Option<Content> {
    fields.require("content");
    let content = fields.object("content");
    if !content.exists() {
        return None;
    }
    let text = content.peek("body").and_then(|body| body["text"].as_str()).map(str::to_owned);
    Some(Content::Interactive { json: body.raw("content")?, text })
}

fn template(fields: &Fields<'_>, body: &Body) -> Option<Content> {
    fields.require("template_name");
    fields.require("language");
    let name = fields.text("template_name", TextRule::upto(512)).map(str::to_owned);
    let language = fields.text("language", TextRule::upto(20)).map(str::to_owned);
    let filling = if fields.peek("components").is_some_and(serde_json::Value::is_array) {
        body.raw("components").map(Filling::Components)
    } else {
        Some(Filling::Parts(parts(&fields.object("components"))))
    };
    Some(Content::Template(OfficialTemplate {
        name: name?,
        language: language?,
        filling: filling?,
        text: None,
    }))
}

fn parts(components: &Fields<'_>) -> TemplateParts {
    let header = |name: &str, kind: ContentKind| {
        let media = components.http_url(name, ADDRESS).map(Media::at)?;
        Some(TemplateHeader { kind, media })
    };
    let headers = [
        header("header_image", ContentKind::Image),
        header("header_video", ContentKind::Video),
        header("header_document", ContentKind::Document),
    ];
    TemplateParts {
        header: headers.into_iter().flatten().next(),
        header_text: components.text("header_text", TEXT).map(str::to_owned),
        body: variables(components),
        buttons: buttons(components),
    }
}

/// An array, by place, or an object, by name.
fn variables(components: &Fields<'_>) -> Vec<TemplateVariable> {
    if components.peek("body_variables").is_some_and(serde_json::Value::is_object) {
        let named = components.object("body_variables").texts(TEXT);
        return named.into_iter().map(|(name, value)| TemplateVariable { name: Some(name), value }).collect();
    }
    let texts = components.texts_of("body_variables", 100, TEXT);
    texts.into_iter().map(|value| TemplateVariable { name: None, value }).collect()
}

fn buttons(components: &Fields<'_>) -> Vec<TemplateButton> {
    let entries = components.objects("button_variables", TEMPLATE_BUTTONS).unwrap_or_default();
    let read = |entry: &Fields<'_>| {
        for name in ["index", "type", "value"] {
            entry.require(name);
        }
        let index = entry.integer("index", 0..=TEMPLATE_BUTTONS as u64 - 1);
        let kind = entry.raw_text("type");
        if kind.is_some_and(|kind| !BUTTONS.contains(&kind)) {
            entry.refuse("type", Problem::Unknown { allowed: BUTTONS.map(str::to_owned).to_vec() });
        }
        let value = entry.text("value", TEXT).map(str::to_owned);
        let variable = match kind? {
            "url" => TemplateButtonVariable::Url(value?),
            "quick_reply" => TemplateButtonVariable::QuickReply(value?),
            _ => TemplateButtonVariable::CopyCode(value?),
        };
        Some(TemplateButton { index: u32::try_from(index?).ok()?, variable })
    };
    entries.iter().filter_map(read).collect()
}

/// A place, in `location`.
pub(in crate::v1) fn location(fields: &Fields<'_>) -> Option<Content> {
    fields.require("location");
    let place = fields.object("location");
    if !place.exists() {
        return None;
    }
    let degrees = |name: &str| {
        place.require(name);
        let value = place.peek(name)?;
        let degrees = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        let degrees = degrees.and_then(Coordinate::from_degrees);
        if degrees.is_none() {
            place.refuse(name, Problem::OutOfRange { min: 0, max: 180 });
        }
        degrees
    };
    let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
    let text = |name: &str| place.text(name, TextRule::upto(1000)).map(str::to_owned);
    let (name, address) = (text("name"), text("address"));
    Some(Content::Location(Location { latitude: latitude?, longitude: longitude?, name, address }))
}

/// Cards, in `contacts`.
pub(in crate::v1) fn contacts(fields: &Fields<'_>) -> Option<Content> {
    fields.require("contacts");
    let entries = fields.objects("contacts", CARDS)?;
    if entries.is_empty() {
        fields.refuse("contacts", Problem::Empty);
        return None;
    }
    let card = |entry: &Fields<'_>| {
        entry.require("name");
        let name = entry.text("name", TextRule::upto(255)).map(str::to_owned);
        let phones = entry.texts_of("phones", CARDS, TextRule::upto(40));
        Some(Card { name: name?, phones, vcard: None })
    };
    let cards: Vec<Card> = entries.iter().filter_map(card).collect();
    (cards.len() == entries.len()).then_some(Content::Contacts { contacts: cards })
}
