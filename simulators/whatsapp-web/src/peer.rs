//! Somebody a client talks to.

use wacore_binary::{Jid, Server};
use waproto::whatsapp::Message;

use crate::account::{Habits, Received};
use crate::number::digits;
use crate::{Phone, Press, Simulator};

/// A person on WhatsApp, with a phone that truly decrypts what is sent to it.
#[derive(Clone)]
pub struct Peer {
    simulator: Simulator,
    number: String,
    lid: String,
}

impl Peer {
    pub(crate) fn new(simulator: Simulator, number: String) -> Self {
        let lid = simulator.lid_of(&number);
        Self { simulator, number, lid }
    }

    fn habit(&self, change: impl FnOnce(&mut Habits)) {
        self.simulator.with(|state| change(&mut state.account(&self.number).habits));
    }

    /// The number, digits only.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The user part of the LID, digits only.
    pub fn lid(&self) -> &str {
        &self.lid
    }

    /// The next message that was not yet taken, in order of arrival. Waits for one without end: put a timeout
    /// around it.
    pub async fn next_message(&self) -> Received {
        let mut next = None;
        loop {
            self.simulator
                .wait_until(|simulator| {
                    next = simulator.shared.take_message(&self.number);
                    next.is_some()
                })
                .await;
            if let Some(next) = next.take() {
                return next;
            }
        }
    }

    /// All messages, in order of arrival. Repeated ids are not among them.
    pub fn received(&self) -> Vec<Received> {
        self.simulator.look(&self.number, |account| account.inbox.clone())
    }

    /// How many there are of them: what `received` would count, without copying them.
    pub fn received_count(&self) -> usize {
        self.simulator.look(&self.number, |account| account.inbox.len())
    }

    /// How often a message came whose id was there before.
    pub fn duplicates(&self) -> usize {
        self.simulator.look(&self.number, |account| account.duplicates)
    }

    /// How often a message could not be read. Each is also among the violations.
    pub fn undecryptable(&self) -> usize {
        self.simulator.look(&self.number, |account| account.undecryptable)
    }

    /// Writes a text to an account: to its phone and all devices linked to it, now or when they come back. Gives
    /// the message's id.
    pub async fn send_text(&self, to: &Phone, text: &str) -> String {
        let message = Message { conversation: Some(text.to_owned()), ..Default::default() };
        self.send(to, message).await
    }

    /// Writes any message. Gives its id.
    pub async fn send(&self, to: &Phone, message: Message) -> String {
        self.simulator.with(|state| state.write_message(&self.number, to.number(), message))
    }

    /// Writes a message that only the phone gets: linked devices are told that there is one, and have to ask the phone
    /// for it. Gives its id.
    pub async fn send_to_phone_only(&self, to: &Phone, message: Message) -> String {
        self.simulator.with(|state| state.write_to_phone_only(&self.number, to.number(), &message, None))
    }

    /// Writes a message that may be looked at once. Linked devices are told that there is one; none of them ever gets it. Gives
    /// its id.
    pub async fn send_view_once(&self, to: &Phone, message: Message) -> String {
        let once = Some("view_once");
        self.simulator.with(|state| state.write_to_phone_only(&self.number, to.number(), &message, once))
    }

    /// Presses the quick reply with this id below a message that arrived, and sends it in this form. Gives the id of the
    /// answer; `None` if the phone shows no such button.
    pub async fn press(&self, received: &Received, button: &str, form: Press) -> Option<String> {
        let device = received.from_device.parse::<Jid>().ok()?.to_non_ad().to_string();
        let answer = crate::buttons::press(received, button, form, device)?;
        Some(self.simulator.with(|state| state.write_message(&self.number, &received.from, answer)))
    }

    /// Reads a message: its sender gets the receipt. Nothing happens for an id that did not arrive.
    pub async fn read(&self, message_id: &str) {
        self.receipt(message_id, Some("read"));
    }

    /// Sends the receipt of delivery. Nothing happens for an id that did not arrive.
    pub async fn deliver(&self, message_id: &str) {
        self.receipt(message_id, None);
    }

    fn receipt(&self, id: &str, kind: Option<&'static str>) {
        self.simulator.with(|state| {
            let received = state.account(&self.number).inbox.iter().find(|it| it.id == id);
            let Some((to, device)) = received.map(|it| (it.from.clone(), it.from_device.clone())) else {
                return;
            };
            // In the addressing that the sender used.
            let server = device.parse::<Jid>().map_or(Server::Pn, |jid| jid.server);
            state.send_receipt(&self.number, &to, id, server, kind);
        });
    }

    /// Whether receipts of delivery are sent by themselves. They are, unless turned off.
    pub fn auto_deliver(&self, on: bool) {
        self.habit(|habits| habits.delivers = on);
    }

    /// Whether receipts of reading are sent by themselves. They are not, unless turned on.
    pub fn auto_read(&self, on: bool) {
        self.habit(|habits| habits.reads = on);
    }

    /// Whether messages of this person come from the LID instead of the number.
    pub fn addressed_by_lid(&self, on: bool) {
        self.habit(|habits| habits.writes_from_lid = on);
    }

    /// Whether messages leave out the other address (`sender_pn`, `sender_lid`), and the directory does not tell the
    /// number to a LID. A client that knows the number still finds the LID to it.
    pub fn hide_number(&self, on: bool) {
        self.habit(|habits| habits.hides_number = on);
    }

    /// Whether the directory, asked for the number, answers with the LID and the number beside it.
    pub fn listed_by_lid(&self, on: bool) {
        self.habit(|habits| habits.listed_by_lid = on);
    }

    /// People write the number in this way, too, as Brazilians do with and without the ninth digit. The directory finds it
    /// by both, and tells the one it is known by; messages to the other reach nobody.
    pub fn also_written(&self, number: &str) {
        self.simulator.with(|state| _ = state.other_forms.insert(digits(number), self.number.clone()));
    }

    /// The first copy of the next message cannot be read by linked devices: they have to ask for it again.
    pub fn garble_next(&self) {
        self.habit(|habits| habits.garbles_next = true);
    }

    /// This person's phone is newer than everybody here: the next message carries these bytes too, of protobuf fields nobody has
    /// heard of. A copy that is asked for again is without them.
    pub fn adds_to_next(&self, fields: &[u8]) {
        self.habit(|habits| habits.adds_to_next = fields.to_vec());
    }

    /// The phone loses its sessions, as after a restored backup: it cannot read what was encrypted for them, and asks
    /// for it again.
    pub fn forget_sessions(&self) {
        self.simulator.with(|state| state.account(&self.number).phone.drop_sessions());
    }

    /// The name this person goes by.
    pub fn push_name(&self, name: &str) {
        self.habit(|habits| name.clone_into(&mut habits.push_name));
    }

    /// Whether every linked device that this message went to has acknowledged it. `false` for an unknown id and for
    /// a message that went to no linked device.
    pub async fn acked_by_client(&self, message_id: &str) -> bool {
        self.simulator.look(&self.number, |account| {
            let sent = account.outbox.get(message_id);
            sent.is_some_and(|sent| !sent.devices.is_empty() && sent.devices == sent.acknowledged)
        })
    }

    /// The receipts clients sent for a message of this person, in order: `delivery`, `inactive` (delivered while
    /// nobody looks), `read`, `retry` and so on.
    pub fn receipts_of(&self, message_id: &str) -> Vec<String> {
        self.simulator.look(&self.number, |account| {
            account.outbox.get(message_id).map(|sent| sent.receipts.clone()).unwrap_or_default()
        })
    }
}
