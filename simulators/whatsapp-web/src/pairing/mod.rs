//! Linking a device: what the server does between an unregistered client and a phone.
//!
//! Both ways end the same: the phone signs the client's identity key, the server hands the signature over in
//! `pair-success`, and the client counter-signs in `pair-device-sign`. They differ in how the phone and the client
//! come to share the secret that seals it: it is in the QR code, or agreed on with the help of an eight-character code.

mod link_code;
mod qr;

use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::Message as _;
use waproto::whatsapp::ClientPairingProps;

use crate::adv::SignedDevice;
use crate::companion::{Companion, Registration};
use crate::log::{Event, Rule};
use crate::node::{attr, bytes, child_bytes, children, iq_error, iq_set, leaf, notification, stream_error};
use crate::state::{DeviceId, Role, State};

pub(crate) use link_code::PrimaryHello;
pub(crate) use qr::QrCode;

/// How long a phone waits for the client before it shows an error.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// "Restart": the client has to connect again, now with a login.
const RESTART: u16 = 515;

/// Why a phone did not link a device. The phone shows "couldn't link device" for most of them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkRefused {
    /// The QR code is not one.
    #[error("not a QR code for linking: {0}")]
    NotACode(&'static str),
    /// No client shows this code, or it is too old, or was replaced.
    #[error("no client shows this code (any more)")]
    UnknownCode,
    /// The keys in the QR code are not the ones the client registered with.
    #[error("the keys in the code are not those of the client")]
    KeyMismatch,
    /// The eight characters are not those the client shows.
    #[error("this is not the code the client shows")]
    WrongCode,
    /// The account links devices with a passkey only.
    #[error("this account asks for a passkey")]
    PasskeyRequired,
    /// Four devices are linked already.
    #[error("too many devices are linked")]
    TooManyDevices,
    /// The client refused the link.
    #[error("the client refused the link: {code} {text}")]
    RefusedByClient {
        /// Its error code.
        code: String,
        /// Its error text.
        text: String,
    },
    /// The client's counter-signature is wrong.
    #[error("the client's answer does not verify: {0}")]
    BadSignature(String),
    /// The client went away before the link was complete.
    #[error("the client went away")]
    ConnectionLost,
    /// The client did not answer in time.
    #[error("the client did not answer in time")]
    NoAnswer,
}

/// An unregistered client, waiting to be linked.
pub(crate) struct Pairing {
    pub(crate) registration: Registration,
    qr: qr::Offer,
    link_code: Option<link_code::Request>,
    pending: Option<Pending>,
}

/// A link that the phone has signed and the client has not.
struct Pending {
    iq: String,
    number: String,
    device: u16,
    adv: SignedDevice,
    done: oneshot::Sender<Result<(), LinkRefused>>,
}

impl Pairing {
    pub(crate) fn new(registration: Registration) -> Self {
        Self { registration, qr: qr::Offer::default(), link_code: None, pending: None }
    }
}

impl State {
    fn pairing(&mut self, connection: u64) -> Option<&mut Pairing> {
        match &mut self.connections.get_mut(&connection)?.role {
            Role::Stranger(pairing) => Some(pairing),
            Role::Device { .. } => None,
        }
    }

    fn pairings(&self) -> impl Iterator<Item = (u64, &Pairing)> {
        self.connections.iter().filter_map(|(id, connection)| match &connection.role {
            Role::Stranger(pairing) => Some((*id, pairing.as_ref())),
            Role::Device { .. } => None,
        })
    }

