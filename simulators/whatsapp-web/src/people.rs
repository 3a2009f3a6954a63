//! What simulated phones do: read what is sent to them, answer with receipts, write messages of their own.

use std::collections::HashSet;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Server};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::message::{
    AppStateSyncKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
    AppStateSyncKeyShare, DeviceSentMessage, ProtocolMessage, protocol_message,
};
use waproto::whatsapp::{Message, MessageKey};

use crate::account::{Received, Sent, session_name};
use crate::companion::CURVE_25519;
use crate::log::{Event, Rule};
use crate::node::{bytes, id3, leaf};
use crate::recovery;
use crate::signal::{self, Unreadable};
use crate::stanza::device_jid;
use crate::stanza::message::{Envelope, Letter};
use crate::state::{DeviceId, State, message_id};

/// After so many requests a phone gives up sending a message again.
const MAX_RESENDS: u8 = 5;

/// Somebody else's message, or word from an own device.
enum Content {
    Foreign(Message),
    /// What an own companion sent to somebody.
    Sent {
        to: String,
        message: Message,
    },
    AppStateKeyWanted,
    /// A linked device could not read these and asks for them.
    MessagesWanted(Vec<MessageKey>),
    /// Other talk between a client and its phone.
    Housekeeping,
}

impl State {
    /// A phone gets a ciphertext.
    pub(crate) fn phone_receives(&mut self, envelope: &Envelope<'_>, letter: &Letter<'_>, proven: bool) {
        let number = letter.to.number.clone();
        let sender = envelope.sender.clone();
        let opened = if proven { self.open(envelope, letter) } else { Err(Unreadable::Identity) };
        match opened {
            Err(why) => {
                self.account(&number).undecryptable += 1;
                if proven {
                    let detail = format!("message {} to {number}: {why}", envelope.id);
                    self.violation(Rule::Undecryptable, device_jid(&sender), detail);
                }
                self.ask_again(&number, &sender, envelope);
            }
            Ok(content) => self.phone_reads(&number, envelope, content),
        }
    }

    fn open(&mut self, envelope: &Envelope<'_>, letter: &Letter<'_>) -> Result<Content, Unreadable> {
        let sender = &envelope.sender;
        let identity = self.companion(sender).ok_or(Unreadable::Identity)?.registration.identity;
        let name = session_name(&sender.number, sender.device);
        let own = letter.to.number == sender.number;
        let phone = &mut self.account(&letter.to.number).phone;
        let sealed = bytes(letter.enc).unwrap_or_default();
        let plain = phone.decrypt(&name, &identity, &letter.kind(), sealed)?;
        let message =
            Message::decode_from_slice(&plain).map_err(|error| Unreadable::Content(error.to_string()))?;
        Ok(self.sort(message, own))
    }

    fn sort(&self, mut message: Message, own: bool) -> Content {
        if !own {
            return Content::Foreign(message);
        }
        if let Some(sent) = message.device_sent_message.take()
            && let Some(inner) = sent.message.into_option()
        {
            let to = sent.destination_jid.and_then(|jid| jid.parse::<Jid>().ok());
            let to = to.map(|jid| self.resolve(&jid).map_or_else(|| jid.user.to_string(), |it| it.number));
            return Content::Sent { to: to.unwrap_or_default(), message: inner };
        }
        match message.protocol_message.as_option() {
            Some(protocol) if protocol.app_state_sync_key_request.is_set() => Content::AppStateKeyWanted,
            Some(protocol) if let Some(keys) = recovery::wanted(protocol) => Content::MessagesWanted(keys),
            _ => Content::Housekeeping,
        }
    }

