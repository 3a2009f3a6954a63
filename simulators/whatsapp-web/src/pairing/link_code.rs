//! Linking by the eight characters that the client shows and the owner types into the phone.
//!
//! 1. `companion_hello`: the client sends an ephemeral key, wrapped with the code, and gets a reference.
//! 2. `primary_hello`: when a code is entered, the phone sends its own ephemeral key, wrapped the same way.
//! 3. `companion_finish`: the client seals a key bundle with the agreement of the two.
//!
//! The server passes these on by number and never learns the code. A phone with the wrong code finds out at the
//! bundle, which does not open.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use wacore_libsignal::protocol::{IdentityKeyPair, KeyPair, PublicKey};

use super::{LinkRefused, key_child};
use crate::crypto::{WrappedKey, hkdf_sha256, open_aes_gcm, random_bytes, raw_key, rng};
use crate::log::{Event, Rule};
use crate::node::{attr, child_bytes, iq_error, iq_result, jid_attr, leaf, notification};
use crate::state::State;

/// How long a code can be entered.
const LIFETIME: Duration = Duration::from_mins(3);

/// A code that a client shows.
pub(super) struct Request {
    number: String,
    reference: Vec<u8>,
    companion_ephemeral: [u8; 80],
    end: Instant,
    /// Where the client's answer to the phone goes.
    bundle: Option<oneshot::Sender<SealedBundle>>,
}

/// `companion_finish`, as it arrived.
pub(crate) struct SealedBundle {
    sealed: Vec<u8>,
    identity: [u8; 32],
}

/// What the phone gets to see when a code is entered.
pub(crate) struct Shown {
    pub(crate) connection: u64,
    reference: Vec<u8>,
    companion_ephemeral: [u8; 80],
}

impl State {
    pub(super) fn link_code_request(&mut self, connection: u64, id: &str, request: &Node) -> Node {
        match attr(request, "stage").as_deref() {
            Some("companion_hello") => self.companion_hello(connection, id, request),
            Some("companion_finish") => self.companion_finish(connection, id, request),
            stage => {
                let detail = format!("unknown stage {stage:?} of linking by code");
                self.violation(Rule::Linking, self.name_of(connection), detail);
                iq_error(id, 400, "bad-request")
            }
        }
    }

    fn companion_hello(&mut self, connection: u64, id: &str, request: &Node) -> Node {
        let number =
            jid_attr(request, "jid").filter(wacore_binary::Jid::is_pn).map(|jid| jid.user.to_string());
        let wrapped = child_bytes(request, "link_code_pairing_wrapped_companion_ephemeral_pub")
            .and_then(|bytes| bytes.try_into().ok());
        let noise_key = key_child(request, "companion_server_auth_key_pub");
        let complete = child_bytes(request, "companion_platform_id").is_some()
            && child_bytes(request, "companion_platform_display").is_some()
            && child_bytes(request, "link_code_pairing_nonce").is_some();
        let registered = self.pairing(connection).map(|pairing| pairing.registration.noise_key);
        let (Some(number), Some(companion_ephemeral), true) = (number, wrapped, complete) else {
            self.violation(Rule::Linking, self.name_of(connection), "companion_hello is incomplete");
            return iq_error(id, 400, "bad-request");
        };
        if noise_key.is_none() || noise_key != registered {
            let detail = "companion_hello with another Noise key than the connection's";
            self.violation(Rule::Linking, self.name_of(connection), detail);
            return iq_error(id, 400, "bad-request");
        }
        let reference = random_bytes::<16>().to_vec();
        let Some(pairing) = self.pairing(connection) else { return iq_error(id, 400, "bad-request") };
        pairing.link_code = Some(Request {
            number: number.clone(),
            reference: reference.clone(),
            companion_ephemeral,
            end: Instant::now() + LIFETIME,
            bundle: None,
        });
        self.log.push(Event::LinkCodeRequested { number });
        let content = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .children([leaf("link_code_pairing_ref", reference)])
            .build();
        iq_result(id, [content])
    }

    fn companion_finish(&mut self, connection: u64, id: &str, request: &Node) -> Node {
        let reference = child_bytes(request, "link_code_pairing_ref").map(<[u8]>::to_vec);
        let sealed = child_bytes(request, "link_code_pairing_wrapped_key_bundle").map(<[u8]>::to_vec);
        let identity = key_child(request, "companion_identity_public");
        let Some(pairing) = self.pairing(connection) else { return iq_error(id, 400, "bad-request") };
        let registered = pairing.registration.identity;
        let waiting = pairing
            .link_code
            .as_mut()
            .filter(|code| Some(&code.reference) == reference.as_ref())
            .and_then(|code| code.bundle.take());
        let (Some(sealed), Some(identity), Some(waiting)) = (sealed, identity, waiting) else {
            let detail = "companion_finish is incomplete, or nobody waits for it";
            self.violation(Rule::Linking, self.name_of(connection), detail);
            return iq_error(id, 400, "bad-request");
        };
        if identity != registered {
            let detail = "companion_finish with another identity key than the registration's";
            self.violation(Rule::Linking, self.name_of(connection), detail);
            return iq_error(id, 400, "bad-request");
        }
        // The server only passes the bundle on: whether it opens is between the phone and the client.
        let _ = waiting.send(SealedBundle { sealed, identity });
        iq_result(id, [])
    }

