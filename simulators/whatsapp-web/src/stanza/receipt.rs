//! Receipts and acknowledgements of clients.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, Server};

use super::device_jid;
use crate::companion::StanzaKey;
use crate::log::{Event, Rule};
use crate::node::{attr, children, jid_attr};
use crate::state::{DeviceId, State};

impl State {
    /// A receipt says what became of a message. Any but a retry also takes it off the queue.
    pub(super) fn receipt(&mut self, connection: u64, from: &DeviceId, node: &Node) {
        let (Some(id), Some(to)) = (attr(node, "id"), jid_attr(node, "to")) else {
            return self.violation(Rule::Stanza, device_jid(from), "<receipt> without id or to");
        };
        let kind = attr(node, "type").unwrap_or_else(|| "delivery".to_owned());
        let mut ids = vec![id.clone()];
        if let Some(list) = node.get_optional_child("list") {
            ids.extend(children(list).iter().filter_map(|item| attr(item, "id")));
        }
        // In a group, the receipt names whose message it is for.
        let writer =
            if to.server == Server::Group { jid_attr(node, "participant") } else { Some(to.clone()) };
        let person = writer.and_then(|writer| self.resolve(&writer)).map(|known| known.number);
        for id in &ids {
            self.log.push(Event::ReceiptReceived {
                id: id.clone(),
                from: device_jid(from),
                to: person.clone().unwrap_or_default(),
                kind: kind.clone(),
            });
            if kind != "retry" {
                self.taken(from, StanzaKey { class: "message".to_owned(), id: id.clone(), kind: None });
            }
            if let Some(person) = &person {
                self.client_receipt(person, id, &kind);
            }
        }
        let mut ack = NodeBuilder::new("ack")
            .attr("class", "receipt")
            .attr("id", id.as_str())
            .attr("from", &to)
            .attr("t", wacore::time::now_secs_u64());
        if let Some(kind) = attr(node, "type") {
            ack = ack.attr("type", kind);
        }
        self.send(connection, ack.build());
        if kind == "retry"
            && let Some(person) = person
        {
            self.send_again(&person, from, &id);
        }
    }

    /// `<ack>` takes a stanza off the queue.
    pub(super) fn ack(&mut self, from: &DeviceId, node: &Node) {
        let (Some(id), Some(class)) = (attr(node, "id"), attr(node, "class")) else {
            return self.violation(Rule::Acknowledgement, device_jid(from), "<ack> without id or class");
        };
        if attr(node, "to").is_none() {
            let detail = format!("<ack> of {class} {id} without to");
            self.violation(Rule::Acknowledgement, device_jid(from), detail);
        }
        let kind = if class == "message" { None } else { attr(node, "type") };
        if let Some(error) = attr(node, "error") {
            let detail = format!("{class} {id} was refused with {error}");
            self.violation(Rule::Acknowledgement, device_jid(from), detail);
        }
        self.taken(from, StanzaKey { class, id, kind });
    }

    fn taken(&mut self, by: &DeviceId, key: StanzaKey) {
        let acknowledged = self.companion(by).is_some_and(|companion| companion.acknowledge(&key));
        if acknowledged {
            if key.class == "message" {
                self.message_taken(by, &key.id);
            }
            let StanzaKey { class, id, .. } = key;
            self.log.push(Event::Acknowledged { id, class, by: device_jid(by) });
        }
    }
}