    fn phone_reads(&mut self, number: &str, envelope: &Envelope<'_>, content: Content) {
        let sender = &envelope.sender;
        let id = &envelope.id;
        let Some(from) = self.accounts.get(&sender.number) else { return };
        let from = from.jid(envelope.to.server, sender.device);
        let (to, message) = match content {
            Content::Foreign(message) => (None, message),
            Content::Sent { to, message } => (Some(to), message),
            Content::AppStateKeyWanted => return self.send_app_state_key(sender),
            Content::MessagesWanted(keys) => return self.repeat_from_phone(sender, id, keys),
            Content::Housekeeping => return,
        };
        let account = self.account(number);
        let fresh = account.seen.insert((sender.number.clone(), id.clone()));
        if fresh {
            let mut received = Received::new(id, &sender.number, &from, &envelope.kind, message);
            received.flow.clone_from(&envelope.flow);
            match to {
                Some(to) => account.own_sent.push((to, received)),
                None => account.inbox.push(received),
            }
        } else {
            account.duplicates += 1;
        }
        let (delivers, reads) = (account.habits.delivers, account.habits.reads);
        let (id, by) = (id.clone(), number.to_owned());
        let event = if fresh { Event::MessageRead { id, by } } else { Event::DuplicateDropped { id, by } };
        self.log.push(event);
        // A repeated message is receipted like the first: its sender may have missed that receipt.
        if number != sender.number {
            if delivers {
                self.send_receipt(number, &sender.number, &envelope.id, envelope.to.server, None);
            }
            if reads {
                self.send_receipt(number, &sender.number, &envelope.id, envelope.to.server, Some("read"));
            }
        }
    }

    /// A receipt goes to all devices of the sender.
    pub(crate) fn send_receipt(
        &mut self,
        by: &str,
        to: &str,
        id: &str,
        server: Server,
        kind: Option<&'static str>,
    ) {
        let mut receipt = NodeBuilder::new("receipt")
            .attr("from", self.account(by).jid(server, 0))
            .attr("id", id)
            .attr("t", wacore::time::now_secs_u64());
        if let Some(kind) = kind {
            receipt = receipt.attr("type", kind);
        }
        self.log.push(Event::ReceiptSent {
            id: id.to_owned(),
            from: by.to_owned(),
            kind: kind.unwrap_or("delivery").to_owned(),
        });
        self.deliver_to_account(to, &receipt.build());
    }

    /// A phone could not read a message and asks the sending device to send it again, with keys for a new session.
    fn ask_again(&mut self, by: &str, sender: &DeviceId, envelope: &Envelope<'_>) {
        let account = self.account(by);
        let from = account.jid(envelope.to.server, 0);
        let registration = account.phone.registration_id();
        let keys = account.phone.publish();
        let now = wacore::time::now_secs_u64();
        let retry = NodeBuilder::new("retry")
            .attr("v", 1)
            .attr("count", 1)
            .attr("id", envelope.id.as_str())
            .attr("t", now)
            .build();
        let signed = NodeBuilder::new("skey").children([
            leaf("id", id3(keys.signed.id)),
            leaf("value", keys.signed.key),
            leaf("signature", keys.signed.signature),
        ]);
        let mut bundle = vec![leaf("type", [CURVE_25519]), leaf("identity", keys.identity), signed.build()];
        bundle.extend(keys.one_time.as_ref().map(crate::stanza::one_time_node));
        let receipt = NodeBuilder::new("receipt")
            .attr("from", from)
            .attr("id", envelope.id.as_str())
            .attr("type", "retry")
            .attr("t", now)
            .children([
                retry,
                leaf("registration", registration.to_be_bytes()),
                NodeBuilder::new("keys").children(bundle).build(),
            ]);
        let (id, from, kind) = (envelope.id.clone(), by.to_owned(), "retry".to_owned());
        self.log.push(Event::ReceiptSent { id, from, kind });
        self.deliver(sender, receipt.build());
    }

