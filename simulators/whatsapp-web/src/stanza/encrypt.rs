//! Prekeys: uploaded by their owners, counted, checked, given out.

use ring::digest;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::device_jid;
use super::iq::{Answer, BAD_REQUEST, ITEM_NOT_FOUND, NOT_ACCEPTABLE, Request};
use crate::companion::{CURVE_25519, check_signed_key};
use crate::log::{Event, Rule};
use crate::node::{child_bytes, children, error, id3, jid_attr, leaf, uint};
use crate::signal::{Bundle, OneTimeKey, SignedKey};
use crate::state::{DeviceId, State};

/// More than this in one upload is refused.
const MAX_UPLOAD: usize = 1_000;

impl State {
    pub(super) fn encrypt(&mut self, request: &Request<'_>) -> Answer {
        match (request.is_set, request.tag()) {
            (false, "count") => self.count(request.from),
            (false, "digest") => self.digest(request.from),
            (false, "key") => self.bundles(request.content.ok_or(BAD_REQUEST)?),
            (true, "registration") => {
                self.checked(request.from, |state| state.upload(request.from, request.node))
            }
            (true, "rotate") => self.checked(request.from, |state| {
                let rotate = request.content.ok_or("no content")?;
                state.rotate(request.from, rotate)
            }),
            _ => Err(BAD_REQUEST),
        }
    }

    /// A refusal that is the client's mistake goes on the list.
    fn checked(&mut self, from: &DeviceId, work: impl FnOnce(&mut Self) -> Result<(), String>) -> Answer {
        match work(self) {
            Ok(()) => Ok(Vec::new()),
            Err(why) => {
                self.violation(Rule::PreKeys, device_jid(from), why);
                Err(NOT_ACCEPTABLE)
            }
        }
    }

    fn count(&mut self, from: &DeviceId) -> Answer {
        let count = self.companion(from).ok_or(ITEM_NOT_FOUND)?.one_time_count();
        Ok(vec![NodeBuilder::new("count").attr("value", count).build()])
    }

