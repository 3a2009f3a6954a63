//! What a message says. Every provider matches this exhaustively, so a new kind cannot be forgotten anywhere.
//!
//! The JSON form is what the database holds: members may be added, with a default, and never change their meaning.

use serde::{Deserialize, Serialize};

use crate::{Buttons, Card, Filling, Location, Media, OfficialTemplate, channel::words};

words! {
    /// The `type` of a message.
    pub enum ContentKind {
        /// Plain text.
        Text = "text",
        /// A picture.
        Image = "image",
        /// A film.
        Video = "video",
        /// A file.
        Document = "document",
        /// Sound.
        Audio = "audio",
        /// Sound, recorded for this chat: a voice note.
        Voice = "voice",
        /// A sticker.
        Sticker = "sticker",
        /// Buttons going out; the press of one coming in.
        Button = "button",
        /// By a template that Meta approved.
        Template = "template",
        /// In Meta's own form for what can be pressed or chosen, passed on as it is.
        Interactive = "interactive",
        /// A place.
        Location = "location",
        /// Contact cards.
        Contact = "contact",
        /// An emoji on a message.
        Reaction = "reaction",
        /// A question with answers to choose from.
        Poll = "poll",
        /// A choice in a poll.
        PollVote = "poll_vote",
        /// A message was changed by its writer.
        Edited = "edited",
        /// A message was taken back by its writer.
        Deleted = "deleted",
        /// No message: what was received is marked as read.
        Seen = "read",
        /// Something a network sent that we do not understand yet: kept and shown, never dropped.
        Unsupported = "unsupported",
    }
}

words! {
    /// How a text is marked up, by the names of the one network that reads markup: Telegram's `parse_mode`.
    pub enum Markup {
        /// A few of HTML's tags.
        Html = "HTML",
        /// Telegram's own Markdown.
        MarkdownV2 = "MarkdownV2",
    }
}

