//! API keys: `sk_live_` or `sk_test_` and 36 base62 characters, the last six a CRC32 of prefix and random part.
//!
//! The alphabet is `0-9A-Za-z`, in that order. Thirty random characters carry 178 bits. The checksum (CRC-32 as in gzip, over prefix and
//! random part, as six base62 digits, highest first, padded with `0`) tells a typo, and lets a scanner of leaked secrets know one
//! of ours, without asking anybody. What is stored is the SHA-256 of the whole key: with that much randomness no slow hash is needed.
use std::time::Duration;

use cetar_model::{ApiKeyId, DeviceId, IdSource, WorkspaceId};
use cetar_store::{ApiKey, Device, Scope, StoreError};
use ipnet::IpNet;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::auth::Caller;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LIVE: &str = "sk_live_";
const TEST: &str = "sk_test_";
const RANDOM: usize = 30;
const CHECKSUM: usize = 6;

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// For sandbox devices.
    pub test: bool,
    /// Only these devices; none: all.
    pub devices: Vec<DeviceId>,
    /// Only from here; none: anywhere.
    pub allow_ips: Vec<IpNet>,
    /// Ends by itself after this long.
    pub expires_in: Option<Duration>,
    /// None: `messages`.
    pub scopes: Vec<Scope>,
}

/// Not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such device here, or one that a key of this kind could never use: `sk_test_` reaches sandbox devices, `sk_live_` the others.
    #[error("no such device")]
    NoSuchDevice(DeviceId),
    /// The key that makes it is not let in from all of this range.
    #[error("{0} is outside of the maker's own ranges")]
    OutsideOwnRanges(IpNet),
    /// The key that makes it ends earlier, after this long.
    #[error("the maker itself ends in {0:?}")]
    OutlivesMaker(Duration),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::Engine {
    /// Makes a key; the secret is shown this once. A key makes none that may do more than itself: it is tied to the same devices or fewer,
    /// let in from the same ranges or fewer, and ends no later.
    pub async fn create_key(
        &self,
        caller: &Caller,
        mut key: NewKey,
    ) -> Result<(ApiKey, SecretString), KeyError> {
        if key.devices.is_empty() {
            key.devices = caller.ties().to_vec();
        }
        if key.scopes.is_empty() {
            key.scopes = vec![Scope::Messages];
        }
        let devices = self.inner.store.devices(&caller.workspace.id).await?;
        for id in &key.devices {
            let suits = |device: &Device| device.id == *id && suits(device, key.test, &key.scopes);
            let there = devices.iter().any(suits);
            if !there || !caller.is_tied_to(id) {
                return Err(KeyError::NoSuchDevice(id.clone()));
            }
        }
        if let Some(maker) = &caller.key {
            self.keep_within(maker, &mut key)?;
        }
        let (key, secret) = self.new_key(caller.workspace.id.clone(), key);
        self.inner.store.insert_key(key.clone()).await?;
        // Somebody may have asked with it before it was made; the answer is kept for a second.
        self.inner.keys.forget(&key.hash);
        Ok((key, secret))
    }

    /// Passes the maker's ranges and end on to what it makes.
    fn keep_within(&self, maker: &ApiKey, key: &mut NewKey) -> Result<(), KeyError> {
        if key.allow_ips.is_empty() {
            key.allow_ips.clone_from(&maker.allow_ips);
        }
        let is_within = |range: &IpNet| maker.allow_ips.iter().any(|own| own.contains(range));
        if !maker.allow_ips.is_empty()
            && let Some(range) = key.allow_ips.iter().find(|range| !is_within(range))
        {
            return Err(KeyError::OutsideOwnRanges(*range));
        }
        if let Some(end) = maker.expires_at {
            let left = end.since(self.now());
            if key.expires_in.is_some_and(|wanted| wanted > left) {
                return Err(KeyError::OutlivesMaker(left));
            }
            key.expires_in.get_or_insert(left);
        }
        Ok(())
    }

    /// A key as it will be stored, and its secret.
    pub(crate) fn new_key(&self, workspace: WorkspaceId, key: NewKey) -> (ApiKey, SecretString) {
        let (ids, now) = (&self.inner.ids, self.now());
        let secret = generate(ids, key.test);
        let key = ApiKey {
            id: ids.make(now),
            workspace,
            name: key.name,
            hash: hash(&secret),
            hint: hint(&secret),
            test: key.test,
            scopes: key.scopes,
            devices: key.devices,
            allow_ips: key.allow_ips,
            expires_at: key.expires_in.map(|after| now + after),
            revoked_at: None,
            last_used_at: None,
            created_at: now,
        };
        (key, SecretString::from(secret))
    }

    /// All keys of the workspace, newest first, revoked ones too. A key that is tied to devices sees those that are tied to the same or
    /// fewer.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, StoreError> {
        let mut keys = self.inner.store.keys(&caller.workspace.id).await?;
        keys.retain(|key| covers(caller, key));
        keys.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(keys)
    }

    /// Ends a key at once; false if there is none that the caller sees.
    pub async fn revoke_key(&self, caller: &Caller, id: &ApiKeyId) -> Result<bool, StoreError> {
        if !caller.ties().is_empty() && !self.keys(caller).await?.iter().any(|key| key.id == *id) {
            return Ok(false);
        }
        let revoked = self.inner.store.revoke_key(&caller.workspace.id, id, self.now()).await?;
        self.inner.keys.forget_all();
        Ok(revoked)
    }
}

