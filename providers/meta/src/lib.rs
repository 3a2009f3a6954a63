//! Meta's official APIs: `WhatsApp`'s Cloud API, Messenger and Instagram.
//!
//! One Graph client (`graph.rs`) for all three. What goes out is put together in `cloud_api.rs` and `messaging.rs`, what comes in at
//! `/callbacks/meta` is read in `callback/`; what an error means is one table (`errors.rs`). Facts are those of Meta's documentation of
//! 2026 (Graph API v26.0).

mod callback;
mod cloud_api;
mod errors;
mod graph;
mod media;
mod messaging;
mod part;
mod session;
mod settings;
mod templates;
mod token;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_model::{Channel, Content, ContentKind as Kind, KnownTemplate, MessageId, OfficialTemplate};
use cetar_provider::{
    Account, ButtonLimits, Callbacks, Capabilities, Host, IdentifyError, Length, LinkError, LinkProcess,
    LinkRequest, Linked, MediaLimit, Pace, Provider, Rate, Receives, Session, SettingsError, media_types,
};

pub use settings::{GRAPH_URL, GRAPH_VERSION, INSTAGRAM_URL, Settings};

use callback::MetaCallbacks;
use graph::{Failed, Graph};
use settings::{Credentials, Login, wrong};

const MIB: u64 = 1 << 20;
/// Free-form messages are allowed this long after the person last wrote.
const WINDOW: Duration = Duration::from_hours(24);
/// … and those of a person who answers, so long. Meta must have granted the app the feature.
const HUMAN_AGENT: Duration = Duration::from_hours(7 * 24);

const fn limit(kind: Kind, content_types: &'static [&'static str], max_bytes: u64) -> MediaLimit {
    MediaLimit { kind, content_types, max_bytes }
}

/// Source: Meta's table of supported media types.
const OFFICIAL_MEDIA: &[MediaLimit] = &[
    limit(Kind::Image, media_types::PICTURES, 5 * MIB),
    limit(Kind::Video, &["video/mp4", "video/3gpp"], 16 * MIB),
    limit(Kind::Document, media_types::FILES, 100 * MIB),
    limit(Kind::Audio, OFFICIAL_SOUNDS, 16 * MIB),
    limit(Kind::Voice, &["audio/ogg"], 16 * MIB),
    limit(Kind::Sticker, media_types::STICKERS, 500 << 10),
];

const OFFICIAL_SOUNDS: &[&str] =
    &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/m4a", "audio/ogg"];

/// 80 a second is what every number has.
const OFFICIAL_ACCOUNT: Rate = Rate { most: 80, per: Duration::from_secs(1) };
/// A number that Meta has raised has 1,000 a second.
const OFFICIAL_RAISED: Rate = Rate { most: 1000, per: Duration::from_secs(1) };

/// By what Meta says of a number's throughput: `STANDARD`, `HIGH`, or a word that tells nothing of it.
fn account_rate(level: Option<&str>) -> Rate {
    if level == Some("HIGH") { OFFICIAL_RAISED } else { OFFICIAL_ACCOUNT }
}

/// To one person: one in 6 s, and a burst of up to 45 that is borrowed from later. 45 in the time in which so many are gained again
/// (45 · 6 s) stay within that, whatever went before.
const OFFICIAL_PERSON: Rate = Rate { most: 45, per: Duration::from_secs(270) };

const OFFICIAL: Capabilities = Capabilities {
    content: &[
        Kind::Text,
        Kind::Image,
        Kind::Video,
        Kind::Document,
        Kind::Audio,
        Kind::Voice,
        Kind::Sticker,
        Kind::Template,
        Kind::Interactive,
        Kind::Location,
        Kind::Contact,
        Kind::Reaction,
        Kind::Seen,
    ],
    text: Length::characters(4096),
    caption: Length::characters(1024),
    // Of sound it follows as a second message.
    captioned: &[Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Voice],
    markups: &[],
    media: OFFICIAL_MEDIA,
    buttons: None,
    check: None,
    // Only with a read mark.
    typing: false,
    // The API knows no key by which it could tell a repeat.
    resend_is_safe: false,
    link_methods: &[],
    concurrency: 32,
    window: Some(WINDOW),
    human_agent: None,
    pace: Some(Pace { account: OFFICIAL_ACCOUNT, chat: OFFICIAL_PERSON, group: None, manners: None }),
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
            Kind::Reaction,
            Kind::Edited,
            Kind::Deleted,
            Kind::Unsupported,
        ],
        captioned: &[Kind::Image, Kind::Video, Kind::Document],
        groups: true,
        echoes: true,
        aliases: true,
    },
};

