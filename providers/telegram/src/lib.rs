//! Telegram by a bot, through the Bot API (10.1): an own thin client, because no published one takes another server's address, tells a
//! call that was certainly not made from one that may have been, and keeps up.
//!
//! A bot is no account of a person. It cannot write to anybody who has not begun a conversation with it, and cannot look a phone number
//! up: a number leads to a chat once its owner has shared their own contact with the bot. Nothing in the Bot API identifies a repeated
//! send, so an attempt whose answer was lost is never made again by itself. Bots are told neither of delivery nor of reading.

mod client;
mod incoming;
mod multipart;
mod outgoing;
mod refusal;
mod send;
mod session;
mod settings;
mod state;
mod updates;
mod welcome;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_model::{Chat, Clock, ContentKind as Kind, Markup, MessageId};
use cetar_provider::{
    Account, ButtonLimits, Capabilities, CheckLimit, GroupPace, Host, IdentifyError, Length, LinkError,
    LinkProcess, LinkRequest, Linked, MediaLimit, NotLocated, Pace, Provider, Rate, Receives, SavedState,
    Session, SettingsError, http, media_types,
};

use crate::{
    client::BotApi,
    session::{TelegramSession, Times},
    settings::BotSettings,
};

/// Where Telegram's own Bot API is.
pub const API_URL: &str = "https://api.telegram.org";

/// How the provider is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the Bot API is (`telegram.api_url`).
    pub api_url: String,
    /// Where Telegram reaches this server (`public_url`); without it no bot can have its updates pushed.
    pub public_url: Option<String>,
    /// How long Telegram may keep a question for updates open: 50 s at most, which is what it caps it at.
    pub poll: Duration,
    /// Longest the answer to a send is waited for (30 s), beside the time its file takes.
    pub answer: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_url: API_URL.to_owned(),
            public_url: None,
            poll: Duration::from_secs(50),
            answer: Duration::from_secs(30),
        }
    }
}

/// Longest the first answer of a call is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// What Telegram plays as music.
const MUSIC: &[&str] = &["audio/mpeg", "audio/mp4", "audio/m4a"];
/// What it plays as a voice note.
const VOICES: &[&str] = &["audio/ogg", "audio/mpeg", "audio/mp4", "audio/m4a"];

/// By upload (Bot API: "Sending files"): pictures 10 MB, all else 50 MB.
const MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: Kind::Image, content_types: media_types::PICTURES, max_bytes: 10 << 20 },
    MediaLimit { kind: Kind::Video, content_types: media_types::FILMS, max_bytes: 50 << 20 },
    MediaLimit { kind: Kind::Document, content_types: media_types::FILES, max_bytes: 50 << 20 },
    MediaLimit { kind: Kind::Audio, content_types: MUSIC, max_bytes: 50 << 20 },
    MediaLimit { kind: Kind::Voice, content_types: VOICES, max_bytes: 50 << 20 },
];

