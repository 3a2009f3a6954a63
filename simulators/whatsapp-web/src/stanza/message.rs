//! Messages of clients: checked, acknowledged, taken to every device they are for.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use super::{Flow, device_jid};
use crate::directory::participant_hash;
use crate::log::{Event, Rule};
use crate::node::{attr, bytes, child_bytes, children, jid_attr};
use crate::state::{DeviceId, State};

/// The stanza is malformed, or its addressing is not allowed.
const BAD_STANZA: u16 = 400;
/// The recipient is not on WhatsApp.
const NOT_FOUND: u16 = 404;
/// Groups, channels, broadcasts: not here.
const NOT_SIMULATED: u16 = 405;

/// A message stanza that passed.
pub(crate) struct Envelope<'a> {
    pub(crate) id: String,
    /// The `type` attribute.
    pub(crate) kind: String,
    /// As the client addressed it.
    pub(crate) to: Jid,
    pub(crate) sender: DeviceId,
    /// The native flow it announces, for messages with buttons.
    pub(crate) flow: Option<String>,
    /// Talk between a client and its own phone.
    pub(crate) is_peer: bool,
    /// One ciphertext a device.
    pub(crate) letters: Vec<Letter<'a>>,
    identity: Option<&'a [u8]>,
    /// The hash of the devices it should have been for, if it was for others.
    hash: Option<String>,
}

/// An `<ack>` that a fault keeps back.
pub(crate) struct Withheld {
    connection: u64,
    device: DeviceId,
    id: String,
    to: Jid,
    /// The code of a refusal.
    error: Option<u16>,
    hash: Option<String>,
}

/// One ciphertext, for one device.
pub(crate) struct Letter<'a> {
    pub(crate) to: DeviceId,
    pub(crate) enc: &'a Node,
}

impl Letter<'_> {
    pub(crate) fn kind(&self) -> String {
        attr(self.enc, "type").unwrap_or_default()
    }
}

/// Why a message is not taken.
struct Refused {
    code: u16,
    /// Set if it is the client's mistake.
    violation: Option<(Rule, String)>,
}

impl Refused {
    fn mistake(code: u16, rule: Rule, detail: impl Into<String>) -> Self {
        Self { code, violation: Some((rule, detail.into())) }
    }
}

impl State {
    pub(super) fn message(&mut self, connection: u64, from: &DeviceId, node: &Node) -> Flow {
        if std::mem::take(&mut self.faults.drop_before_message) {
            self.log.push(Event::Fault { fault: "drop_before_message" });
            return Flow::Die;
        }
        let Some(id) = attr(node, "id").filter(|id| !id.is_empty()) else {
            self.violation(Rule::Stanza, device_jid(from), "<message> without id");
            return Flow::Go;
        };
        let Some(to) = jid_attr(node, "to") else {
            self.violation(Rule::Stanza, device_jid(from), format!("message {id} without to"));
            return Flow::Go;
        };
        let recipient = self.resolve(&to).map_or_else(|| to.user.to_string(), |known| known.number);
        self.log.push(Event::MessageReceived {
            id: id.clone(),
            from: device_jid(from),
            to: recipient.clone(),
        });
        let refused = self.faults.nacks.get(&recipient).copied().or(self.faults.nack_everything);
        let checked = match refused {
            Some(code) if recipient != from.number => Err(Refused { code, violation: None }),
            _ => self.check(&id, &to, from, node),
        };
        match checked {
            Err(Refused { code, violation }) => {
                if let Some((rule, detail)) = violation {
                    self.violation(rule, device_jid(from), format!("message {id}: {detail}"));
                }
                if self.faults.withhold_acks {
                    self.log.push(Event::AckWithheld { id: id.clone() });
                    let device = from.clone();
                    let refusal = Withheld { connection, device, id, to, error: Some(code), hash: None };
                    self.faults.withheld.push(refusal);
                } else {
                    self.acknowledge(connection, from, &id, &to, Some(code), None);
                }
                Flow::Go
            }
            Ok(envelope) => self.accept(connection, from, &envelope),
        }
    }