    /// A person writes to an account: to its phone, and to every device linked to it. Gives the message's id.
    pub(crate) fn write_message(&mut self, from: &str, to: &str, message: Message) -> String {
        let id = message_id();
        let server = if self.account(from).habits.writes_from_lid { Server::Lid } else { Server::Pn };
        let jid = self.account(from).jid(server, 0);
        let reader = self.account(to);
        reader.seen.insert((from.to_owned(), id.clone()));
        reader.inbox.push(Received::new(&id, from, &jid, "text", message.clone()));
        self.account(from).outbox.insert(id.clone(), Sent::new(message.clone(), HashSet::new()));
        for device in self.companions_of(to) {
            self.write_to(from, &device, &id, &message, None);
        }
        let habits = &mut self.account(from).habits;
        habits.garbles_next = false;
        habits.adds_to_next.clear();
        // The owner's other devices are told what was written on the phone.
        let server = self.own_server(from);
        let destination = self.account(to).jid(server, 0);
        let copy = Message {
            device_sent_message: MessageField::some(DeviceSentMessage {
                destination_jid: Some(destination.to_string()),
                message: MessageField::some(message),
                ..Default::default()
            }),
            ..Default::default()
        };
        for device in self.companions_of(from) {
            self.write_to(from, &device, &id, &copy, None);
        }
        id
    }

    /// The addressing between an account's own devices.
    fn own_server(&self, number: &str) -> Server {
        let migrated = self.accounts.get(number).is_some_and(|account| account.habits.lid_migrated);
        if migrated { Server::Lid } else { Server::Pn }
    }

    pub(crate) fn companions_of(&self, number: &str) -> Vec<DeviceId> {
        let device = |device: &u16| DeviceId { number: number.to_owned(), device: *device };
        self.accounts
            .get(number)
            .map(|account| account.companions.keys().map(device).collect())
            .unwrap_or_default()
    }

    /// Encrypts one message for one device, starting a session if there is none, and puts it in its queue.
    pub(crate) fn write_to(
        &mut self,
        from: &str,
        to: &DeviceId,
        id: &str,
        message: &Message,
        count: Option<u8>,
    ) {
        let mut sealed = match self.seal(from, to, message) {
            Ok(sealed) => sealed,
            Err(why) => {
                let detail = format!("{from} cannot write to it: {why}");
                return self.violation(Rule::PreKeys, device_jid(to), detail);
            }
        };
        if count.is_none() && self.account(from).habits.garbles_next {
            signal::damage(sealed.0, &mut sealed.1);
        }
        let mut enc = NodeBuilder::new("enc").attr("v", "2").attr("type", sealed.0);
        if let Some(count) = count {
            enc = enc.attr("count", count);
        }
        let enc = enc.bytes(sealed.1).build();
        let stanza = self.message_stanza(from, to, id, message).children([enc]).build();
        if let Some(sent) = self.account(from).outbox.get_mut(id) {
            sent.devices.insert(session_name(&to.number, to.device));
        }
        self.deliver(to, stanza);
    }

    /// A message as this person's phone writes it.
    pub(crate) fn encoded(&mut self, from: &str, message: &Message) -> Vec<u8> {
        let mut plain = message.encode_to_vec();
        plain.extend(&self.account(from).habits.adds_to_next);
        plain
    }

    pub(crate) fn seal(
        &mut self,
        from: &str,
        to: &DeviceId,
        message: &Message,
    ) -> Result<(&'static str, Vec<u8>), String> {
        let name = session_name(&to.number, to.device);
        if !self.account(from).phone.has_session(&name) {
            let (bundle, _) = self.take_bundle(to).ok_or("it is not linked")?;
            let phone = &mut self.account(from).phone;
            phone.start_session(&name, &bundle).map_err(|error| error.to_string())?;
        }
        let plain = self.encoded(from, message);
        self.account(from).phone.encrypt(&name, &plain).map_err(|error| error.to_string())
    }

