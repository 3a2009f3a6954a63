//! Where Meta is, and what an account is made of.

use std::sync::Arc;

use cetar_model::{Channel, Clock};
use cetar_provider::{Account, SettingsError, http};

/// Where the Graph API is, if nothing else is configured.
pub const GRAPH_URL: &str = "https://graph.facebook.com";
/// Where Instagram's own API is, if nothing else is configured.
pub const INSTAGRAM_URL: &str = "https://graph.instagram.com";
/// The version of the Graph API that is spoken, if no other is configured. Released on 2026-07-29.
pub const GRAPH_VERSION: &str = "v26.0";

/// Settings of the provider; one for all its sessions.
#[derive(Clone)]
pub struct Settings {
    /// Configuration `meta.graph_url`, without a slash at its end.
    pub graph_url: String,
    /// Configuration `meta.instagram_url`, without a slash at its end.
    pub instagram_url: String,
    /// Configuration `meta.graph_version`.
    pub version: String,
    /// The guarded client.
    pub http: http::Client,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Meta itself.
    pub fn new(http: http::Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            graph_url: GRAPH_URL.to_owned(),
            instagram_url: INSTAGRAM_URL.to_owned(),
            version: GRAPH_VERSION.to_owned(),
            http,
            clock,
        }
    }
}

/// How an Instagram account was given to us: it decides the host and the kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// Through a Facebook page.
    Facebook,
    /// By Instagram itself.
    Instagram,
}

/// One account's settings, read.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) channel: Channel,
    /// Whom the Graph API sends as: the phone number's id, the page's, the Instagram account's.
    pub(crate) id: String,
    /// The `WhatsApp` business account.
    pub(crate) waba: Option<String>,
    pub(crate) login: Login,
    pub(crate) token: String,
    pub(crate) app_secret: String,
    pub(crate) verify_token: String,
}

impl Credentials {
    pub(crate) fn read(account: &Account) -> Result<Self, SettingsError> {
        let text = |name: &'static str| {
            let value = account.settings.get(name).map_or("", |value| value.trim());
            if value.is_empty() { Err(wrong(name, "is missing")) } else { Ok(value.to_owned()) }
        };
        let number = |name: &'static str| {
            let value = text(name)?;
            let digits = value.len() <= 32 && value.bytes().all(|b| b.is_ascii_digit());
            if digits { Ok(value) } else { Err(wrong(name, "is an id of digits, as Meta shows it")) }
        };
        let (id, waba) = match account.channel {
            Channel::WhatsappOfficial => (number("phone_number_id")?, Some(number("waba_id")?)),
            Channel::Messenger => (number("page_id")?, None),
            Channel::Instagram => (number("account_id")?, None),
            Channel::Whatsapp | Channel::Telegram => return Err(wrong("channel", "is not one of Meta's")),
        };
        let login = match account.settings.get("login").map(String::as_str) {
            None | Some("facebook") => Login::Facebook,
            Some("instagram") if account.channel == Channel::Instagram => Login::Instagram,
            Some(_) => return Err(wrong("login", "is \"facebook\" or, on instagram, \"instagram\"")),
        };
        let token = text("access_token")?;
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("access_token", "has blanks or other characters that no token has"));
        }
        Ok(Self {
            channel: account.channel,
            id,
            waba,
            login,
            token,
            app_secret: text("app_secret")?,
            verify_token: text("verify_token")?,
        })
    }
}

pub(crate) fn wrong(field: &str, problem: &str) -> SettingsError {
    SettingsError { field: field.to_owned(), problem: problem.to_owned() }
}
