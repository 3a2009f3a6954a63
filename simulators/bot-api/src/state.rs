//! What the simulated Telegram knows.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::faults::Fault;

/// One call that a client made.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: String,
    /// Its parameters, files left out.
    pub params: Value,
}

/// A message as the other side sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The chat it is in.
    pub chat: i64,
    /// Telegram's message object.
    pub message: Value,
    /// The bytes of its file.
    pub file: Option<Bytes>,
}

impl Shown {
    /// Its text.
    pub fn text(&self) -> Option<&str> {
        self.message["text"].as_str()
    }

    /// The text below its medium.
    pub fn caption(&self) -> Option<&str> {
        self.message["caption"].as_str()
    }

    /// Its number in the chat.
    pub fn id(&self) -> i64 {
        self.message["message_id"].as_i64().unwrap_or_default()
    }

    /// Its buttons, row after row.
    pub fn buttons(&self) -> Vec<Value> {
        let rows = self.message["reply_markup"]["inline_keyboard"].as_array().into_iter().flatten();
        rows.flat_map(|row| row.as_array().cloned().unwrap_or_default()).collect()
    }
}

/// Where updates go.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
}

/// One bot.
pub(crate) struct BotState {
    pub(crate) id: i64,
    pub(crate) username: String,
    /// Those that were not confirmed.
    pub(crate) updates: VecDeque<Value>,
    /// All there ever were.
    pub(crate) told: Vec<Value>,
    /// How often a question ended because another was asked.
    pub(crate) conflicts: usize,
    pub(crate) next_update: i64,
    pub(crate) hook: Option<Hook>,
    pub(crate) last_push_error: Option<String>,
    /// Which kinds it wants, where it said so.
    pub(crate) wanted: Option<Vec<String>>,
    /// Rises with every question: an older one that is still open ends with a conflict.
    pub(crate) question: u64,
    pub(crate) blocked_by: HashSet<i64>,
    /// Private chats that were begun, groups it is in.
    pub(crate) knows: HashSet<i64>,
    pub(crate) kicked_from: HashSet<i64>,
    pub(crate) revoked: bool,
    pub(crate) callbacks: HashMap<String, bool>,
}

impl BotState {
    /// One that nobody has written to yet.
    pub(crate) fn new(id: i64, username: &str) -> Self {
        Self {
            id,
            username: username.to_owned(),
            updates: VecDeque::default(),
            told: Vec::default(),
            conflicts: 0,
            next_update: 500,
            hook: None,
            last_push_error: None,
            wanted: None,
            question: 0,
            blocked_by: HashSet::default(),
            knows: HashSet::default(),
            kicked_from: HashSet::default(),
            revoked: false,
            callbacks: HashMap::default(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct ChatState {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    pub(crate) moved_to: Option<i64>,
    pub(crate) gone: bool,
    pub(crate) last_message: i64,
}

pub(crate) struct Scripted {
    /// Of which method; `None`: of any that sends.
    pub(crate) method: Option<String>,
    /// To which chat; `None`: to any.
    pub(crate) chat: Option<String>,
    pub(crate) fault: Fault,
}

#[derive(Default)]
pub(crate) struct State {
    /// By token.
    pub(crate) bots: BTreeMap<String, BotState>,
    pub(crate) chats: BTreeMap<i64, ChatState>,
    /// What was sent, by bot and in order.
    pub(crate) shown: Vec<(i64, Shown)>,
    /// Messages that somebody has looked at, by bot and chat.
    pub(crate) taken: HashMap<(i64, i64), usize>,
    pub(crate) files: HashMap<String, Bytes>,
    pub(crate) calls: Vec<Call>,
    pub(crate) faults: VecDeque<Scripted>,
    pub(crate) next_id: i64,
    /// When which bot sent to which chat, in milliseconds, where limits are enforced.
    pub(crate) sends: Vec<(i64, i64, u128)>,
    pub(crate) enforce: bool,
}

impl State {
    pub(crate) fn fresh(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// The fault scripted for this call, if there is one.
    pub(crate) fn fault(&mut self, method: &str, chat: Option<&str>) -> Option<Fault> {
        let sends = method.starts_with("send") && method != "sendChatAction";
        let fits = |it: &Scripted| {
            it.method.as_ref().map_or(sends, |of| of.eq_ignore_ascii_case(method))
                && it.chat.as_deref().is_none_or(|of| chat == Some(of))
        };
        let at = self.faults.iter().position(fits)?;
        self.faults.remove(at).map(|scripted| scripted.fault)
    }

    /// A chat's object.
    pub(crate) fn chat(&self, id: i64) -> Value {
        let Some(chat) = self.chats.get(&id) else { return json!({ "id": id, "type": "private" }) };
        let mut object = json!({ "id": id, "type": chat.kind });
        object[if chat.kind == "private" { "first_name" } else { "title" }] = chat.name.clone().into();
        if let Some(name) = &chat.username {
            object["username"] = name.clone().into();
        }
        object
    }

    /// A person's object.
    pub(crate) fn user(&self, id: i64) -> Value {
        let name = self.chats.get(&id).map_or("?", |chat| &chat.name);
        json!({ "id": id, "is_bot": false, "first_name": name, "language_code": "id" })
    }

    pub(crate) fn next_message(&mut self, chat: i64) -> i64 {
        let chat = self.chats.get_mut(&chat);
        chat.map_or(1, |chat| {
            chat.last_message += 1;
            chat.last_message
        })
    }
}
