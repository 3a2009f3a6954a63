//! Everything the server and its people remember, behind one lock.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use wacore_binary::{Jid, Node, Server};

use crate::account::Account;
use crate::companion::{Companion, Delivery, Queued};
use crate::crypto::{hex, random_bytes};
use crate::faults::Script;
use crate::group::GroupState;
use crate::log::{Event, Log, Rule, Violation};
use crate::noise::ServerIdentity;
use crate::pairing::Pairing;

/// LIDs look like long numbers that say nothing about the phone number.
const FIRST_LID: u64 = 190_000_000_000_011;
const LID_STEP: u64 = 7_919;

/// What the task of a socket has to do, in order.
pub(crate) enum Outgoing {
    Stanza(Node),
    /// Write what was queued before, then close.
    Close,
}

/// Who is at the other end of a socket.
pub(crate) enum Role {
    /// Not linked: may only link.
    Stranger(Box<Pairing>),
    /// Logged in.
    Device { number: String, device: u16 },
}

/// A device of an account: 0 is the phone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DeviceId {
    pub(crate) number: String,
    pub(crate) device: u16,
}

pub(crate) struct Connection {
    pub(crate) out: UnboundedSender<Outgoing>,
    /// Ends the socket at once, without a close frame.
    pub(crate) kill: CancellationToken,
    pub(crate) role: Role,
}

impl Connection {
    pub(crate) fn send(&self, node: Node) {
        // A socket that is gone misses it: what must not be lost waits in a queue.
        let _ = self.out.send(Outgoing::Stanza(node));
    }

    pub(crate) fn end(&self, last: Node) {
        self.send(last);
        let _ = self.out.send(Outgoing::Close);
    }
}

pub(crate) struct State {
    pub(crate) identity: Arc<ServerIdentity>,
    pub(crate) accounts: HashMap<String, Account>,
    numbers_by_lid: HashMap<String, String>,
    /// Numbers that people also write in another way, by that way.
    pub(crate) other_forms: HashMap<String, String>,
    /// By JID.
    pub(crate) groups: HashMap<String, GroupState>,
    pub(crate) connections: HashMap<u64, Connection>,
    pub(crate) faults: Script,
    pub(crate) log: Log,
    pub(crate) media: crate::media::Store,
    next_connection: u64,
    next_iq: u64,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            identity: Arc::new(ServerIdentity::generate()),
            accounts: HashMap::new(),
            numbers_by_lid: HashMap::new(),
            other_forms: HashMap::new(),
            groups: HashMap::new(),
            connections: HashMap::new(),
            faults: Script::default(),
            log: Log::default(),
            media: crate::media::Store::new(),
            next_connection: 1,
            next_iq: 1,
        }
    }

    pub(crate) fn rotate_identity(&mut self) {
        self.identity = Arc::new(ServerIdentity::generate());
    }

    /// The account of a number, created at need.
    pub(crate) fn account(&mut self, number: &str) -> &mut Account {
        let step = u64::try_from(self.accounts.len()).unwrap_or_default() * LID_STEP;
        self.accounts.entry(number.to_owned()).or_insert_with(|| {
            let lid = (FIRST_LID + step).to_string();
            self.numbers_by_lid.insert(lid.clone(), number.to_owned());
            Account::new(number.to_owned(), lid)
        })
    }

    /// The account and device behind a JID, if there is one and it is on WhatsApp.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<DeviceId> {
        let number = match jid.server {
            Server::Pn => jid.user.as_str(),
            Server::Lid => self.numbers_by_lid.get(jid.user.as_str())?,
            _ => return None,
        };
        self.is_registered(number).then(|| DeviceId { number: number.to_owned(), device: jid.device })
    }

    pub(crate) fn is_registered(&self, number: &str) -> bool {
        self.accounts.contains_key(number) && !self.faults.unregistered.contains(number)
    }

    pub(crate) fn companion(&mut self, id: &DeviceId) -> Option<&mut Companion> {
        self.accounts.get_mut(&id.number)?.companions.get_mut(&id.device)
    }

    pub(crate) fn new_connection(&mut self, connection: Connection) -> u64 {
        let id = self.next_connection;
        self.next_connection += 1;
        self.connections.insert(id, connection);
        id
    }

    /// An id for a request of the server's own.
    pub(crate) fn new_iq_id(&mut self) -> String {
        let id = self.next_iq;
        self.next_iq += 1;
        format!("{id}-1")
    }

    pub(crate) fn violation(&mut self, rule: Rule, by: impl Into<String>, detail: impl Into<String>) {
        let violation = Violation { rule, by: by.into(), detail: detail.into() };
        self.log.push(Event::Violation(violation));
    }

    /// The name a socket has in the log: its device once it logged in.
    pub(crate) fn name_of(&self, connection: u64) -> String {
        match self.connections.get(&connection).map(|connection| &connection.role) {
            Some(Role::Device { number, device }) => Jid::pn_device(number.as_str(), *device).to_string(),
            _ => format!("connection {connection}"),
        }
    }

    /// Puts a stanza into the queue of a device and, if the device is there, on its socket.
    pub(crate) fn deliver(&mut self, to: &DeviceId, node: Node) {
        let Some(companion) = self.companion(to) else { return };
        let queued = Queued::new(node);
        let live = companion.delivery == Delivery::Live;
        let connection = companion.connection;
        companion.queue.push_back(queued.clone());
        if live && let Some(connection) = connection {
            self.write(connection, to, &queued, false);
        }
    }

    /// Writes a queued stanza to a socket. It stays queued until it is acknowledged.
    pub(crate) fn write(&mut self, connection: u64, to: &DeviceId, queued: &Queued, offline: bool) {
        let Some(connection) = self.connections.get(&connection) else { return };
        connection.send(queued.stanza(offline));
        if self.faults.repeat_messages && queued.key.class == "message" {
            connection.send(queued.stanza(offline));
        }
        self.log.push(Event::Delivered {
            id: queued.key.id.clone(),
            class: queued.key.class.clone(),
            to: Jid::pn_device(to.number.as_str(), to.device).to_string(),
        });
    }

    /// Delivers to every linked device of an account.
    pub(crate) fn deliver_to_account(&mut self, number: &str, node: &Node) {
        let devices: Vec<u16> =
            self.accounts.get(number).map(|it| it.companions.keys().copied().collect()).unwrap_or_default();
        for device in devices {
            self.deliver(&DeviceId { number: number.to_owned(), device }, node.clone());
        }
    }
}

/// An id of the kind phones give their messages.
pub(crate) fn message_id() -> String {
    format!("AC{}", hex(&random_bytes::<15>()))
}
