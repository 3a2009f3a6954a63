//! A person on WhatsApp: a phone with a number and a LID, and the devices linked to it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::SystemTime;

use wacore_binary::{Jid, Server};
use waproto::whatsapp::Message;

use crate::adv::{SignedDevice, key_index_list};
use crate::app_state::{AppStateKey, Collections};
use crate::companion::{Companion, Registration};
use crate::crypto::random_bytes;
use crate::signal::SignalDevice;

/// WhatsApp links at most four devices to a phone.
const MAX_COMPANIONS: usize = 4;

/// A message that a phone decrypted.
#[derive(Debug, Clone)]
pub struct Received {
    /// The id the sender gave it.
    pub id: String,
    /// The number of the sender.
    pub from: String,
    /// The device it was sent from, as a JID in the addressing that was used.
    pub from_device: String,
    /// The text, if it is a text message of either form.
    pub text: Option<String>,
    /// All of it.
    pub message: Message,
    /// The `type` attribute of the stanza.
    pub kind: String,
    /// The native flow that its stanza announced, which decides whether a phone shows its buttons.
    pub flow: Option<String>,
    /// When the phone decrypted it.
    pub at: SystemTime,
}

impl Received {
    pub(crate) fn new(id: &str, from: &str, from_device: &Jid, kind: &str, message: Message) -> Self {
        Self {
            id: id.to_owned(),
            from: from.to_owned(),
            from_device: from_device.to_string(),
            text: text_of(&message),
            message,
            kind: kind.to_owned(),
            flow: None,
            at: crate::log::now(),
        }
    }
}

impl Received {
    /// The buttons a phone shows below it, in order. None where it shows none: a native flow without text, or one that was
    /// announced by another name than `mixed`.
    pub fn buttons(&self) -> Vec<crate::ShownButton> {
        crate::buttons::shown(self)
    }
}

fn text_of(message: &Message) -> Option<String> {
    message
        .conversation
        .clone()
        .or_else(|| message.extended_text_message.as_option().and_then(|extended| extended.text.clone()))
}

/// A message that a phone sent, kept for receipts and for sending it again.
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// The group it was written to.
    pub(crate) group: Option<Jid>,
    /// Written as `number:device`.
    pub(crate) devices: HashSet<String>,
    pub(crate) acknowledged: HashSet<String>,
    pub(crate) receipts: Vec<String>,
    pub(crate) resends: u8,
}

impl Sent {
    pub(crate) fn new(message: Message, devices: HashSet<String>) -> Self {
        Self { message, group: None, devices, acknowledged: HashSet::new(), receipts: Vec::new(), resends: 0 }
    }
}

/// How a phone behaves towards the account under test.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(crate) struct Habits {
    pub(crate) push_name: String,
    pub(crate) delivers: bool,
    pub(crate) reads: bool,
    pub(crate) writes_from_lid: bool,
    pub(crate) hides_number: bool,
    /// Whether the directory answers with the LID, and the number beside it.
    pub(crate) listed_by_lid: bool,
    /// Whether the first copy of what is written next is damaged on its way.
    pub(crate) garbles_next: bool,
    /// Bytes of protobuf fields that the next message carries beside those of its kind.
    pub(crate) adds_to_next: Vec<u8>,
    pub(crate) requires_passkey: bool,
    /// Whether the phone no longer has what its linked devices ask it for.
    pub(crate) forgets: bool,
    /// Whether one-to-one chats of this account are addressed by LID.
    pub(crate) lid_migrated: bool,
}

pub(crate) struct Account {
    pub(crate) number: String,
    pub(crate) lid: String,
    pub(crate) phone: SignalDevice,
    pub(crate) companions: BTreeMap<u16, Companion>,
    pub(crate) habits: Habits,
    pub(crate) inbox: Vec<Received>,
    /// How many of the inbox `next_message` gave out.
    pub(crate) taken: usize,
    /// Sender and id of everything decrypted, as a phone remembers them.
    pub(crate) seen: HashSet<(String, String)>,
    pub(crate) duplicates: usize,
    pub(crate) undecryptable: usize,
    /// What the own companions sent, as they told this phone, by recipient.
    pub(crate) own_sent: Vec<(String, Received)>,
    pub(crate) outbox: HashMap<String, Sent>,
    /// The key app-state patches are encrypted with.
    pub(crate) app_state_key: AppStateKey,
    pub(crate) collections: Collections,
    raw_id: u32,
    next_device: u16,
    next_key_index: u32,
}

impl Account {
    pub(crate) fn new(number: String, lid: String) -> Self {
        let push_name = format!("Person {}", &number[number.len().saturating_sub(4)..]);
        let app_state_key = AppStateKey::generate();
        let collections = Collections::of_owner(&app_state_key, &push_name);
        Self {
            number,
            lid,
            phone: SignalDevice::generate(),
            companions: BTreeMap::new(),
            habits: Habits {
                push_name,
                delivers: true,
                reads: false,
                writes_from_lid: false,
                hides_number: false,
                listed_by_lid: false,
                garbles_next: false,
                adds_to_next: Vec::new(),
                requires_passkey: false,
                forgets: false,
                lid_migrated: true,
            },
            inbox: Vec::new(),
            taken: 0,
            seen: HashSet::new(),
            duplicates: 0,
            undecryptable: 0,
            own_sent: Vec::new(),
            outbox: HashMap::new(),
            app_state_key,
            collections,
            raw_id: u32::from_be_bytes(random_bytes()),
            next_device: 1,
            next_key_index: 1,
        }
    }

    /// The JID of one of its devices, 0 being the phone, in either addressing.
    pub(crate) fn jid(&self, server: Server, device: u16) -> Jid {
        let user = if server == Server::Lid { &self.lid } else { &self.number };
        Jid::new(user.as_str(), server).with_device(device)
    }

    pub(crate) fn pn(&self, device: u16) -> Jid {
        self.jid(Server::Pn, device)
    }

    /// Device numbers, the phone first.
    pub(crate) fn devices(&self) -> impl Iterator<Item = u16> {
        std::iter::once(0).chain(self.companions.keys().copied())
    }

    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.habits.push_name);
        self.collections = Collections::of_owner(&self.app_state_key, name);
    }

    pub(crate) fn can_link(&self) -> bool {
        self.companions.len() < MAX_COMPANIONS
    }

    /// The phone signs a new companion. Its number is never given out again, used or not.
    pub(crate) fn sign_companion(&mut self, registration: &Registration) -> (u16, SignedDevice) {
        let (device, key_index) = (self.next_device, self.next_key_index);
        self.next_device += 1;
        self.next_key_index += 1;
        let adv = SignedDevice::sign(self.phone.identity(), self.raw_id, key_index, registration.identity);
        (device, adv)
    }

    pub(crate) fn key_index_list(&self) -> Vec<u8> {
        let valid = self.companions.values().map(|companion| companion.adv.key_index).collect();
        key_index_list(self.phone.identity(), self.raw_id, valid, self.next_key_index.saturating_sub(1))
    }

    pub(crate) fn raw_id(&self) -> u32 {
        self.raw_id
    }
}

/// The name under which one device keeps its session with another: independent of the addressing.
pub(crate) fn session_name(number: &str, device: u16) -> String {
    format!("{number}:{device}")
}
