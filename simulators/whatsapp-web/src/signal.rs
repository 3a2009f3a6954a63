//! Signal sessions of a simulated phone: X3DH and the double ratchet by libsignal, over stores in memory.
//!
//! libsignal's functions are `async` for stores that do I/O. Ours never wait, so each of them is polled once.

use std::collections::HashMap;

use async_trait::async_trait;
use futures::FutureExt as _;
use thiserror::Error;
use wacore_libsignal::protocol::{
    CiphertextMessage, DeviceId, Direction, GenericSignedPreKey as _, IdentityChange, IdentityKey,
    IdentityKeyPair, IdentityKeyStore, KeyPair, PreKeyBundle, PreKeyId, PreKeyRecord, PreKeySignalMessage,
    PreKeyStore, ProtocolAddress, PublicKey, SenderKeyName, SenderKeyRecord, SenderKeyStore, SessionRecord,
    SessionStore, SignalMessage, SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore,
    Timestamp, UsePQRatchet, create_sender_key_distribution_message, group_encrypt, message_decrypt,
    message_encrypt, process_prekey_bundle,
};

use crate::crypto::{random_bytes, raw_key, rng};

type Result<T> = std::result::Result<T, SignalProtocolError>;

/// The id of the one signed prekey a simulated phone has.
const SIGNED_PREKEY: u32 = 1;

/// Why a ciphertext was not read.
#[derive(Debug, Error)]
pub(crate) enum Unreadable {
    #[error("neither `msg` nor `pkmsg`: {0}")]
    Kind(String),
    #[error("{0}")]
    Signal(#[from] SignalProtocolError),
    #[error("the identity key in the message is not the one the device was linked with")]
    Identity,
    #[error("the padding is wrong")]
    Padding,
    #[error("not a message: {0}")]
    Content(String),
}

/// What a device publishes so that others can write to it first.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    pub(crate) registration_id: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) signed: SignedKey,
    pub(crate) one_time: Option<OneTimeKey>,
}

#[derive(Debug, Clone)]
pub(crate) struct SignedKey {
    pub(crate) id: u32,
    pub(crate) key: [u8; 32],
    pub(crate) signature: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct OneTimeKey {
    pub(crate) id: u32,
    pub(crate) key: [u8; 32],
}

/// An end of end-to-end encryption: keys, and a session with every device it talked to.
pub(crate) struct SignalDevice {
    identities: Identities,
    sessions: Sessions,
    one_time: OneTimeKeys,
    signed: SignedKeys,
    sender_keys: SenderKeys,
}

/// A sender key, as it is handed to those who may read with it.
#[derive(Debug, Clone)]
pub(crate) struct SenderKeyShare(pub(crate) Vec<u8>);

impl SignalDevice {
    pub(crate) fn generate() -> Self {
        let own = IdentityKeyPair::generate(&mut rng());
        let pair = KeyPair::generate(&mut rng());
        let signature = own
            .private_key()
            .calculate_signature(&pair.public_key.serialize(), &mut rng())
            .map(|it| it.to_vec())
            .unwrap_or_default();
        let record =
            SignedPreKeyRecord::new(SIGNED_PREKEY.into(), Timestamp::from_epoch_millis(0), &pair, &signature);
        let signed_key = SignedKey { id: SIGNED_PREKEY, key: raw_key(&pair.public_key), signature };
        // Registration ids are 14 bits, never zero.
        let registration_id = u32::from(u16::from_be_bytes(random_bytes::<2>()) & 0x3fff).max(1);
        Self {
            identities: Identities { own, registration_id, known: HashMap::new() },
            sessions: Sessions::default(),
            one_time: OneTimeKeys { next: 1, keys: HashMap::new() },
            signed: SignedKeys { published: signed_key, record },
            sender_keys: SenderKeys::default(),
        }
    }

    pub(crate) fn identity(&self) -> &IdentityKeyPair {
        &self.identities.own
    }

    pub(crate) fn registration_id(&self) -> u32 {
        self.identities.registration_id
    }