    fn accept(&mut self, connection: u64, from: &DeviceId, envelope: &Envelope<'_>) -> Flow {
        let die = !envelope.is_peer && std::mem::take(&mut self.faults.drop_after_message);
        if die {
            self.log.push(Event::Fault { fault: "drop_after_message_before_ack" });
        } else if self.faults.withhold_acks && !envelope.is_peer {
            self.log.push(Event::AckWithheld { id: envelope.id.clone() });
            self.faults.withheld.push(Withheld {
                connection,
                device: from.clone(),
                id: envelope.id.clone(),
                to: envelope.to.clone(),
                error: None,
                hash: envelope.hash.clone(),
            });
        } else {
            let hash = envelope.hash.as_deref();
            self.acknowledge(connection, from, &envelope.id, &envelope.to, None, hash);
        }
        for letter in &envelope.letters {
            // A `pkmsg` has to prove that its device belongs to the account.
            let proven = self.prove(envelope, letter);
            if letter.to.device == 0 {
                self.phone_receives(envelope, letter, proven);
            } else {
                self.forward(envelope, letter);
            }
        }
        if die { Flow::Die } else { Flow::Go }
    }

    /// Sends an `<ack>` that was kept back, if its socket is still there.
    pub(crate) fn release(&mut self, ack: Withheld) {
        let Withheld { connection, device, id, to, error, hash } = ack;
        if self.connections.contains_key(&connection) {
            self.acknowledge(connection, &device, &id, &to, error, hash.as_deref());
        }
    }

    fn acknowledge(
        &mut self,
        connection: u64,
        device: &DeviceId,
        id: &str,
        to: &Jid,
        error: Option<u16>,
        hash: Option<&str>,
    ) {
        let mut ack = NodeBuilder::new("ack")
            .attr("class", "message")
            .attr("id", id)
            .attr("from", to)
            .attr("t", wacore::time::now_secs_u64());
        if let Some(error) = error {
            ack = ack.attr("error", error);
        }
        if let Some(hash) = hash {
            ack = ack.attr("phash", hash);
        }
        self.send(connection, ack.build());
        self.log.push(Event::AckSent { id: id.to_owned(), to: device_jid(device), error });
    }

