//! WhatsApp by a linked device. The only crate that names whatsapp-rust.
//!
//! [`WhatsappWeb`] is the provider: it links accounts by QR or pairing code and opens sessions on what linking stored. The
//! session's promises: a message is sent when WhatsApp acknowledged it and not before; WhatsApp is acknowledged when the
//! host has committed and not before; "connected" means that a question was answered lately.
//!
//! Protocol facts here come from the source of whatsapp-rust 0.7 and from running it against a stand-in of the network.

mod acks;
mod client;
mod convert;
mod debts;
mod health;
mod inbound;
mod life;
mod link;
mod media;
mod polls;
mod recipients;
mod send;
mod session;
mod settings;
mod store;
mod transport;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use cetar_model::{Chat, ContentKind as Kind, DeviceId, LinkMethod, MessageId};
use cetar_provider::{
    Account, ButtonLimits, Capabilities, CheckLimit, GroupPace, Host, Length, LinkError, LinkProcess,
    LinkRequest, Manners, MediaLimit, Pace, Provider, Rate, Receives, Session, SettingsError, Span, Typing,
    media_types,
};
use tokio_util::task::TaskTracker;
use whatsapp_rust::wacore_binary::JidExt;

pub use settings::{Linking, Settings, WHATSAPP_WEB_VERSION, Watch};

/// Beginnings of the log targets that whatsapp-rust writes to (through the `log` crate). They must be off in production:
/// at `info` it logs pairing codes and phone numbers, at `debug` whole stanzas. What matters of it this crate logs itself.
pub const NOISY_LOG_TARGETS: &[&str] = &[
    "whatsapp_rust",
    "wacore",
    "waproto",
    "Client/",
    "Bot/",
    "AppState",
    "Blocking",
    "Chatstate",
    "MessageQueue",
    "Mex",
    "PresenceHandler",
    "TcToken",
    "UnifiedSession",
    "blocklist",
    "usync",
];

/// WhatsApp's own clients stop at these sizes.
// Sizes: our estimates, from what the apps offer. WhatsApp publishes none for linked devices.
const MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: Kind::Image, content_types: media_types::PICTURES, max_bytes: 16 << 20 },
    MediaLimit { kind: Kind::Video, content_types: media_types::FILMS, max_bytes: 100 << 20 },
    MediaLimit { kind: Kind::Document, content_types: media_types::FILES, max_bytes: 100 << 20 },
    MediaLimit { kind: Kind::Audio, content_types: media_types::SOUNDS, max_bytes: 16 << 20 },
    MediaLimit { kind: Kind::Voice, content_types: media_types::SOUNDS, max_bytes: 16 << 20 },
];

const CAPABILITIES: Capabilities = Capabilities {
    content: &[Kind::Text, Kind::Button, Kind::Image, Kind::Video, Kind::Document, Kind::Audio, Kind::Voice],
    // Lengths, of buttons too: our estimates, on the careful side. WhatsApp publishes none for linked devices, and no stand-in proves
    // what a phone shows whole.
    text: Length::characters(65_536),
    caption: Length::characters(1_024),
    captioned: &[Kind::Image, Kind::Video, Kind::Document],
    markups: &[],
    typing: true,
    media: MEDIA,
    buttons: Some(ButtonLimits {
        text: Length::characters(1_024),
        title: Some(Length::characters(60)),
        footer: Some(Length::characters(60)),
        label: Length::characters(25),
        id: Length::characters(256),
        code: Length::characters(256),
        urls: true,
        codes: true,
        mixed: true,
        media: true,
        // WhatsApp shows them to whom and where it likes: no stand-in proves that a phone draws them.
        best_effort: true,
        joined: false,
    }),
    // Our estimate of what does not look like harvesting: WhatsApp publishes no figure.
    check: Some(CheckLimit { per_minute: 20, per_day: 1000 }),
    // The id is ours and the same for every attempt; the receiving phone drops the repeat.
    resend_is_safe: true,
    link_methods: &[LinkMethod::Qr, LinkMethod::PairingCode],
    // Chats go side by side; more than this gains nothing (measured: 2,700 frames a second with eight).
    concurrency: 8,
    pace: Some(PACE),
    window: None,
    human_agent: None,
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
            Kind::Poll,
            Kind::PollVote,
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

/// Our estimates of what a person who is busy on a phone does: WhatsApp publishes no figures, and closes accounts that write to many
/// strangers, or like a clock.
const PACE: Pace = Pace {
    account: Rate { most: 30, per: Duration::from_mins(1) },
    chat: Rate { most: 15, per: Duration::from_mins(1) },
    group: Some(GroupPace { is_group, rate: Rate { most: 10, per: Duration::from_mins(1) } }),
    manners: Some(Manners {
        gap: Span { from: Duration::from_millis(600), to: Duration::from_millis(2_400) },
        typing: Typing {
            character: Duration::from_millis(25),
            within: Span { from: Duration::from_millis(500), to: Duration::from_secs(3) },
        },
        firsts_per_hour: 20,
        firsts_per_day: 100,
        // A hundred sessions are back within two seconds of a restart, and no two of them knock at once.
        starts: Duration::from_millis(20),
    }),
};

/// Groups are told by their JID; people are digits.
fn is_group(chat: &Chat) -> bool {
    convert::recipient(chat.as_str(), false).is_some_and(|jid| jid.is_group())
}

/// The provider.
pub struct WhatsappWeb {
    settings: Arc<Settings>,
    /// Links under way: each ends its client in order even if nobody waits for it any more.
    tasks: TaskTracker,
    /// One client a device at a time.
    alone: Mutex<HashMap<DeviceId, Weak<tokio::sync::Mutex<()>>>>,
}

impl WhatsappWeb {
    /// A provider for all accounts on WhatsApp by linked device.
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), tasks: TaskTracker::new(), alone: Mutex::default() }
    }

    /// Waits until the clients of all links that were dropped or have ended are disconnected. For an orderly stop of the
    /// process, after the last [`LinkProcess`] was dropped.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn alone(&self, device: &DeviceId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mutex) = all.get(device).and_then(Weak::upgrade) {
            return mutex;
        }
        all.retain(|_, mutex| mutex.strong_count() > 0);
        let mutex = Arc::default();
        all.insert(device.clone(), Arc::downgrade(&mutex));
        mutex
    }
}

#[async_trait]
impl Provider for WhatsappWeb {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn remote_id(&self, message: &MessageId) -> Option<String> {
        Some(convert::remote_id(message))
    }

    fn open(&self, account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        let alone = self.alone(&account.device);
        Ok(Arc::new(session::WebSession::new(Arc::clone(&self.settings), account.device, host, alone)))
    }

    async fn link(
        &self,
        account: Account,
        request: LinkRequest,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError> {
        let alone = self.alone(&account.device);
        let link =
            link::begin(Arc::clone(&self.settings), account.device, request, host, alone, &self.tasks)?;
        Ok(Box::new(link))
    }
}
