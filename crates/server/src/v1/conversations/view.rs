//! Conversations and their messages as the API shows them.

use std::time::Duration;

use cetar_engine::Engine;
use cetar_model::{
    Channel, ContactId, Content, ConversationId, DeviceId, Direction, JobId, Language, MediaSource,
    MessageId, MessageState, NoteId, UserId,
};
use cetar_store::{Conversation, InboxMessage, LastMessage, Note};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// Longest beginning of a text in the list.
const BEGINNING: usize = 140;
/// How long after the other side's last message Meta's networks take free-form answers.
const WINDOW: Duration = Duration::from_hours(24);

/// A conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationData {
    /// Its id.
    #[schema(value_type = String, example = "cnv_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: ConversationId,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// Through which device: the `session_id` of a reply.
    #[schema(value_type = String, example = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    device_id: DeviceId,
    contact: OtherSide,
    /// Of several people.
    group: bool,
    /// The newest message.
    #[schema(required)]
    last_message: Option<LastData>,
    /// Messages that came in since somebody looked.
    unread: u32,
    /// `open` or `resolved`; a message that comes in opens it again.
    #[schema(example = "open")]
    state: &'static str,
    /// The account that looks after it.
    #[schema(value_type = Option<String>, required)]
    assigned_to: Option<UserId>,
    /// With Meta's channels: until when a free-form answer is taken; in the past: only a template is. `null` where there is no such
    /// window, or the other side has not written yet.
    #[schema(required)]
    window_until: Option<Time>,
    /// Since when the other side wants no messages of this device (it blocked the bot, or the group put it out); `null`: as far as is
    /// known, it does.
    #[schema(required, example = json!(null))]
    unreachable_since: Option<Time>,
    /// The last activity.
    updated_at: Time,
}

/// The other side of a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationContact)]
struct OtherSide {
    /// The contact's id; `null` of a group.
    #[schema(value_type = Option<String>, required)]
    id: Option<ContactId>,
    /// What they are called, if that is known.
    #[schema(required, example = "Budi")]
    name: Option<String>,
    /// Their address: the `to` of a reply.
    #[schema(example = "6281234567890")]
    address: String,
}

/// The newest message.
#[derive(Serialize, ToSchema)]
#[schema(as = LastMessage)]
struct LastData {
    /// The beginning of what it says, if it has words.
    #[schema(required, example = "Halo!")]
    text: Option<String>,
    /// What kind of message.
    #[schema(value_type = schema::ContentType)]
    r#type: &'static str,
    /// `in` or `out`; what the owner typed on the phone is `out`.
    #[schema(example = "in")]
    direction: &'static str,
    /// Where it stands.
    #[schema(value_type = schema::MessageStatus)]
    state: MessageState,
    /// When it was accepted or received.
    at: Time,
}

