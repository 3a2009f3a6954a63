//! A linked device as the server knows it: its keys, and the queue of what it has not acknowledged.

use std::collections::{BTreeMap, HashSet, VecDeque};

use wacore_binary::{Node, NodeValue};
use wacore_libsignal::protocol::PublicKey;
use waproto::whatsapp::ClientPayload;

use crate::adv::SignedDevice;
use crate::node::uint;
use crate::signal::{Bundle, OneTimeKey, SignedKey};

/// Type byte of Curve25519 keys.
pub(crate) const CURVE_25519: u8 = 5;

/// What an unregistered client brings along in its handshake.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) noise_key: [u8; 32],
    pub(crate) id: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) signed: SignedKey,
}

impl Registration {
    pub(crate) fn parse(payload: &ClientPayload, noise_key: [u8; 32]) -> Result<Self, &'static str> {
        let data = payload.device_pairing_data.as_option().ok_or("no registration data")?;
        if data.e_keytype.as_deref() != Some(&[CURVE_25519]) {
            return Err("the key type is not Curve25519");
        }
        let id = match data.e_regid.as_deref() {
            Some(id) if id.len() == 4 => uint(id).unwrap_or_default(),
            _ => return Err("the registration id is not four bytes"),
        };
        let identity = key(data.e_ident.as_deref()).ok_or("the identity key is not 32 bytes")?;
        let signed_id = match data.e_skey_id.as_deref() {
            Some(id) if id.len() == 3 => uint(id).unwrap_or_default(),
            _ => return Err("the id of the signed prekey is not three bytes"),
        };
        let signed = SignedKey {
            id: signed_id,
            key: key(data.e_skey_val.as_deref()).ok_or("the signed prekey is not 32 bytes")?,
            signature: data.e_skey_sig.clone().unwrap_or_default(),
        };
        check_signed_key(&identity, &signed)?;
        Ok(Self { noise_key, id, identity, signed })
    }
}

/// A signed prekey is signed with its type byte in front.
pub(crate) fn check_signed_key(identity: &[u8; 32], signed: &SignedKey) -> Result<(), &'static str> {
    let message = [&[CURVE_25519], signed.key.as_slice()].concat();
    let verified = PublicKey::from_djb_public_key_bytes(identity)
        .is_ok_and(|identity| identity.verify_signature(&message, &signed.signature));
    if verified { Ok(()) } else { Err("the signature of the signed prekey does not verify") }
}

fn key(bytes: Option<&[u8]>) -> Option<[u8; 32]> {
    bytes?.try_into().ok()
}

/// How far the delivery of waiting stanzas has come on the present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Not connected, or connected and passive: everything waits.
    Waiting,
    /// The client was told how many wait and fetches them in batches.
    Replaying {
        /// How many were announced.
        total: usize,
        /// How many of them are still in the queue, at its front.
        announced: usize,
        /// How many of those were sent.
        sent: usize,
    },
    /// What arrives is passed on at once.
    Live,
}

/// Identifies a stanza among those that wait for an acknowledgement: ids alone repeat, a receipt has its message's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StanzaKey {
    pub(crate) class: String,
    pub(crate) id: String,
    /// The `type` of a receipt or notification. A message is acknowledged by its id.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Queued {
    pub(crate) key: StanzaKey,
    node: Node,
}

impl Queued {
    pub(crate) fn new(node: Node) -> Self {
        let class = node.tag.to_string();
        let id = crate::node::attr(&node, "id").unwrap_or_default();
        let kind = if class == "message" { None } else { crate::node::attr(&node, "type") };
        Self { key: StanzaKey { class, id, kind }, node }
    }

    /// The stanza as it goes out: marked if it waited for the client to come back.
    pub(crate) fn stanza(&self, offline: bool) -> Node {
        let mut node = self.node.clone();
        if offline {
            node.attrs.push("offline", NodeValue::from("0"));
        }
        node
    }
}

/// One linked device.
pub(crate) struct Companion {
    pub(crate) registration: Registration,
    pub(crate) adv: SignedDevice,
    one_time: BTreeMap<u32, [u8; 32]>,
    /// Keys that were given to somebody: they must not be offered again.
    spent: HashSet<[u8; 32]>,
    pub(crate) queue: VecDeque<Queued>,
    pub(crate) connection: Option<u64>,
    pub(crate) delivery: Delivery,
    /// The primary phone shares its app-state key once, when there are prekeys to encrypt it with.
    pub(crate) has_app_state_key: bool,
}

impl Companion {
    pub(crate) fn new(registration: Registration, adv: SignedDevice) -> Self {
        Self {
            registration,
            adv,
            one_time: BTreeMap::new(),
            spent: HashSet::new(),
            queue: VecDeque::new(),
            connection: None,
            delivery: Delivery::Waiting,
            has_app_state_key: false,
        }
    }

    /// Takes uploaded one-time keys in.
    pub(crate) fn add_one_time_keys(&mut self, keys: Vec<OneTimeKey>) -> Result<(), String> {
        let mut seen = HashSet::new();
        for key in &keys {
            if self.spent.contains(&key.key) {
                return Err(format!("prekey {} was used before", key.id));
            }
            if self.one_time.get(&key.id).is_some_and(|known| *known != key.key) {
                return Err(format!("prekey {} is another key than before", key.id));
            }
            if !seen.insert(key.id) {
                return Err(format!("prekey {} is there twice", key.id));
            }
        }
        self.one_time.extend(keys.into_iter().map(|key| (key.id, key.key)));
        Ok(())
    }

    pub(crate) fn one_time_count(&self) -> usize {
        self.one_time.len()
    }

    /// Ids and keys that are left, in order of id.
    pub(crate) fn one_time_keys(&self) -> impl Iterator<Item = (u32, &[u8; 32])> {
        self.one_time.iter().map(|(id, key)| (*id, key))
    }

    /// Keys for somebody who wants to write to this device. A one-time key is given out once; when none is left the
    /// signed prekey has to do.
    pub(crate) fn take_bundle(&mut self) -> Bundle {
        let one_time = self.one_time.pop_first().map(|(id, key)| {
            self.spent.insert(key);
            OneTimeKey { id, key }
        });
        Bundle {
            registration_id: self.registration.id,
            identity: self.registration.identity,
            signed: self.registration.signed.clone(),
            one_time,
        }
    }

    /// Takes an acknowledged stanza out of the queue.
    pub(crate) fn acknowledge(&mut self, key: &StanzaKey) -> bool {
        let Some(place) = self.queue.iter().position(|queued| queued.key == *key) else { return false };
        self.queue.remove(place);
        if let Delivery::Replaying { announced, sent, .. } = &mut self.delivery {
            // Places count from the front of the queue, which moved.
            if place < *sent {
                *sent -= 1;
            }
            if place < *announced {
                *announced -= 1;
            }
        }
        true
    }
}
