//! A client made by hand, which can do what a sound one never does.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cetar_simulator_whatsapp_web::{Phone, Simulator};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::consts::{NOISE_PATTERN_XX, WA_CONN_HEADER};
use wacore_binary::{Node, NodeContent, marshal};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;
use waproto::whatsapp::handshake_message::{ClientFinish, ClientHello};
use waproto::whatsapp::{
    ADVDeviceIdentity, ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC, ClientPayload, HandshakeMessage,
};

pub(crate) const SECRET: [u8; 32] = [42; 32];

pub(crate) fn rng() -> rand::rngs::StdRng {
    rand::make_rng()
}

pub(crate) fn key_pair() -> KeyPair {
    KeyPair::generate(&mut rng())
}

pub(crate) fn raw(pair: &KeyPair) -> Vec<u8> {
    pair.public_key.public_key_bytes().to_vec()
}

pub(crate) fn sign(pair: &KeyPair, message: &[u8]) -> Vec<u8> {
    pair.calculate_signature(message, &mut rng()).expect("signed").to_vec()
}

/// The keys of a device.
pub(crate) struct Keys {
    pub(crate) noise: KeyPair,
    pub(crate) identity: KeyPair,
    pub(crate) signed: KeyPair,
}

impl Keys {
    pub(crate) fn generate() -> Self {
        Self { noise: key_pair(), identity: key_pair(), signed: key_pair() }
    }

