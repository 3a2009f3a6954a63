//! Misbehaviour on demand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::number::digits;
use crate::simulator::Shared;
use crate::stanza::message::Withheld;
use crate::state::Outgoing;

/// What the server does wrong. One-shot faults disarm themselves; the others stand until they are turned off or
/// [`cleared`](Faults::clear).
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(crate) struct Script {
    pub(crate) nacks: HashMap<String, u16>,
    pub(crate) nack_everything: Option<u16>,
    pub(crate) unregistered: HashSet<String>,
    pub(crate) withhold_acks: bool,
    pub(crate) withheld: Vec<Withheld>,
    pub(crate) repeat_messages: bool,
    pub(crate) drop_before_message: bool,
    pub(crate) drop_after_message: bool,
    pub(crate) refuse_connections: bool,
    pub(crate) unavailable: bool,
    pub(crate) refuse_uploads: Option<u16>,
    pub(crate) refuse_downloads: Option<u16>,
    pub(crate) restricted_until: Option<u64>,
    pub(crate) limit_questions: Option<Overlimit>,
}

/// How WhatsApp says that it was asked too much in its directory, with 429 in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlimit {
    /// The question is refused.
    Question,
    /// It is answered, with an error in place of what is known of each person: nobody is to ask again for so many seconds.
    Persons(u32),
}

impl Faults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn edit(&self, edit: impl FnOnce(&mut Script)) {
        self.shared.with(|state| edit(&mut state.faults));
    }

    /// Messages to this number are answered with `<ack error="code">` and go nowhere. 463 is the answer to an
    /// account that may not write to strangers for now.
    pub fn nack(&self, number: &str, code: u16) {
        self.edit(|script| _ = script.nacks.insert(digits(number), code));
    }

    /// Every message is answered with `<ack error="code">`; `None` ends it.
    pub fn nack_everything(&self, code: Option<u16>) {
        self.edit(|script| script.nack_everything = code);
    }

    /// What the server tells an account that asks until when it may not write to strangers, in Unix seconds; `None`: it may.
    pub fn restricted_until(&self, until: Option<u64>) {
        self.edit(|script| script.restricted_until = until);
    }

    /// Whoever asks whether numbers have an account has asked too much; `None` ends it.
    pub fn limit_questions(&self, how: Option<Overlimit>) {
        self.edit(|script| script.limit_questions = how);
    }

    /// Messages to this number are taken again.
    pub fn clear_nack(&self, number: &str) {
        self.edit(|script| _ = script.nacks.remove(&digits(number)));
    }

    /// Messages are taken and delivered, or refused, but no `<ack>` is sent, until [`release_acks`](Self::release_acks).
    pub fn withhold_acks(&self, on: bool) {
        self.edit(|script| script.withhold_acks = on);
    }

    /// Sends every `<ack>` that was withheld, where its socket is still open, and withholds no more.
    pub fn release_acks(&self) {
        self.shared.with(|state| {
            state.faults.withhold_acks = false;
            for withheld in std::mem::take(&mut state.faults.withheld) {
                state.release(withheld);
            }
        });
    }

    /// Every message for a client is written to its socket twice.
    pub fn repeat_messages(&self, on: bool) {
        self.edit(|script| script.repeat_messages = on);
    }

    /// One-shot: the socket dies when the next message stanza arrives, before anything is done with it.
    pub fn drop_before_message(&self) {
        self.edit(|script| script.drop_before_message = true);
    }

    /// One-shot: the next message stanza reaches its recipient, then the socket dies instead of carrying the `<ack>`.
    pub fn drop_after_message_before_ack(&self) {
        self.edit(|script| script.drop_after_message = true);
    }

    /// Every socket dies now, without a close frame.
    pub fn drop_all(&self) {
        self.shared.with(|state| {
            for connection in state.connections.values() {
                connection.kill.cancel();
            }
        });
    }

    /// New connections are answered with HTTP 503; those that are open stay.
    pub fn refuse_connections(&self, on: bool) {
        self.edit(|script| script.refuse_connections = on);
    }

    /// Connections get through the handshake and are then told `<failure reason="503"/>`.
    pub fn unavailable(&self, on: bool) {
        self.edit(|script| script.unavailable = on);
    }

    /// Half-open: sockets stay open and new ones are accepted, but nothing is read and nothing is answered.
    pub fn stall(&self, on: bool) {
        self.shared.stalled.send_replace(on);
        self.shared.with(|_| ());
    }

    /// Uploads of media are answered with this HTTP status; `None` ends it.
    pub fn refuse_uploads(&self, status: Option<u16>) {
        self.edit(|script| script.refuse_uploads = status);
    }

    /// Downloads of media are answered with this HTTP status; `None` ends it.
    pub fn refuse_downloads(&self, status: Option<u16>) {
        self.edit(|script| script.refuse_downloads = status);
    }

    /// What clients were told to prove themselves with to the media servers is worth nothing from now on; asked again,
    /// the server tells something else.
    pub fn expire_media_auth(&self) {
        self.shared.with(|state| state.media.renew_auth());
    }

    /// Nobody with this number is on WhatsApp.
    pub fn unregistered(&self, number: &str) {
        self.edit(|script| _ = script.unregistered.insert(digits(number)));
    }

    /// Ends every open stream with `<stream:error code="...">`, as the server does for maintenance (503) or after
    /// too much traffic (429).
    pub fn stream_error(&self, code: u16) {
        self.shared.with(|state| {
            for connection in state.connections.values() {
                connection.send(crate::node::stream_error(code));
                let _ = connection.out.send(Outgoing::Close);
            }
        });
    }

    /// Gives the server a new static key, so that the next IK attempt falls back to XX. The key that clients keep is
    /// worthless from then on.
    pub fn rotate_server_key(&self) {
        self.shared.with(crate::state::State::rotate_identity);
    }

    /// Ends all standing faults and disarms the one-shot ones.
    pub fn clear(&self) {
        self.shared.stalled.send_replace(false);
        self.edit(|script| *script = Script::default());
    }
}
