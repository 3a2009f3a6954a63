//! Groups: one ciphertext for all, under a sender key that every device of a member got once.
//!
//! A writer's phone hands each device its sender key in a message of its own (`pkmsg` or `msg`), beside the first ciphertext
//! (`skmsg`) that needs it; later messages carry only the `skmsg`. A device that could not read asks the writer's phone, and gets the
//! message for itself alone, the key with it.

use std::collections::HashSet;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};
use waproto::buffa::MessageField;
use waproto::whatsapp::Message;
use waproto::whatsapp::message::SenderKeyDistributionMessage;

use crate::account::{Received, Sent, session_name};
use crate::log::Rule;
use crate::number::digits;
use crate::signal::SenderKeyShare;
use crate::stanza::device_jid;
use crate::state::{DeviceId, State, message_id};
use crate::{Peer, Phone, Simulator};

/// A group under test: its members write, the linked devices of members read.
#[derive(Clone)]
pub struct Group {
    simulator: Simulator,
    jid: Jid,
}

impl Group {
    pub(crate) fn new(simulator: Simulator, owner: &Phone, members: &[&Peer], addressing: Server) -> Self {
        let mut numbers = vec![digits(owner.number())];
        numbers.extend(members.iter().map(|member| digits(member.number())));
        let jid = simulator.with(|state| state.found_group(numbers, addressing));
        Self { simulator, jid }
    }

    /// Its JID, such as `120363000000000001@g.us`.
    pub fn jid(&self) -> String {
        self.jid.to_string()
    }

    /// A member writes a text. Gives the message's id.
    pub async fn send_text(&self, from: &Peer, text: &str) -> String {
        self.send(from, Message { conversation: Some(text.to_owned()), ..Default::default() }).await
    }

    /// A member writes any message. Gives its id.
    pub async fn send(&self, from: &Peer, message: Message) -> String {
        self.simulator.with(|state| state.write_to_group(from.number(), &self.jid, &message))
    }

    /// The owner of an account that is a member writes a text on the phone itself. Gives the message's id.
    pub async fn send_text_from_phone(&self, from: &Phone, text: &str) -> String {
        let message = Message { conversation: Some(text.to_owned()), ..Default::default() };
        self.simulator.with(|state| state.write_to_group(from.number(), &self.jid, &message))
    }

    /// A member's linked devices are given no key any more: what that member writes next cannot be read, until it is asked for.
    pub fn withhold_key(&self, from: &Peer) {
        self.simulator.with(|state| state.withhold_sender_key(from.number(), &self.jid));
    }
}

/// What the server knows of a group.
pub(crate) struct GroupState {
    /// Numbers.
    pub(crate) members: Vec<String>,
    /// Whether members are told by number or by LID.
    pub(crate) addressing: Server,
    /// Who gave whom their key: a member's number and a device.
    shared: HashSet<(String, DeviceId)>,
}

impl State {
    fn found_group(&mut self, members: Vec<String>, addressing: Server) -> Jid {
        let jid = Jid::new(format!("1203630000000{:05}", self.groups.len() + 1), Server::Group);
        for member in &members {
            let _created_at_need = self.account(member);
        }
        let group = GroupState { members, addressing, shared: HashSet::new() };
        self.groups.insert(jid.to_string(), group);
        jid
    }

    /// A member writes to all linked devices of all members, the own ones among them. Gives the message's id.
    fn write_to_group(&mut self, from: &str, group: &Jid, message: &Message) -> String {
        let id = message_id();
        let Some(members) = self.groups.get(&group.to_string()).map(|it| it.members.clone()) else {
            return id;
        };
        let writer = self.account(from).jid(Server::Pn, 0);
        for member in members.iter().filter(|member| *member != from) {
            let reader = self.account(member);
            reader.seen.insert((from.to_owned(), id.clone()));
            reader.inbox.push(Received::new(&id, from, &writer, "text", message.clone()));
        }
        let sent = Sent { group: Some(group.clone()), ..Sent::new(message.clone(), HashSet::new()) };
        self.account(from).outbox.insert(id.clone(), sent);
        let plain = self.encoded(from, message);
        let sealed = self.account(from).phone.encrypt_for_group(&group.to_string(), &plain);
        let (share, sealed) = match sealed {
            Ok(sealed) => sealed,
            Err(why) => {
                self.violation(Rule::PreKeys, from, format!("cannot write to {group}: {why}"));
                return id;
            }
        };
        for device in members.iter().flat_map(|member| self.companions_of(member)).collect::<Vec<_>>() {
            self.deliver_to_member(from, group, &device, &id, &share, &sealed);
        }
        self.account(from).habits.adds_to_next.clear();
        id
    }