    /// Keys for somebody who wants to write to this device: the one-time key is new with every call.
    pub(crate) fn publish(&mut self) -> Bundle {
        let pair = KeyPair::generate(&mut rng());
        let id = self.one_time.next;
        self.one_time.next += 1;
        let one_time = OneTimeKey { id, key: raw_key(&pair.public_key) };
        self.one_time.keys.insert(id, pair);
        Bundle {
            registration_id: self.identities.registration_id,
            identity: raw_key(self.identities.own.public_key()),
            signed: self.signed.published.clone(),
            one_time: Some(one_time),
        }
    }

    pub(crate) fn has_session(&self, with: &str) -> bool {
        self.sessions.0.contains_key(address(with).as_str())
    }

    /// Forgets the session, so that the next message starts a new one.
    pub(crate) fn drop_session(&mut self, with: &str) {
        self.sessions.0.remove(address(with).as_str());
    }

    /// Forgets all sessions, but not the own keys.
    pub(crate) fn drop_sessions(&mut self) {
        self.sessions.0.clear();
    }

    /// Starts a session from a published bundle: X3DH as the initiator.
    pub(crate) fn start_session(&mut self, with: &str, bundle: &Bundle) -> Result<()> {
        let one_time = match &bundle.one_time {
            Some(key) => Some((PreKeyId::from(key.id), PublicKey::from_djb_public_key_bytes(&key.key)?)),
            None => None,
        };
        let bundle = PreKeyBundle::new(
            bundle.registration_id,
            DeviceId::new(0),
            one_time,
            SignedPreKeyId::from(bundle.signed.id),
            PublicKey::from_djb_public_key_bytes(&bundle.signed.key)?,
            bundle.signed.signature.clone(),
            IdentityKey::new(PublicKey::from_djb_public_key_bytes(&bundle.identity)?),
        )?;
        at_once(process_prekey_bundle(
            &address(with),
            &mut self.sessions,
            &mut self.identities,
            &bundle,
            &mut rng(),
            UsePQRatchet::No,
        ))?;
        Ok(())
    }

    /// Encrypts one message; the session must exist. Gives the `type` of the `<enc>` and its bytes.
    pub(crate) fn encrypt(&mut self, with: &str, plaintext: &[u8]) -> Result<(&'static str, Vec<u8>)> {
        let padded = pad(plaintext);
        let sealed =
            at_once(message_encrypt(&padded, &address(with), &mut self.sessions, &mut self.identities))?;
        let kind = if matches!(sealed, CiphertextMessage::PreKeySignalMessage(_)) { "pkmsg" } else { "msg" };
        Ok((kind, sealed.serialize().to_vec()))
    }

    /// The own sender key of a group, made at need, from where it stands: what was written before it does not open.
    pub(crate) fn sender_key(&mut self, group: &str) -> Result<SenderKeyShare> {
        let name = own_sender_key(group);
        let share =
            at_once(create_sender_key_distribution_message(&name, &mut self.sender_keys, &mut rng()))?;
        Ok(SenderKeyShare(share.serialized().to_vec()))
    }

    /// Encrypts one message for all of a group. Gives the key that opens it, and its bytes.
    pub(crate) fn encrypt_for_group(
        &mut self,
        group: &str,
        plaintext: &[u8],
    ) -> Result<(SenderKeyShare, Vec<u8>)> {
        let share = self.sender_key(group)?;
        let (name, padded) = (own_sender_key(group), pad(plaintext));
        let sealed = at_once(group_encrypt(&mut self.sender_keys, &name, &padded, &mut rng()))?;
        Ok((share, sealed.serialized().to_vec()))
    }

    /// The next message to the group is under a new key.
    pub(crate) fn forget_sender_key(&mut self, group: &str) {
        self.sender_keys.0.remove(own_sender_key(group).cache_key());
    }

