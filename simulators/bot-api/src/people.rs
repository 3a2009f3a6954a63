//! People and groups, as tests move them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    files,
    server::{Bot, BotApi},
    state::Shown,
    updates,
};

const EPOCH: i64 = 1_700_000_000;

/// Somebody on Telegram.
#[derive(Clone)]
pub struct Person {
    pub(crate) api: BotApi,
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// A group, or a channel.
#[derive(Clone)]
pub struct Group {
    pub(crate) api: BotApi,
    pub(crate) id: i64,
}

impl Person {
    /// The id, which is also that of the private chat.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The name they gave themselves.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes to the bot, which begins the conversation; the message's number.
    pub fn writes(&self, bot: &Bot, text: &str) -> i64 {
        self.sends(bot, &json!({ "text": text }))
    }

    /// Sends a message with these members.
    pub fn sends(&self, bot: &Bot, members: &Value) -> i64 {
        self.api.with_bot(bot, |bot| bot.knows.insert(self.id));
        said(&self.api, bot, self.id, self.id, "message", members)
    }

    /// Sends a file; `field` is `photo`, `video`, `document`, `audio` or `voice`.
    pub fn sends_file(
        &self,
        bot: &Bot,
        field: &str,
        content_type: &str,
        bytes: &[u8],
        caption: Option<&str>,
    ) -> i64 {
        let bytes = Bytes::copy_from_slice(bytes);
        let file = self.api.shared.with(|state| files::keep(state, field, &bytes, content_type, None));
        let mut members = json!({ field: file });
        if let Some(caption) = caption {
            members["caption"] = caption.into();
        }
        self.sends(bot, &members)
    }

    /// Shares their own number.
    pub fn shares_number(&self, bot: &Bot, number: &str) -> i64 {
        self.shares_card(bot, number, Some(self.id))
    }

    /// Sends a card: of somebody with this id, or of nobody on Telegram.
    pub fn shares_card(&self, bot: &Bot, number: &str, of: Option<i64>) -> i64 {
        let mut contact = json!({ "phone_number": number, "first_name": self.name });
        if let Some(of) = of {
            contact["user_id"] = of.into();
        }
        self.sends(bot, &json!({ "contact": contact }))
    }

    /// Changes what they wrote.
    pub fn edits(&self, bot: &Bot, message: i64, text: &str) {
        let chat = self.api.shared.quietly(|state| state.chat(self.id));
        let body = json!({
            "message_id": message, "date": EPOCH, "edit_date": EPOCH + 60, "chat": chat,
            "from": self.api.shared.quietly(|state| state.user(self.id)), "text": text,
        });
        updates::push(&self.api.shared, &bot.token, "edited_message", body);
    }

    /// Presses the button that carries this text, of a message they got; the query's id.
    pub fn presses(&self, bot: &Bot, shown: &Shown, button: &str) -> String {
        let carried = shown.buttons().into_iter().find(|it| it["text"] == button);
        let data = carried.map(|button| button["callback_data"].clone()).unwrap_or_default();
        self.presses_with(bot, shown, &data)
    }

    /// The same with a client that was tampered with.
    pub fn presses_with(&self, bot: &Bot, shown: &Shown, data: &Value) -> String {
        let query = self.api.shared.with(|state| format!("q{}", state.fresh()));
        self.api.with_bot(bot, |bot| bot.callbacks.insert(query.clone(), false));
        let body = json!({
            "id": query, "from": self.api.shared.quietly(|state| state.user(self.id)),
            "message": shown.message, "chat_instance": "-3757", "data": data,
        });
        updates::push(&self.api.shared, &bot.token, "callback_query", body);
        query
    }

    /// Blocks the bot.
    pub fn blocks(&self, bot: &Bot) {
        self.api.with_bot(bot, |bot| bot.blocked_by.insert(self.id));
        self.membership(bot, "kicked");
    }

    /// Takes it back.
    pub fn unblocks(&self, bot: &Bot) {
        self.api.with_bot(bot, |bot| bot.blocked_by.remove(&self.id));
        self.membership(bot, "member");
    }

