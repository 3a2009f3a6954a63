//! What is sent through Messenger and Instagram: the model's words in Meta's JSON. Pure.

use cetar_model::{Button, Buttons, Channel, Content, MessageTag};
use cetar_provider::Outbound;
use serde_json::{Value, json};

use crate::part::Part;

/// The bodies of one message, in the order they go out. `link` is where Meta fetches its medium. `None`: this cannot be sent.
pub(crate) fn bodies(channel: Channel, message: &Outbound, link: Option<&str>) -> Option<Vec<String>> {
    let parts = match &message.content {
        Content::Text { text } => vec![json!({ "text": text })],
        Content::Image { caption, .. } => media("image", link?, caption.as_deref()),
        Content::Video { caption, .. } => media("video", link?, caption.as_deref()),
        Content::Audio { caption, .. } => media("audio", link?, caption.as_deref()),
        Content::Document { caption, .. } => media("file", link?, caption.as_deref()),
        Content::Buttons(content) => buttons(content, link)?,
        Content::Sticker { .. }
        | Content::ButtonPress { .. }
        | Content::Formatted { .. }
        | Content::Template(_)
        | Content::Interactive { .. }
        | Content::Location(_)
        | Content::Contacts { .. }
        | Content::Reaction { .. }
        | Content::Poll { .. }
        | Content::PollVote { .. }
        | Content::Edited { .. }
        | Content::Deleted { .. }
        | Content::Seen { .. }
        | Content::Unsupported { .. } => return None,
    };
    let of = parts.len();
    let body = |(number, mut part): (usize, Value)| {
        let which = Part::new(number, of);
        if channel == Channel::Messenger {
            // Comes back in the echo, and so tells what became of a message whose answer was lost.
            part["metadata"] = which.name(&message.id).into();
        }
        let mut body = json!({
            "recipient": { "id": message.to.as_str() },
            "messaging_type": "RESPONSE",
            "message": part,
        });
        if message.tag == Some(MessageTag::HumanAgent) {
            body["messaging_type"] = "MESSAGE_TAG".into();
            body["tag"] = "HUMAN_AGENT".into();
        }
        if let (Some(answered), true) = (&message.reply_to, which.is_first()) {
            body["reply_to"] = json!({ "mid": answered });
        }
        body.to_string()
    };
    Some((1..).zip(parts).map(body).collect())
}

/// In how many of them a content goes out: what is more than one medium or text.
pub(crate) fn pieces(content: &Content) -> usize {
    let above = match content {
        Content::Buttons(buttons) => buttons.media.is_some(),
        other => other.caption().is_some(),
    };
    1 + usize::from(above)
}

/// A medium carries no text: its caption follows.
fn media(kind: &str, link: &str, caption: Option<&str>) -> Vec<Value> {
    let mut parts = vec![json!({ "attachment": { "type": kind, "payload": { "url": link } } })];
    parts.extend(caption.map(|text| json!({ "text": text })));
    parts
}