    fn upload(&mut self, from: &DeviceId, upload: &Node) -> Result<(), String> {
        let companion = self.companion(from).ok_or("no such device")?;
        let registration = &companion.registration;
        if child_bytes(upload, "registration") != Some(&registration.id.to_be_bytes()) {
            return Err("another registration id than at linking".to_owned());
        }
        if child_bytes(upload, "type") != Some(&[CURVE_25519]) {
            return Err("the key type is not Curve25519".to_owned());
        }
        if child_bytes(upload, "identity") != Some(&registration.identity) {
            return Err("another identity key than at linking".to_owned());
        }
        let signed = signed_key(upload.get_optional_child("skey").ok_or("no signed prekey")?)?;
        check_signed_key(&registration.identity, &signed)?;
        let list = upload.get_optional_child("list").ok_or("no list of prekeys")?;
        let keys = children(list).iter().map(one_time_key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() || keys.len() > MAX_UPLOAD {
            return Err(format!("{} prekeys at once", keys.len()));
        }
        let count = keys.len();
        companion.add_one_time_keys(keys)?;
        companion.registration.signed = signed;
        self.log.push(Event::PreKeysUploaded { device: device_jid(from), count });
        Ok(())
    }

    fn rotate(&mut self, from: &DeviceId, rotate: &Node) -> Result<(), String> {
        let signed = signed_key(rotate.get_optional_child("skey").ok_or("no signed prekey")?)?;
        let companion = self.companion(from).ok_or("no such device")?;
        check_signed_key(&companion.registration.identity, &signed)?;
        companion.registration.signed = signed;
        Ok(())
    }

    /// What the server holds for a device, for the device to compare with what it has.
    fn digest(&mut self, from: &DeviceId) -> Answer {
        let companion = self.companion(from).ok_or(ITEM_NOT_FOUND)?;
        if companion.one_time_count() == 0 {
            return Err(ITEM_NOT_FOUND);
        }
        let registration = &companion.registration;
        let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(&registration.identity);
        hash.update(&registration.signed.key);
        hash.update(&registration.signed.signature);
        companion.one_time_keys().for_each(|(_, key)| hash.update(key));
        let ids = companion.one_time_keys().map(|(id, _)| leaf("id", id3(id)));
        let content = NodeBuilder::new("digest").children([
            leaf("registration", registration.id.to_be_bytes()),
            leaf("type", [CURVE_25519]),
            leaf("identity", registration.identity),
            signed_node(&registration.signed),
            NodeBuilder::new("list").children(ids).build(),
            leaf("hash", hash.finish().as_ref()),
        ]);
        Ok(vec![content.build()])
    }

    /// Keys of others, one bundle a device.
    fn bundles(&mut self, asked: &Node) -> Answer {
        let users: Vec<Node> = children(asked)
            .iter()
            .filter_map(|user| jid_attr(user, "jid"))
            .map(|jid| self.bundle_node(&jid))
            .collect();
        if users.is_empty() {
            return Err(BAD_REQUEST);
        }
        Ok(vec![NodeBuilder::new("list").children(users).build()])
    }

    fn bundle_node(&mut self, jid: &Jid) -> Node {
        let user = NodeBuilder::new("user").attr("jid", jid);
        let Some(id) = self.resolve(jid) else {
            return user.children([error(ITEM_NOT_FOUND.0, ITEM_NOT_FOUND.1)]).build();
        };
        let Some((bundle, identity)) = self.take_bundle(&id) else {
            return user.children([error(NOT_ACCEPTABLE.0, NOT_ACCEPTABLE.1)]).build();
        };
        let mut content = vec![
            leaf("registration", bundle.registration_id.to_be_bytes()),
            leaf("type", [CURVE_25519]),
            leaf("identity", bundle.identity),
            signed_node(&bundle.signed),
        ];
        content.extend(bundle.one_time.as_ref().map(one_time_node));
        content.extend(identity.map(|identity| leaf("device-identity", identity)));
        user.attr("t", wacore::time::now_secs_u64()).children(content).build()
    }

    /// Takes keys out of the pool of a device, and for a companion the proof of whose it is.
    pub(crate) fn take_bundle(&mut self, id: &DeviceId) -> Option<(Bundle, Option<Vec<u8>>)> {
        let account = self.accounts.get_mut(&id.number)?;
        if id.device == 0 {
            return Some((account.phone.publish(), None));
        }
        let companion = account.companions.get_mut(&id.device)?;
        Some((companion.take_bundle(), Some(companion.adv.publish())))
    }
}

fn signed_key(node: &Node) -> Result<SignedKey, &'static str> {
    let OneTimeKey { id, key } = one_time_key(node)?;
    let signature = child_bytes(node, "signature").filter(|it| it.len() == 64).ok_or("no signature")?;
    Ok(SignedKey { id, key, signature: signature.to_vec() })
}

fn one_time_key(node: &Node) -> Result<OneTimeKey, &'static str> {
    let id = child_bytes(node, "id").filter(|id| id.len() == 3).and_then(uint);
    let key = child_bytes(node, "value").and_then(|key| key.try_into().ok());
    Ok(OneTimeKey {
        id: id.ok_or("the id of a prekey is not three bytes")?,
        key: key.ok_or("a prekey is not 32 bytes")?,
    })
}

fn signed_node(signed: &SignedKey) -> Node {
    NodeBuilder::new("skey")
        .children([
            leaf("id", id3(signed.id)),
            leaf("value", signed.key),
            leaf("signature", signed.signature.as_slice()),
        ])
        .build()
}

pub(crate) fn one_time_node(key: &OneTimeKey) -> Node {
    NodeBuilder::new("key").children([leaf("id", id3(key.id)), leaf("value", key.key)]).build()
}