    /// Decrypts one message of a device whose identity key the server knows.
    pub(crate) fn decrypt(
        &mut self,
        from: &str,
        identity: &[u8; 32],
        kind: &str,
        sealed: &[u8],
    ) -> std::result::Result<Vec<u8>, Unreadable> {
        let sealed = match kind {
            "pkmsg" => {
                let message = PreKeySignalMessage::try_from(sealed)?;
                if raw_key(message.identity_key().public_key()) != *identity {
                    return Err(Unreadable::Identity);
                }
                CiphertextMessage::PreKeySignalMessage(message)
            }
            "msg" => CiphertextMessage::SignalMessage(SignalMessage::try_from(sealed)?),
            other => return Err(Unreadable::Kind(other.to_owned())),
        };
        let opened = at_once(message_decrypt(
            &sealed,
            &address(from),
            &mut self.sessions,
            &mut self.identities,
            &mut self.one_time,
            &self.signed,
            &mut rng(),
            UsePQRatchet::No,
        ))?;
        // A one-time key serves one session; whoever uses it again is not read.
        if let Some(id) = opened.consumed_prekey_id {
            self.one_time.keys.remove(&u32::from(id));
        }
        unpad(&opened.plaintext).map(<[u8]>::to_vec).ok_or(Unreadable::Padding)
    }
}

/// Version 2 of the message encoding pads with 1 to 16 bytes, each of them the number of bytes.
fn pad(plaintext: &[u8]) -> Vec<u8> {
    let [random] = random_bytes::<1>();
    let count = (random & 0x0f) + 1;
    let mut padded = plaintext.to_vec();
    padded.resize(plaintext.len() + usize::from(count), count);
    padded
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let count = *padded.last()?;
    let (plaintext, padding) = padded.split_at_checked(padded.len().checked_sub(count.into())?)?;
    (count != 0 && padding.iter().all(|byte| *byte == count)).then_some(plaintext)
}

fn address(name: &str) -> ProtocolAddress {
    ProtocolAddress::new(name, DeviceId::new(0))
}

/// The name of the own key of a group: a phone reads nobody else's here.
fn own_sender_key(group: &str) -> SenderKeyName {
    SenderKeyName::from_parts(group, "own")
}

/// Runs a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    future.now_or_never().unwrap_or_else(|| {
        Err(SignalProtocolError::InvalidState("store", "a store in memory waited".to_owned()))
    })
}

struct Identities {
    own: IdentityKeyPair,
    registration_id: u32,
    known: HashMap<String, IdentityKey>,
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.own.clone())
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration_id)
    }

    async fn save_identity(
        &mut self,
        address: &ProtocolAddress,
        identity: &IdentityKey,
    ) -> Result<IdentityChange> {
        Ok(match self.known.insert(address.as_str().to_owned(), *identity) {
            Some(before) if before != *identity => IdentityChange::ReplacedExisting,
            _ => IdentityChange::NewOrUnchanged,
        })
    }

    /// A device number is given out once, so its identity key never changes.
    async fn is_trusted_identity(
        &self,
        address: &ProtocolAddress,
        identity: &IdentityKey,
        _: Direction,
    ) -> Result<bool> {
        Ok(self.known.get(address.as_str()).is_none_or(|known| known == identity))
    }

    async fn get_identity(&self, address: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.known.get(address.as_str()).copied())
    }
}

#[derive(Default)]
struct Sessions(HashMap<String, SessionRecord>);

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.0.get(address.as_str()).cloned())
    }

    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.0.contains_key(address.as_str()))
    }

    async fn store_session(&mut self, address: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.0.insert(address.as_str().to_owned(), record);
        Ok(())
    }
}

#[derive(Default)]
struct SenderKeys(HashMap<String, SenderKeyRecord>);

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, record: SenderKeyRecord) -> Result<()> {
        self.0.insert(name.cache_key().to_owned(), record);
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        Ok(self.0.get(name.cache_key()).cloned())
    }
}

struct OneTimeKeys {
    next: u32,
    keys: HashMap<u32, KeyPair>,
}

