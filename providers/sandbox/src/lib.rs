//! A network that lives in the process: simulated people, every outcome on demand.
//!
//! It is to the gateway what a real network is: it implements the provider contract and nothing else, so a message to a
//! simulated person takes the same path, from the API to the webhook, as one to a real person. The recipient decides what
//! happens, by the last four characters of its address, on every channel:
//!
//! | recipient | what happens |
//! |---|---|
//! | `…0001` | sent, delivered, read |
//! | `…0002` | not registered: the message fails, a check says so |
//! | `…0003` | the network refuses the message |
//! | `…0004` | the network asks to slow down twice, then takes it |
//! | `…0005` | the connection breaks after writing; a receipt comes three seconds later |
//! | `…0006` | the device goes down for ten seconds, then sends |
//! | `…0007` | delivered, and the person answers with the same content |
//! | `…0008` | delivered, and the person presses the first quick-reply button |
//! | `…0009` | never acknowledged |
//! | `…0010` | outside Meta's 24-hour window (on Meta's channels) |
//! | any other | sent and delivered |
//!
//! Whoever tries things out may also have any of these people write whatever its network can carry ([`Session::play`]), have something
//! happen to the account ([`Session::disturb`]), and say how linking ends ([`LinkRequest::outcome`]).
//!
//! No channel reports more than its real network does: Telegram has no receipts for bots, Instagram none of delivery.
//! Receipts and answers that are still to come are kept in the session's state, so they come after a restart as well.

mod content;
mod due;
mod link;
mod network;
mod people;
mod person;
mod restriction;
mod session;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use cetar_model::{Channel, Clock, LinkMethod, MessageId};
use cetar_provider::{
    Account, Capabilities, Host, LinkError, LinkProcess, LinkRequest, Provider, Session, SettingsError,
};

use crate::{link::SandboxLink, network::Network, session::SandboxSession};

/// The simulated network of one channel.
pub struct Sandbox {
    network: &'static Network,
    clock: Arc<dyn Clock>,
}

impl Sandbox {
    /// The simulated network of `channel`. Its people take their time by `clock`.
    pub fn new(channel: Channel, clock: Arc<dyn Clock>) -> Self {
        Self { network: Network::of(channel), clock }
    }

    /// One for every channel.
    pub fn every_channel(clock: &Arc<dyn Clock>) -> BTreeMap<Channel, Arc<dyn Provider>> {
        let one = |channel: &Channel| -> (Channel, Arc<dyn Provider>) {
            (*channel, Arc::new(Self::new(*channel, Arc::clone(clock))))
        };
        Channel::ALL.iter().map(one).collect()
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn capabilities(&self) -> &Capabilities {
        &self.network.capabilities
    }

    fn remote_id(&self, message: &MessageId) -> Option<String> {
        Some(network::remote_id(message))
    }

    fn open(&self, account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        if account.channel != self.network.channel {
            return Err(SettingsError {
                field: "channel".to_owned(),
                problem: format!("this is the simulated {}", self.network.channel),
            });
        }
        let own = link::own_address(&account);
        Ok(Arc::new(SandboxSession::new(self.network, own, host, Arc::clone(&self.clock))))
    }

    async fn link(
        &self,
        account: Account,
        request: LinkRequest,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError> {
        if !self.network.capabilities.link_methods.contains(&request.method) {
            return Err(LinkError::NotSupported);
        }
        if request.method == LinkMethod::PairingCode && request.phone.is_none() {
            return Err(LinkError::Failed("a pairing code needs the account's own number".into()));
        }
        Ok(Box::new(SandboxLink::new(&account, &request, host, Arc::clone(&self.clock))))
    }
}
