//! Requests, by namespace.

use wacore_binary::Node;

use super::device_jid;
use crate::log::{Event, Rule};
use crate::node::{attr, children, iq_error, iq_result, is_for_server};
use crate::state::{DeviceId, State};

/// How a request is refused: code and text, as the server pairs them.
pub(super) type Refusal = (u16, &'static str);
pub(super) const BAD_REQUEST: Refusal = (400, "bad-request");
pub(super) const ITEM_NOT_FOUND: Refusal = (404, "item-not-found");
pub(super) const NOT_ACCEPTABLE: Refusal = (406, "not-acceptable");
pub(super) const NOT_IMPLEMENTED: Refusal = (501, "feature-not-implemented");

/// The content of an answer.
pub(super) type Answer = Result<Vec<Node>, Refusal>;

/// A request, taken apart.
pub(super) struct Request<'a> {
    pub(super) from: &'a DeviceId,
    pub(super) is_set: bool,
    pub(super) node: &'a Node,
    /// Its first child.
    pub(super) content: Option<&'a Node>,
}

impl Request<'_> {
    pub(super) fn tag(&self) -> &str {
        self.content.map_or("", |content| content.tag.as_ref())
    }
}

impl State {
    pub(super) fn iq(&mut self, connection: u64, from: &DeviceId, node: &Node) {
        let is_set = match attr(node, "type").as_deref() {
            Some("get") => false,
            Some("set") => true,
            // Answers to requests of ours; none of them needs one.
            Some("result" | "error") => return,
            other => {
                let detail = format!("<iq> of type {other:?}");
                return self.violation(Rule::Stanza, device_jid(from), detail);
            }
        };
        let (Some(id), Some(namespace)) = (attr(node, "id"), attr(node, "xmlns")) else {
            return self.violation(Rule::Stanza, device_jid(from), "<iq> without id or xmlns");
        };
        let request = Request { from, is_set, node, content: children(node).first() };
        self.log.push(Event::Iq {
            device: device_jid(from),
            namespace: namespace.clone(),
            child: request.tag().to_owned(),
        });
        let answer = if is_for_server(node) || namespace == "w:g2" {
            self.answer(&namespace, &request)
        } else {
            Err(NOT_IMPLEMENTED)
        };
        let content = match answer {
            Ok(content) => content,
            Err((code, text)) => return self.send(connection, iq_error(&id, code, text)),
        };
        self.send(connection, iq_result(&id, content));
        // The answer comes first, then what it sets off.
        match (namespace.as_str(), request.tag()) {
            ("passive", "active") => self.activate(connection, from),
            ("encrypt", "registration") => self.share_app_state_key(from),
            ("md", "remove-companion-device") => self.remove_device(from, true),
            _ => {}
        }
    }

    fn answer(&mut self, namespace: &str, request: &Request<'_>) -> Answer {
        match namespace {
            // Keep-alive.
            "w:p" => Ok(Vec::new()),
            "encrypt" => self.encrypt(request),
            "usync" => self.usync(request),
            "passive" => Self::passive(request),
            "abt" => Ok(Self::experiments()),
            "privacy" => Ok(Self::privacy(request)),
            "blocklist" => Ok(Self::blocklist(request)),
            "w:sync:app:state" => self.app_state(request),
            "w:m" => Ok(self.media_connection()),
            "md" => Self::companion_devices(request),
            "w:mex" if !request.is_set => self.graph(request),
            "w:g2" if !request.is_set => self.group(request),
            "w:profile:picture" if !request.is_set => Err(ITEM_NOT_FOUND),
            // Settings that nobody here looks at.
            "urn:xmpp:whatsapp:dirty"
            | "status"
            | "disappearing_mode"
            | "w:profile:picture"
            | "tos"
            | "w:stats"
            | "urn:xmpp:whatsapp:push"
                if request.is_set =>
            {
                Ok(Vec::new())
            }
            _ => Err(NOT_IMPLEMENTED),
        }
    }
}
