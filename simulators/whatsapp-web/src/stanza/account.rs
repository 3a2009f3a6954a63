//! What a client asks about its own account: modes, settings, app state, media servers.

use serde_json::json;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, Server};

use super::device_jid;
use super::iq::{Answer, BAD_REQUEST, ITEM_NOT_FOUND, NOT_IMPLEMENTED, Request};
use crate::log::Rule;
use crate::node::{attr, bytes, children, error, jid_attr, leaf};
use crate::state::{DeviceId, State};

/// What an account starts with.
const PRIVACY: [(&str, &str); 9] = [
    ("last", "all"),
    ("online", "all"),
    ("profile", "all"),
    ("status", "all"),
    ("groupadd", "all"),
    ("readreceipts", "all"),
    ("calladd", "all"),
    ("messages", "all"),
    ("defense", "off"),
];

/// The persisted query by which WhatsApp's web client asks how long it may not write to strangers
/// (`WAWebMexFetchReachoutTimelockJobQuery`; fact: wacore 0.7, `iq/mex_operations.rs`).
const REACHOUT_TIMELOCK: &str = "23983697327930364";

impl State {
    /// A question in GraphQL, of which the server keeps the text: only its number comes.
    pub(super) fn graph(&self, request: &Request<'_>) -> Answer {
        if request.content.and_then(|query| attr(query, "query_id")).as_deref() != Some(REACHOUT_TIMELOCK) {
            return Err(NOT_IMPLEMENTED);
        }
        let lock = match self.faults.restricted_until {
            Some(until) => json!({
                "is_active": true,
                "time_enforcement_ends": until.to_string(),
                "enforcement_type": "DEFAULT",
            }),
            None => json!({ "is_active": false }),
        };
        let answer = json!({ "data": { "xwa2_fetch_account_reachout_timelock": lock } });
        Ok(vec![leaf("result", answer.to_string().into_bytes())])
    }

    pub(super) fn passive(request: &Request<'_>) -> Answer {
        match request.tag() {
            "active" | "passive" if request.is_set => Ok(Vec::new()),
            _ => Err(BAD_REQUEST),
        }
    }

    /// Server-side switches: none is set, so every feature is at its default.
    pub(super) fn experiments() -> Vec<Node> {
        let props = NodeBuilder::new("props")
            .attr("protocol", 1)
            .attr("ab_key", "simulated")
            .attr("hash", "simulated")
            .attr("refresh", 86_400)
            .attr("refresh_id", 1)
            .attr("delta_update", false);
        vec![props.build()]
    }

    pub(super) fn privacy(request: &Request<'_>) -> Vec<Node> {
        if request.is_set {
            // Settings and trusted-contact tokens are taken and change nothing.
            return Vec::new();
        }
        let categories = PRIVACY.iter().map(|(name, value)| {
            NodeBuilder::new("category").attr("name", *name).attr("value", *value).build()
        });
        vec![NodeBuilder::new("privacy").children(categories).build()]
    }

    pub(super) fn blocklist(_: &Request<'_>) -> Vec<Node> {
        vec![NodeBuilder::new("list").attr("dhash", "0").build()]
    }

    /// What a member asks about one group. A client that asks which there are is told of none: it learns of them by what is
    /// written there.
    pub(super) fn group(&self, request: &Request<'_>) -> Answer {
        match jid_attr(request.node, "to").filter(|to| to.server == Server::Group) {
            Some(group) => Ok(vec![self.group_node(&group).ok_or(ITEM_NOT_FOUND)?]),
            None => Ok(vec![NodeBuilder::new("groups").build()]),
        }
    }

    /// Where media go and come from, and what proves a client to it.
    pub(super) fn media_connection(&self) -> Vec<Node> {
        let host = NodeBuilder::new("host")
            .attr("hostname", self.media.host.as_str())
            .attr("type", "primary")
            .children([NodeBuilder::new("upload").build(), NodeBuilder::new("download").build()]);
        let connection = NodeBuilder::new("media_conn")
            .attr("auth", self.media.auth.as_str())
            .attr("ttl", 3_600)
            .attr("auth_ttl", 21_600)
            .attr("max_buckets", 12)
            .children([host.build()]);
        vec![connection.build()]
    }

    /// Collections of settings the owner's devices share: the patches a client does not have, and those it adds.
    pub(super) fn app_state(&mut self, request: &Request<'_>) -> Answer {
        let sync = request.content.filter(|sync| sync.tag == "sync").ok_or(BAD_REQUEST)?;
        let collections: Vec<Node> = children(sync)
            .iter()
            .filter(|asked| asked.tag == "collection")
            .map(|asked| self.collection(request.from, asked))
            .collect();
        Ok(vec![NodeBuilder::new("sync").children(collections).build()])
    }

    fn collection(&mut self, from: &DeviceId, asked: &Node) -> Node {
        let name = attr(asked, "name").unwrap_or_default();
        let known = attr(asked, "version").and_then(|version| version.parse().ok()).unwrap_or(0);
        let answer = NodeBuilder::new("collection").attr("name", name.as_str());
        let collections = &mut self.account(&from.number).collections;
        let added = asked.get_optional_child("patch").and_then(bytes);
        // Whoever adds to an old version has to fetch what is new first.
        let conflict = added.is_some() && known != collections.version(&name);
        let missing = collections.since(&name, known);
        let added = match added {
            Some(patch) if !conflict => collections.add(&name, patch),
            _ => Ok(()),
        };
        let version = collections.version(&name);
        if let Err(why) = added {
            self.violation(Rule::Stanza, device_jid(from), why);
            return answer.attr("type", "error").children([error(400, "bad-request")]).build();
        }
        let answer = answer.attr("version", version).attr("has_more_patches", false);
        let patches = missing.into_iter().map(|patch| leaf("patch", patch));
        let mut content = vec![NodeBuilder::new("patches").children(patches).build()];
        if conflict {
            content.push(error(409, "conflict"));
            return answer.attr("type", "error").children(content).build();
        }
        answer.children(content).build()
    }

    /// A client may unlink itself, not others.
    pub(super) fn companion_devices(request: &Request<'_>) -> Answer {
        let remove = request.content.filter(|it| it.tag == "remove-companion-device").ok_or(BAD_REQUEST)?;
        let own = |jid: &wacore_binary::Jid| {
            jid.user.as_str() == request.from.number && jid.device == request.from.device
        };
        if request.is_set && jid_attr(remove, "jid").as_ref().is_some_and(own) {
            Ok(Vec::new())
        } else {
            Err(BAD_REQUEST)
        }
    }
}