    pub(crate) fn message_stanza(
        &self,
        from: &str,
        to: &DeviceId,
        id: &str,
        message: &Message,
    ) -> NodeBuilder {
        let stanza = NodeBuilder::new("message")
            .attr("id", id)
            .attr("type", "text")
            .attr("t", wacore::time::now_secs_u64());
        let Some(sender) = self.accounts.get(from) else { return stanza };
        let stanza = stanza.attr("notify", sender.habits.push_name.as_str());
        if from == to.number {
            let server = self.own_server(from);
            let stanza = stanza.attr("from", sender.jid(server, 0));
            let Some(sent) = message.device_sent_message.as_option() else {
                return stanza.attr("category", "peer");
            };
            let recipient = sent.destination_jid.as_deref().and_then(|jid| jid.parse::<Jid>().ok());
            let Some(recipient) = recipient else { return stanza };
            let known = self.resolve(&recipient).and_then(|known| self.accounts.get(&known.number));
            let stanza = stanza.attr("recipient", &recipient);
            return match known.filter(|known| server == Server::Lid && !known.habits.hides_number) {
                Some(known) => stanza.attr("peer_recipient_pn", known.pn(0)),
                None => stanza,
            };
        }
        let habits = &sender.habits;
        let (server, other, name) = if habits.writes_from_lid {
            (Server::Lid, Server::Pn, "sender_pn")
        } else {
            (Server::Pn, Server::Lid, "sender_lid")
        };
        let stanza = stanza.attr("from", sender.jid(server, 0));
        if habits.hides_number { stanza } else { stanza.attr(name, sender.jid(other, 0)) }
    }

    /// A client could not read a phone's message: a new session, the same id.
    pub(crate) fn send_again(&mut self, from: &str, to: &DeviceId, id: &str) {
        let name = session_name(&to.number, to.device);
        let account = self.account(from);
        let Some(sent) = account.outbox.get_mut(id).filter(|sent| sent.resends < MAX_RESENDS) else { return };
        sent.resends += 1;
        let (count, message, group) = (sent.resends, sent.message.clone(), sent.group.clone());
        account.phone.drop_session(&name);
        match group {
            Some(group) => self.send_again_from_group(from, &group, to, id, (count, message)),
            None => self.write_to(from, to, id, &message, Some(count)),
        }
    }

    /// A client reports on a phone's message.
    pub(crate) fn client_receipt(&mut self, person: &str, id: &str, kind: &str) {
        if let Some(sent) = self.account(person).outbox.get_mut(id) {
            sent.receipts.push(kind.to_owned());
        }
    }

    /// A device acknowledged a message: its sender's phone may know.
    pub(crate) fn message_taken(&mut self, by: &DeviceId, id: &str) {
        let name = session_name(&by.number, by.device);
        for account in self.accounts.values_mut() {
            if let Some(sent) = account.outbox.get_mut(id)
                && sent.devices.contains(&name)
            {
                sent.acknowledged.insert(name.clone());
            }
        }
    }

    /// Once a new companion has prekeys, its phone shares the key of the app state with it.
    pub(crate) fn share_app_state_key(&mut self, with: &DeviceId) {
        let Some(companion) = self.companion(with) else { return };
        if companion.one_time_count() > 0 && !std::mem::replace(&mut companion.has_app_state_key, true) {
            self.send_app_state_key(with);
        }
    }

    fn send_app_state_key(&mut self, to: &DeviceId) {
        let account = self.account(&to.number);
        let key = account.app_state_key.clone();
        let fingerprint = AppStateSyncKeyFingerprint {
            raw_id: Some(account.raw_id()),
            current_index: Some(0),
            device_indexes: vec![0],
        };
        let share = AppStateSyncKeyShare {
            keys: vec![AppStateSyncKey {
                key_id: MessageField::some(AppStateSyncKeyId { key_id: Some(key.id) }),
                key_data: MessageField::some(AppStateSyncKeyData {
                    key_data: Some(key.data.to_vec()),
                    fingerprint: MessageField::some(fingerprint),
                    timestamp: Some(wacore::time::now_millis()),
                }),
            }],
        };
        let message = Message {
            protocol_message: MessageField::some(ProtocolMessage {
                r#type: Some(protocol_message::Type::AppStateSyncKeyShare),
                app_state_sync_key_share: MessageField::some(share),
                ..Default::default()
            }),
            ..Default::default()
        };
        let from = to.number.clone();
        self.write_to(&from, to, &message_id(), &message, None);
    }
}