impl From<LastMessage> for LastData {
    fn from(last: LastMessage) -> Self {
        let text = last.content.text().map(|text| text.chars().take(BEGINNING).collect());
        Self {
            text,
            r#type: last.content.kind().as_str(),
            direction: direction(last.direction),
            state: last.state,
            at: last.at.into(),
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out | Direction::Echo => "out",
    }
}

impl From<Conversation> for ConversationData {
    fn from(it: Conversation) -> Self {
        let has_window =
            matches!(it.channel, Channel::WhatsappOfficial | Channel::Messenger | Channel::Instagram);
        Self {
            contact: OtherSide { id: it.contact, name: it.name, address: it.chat.to_string() },
            window_until: it.inbound_at.filter(|_| has_window).map(|at| (at + WINDOW).into()),
            unreachable_since: it.unreachable_since.map(Time::from),
            id: it.id,
            channel: it.channel,
            device_id: it.device,
            group: it.group,
            last_message: it.last.map(LastData::from),
            unread: it.unread,
            state: if it.resolved_at.is_some() { "resolved" } else { "open" },
            assigned_to: it.assigned_to,
            updated_at: it.updated_at.into(),
        }
    }
}

/// A message of a conversation, as the other side sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = InboxMessage)]
pub(crate) struct MessageData {
    /// Its id.
    #[schema(value_type = String, example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: MessageId,
    /// The job that sends it.
    #[schema(value_type = Option<String>, required)]
    job_id: Option<JobId>,
    /// `in` or `out`.
    #[schema(example = "out")]
    direction: &'static str,
    /// The owner typed it on the phone.
    echo: bool,
    /// What kind of message.
    #[schema(value_type = schema::ContentType)]
    r#type: &'static str,
    /// What it says: `text`, `caption`, `title`, `footer`, `buttons`, `filename`, `media` (`content_type`, `size`), `latitude`,
    /// `contacts`, `emoji`, …; `message` in it is a `network_id`.
    #[schema(value_type = Object)]
    content: Value,
    /// Where it stands.
    #[schema(value_type = schema::MessageStatus)]
    state: MessageState,
    /// When its state last changed.
    state_at: Time,
    /// What went wrong, if something did.
    #[schema(required)]
    error: Option<WhyData>,
    /// Who wrote it, of one that came in.
    #[schema(required, example = "6281234567890")]
    sender: Option<String>,
    /// The message it answers, where it is here.
    #[schema(value_type = Option<String>, required)]
    reply_to: Option<MessageId>,
    /// What the network calls it: reactions, edits and answers name it so.
    #[schema(required)]
    network_id: Option<String>,
    /// Where its medium is, for seven days from now.
    #[schema(required)]
    media_url: Option<String>,
    /// When it was accepted or received.
    at: Time,
}

/// Why a message failed.
#[derive(Serialize, ToSchema)]
#[schema(as = InboxMessageError)]
struct WhyData {
    /// Our code.
    #[schema(value_type = schema::FailureCode)]
    code: &'static str,
    /// What it means and what to do.
    message: &'static str,
    /// The network's own code.
    #[schema(required)]
    provider_code: Option<String>,
}

impl MessageData {
    pub(super) fn of(it: InboxMessage, engine: &Engine, language: Language) -> Self {
        Self {
            r#type: it.content.kind().as_str(),
            content: shown(&it.content),
            media_url: media_url(&it.content, engine),
            error: it.error.map(|(code, provider_code)| WhyData {
                code: code.as_str(),
                message: code.message(language),
                provider_code,
            }),
            direction: direction(it.direction),
            echo: it.direction == Direction::Echo,
            id: it.id,
            job_id: it.job,
            state: it.state,
            state_at: it.state_at.into(),
            sender: it.sender,
            reply_to: it.reply_to,
            network_id: it.remote_id,
            at: it.created_at.into(),
        }
    }
}

/// Where the medium of a message is to be read.
pub(in crate::v1) fn media_url(content: &Content, engine: &Engine) -> Option<String> {
    match &content.media()?.source {
        MediaSource::Stored(id) => Some(engine.media_url(id)),
        MediaSource::Url(url) => Some(url.clone()),
        MediaSource::Network(_) => None,
    }
}

/// Content as it is stored, without where its medium is: a network's reference is as good as a key.
pub(in crate::v1) fn shown(content: &Content) -> Value {
    let mut value = serde_json::to_value(content).unwrap_or_else(|_| json!({}));
    hide_sources(&mut value);
    value
}

fn hide_sources(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    map.remove("type");
    if let Some(media) = map.get_mut("media").and_then(Value::as_object_mut) {
        media.remove("source");
        let name = media.get("file_name").cloned();
        if let Some(name) = name {
            map.insert("filename".to_owned(), name);
        }
    }
    if let Some(inner) = map.get_mut("content") {
        hide_sources(inner);
    }
}

/// A note beside a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Note)]
pub(crate) struct NoteData {
    /// Its id.
    #[schema(value_type = String, example = "nte_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: NoteId,
    /// Who: a name or an e-mail, as it was then.
    #[schema(example = "Budi")]
    author: String,
    /// What.
    text: String,
    /// When.
    at: Time,
}

impl From<Note> for NoteData {
    fn from(note: Note) -> Self {
        Self { id: note.id, author: note.author, text: note.text, at: note.created_at.into() }
    }
}

#[cfg(test)]
mod tests {
    use cetar_model::Media;

    use super::*;

    #[test]
    fn where_a_network_keeps_a_medium_is_not_shown() {
        let inner = Content::Image { media: Media::of(MediaSource::Network("secret".into())), caption: None };
        let edited = Content::Edited { message: "3EB0".into(), content: Box::new(inner.clone()) };
        for content in [inner, edited] {
            assert!(!shown(&content).to_string().contains("secret"));
        }
    }
}