/// Whether everything that the key reaches is within the caller's ties.
fn covers(caller: &Caller, key: &ApiKey) -> bool {
    let within = |key: &ApiKey| !key.devices.is_empty() && key.devices.iter().all(|id| caller.is_tied_to(id));
    caller.ties().is_empty() || within(key)
}

/// Whether a key of this kind could do anything with this device.
pub fn suits(device: &Device, test: bool, scopes: &[Scope]) -> bool {
    device.sandbox == test || scopes.contains(&Scope::Admin)
}

/// A fresh key.
fn generate(ids: &IdSource, test: bool) -> String {
    let mut key = String::from(if test { TEST } else { LIVE });
    let full = key.len() + RANDOM;
    while key.len() < full {
        // Bytes from 248 on are left out, so that every character is as likely as every other.
        let [byte] = ids.random();
        if byte < 248 {
            key.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
    }
    let sum = checksum(&key);
    key.extend(sum.iter().copied().map(char::from));
    key
}

/// Whether this is a key by its form: prefix, length, alphabet, checksum. Needs no database.
pub(crate) fn is_well_formed(key: &str) -> bool {
    let Some(body) = key.strip_prefix(LIVE).or_else(|| key.strip_prefix(TEST)) else { return false };
    body.len() == RANDOM + CHECKSUM
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && checksum(&key[..key.len() - CHECKSUM]) == key.as_bytes()[key.len() - CHECKSUM..]
}

/// What holds of any text that is given as a key; for the tests below and for `fuzz/`.
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub fn any_text(text: &str) {
    if is_well_formed(text) {
        assert!(text.len() == 44 && text.is_ascii(), "a key of another form");
        assert!(!hint(text).contains(&text[12..40]), "the hint shows the key");
        for at in 0..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[at] = if typo[at] == b'0' { b'1' } else { b'0' };
            assert!(!is_well_formed(&String::from_utf8_lossy(&typo)), "a typo at {at} is not noticed");
        }
    }
}

/// What a key is stored and looked up by.
pub(crate) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn checksum(text: &str) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// `sk_live_aB3d…9xYz`: enough to recognise a key by, far too little to guess one.
fn hint(key: &str) -> String {
    format!("{}…{}", &key[..LIVE.len() + 4], &key[key.len() - 4..])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use proptest::prelude::*;

    use super::*;

    fn ids() -> IdSource {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        IdSource::new(|bytes| bytes.fill_with(|| NEXT.fetch_add(37, Ordering::Relaxed)))
    }

    #[test]
    fn a_key_has_the_form_of_the_contract() {
        for (test, prefix) in [(false, "sk_live_"), (true, "sk_test_")] {
            let key = generate(&ids(), test);
            assert!(key.starts_with(prefix) && key.len() == 44, "{key}");
            assert!(key[8..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(is_well_formed(&key));
        }
    }

    #[test]
    fn the_checksum_is_the_documented_one() {
        // CRC-32 of "123456789" is the standard's check value, 0xCBF43926 = 3421780262.
        assert_eq!(&checksum("123456789"), b"3jZRME");
        assert_eq!(&checksum(""), b"000000");
    }

    #[test]
    fn what_is_not_a_key_is_known_without_the_database() {
        for text in [
            "",
            "sk_live_",
            "YOUR_API_KEY",
            "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
            "sk_prod_000000000000000000000",
        ] {
            assert!(!is_well_formed(text), "{text}");
        }
        let live = generate(&ids(), false);
        assert!(!is_well_formed(&live.replace("sk_live_", "sk_test_")), "the prefix is part of the checksum");
        assert!(!is_well_formed(&format!("{live} ")));
        assert!(!is_well_formed(&live[..43]));
    }

    #[test]
    fn a_hint_shows_the_ends_only() {
        let key = generate(&ids(), false);
        assert_eq!(hint(&key), format!("{}…{}", &key[..12], &key[40..]));
    }

    proptest! {
        #[test]
        fn any_single_wrong_character_is_noticed(
            at in 0_usize..44,
            other in prop::sample::select(ALPHABET.to_vec()),
        ) {
            let key = generate(&ids(), false);
            let mut typo = key.clone().into_bytes();
            prop_assume!(typo[at] != other);
            typo[at] = other;
            prop_assert!(!is_well_formed(&String::from_utf8(typo).unwrap()));
        }

        #[test]
        fn checking_never_panics(text in "\\PC{0,60}", tail in "\\PC{0,40}") {
            any_text(&text);
            any_text(&format!("sk_live_{tail}"));
            any_text(&generate(&ids(), tail.is_empty()));
        }
    }
}
