//! Who signed it. What is not verified cannot be read: only [`verify`] makes a [`Verified`].

use std::collections::HashMap;

use cetar_model::DeviceId;
use cetar_provider::{Account, CallbackRequest};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::settings::Credentials;

/// A body, and the accounts whose own secret signed it.
pub(super) struct Verified<'r> {
    body: &'r [u8],
    signers: Vec<(DeviceId, Credentials)>,
}

impl Verified<'_> {
    /// The raw bytes.
    pub(super) const fn body(&self) -> &[u8] {
        self.body
    }

    /// Those of whom it may speak.
    pub(super) fn signers(&self) -> &[(DeviceId, Credentials)] {
        &self.signers
    }
}

/// Compares `X-Hub-Signature-256` with every account's own secret, over the raw bytes (Meta escapes what it sends; the same JSON written
/// anew has another signature). Hexadecimal digits may be of either case. `None`: nobody's secret.
///
/// A body of 3 MB takes some milliseconds for each secret. Numbers of one app have the same: each is tried once.
pub(super) fn verify<'r>(request: &'r CallbackRequest, accounts: &[&Account]) -> Option<Verified<'r>> {
    let given = signature(request)?;
    let body: &[u8] = &request.body;
    let mut tried: HashMap<&str, bool> = HashMap::new();
    let mut signers = Vec::new();
    for &account in accounts {
        let secret = account.settings.get("app_secret").map_or("", |secret| secret.trim());
        if *tried.entry(secret).or_insert_with(|| is_signed(body, secret, &given))
            && let Ok(credentials) = Credentials::read(account)
        {
            signers.push((account.device.clone(), credentials));
        }
    }
    (!signers.is_empty()).then_some(Verified { body, signers })
}

/// What the request gives as its signature, if it is one by its form.
pub(super) fn signature(request: &CallbackRequest) -> Option<[u8; 32]> {
    hexadecimal(request.header("x-hub-signature-256")?.strip_prefix("sha256=")?)
}

fn is_signed(body: &[u8], secret: &str, given: &[u8; 32]) -> bool {
    // An account without a secret signs nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    if secret.is_empty() {
        return false;
    }
    mac.update(body);
    // In constant time.
    mac.verify_slice(given).is_ok()
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cetar_model::{Channel, Language};

    use super::*;

    fn account(device: char, secret: &str) -> Account {
        let settings = [
            ("phone_number_id", "1"),
            ("waba_id", "2"),
            ("access_token", "t"),
            ("app_secret", secret),
            ("verify_token", "v"),
        ];
        Account {
            device: format!("dev_{}", device.to_string().repeat(32)).parse().unwrap(),
            channel: Channel::WhatsappOfficial,
            address: None,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            language: Language::Indonesian,
            credentials_until: None,
        }
    }

    fn request(body: &str, signature: Option<String>) -> CallbackRequest {
        let headers = signature.map(|value| ("x-hub-signature-256".to_owned(), value));
        CallbackRequest {
            query: Vec::new(),
            headers: headers.into_iter().collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn sign(secret: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let digits = mac.finalize().into_bytes();
        digits.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn only_the_accounts_whose_own_secret_signed_the_bytes_are_spoken_of() {
        let accounts = [account('a', "one"), account('b', "two"), account('c', "one")];
        for body in ["{}", "", r#"{"x":"\u00e4 https:\/\/x\/y?z=1 100 %"}"#] {
            let request = request(body, Some(sign("one", body)));
            let signers: Vec<_> = verify(&request, &accounts.each_ref())
                .unwrap()
                .signers()
                .iter()
                .map(|(device, _)| device.as_str().chars().last().unwrap())
                .collect();
            assert_eq!(signers, ['a', 'c']);
        }
    }

    #[test]
    fn what_is_not_signed_by_one_of_ours_is_refused() {
        let accounts = [account('a', "one")];
        let good = sign("one", "{}");
        let refused = |body: &str, signature: Option<String>| {
            verify(&request(body, signature), &accounts.each_ref()).is_none()
        };
        let nobody = request("{}", Some(sign("", "{}")));
        assert!(verify(&nobody, &[&account('a', "")]).is_none(), "no secret is no secret");
        assert!(refused("{}", None), "missing");
        assert!(refused("{ }", Some(good.clone())), "one byte more");
        assert!(refused("{}", Some(sign("two", "{}"))), "another's secret");
        assert!(refused("{}", Some(good.replace("sha256", "sha1"))), "wrong prefix");
        assert!(refused("{}", Some(good[..70].to_owned())), "cut off");
        assert!(refused("{}", Some(format!("sha256={}", "é".repeat(32)))), "no digits");
        assert!(
            !refused("{}", Some(good.to_uppercase().replace("SHA256", "sha256"))),
            "upper case is as good"
        );
    }
}