    fn membership(&self, bot: &Bot, status: &str) {
        let body = member_update(&self.api, bot, self.id, self.id, status);
        updates::push(&self.api.shared, &bot.token, "my_chat_member", body);
    }

    /// Closes the account.
    pub fn closes_account(&self) {
        self.api.shared.with(|state| {
            if let Some(chat) = state.chats.get_mut(&self.id) {
                chat.gone = true;
            }
        });
    }

    /// The next message of the bot's to them that was not looked at yet.
    pub async fn next_message(&self, bot: &Bot) -> Shown {
        next(&self.api, bot, self.id).await
    }

    /// All messages of the bot's to them.
    pub fn messages(&self, bot: &Bot) -> Vec<Shown> {
        all(&self.api, bot, self.id)
    }
}

impl Group {
    /// Its id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Somebody writes in it.
    pub fn writes(&self, bot: &Bot, by: &Person, text: &str) -> i64 {
        said(&self.api, bot, self.id, by.id, "message", &json!({ "text": text }))
    }

    /// It is made a supergroup, under another id.
    #[must_use]
    pub fn becomes(&self, bot: &Bot, by: &Person, id: i64) -> Self {
        let new = self.becomes_quietly(bot, id);
        said(&self.api, bot, self.id, by.id, "message", &json!({ "migrate_to_chat_id": id }));
        new
    }

    /// The same, and the bot is not told: its own next call finds out.
    #[must_use]
    pub fn becomes_quietly(&self, bot: &Bot, id: i64) -> Self {
        let new = self.api.group(id, "upgraded", bot);
        self.api.shared.with(|state| {
            if let Some(chat) = state.chats.get_mut(&self.id) {
                chat.moved_to = Some(id);
            }
        });
        new
    }

    /// Puts the bot out.
    pub fn kicks(&self, bot: &Bot) {
        self.api.with_bot(bot, |bot| bot.kicked_from.insert(self.id));
        let body = member_update(&self.api, bot, self.id, 1, "kicked");
        updates::push(&self.api.shared, &bot.token, "my_chat_member", body);
    }

    /// The next message of the bot's in it that was not looked at yet.
    pub async fn next_message(&self, bot: &Bot) -> Shown {
        next(&self.api, bot, self.id).await
    }

    /// All messages of the bot's in it.
    pub fn messages(&self, bot: &Bot) -> Vec<Shown> {
        all(&self.api, bot, self.id)
    }
}

fn said(api: &BotApi, bot: &Bot, chat: i64, by: i64, kind: &str, members: &Value) -> i64 {
    let (id, mut body) = api.shared.with(|state| {
        let id = state.next_message(chat);
        (id, json!({ "message_id": id, "date": EPOCH, "chat": state.chat(chat), "from": state.user(by) }))
    });
    for (name, value) in members.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    updates::push(&api.shared, &bot.token, kind, body);
    id
}

fn member_update(api: &BotApi, bot: &Bot, chat: i64, by: i64, status: &str) -> Value {
    let (chat, from) = api.shared.quietly(|state| (state.chat(chat), state.user(by)));
    let member = |status: &str| json!({ "status": status, "user": { "id": bot.id, "is_bot": true, "first_name": "bot" } });
    json!({ "chat": chat, "from": from, "date": EPOCH, "old_chat_member": member("member"), "new_chat_member": member(status) })
}

fn all(api: &BotApi, bot: &Bot, chat: i64) -> Vec<Shown> {
    api.shared.quietly(|state| {
        let shown = state.shown.iter().filter(|(by, shown)| *by == bot.id && shown.chat == chat);
        shown.map(|(_, shown)| shown.clone()).collect()
    })
}

async fn next(api: &BotApi, bot: &Bot, chat: i64) -> Shown {
    api.shared
        .until(|state| {
            let taken = state.taken.get(&(bot.id, chat)).copied().unwrap_or_default();
            let mut shown = state.shown.iter().filter(|(by, shown)| *by == bot.id && shown.chat == chat);
            let found = shown.nth(taken).map(|(_, shown)| shown.clone())?;
            state.taken.insert((bot.id, chat), taken + 1);
            Some(found)
        })
        .await
}