/// The content of a message, in the form stored. "The network's id" of another message is as the network gives it; the
/// store resolves it to ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text, at least one character.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Its bytes.
        media: Media,
        /// The text below it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    /// A film.
    Video {
        /// Its bytes.
        media: Media,
        /// The text below it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    /// A file; its name is the medium's.
    Document {
        /// Its bytes.
        media: Media,
        /// The text below it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    /// Sound.
    Audio {
        /// Its bytes.
        media: Media,
        /// The text with it. Few networks carry one; the others take it as a second message, or not at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// A voice note: played in place, with the look of one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        voice: bool,
    },
    /// A sticker.
    Sticker {
        /// Its bytes.
        media: Media,
    },
    /// Text with buttons to press.
    Buttons(Buttons),
    /// Someone pressed a button.
    ButtonPress {
        /// The button's id, as it was sent.
        id: String,
        /// What stood on it.
        text: String,
        /// The network's id of the message that carried it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// A message by a template that Meta approved.
    Template(OfficialTemplate),
    /// What can be pressed or chosen, in Meta's own form.
    Interactive {
        /// Meta's `interactive` object: JSON text exactly as the sender wrote it.
        json: String,
        /// Its body's text, for people to read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A text, a medium with a caption, or buttons, whose text is marked up. Never within itself.
    Formatted {
        /// How.
        markup: Markup,
        /// What.
        content: Box<Content>,
    },
    /// A place.
    Location(Location),
    /// Contact cards, at least one.
    Contacts {
        /// The cards.
        contacts: Vec<Card>,
    },
    /// An emoji on a message.
    Reaction {
        /// The network's id of the message.
        message: String,
        /// The emoji; empty takes it back.
        emoji: String,
    },
    /// A question with answers to choose from.
    Poll {
        /// The question.
        question: String,
        /// The answers.
        options: Vec<String>,
        /// More than one may be chosen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        several: bool,
    },
    /// A choice in a poll. Each replaces the one before.
    PollVote {
        /// The network's id of the poll.
        message: String,
        /// What was chosen, as far as it can be read; empty takes the vote back.
        options: Vec<String>,
    },
    /// A message was changed by its writer.
    Edited {
        /// The network's id of the message.
        message: String,
        /// What it says now.
        content: Box<Content>,
    },
    /// A message was taken back by its writer.
    Deleted {
        /// The network's id of the message.
        message: String,
    },
    /// What was received is marked as read, and everything before it in its chat.
    Seen {
        /// The network's id of the message.
        message: String,
        /// Show that an answer is being typed, until it comes or for 25 seconds.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        typing: bool,
    },
    /// An inbound message of a kind we do not know.
    Unsupported {
        /// The network's name for the kind.
        kind: String,
    },
}

impl Content {
    /// Its `type`.
    pub fn kind(&self) -> ContentKind {
        match self {
            Self::Text { .. } => ContentKind::Text,
            Self::Image { .. } => ContentKind::Image,
            Self::Video { .. } => ContentKind::Video,
            Self::Document { .. } => ContentKind::Document,
            Self::Audio { voice: false, .. } => ContentKind::Audio,
            Self::Audio { voice: true, .. } => ContentKind::Voice,
            Self::Sticker { .. } => ContentKind::Sticker,
            Self::Buttons(_) | Self::ButtonPress { .. } => ContentKind::Button,
            Self::Template(_) => ContentKind::Template,
            Self::Interactive { .. } => ContentKind::Interactive,
            Self::Formatted { content, .. } => content.kind(),
            Self::Location(_) => ContentKind::Location,
            Self::Contacts { .. } => ContentKind::Contact,
            Self::Reaction { .. } => ContentKind::Reaction,
            Self::Poll { .. } => ContentKind::Poll,
            Self::PollVote { .. } => ContentKind::PollVote,
            Self::Edited { .. } => ContentKind::Edited,
            Self::Deleted { .. } => ContentKind::Deleted,
            Self::Seen { .. } => ContentKind::Seen,
            Self::Unsupported { .. } => ContentKind::Unsupported,
        }
    }

    /// The text a person would read first, if there is any.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text } | Self::ButtonPress { text, .. } => Some(text),
            Self::Image { .. } | Self::Video { .. } | Self::Document { .. } | Self::Audio { .. } => {
                self.caption()
            }
            Self::Buttons(buttons) => Some(&buttons.text),
            Self::Template(template) => Some(template.text.as_deref().unwrap_or(&template.name)),
            Self::Interactive { text, .. } => text.as_deref(),
            Self::Location(place) => place.name.as_deref(),
            Self::Contacts { contacts } => contacts.first().map(|card| card.name.as_str()),
            Self::Reaction { emoji, .. } => Some(emoji).filter(|emoji| !emoji.is_empty()).map(String::as_str),
            Self::Poll { question, .. } => Some(question),
            Self::PollVote { options, .. } => options.first().map(String::as_str),
            Self::Edited { content, .. } | Self::Formatted { content, .. } => content.text(),
            Self::Sticker { .. } | Self::Deleted { .. } | Self::Seen { .. } | Self::Unsupported { .. } => {
                None
            }
        }
    }

    /// The text below a medium.
    pub fn caption(&self) -> Option<&str> {
        match self {
            Self::Image { caption, .. }
            | Self::Video { caption, .. }
            | Self::Document { caption, .. }
            | Self::Audio { caption, .. } => caption.as_deref(),
            Self::Formatted { content, .. } => content.caption(),
            _ => None,
        }
    }

    /// Whether it is the network's notice of something, such as that somebody has a new phone, and nobody's word: nobody waits for an
    /// answer to it, and it opens no window in which one is allowed.
    pub fn is_notice(&self) -> bool {
        matches!(self, Self::Unsupported { kind } if kind == "system")
    }

    /// The medium it carries, the picture above its buttons included.
    pub fn media(&self) -> Option<&Media> {
        match self {
            Self::Image { media, .. }
            | Self::Video { media, .. }
            | Self::Document { media, .. }
            | Self::Audio { media, .. }
            | Self::Sticker { media } => Some(media),
            Self::Buttons(buttons) => buttons.media.as_ref(),
            Self::Template(OfficialTemplate { filling: Filling::Parts(parts), .. }) => {
                parts.header.as_ref().map(|header| &header.media)
            }
            Self::Edited { content, .. } | Self::Formatted { content, .. } => content.media(),
            _ => None,
        }
    }

    /// The same, to say where it is kept once it is.
    pub fn media_mut(&mut self) -> Option<&mut Media> {
        match self {
            Self::Image { media, .. }
            | Self::Video { media, .. }
            | Self::Document { media, .. }
            | Self::Audio { media, .. }
            | Self::Sticker { media } => Some(media),
            Self::Buttons(buttons) => buttons.media.as_mut(),
            Self::Template(OfficialTemplate { filling: Filling::Parts(parts), .. }) => {
                parts.header.as_mut().map(|header| &mut header.media)
            }
            Self::Edited { content, .. } | Self::Formatted { content, .. } => content.media_mut(),
            _ => None,
        }
    }

    /// What kind of medium it carries: that of its bytes, not of the message around them.
    pub fn media_kind(&self) -> Option<ContentKind> {
        match self {
            Self::Buttons(buttons) => buttons.media.is_some().then_some(ContentKind::Image),
            Self::Template(OfficialTemplate { filling: Filling::Parts(parts), .. }) => {
                parts.header.as_ref().map(|header| header.kind)
            }
            Self::Edited { content, .. } | Self::Formatted { content, .. } => content.media_kind(),
            other => other.media().map(|_| other.kind()),
        }
    }

    /// The network's id of the message it is about: reacted to, voted in, edited, deleted, or that carried the button.
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::Reaction { message, .. }
            | Self::PollVote { message, .. }
            | Self::Edited { message, .. }
            | Self::Deleted { message }
            | Self::Seen { message, .. } => Some(message),
            Self::ButtonPress { message, .. } => message.as_deref(),
            _ => None,
        }
    }

    /// The same, to say it in the network's words or in ours.
    pub fn about_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Reaction { message, .. }
            | Self::PollVote { message, .. }
            | Self::Edited { message, .. }
            | Self::Deleted { message }
            | Self::Seen { message, .. } => Some(message),
            Self::ButtonPress { message, .. } => message.as_mut(),
            _ => None,
        }
    }
}