    /// The newest code that a client shows for this number.
    pub(crate) fn find_link_code(&self, number: &str) -> Result<Shown, LinkRefused> {
        let now = Instant::now();
        self.pairings()
            .filter_map(|(id, pairing)| Some((id, pairing.link_code.as_ref()?)))
            .filter(|(_, code)| code.number == number && now < code.end)
            .max_by_key(|(id, _)| *id)
            .map(|(connection, code)| Shown {
                connection,
                reference: code.reference.clone(),
                companion_ephemeral: code.companion_ephemeral,
            })
            .ok_or(LinkRefused::UnknownCode)
    }

    /// Passes the phone's hello on and gives where the client's answer arrives.
    pub(crate) fn primary_hello(
        &mut self,
        shown: &Shown,
        hello: &PrimaryHello,
        identity: [u8; 32],
    ) -> Result<oneshot::Receiver<SealedBundle>, LinkRefused> {
        let (sender, receiver) = oneshot::channel();
        let id = self.new_iq_id();
        let code = self
            .pairing(shown.connection)
            .and_then(|pairing| pairing.link_code.as_mut())
            .filter(|code| code.reference == shown.reference)
            .ok_or(LinkRefused::ConnectionLost)?;
        code.bundle = Some(sender);
        let content = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([
                leaf("link_code_pairing_wrapped_primary_ephemeral_pub", hello.wrapped.as_bytes()),
                leaf("primary_identity_pub", identity),
                leaf("link_code_pairing_ref", shown.reference.as_slice()),
            ])
            .build();
        self.tell(shown.connection, notification(&id, "link_code_companion_reg", content));
        Ok(receiver)
    }
}

/// The phone's half of the agreement.
pub(crate) struct PrimaryHello {
    wrapped: WrappedKey,
    ephemeral: KeyPair,
    companion_ephemeral: [u8; 32],
}

impl PrimaryHello {
    /// Stretches the code twice, which takes tens of milliseconds: call it off the async threads.
    pub(crate) fn new(shown: &Shown, code: &str) -> Self {
        let ephemeral = KeyPair::generate(&mut rng());
        let wrapped = WrappedKey::wrap(&raw_key(&ephemeral.public_key), code);
        let companion_ephemeral = WrappedKey::new(shown.companion_ephemeral).unwrap_with(code);
        Self { wrapped, ephemeral, companion_ephemeral }
    }

    /// Opens the bundle. It opens only if both sides used the same code.
    pub(crate) fn open(
        &self,
        sealed: &SealedBundle,
        identity: &IdentityKeyPair,
    ) -> Result<Bundle, LinkRefused> {
        let companion = PublicKey::from_djb_public_key_bytes(&self.companion_ephemeral)
            .map_err(|_| LinkRefused::WrongCode)?;
        let ephemeral_shared =
            self.ephemeral.calculate_agreement(&companion).map_err(|_| LinkRefused::WrongCode)?;
        let plain = sealed.open(&ephemeral_shared).ok_or(LinkRefused::WrongCode)?;
        let bad = |what: &str| LinkRefused::BadSignature(what.to_owned());
        let (companion_identity, rest) =
            plain.split_first_chunk::<32>().ok_or_else(|| bad("the key bundle is too short"))?;
        let (primary_identity, random) =
            rest.split_first_chunk::<32>().ok_or_else(|| bad("the key bundle is too short"))?;
        if random.len() != 32 {
            return Err(bad("the key bundle is not 96 bytes"));
        }
        if *companion_identity != sealed.identity {
            return Err(bad("the key bundle names another companion"));
        }
        if *primary_identity != raw_key(identity.public_key()) {
            return Err(bad("the key bundle names another phone"));
        }
        let identity_shared = PublicKey::from_djb_public_key_bytes(companion_identity)
            .and_then(|companion| identity.private_key().calculate_agreement(&companion))
            .map_err(|_| bad("the companion's identity key is no key"))?;
        let secret = [&ephemeral_shared, &identity_shared, random].concat();
        Ok(Bundle { secret: hkdf_sha256(&secret, &[], b"adv_secret") })
    }
}

impl SealedBundle {
    /// `salt (32) || iv (12) || AES-256-GCM`.
    fn open(&self, shared: &[u8; 32]) -> Option<Vec<u8>> {
        let (salt, rest) = self.sealed.split_first_chunk::<32>()?;
        let (iv, sealed) = rest.split_first_chunk::<12>()?;
        let key = hkdf_sha256(shared, salt, b"link_code_pairing_key_bundle_encryption_key");
        open_aes_gcm(&key, *iv, sealed)
    }
}

/// What both sides know after the exchange.
pub(crate) struct Bundle {
    /// Seals what the phone signs.
    pub(crate) secret: [u8; 32],
}
