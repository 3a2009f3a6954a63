//! The symmetric cryptography of linking, done with `ring` so that it shares no code with the client under test.

use std::num::NonZeroU32;

use rand::Rng as _;
use ring::{aead, hkdf, hmac, pbkdf2};
use wacore_libsignal::crypto::Aes256Ctr32;
use wacore_libsignal::protocol::PublicKey;

/// 2^17: what every client uses to stretch the eight characters of a link code.
const LINK_CODE_ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(131_071);

/// A generator seeded by the operating system, of the kind libsignal asks for.
pub(crate) fn rng() -> rand::rngs::StdRng {
    rand::make_rng()
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rng().fill_bytes(&mut bytes);
    bytes
}

/// Upper-case hexadecimal, the alphabet of message ids.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

pub(crate) fn hmac_sha512(key: &[u8], data: &[u8]) -> [u8; 64] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), data);
    let mut out = [0; 64];
    out.copy_from_slice(tag.as_ref());
    out
}

/// A number of bytes, as HKDF wants to be told it.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256. No salt means a salt of zeros (RFC 5869).
pub(crate) fn hkdf_sha256<const N: usize>(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length(N))
        .and_then(|okm| okm.fill(&mut out));
    debug_assert!(filled.is_ok(), "{N} bytes are beyond the limit of HKDF");
    out
}

/// Opens AES-256-GCM without associated data; `None` if the tag does not fit.
pub(crate) fn open_aes_gcm(key: &[u8; 32], iv: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?);
    let mut buffer = sealed.to_vec();
    let plain =
        key.open_in_place(aead::Nonce::assume_unique_for_key(iv), aead::Aad::empty(), &mut buffer).ok()?;
    Some(plain.to_vec())
}

/// A public key of 32 bytes, wrapped by a link code: `salt (32) || iv (16) || AES-256-CTR of the key (32)`.
///
/// There is no authentication: a wrong code unwraps to a wrong key, and only what is sealed with the agreement on
/// that key shows it.
pub(crate) struct WrappedKey([u8; 80]);

impl WrappedKey {
    pub(crate) fn new(bytes: [u8; 80]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes tens of milliseconds: call it off the async threads.
    pub(crate) fn wrap(key: &[u8; 32], code: &str) -> Self {
        let mut bytes = [0; 80];
        bytes[..48].copy_from_slice(&random_bytes::<48>());
        bytes[48..].copy_from_slice(key);
        let mut wrapped = Self(bytes);
        wrapped.apply(code);
        wrapped
    }

    /// Takes tens of milliseconds: call it off the async threads.
    pub(crate) fn unwrap_with(mut self, code: &str) -> [u8; 32] {
        self.apply(code);
        let mut key = [0; 32];
        key.copy_from_slice(&self.0[48..]);
        key
    }

    /// Counter mode: the same step both ways.
    fn apply(&mut self, code: &str) {
        let (salt, rest) = self.0.split_at_mut(32);
        let (iv, key) = rest.split_at_mut(16);
        let mut stretched = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, LINK_CODE_ROUNDS, salt, code.as_bytes(), &mut stretched);
        let counter = u32::from_be_bytes([iv[12], iv[13], iv[14], iv[15]]);
        if let Ok(mut cipher) = Aes256Ctr32::from_key(&stretched, &iv[..12], counter) {
            cipher.process(key);
        }
    }
}

/// The 32 bytes of a curve point as WhatsApp writes them, without Signal's type byte.
pub(crate) fn raw_key(key: &PublicKey) -> [u8; 32] {
    let mut raw = [0; 32];
    let bytes = key.public_key_bytes();
    raw.copy_from_slice(&bytes[bytes.len() - 32..]);
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_with_its_code_only() {
        let key = random_bytes::<32>();
        let wrapped = WrappedKey::wrap(&key, "ABCD1234");
        let again = || WrappedKey::new(wrapped.0);
        assert_eq!(again().unwrap_with("ABCD1234"), key);
        assert_ne!(again().unwrap_with("ABCD1235"), key);
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869_without_salt() {
        // Test case 3 of RFC 5869: zero-length salt and info; the first 32 bytes of its output.
        let okm = hkdf_sha256::<32>(&[0x0b; 22], &[], &[]);
        assert_eq!(hex(&okm), "8DA4E775A563C18F715F802A063C5A31B8A11F5C5EE1879EC3454E5F3C738D2D");
    }
}