    fn deliver_to_member(
        &mut self,
        from: &str,
        group: &Jid,
        to: &DeviceId,
        id: &str,
        share: &SenderKeyShare,
        sealed: &[u8],
    ) {
        let known = (from.to_owned(), to.clone());
        let is_new = self.groups.get_mut(&group.to_string()).is_some_and(|it| it.shared.insert(known));
        let mut content = Vec::new();
        if is_new {
            match self.seal(from, to, &carries(group, share)) {
                Ok((kind, sealed)) => content.push(enc(kind, None, sealed)),
                Err(why) => {
                    let detail = format!("{from} cannot give it a sender key: {why}");
                    return self.violation(Rule::PreKeys, device_jid(to), detail);
                }
            }
        }
        content.push(enc("skmsg", None, sealed.to_vec()));
        self.deliver_from_group(from, group, to, id, content);
    }

    fn deliver_from_group(&mut self, from: &str, group: &Jid, to: &DeviceId, id: &str, content: Vec<Node>) {
        if let Some(sent) = self.account(from).outbox.get_mut(id) {
            sent.devices.insert(session_name(&to.number, to.device));
        }
        let stanza = self.group_stanza(from, group, id).children(content).build();
        self.deliver(to, stanza);
    }

    fn group_stanza(&self, from: &str, group: &Jid, id: &str) -> NodeBuilder {
        let stanza = NodeBuilder::new("message")
            .attr("id", id)
            .attr("type", "text")
            .attr("from", group)
            .attr("t", wacore::time::now_secs_u64());
        let (Some(sender), Some(group)) = (self.accounts.get(from), self.groups.get(&group.to_string()))
        else {
            return stanza;
        };
        let (mode, other, name) = match group.addressing {
            Server::Lid => ("lid", Server::Pn, "participant_pn"),
            _ => ("pn", Server::Lid, "participant_lid"),
        };
        let stanza = stanza
            .attr("participant", sender.jid(group.addressing, 0))
            .attr("addressing_mode", mode)
            .attr("notify", sender.habits.push_name.as_str());
        if sender.habits.hides_number { stanza } else { stanza.attr(name, sender.jid(other, 0)) }
    }

    /// A device could not read a message of a group: it gets it for itself, with the key for what follows.
    pub(crate) fn send_again_from_group(
        &mut self,
        from: &str,
        group: &Jid,
        to: &DeviceId,
        id: &str,
        (count, mut message): (u8, Message),
    ) {
        let share = match self.account(from).phone.sender_key(&group.to_string()) {
            Ok(share) => share,
            Err(why) => return self.violation(Rule::PreKeys, from, format!("no sender key: {why}")),
        };
        message.sender_key_distribution_message = carries(group, &share).sender_key_distribution_message;
        if let Ok((kind, sealed)) = self.seal(from, to, &message) {
            self.deliver_from_group(from, group, to, id, vec![enc(kind, Some(count), sealed)]);
        }
    }

    /// The members of a group, as the server tells those who ask.
    pub(crate) fn group_node(&self, jid: &Jid) -> Option<Node> {
        let group = self.groups.get(&jid.to_string())?;
        let participants = group.members.iter().filter_map(|member| {
            let account = self.accounts.get(member)?;
            let node = NodeBuilder::new("participant").attr("jid", account.jid(group.addressing, 0));
            Some(node.attr("phone_number", account.pn(0)).attr("lid", account.jid(Server::Lid, 0)).build())
        });
        let mode = if group.addressing == Server::Lid { "lid" } else { "pn" };
        let node = NodeBuilder::new("group")
            .attr("id", jid.user.as_str())
            .attr("subject", "Simulated")
            .attr("creation", 1_700_000_000_u64)
            .attr("addressing_mode", mode);
        Some(node.children(participants).build())
    }

    fn withhold_sender_key(&mut self, from: &str, group: &Jid) {
        // A new key, which the books say everybody has.
        self.account(from).phone.forget_sender_key(&group.to_string());
        let devices: Vec<DeviceId> = self
            .groups
            .get(&group.to_string())
            .map(|group| group.members.clone())
            .unwrap_or_default()
            .iter()
            .flat_map(|member| self.companions_of(member))
            .collect();
        if let Some(group) = self.groups.get_mut(&group.to_string()) {
            group.shared.extend(devices.into_iter().map(|device| (from.to_owned(), device)));
        }
    }
}

/// The message that carries a sender key.
fn carries(group: &Jid, share: &SenderKeyShare) -> Message {
    Message {
        sender_key_distribution_message: MessageField::some(SenderKeyDistributionMessage {
            group_id: Some(group.to_string()),
            axolotl_sender_key_distribution_message: Some(share.0.clone()),
        }),
        ..Default::default()
    }
}

fn enc(kind: &str, count: Option<u8>, sealed: Vec<u8>) -> Node {
    let mut enc = NodeBuilder::new("enc").attr("v", "2").attr("type", kind.to_owned());
    if let Some(count) = count {
        enc = enc.attr("count", count);
    }
    enc.bytes(sealed).build()
}
