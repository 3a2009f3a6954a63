//! Taking updates in: on disk first, everything else afterwards. Telegram tells an update again until it is confirmed, so each step may
//! be done twice.

use std::time::Duration;

use cetar_model::{Chat, Content, Language};
use cetar_provider::{Host, HostError, Inbound};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    client::{BotApi, Params},
    incoming::{self, News, Pressed, Written},
    settings::BotSettings,
    state, welcome,
};

/// The kinds of updates that are asked for; the list stays with Telegram until another is given.
pub(crate) const WANTED: [&str; 6] =
    ["message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member"];

/// Longest an answer to a person is waited for: it is a courtesy, and the next updates wait behind it.
pub(crate) const COURTESY: Duration = Duration::from_secs(5);

/// Takes updates in for one bot.
pub(crate) struct Intake<'i> {
    pub(crate) api: &'i BotApi,
    pub(crate) host: &'i dyn Host,
    pub(crate) settings: &'i BotSettings,
    pub(crate) language: Language,
}

/// What the bot says once all updates of a batch are on disk.
struct Say {
    method: &'static str,
    params: Params,
}

impl Intake<'_> {
    /// All of a batch, in its order. When this returns, all are on disk and may be confirmed.
    pub(crate) async fn take(&self, updates: &[Value]) -> Result<(), HostError> {
        let mut said = Vec::new();
        for update in updates {
            self.one(incoming::read(update), &mut said).await?;
        }
        // Side by side, so that a hundred presses do not wait for one another.
        join_all(said.into_iter().map(|say| self.say(say))).await;
        Ok(())
    }

    async fn one(&self, news: News, said: &mut Vec<Say>) -> Result<(), HostError> {
        match news {
            News::Message(written) => self.written(*written, said).await,
            News::Pressed(pressed) => self.pressed(*pressed, said).await,
            News::Reachable { remote_id, chat, reachable, at } => {
                self.host.emit(Inbound::Reachable { remote_id, chat, reachable, at }).await
            }
            News::Moved { from, to } => {
                state::save_move(self.host, &from, &to).await?;
                self.host.emit(Inbound::Resolved { alias: from, number: to }).await
            }
            News::Nothing(kind) => {
                tracing::info!(kind, "an update that belongs to no chat is left out");
                Ok(())
            }
        }
    }

    async fn written(&self, written: Written, said: &mut Vec<Say>) -> Result<(), HostError> {
        let Written { message, own_number, is_start, number } = written;
        let (chat, group) = (message.chat.clone(), message.group);
        if !group && (10..=15).contains(&chat.as_str().len()) {
            state::save_chat(self.host, &chat).await?;
        }
        if let Some(own) = &own_number {
            state::save_number(self.host, own, &chat).await?;
        }
        self.host.emit(Inbound::Message(message)).await?;
        if !(self.settings.ask_number && (is_start || own_number.is_some())) {
            return Ok(());
        }
        let Ok(id) = chat.as_str().parse::<i64>() else { return Ok(()) };
        let params = if own_number.is_some() {
            welcome::thank(self.language, id)
        } else if state::number_of(self.host, &chat).await?.is_none() {
            welcome::ask(self.language, id)
        } else {
            return Ok(());
        };
        if state::may_answer(self.host, &chat, number).await? {
            said.push(Say { method: "sendMessage", params });
        }
        Ok(())
    }

    async fn pressed(&self, pressed: Pressed, said: &mut Vec<Say>) -> Result<(), HostError> {
        let Pressed { query, data, mut message, carried_by } = pressed;
        message.sent_at = self.host.now();
        if let Some(button) = self.button(&message.chat, &data).await? {
            message.content = Content::ButtonPress { id: button.id, text: button.text, message: carried_by };
            message.raw = None;
        }
        self.host.emit(Inbound::Message(message)).await?;
        let params = [("callback_query_id".to_owned(), query.into())].into_iter().collect();
        said.push(Say { method: "answerCallbackQuery", params });
        Ok(())
    }

    /// The button, if it is one of ours, was sent into this chat, and is not too old.
    async fn button(&self, chat: &Chat, data: &str) -> Result<Option<state::Button>, HostError> {
        if data.starts_with("b:") { state::button(self.host, chat, data).await } else { Ok(None) }
    }

    async fn say(&self, say: Say) {
        let Say { method, params } = say;
        // The query may be too old, the person may have blocked the bot: nothing follows from it.
        if let Err(error) = self.api.call::<Value>(method, params, COURTESY).await {
            tracing::info!(method, %error, "a courtesy of the bot's was not taken");
        }
    }
}

/// The question for updates after `offset`.
pub(crate) fn question(offset: Option<i64>, poll: Duration) -> Params {
    let mut params = Params::new();
    params.insert("timeout".to_owned(), poll.as_secs().into());
    params.insert("limit".to_owned(), 100.into());
    params.insert("allowed_updates".to_owned(), json!(WANTED));
    if let Some(offset) = offset {
        params.insert("offset".to_owned(), offset.into());
    }
    params
}
