//! What every send says beside its content: over which channel, to whom, through which device, how long it may wait.

use std::time::Duration;

use cetar_engine::auth::Caller;
use cetar_model::{Channel, DeviceId};
use cetar_provider::Capabilities;

use crate::{
    input::{Fields, Problem, TextRule, recipient, words},
    state::AppState,
};

/// Channels of these endpoints; the official WhatsApp has its own.
pub(crate) const CHANNELS: [Channel; 4] =
    [Channel::Whatsapp, Channel::Telegram, Channel::Messenger, Channel::Instagram];
/// Longest life of a message that waits.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// The networks this caller's key can reach, so that a channel we cannot serve, or what a channel cannot carry, is listed with
/// the other bad fields.
pub(crate) struct Reach {
    networks: Vec<(Channel, Capabilities)>,
}

impl Reach {
    pub(in crate::v1) fn of(state: &AppState, caller: &Caller) -> Self {
        let providers = state.engine.providers();
        let test = caller.key.as_ref().is_none_or(|key| key.test);
        let live = caller.key.as_ref().is_none_or(|key| !key.test);
        let network = |channel: &Channel| {
            let real = providers.real.get(channel).filter(|_| live);
            let sandbox = providers.sandbox.get(channel).filter(|_| test);
            Some((*channel, real.or(sandbox)?.capabilities().clone()))
        };
        Self { networks: CHANNELS.iter().filter_map(network).collect() }
    }

    /// These networks.
    pub(crate) fn to(networks: Vec<(Channel, Capabilities)>) -> Self {
        Self { networks }
    }

    pub(crate) fn capabilities(&self, channel: Channel) -> Option<&Capabilities> {
        self.networks.iter().find(|(have, _)| *have == channel).map(|(_, capabilities)| capabilities)
    }
}

/// The fields that all sends share.
pub(in crate::v1) struct Envelope {
    pub(in crate::v1) device: Option<DeviceId>,
    pub(in crate::v1) client_ref: Option<String>,
    pub(in crate::v1) expires_in: Option<Duration>,
}

impl Envelope {
    pub(in crate::v1) fn read(fields: &Fields<'_>) -> Self {
        Self {
            device: fields.device("session_id"),
            client_ref: fields.text("client_ref", TextRule::upto(255)).map(ToOwned::to_owned),
            expires_in: fields.seconds("expires_in", Duration::from_secs(1), LONGEST_WAIT),
        }
    }
}

/// The channel named, or WhatsApp.
pub(in crate::v1) fn channel(fields: &Fields<'_>, reach: &Reach) -> Option<Channel> {
    if !fields.has("channel") {
        return Some(Channel::Whatsapp).inspect(|channel| check_reach(fields, reach, *channel));
    }
    let channel = fields.parsed("channel", || Problem::Unknown { allowed: words(&CHANNELS) })?;
    check_reach(fields, reach, channel);
    Some(channel)
}

fn check_reach(fields: &Fields<'_>, reach: &Reach, channel: Channel) {
    if reach.capabilities(channel).is_none() {
        let have: Vec<Channel> = reach.networks.iter().map(|(channel, _)| *channel).collect();
        fields.refuse("channel", Problem::NotAvailable { allowed: words(&have) });
    }
}

/// The recipient, in its channel's form.
pub(in crate::v1) fn to(fields: &Fields<'_>, channel: Option<Channel>) -> Option<cetar_model::Chat> {
    fields.require("to");
    let to = fields.raw_text("to")?;
    // With a channel we do not know, what the document says of `to` is the best guess: a number.
    match recipient(channel.unwrap_or(Channel::Whatsapp), to) {
        Ok(chat) => Some(chat),
        Err(problem) => {
            fields.refuse("to", problem);
            None
        }
    }
}