    fn tell(&self, connection: u64, node: Node) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.send(node);
        }
    }

    /// What the phone's owner has decided holds for every way of linking.
    pub(crate) fn may_link(&mut self, connection: u64, number: &str) -> Result<(), LinkRefused> {
        if self.account(number).habits.requires_passkey {
            let options = r#"{"challenge":"c2ltdWxhdGVkIGNoYWxsZW5nZQ","rpId":"whatsapp.com","userVerification":"required","timeout":60000,"allowCredentials":[]}"#;
            let id = self.new_iq_id();
            let content = leaf("passkey_request_options", options);
            self.tell(connection, notification(&id, "passkey_prologue_request", content));
            self.log.push(Event::PasskeyRequested { number: number.to_owned() });
            return Err(LinkRefused::PasskeyRequired);
        }
        if !self.account(number).can_link() {
            return Err(LinkRefused::TooManyDevices);
        }
        Ok(())
    }

    /// The phone signs the client's identity key; `secret` seals the signature on its way.
    pub(crate) fn sign(
        &mut self,
        connection: u64,
        number: &str,
        secret: &[u8],
    ) -> Result<oneshot::Receiver<Result<(), LinkRefused>>, LinkRefused> {
        let registration = self.pairing(connection).ok_or(LinkRefused::ConnectionLost)?.registration.clone();
        let account = self.account(number);
        let (device, adv) = account.sign_companion(&registration);
        let props = ClientPairingProps {
            is_chat_db_lid_migrated: Some(account.habits.lid_migrated),
            ..Default::default()
        };
        let success = NodeBuilder::new("pair-success")
            .children([
                leaf("device-identity", adv.for_companion(secret)),
                NodeBuilder::new("biz").build(),
                NodeBuilder::new("platform").attr("name", "android").build(),
                NodeBuilder::new("device")
                    .attr("jid", account.pn(device))
                    .attr("lid", account.jid(wacore_binary::Server::Lid, device))
                    .build(),
                leaf("client-props", props.encode_to_vec()),
            ])
            .build();
        let iq = self.new_iq_id();
        let (done, receiver) = oneshot::channel();
        let pending = Pending { iq: iq.clone(), number: number.to_owned(), device, adv, done };
        self.pairing(connection).ok_or(LinkRefused::ConnectionLost)?.pending = Some(pending);
        self.tell(connection, iq_set(&iq, "md", success));
        Ok(receiver)
    }

    /// The client's answer to one of our requests. Only the one to `pair-success` matters.
    pub(crate) fn answer_of_stranger(&mut self, connection: u64, answer: &Node) {
        let Some(pairing) = self.pairing(connection) else { return };
        let Some(pending) = pairing.pending.take_if(|pending| attr(answer, "id") == Some(pending.iq.clone()))
        else {
            return;
        };
        let registration = pairing.registration.clone();
        let Pending { iq, number, device, mut adv, done } = pending;
        if attr(answer, "type").as_deref() == Some("error") {
            let of = |name| answer.get_optional_child("error").and_then(|error| attr(error, name));
            let (code, text) = (of("code").unwrap_or_default(), of("text").unwrap_or_default());
            let _ = done.send(Err(LinkRefused::RefusedByClient { code, text }));
            return;
        }
        if let Err(why) = check_counter_signature(answer, &mut adv) {
            self.violation(Rule::Linking, self.name_of(connection), why);
            self.tell(connection, iq_error(&iq, 401, "not-authorized"));
            let _ = done.send(Err(LinkRefused::BadSignature(why.to_owned())));
            return;
        }
        let account = self.account(&number);
        account.companions.insert(device, Companion::new(registration, adv));
        let jid = account.pn(device).to_string();
        self.log.push(Event::Linked { device: jid });
        self.announce_devices(&DeviceId { number, device });
        if let Some(connection) = self.connections.get(&connection) {
            connection.end(stream_error(RESTART));
        }
        let _ = done.send(Ok(()));
    }

    /// A request of an unregistered client. All it may ask for concerns linking.
    pub(crate) fn request_of_stranger(&mut self, connection: u64, iq: &Node) {
        let id = attr(iq, "id").unwrap_or_default();
        let namespace = attr(iq, "xmlns").unwrap_or_default();
        let answer = match (namespace.as_str(), children(iq).first().map(|child| child.tag.as_ref())) {
            ("md", Some("link_code_companion_reg")) => {
                self.link_code_request(connection, &id, &children(iq)[0])
            }
            ("md", Some("ref")) => self.another_ref(connection, &id),
            ("w:p", None) => crate::node::iq_result(&id, []),
            (_, child) => {
                let detail = format!("asked for {namespace} {} before login", child.unwrap_or_default());
                self.violation(Rule::NotLoggedIn, self.name_of(connection), detail);
                iq_error(&id, 401, "not-authorized")
            }
        };
        self.tell(connection, answer);
    }
}

fn check_counter_signature(answer: &Node, adv: &mut SignedDevice) -> Result<(), &'static str> {
    let identity = answer
        .get_optional_child("pair-device-sign")
        .and_then(|sign| sign.get_optional_child("device-identity"))
        .ok_or("no device identity in the answer to pair-success")?;
    let key_index = attr(identity, "key-index").and_then(|index| index.parse().ok());
    if key_index != Some(adv.key_index) {
        return Err("the key index is not the one the phone gave out");
    }
    adv.accept(bytes(identity).unwrap_or_default())
}

/// Reads a child of exactly 32 bytes.
fn key_child(node: &Node, tag: &str) -> Option<[u8; 32]> {
    child_bytes(node, tag)?.try_into().ok()
}