    fn check<'a>(
        &mut self,
        id: &str,
        to: &Jid,
        from: &DeviceId,
        node: &'a Node,
    ) -> Result<Envelope<'a>, Refused> {
        let bad = |detail: String| Refused::mistake(BAD_STANZA, Rule::Stanza, detail);
        let kind = attr(node, "type").filter(|it| !it.is_empty()).ok_or_else(|| bad("no type".to_owned()))?;
        if !matches!(to.server, Server::Pn | Server::Lid) {
            let detail = format!("to {to}: only one-to-one chats are simulated");
            return Err(Refused::mistake(NOT_SIMULATED, Rule::Addressing, detail));
        }
        let Some(recipient) = self.resolve(to) else {
            let detail = format!("{} is not on WhatsApp", to.user);
            return Err(Refused::mistake(NOT_FOUND, Rule::UnknownRecipient, detail));
        };
        let is_peer = attr(node, "category").as_deref() == Some("peer");
        if is_peer && recipient.number != from.number {
            return Err(bad("a peer message to somebody else".to_owned()));
        }
        if to.server == Server::Lid
            && recipient.number != from.number
            && !self.account(&from.number).habits.lid_migrated
        {
            let detail = "addressed by LID, but the account is not migrated";
            return Err(Refused::mistake(BAD_STANZA, Rule::Addressing, detail));
        }
        let (letters, hash) = if let Some(participants) = node.get_optional_child("participants") {
            self.fan_out(id, to, &recipient, from, participants)?
        } else {
            // To one device: peer messages, and what is sent again to a device that could not read it.
            let enc = node.get_optional_child("enc").ok_or_else(|| bad("no ciphertext".to_owned()))?;
            check_enc(enc).map_err(bad)?;
            (vec![Letter { to: recipient, enc }], None)
        };
        let identity = child_bytes(node, "device-identity");
        let flow = announced_flow(node);
        if let Some(flow) = flow.as_deref().filter(|flow| *flow != "mixed") {
            let detail = format!("the native flow {flow:?}: only `mixed` is delivered");
            return Err(Refused::mistake(NOT_SIMULATED, Rule::Stanza, detail));
        }
        let (sender, id, to) = (from.clone(), id.to_owned(), to.clone());
        Ok(Envelope { id, kind, to, sender, flow, is_peer, letters, identity, hash })
    }

    /// A message to all devices of the recipient and all others of the sender.
    fn fan_out<'a>(
        &mut self,
        id: &str,
        to: &Jid,
        recipient: &DeviceId,
        from: &DeviceId,
        participants: &'a Node,
    ) -> Result<(Vec<Letter<'a>>, Option<String>), Refused> {
        let bad = |detail: String| Refused::mistake(BAD_STANZA, Rule::Stanza, detail);
        let mut expected = self.devices_of(&recipient.number);
        expected.extend(self.devices_of(&from.number));
        expected.retain(|device| device != from);
        expected.sort_by(|one, other| (&one.number, one.device).cmp(&(&other.number, other.device)));
        expected.dedup();
        let mut missing = expected.clone();
        let mut letters = Vec::new();
        for participant in children(participants) {
            let jid =
                jid_attr(participant, "jid").ok_or_else(|| bad("a participant without jid".to_owned()))?;
            if jid.server != to.server {
                let detail = format!("to {to}, but for {jid}: two addressings in one message");
                return Err(Refused::mistake(BAD_STANZA, Rule::Addressing, detail));
            }
            let enc =
                participant.get_optional_child("enc").ok_or_else(|| bad(format!("nothing for {jid}")))?;
            check_enc(enc).map_err(bad)?;
            if let Some(device) = self.resolve(&jid).filter(|device| expected.contains(device)) {
                missing.retain(|other| *other != device);
                letters.push(Letter { to: device, enc });
            } else {
                let detail = format!("message {id} is also for {jid}, which is no device of this chat");
                self.violation(Rule::DeviceList, device_jid(from), detail);
            }
        }
        if letters.is_empty() {
            return Err(bad("for nobody".to_owned()));
        }
        // Not refused: the client's list may be old. The hash tells it to fetch a new one.
        let hash = (!missing.is_empty()).then(|| {
            let jids = expected
                .iter()
                .filter_map(|device| Some(self.accounts.get(&device.number)?.jid(to.server, device.device)));
            participant_hash(jids)
        });
        Ok((letters, hash))
    }

    fn devices_of(&self, number: &str) -> Vec<DeviceId> {
        let device = |device| DeviceId { number: number.to_owned(), device };
        self.accounts.get(number).map(|account| account.devices().map(device).collect()).unwrap_or_default()
    }

    fn prove(&mut self, envelope: &Envelope<'_>, letter: &Letter<'_>) -> bool {
        if letter.kind() != "pkmsg" {
            return true;
        }
        let verified = match envelope.identity {
            None => Err("a pkmsg without <device-identity>"),
            Some(identity) => self
                .companion(&envelope.sender)
                .ok_or("the device is linked no more")
                .and_then(|companion| companion.adv.verify(identity)),
        };
        if let Err(why) = verified {
            let detail = format!("message {}: {why}", envelope.id);
            self.violation(Rule::DeviceIdentity, device_jid(&envelope.sender), detail);
        }
        verified.is_ok()
    }

    /// Passes a ciphertext on to another linked device.
    fn forward(&mut self, envelope: &Envelope<'_>, letter: &Letter<'_>) {
        let Some(account) = self.accounts.get(&envelope.sender.number) else { return };
        let server = envelope.to.server;
        let mut message = NodeBuilder::new("message")
            .attr("from", account.jid(server, envelope.sender.device))
            .attr("id", envelope.id.as_str())
            .attr("type", envelope.kind.as_str())
            .attr("t", wacore::time::now_secs_u64())
            .attr("notify", account.habits.push_name.as_str());
        let other = if server == Server::Lid { Server::Pn } else { Server::Lid };
        let other = account.jid(other, envelope.sender.device);
        message = message.attr(if server == Server::Lid { "sender_pn" } else { "sender_lid" }, other);
        if letter.to.number == envelope.sender.number {
            message = message.attr("recipient", envelope.to.to_non_ad());
        }
        let mut content = vec![letter.enc.clone()];
        content.extend(envelope.identity.map(|identity| crate::node::leaf("device-identity", identity)));
        self.deliver(&letter.to, message.children(content).build());
    }
}

/// `<biz><interactive type="native_flow"><native_flow name="..."/></interactive></biz>`, which phones take buttons from
/// only together with `<bot biz_bot="1"/>`.
fn announced_flow(node: &Node) -> Option<String> {
    let interactive = node.get_optional_child("biz")?.get_optional_child("interactive")?;
    let by_bot = node.get_optional_child("bot").and_then(|bot| attr(bot, "biz_bot"));
    let flow = interactive.get_optional_child("native_flow").and_then(|flow| attr(flow, "name"));
    flow.filter(|_| by_bot.as_deref() == Some("1"))
}

fn check_enc(enc: &Node) -> Result<(), String> {
    if attr(enc, "v").as_deref() != Some("2") {
        return Err("ciphertext of another version than 2".to_owned());
    }
    match attr(enc, "type").as_deref() {
        Some("msg" | "pkmsg") if bytes(enc).is_some_and(|bytes| !bytes.is_empty()) => Ok(()),
        Some("msg" | "pkmsg") => Err("an empty ciphertext".to_owned()),
        other => Err(format!("ciphertext of type {other:?} in a one-to-one chat")),
    }
}