/// Texts are limited after entities are taken out of them, in characters; counted here in UTF-16 units, which is never too long.
const CAPABILITIES: Capabilities = Capabilities {
    content: &[Kind::Text, Kind::Button, Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Voice],
    text: Length::utf16(4096),
    caption: Length::utf16(1024),
    captioned: &[Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Voice],
    markups: Markup::ALL,
    media: MEDIA,
    buttons: Some(ButtonLimits {
        text: Length::utf16(4096),
        title: Some(Length::utf16(256)),
        footer: Some(Length::utf16(256)),
        // Telegram states none; phones cut what is longer.
        label: Length::characters(64),
        // Kept by us: Telegram carries a short one of ours.
        id: Length::bytes(256),
        code: Length::characters(256),
        urls: true,
        codes: true,
        mixed: true,
        media: true,
        best_effort: false,
        joined: true,
    }),
    // It is our own list that is asked.
    check: Some(CheckLimit { per_minute: 600, per_day: 100_000 }),
    typing: true,
    // The Bot API has no id of ours.
    resend_is_safe: false,
    link_methods: &[],
    concurrency: 16,
    window: None,
    human_agent: None,
    // A bot is told of no reaction and no deletion, and of a poll only that it was sent.
    receives: Receives {
        content: &[
            Kind::Text,
            Kind::Button,
            Kind::Image,
            Kind::Video,
            Kind::Document,
            Kind::Audio,
            Kind::Voice,
            Kind::Sticker,
            Kind::Location,
            Kind::Contact,
            Kind::Poll,
            Kind::Edited,
            Kind::Unsupported,
        ],
        captioned: &[Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Voice],
        groups: true,
        echoes: false,
        aliases: false,
    },
    // Telegram's FAQ, "Broadcasting to users". 429 is the truth.
    pace: Some(Pace {
        account: Rate { most: 30, per: Duration::from_secs(1) },
        chat: Rate { most: 1, per: Duration::from_secs(1) },
        group: Some(GroupPace { is_group, rate: Rate { most: 20, per: Duration::from_mins(1) } }),
        manners: None,
    }),
};

/// Groups and channels: negative ids, and the names of public ones.
fn is_group(chat: &Chat) -> bool {
    chat.as_str().starts_with(['-', '@'])
}

/// The provider.
pub struct Telegram {
    http: http::Client,
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl Telegram {
    /// A provider for all bots. `http` decides which addresses may be called: where `settings.api_url` is a private one, it must be
    /// among those allowed.
    pub fn new(http: http::Client, settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { http, settings, clock }
    }

    fn api(&self, settings: &BotSettings) -> BotApi {
        BotApi::new(self.http.clone(), &self.settings.api_url, &settings.token)
    }
}

#[async_trait]
impl Provider for Telegram {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn remote_id(&self, _message: &MessageId) -> Option<String> {
        None
    }

    fn open(&self, account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        let settings = BotSettings::read(&account.settings)?;
        let hook = match (settings.webhook, &self.settings.public_url) {
            (false, _) => None,
            (true, None) => return Err(settings::no_public_url()),
            (true, Some(base)) => {
                Some(format!("{}/callbacks/telegram/{}", base.trim_end_matches('/'), account.device))
            }
        };
        let api = self.api(&settings);
        let clock = Arc::clone(&self.clock);
        let times = Times { poll: self.settings.poll, answer: self.settings.answer };
        Ok(Arc::new(TelegramSession::new(api, settings, account.language, host, clock, times, hook)))
    }

    async fn identify(&self, account: &Account) -> Result<Option<Linked>, IdentifyError> {
        let settings = BotSettings::read(&account.settings)?;
        match session::me(&self.api(&settings)).await {
            Ok(me) => {
                let name = me.name();
                Ok(Some(Linked { address: format!("@{}", me.username.unwrap_or_default()), name }))
            }
            Err(error) if matches!(error.code(), 401 | 404) => Err(settings::token_unknown().into()),
            Err(error) => Err(IdentifyError::Network(error.to_string())),
        }
    }

    async fn locate(&self, to: &Chat, state: &dyn SavedState) -> Result<Chat, NotLocated> {
        let text = to.as_str();
        if is_group(to) {
            return Ok(state::moved(state, to).await?.unwrap_or_else(|| to.clone()));
        }
        // As many digits as a phone number has: a number, unless somebody with that id has written to the bot.
        if !(10..=15).contains(&text.len()) || state::knows_chat(state, to).await? {
            return Ok(to.clone());
        }
        if let Some(chat) = state::chat_of(state, text).await? {
            return Ok(chat);
        }
        let link = state::me(state).await?.map(|me| format!("https://t.me/{}?start=optin", me.username));
        Err(NotLocated::NotOptedIn { link })
    }

    async fn link(
        &self,
        _account: Account,
        _request: LinkRequest,
        _host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError> {
        Err(LinkError::NotSupported)
    }
}