/// Quick replies alone are quick replies; with a page to open among them it is the button template. Neither can copy.
fn buttons(content: &Buttons, link: Option<&str>) -> Option<Vec<Value>> {
    let text = [content.title.as_deref(), Some(&content.text), content.footer.as_deref()];
    let text = text.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let mut parts = link.map(|link| media("image", link, None)).unwrap_or_default();
    let replies = content.buttons.iter().map(|button| match button {
        Button::Reply { id, text } => Some(json!({ "content_type": "text", "title": text, "payload": id })),
        Button::Url { .. } | Button::Copy { .. } => None,
    });
    if let Some(replies) = replies.collect::<Option<Vec<Value>>>() {
        parts.push(json!({ "text": text, "quick_replies": replies }));
        return Some(parts);
    }
    let buttons = content.buttons.iter().map(|button| match button {
        Button::Reply { id, text } => Some(json!({ "type": "postback", "title": text, "payload": id })),
        Button::Url { text, url } => Some(json!({ "type": "web_url", "title": text, "url": url })),
        Button::Copy { .. } => None,
    });
    let buttons = buttons.collect::<Option<Vec<Value>>>()?;
    let payload = json!({ "template_type": "button", "text": text, "buttons": buttons });
    parts.push(json!({ "attachment": { "type": "template", "payload": payload } }));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use cetar_model::{Chat, Media};

    use super::*;

    fn sent(channel: Channel, content: Content) -> Vec<Value> {
        let bodies = bodies(channel, &outbound(content), Some("https://kami/m")).unwrap();
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    #[test]
    fn the_pieces_are_as_many_as_the_bodies() {
        let media = || Media::at("https://x");
        let caption = || Some("Promo".to_owned());
        let buttons = |media| {
            let buttons = vec![Button::Reply { id: "YA".into(), text: "Ya".into() }];
            Content::Buttons(Buttons { title: None, text: "Mau?".into(), footer: None, buttons, media })
        };
        for content in [
            Content::Text { text: "Halo".into() },
            Content::Image { media: media(), caption: None },
            Content::Image { media: media(), caption: caption() },
            Content::Video { media: media(), caption: caption() },
            Content::Audio { media: media(), caption: caption(), voice: false },
            Content::Document { media: media(), caption: caption() },
            buttons(Some(media())),
        ] {
            let bodies = bodies(Channel::Messenger, &outbound(content.clone()), Some("https://kami/m"));
            assert_eq!(bodies.map(|bodies| bodies.len()), Some(pieces(&content)), "{content:?}");
        }
        let without = bodies(Channel::Messenger, &outbound(buttons(None)), None);
        assert_eq!(without.map(|bodies| bodies.len()), Some(pieces(&buttons(None))));
    }

    fn outbound(content: Content) -> Outbound {
        Outbound {
            id: "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap(),
            to: Chat::new("24567890123456789"),
            content,
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    #[test]
    fn a_person_who_answers_is_tagged_and_nobody_else() {
        let content = Content::Text { text: "Halo".into() };
        assert_eq!(sent(Channel::Messenger, content.clone())[0]["messaging_type"], "RESPONSE");
        let message = Outbound { tag: Some(MessageTag::HumanAgent), ..outbound(content) };
        let body: Value =
            serde_json::from_str(&bodies(Channel::Instagram, &message, None).unwrap()[0]).unwrap();
        assert_eq!((&body["messaging_type"], &body["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
    }

    #[test]
    fn a_caption_follows_its_picture() {
        let content = Content::Image { media: Media::at("https://x"), caption: Some("Promo".into()) };
        let bodies = sent(Channel::Messenger, content);
        assert_eq!(
            bodies[0]["message"]["attachment"],
            json!({"type": "image", "payload": {"url": "https://kami/m"}})
        );
        assert_eq!(bodies[1]["message"]["text"], "Promo");
        assert_eq!(bodies[1]["message"]["metadata"], "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/2-2");
        assert_eq!(bodies[0]["recipient"], json!({"id": "24567890123456789"}));
    }

    #[test]
    fn buttons_are_quick_replies_or_a_button_template() {
        let content = |buttons| {
            Content::Buttons(Buttons { title: None, text: "Mau?".into(), footer: None, buttons, media: None })
        };
        let reply = || Button::Reply { id: "YA".into(), text: "Ya".into() };
        let url = || Button::Url { text: "Situs".into(), url: "https://contoh.com".into() };
        let quick = sent(Channel::Instagram, content(vec![reply()]));
        let last = &quick.last().unwrap()["message"];
        assert_eq!(
            last,
            &json!({"text": "Mau?", "quick_replies": [{"content_type": "text", "title": "Ya", "payload": "YA"}]})
        );
        let mixed = sent(Channel::Instagram, content(vec![reply(), url()]));
        let payload = &mixed.last().unwrap()["message"]["attachment"]["payload"];
        assert_eq!(
            payload["buttons"][1],
            json!({"type": "web_url", "title": "Situs", "url": "https://contoh.com"})
        );
    }
}