#[async_trait]
impl PreKeyStore for OneTimeKeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let pair = self.keys.get(&u32::from(id)).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        Ok(PreKeyRecord::new(id, pair))
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.keys.insert(id.into(), record.key_pair()?);
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.keys.remove(&u32::from(id));
        Ok(())
    }
}

struct SignedKeys {
    published: SignedKey,
    record: SignedPreKeyRecord,
}

#[async_trait]
impl SignedPreKeyStore for SignedKeys {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) == self.published.id {
            Ok(self.record.clone())
        } else {
            Err(SignalProtocolError::InvalidSignedPreKeyId)
        }
    }

    async fn save_signed_pre_key(&mut self, _: SignedPreKeyId, record: &SignedPreKeyRecord) -> Result<()> {
        self.record = record.clone();
        Ok(())
    }
}

/// Damages a ciphertext where it is authenticated: its form stays whole, and whoever gets it finds that it was changed on its way. A
/// ciphertext whose form is broken is no message to a client, and is refused rather than asked for again.
pub(crate) fn damage(kind: &str, sealed: &mut [u8]) {
    let inner = match kind {
        "pkmsg" => PreKeySignalMessage::try_from(&*sealed).map(|outer| outer.message().serialized().to_vec()),
        _ => Ok(sealed.to_vec()),
    };
    let Ok(inner) = inner else { return };
    // Its last eight bytes are its MAC.
    let start = sealed.windows(inner.len()).position(|part| part == inner);
    let last = start.and_then(|start| sealed.get_mut(start + inner.len() - 1));
    if let Some(last) = last {
        *last ^= 0xff;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_ciphertext_has_its_form_and_is_not_believed() {
        let (mut alice, mut bob) = (SignalDevice::generate(), SignalDevice::generate());
        let alice_key = raw_key(alice.identity().public_key());
        alice.start_session("bob", &bob.publish()).expect("a sound bundle");
        let (kind, sealed) = alice.encrypt("bob", b"hello").expect("a session");
        let mut damaged = sealed.clone();
        damage(kind, &mut damaged);
        assert_ne!(damaged, sealed);
        PreKeySignalMessage::try_from(damaged.as_slice()).expect("its form is whole");
        bob.decrypt("alice", &alice_key, kind, &damaged).expect_err("it was changed on its way");
        assert_eq!(bob.decrypt("alice", &alice_key, kind, &sealed).expect("readable"), b"hello");
    }

    #[test]
    fn two_devices_talk_both_ways_and_a_prekey_serves_once() {
        let (mut alice, mut bob) = (SignalDevice::generate(), SignalDevice::generate());
        let (alice_key, bob_key) =
            (raw_key(alice.identity().public_key()), raw_key(bob.identity().public_key()));
        let bundle = bob.publish();
        alice.start_session("bob", &bundle).expect("a sound bundle");
        let (kind, sealed) = alice.encrypt("bob", b"hello").expect("a session");
        assert_eq!(kind, "pkmsg");
        assert_eq!(bob.decrypt("alice", &alice_key, kind, &sealed).expect("readable"), b"hello");
        let (kind, sealed) = bob.encrypt("alice", b"hello yourself").expect("a session");
        assert_eq!(kind, "msg");
        assert_eq!(alice.decrypt("bob", &bob_key, kind, &sealed).expect("readable"), b"hello yourself");

        let mut mallory = SignalDevice::generate();
        let mallory_key = raw_key(mallory.identity().public_key());
        mallory.start_session("bob", &bundle).expect("the same bundle");
        let (kind, sealed) = mallory.encrypt("bob", b"me too").expect("a session");
        assert!(bob.decrypt("mallory", &mallory_key, kind, &sealed).is_err());
    }

    #[test]
    fn padding_is_checked_byte_by_byte() {
        assert_eq!(unpad(&pad(b"text")), Some(b"text".as_slice()));
        assert_eq!(unpad(b"text\x02\x03\x03"), None);
        assert_eq!(unpad(b"text\x00"), None);
        assert_eq!(unpad(b"\x09"), None);
        assert_eq!(unpad(b""), None);
    }
}
