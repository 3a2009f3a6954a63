//! The phone of the person whose account a client is linked to.

use tokio::time::timeout;
use wacore_binary::Server;
use waproto::whatsapp::Message;

use crate::account::Received;
use crate::companion::Companion;
use crate::crypto::raw_key;
use crate::pairing::{ANSWER_TIMEOUT, LinkRefused, PrimaryHello, QrCode};
use crate::state::DeviceId;
use crate::{Peer, Simulator};

/// The phone of an account owner.
#[derive(Clone)]
pub struct Phone {
    simulator: Simulator,
    number: String,
    lid: String,
}

impl Phone {
    pub(crate) fn new(simulator: Simulator, number: String) -> Self {
        let lid = simulator.lid_of(&number);
        Self { simulator, number, lid }
    }

    /// The number, digits only.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The user part of the LID, digits only.
    pub fn lid(&self) -> &str {
        &self.lid
    }

    /// Scans a QR code. Returns when the client is linked, that is, when its counter-signature was verified; it then
    /// still has to connect again.
    pub async fn scan(&self, qr: &str) -> Result<(), LinkRefused> {
        let code = QrCode::parse(qr)?;
        let linked = self.simulator.with(|state| {
            let connection = state.find_code(&code)?;
            state.may_link(connection, &self.number)?;
            state.sign(connection, &self.number, &code.secret)
        })?;
        timeout(ANSWER_TIMEOUT, linked)
            .await
            .map_err(|_| LinkRefused::NoAnswer)?
            .map_err(|_| LinkRefused::ConnectionLost)?
    }

    /// Enters the eight characters a client shows for this number, with or without the dash, in either case.
    /// Returns when the client is linked, like [`scan`](Self::scan).
    pub async fn enter_code(&self, code: &str) -> Result<(), LinkRefused> {
        let code: String =
            code.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_uppercase()).collect();
        let shown = self.simulator.with(|state| {
            let shown = state.find_link_code(&self.number)?;
            state.may_link(shown.connection, &self.number)?;
            Ok(shown)
        })?;
        let (hello, shown) = tokio::task::spawn_blocking(move || (PrimaryHello::new(&shown, &code), shown))
            .await
            .map_err(|_| LinkRefused::ConnectionLost)?;
        let sealed = self.simulator.with(|state| {
            let identity = raw_key(state.account(&self.number).phone.identity().public_key());
            state.primary_hello(&shown, &hello, identity)
        })?;
        let sealed = timeout(ANSWER_TIMEOUT, sealed)
            .await
            .map_err(|_| LinkRefused::NoAnswer)?
            .map_err(|_| LinkRefused::ConnectionLost)?;
        let linked = self.simulator.with(|state| {
            let bundle = hello.open(&sealed, state.account(&self.number).phone.identity())?;
            state.sign(shown.connection, &self.number, &bundle.secret)
        })?;
        timeout(ANSWER_TIMEOUT, linked)
            .await
            .map_err(|_| LinkRefused::NoAnswer)?
            .map_err(|_| LinkRefused::ConnectionLost)?
    }

    /// Logs all linked devices out.
    pub async fn unlink_all(&self) {
        self.simulator.with(|state| {
            let devices: Vec<u16> = state.account(&self.number).companions.keys().copied().collect();
            for device in devices {
                state.remove_device(&DeviceId { number: self.number.clone(), device }, false);
            }
        });
    }

    /// Whether the account links devices with a passkey only. If so, a client that is scanned or whose code is
    /// entered is asked for one and is not linked.
    pub async fn require_passkey(&self, on: bool) {
        self.simulator.with(|state| state.account(&self.number).habits.requires_passkey = on);
    }

    /// Whether the phone does not answer when a linked device asks it for a message that it could not read.
    pub fn forgets(&self, on: bool) {
        self.simulator.with(|state| state.account(&self.number).habits.forgets = on);
    }

    /// The owner's name. Linked clients learn it from the account's settings: set it before linking.
    pub fn push_name(&self, name: &str) {
        self.simulator.with(|state| state.account(&self.number).rename(name));
    }

    /// Whether one-to-one chats of the account are addressed by LID, as is usual by now and the default. A client
    /// learns it when it is linked.
    pub fn lid_migrated(&self, on: bool) {
        self.simulator.with(|state| state.account(&self.number).habits.lid_migrated = on);
    }

    /// The linked devices, as JIDs.
    pub async fn linked_devices(&self) -> Vec<String> {
        self.simulator.look(&self.number, |account| {
            account.companions.keys().map(|device| account.pn(*device).to_string()).collect()
        })
    }

    /// One-time prekeys the server still has for a device, by its number (the part behind the colon of its JID).
    pub fn prekeys_left(&self, device: u16) -> usize {
        self.simulator.look(&self.number, |account| {
            account.companions.get(&device).map_or(0, Companion::one_time_count)
        })
    }

    /// The owner writes a text on the phone itself. It reaches the linked devices as a message from their own
    /// account. Gives its id.
    pub async fn send_text(&self, to: &Peer, text: &str) -> String {
        let message = Message { conversation: Some(text.to_owned()), ..Default::default() };
        self.simulator.with(|state| state.write_message(&self.number, to.number(), message))
    }

    /// What others wrote to the owner, as it arrived on the phone.
    pub fn received(&self) -> Vec<Received> {
        self.simulator.look(&self.number, |account| account.inbox.clone())
    }

    /// What linked devices sent, as they told the phone: the recipient's number and the message.
    pub fn sent_by_devices(&self) -> Vec<(String, Received)> {
        self.simulator.look(&self.number, |account| account.own_sent.clone())
    }

    /// The owner's LID as a JID.
    pub fn lid_jid(&self) -> String {
        self.simulator.look(&self.number, |account| account.jid(Server::Lid, 0).to_string())
    }
}
