//! What it knows.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::Notify;

use crate::{Fault, limits::Limits, media::Files, window::Windows};

/// What kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `WhatsApp` number.
    Number,
    /// A Facebook page, on Messenger.
    Page,
    /// An Instagram account.
    Instagram,
}

/// An account at Meta.
#[derive(Debug, Clone)]
pub struct Account {
    /// What kind.
    pub kind: Kind,
    /// The phone number's, the page's or the Instagram account's id.
    pub id: String,
    /// The business account of a number.
    pub waba: String,
    /// The token that may use it; empty: none.
    pub token: String,
    /// What its webhooks are signed with.
    pub app_secret: String,
    /// Its number, without a plus.
    pub display: String,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `POST`.
    pub method: String,
    /// Below the host, the version included, without the query.
    pub path: String,
    /// The version that was spoken.
    pub version: String,
    /// Its body, if that is text.
    pub body: String,
}

/// What is locked.
pub(crate) struct State {
    pub(crate) accounts: Vec<Account>,
    pub(crate) callback: Option<String>,
    pub(crate) faults: HashMap<String, VecDeque<Fault>>,
    pub(crate) requests: Vec<Recorded>,
    pub(crate) taken: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) windows: Windows,
    pub(crate) templates: Vec<(String, Value)>,
    pub(crate) media: Files,
    pub(crate) profiles: HashMap<String, Value>,
    /// When the tokens of accounts end, in Unix seconds; of those that are not here, never.
    pub(crate) token_ends: HashMap<String, i64>,
    /// Tokens that accounts get in place of theirs, and for how many seconds.
    pub(crate) renewals: HashMap<String, (String, u64)>,
    /// Statuses to be told: the account's secret, and the body.
    pub(crate) due: VecDeque<(Account, Value)>,
    next_id: u64,
}

/// Shared between the server, its handle and the sender of webhooks.
pub(crate) struct Shared {
    pub(crate) url: String,
    state: Mutex<State>,
    /// There is a status to be told.
    pub(crate) told: Notify,
    pub(crate) http: reqwest::Client,
}

impl Shared {
    pub(crate) fn new(url: String) -> Self {
        let state = State {
            accounts: Vec::new(),
            callback: None,
            faults: HashMap::new(),
            requests: Vec::new(),
            taken: Vec::new(),
            limits: Limits::default(),
            windows: Windows::default(),
            templates: Vec::new(),
            media: Files::default(),
            profiles: HashMap::new(),
            token_ends: HashMap::new(),
            renewals: HashMap::new(),
            due: VecDeque::new(),
            next_id: 1,
        };
        #[expect(clippy::disallowed_methods, reason = "Meta's own client, which calls loopback only")]
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { url, state: Mutex::new(state), told: Notify::new(), http }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The account a token may use.
    pub(crate) fn by_token(&self, token: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| !token.is_empty() && account.token == token)
    }

    /// What is scripted for this recipient, taken off its list.
    pub(crate) fn fault(&mut self, recipient: &str) -> Option<Fault> {
        self.faults.get_mut(recipient)?.pop_front()
    }
}
