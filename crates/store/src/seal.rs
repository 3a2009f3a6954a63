//! Secrets at rest: XChaCha20-Poly1305, bound to the place they are stored at.
//!
//! A sealed value is `version (1) · key id (4) · nonce (24) · ciphertext and tag`. The table, the column and the row's id are
//! authenticated with it, so a value copied to another row or column does not open there.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const HEADER: usize = 1 + KEY_ID + NONCE;
const PREFIX: &str = "cmk_";

/// The master key is not usable. The text says why and never quotes it.
#[derive(Debug, thiserror::Error)]
#[error("the master key is not usable: {0}")]
pub struct MasterKeyError(pub String);

/// 32 random bytes and their id (the first four bytes of their SHA-256). Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MasterKey {
    bytes: [u8; 32],
    #[zeroize(skip)]
    id: [u8; KEY_ID],
}

impl MasterKey {
    /// Reads the text form, `cmk_` + 64 hex digits, as `master.key` and `CETAR_MASTER_KEY` hold it. White space around it is
    /// ignored: it is a file that people copy.
    pub fn parse(text: &SecretString) -> Result<Self, MasterKeyError> {
        let wrong = |why: &str| MasterKeyError(format!("{why}; it is `{PREFIX}` and 64 hexadecimal digits"));
        let text = text.expose_secret().trim();
        let digits = text.strip_prefix(PREFIX).ok_or_else(|| wrong("it does not begin with `cmk_`"))?;
        if digits.len() != 64 {
            return Err(wrong("it has the wrong length"));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                bytes.zeroize();
                return Err(wrong("it has a character that is not a hexadecimal digit"));
            };
            *byte = high << 4 | low;
        }
        Ok(Self::generate(bytes))
    }

    /// From fresh randomness.
    pub fn generate(random: [u8; 32]) -> Self {
        let hash = Sha256::digest(random);
        Self { bytes: random, id: [hash[0], hash[1], hash[2], hash[3]] }
    }

    /// The text form.
    pub fn to_text(&self) -> SecretString {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 64));
        text.push_str(PREFIX);
        push_hex(&mut text, &self.bytes);
        SecretString::from(text.as_str())
    }

    /// Which key it is; not secret.
    pub fn id(&self) -> String {
        let mut text = String::with_capacity(2 * KEY_ID);
        push_hex(&mut text, &self.id);
        text
    }

    /// Not keyed with the master key itself, which seals: a key of its own follows from it for each purpose.
    fn mac(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        let own = hmac(&self.bytes, purpose.as_bytes()).finalize().into_bytes();
        hmac(&own, message)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&self.bytes).into())
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // A key of up to 64 bytes, as these are, is padded with zeros to the block (RFC 2104): `new` takes it so.
    let mut block = [0; 64];
    block[..key.len().min(64)].copy_from_slice(&key[..key.len().min(64)]);
    let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
    block.zeroize();
    mac.update(message);
    mac
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Shows which key it is, not the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

/// Where a sealed value is stored. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// The row's key, in all its parts.
    pub(crate) row: &'a [&'a [u8]],
}

impl Place<'_> {
    /// Length before each part, so that no two places read the same.
    fn aad(&self) -> Vec<u8> {
        let mut aad = Vec::with_capacity(128);
        let parts = [self.table.as_bytes(), self.column.as_bytes()];
        for part in parts.iter().chain(self.row) {
            aad.extend_from_slice(&(part.len() as u64).to_le_bytes());
            aad.extend_from_slice(part);
        }
        aad
    }
}

/// Seals with the first key, opens with any.
#[derive(Debug)]
pub struct Sealer {
    keys: Vec<MasterKey>,
}

impl Sealer {
    /// The first seals; the others, of earlier rotations, only open. Without any key no store opens
    /// ([`OpenError::WrongMasterKey`](crate::OpenError::WrongMasterKey)).
    pub const fn new(keys: Vec<MasterKey>) -> Self {
        Self { keys }
    }

    /// The id of the key that seals.
    pub(crate) fn sealing_key(&self) -> Option<String> {
        self.keys.first().map(MasterKey::id)
    }

    /// Signs with the first key, for this purpose and no other.
    pub(crate) fn sign(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        self.keys.first().map_or([0; 32], |key| key.mac(purpose, message).finalize().into_bytes().into())
    }

    /// Whether any key signed it for this purpose. Takes as long whatever is wrong with it.
    pub(crate) fn is_signed(&self, purpose: &str, message: &[u8], signature: &[u8]) -> bool {
        self.keys.iter().any(|key| key.mac(purpose, message).verify_slice(signature).is_ok())
    }

