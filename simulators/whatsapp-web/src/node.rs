//! Reading and building stanzas.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, SERVER_JID, Server};

/// An attribute as text.
pub(crate) fn attr(node: &Node, name: &str) -> Option<String> {
    node.attrs.get(name).map(|value| value.as_str().into_owned())
}

/// An attribute as a JID.
pub(crate) fn jid_attr(node: &Node, name: &str) -> Option<Jid> {
    node.attrs.get(name).and_then(wacore_binary::NodeValue::to_jid)
}

/// The children, none for a node with other content.
pub(crate) fn children(node: &Node) -> &[Node] {
    node.children().unwrap_or_default()
}

/// The binary content of a child.
pub(crate) fn child_bytes<'a>(node: &'a Node, tag: &str) -> Option<&'a [u8]> {
    node.get_optional_child(tag).and_then(bytes)
}

/// The binary content.
pub(crate) fn bytes(node: &Node) -> Option<&[u8]> {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

/// The content as text, whichever way it was written.
pub(crate) fn text(node: &Node) -> Option<String> {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => String::from_utf8(bytes.clone()).ok(),
        Some(NodeContent::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// Big-endian, at most four bytes, as ids are written.
pub(crate) fn uint(bytes: &[u8]) -> Option<u32> {
    (!bytes.is_empty() && bytes.len() <= 4)
        .then(|| bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

/// Three bytes, as prekey ids are written.
pub(crate) fn id3(id: u32) -> Vec<u8> {
    id.to_be_bytes()[1..].to_vec()
}

pub(crate) fn leaf(tag: &'static str, content: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(content).build()
}

pub(crate) fn server_jid() -> Jid {
    Jid::new("", Server::Pn)
}

/// The answer to an IQ.
pub(crate) fn iq_result(id: &str, content: impl IntoIterator<Item = Node>) -> Node {
    NodeBuilder::new("iq")
        .attr("from", server_jid())
        .attr("id", id)
        .attr("type", "result")
        .attr("t", wacore::time::now_secs_u64())
        .children(content)
        .build()
}

/// The refusal of an IQ.
pub(crate) fn iq_error(id: &str, code: u16, text: &'static str) -> Node {
    NodeBuilder::new("iq")
        .attr("from", server_jid())
        .attr("id", id)
        .attr("type", "error")
        .children([error(code, text)])
        .build()
}

pub(crate) fn error(code: u16, text: &'static str) -> Node {
    NodeBuilder::new("error").attr("code", code).attr("text", text).build()
}

/// A request of the server's own.
pub(crate) fn iq_set(id: &str, namespace: &'static str, content: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("from", server_jid())
        .attr("id", id)
        .attr("type", "set")
        .attr("xmlns", namespace)
        .children([content])
        .build()
}

/// A notification of the server's own; clients acknowledge it.
pub(crate) fn notification(id: &str, kind: &'static str, content: Node) -> Node {
    NodeBuilder::new("notification")
        .attr("from", server_jid())
        .attr("id", id)
        .attr("type", kind)
        .attr("t", wacore::time::now_secs_u64())
        .children([content])
        .build()
}

pub(crate) fn stream_error(code: u16) -> Node {
    NodeBuilder::new("stream:error").attr("code", code).build()
}

/// The end of a stream for a device that was replaced or removed.
pub(crate) fn conflict(code: Option<u16>, kind: &'static str) -> Node {
    let conflict = NodeBuilder::new("conflict").attr("type", kind).build();
    let error = NodeBuilder::new("stream:error");
    let error = match code {
        Some(code) => error.attr("code", code),
        None => error,
    };
    error.children([conflict]).build()
}

/// The refusal of a login.
pub(crate) fn failure(code: u16) -> Node {
    NodeBuilder::new("failure").attr("reason", code).attr("location", "frc").build()
}

/// Whether a node is addressed to the server itself.
pub(crate) fn is_for_server(node: &Node) -> bool {
    attr(node, "to").is_none_or(|to| to == SERVER_JID || to.strip_prefix('@') == Some(SERVER_JID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_three_bytes_both_ways() {
        assert_eq!(id3(0x01_02_03), [1, 2, 3]);
        assert_eq!(uint(&[1, 2, 3]), Some(0x01_02_03));
        assert_eq!(uint(&[]), None);
        assert_eq!(uint(&[0; 5]), None);
    }
}