const fn messaging(text: Length, media: &'static [MediaLimit], a_second: usize) -> Capabilities {
    Capabilities {
        content: &[Kind::Text, Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Button],
        text,
        // A message of its own.
        caption: text,
        captioned: &[Kind::Image, Kind::Video, Kind::Document, Kind::Audio],
        markups: &[],
        media,
        buttons: Some(ButtonLimits {
            text: Length::characters(640),
            title: Some(Length::characters(60)),
            footer: Some(Length::characters(60)),
            label: Length::characters(20),
            id: Length::characters(1000),
            code: Length::characters(0),
            urls: true,
            codes: false,
            mixed: true,
            media: true,
            best_effort: false,
            joined: true,
        }),
        check: None,
        typing: false,
        resend_is_safe: false,
        link_methods: &[],
        concurrency: 16,
        window: Some(WINDOW),
        human_agent: Some(HUMAN_AGENT),
        pace: Some(Pace {
            account: Rate { most: a_second, per: Duration::from_secs(1) },
            chat: Rate { most: a_second, per: Duration::from_secs(1) },
            group: None,
            manners: None,
        }),
        receives: Receives {
            content: &[
                Kind::Text,
                Kind::Button,
                Kind::Image,
                Kind::Video,
                Kind::Document,
                Kind::Audio,
                Kind::Sticker,
                Kind::Location,
                Kind::Reaction,
                Kind::Edited,
                Kind::Deleted,
                Kind::Unsupported,
            ],
            captioned: &[Kind::Image, Kind::Video],
            groups: false,
            echoes: true,
            aliases: false,
        },
    }
}

const MESSENGER_MEDIA: &[MediaLimit] = &[
    limit(Kind::Image, media_types::PICTURES, 8 * MIB),
    limit(Kind::Video, media_types::FILMS, 25 * MIB),
    limit(Kind::Document, media_types::FILES, 25 * MIB),
    limit(Kind::Audio, media_types::SOUNDS, 25 * MIB),
];

const INSTAGRAM_MEDIA: &[MediaLimit] = &[
    limit(Kind::Image, media_types::PICTURES, 8 * MIB),
    limit(Kind::Video, media_types::FILMS, 25 * MIB),
    limit(Kind::Document, &["application/pdf"], 25 * MIB),
    limit(Kind::Audio, &["audio/aac", "audio/m4a", "audio/mp4", "audio/x-wav"], 25 * MIB),
];

const MESSENGER: Capabilities = messaging(Length::characters(2000), MESSENGER_MEDIA, 250);
const INSTAGRAM: Capabilities = messaging(Length::bytes(1000), INSTAGRAM_MEDIA, 100);

/// The provider of one of Meta's channels.
pub struct Meta {
    channel: Channel,
    capabilities: &'static Capabilities,
    settings: Settings,
}

impl Meta {
    /// The channels there are.
    pub const CHANNELS: [Channel; 3] = [Channel::WhatsappOfficial, Channel::Messenger, Channel::Instagram];

    /// For one of [`CHANNELS`](Self::CHANNELS); any other is taken for the official `WhatsApp`.
    pub fn new(channel: Channel, settings: Settings) -> Self {
        let capabilities = match channel {
            Channel::Messenger => &MESSENGER,
            Channel::Instagram => &INSTAGRAM,
            Channel::WhatsappOfficial | Channel::Whatsapp | Channel::Telegram => &OFFICIAL,
        };
        Self { channel, capabilities, settings }
    }
}

#[async_trait]
impl Provider for Meta {
    fn capabilities(&self) -> &Capabilities {
        self.capabilities
    }

    /// Ours, until Meta says its own: statuses carry it back, and so find a message whose answer was lost.
    fn remote_id(&self, message: &MessageId) -> Option<String> {
        Some(message.to_string())
    }

