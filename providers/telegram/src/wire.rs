//! The Bot API's JSON (10.1), as far as it is read here; nothing else. What is not named here is skipped, and every member may be
//! missing: a newer server must not be taken for a broken one.

#![expect(clippy::struct_field_names, reason = "Telegram's names")]

use serde::Deserialize;
use serde_json::Value;

/// What every answer is wrapped in.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) ok: bool,
    pub(crate) result: Option<Value>,
    #[serde(default)]
    pub(crate) error_code: i64,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) parameters: Parameters,
}

/// What goes with a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Parameters {
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
    /// Where the group is now.
    pub(crate) migrate_to_chat_id: Option<i64>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
}

impl User {
    /// The name they gave themselves.
    pub(crate) fn name(&self) -> Option<String> {
        let parts = [Some(self.first_name.as_str()), self.last_name.as_deref()];
        let name = parts.into_iter().flatten().map(str::trim).collect::<Vec<_>>().join(" ");
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }
}

#[derive(Clone, Deserialize)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) r#type: String,
    pub(crate) title: Option<String>,
}

impl Chat {
    pub(crate) fn is_private(&self) -> bool {
        self.r#type == "private"
    }
}

#[derive(Deserialize)]
pub(crate) struct Update {
    pub(crate) update_id: i64,
    pub(crate) message: Option<Message>,
    pub(crate) edited_message: Option<Message>,
    pub(crate) channel_post: Option<Message>,
    pub(crate) edited_channel_post: Option<Message>,
    pub(crate) callback_query: Option<CallbackQuery>,
    pub(crate) my_chat_member: Option<ChatMemberUpdated>,
}

#[derive(Deserialize)]
pub(crate) struct CallbackQuery {
    pub(crate) id: String,
    pub(crate) from: User,
    pub(crate) message: Option<CarriedMessage>,
    pub(crate) data: Option<String>,
}

/// The message that carried a button: perhaps too old to be shown in full.
#[derive(Deserialize)]
pub(crate) struct CarriedMessage {
    pub(crate) message_id: i64,
    pub(crate) chat: Chat,
}

#[derive(Deserialize)]
pub(crate) struct ChatMemberUpdated {
    pub(crate) chat: Chat,
    pub(crate) date: i64,
    pub(crate) new_chat_member: ChatMember,
}

#[derive(Deserialize)]
pub(crate) struct ChatMember {
    #[serde(default)]
    pub(crate) status: String,
}

#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) message_id: i64,
    #[serde(default)]
    pub(crate) date: i64,
    pub(crate) edit_date: Option<i64>,
    pub(crate) chat: Chat,
    pub(crate) from: Option<User>,
    pub(crate) sender_chat: Option<Chat>,
    pub(crate) reply_to_message: Option<Answered>,
    pub(crate) text: Option<String>,
    pub(crate) caption: Option<String>,
    pub(crate) photo: Option<Vec<File>>,
    pub(crate) video: Option<File>,
    pub(crate) video_note: Option<File>,
    pub(crate) animation: Option<File>,
    pub(crate) document: Option<File>,
    pub(crate) audio: Option<File>,
    pub(crate) voice: Option<File>,
    pub(crate) sticker: Option<File>,
    pub(crate) location: Option<Location>,
    pub(crate) venue: Option<Venue>,
    pub(crate) contact: Option<Contact>,
    pub(crate) poll: Option<Poll>,
    pub(crate) migrate_to_chat_id: Option<i64>,
    pub(crate) migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Answered {
    pub(crate) message_id: i64,
}

/// A photo's size, a video, a document, a sound, a sticker: they differ in which members they have.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct File {
    pub(crate) file_id: String,
    pub(crate) file_size: Option<u64>,
    pub(crate) file_path: Option<String>,
    pub(crate) mime_type: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) duration: Option<u32>,
    pub(crate) is_animated: bool,
    pub(crate) is_video: bool,
}

#[derive(Deserialize)]
pub(crate) struct Location {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

#[derive(Deserialize)]
pub(crate) struct Venue {
    pub(crate) location: Location,
    pub(crate) title: Option<String>,
    pub(crate) address: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Contact {
    #[serde(default)]
    pub(crate) phone_number: String,
    #[serde(default)]
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) user_id: Option<i64>,
    pub(crate) vcard: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Poll {
    #[serde(default)]
    pub(crate) question: String,
    #[serde(default)]
    pub(crate) options: Vec<PollOption>,
    #[serde(default)]
    pub(crate) allows_multiple_answers: bool,
}

#[derive(Deserialize)]
pub(crate) struct PollOption {
    #[serde(default)]
    pub(crate) text: String,
}

/// `getWebhookInfo`.
#[derive(Deserialize)]
pub(crate) struct WebhookInfo {
    #[serde(default)]
    pub(crate) url: String,
    pub(crate) last_error_message: Option<String>,
    #[serde(default)]
    pub(crate) pending_update_count: u64,
}
