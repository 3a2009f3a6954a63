//! What is sent through `WhatsApp`'s Cloud API: the model's words in Meta's JSON. Pure.
//!
//! Bodies are put together as text, because parts of them come as text from the sender and must stay as they are.

use cetar_model::{
    Card, Chat, Content, Filling, Location, OfficialTemplate, TemplateButtonVariable, TemplateParts,
};
use cetar_provider::Outbound;
use serde_json::{Value, json};

use crate::part::Part;

/// A file that Meta has, by its id.
#[derive(Debug, Clone)]
pub(crate) struct Uploaded {
    pub(crate) id: String,
    /// The name it is shown under, of a document.
    pub(crate) file_name: Option<String>,
}

impl Uploaded {
    fn object(&self, caption: Option<&str>) -> Value {
        let mut object = json!({ "id": self.id });
        if let Some(caption) = caption {
            object["caption"] = caption.into();
        }
        object
    }

    fn document(&self, caption: Option<&str>) -> Value {
        let mut object = self.object(caption);
        if let Some(name) = &self.file_name {
            object["filename"] = name.as_str().into();
        }
        object
    }
}

/// A business-scoped user id has two capital letters and a dot before it; a phone number never does. The member must be chosen by
/// that: an id given as a number is taken by Meta and lost.
pub(crate) fn is_user_id(address: &str) -> bool {
    let mut chars = address.bytes();
    let letters = chars.by_ref().take(2).filter(u8::is_ascii_uppercase).count();
    letters == 2 && chars.next() == Some(b'.')
}

/// The bodies of one message, in the order they go out; most have one. `None`: this cannot be sent.
pub(crate) fn bodies(message: &Outbound, uploaded: Option<&Uploaded>) -> Option<Vec<String>> {
    let whole = |kind: &str, value: Value| Some(vec![body(message, Part::WHOLE, kind, &value.to_string())]);
    let file = || uploaded.cloned();
    match &message.content {
        Content::Text { text } => whole("text", text_object(text)),
        Content::Image { caption, .. } => whole("image", file()?.object(caption.as_deref())),
        Content::Video { caption, .. } => whole("video", file()?.object(caption.as_deref())),
        Content::Document { caption, .. } => whole("document", file()?.document(caption.as_deref())),
        Content::Audio { caption, voice, .. } => {
            let mut audio = file()?.object(None);
            if *voice {
                audio["voice"] = true.into();
            }
            // Sound carries no caption: it follows as a message of its own.
            let text = caption.as_deref().map(|text| ("text", text_object(text)));
            let parts: Vec<_> = std::iter::once(("audio", audio)).chain(text).collect();
            let part = |(at, (kind, value)): (usize, &(&str, Value))| {
                body(message, Part::new(at + 1, parts.len()), kind, &value.to_string())
            };
            Some(parts.iter().enumerate().map(part).collect())
        }
        Content::Sticker { .. } => whole("sticker", file()?.object(None)),
        Content::Template(template) => {
            Some(vec![body(message, Part::WHOLE, "template", &template_object(template, uploaded))])
        }
        Content::Interactive { json, .. } => Some(vec![body(message, Part::WHOLE, "interactive", json)]),
        Content::Location(place) => whole("location", location(place)),
        Content::Contacts { contacts } => whole("contacts", contacts.iter().map(card).collect()),
        Content::Reaction { message, emoji } => {
            whole("reaction", json!({ "message_id": message, "emoji": emoji }))
        }
        Content::Seen { message, typing } => {
            let mut read =
                json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message });
            if *typing {
                read["typing_indicator"] = json!({ "type": "text" });
            }
            Some(vec![read.to_string()])
        }
        Content::Buttons(_)
        | Content::ButtonPress { .. }
        | Content::Formatted { .. }
        | Content::Poll { .. }
        | Content::PollVote { .. }
        | Content::Edited { .. }
        | Content::Deleted { .. }
        | Content::Unsupported { .. } => None,
    }
}

/// In how many of them a content goes out.
pub(crate) const fn pieces(content: &Content) -> usize {
    if matches!(content, Content::Audio { caption: Some(_), .. }) { 2 } else { 1 }
}

/// The members all messages have, and `content`, JSON text, under its type's name.
fn body(message: &Outbound, part: Part, kind: &str, content: &str) -> String {
    let (whom, address) = recipient(&message.to);
    let mut members = vec![
        ("messaging_product", json!("whatsapp").to_string()),
        ("recipient_type", json!("individual").to_string()),
        (whom, json!(address).to_string()),
    ];
    // A reaction names its message itself.
    if let (Some(answered), true, false) = (&message.reply_to, part.is_first(), kind == "reaction") {
        members.push(("context", json!({ "message_id": answered }).to_string()));
    }
    members.push(("biz_opaque_callback_data", json!(part.name(&message.id)).to_string()));
    members.push(("type", json!(kind).to_string()));
    members.push((kind, content.to_owned()));
    object(&members)
}

fn recipient(to: &Chat) -> (&'static str, String) {
    let to = to.as_str();
    if is_user_id(to) { ("recipient", to.to_owned()) } else { ("to", format!("+{to}")) }
}