    fn pieces(&self, content: &Content) -> usize {
        match self.channel {
            Channel::Messenger | Channel::Instagram => messaging::pieces(content),
            Channel::WhatsappOfficial | Channel::Whatsapp | Channel::Telegram => cloud_api::pieces(content),
        }
    }

    fn open(&self, account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        if account.channel != self.channel {
            return Err(wrong("channel", "is another one of Meta's"));
        }
        let (credentials, until) = (Credentials::read(&account)?, account.credentials_until);
        Ok(Arc::new(session::MetaSession::new(&self.settings, credentials, until, host)))
    }

    async fn identify(&self, account: &Account) -> Result<Option<Linked>, IdentifyError> {
        let credentials = Credentials::read(account)?;
        let graph = Graph::new(&self.settings, &credentials);
        let (id_setting, fields) = match self.channel {
            Channel::Messenger => ("page_id", "id,name"),
            Channel::Instagram => ("account_id", "id,username"),
            Channel::WhatsappOfficial | Channel::Whatsapp | Channel::Telegram => {
                ("phone_number_id", "id,display_phone_number,verified_name")
            }
        };
        let asked = graph.get(&format!("{}?fields={fields}", credentials.id)).await;
        let told = asked.map_err(|failed| refused(failed, id_setting, &graph))?;
        let named = ["verified_name", "name", "username"].iter().find_map(|field| told[*field].as_str());
        let subscribed = match (self.channel, credentials.login) {
            (Channel::Messenger, _) => Some((
                credentials.id.as_str(),
                "?subscribed_fields=messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_reactions",
            )),
            (Channel::Instagram, Login::Instagram) => Some((
                credentials.id.as_str(),
                "?subscribed_fields=messages,messaging_postbacks,messaging_seen,message_reactions",
            )),
            // Through the page it is linked to, whose token this is.
            (Channel::Instagram, Login::Facebook) => {
                Some(("me", "?subscribed_fields=messages,messaging_postbacks,message_reactions"))
            }
            _ => credentials.waba.as_deref().map(|waba| (waba, "")),
        };
        if let Some((whom, fields)) = subscribed {
            let path = format!("{whom}/subscribed_apps{fields}");
            let setting = if credentials.waba.is_some() { "waba_id" } else { id_setting };
            let answer = graph.post(&path, String::new()).await;
            answer.map_err(|failed| refused(failed, setting, &graph))?;
        }
        Ok(Some(Linked { address: credentials.id, name: named.map(str::to_owned) }))
    }

    async fn templates(
        &self,
        account: &Account,
        name: Option<&str>,
    ) -> Result<Option<Vec<KnownTemplate>>, IdentifyError> {
        let credentials = Credentials::read(account)?;
        let Some(waba) = &credentials.waba else { return Ok(None) };
        let graph = Graph::new(&self.settings, &credentials);
        let told = templates::list(&graph, waba, name).await;
        Ok(Some(told.map_err(|failed| refused(failed, "waba_id", &graph))?))
    }

    fn template_text(&self, known: &KnownTemplate, message: &OfficialTemplate) -> Option<String> {
        templates::filled(known, message)
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(&MetaCallbacks)
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

/// Which setting Meta does not take; or, where it is none of the account's, which of the configuration's to look at.
fn refused(failed: Failed, id_setting: &str, graph: &Graph) -> IdentifyError {
    let (place, setting) = graph.place();
    match failed {
        Failed::NotSent(why) | Failed::Unknown(why) => IdentifyError::Network(format!(
            "{place} does not answer as Meta does ({why}); look at {setting} in the configuration, and whether this server reaches it"
        )),
        Failed::Refused(refusal) => match refusal.code {
            0 | 3 | 10 | 190 | 200..=299 => wrong(
                "access_token",
                &format!("is not accepted by Meta: {} ({})", refusal.detail, refusal.code),
            )
            .into(),
            33 | 100 | 803 => {
                wrong(id_setting, &format!("is not known to Meta with this token: {}", refusal.detail)).into()
            }
            errors::UNKNOWN_PATH => IdentifyError::Network(format!(
                "Meta does not serve {place}; look at meta.graph_version and {setting} in the configuration ({})",
                refusal.detail
            )),
            code => IdentifyError::Network(format!("Meta answered {code}: {}", refusal.detail)),
        },
    }
}
