//! What happens in a Messenger or Instagram chat.

use cetar_model::{
    Channel, Chat, Content, Coordinate, DeviceId, Location, Media, MediaSource, Receipt, Timestamp,
};
use cetar_provider::{Arrival, InboundMessage, MessageStatus, Watermark};
use serde_json::Value;

use super::frame::id_of;
use crate::{media::Reference, part::Part, settings::Credentials};

/// What these items tell of one account.
pub(super) fn arrival(device: &DeviceId, account: &Credentials, items: &[Value]) -> Arrival {
    let mut arrival = Arrival::of(device.clone());
    for item in items {
        read(item, account, &mut arrival);
    }
    arrival
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

/// Milliseconds, as a number or as text.
fn moment(value: &Value) -> Timestamp {
    let millis = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    Timestamp::from_micros(millis.unwrap_or_default().saturating_mul(1_000))
}

fn read(item: &Value, account: &Credentials, arrival: &mut Arrival) {
    let (sender, recipient) = (id_of(&item["sender"]["id"]), id_of(&item["recipient"]["id"]));
    let at = moment(&item["timestamp"]);
    let message = &item["message"];
    // In an echo the page is the sender.
    let echo = message["is_echo"] == true || sender.as_ref() == Some(&account.id);
    let Some(person) = (if echo { recipient } else { sender }) else { return };
    let chat = Chat::new(person);
    let told = |remote_id: String, content: Content| InboundMessage {
        remote_id,
        chat: chat.clone(),
        from: if echo { Chat::new(account.id.as_str()) } else { chat.clone() },
        from_alias: false,
        group: false,
        echo,
        sender_name: None,
        reply_to: text(&message["reply_to"], "mid").map(str::to_owned),
        raw: matches!(content, Content::Unsupported { .. }).then(|| item.to_string().into()),
        content,
        sent_at: at,
    };
    if message.is_object() {
        let Some(mid) = text(message, "mid") else { return };
        let (own, part) = Part::read(text(message, "metadata").unwrap_or_default());
        if let (true, Some(own)) = (echo, own) {
            // What we sent ourselves comes back: it went out, whatever became of the answer. Behind a first part the rest may be missing.
            if part.is_last() {
                arrival.statuses.push(MessageStatus {
                    remote_id: if part.is_first() { mid.to_owned() } else { String::new() },
                    message: Some(own),
                    receipt: Receipt::Accepted,
                    part: part.of_several(mid),
                    failure: None,
                    at,
                });
            }
            return;
        }
        if message["is_deleted"] == true {
            // It is told under the id of what it deletes.
            let content = Content::Deleted { message: mid.to_owned() };
            arrival.messages.push(told(format!("{mid}/deleted"), content));
            return;
        }
        let contents = contents(message);
        for (number, content) in contents.into_iter().enumerate() {
            // Several attachments come under one id; each is a message to us.
            let id = if number == 0 { mid.to_owned() } else { format!("{mid}/{}", number + 1) };
            arrival.messages.push(told(id, content));
        }
    } else if let Some(postback) = item.get("postback") {
        let id = text(postback, "mid").map_or_else(|| format!("postback/{}", at.as_millis()), str::to_owned);
        let content = Content::ButtonPress {
            id: text(postback, "payload").or(text(postback, "title")).unwrap_or_default().to_owned(),
            text: text(postback, "title").unwrap_or_default().to_owned(),
            message: None,
        };
        arrival.messages.push(told(id, content));
    } else if let Some(reaction) = item.get("reaction") {
        let Some(about) = text(reaction, "mid") else { return };
        let taken_back = text(reaction, "action") == Some("unreact");
        let emoji = text(reaction, "emoji").filter(|_| !taken_back).unwrap_or_default();
        let content = Content::Reaction { message: about.to_owned(), emoji: emoji.to_owned() };
        arrival.messages.push(told(format!("{about}/reaction/{}", at.as_millis()), content));
    } else if let Some(edit) = item.get("message_edit") {
        let (Some(mid), Some(now)) = (text(edit, "mid"), text(edit, "text")) else { return };
        let content = Content::Edited {
            message: mid.to_owned(),
            content: Box::new(Content::Text { text: now.to_owned() }),
        };
        arrival.messages.push(told(format!("{mid}/edit/{}", edit["num_edit"]), content));
    } else if let Some(read) = item.get("read") {
        receipts(read, Receipt::Read, &chat, at, account.channel, arrival);
    } else if let Some(delivery) = item.get("delivery") {
        receipts(delivery, Receipt::Delivered, &chat, at, account.channel, arrival);
    }
}

/// By their ids where they are given; else everything up to the watermark. On Instagram a `read` names one message, and means all before it.
fn receipts(
    told: &Value,
    receipt: Receipt,
    chat: &Chat,
    at: Timestamp,
    channel: Channel,
    arrival: &mut Arrival,
) {
    let mids = told["mids"].as_array().map_or(&[][..], Vec::as_slice);
    let one = text(told, "mid");
    let named = mids.iter().filter_map(Value::as_str).chain(one);
    arrival.statuses.extend(named.map(|mid| MessageStatus {
        remote_id: mid.to_owned(),
        message: None,
        receipt,
        part: None,
        failure: None,
        at,
    }));
    let until = match &told["watermark"] {
        Value::Null if channel == Channel::Instagram => Some(at),
        Value::Null => None,
        watermark => Some(moment(watermark)),
    };
    arrival.watermarks.extend(until.map(|until| Watermark { chat: chat.clone(), receipt, until }));
}

fn contents(message: &Value) -> Vec<Content> {
    if let Some(payload) = text(&message["quick_reply"], "payload") {
        let pressed = text(message, "text").unwrap_or_default().to_owned();
        return vec![Content::ButtonPress { id: payload.to_owned(), text: pressed, message: None }];
    }
    let said = text(message, "text").map(str::to_owned);
    let attachments = message["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    let mut contents: Vec<Content> = attachments.iter().map(attachment).collect();
    match (contents.first_mut(), said) {
        (Some(Content::Image { caption, .. } | Content::Video { caption, .. }), Some(said)) => {
            *caption = Some(said);
        }
        (_, Some(text)) => contents.insert(0, Content::Text { text }),
        (Some(_), None) => {}
        (None, None) => contents.push(Content::Unsupported { kind: "unsupported".to_owned() }),
    }
    contents
}

fn attachment(attachment: &Value) -> Content {
    let kind = text(attachment, "type").unwrap_or("unknown");
    let payload = &attachment["payload"];
    let coordinates = &payload["coordinates"];
    if let (Some(latitude), Some(longitude)) = (coordinates["lat"].as_f64(), coordinates["long"].as_f64())
        && let (Some(latitude), Some(longitude)) =
            (Coordinate::from_degrees(latitude), Coordinate::from_degrees(longitude))
    {
        let name = text(attachment, "title").map(str::to_owned);
        return Content::Location(Location { latitude, longitude, name, address: None });
    }
    let Some(url) = text(payload, "url") else { return Content::Unsupported { kind: kind.to_owned() } };
    let media = Media::of(MediaSource::Network(Reference::Url(url.to_owned()).to_text()));
    match kind {
        "image" if payload["sticker_id"].is_null() => Content::Image { media, caption: None },
        "image" | "sticker" => Content::Sticker { media },
        "video" | "reel" | "ig_reel" => Content::Video { media, caption: None },
        "audio" => Content::Audio { media, caption: None, voice: false },
        "file" => Content::Document { media, caption: None },
        _ => Content::Unsupported { kind: kind.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Login;

    fn told(channel: Channel, item: &Value) -> Arrival {
        let account = Credentials {
            channel,
            id: "900".into(),
            waba: None,
            login: Login::Facebook,
            token: "t".into(),
            app_secret: "s".into(),
            verify_token: "v".into(),
        };
        let device = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();
        arrival(&device, &account, std::slice::from_ref(item))
    }

    fn item(mut part: Value) -> Value {
        for (name, value) in [
            ("sender", json!({"id": "77"})),
            ("recipient", json!({"id": 900})),
            ("timestamp", json!(1_709_650_000_123_i64)),
        ] {
            part[name] = value;
        }
        part
    }

    #[test]
    fn messages_presses_and_reactions_are_told() {
        for (part, expected) in [
            (json!({"message": {"mid": "m1", "text": "hai"}}), Content::Text { text: "hai".into() }),
            (
                json!({"message": {"mid": "m1", "text": "Ya", "quick_reply": {"payload": "YA"}}}),
                Content::ButtonPress { id: "YA".into(), text: "Ya".into(), message: None },
            ),
            (
                json!({"postback": {"mid": "m1", "title": "Mulai", "payload": "START"}}),
                Content::ButtonPress { id: "START".into(), text: "Mulai".into(), message: None },
            ),
            (
                json!({"reaction": {"mid": "m0", "action": "unreact", "emoji": "x"}}),
                Content::Reaction { message: "m0".into(), emoji: String::new() },
            ),
            (
                json!({"message": {"mid": "m1", "attachments": [{"type": "story_mention"}]}}),
                Content::Unsupported { kind: "story_mention".into() },
            ),
        ] {
            let told = told(Channel::Messenger, &item(part.clone()));
            let [message] = &told.messages[..] else { panic!("{part}: {} messages", told.messages.len()) };
            assert!(message.content == expected, "{part}");
            assert_eq!((message.chat.as_str(), message.sent_at.as_millis()), ("77", 1_709_650_000_123));
        }
    }

    #[test]
    fn what_is_unsent_is_told_beside_what_it_unsends() {
        let sent = json!({"message": {"mid": "m1", "text": "salah ketik"}});
        let unsent = json!({"message": {"mid": "m1", "is_deleted": true}});
        let ids = [sent, unsent].map(|part| {
            let mut message = told(Channel::Instagram, &item(part)).messages.remove(0);
            (std::mem::take(&mut message.remote_id), message.content)
        });
        assert_ne!(ids[0].0, ids[1].0, "under one id the second would be a repeat of the first");
        assert!(ids[1].1 == Content::Deleted { message: "m1".into() });
    }

    #[test]
    fn several_attachments_of_one_message_are_several() {
        let image = |url| json!({"type": "image", "payload": {"url": url}});
        let attachments = [image("https://a.fbcdn.net/1"), image("https://a.fbcdn.net/2")];
        let part = json!({"message": {"mid": "m1", "text": "dua", "attachments": attachments}});
        let told = told(Channel::Instagram, &item(part));
        let ids: Vec<&str> = told.messages.iter().map(|message| message.remote_id.as_str()).collect();
        assert_eq!(ids, ["m1", "m1/2"]);
        assert_eq!(told.messages[0].content.caption(), Some("dua"));
    }

    #[test]
    fn an_echo_of_ours_says_that_it_went_out_and_another_is_an_echo() {
        let id = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50";
        let echo = |metadata: &str| {
            json!({"sender": {"id": "900"}, "recipient": {"id": "77"}, "timestamp": 1,
                   "message": {"mid": "m1", "is_echo": true, "text": "x", "metadata": metadata}})
        };
        let own = told(Channel::Messenger, &echo(id));
        assert_eq!(own.statuses[0].message.as_ref().map(ToString::to_string).as_deref(), Some(id));
        assert!(own.messages.is_empty());
        let of_part = |part: &str| told(Channel::Messenger, &echo(&format!("{id}/{part}")));
        let (first, last) = (of_part("1-2"), of_part("2-2"));
        assert!(first.statuses.is_empty() && first.messages.is_empty(), "the text may not be out yet");
        let last = &last.statuses[0];
        assert_eq!((last.receipt, last.remote_id.as_str()), (Receipt::Accepted, ""));
        let typed = told(Channel::Messenger, &echo(""));
        assert!(typed.messages[0].echo && typed.messages[0].chat.as_str() == "77");
    }

    #[test]
    fn reads_and_deliveries_are_watermarks_or_name_their_messages() {
        let read = told(Channel::Messenger, &item(json!({"read": {"watermark": 5_000}})));
        assert_eq!(read.watermarks[0].until, Timestamp::from_secs(5));
        let delivered = json!({"delivery": {"mids": ["m1", "m2"], "watermark": 5_000}});
        let delivered = told(Channel::Messenger, &item(delivered));
        assert_eq!((delivered.statuses.len(), delivered.watermarks.len()), (2, 1));
        let seen = told(Channel::Instagram, &item(json!({"read": {"mid": "m1"}})));
        assert_eq!((seen.statuses[0].remote_id.as_str(), seen.watermarks.len()), ("m1", 1));
    }
}