/// Content never reaches a log line: only its kind shows.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Button, Coordinate, MediaSource, TemplateButton, TemplateButtonVariable, TemplateHeader,
        TemplateParts, TemplateVariable,
    };

    /// One of each, with the JSON the database holds.
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_kind() -> Vec<(Content, &'static str)> {
        let media = || Media::at("https://contoh.com/a");
        vec![
            (Content::Text { text: "Halo".into() }, r#"{"type":"text","text":"Halo"}"#),
            (
                Content::Image { media: media(), caption: Some("Promo".into()) },
                r#"{"type":"image","media":{"source":{"url":"https://contoh.com/a"}},"caption":"Promo"}"#,
            ),
            (
                Content::Video { media: media(), caption: None },
                r#"{"type":"video","media":{"source":{"url":"https://contoh.com/a"}}}"#,
            ),
            (
                Content::Document {
                    media: Media { file_name: Some("harga.pdf".into()), ..media() },
                    caption: None,
                },
                r#"{"type":"document","media":{"source":{"url":"https://contoh.com/a"},"file_name":"harga.pdf"}}"#,
            ),
            (
                Content::Audio { media: media(), caption: None, voice: true },
                r#"{"type":"audio","media":{"source":{"url":"https://contoh.com/a"}},"voice":true}"#,
            ),
            (
                Content::Sticker {
                    media: Media {
                        source: MediaSource::Stored("med_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap()),
                        content_type: Some("image/webp".into()),
                        size: Some(12),
                        ..media()
                    },
                },
                r#"{"type":"sticker","media":{"source":{"stored":"med_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"},"content_type":"image/webp","size":12}}"#,
            ),
            (
                Content::Buttons(Buttons {
                    title: None,
                    text: "Mau?".into(),
                    footer: None,
                    buttons: vec![
                        Button::Reply { id: "YA".into(), text: "Ya".into() },
                        Button::Url { text: "Situs".into(), url: "https://contoh.com".into() },
                        Button::Copy { text: "Salin".into(), code: "PROMO50".into() },
                    ],
                    media: None,
                }),
                r#"{"type":"buttons","text":"Mau?","buttons":[{"type":"quick_reply","id":"YA","text":"Ya"},{"type":"cta_url","text":"Situs","url":"https://contoh.com"},{"type":"cta_copy","text":"Salin","copy_code":"PROMO50"}]}"#,
            ),
            (
                Content::ButtonPress { id: "YA".into(), text: "Ya".into(), message: None },
                r#"{"type":"button_press","id":"YA","text":"Ya"}"#,
            ),
            (
                Content::Formatted {
                    markup: Markup::Html,
                    content: Box::new(Content::Text { text: "<b>Halo</b>".into() }),
                },
                r#"{"type":"formatted","markup":"HTML","content":{"type":"text","text":"<b>Halo</b>"}}"#,
            ),
            (
                Content::Location(Location {
                    latitude: Coordinate::from_degrees(-6.2).unwrap(),
                    longitude: Coordinate::from_degrees(106.816_666).unwrap(),
                    name: Some("Toko".into()),
                    address: None,
                }),
                r#"{"type":"location","latitude":-6.2,"longitude":106.816666,"name":"Toko"}"#,
            ),
            (
                Content::Contacts {
                    contacts: vec![Card { name: "Budi".into(), phones: vec!["6281".into()], vcard: None }],
                },
                r#"{"type":"contacts","contacts":[{"name":"Budi","phones":["6281"]}]}"#,
            ),
            (
                Content::Reaction { message: "3EB0".into(), emoji: "👍".into() },
                r#"{"type":"reaction","message":"3EB0","emoji":"👍"}"#,
            ),
            (
                Content::Poll { question: "Kapan?".into(), options: vec!["Senin".into()], several: false },
                r#"{"type":"poll","question":"Kapan?","options":["Senin"]}"#,
            ),
            (
                Content::PollVote { message: "3EB0".into(), options: vec!["Senin".into()] },
                r#"{"type":"poll_vote","message":"3EB0","options":["Senin"]}"#,
            ),
            (
                Content::Edited {
                    message: "3EB0".into(),
                    content: Box::new(Content::Text { text: "Hai".into() }),
                },
                r#"{"type":"edited","message":"3EB0","content":{"type":"text","text":"Hai"}}"#,
            ),
            (Content::Deleted { message: "3EB0".into() }, r#"{"type":"deleted","message":"3EB0"}"#),
            (
                Content::Template(OfficialTemplate {
                    name: "hello_world".into(),
                    language: "id".into(),
                    filling: Filling::Parts(TemplateParts {
                        header: Some(TemplateHeader { kind: ContentKind::Image, media: media() }),
                        header_text: None,
                        body: vec![TemplateVariable { name: None, value: "Budi".into() }],
                        buttons: vec![TemplateButton {
                            index: 1,
                            variable: TemplateButtonVariable::CopyCode("P50".into()),
                        }],
                    }),
                    text: None,
                }),
                r#"{"type":"template","name":"hello_world","language":"id","filling":{"parts":{"header":{"kind":"image","media":{"source":{"url":"https://contoh.com/a"}}},"body":[{"value":"Budi"}],"buttons":[{"index":1,"type":"copy_code","value":"P50"}]}}}"#,
            ),
            (
                Content::Interactive { json: r#"{"n":1.0}"#.into(), text: None },
                r#"{"type":"interactive","json":"{\"n\":1.0}"}"#,
            ),
            (
                Content::Seen { message: "3EB0".into(), typing: true },
                r#"{"type":"seen","message":"3EB0","typing":true}"#,
            ),
            (Content::Unsupported { kind: "order".into() }, r#"{"type":"unsupported","kind":"order"}"#),
        ]
    }

    #[test]
    fn every_kind_is_stored_in_a_form_that_reads_back_and_does_not_change() {
        for (content, stored) in every_kind() {
            assert_eq!(serde_json::to_string(&content).unwrap(), stored);
            assert!(serde_json::from_str::<Content>(stored).unwrap() == content, "{stored}");
        }
    }

    #[test]
    fn what_it_says_stays_out_of_debug_output() {
        for (content, _) in every_kind() {
            assert_eq!(format!("{content:?}"), format!("Content({})", content.kind()));
        }
    }
}