/// An object of members that are JSON text already.
fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn text_object(text: &str) -> Value {
    let mut object = json!({ "body": text });
    if text.contains("https://") || text.contains("http://") {
        object["preview_url"] = true.into();
    }
    object
}

fn location(place: &Location) -> Value {
    let mut object = json!({
        "latitude": place.latitude.degrees().to_string(),
        "longitude": place.longitude.degrees().to_string(),
    });
    for (name, value) in [("name", &place.name), ("address", &place.address)] {
        if let Some(value) = value {
            object[name] = value.as_str().into();
        }
    }
    object
}

fn card(card: &Card) -> Value {
    let first = card.name.split_whitespace().next().unwrap_or(&card.name);
    let phones: Vec<Value> =
        card.phones.iter().map(|phone| json!({ "phone": phone, "type": "CELL" })).collect();
    json!({ "name": { "formatted_name": card.name, "first_name": first }, "phones": phones })
}

fn template_object(template: &OfficialTemplate, uploaded: Option<&Uploaded>) -> String {
    let components = match &template.filling {
        Filling::Components(json) => json.clone(),
        Filling::Parts(parts) => Value::from(components(parts, uploaded)).to_string(),
    };
    let mut members = vec![
        ("name", json!(template.name).to_string()),
        ("language", json!({ "code": template.language }).to_string()),
    ];
    // A template without variables takes none, not even an empty list.
    if components != "[]" {
        members.push(("components", components));
    }
    object(&members)
}

/// The contract's short form, in Meta's.
fn components(parts: &TemplateParts, uploaded: Option<&Uploaded>) -> Vec<Value> {
    let mut components = Vec::new();
    if let (Some(header), Some(uploaded)) = (&parts.header, uploaded) {
        let kind = header.kind.as_str();
        let medium = if kind == "document" { uploaded.document(None) } else { uploaded.object(None) };
        let mut parameter = json!({ "type": kind });
        parameter[kind] = medium;
        components.push(json!({ "type": "header", "parameters": [parameter] }));
    } else if let Some(text) = &parts.header_text {
        components.push(json!({ "type": "header", "parameters": [{ "type": "text", "text": text }] }));
    }
    if !parts.body.is_empty() {
        let variable = |variable: &cetar_model::TemplateVariable| {
            let mut parameter = json!({ "type": "text", "text": variable.value });
            if let Some(name) = &variable.name {
                parameter["parameter_name"] = name.as_str().into();
            }
            parameter
        };
        let parameters: Vec<Value> = parts.body.iter().map(variable).collect();
        components.push(json!({ "type": "body", "parameters": parameters }));
    }
    for button in &parts.buttons {
        let (sub_type, parameter) = match &button.variable {
            TemplateButtonVariable::Url(text) => ("url", json!({ "type": "text", "text": text })),
            TemplateButtonVariable::QuickReply(payload) => {
                ("quick_reply", json!({ "type": "payload", "payload": payload }))
            }
            TemplateButtonVariable::CopyCode(code) => {
                ("copy_code", json!({ "type": "coupon_code", "coupon_code": code }))
            }
        };
        components.push(json!({
            "type": "button", "sub_type": sub_type, "index": button.index.to_string(), "parameters": [parameter],
        }));
    }
    components
}

#[cfg(test)]
mod tests {
    use cetar_model::{ContentKind, Coordinate, Media, TemplateButton, TemplateHeader, TemplateVariable};

    use super::*;