    /// `nonce` is fresh randomness: 24 bytes never repeat by chance. `None` without a key.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], place: Place<'_>, plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.keys.first()?;
        let payload = Payload { msg: plain, aad: &place.aad() };
        let sealed = key.cipher().encrypt(XNonce::from_slice(&nonce), payload).ok()?;
        let mut value = Vec::with_capacity(HEADER + sealed.len());
        value.push(VERSION);
        value.extend_from_slice(&key.id);
        value.extend_from_slice(&nonce);
        value.extend_from_slice(&sealed);
        Some(value)
    }

    /// `None` if it was sealed by a key we do not have, for another place, or is damaged.
    pub(crate) fn open(&self, place: Place<'_>, value: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = value.split_at_checked(HEADER)?;
        let (&version, header) = header.split_first()?;
        let (id, nonce) = header.split_at_checked(KEY_ID)?;
        if version != VERSION {
            return None;
        }
        let key = self.keys.iter().find(|key| key.id == id)?;
        let payload = Payload { msg: sealed, aad: &place.aad() };
        key.cipher().decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place { table: "endpoints", column: "secret", row: &[b"wh_1"] };

    fn key(byte: u8) -> MasterKey {
        MasterKey::generate([byte; 32])
    }

    #[test]
    fn a_master_key_reads_back_from_its_text() {
        let text = key(0xa7).to_text();
        assert_eq!(text.expose_secret(), format!("cmk_{}", "a7".repeat(32)));
        let again = MasterKey::parse(&format!(" {}\n", text.expose_secret()).into()).unwrap();
        assert_eq!(again.bytes, key(0xa7).bytes);
    }

    #[test]
    fn a_wrong_master_key_text_is_refused_without_quoting_it() {
        let almost = format!("cmk_{}g", "a7".repeat(31) + "a");
        for wrong in ["", "cmk_", "a7a7", &"a7".repeat(32), &almost, &format!("cmk_{}", "é".repeat(32))] {
            let error = MasterKey::parse(&wrong.into()).unwrap_err().to_string();
            assert!(!error.contains("a7"), "{error}");
        }
    }

    #[test]
    fn debug_output_shows_no_key() {
        let shown = format!("{:?}", Sealer::new(vec![key(0xa7)]));
        assert!(!shown.contains("a7a7") && !shown.contains("167"), "{shown}");
    }

    #[test]
    fn a_signature_holds_for_its_message_its_purpose_and_its_key() {
        let sealer = Sealer::new(vec![key(1)]);
        let signature = sealer.sign("media link", b"med_1.99");
        assert!(sealer.is_signed("media link", b"med_1.99", &signature));
        assert!(!sealer.is_signed("media link", b"med_1.98", &signature));
        assert!(!sealer.is_signed("another", b"med_1.99", &signature));
        assert!(!sealer.is_signed("media link", b"med_1.99", &signature[..31]));
        assert!(!Sealer::new(vec![key(2)]).is_signed("media link", b"med_1.99", &signature));
        let rotated = Sealer::new(vec![key(2), key(1)]);
        assert!(rotated.is_signed("media link", b"med_1.99", &signature), "until the old key is taken away");
    }

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let sealer = Sealer::new(vec![key(1)]);
        let value = sealer.seal([9; NONCE], PLACE, b"whsec_x").unwrap();
        assert_eq!(sealer.open(PLACE, &value).unwrap(), b"whsec_x");
        for elsewhere in [
            Place { table: "devices", ..PLACE },
            Place { column: "url", ..PLACE },
            Place { row: &[b"wh_2"], ..PLACE },
            Place { row: &[b"wh", b"_1"], ..PLACE },
            Place { row: &[], ..PLACE },
        ] {
            assert_eq!(sealer.open(elsewhere, &value), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_damaged_value_does_not_open() {
        let sealer = Sealer::new(vec![key(1)]);
        let value = sealer.seal([9; NONCE], PLACE, b"whsec_x").unwrap();
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 1;
            assert_eq!(sealer.open(PLACE, &damaged), None, "byte {at}");
            assert_eq!(sealer.open(PLACE, &value[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn after_a_rotation_old_values_open_and_new_ones_are_sealed_by_the_new_key() {
        let before = Sealer::new(vec![key(1)]);
        let old = before.seal([9; NONCE], PLACE, b"old").unwrap();
        let rotated = Sealer::new(vec![key(2), key(1)]);
        assert_eq!(rotated.open(PLACE, &old).unwrap(), b"old");
        let new = rotated.seal([8; NONCE], PLACE, b"new").unwrap();
        assert_eq!(before.open(PLACE, &new), None);
        assert_eq!(Sealer::new(vec![key(2)]).open(PLACE, &new).unwrap(), b"new");
    }
}
