//! The settings an account's devices share, as encrypted patches that the server only stores.
//!
//! A new account has one: the owner's name. Without it a client waits for it at every start, and may not show that
//! it is online.

use std::collections::HashMap;

use wacore_libsignal::crypto::aes_256_cbc_encrypt_into;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::sync_action_value::PushNameSetting;
use waproto::whatsapp::syncd_mutation::SyncdOperation;
use waproto::whatsapp::{
    KeyId, SyncActionData, SyncActionValue, SyncdIndex, SyncdMutation, SyncdPatch, SyncdRecord, SyncdValue,
    SyncdVersion,
};

use crate::crypto::{hkdf_sha256, hmac_sha256, hmac_sha512, random_bytes};

/// Where the owner's name is.
const CRITICAL: &str = "critical_block";
const PUSH_NAME_INDEX: &[u8] = br#"["setting_pushName"]"#;

/// The key that the phone shares with its companions.
#[derive(Debug, Clone)]
pub(crate) struct AppStateKey {
    pub(crate) id: Vec<u8>,
    pub(crate) data: [u8; 32],
}

impl AppStateKey {
    pub(crate) fn generate() -> Self {
        // Two bytes of device, four of a counter.
        Self { id: vec![0, 0, 0, 0, 0, 1], data: random_bytes() }
    }
}

/// The collections of one account, each a list of patches without gaps.
#[derive(Default)]
pub(crate) struct Collections(HashMap<String, Vec<SyncdPatch>>);

impl Collections {
    /// The collections of a new account.
    pub(crate) fn of_owner(key: &AppStateKey, name: &str) -> Self {
        let patch = push_name_patch(key, name);
        Self(HashMap::from([(CRITICAL.to_owned(), vec![patch])]))
    }

    pub(crate) fn version(&self, collection: &str) -> usize {
        self.0.get(collection).map_or(0, Vec::len)
    }

    /// The patches after a version, as bytes.
    pub(crate) fn since(&self, collection: &str, version: usize) -> Vec<Vec<u8>> {
        let patches = self.0.get(collection).map(Vec::as_slice).unwrap_or_default();
        patches.iter().skip(version).map(SyncdPatch::encode_to_vec).collect()
    }

    /// Takes a client's patch in, which gets the next version. Fails if it is not one.
    pub(crate) fn add(&mut self, collection: &str, patch: &[u8]) -> Result<(), &'static str> {
        let mut patch = SyncdPatch::decode_from_slice(patch).map_err(|_| "not an app-state patch")?;
        let patches = self.0.entry(collection.to_owned()).or_default();
        let version = u64::try_from(patches.len() + 1).unwrap_or(u64::MAX);
        patch.version = MessageField::some(SyncdVersion { version: Some(version) });
        patches.push(patch);
        Ok(())
    }
}

/// The keys that one shared key stands for.
struct Keys {
    index: [u8; 32],
    value_encryption: [u8; 32],
    value_mac: [u8; 32],
    snapshot_mac: [u8; 32],
    patch_mac: [u8; 32],
}

impl Keys {
    fn expand(key: &AppStateKey) -> Self {
        let expanded = hkdf_sha256::<160>(&key.data, &[], b"WhatsApp Mutation Keys");
        let part = |number: usize| {
            let mut part = [0; 32];
            part.copy_from_slice(&expanded[number * 32..][..32]);
            part
        };
        Self {
            index: part(0),
            value_encryption: part(1),
            value_mac: part(2),
            snapshot_mac: part(3),
            patch_mac: part(4),
        }
    }
}

/// The first patch of the collection that holds the owner's name.
fn push_name_patch(key: &AppStateKey, name: &str) -> SyncdPatch {
    let keys = Keys::expand(key);
    let value = SyncActionValue {
        timestamp: Some(wacore::time::now_millis()),
        push_name_setting: MessageField::some(PushNameSetting { name: Some(name.to_owned()) }),
        ..Default::default()
    };
    let plain = SyncActionData {
        index: Some(PUSH_NAME_INDEX.to_vec()),
        value: MessageField::some(value),
        padding: Some(Vec::new()),
        version: Some(1),
    }
    .encode_to_vec();
    let iv = random_bytes::<16>();
    let mut sealed = iv.to_vec();
    let mut cipher = Vec::new();
    // Fails only for keys of a wrong length.
    if aes_256_cbc_encrypt_into(&plain, &keys.value_encryption, &iv, &mut cipher).is_ok() {
        sealed.extend_from_slice(&cipher);
    }
    let value_mac = value_mac(&keys, &key.id, &sealed);
    sealed.extend_from_slice(&value_mac);

    let version = 1_u64.to_be_bytes();
    let state = hkdf_sha256::<128>(&value_mac, &[], b"WhatsApp Patch Integrity");
    let snapshot_mac =
        hmac_sha256(&keys.snapshot_mac, &[&state, version.as_slice(), CRITICAL.as_bytes()].concat());
    let patch_mac = hmac_sha256(
        &keys.patch_mac,
        &[&snapshot_mac, value_mac.as_slice(), &version, CRITICAL.as_bytes()].concat(),
    );
    let record = SyncdRecord {
        index: MessageField::some(SyncdIndex {
            blob: Some(hmac_sha256(&keys.index, PUSH_NAME_INDEX).to_vec()),
        }),
        value: MessageField::some(SyncdValue { blob: Some(sealed) }),
        key_id: MessageField::some(KeyId { id: Some(key.id.clone()) }),
    };
    SyncdPatch {
        version: MessageField::some(SyncdVersion { version: Some(1) }),
        mutations: vec![SyncdMutation {
            operation: Some(SyncdOperation::SET.into()),
            record: MessageField::some(record),
        }],
        snapshot_mac: Some(snapshot_mac.to_vec()),
        patch_mac: Some(patch_mac.to_vec()),
        key_id: MessageField::some(KeyId { id: Some(key.id.clone()) }),
        device_index: Some(0),
        ..Default::default()
    }
}

/// `operation || key id || data || length of the first two`, by HMAC-SHA-512 of which half is used.
fn value_mac(keys: &Keys, key_id: &[u8], sealed: &[u8]) -> Vec<u8> {
    const SET: u8 = 1;
    let length = u64::try_from(key_id.len() + 1).unwrap_or_default().to_be_bytes();
    let message = [&[SET], key_id, sealed, &length].concat();
    hmac_sha512(&keys.value_mac, &message)[..32].to_vec()
}
