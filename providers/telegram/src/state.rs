//! What a bot's sessions keep with the gateway, by collection and key.

use bytes::Bytes;
use cetar_model::{Chat, Timestamp};
use cetar_provider::{Host, HostError, SavedState, StateWrite};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::outgoing::Kept;

/// The bot itself, under [`BOT`].
const ME: &str = "me";
const BOT: &[u8] = b"bot";
/// Chats by the phone number their person shared.
const PHONES: &str = "phones";
/// The number by its chat.
const NUMBERS: &str = "numbers";
/// Private chats whose id has as many digits as a phone number.
const CHATS: &str = "chats";
/// Where groups moved to.
const MOVED: &str = "moved";
/// The last message of a chat that was answered by the bot itself.
const ANSWERED: &str = "answered";
/// Buttons that were sent, on four shelves by when. Each is cleared before it is used again, so that a button can be pressed for at least
/// three times [`SHELF`].
const BUTTONS: [&str; 4] = ["buttons.0", "buttons.1", "buttons.2", "buttons.3"];
const SHELF_IN_USE: &str = "buttons.shelf";
/// How long one shelf is filled: 30 days.
const SHELF: i64 = 30 * 24 * 60 * 60;

/// Who the bot is, as `getMe` said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Me {
    pub(crate) username: String,
}

/// A button that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Button {
    /// The application's id of it.
    pub(crate) id: String,
    pub(crate) text: String,
    /// Where it was sent: pressed anywhere else, it is not ours.
    pub(crate) chat: String,
}

fn put<T: Serialize>(collection: &'static str, key: &[u8], value: &T) -> StateWrite {
    // Only texts and numbers, which JSON takes.
    let value = serde_json::to_vec(value).unwrap_or_default();
    StateWrite::Put { collection, key: Bytes::copy_from_slice(key), value: value.into() }
}

fn text<T: DeserializeOwned>(value: Option<Bytes>) -> Option<T> {
    // What another version wrote otherwise is as good as not there.
    value.and_then(|value| serde_json::from_slice(&value).ok())
}

/// Keeps who the bot is.
pub(crate) async fn save_me(host: &dyn Host, me: &Me) -> Result<(), HostError> {
    host.save(vec![put(ME, BOT, me)]).await
}

pub(crate) async fn me(state: &dyn SavedState) -> Result<Option<Me>, HostError> {
    Ok(text(state.load(ME, BOT).await?))
}

/// A person shared their number: from now on it leads to their chat, and no older number does.
pub(crate) async fn save_number(host: &dyn Host, number: &str, chat: &Chat) -> Result<(), HostError> {
    let chat = chat.as_str();
    let mut writes = Vec::new();
    let before: Option<String> = text(host.load(NUMBERS, chat.as_bytes()).await?);
    if let Some(before) = before.filter(|before| before != number) {
        writes.push(StateWrite::Delete { collection: PHONES, key: Bytes::from(before) });
    }
    let owner: Option<String> = text(host.load(PHONES, number.as_bytes()).await?);
    if let Some(owner) = owner.filter(|owner| owner != chat) {
        writes.push(StateWrite::Delete { collection: NUMBERS, key: Bytes::from(owner) });
    }
    writes.push(put(PHONES, number.as_bytes(), &chat));
    writes.push(put(NUMBERS, chat.as_bytes(), &number));
    host.save(writes).await
}

/// The chat of whoever shared this number.
pub(crate) async fn chat_of(state: &dyn SavedState, number: &str) -> Result<Option<Chat>, HostError> {
    Ok(text::<String>(state.load(PHONES, number.as_bytes()).await?).map(Chat::new))
}

/// The number that was shared in a chat.
pub(crate) async fn number_of(host: &dyn Host, chat: &Chat) -> Result<Option<String>, HostError> {
    Ok(text(host.load(NUMBERS, chat.as_str().as_bytes()).await?))
}

/// Somebody wrote whose id could be taken for a phone number.
pub(crate) async fn save_chat(host: &dyn Host, chat: &Chat) -> Result<(), HostError> {
    host.save(vec![put(CHATS, chat.as_str().as_bytes(), &true)]).await
}

pub(crate) async fn knows_chat(state: &dyn SavedState, chat: &Chat) -> Result<bool, HostError> {
    Ok(state.load(CHATS, chat.as_str().as_bytes()).await?.is_some())
}

/// A group has another id from now on.
pub(crate) async fn save_move(host: &dyn Host, from: &Chat, to: &Chat) -> Result<(), HostError> {
    host.save(vec![put(MOVED, from.as_str().as_bytes(), &to.as_str())]).await
}

/// Where a chat is now.
pub(crate) async fn moved(state: &dyn SavedState, chat: &Chat) -> Result<Option<Chat>, HostError> {
    Ok(text::<String>(state.load(MOVED, chat.as_str().as_bytes()).await?).map(Chat::new))
}

/// Whether the bot has not yet answered this message of the chat itself; from now on it has. On disk before it answers, so that a person
/// whose message is told twice is answered once.
pub(crate) async fn may_answer(host: &dyn Host, chat: &Chat, message: i64) -> Result<bool, HostError> {
    let key = chat.as_str().as_bytes();
    let last: Option<i64> = text(host.load(ANSWERED, key).await?);
    if last.is_some_and(|last| message <= last) {
        return Ok(false);
    }
    host.save(vec![put(ANSWERED, key, &message)]).await?;
    Ok(true)
}

fn shelf(now: Timestamp) -> i64 {
    now.as_secs().div_euclid(SHELF)
}

fn name(shelf: i64) -> &'static str {
    BUTTONS[usize::try_from(shelf.rem_euclid(4)).unwrap_or_default()]
}

/// Keeps buttons before they are sent.
pub(crate) async fn save_buttons(host: &dyn Host, chat: &Chat, buttons: Vec<Kept>) -> Result<(), HostError> {
    let before: Option<i64> = text(host.load(SHELF_IN_USE, BOT).await?);
    // A clock that was set back must not clear what is in use.
    let now = before.map_or(shelf(host.now()), |before| before.max(shelf(host.now())));
    let mut writes = Vec::new();
    if before != Some(now) {
        writes.push(StateWrite::Clear { collection: name(now) });
        writes.push(put(SHELF_IN_USE, BOT, &now));
    }
    let chat = chat.as_str();
    writes.extend(buttons.into_iter().map(|Kept { data, id, text }| {
        put(name(now), data.as_bytes(), &Button { id, text, chat: chat.to_owned() })
    }));
    host.save(writes).await
}

/// The button that carries this, if it was sent into this chat and not too long ago.
pub(crate) async fn button(host: &dyn Host, chat: &Chat, data: &str) -> Result<Option<Button>, HostError> {
    for collection in BUTTONS {
        let kept: Option<Button> = text(host.load(collection, data.as_bytes()).await?);
        if let Some(button) = kept {
            return Ok(Some(button).filter(|button| button.chat == chat.as_str()));
        }
    }
    Ok(None)
}
