//! What clients send, one file a kind.

mod account;
mod encrypt;
mod iq;
pub(crate) mod message;
mod receipt;
mod usync;

pub(crate) use encrypt::one_time_node;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::companion::Delivery;
use crate::log::{Event, Rule};
use crate::node::{attr, children, server_jid};
use crate::state::{DeviceId, Role, State};

/// Whether the socket lives on after a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Go,
    /// End the socket at once; what was written but not sent is lost.
    Die,
}

impl State {
    /// Takes one stanza in.
    pub(crate) fn receive(&mut self, connection: u64, node: &Node) -> Flow {
        let device = match self.connections.get(&connection).map(|connection| &connection.role) {
            Some(Role::Device { number, device }) => {
                Some(DeviceId { number: number.clone(), device: *device })
            }
            Some(Role::Stranger(_)) => None,
            None => return Flow::Go,
        };
        match device {
            None => self.receive_from_stranger(connection, node),
            // Its last words after it was removed.
            Some(device) if self.companion(&device).is_none() => {}
            Some(device) => return self.receive_from_device(connection, &device, node),
        }
        Flow::Go
    }

    fn receive_from_stranger(&mut self, connection: u64, node: &Node) {
        match (node.tag.as_ref(), attr(node, "type").as_deref()) {
            ("iq", Some("result" | "error")) => self.answer_of_stranger(connection, node),
            ("iq", _) => self.request_of_stranger(connection, node),
            // Acknowledgements of our notifications, telemetry.
            ("ack" | "ib", _) => {}
            (tag, _) => {
                let by = self.name_of(connection);
                self.violation(Rule::NotLoggedIn, by, format!("sent <{tag}> before login"));
            }
        }
    }

    fn receive_from_device(&mut self, connection: u64, from: &DeviceId, node: &Node) -> Flow {
        match node.tag.as_ref() {
            "message" => return self.message(connection, from, node),
            "iq" => self.iq(connection, from, node),
            "receipt" => self.receipt(connection, from, node),
            "ack" => self.ack(from, node),
            "ib" => self.ib(connection, from, node),
            "presence" => self.presence(from, node),
            "chatstate" => self.chat_state(from, node),
            tag => {
                let by = self.name_of(connection);
                self.violation(Rule::Stanza, by, format!("unknown stanza <{tag}>"));
            }
        }
        Flow::Go
    }

    fn send(&self, connection: u64, node: Node) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.send(node);
        }
    }

    fn presence(&mut self, from: &DeviceId, node: &Node) {
        let kind = attr(node, "type").unwrap_or_else(|| "available".to_owned());
        self.log.push(Event::Presence { from: device_jid(from), kind });
    }

    fn chat_state(&mut self, from: &DeviceId, node: &Node) {
        let state = children(node).first().map(|child| child.tag.to_string()).unwrap_or_default();
        let to = attr(node, "to").unwrap_or_default();
        self.log.push(Event::ChatState { from: device_jid(from), to, state });
    }

    /// The client leaves passive mode: it hears how much waits for it, or that nothing does.
    fn activate(&mut self, connection: u64, from: &DeviceId) {
        let copies = if self.faults.repeat_messages { 2 } else { 1 };
        let Some(companion) = self.companion(from) else { return };
        let waiting = companion.queue.len();
        let messages = companion.queue.iter().filter(|queued| queued.key.class == "message").count();
        let receipts = companion.queue.iter().filter(|queued| queued.key.class == "receipt").count();
        let others = waiting - messages - receipts;
        // What comes twice counts twice: a client that has got as many as were announced fetches no more.
        let messages = messages * copies;
        let total = messages + receipts + others;
        if waiting == 0 {
            companion.delivery = Delivery::Live;
        } else {
            companion.delivery = Delivery::Replaying { total, announced: waiting, sent: 0 };
        }
        self.log.push(Event::Active { device: device_jid(from), waiting });
        let content = if waiting == 0 {
            NodeBuilder::new("offline").attr("count", 0)
        } else {
            NodeBuilder::new("offline_preview")
                .attr("count", total)
                .attr("message", messages)
                .attr("receipt", receipts)
                .attr("notification", others)
                .attr("appdata", 0)
                .attr("call", 0)
        };
        self.send(connection, ib(content.build()));
    }

    /// `<ib>`: the client fetches a batch of what waits for it, or tells something nobody needs to know.
    fn ib(&mut self, connection: u64, from: &DeviceId, node: &Node) {
        let Some(batch) = node.get_optional_child("offline_batch") else { return };
        let wanted = attr(batch, "count").and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
        let Some(companion) = self.companion(from) else { return };
        let Delivery::Replaying { total, announced, sent } = companion.delivery else { return };
        let end = announced.min(sent.saturating_add(wanted));
        let batch: Vec<_> = companion.queue.range(sent..end).cloned().collect();
        let finished = end == announced;
        companion.delivery =
            if finished { Delivery::Live } else { Delivery::Replaying { total, announced, sent: end } };
        // What came in since the announcement is not part of it, and follows as if it came in now.
        let since: Vec<_> =
            if finished { companion.queue.range(end..).cloned().collect() } else { Vec::new() };
        for queued in &batch {
            self.write(connection, from, queued, true);
        }
        if finished {
            self.send(connection, ib(NodeBuilder::new("offline").attr("count", total).build()));
            for queued in &since {
                self.write(connection, from, queued, false);
            }
        }
    }
}

fn ib(content: Node) -> Node {
    NodeBuilder::new("ib").attr("from", server_jid()).children([content]).build()
}

/// A device as the log names it.
pub(crate) fn device_jid(id: &DeviceId) -> String {
    Jid::pn_device(id.number.as_str(), id.device).to_string()
}
