//! The server's side of the Noise handshake: XX for a client that knows nothing, IK for one that kept our static
//! key, `XXfallback` for one that kept a key we no longer have.

use thiserror::Error;
use wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::cert_chain::{NoiseCertificate, noise_certificate::Details};
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello};
use waproto::whatsapp::{CertChain, ClientPayload, HandshakeMessage};

use crate::crypto::{raw_key, rng};

/// How long before and after "now" our certificates are good for.
const CERTIFICATE_VALIDITY_SECS: u64 = 30 * 24 * 3600;

/// Why a handshake went no further. The real server closes the socket without a word, and so do we.
#[derive(Debug, Error)]
pub(crate) enum HandshakeRefused {
    #[error("not a handshake message")]
    Malformed,
    #[error("a key is not 32 bytes long")]
    KeyLength,
    #[error("the message does not authenticate: {0}")]
    Authentication(String),
}

impl From<wacore_noise::HandshakeError> for HandshakeRefused {
    fn from(error: wacore_noise::HandshakeError) -> Self {
        Self::Authentication(error.to_string())
    }
}

/// Which of the three handshakes a client completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoisePattern {
    /// First contact: the client learns our static key.
    Xx,
    /// The client used the static key it kept.
    Ik,
    /// The client used a static key that is not ours (any more) and was led back to XX.
    XxFallback,
}

/// The static key of the server and the certificate chain that vouches for it.
pub(crate) struct ServerIdentity {
    key: KeyPair,
    certificates: Vec<u8>,
}

impl ServerIdentity {
    /// A new identity. Its chain has the right shape and its signatures are real, but the root that signed it is not
    /// WhatsApp's: only a client built to skip that check talks to us.
    pub(crate) fn generate() -> Self {
        let (root, intermediate, key) =
            (KeyPair::generate(&mut rng()), KeyPair::generate(&mut rng()), KeyPair::generate(&mut rng()));
        let now = wacore::time::now_secs_u64();
        let certificate = |serial: u32, issuer: &KeyPair, issuer_serial: u32, subject: &KeyPair| {
            let details = Details {
                serial: Some(serial),
                issuer_serial: Some(issuer_serial),
                key: Some(raw_key(&subject.public_key).to_vec()),
                not_before: Some(now - CERTIFICATE_VALIDITY_SECS),
                not_after: Some(now + CERTIFICATE_VALIDITY_SECS),
            }
            .encode_to_vec();
            let signature =
                issuer.calculate_signature(&details, &mut rng()).map(|it| it.to_vec()).unwrap_or_default();
            MessageField::some(NoiseCertificate { details: Some(details), signature: Some(signature) })
        };
        let certificates = CertChain {
            intermediate: certificate(1, &root, 0, &intermediate),
            leaf: certificate(2, &intermediate, 1, &key),
        }
        .encode_to_vec();
        Self { key, certificates }
    }

    /// Answers the client's first message.
    pub(crate) fn greet(&self, hello: &[u8]) -> Result<Greeting, HandshakeRefused> {
        let hello = HandshakeMessage::decode_from_slice(hello)
            .ok()
            .and_then(|message| message.client_hello.into_option())
            .ok_or(HandshakeRefused::Malformed)?;
        let ephemeral = key_bytes(hello.ephemeral.as_deref())?;
        if hello.r#static.is_none() && hello.payload.is_none() {
            return self.greet_xx(ephemeral, NoisePattern::Xx);
        }
        match self.greet_ik(ephemeral, &hello) {
            // The client sealed its hello for a static key that is not ours: lead it back to XX.
            Err(HandshakeRefused::Authentication(_)) => self.greet_xx(ephemeral, NoisePattern::XxFallback),
            other => other,
        }
    }

    fn greet_xx(&self, client: [u8; 32], pattern: NoisePattern) -> Result<Greeting, HandshakeRefused> {
        let name =
            if pattern == NoisePattern::XxFallback { NOISE_PATTERN_XXFALLBACK } else { NOISE_PATTERN_XX };
        let mut noise = NoiseHandshake::new(name, &WA_CONN_HEADER)?;
        noise.authenticate(&client);
        let ephemeral = KeyPair::generate(&mut rng());
        let ephemeral_public = raw_key(&ephemeral.public_key);
        noise.authenticate(&ephemeral_public);
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &client)?;
        let sealed_static = noise.encrypt(&raw_key(&self.key.public_key))?;
        noise.mix_shared_secret(self.key.private_key.serialize(), &client)?;
        let sealed_certificates = noise.encrypt(&self.certificates)?;
        Ok(Greeting {
            reply: server_hello(ephemeral_public, Some(sealed_static), sealed_certificates),
            next: Next::AwaitFinish(Box::new(AwaitFinish { noise, ephemeral, pattern })),
        })
    }

    fn greet_ik(&self, client: [u8; 32], hello: &ClientHello) -> Result<Greeting, HandshakeRefused> {
        let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER)?;
        noise.authenticate(&raw_key(&self.key.public_key));
        noise.authenticate(&client);
        noise.mix_shared_secret(self.key.private_key.serialize(), &client)?;
        let client_static = open_key(&mut noise, hello.r#static.as_deref())?;
        noise.mix_shared_secret(self.key.private_key.serialize(), &client_static)?;
        let payload = open_payload(&mut noise, hello.payload.as_deref())?;

        let ephemeral = KeyPair::generate(&mut rng());
        let ephemeral_public = raw_key(&ephemeral.public_key);
        noise.authenticate(&ephemeral_public);
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &client)?;
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &client_static)?;
        let sealed_certificates = noise.encrypt(&self.certificates)?;
        let reply = server_hello(ephemeral_public, None, sealed_certificates);
        Ok(Greeting {
            reply,
            next: Next::Established(Box::new(Established::new(
                noise,
                client_static,
                payload,
                NoisePattern::Ik,
            )?)),
        })
    }
}