    fn message(content: Content) -> Outbound {
        Outbound {
            id: "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap(),
            to: Chat::new("6281234567890"),
            content,
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    fn sent(message: &Outbound) -> Vec<Value> {
        let uploaded = Uploaded { id: "77".into(), file_name: Some("a.pdf".into()) };
        let bodies = bodies(message, Some(&uploaded)).unwrap();
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    #[test]
    fn a_text_goes_to_the_number_with_a_plus_and_carries_our_id() {
        let mut message = message(Content::Text { text: "Halo \"Budi\"".into() });
        message.reply_to = Some("wamid.A=".into());
        let expected = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+6281234567890",
            "context": {"message_id": "wamid.A="}, "biz_opaque_callback_data": "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50",
            "type": "text", "text": {"body": "Halo \"Budi\""},
        });
        assert_eq!(sent(&message), [expected]);
    }

    #[test]
    fn a_user_id_is_given_as_recipient_never_as_number() {
        let message = Outbound {
            to: Chat::new("ID.13491208655302741918"),
            ..message(Content::Text { text: "x".into() })
        };
        let body = &sent(&message)[0];
        assert_eq!((&body["recipient"], &body["to"]), (&json!("ID.13491208655302741918"), &Value::Null));
        assert!(!is_user_id("6281234567890") && !is_user_id("I.1") && !is_user_id("id.1") && !is_user_id(""));
    }

    #[test]
    fn interactive_content_is_passed_on_as_the_same_text() {
        let json = "{ \"type\" : \"button\",\n \"x\": 1.0, \"y\":[1e2, 10000000000000000000001], \"a\":\"\\u00e9\" }";
        let content = Content::Interactive { json: json.into(), text: None };
        let bodies = bodies(&message(content), None).unwrap();
        assert!(
            bodies[0].ends_with(&format!("\"type\":\"interactive\",\"interactive\":{json}}}")),
            "{}",
            bodies[0]
        );
    }

    #[test]
    fn the_short_form_of_a_template_becomes_metas_components() {
        let template = OfficialTemplate {
            name: "hello_world".into(),
            language: "id".into(),
            filling: Filling::Parts(TemplateParts {
                header: Some(TemplateHeader { kind: ContentKind::Document, media: Media::at("https://x") }),
                header_text: None,
                body: vec![
                    TemplateVariable { name: None, value: "Budi Santoso".into() },
                    TemplateVariable { name: Some("total".into()), value: "Rp 500.000".into() },
                ],
                buttons: vec![
                    TemplateButton { index: 0, variable: TemplateButtonVariable::Url("track/42".into()) },
                    TemplateButton { index: 2, variable: TemplateButtonVariable::CopyCode("P50".into()) },
                ],
            }),
            text: None,
        };
        let body = &sent(&message(Content::Template(template)))[0];
        let expected = json!({
            "name": "hello_world", "language": {"code": "id"},
            "components": [
                {"type": "header", "parameters": [{"type": "document", "document": {"id": "77", "filename": "a.pdf"}}]},
                {"type": "body", "parameters": [
                    {"type": "text", "text": "Budi Santoso"},
                    {"type": "text", "text": "Rp 500.000", "parameter_name": "total"},
                ]},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "track/42"}]},
                {"type": "button", "sub_type": "copy_code", "index": "2", "parameters": [{"type": "coupon_code", "coupon_code": "P50"}]},
            ],
        });
        assert_eq!((&body["type"], &body["template"]), (&json!("template"), &expected));
    }

    #[test]
    fn metas_own_components_are_passed_on_and_a_template_without_any_has_none() {
        let template = |filling| {
            let template =
                OfficialTemplate { name: "n".into(), language: "en_US".into(), filling, text: None };
            bodies(&message(Content::Template(template)), None).unwrap().remove(0)
        };
        let own = template(Filling::Components("[ {\"type\":\"body\"} ]".into()));
        assert!(own.contains("\"components\":[ {\"type\":\"body\"} ]"), "{own}");
        assert!(!template(Filling::Parts(TemplateParts::default())).contains("components"));
    }

    #[test]
    fn the_text_with_sound_follows_as_a_second_message() {
        let content =
            Content::Audio { media: Media::at("https://x"), caption: Some("Dengar".into()), voice: true };
        assert_eq!(pieces(&content), 2);
        let bodies = sent(&message(content));
        assert_eq!(bodies[0]["audio"], json!({"id": "77", "voice": true}));
        assert_eq!(bodies[1]["text"], json!({"body": "Dengar"}));
        let names = [1, 2].map(|number| json!(format!("msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/{number}-2")));
        assert_eq!([0, 1].map(|at: usize| bodies[at]["biz_opaque_callback_data"].clone()), names);
    }

    #[test]
    fn every_other_kind_has_its_form() {
        let place = Location {
            latitude: Coordinate::from_degrees(-6.2).unwrap(),
            longitude: Coordinate::from_degrees(106.8).unwrap(),
            name: Some("Toko".into()),
            address: None,
        };
        let card = Card { name: "Budi Santoso".into(), phones: vec!["+62812".into()], vcard: None };
        for (content, name, expected) in [
            (
                Content::Location(place),
                "location",
                json!({"latitude": "-6.2", "longitude": "106.8", "name": "Toko"}),
            ),
            (
                Content::Contacts { contacts: vec![card] },
                "contacts",
                json!([{"name": {"formatted_name": "Budi Santoso", "first_name": "Budi"}, "phones": [{"phone": "+62812", "type": "CELL"}]}]),
            ),
            (
                Content::Reaction { message: "wamid.A".into(), emoji: String::new() },
                "reaction",
                json!({"message_id": "wamid.A", "emoji": ""}),
            ),
            (Content::Sticker { media: Media::at("https://x") }, "sticker", json!({"id": "77"})),
            (
                Content::Image { media: Media::at("https://x"), caption: Some("c".into()) },
                "image",
                json!({"id": "77", "caption": "c"}),
            ),
            (
                Content::Document { media: Media::at("https://x"), caption: None },
                "document",
                json!({"id": "77", "filename": "a.pdf"}),
            ),
        ] {
            assert_eq!(pieces(&content), 1, "{name}");
            assert_eq!(sent(&message(content))[0][name], expected, "{name}");
        }
        let read = sent(&message(Content::Seen { message: "wamid.A".into(), typing: true }));
        let expected = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A", "typing_indicator": {"type": "text"}});
        assert_eq!(read, [expected]);
        assert!(bodies(&message(Content::Deleted { message: "x".into() }), None).is_none());
    }
}