    /// What an unregistered client sends along.
    pub(crate) fn registration(&self) -> ClientPayload {
        let signature = sign(&self.identity, &self.signed.public_key.serialize());
        ClientPayload {
            device_pairing_data: MessageField::some(DevicePairingRegistrationData {
                e_regid: Some(vec![0, 0, 0, 9]),
                e_keytype: Some(vec![5]),
                e_ident: Some(raw(&self.identity)),
                e_skey_id: Some(vec![0, 0, 1]),
                e_skey_val: Some(raw(&self.signed)),
                e_skey_sig: Some(signature),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

pub(crate) fn login(number: u64, device: u32) -> ClientPayload {
    ClientPayload { username: Some(number), device: Some(device), ..Default::default() }
}

pub(crate) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: FrameDecoder,
    ciphers: Option<(NoiseCipher, NoiseCipher)>,
    sent: u32,
    received: u32,
}

impl Raw {
    pub(crate) async fn open(simulator: &Simulator) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(simulator.url()).await.expect("open");
        Self { socket, frames: FrameDecoder::new(), ciphers: None, sent: 0, received: 0 }
    }

    /// A client that finished the handshake with this payload.
    pub(crate) async fn connect(simulator: &Simulator, noise_key: &KeyPair, payload: &ClientPayload) -> Self {
        let mut raw = Self::open(simulator).await;
        raw.handshake(noise_key, payload, |_| ()).await;
        raw
    }

    /// Noise XX as the initiator. `spoil` may change the last message.
    pub(crate) async fn handshake(
        &mut self,
        noise_key: &KeyPair,
        payload: &ClientPayload,
        spoil: impl FnOnce(&mut ClientFinish),
    ) {
        let ephemeral = key_pair();
        let mut noise = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER).expect("a pattern");
        noise.authenticate(&raw(&ephemeral));
        let hello = ClientHello { ephemeral: Some(raw(&ephemeral)), ..Default::default() };
        let hello = HandshakeMessage { client_hello: MessageField::some(hello), ..Default::default() };
        self.write(&hello.encode_to_vec(), Some(&WA_CONN_HEADER)).await;

        let answer = self.read().await.expect("an answer");
        let answer = HandshakeMessage::decode_from_slice(&answer).expect("a handshake message");
        let server = answer.server_hello.into_option().expect("a server hello");
        let server_ephemeral = server.ephemeral.expect("a key");
        noise.authenticate(&server_ephemeral);
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &server_ephemeral).expect("mixed");
        let server_static = noise.decrypt(&server.r#static.expect("a key")).expect("opened");
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &server_static).expect("mixed");
        noise.decrypt(&server.payload.expect("certificates")).expect("opened");
        let sealed_static = noise.encrypt(&raw(noise_key)).expect("sealed");
        noise.mix_shared_secret(noise_key.private_key.serialize(), &server_ephemeral).expect("mixed");
        let sealed_payload = noise.encrypt(&payload.encode_to_vec()).expect("sealed");
        let mut finish = ClientFinish {
            r#static: Some(sealed_static),
            payload: Some(sealed_payload),
            ..Default::default()
        };
        spoil(&mut finish);
        let finish = HandshakeMessage { client_finish: MessageField::some(finish), ..Default::default() };
        self.write(&finish.encode_to_vec(), None).await;
        self.ciphers = Some(noise.finish().expect("keys"));
    }

    pub(crate) async fn write(&mut self, payload: &[u8], header: Option<&[u8]>) {
        let frame = encode_frame(payload, header).expect("a frame");
        self.socket.send(Frame::binary(frame)).await.expect("written");
    }

    async fn read(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.frames.decode_frame() {
                return Some(frame.to_vec());
            }
            match self.socket.next().await {
                Some(Ok(Frame::Binary(bytes))) => self.frames.feed(&bytes),
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, node: &Node) {
        self.send_plain(&marshal(node).expect("a stanza")).await;
    }

    /// Whatever it is, properly sealed.
    pub(crate) async fn send_plain(&mut self, plain: &[u8]) {
        let (write, _) = self.ciphers.as_ref().expect("a handshake");
        let sealed = write.encrypt_with_counter(self.sent, plain).expect("sealed");
        self.sent += 1;
        self.write(&sealed, None).await;
    }

    /// The next stanza; `None` if the server closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Node> {
        let mut frame = self.read().await?;
        let (_, read) = self.ciphers.as_ref().expect("a handshake");
        read.decrypt_in_place_with_counter(self.received, &mut frame).expect("opened");
        self.received += 1;
        let plain = wacore_binary::util::unpack(&frame).expect("unpacked");
        Some(wacore_binary::marshal::unmarshal_ref(&plain).expect("a stanza").to_owned())
    }

    /// Skips stanzas until one fits.
    pub(crate) async fn receive_until(&mut self, fits: impl Fn(&Node) -> bool) -> Node {
        loop {
            let node = self.receive().await.expect("the connection lives");
            if fits(&node) {
                return node;
            }
        }
    }

    /// Asks and gives the answer.
    pub(crate) async fn ask(
        &mut self,
        kind: &str,
        namespace: &str,
        content: impl IntoIterator<Item = Node>,
    ) -> Node {
        let id = format!("ask-{}", self.sent);
        let iq = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("id", id.as_str())
            .attr("type", kind)
            .attr("xmlns", namespace)
            .children(content)
            .build();
        self.send(&iq).await;
        self.receive_until(|node| node.tag == "iq" && attr(node, "id") == id).await
    }
}

/// Links a hand-made client and logs it in.
pub(crate) async fn link(simulator: &Simulator, phone: &Phone, keys: &Keys) -> (Raw, Vec<u8>) {
    let mut raw = Raw::connect(simulator, &keys.noise, &keys.registration()).await;
    let code = qr_code(&mut raw, keys).await;
    let (identity, linked) = tokio::join!(counter_sign(&mut raw, keys, &keys.identity), phone.scan(&code));
    linked.expect("linked");
    let device = u32::try_from(phone.linked_devices().await.len()).expect("few");
    let payload = login(phone.number().parse().expect("digits"), device);
    (Raw::connect(simulator, &keys.noise, &payload).await, identity)
}

/// Reads the server's references and makes a code of the first.
pub(crate) async fn qr_code(client: &mut Raw, keys: &Keys) -> String {
    let offer = client.receive_until(|node| node.get_optional_child("pair-device").is_some()).await;
    let reference =
        offer.get_optional_child_by_tag(&["pair-device", "ref"]).and_then(bytes).expect("a reference");
    let reference = String::from_utf8(reference).expect("text");
    let b64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    format!("{reference},{},{},{},1", b64(&raw(&keys.noise)), b64(&raw(&keys.identity)), b64(&SECRET))
}

/// Answers `pair-success` with a signature by this key; gives the signed identity.
pub(crate) async fn counter_sign(client: &mut Raw, keys: &Keys, signer: &KeyPair) -> Vec<u8> {
    let success = client.receive_until(|node| node.get_optional_child("pair-success").is_some()).await;
    let sealed = success
        .get_optional_child_by_tag(&["pair-success", "device-identity"])
        .and_then(bytes)
        .expect("an identity");
    let sealed = ADVSignedDeviceIdentityHMAC::decode_from_slice(&sealed).expect("sealed");
    let mut identity =
        ADVSignedDeviceIdentity::decode_from_slice(&sealed.details.expect("details")).expect("an identity");
    let details = identity.details.clone().expect("details");
    let account = identity.account_signature_key.clone().expect("a key");
    let message = [[6, 1].as_slice(), &details, &raw(&keys.identity), &account].concat();
    identity.device_signature = Some(sign(signer, &message));
    let key_index =
        ADVDeviceIdentity::decode_from_slice(&details).expect("details").key_index.expect("an index");
    let identity = identity.encode_to_vec();
    let device =
        NodeBuilder::new("device-identity").attr("key-index", key_index).bytes(identity.clone()).build();
    let answer = NodeBuilder::new("iq")
        .attr("to", "s.whatsapp.net")
        .attr("id", attr(&success, "id"))
        .attr("type", "result")
        .children([NodeBuilder::new("pair-device-sign").children([device]).build()])
        .build();
    client.send(&answer).await;
    identity
}

pub(crate) fn attr(node: &Node, name: &str) -> String {
    node.attrs.get(name).map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn bytes(node: &Node) -> Option<Vec<u8>> {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    }
}