/// The answer to a client's first message, and what comes after it.
pub(crate) struct Greeting {
    pub(crate) reply: Vec<u8>,
    pub(crate) next: Next,
}

pub(crate) enum Next {
    /// XX and `XXfallback`: the client still has to prove its own static key.
    AwaitFinish(Box<AwaitFinish>),
    /// IK: everything was in the first message.
    Established(Box<Established>),
}

pub(crate) struct AwaitFinish {
    noise: NoiseHandshake,
    ephemeral: KeyPair,
    pattern: NoisePattern,
}

impl AwaitFinish {
    pub(crate) fn finish(mut self, message: &[u8]) -> Result<Established, HandshakeRefused> {
        let finish = HandshakeMessage::decode_from_slice(message)
            .ok()
            .and_then(|message| message.client_finish.into_option())
            .ok_or(HandshakeRefused::Malformed)?;
        let client_static = open_key(&mut self.noise, finish.r#static.as_deref())?;
        self.noise.mix_shared_secret(self.ephemeral.private_key.serialize(), &client_static)?;
        let payload = open_payload(&mut self.noise, finish.payload.as_deref())?;
        Established::new(self.noise, client_static, payload, self.pattern)
    }
}

/// A finished handshake: transport keys, and who the client says it is.
pub(crate) struct Established {
    pub(crate) read: NoiseCipher,
    pub(crate) write: NoiseCipher,
    /// Proven by the handshake: the client holds the private key to it.
    pub(crate) client_static: [u8; 32],
    pub(crate) payload: ClientPayload,
    pub(crate) pattern: NoisePattern,
}

impl Established {
    fn new(
        noise: NoiseHandshake,
        client_static: [u8; 32],
        payload: ClientPayload,
        pattern: NoisePattern,
    ) -> Result<Self, HandshakeRefused> {
        // The pair is named from the initiator's side: what it writes, we read.
        let (read, write) = noise.finish()?;
        Ok(Self { read, write, client_static, payload, pattern })
    }
}

fn key_bytes(bytes: Option<&[u8]>) -> Result<[u8; 32], HandshakeRefused> {
    bytes.ok_or(HandshakeRefused::Malformed)?.try_into().map_err(|_| HandshakeRefused::KeyLength)
}

fn open_key(noise: &mut NoiseHandshake, sealed: Option<&[u8]>) -> Result<[u8; 32], HandshakeRefused> {
    let key = noise.decrypt(sealed.ok_or(HandshakeRefused::Malformed)?)?;
    key_bytes(Some(&key))
}

fn open_payload(
    noise: &mut NoiseHandshake,
    sealed: Option<&[u8]>,
) -> Result<ClientPayload, HandshakeRefused> {
    let payload = noise.decrypt(sealed.ok_or(HandshakeRefused::Malformed)?)?;
    ClientPayload::decode_from_slice(&payload).map_err(|_| HandshakeRefused::Malformed)
}

fn server_hello(ephemeral: [u8; 32], sealed_static: Option<Vec<u8>>, payload: Vec<u8>) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.to_vec()),
            r#static: sealed_static,
            payload: Some(payload),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}
