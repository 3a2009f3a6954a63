//! Which devices an account has, as it is told to others.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ring::digest;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::account::Account;
use crate::state::{DeviceId, State};

/// The hash by which client and server compare device lists.
pub(crate) fn participant_hash(devices: impl Iterator<Item = Jid>) -> String {
    let mut names: Vec<String> =
        devices.map(|jid| format!("{}.0:{}@{}", jid.user, jid.device, jid.server.as_str())).collect();
    names.sort_unstable();
    let hash = digest::digest(&digest::SHA256, names.concat().as_bytes());
    format!("2:{}", BASE64_STANDARD_NO_PAD.encode(&hash.as_ref()[..6]))
}

impl Account {
    /// The hash over all its devices.
    pub(crate) fn device_hash(&self) -> String {
        participant_hash(self.devices().map(|device| self.pn(device)))
    }

    /// The list of its companions, signed by the phone.
    pub(crate) fn key_index_node(&self) -> Node {
        NodeBuilder::new("key-index-list")
            .attr("ts", wacore::time::now_secs_u64())
            .bytes(self.key_index_list())
            .build()
    }

    /// What its own devices are told when the list changed.
    fn device_notification(&self, id: &str) -> Node {
        let device = |device| NodeBuilder::new("device").attr("jid", self.pn(device));
        let mut content = vec![device(0).build()];
        content.extend(
            self.companions.iter().map(|(number, companion)| {
                device(*number).attr("key-index", companion.adv.key_index).build()
            }),
        );
        content.push(self.key_index_node());
        let devices = NodeBuilder::new("devices").attr("dhash", self.device_hash()).children(content);
        NodeBuilder::new("notification")
            .attr("from", self.pn(0))
            .attr("id", id)
            .attr("type", "account_sync")
            .attr("t", wacore::time::now_secs_u64())
            .children([devices.build()])
            .build()
    }
}

impl State {
    /// Tells the other companions of an account that one came or went. People of other accounts find out by the hash
    /// in the next `<ack>`.
    pub(crate) fn announce_devices(&mut self, changed: &DeviceId) {
        let id = self.new_iq_id();
        let Some(account) = self.accounts.get(&changed.number) else { return };
        let notification = account.device_notification(&id);
        let others: Vec<u16> =
            account.companions.keys().copied().filter(|device| *device != changed.device).collect();
        for device in others {
            let to = DeviceId { number: changed.number.clone(), device };
            self.deliver(&to, notification.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_does_not_depend_on_the_order() {
        let (one, two) = (Jid::pn("6281"), Jid::pn_device("6282", 3));
        let hash = participant_hash([one.clone(), two.clone()].into_iter());
        assert_eq!(hash, participant_hash([two, one].into_iter()));
        assert!(hash.starts_with("2:") && hash.len() == 10);
    }
}
