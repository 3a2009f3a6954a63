//! Time-based one-time codes (RFC 6238): SHA-1, six digits, thirty seconds, as every authenticator app takes them.
use cetar_model::{IdSource, Timestamp};
use ring::hmac;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::passwords::LETTERS;

/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ, and people take their time.
const DRIFT: i64 = 1;
/// RFC 4226 §4 asks for 128 bits at least and recommends 160.
const SECRET: usize = 20;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Recovery codes made at once.
const RECOVERY_CODES: usize = 8;

/// A fresh secret, in base32.
pub(crate) fn secret(ids: &IdSource) -> SecretString {
    let random: [u8; SECRET] = ids.random();
    let (mut text, mut bits, mut held) = (String::with_capacity(32), 0_u32, 0_u32);
    for byte in random {
        (bits, held) = ((bits << 8) | u32::from(byte), held + 8);
        while held >= 5 {
            held -= 5;
            text.push(char::from(BASE32[((bits >> held) & 31) as usize]));
        }
        bits &= (1 << held) - 1;
    }
    text.into()
}

/// The bytes of a secret; `None` if it is not base32.
fn bytes(secret: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(SECRET), 0_u32, 0_u32);
    for letter in secret.bytes() {
        let value = BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        (bits, held) = ((bits << 5) | u32::try_from(value).ok()?, held + 5);
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 255).ok()?);
        }
        bits &= (1 << held) - 1;
    }
    Some(bytes)
}

/// The code of a step (RFC 4226 §5.3).
fn code(key: &hmac::Key, step: i64) -> String {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 15);
    let number = tag[offset..offset + 4].iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code this is, around now and after `last`.
pub(crate) fn step_of(secret: &str, given: &str, last: i64, now: Timestamp) -> Option<i64> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes(secret)?);
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let present = now.as_secs().div_euclid(STEP);
    let mut found = None;
    for step in present - DRIFT..=present + DRIFT {
        // Every one is looked at, so that the time taken tells nothing.
        let same = code(&key, step).as_bytes().ct_eq(given.as_bytes());
        if bool::from(same) && step > last {
            found = Some(step);
        }
    }
    found
}

/// Fresh recovery codes: fifty bits each.
pub(crate) fn recovery_codes(ids: &IdSource) -> Vec<String> {
    let letters = |bytes: [u8; 5]| bytes.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let one = || {
        let [first, second] = [letters(ids.random()), letters(ids.random())].map(String::from_iter);
        format!("{first}-{second}")
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// What a recovery code is kept by, however it was typed.
pub(crate) fn recovery_hash(code: &str) -> String {
    let typed: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let hash = Sha256::digest(typed.to_ascii_lowercase());
    hash.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "12345678901234567890", the secret of RFC 6238's appendix B.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (at, expected) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(RFC, expected, 0, Timestamp::from_secs(at)), Some(at / 30), "{at}");
        }
        assert_eq!(
            step_of(RFC, "287 082", 0, Timestamp::from_secs(59)),
            Some(1),
            "apps show it in two parts"
        );
    }

    #[test]
    fn a_code_is_good_for_a_step_around_its_own_and_only_after_the_last_one_taken() {
        let at = |secs| step_of(RFC, "287082", 0, Timestamp::from_secs(secs));
        assert_eq!([at(29), at(59), at(89), at(90)], [Some(1), Some(1), Some(1), None]);
        assert_eq!(step_of(RFC, "287082", 1, Timestamp::from_secs(59)), None, "it was taken before");
        for wrong in ["", "28708", "2870820", "abcdef", "287083"] {
            assert_eq!(step_of(RFC, wrong, 0, Timestamp::from_secs(59)), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_reads_back_and_is_long_enough() {
        let ids = IdSource::new(|bytes| bytes.fill(0xa5));
        let made = secret(&ids);
        let text = secrecy::ExposeSecret::expose_secret(&made);
        assert_eq!((text.len(), bytes(text)), (32, Some(vec![0xa5; SECRET])));
        assert_eq!(bytes("1"), None);
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let ids = IdSource::new(|bytes| bytes.fill(3));
        let codes = recovery_codes(&ids);
        assert_eq!((codes.len(), codes[0].len()), (RECOVERY_CODES, 11));
        assert_eq!(recovery_hash("ABCDE fghij"), recovery_hash("abcde-fghij"));
    }
}
