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
mod recipients;
mod send;
mod session;
mod settings;
mod store;
mod transport;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use async_trait::async_trait;
use cetar_model::{ContentKind, DeviceId, LinkMethod, MessageId};
use cetar_provider::{
    Account, Capabilities, CheckLimit, Host, Length, LinkError, LinkProcess, LinkRequest, Provider, Session,
    SettingsError,
};
use tokio_util::task::TaskTracker;

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

const CAPABILITIES: Capabilities = Capabilities {
    content: &[ContentKind::Text],
    text: Length::characters(65_536),
    caption: Length::characters(1024),
    captioned: &[],
    media: &[],
    buttons: None,
    // No figure is published; accounts that asked for hundreds an hour are reported restricted.
    check: Some(CheckLimit { per_minute: 20, per_day: 1000 }),
    // The id is ours and the same for every attempt; the receiving phone drops the repeat.
    resend_is_safe: true,
    link_methods: &[LinkMethod::Qr, LinkMethod::PairingCode],
    // Chats go side by side; more than this gains nothing (measured: 2,700 frames a second with eight).
    concurrency: 8,
};

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
