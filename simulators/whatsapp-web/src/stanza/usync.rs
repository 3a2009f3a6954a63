//! The directory: who is on WhatsApp, which devices they have, which LID belongs to which number.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use super::iq::{Answer, BAD_REQUEST, Request};
use crate::faults::Overlimit;
use crate::node::{attr, children, error, jid_attr, text};
use crate::number::digits;
use crate::state::{DeviceId, State};

/// Who asks too much is answered with this.
const TOO_MANY: u16 = 429;
const OVERLIMIT: &str = "rate-overlimit";

impl State {
    pub(super) fn usync(&mut self, request: &Request<'_>) -> Answer {
        let usync = request.content.filter(|usync| usync.tag == "usync").ok_or(BAD_REQUEST)?;
        let protocols: Vec<String> = usync
            .get_optional_child("query")
            .map(|query| children(query).iter().map(|protocol| protocol.tag.to_string()).collect())
            .unwrap_or_default();
        let list = usync.get_optional_child("list").ok_or(BAD_REQUEST)?;
        if protocols.is_empty() || attr(usync, "sid").is_none_or(|sid| sid.is_empty()) {
            return Err(BAD_REQUEST);
        }
        if self.faults.limit_questions == Some(Overlimit::Question)
            && protocols.iter().any(|it| it == "contact")
        {
            return Err((TOO_MANY, OVERLIMIT));
        }
        let users: Vec<Node> = children(list).iter().filter_map(|user| self.user(user, &protocols)).collect();
        let states = protocols.iter().map(|it| NodeBuilder::new_dynamic(it.clone()).build());
        let copy = |name| attr(usync, name).unwrap_or_default();
        let answer = NodeBuilder::new("usync")
            .attr("sid", copy("sid"))
            .attr("mode", copy("mode"))
            .attr("context", copy("context"))
            .attr("index", copy("index"))
            .attr("last", copy("last"))
            .children([
                NodeBuilder::new("result").children(states).build(),
                NodeBuilder::new("list").children(users).build(),
            ]);
        Ok(vec![answer.build()])
    }

    fn user(&mut self, asked: &Node, protocols: &[String]) -> Option<Node> {
        let typed = asked.get_optional_child("contact").and_then(text);
        // Asked by number, it is answered by number; asked by JID, by the same JID.
        let jid = match (&typed, jid_attr(asked, "jid")) {
            (_, Some(jid)) => jid.to_non_ad(),
            // In the form WhatsApp knows it by, where there are two.
            (Some(typed), None) => {
                let typed = digits(typed);
                Jid::pn(self.other_forms.get(&typed).cloned().unwrap_or(typed))
            }
            (None, None) => return None,
        };
        let known = self.resolve(&jid);
        let answers: Vec<Node> = protocols
            .iter()
            .filter_map(|protocol| self.protocol(protocol, known.as_ref(), typed.as_deref()))
            .collect();
        let by_lid = known.as_ref().and_then(|known| self.accounts.get(&known.number));
        let by_lid = by_lid.filter(|account| account.habits.listed_by_lid && typed.is_some());
        if let Some(account) = by_lid {
            let user = NodeBuilder::new("user").attr("jid", account.jid(Server::Lid, 0));
            return Some(user.attr("pn_jid", account.pn(0)).children(answers).build());
        }
        let mut user = NodeBuilder::new("user").attr("jid", &jid);
        if let Some(known) = known.as_ref().filter(|_| jid.server == Server::Lid) {
            let account = self.account(&known.number);
            if !account.habits.hides_number {
                user = user.attr("pn_jid", account.pn(0));
            }
        }
        Some(user.children(answers).build())
    }

    fn protocol(&mut self, protocol: &str, known: Option<&DeviceId>, typed: Option<&str>) -> Option<Node> {
        match protocol {
            "contact" => {
                if let Some(Overlimit::Persons(seconds)) = self.faults.limit_questions {
                    let error = NodeBuilder::new("error").attr("code", TOO_MANY).attr("text", OVERLIMIT);
                    let error = error.attr("backoff", seconds).build();
                    return Some(NodeBuilder::new("contact").children([error]).build());
                }
                let kind = if known.is_some() { "in" } else { "out" };
                let contact = NodeBuilder::new("contact").attr("type", kind);
                Some(contact.bytes(typed.unwrap_or_default()).build())
            }
            "devices" => Some(match known {
                Some(known) => self.devices(&known.number),
                None => NodeBuilder::new("devices").children([error(404, "item-not-found")]).build(),
            }),
            "lid" => {
                let lid = self.account(&known?.number).jid(Server::Lid, 0);
                Some(NodeBuilder::new("lid").attr("val", lid).build())
            }
            "status" => {
                known?;
                Some(NodeBuilder::new("status").attr("t", 0).bytes("").build())
            }
            "disappearing_mode" => {
                known?;
                Some(NodeBuilder::new("disappearing_mode").attr("duration", 0).attr("t", 0).build())
            }
            // Business names, pictures, usernames: nobody has one.
            _ => None,
        }
    }

    fn devices(&mut self, number: &str) -> Node {
        let account = self.account(number);
        let phone = NodeBuilder::new("device").attr("id", 0).build();
        let companions = account.companions.iter().map(|(device, companion)| {
            NodeBuilder::new("device").attr("id", *device).attr("key-index", companion.adv.key_index).build()
        });
        let devices = std::iter::once(phone).chain(companions).collect::<Vec<_>>();
        let list =
            NodeBuilder::new("device-list").attr("hash", account.device_hash()).children(devices).build();
        NodeBuilder::new("devices").children([list, account.key_index_node()]).build()
    }
}
