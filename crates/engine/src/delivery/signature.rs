//! Standard Webhooks 1.0: what is signed, with what, and how a secret looks.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// An endpoint's secret from fresh randomness: `whsec_` and the base64 of 32 bytes.
pub(crate) fn new_secret(random: [u8; 32]) -> SecretString {
    format!("{PREFIX}{}", STANDARD.encode(random)).into()
}

/// The secret is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint's secret is not whsec_ and the base64 of 24 to 64 bytes")]
pub(super) struct BadSecret;

/// The value of `webhook-signature`: version 1, HMAC-SHA256 over `id.timestamp.body`, one by each secret, blanks between.
pub(super) fn sign(
    secrets: &[SecretString],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, BadSecret> {
    let head = format!("{id}.{timestamp}.");
    let mut value = String::new();
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).map_err(|_| BadSecret)?;
        mac.update(head.as_bytes());
        mac.update(body);
        let separator = if value.is_empty() { "" } else { " " };
        let _ = write!(value, "{separator}v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    }
    if value.is_empty() { Err(BadSecret) } else { Ok(value) }
}

/// The value of `X-Hub-Signature-256` as GitHub and Meta send it: HMAC-SHA256 over the body, in hexadecimal. The key is the
/// secret as text, `whsec_` included, as receivers of that kind expect.
pub(super) fn sign_legacy(secret: &SecretString, body: &[u8]) -> Result<String, BadSecret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| BadSecret)?;
    mac.update(body);
    let mut value = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(value, "{byte:02x}");
    }
    Ok(value)
}

fn key(secret: &SecretString) -> Result<Vec<u8>, BadSecret> {
    let key = secret.expose_secret().strip_prefix(PREFIX).ok_or(BadSecret)?;
    let key = STANDARD.decode(key).map_err(|_| BadSecret)?;
    if (24..=64).contains(&key.len()) { Ok(key) } else { Err(BadSecret) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let signature = sign(
            &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into()],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.as_deref(), Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[rstest]
    #[case::no_prefix("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    #[case::no_base64("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!")]
    #[case::too_short("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==")]
    #[case::empty("whsec_")]
    fn nothing_is_signed_with_a_secret_that_is_none(#[case] secret: &str) {
        assert_eq!(sign(&[secret.to_owned().into()], "evt_1", 0, b""), Err(BadSecret));
    }

    #[test]
    fn nothing_is_signed_with_no_secret_at_all() {
        assert_eq!(sign(&[], "evt_1", 0, b""), Err(BadSecret));
    }

    /// The example of <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
    #[test]
    fn the_legacy_signature_is_the_one_of_githubs_example() {
        let value = sign_legacy(&"It's a Secret to Everybody".to_owned().into(), b"Hello, World!");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(value.as_deref(), Ok(expected));
    }

    proptest! {
        #[test]
        fn the_reference_implementation_signs_the_same(random: [u8; 32], id in "[a-z_0-9]{1,40}", timestamp: i64, body: String) {
            let secret = new_secret(random);
            let reference = standardwebhooks::Webhook::new(secret.expose_secret()).unwrap();
            let expected = reference.sign(&id, timestamp, body.as_bytes()).unwrap();
            prop_assert_eq!(sign(&[secret], &id, timestamp, body.as_bytes()), Ok(expected));
        }
    }
}
