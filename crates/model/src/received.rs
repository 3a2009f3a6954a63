//! What webhooks are told of a message that came in, in the contract's JSON shape.

use serde::{Deserialize, Serialize};

use crate::{Card, Content, ContentKind, Location, Media, MessageId};

/// `data` of `message.received` and `message.echo`: the document's eight members, then ours. What does not apply of the eight
/// is `null`, of ours it is left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedData {
    /// Our id of the message.
    pub message_id: MessageId,
    /// The sender's phone number; the LID where it could not be resolved.
    pub from: String,
    /// The name the sender gave themselves.
    pub sender_name: Option<String>,
    /// What kind of message.
    #[serde(rename = "type")]
    pub kind: ContentKind,
    /// Its text: of media the caption, of a press what stands on the button, of a reaction the emoji.
    pub text: Option<String>,
    /// Where its media can be fetched.
    pub media_url: Option<String>,
    /// Which button was pressed.
    pub button_id: Option<String>,
    /// When it was sent, Unix seconds.
    pub timestamp: i64,
    /// The recipient, in `message.echo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `from` is a LID, because its number is not known yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_lid: bool,
    /// The group it was written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The network's name of a kind we do not know, with `type: "unsupported"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_name: Option<String>,
    /// The message it answers: our id, or the network's where we do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message it is about (reacted to, voted in, edited, deleted, or that carried the button): as `reply_to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What is known of its media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaData>,
    /// The place, with `type: "location"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The cards, with `type: "contact"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<Card>>,
    /// The poll, or what was chosen in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollData>,
    /// Position in its conversation, ascending, from 1.
    pub sequence: i64,
}

/// What is known of a medium when its message arrives, as its sender says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaData {
    /// Its media type.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Its name.
    pub file_name: Option<String>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// How long it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl MediaData {
    fn of(media: &Media) -> Self {
        Self {
            content_type: media.content_type.clone(),
            size: media.size,
            file_name: media.file_name.clone(),
            width: media.width,
            height: media.height,
            seconds: media.seconds,
        }
    }
}

/// A poll's answers, or those chosen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollData {
    /// Of a poll all of them, of a vote those chosen.
    pub options: Vec<String>,
    /// More than one may be chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
}

impl ReceivedData {
    /// The members that follow from the content alone; the others as nothing is known of them.
    pub fn of(message_id: MessageId, from: String, content: &Content) -> Self {
        let poll = match content {
            Content::Poll { options, several, .. } => {
                Some(PollData { options: options.clone(), several: *several })
            }
            Content::PollVote { options, .. } => Some(PollData { options: options.clone(), several: false }),
            _ => None,
        };
        Self {
            message_id,
            from,
            sender_name: None,
            kind: content.kind(),
            text: content.text().map(str::to_owned),
            media_url: None,
            button_id: match content {
                Content::ButtonPress { id, .. } => Some(id.clone()),
                _ => None,
            },
            timestamp: 0,
            to: None,
            from_lid: false,
            group_id: None,
            kind_name: match content {
                Content::Unsupported { kind } => Some(kind.clone()),
                _ => None,
            },
            reply_to: None,
            about: content.about().map(str::to_owned),
            media: content.media().map(MediaData::of),
            location: match content {
                Content::Location(place) => Some(place.clone()),
                _ => None,
            },
            contacts: match content {
                Content::Contacts { contacts } => Some(contacts.clone()),
                _ => None,
            },
            poll,
            sequence: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channel, Event, EventData, EventType};

    fn received(content: &Content) -> ReceivedData {
        ReceivedData {
            sender_name: Some("Budi Santoso".into()),
            timestamp: 1_709_650_000,
            sequence: 1,
            ..ReceivedData::of(
                "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap(),
                "6281234567890".into(),
                content,
            )
        }
    }

    #[test]
    fn a_received_message_has_the_documents_shape() {
        let event = Event {
            event: EventType::MessageReceived,
            channel: Some(Channel::Whatsapp),
            session_id: Some("dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap()),
            data: EventData::Received(Box::new(received(&Content::Text {
                text: "Halo, saya butuh bantuan!".into(),
            }))),
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            concat!(
                r#"{"event":"message.received","channel":"whatsapp","session_id":"dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50","#,
                r#""data":{"message_id":"msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50","from":"6281234567890","sender_name":"Budi Santoso","#,
                r#""type":"text","text":"Halo, saya butuh bantuan!","media_url":null,"button_id":null,"timestamp":1709650000,"sequence":1}}"#,
            )
        );
    }

    #[test]
    fn a_press_tells_the_button_and_what_stood_on_it() {
        let press = Content::ButtonPress {
            id: "AMBIL_PROMO".into(),
            text: "Ya, Ambil!".into(),
            message: Some("3EB0".into()),
        };
        let data = received(&press);
        assert_eq!((data.kind.as_str(), data.text.as_deref()), ("button", Some("Ya, Ambil!")));
        assert_eq!((data.button_id.as_deref(), data.about.as_deref()), (Some("AMBIL_PROMO"), Some("3EB0")));
    }

    #[test]
    fn a_medium_tells_what_is_known_of_it_and_not_where_it_is() {
        let media = Media {
            content_type: Some("application/pdf".into()),
            size: Some(7),
            file_name: Some("harga.pdf".into()),
            ..Media::at("https://rahasia")
        };
        let data = received(&Content::Document { media, caption: Some("Harga".into()) });
        let json = serde_json::to_value(&data).unwrap();
        assert_eq!(json["media"]["file_name"], "harga.pdf");
        assert_eq!((&json["text"], &json["media_url"]), (&"Harga".into(), &serde_json::Value::Null));
        assert!(!json.to_string().contains("rahasia"));
    }
}
