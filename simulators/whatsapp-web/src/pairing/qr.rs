//! Linking by QR code.
//!
//! The server hands the client a handful of references; each is good for a while, the first one longer. The code
//! shows one of them with the client's public keys and a secret, which so reaches the phone past the server.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::time::Instant;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::LinkRefused;
use crate::crypto::random_bytes;
use crate::log::Event;
use crate::node::{iq_error, iq_result, iq_set, leaf};
use crate::state::{Role, State};

/// How many references a client gets at a time.
const REFS: usize = 6;
/// How long the first reference is shown, and each further one.
const FIRST_LIFETIME: Duration = Duration::from_mins(1);
const LIFETIME: Duration = Duration::from_secs(20);
/// In front of the code when it is made for the phone's own camera.
const DEEP_LINK: &str = "https://wa.me/settings/linked_devices#";

/// The references a client may show, with the end of their lives.
#[derive(Default)]
pub(super) struct Offer(Vec<(String, Instant)>);

impl Offer {
    fn new(now: Instant) -> Self {
        let mut end = now;
        let refs = (0..REFS).map(|index| {
            end += if index == 0 { FIRST_LIFETIME } else { LIFETIME };
            (new_ref(), end)
        });
        Self(refs.collect())
    }

    fn is_good(&self, reference: &str, now: Instant) -> bool {
        self.0.iter().any(|(known, end)| known == reference && now < *end)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn new_ref() -> String {
    format!("2@{}", BASE64_STANDARD.encode(random_bytes::<96>()))
}

/// What a phone reads from a QR code.
pub(crate) struct QrCode {
    reference: String,
    noise_key: [u8; 32],
    identity: [u8; 32],
    /// Seals what the phone signs.
    pub(crate) secret: [u8; 32],
}

impl QrCode {
    /// `ref,noise key,identity key,secret,client type`, keys in base64.
    pub(crate) fn parse(text: &str) -> Result<Self, LinkRefused> {
        let body = text.trim();
        let mut fields = body.strip_prefix(DEEP_LINK).unwrap_or(body).split(',');
        let mut field =
            |missing| fields.next().filter(|it| !it.is_empty()).ok_or(LinkRefused::NotACode(missing));
        let reference = field("no reference")?.to_owned();
        let noise_key = key(field("no Noise key")?)?;
        let identity = key(field("no identity key")?)?;
        let secret = key(field("no secret")?)?;
        // Phones have refused codes without it since 2025.
        field("no client type")?;
        Ok(Self { reference, noise_key, identity, secret })
    }
}

fn key(text: &str) -> Result<[u8; 32], LinkRefused> {
    BASE64_STANDARD
        .decode(text)
        .ok()
        .and_then(|key| key.try_into().ok())
        .ok_or(LinkRefused::NotACode("a key is not 32 bytes in base64"))
}

impl State {
    /// Sends a fresh set of references; those sent before are void.
    pub(crate) fn offer_codes(&mut self, connection: u64) {
        let offer = Offer::new(Instant::now());
        let refs = offer.0.iter().map(|(reference, _)| leaf("ref", reference.as_str()));
        let content = NodeBuilder::new("pair-device").children(refs).build();
        let id = self.new_iq_id();
        let Some(pairing) = self.pairing(connection) else { return };
        pairing.qr = offer;
        self.tell(connection, iq_set(&id, "md", content));
        self.log.push(Event::CodesOffered { connection });
    }

    /// A client asks for one more reference.
    pub(super) fn another_ref(&mut self, connection: u64, id: &str) -> Node {
        let Some(pairing) = self.pairing(connection) else { return iq_error(id, 400, "bad-request") };
        let reference = new_ref();
        pairing.qr.0.push((reference.clone(), Instant::now() + FIRST_LIFETIME));
        iq_result(id, [leaf("ref", reference)])
    }

    /// All codes on display are void; clients are given new ones.
    pub(crate) fn expire_codes(&mut self) {
        let waiting: Vec<u64> = self.pairings().map(|(id, _)| id).collect();
        for connection in waiting {
            if let Some(Role::Stranger(pairing)) =
                self.connections.get_mut(&connection).map(|it| &mut it.role)
            {
                pairing.qr.clear();
                pairing.link_code = None;
            }
            self.offer_codes(connection);
        }
    }

    /// The connection that shows a code.
    pub(crate) fn find_code(&self, code: &QrCode) -> Result<u64, LinkRefused> {
        let now = Instant::now();
        let (connection, pairing) = self
            .pairings()
            .find(|(_, pairing)| pairing.qr.is_good(&code.reference, now))
            .ok_or(LinkRefused::UnknownCode)?;
        let registered = &pairing.registration;
        if registered.noise_key != code.noise_key || registered.identity != code.identity {
            return Err(LinkRefused::KeyMismatch);
        }
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_with_and_without_the_camera_link() {
        let key = BASE64_STANDARD.encode([7; 32]);
        let code = format!("2@abc,{key},{key},{key},1");
        assert!(QrCode::parse(&code).is_ok());
        assert!(QrCode::parse(&format!("{DEEP_LINK}{code}")).is_ok());
    }

    #[test]
    fn a_code_with_a_missing_field_is_refused() {
        let key = BASE64_STANDARD.encode([7; 32]);
        assert_eq!(
            QrCode::parse(&format!("2@abc,{key},{key},{key}")).err(),
            Some(LinkRefused::NotACode("no client type"))
        );
        assert!(QrCode::parse("https://example.com").is_err());
    }

    #[test]
    fn references_live_one_after_the_other() {
        let start = Instant::now();
        let offer = Offer::new(start);
        let (first, last) = (&offer.0[0].0, &offer.0[REFS - 1].0);
        assert!(offer.is_good(first, start + Duration::from_secs(59)));
        assert!(!offer.is_good(first, start + FIRST_LIFETIME));
        assert!(offer.is_good(last, start + Duration::from_secs(159)));
        assert!(!offer.is_good(last, start + Duration::from_secs(160)));
    }
}
