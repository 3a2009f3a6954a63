//! Linking a device, watched by whoever wants to.
use cetar_model::{DeviceId, DeviceState, DownReason, LinkMethod, Timestamp};
use cetar_provider::{LinkRequest, SettingsError};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use crate::{auth::Caller, devices::DeviceError, lock, sessions::Command};

/// What to show, with absolute times. Not `Debug`: a QR and a code are secrets while they are valid.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A QR to scan; replaces the one before.
    Qr {
        /// The text in it.
        data: String,
        /// When the next one, or the end, follows.
        expires_at: Timestamp,
    },
    /// A code to type into the phone.
    Code {
        /// Eight characters, shown as `ABCD-EFGH`.
        code: String,
        /// When it ends to be valid.
        expires_at: Timestamp,
    },
    /// The phone took it.
    Connecting,
    /// Linked. The last event.
    Linked {
        /// The account's address on the network.
        address: String,
    },
    /// It did not come about. The last event.
    Failed {
        /// Why, where there is a word for it; it carries what to do.
        reason: Option<DownReason>,
        /// The same for a log, in English.
        message: String,
    },
}

impl LinkEvent {
    /// Whether nothing follows it.
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Linked { .. } | Self::Failed { .. })
    }

    pub(crate) fn failed(reason: Option<DownReason>, message: impl Into<String>) -> Self {
        Self::Failed { reason, message: message.into() }
    }
}

/// One linking, as seen by its watchers. They may miss a QR that was replaced at once, never the last event.
pub(crate) type Watch = watch::Receiver<Option<LinkEvent>>;

/// Tells the watchers of one linking. However it ends, they hear of it.
pub(crate) struct Teller(watch::Sender<Option<LinkEvent>>);

impl Teller {
    fn new() -> (Self, Watch) {
        let (sender, watch) = watch::channel(None);
        (Self(sender), watch)
    }

    pub(crate) fn tell(&self, event: LinkEvent) {
        self.0.send_replace(Some(event));
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.send_if_modified(|latest| {
            let open = !latest.as_ref().is_some_and(LinkEvent::is_last);
            if open {
                *latest = Some(LinkEvent::failed(None, "linking was ended; start it again"));
            }
            open
        });
    }
}

impl crate::Engine {
    /// Begins linking; one already under way for this device is ended first. The session starts by itself afterwards.
    /// `DeviceError::Settings` names what the method lacks (a phone for a pairing code). A device that is linked is refused with
    /// `DeviceError::AlreadyLinked`: it is logged out first. How it is to go is asked of simulated phones only: any other is refused with
    /// `DeviceError::PhoneIsReal`. A paused device is resumed.
    ///
    /// Returns as soon as it is on its way; what follows is told by [`Self::link_events`]. Needs [`Self::run`] to be running.
    pub async fn link_device(
        &self,
        caller: &Caller,
        id: &DeviceId,
        request: LinkRequest,
    ) -> Result<(), DeviceError> {
        let device = self.stored_device(caller, id).await?;
        let provider = self.provider_of(&device).ok_or(DeviceError::ChannelNotAvailable(device.channel))?;
        // Linking begins by forgetting the old keys: a slip must not cost a link that works. Simulated ones can be had again.
        let state = device.health.state;
        if state.is_linked() && state != DeviceState::Replaced && !device.sandbox {
            return Err(DeviceError::AlreadyLinked);
        }
        if request.outcome.is_some() && !device.sandbox {
            return Err(DeviceError::PhoneIsReal);
        }
        if !provider.capabilities().link_methods.contains(&request.method) {
            let problem = format!("{} cannot be linked by {}", device.channel, request.method);
            return Err(SettingsError { field: "method".to_owned(), problem }.into());
        }
        if request.method == LinkMethod::PairingCode && request.phone.is_none() {
            let problem = "a pairing code needs the phone's number".to_owned();
            return Err(SettingsError { field: "phone".to_owned(), problem }.into());
        }
        let (teller, watch) = Teller::new();
        lock(&self.inner.links).insert(id.clone(), watch);
        self.command(id, Command::Link(request, teller))
    }

    /// The latest event of the linking under way (or just ended), then those that follow, up to the last. Empty if there is none.
    pub async fn link_events(
        &self,
        caller: &Caller,
        id: &DeviceId,
    ) -> Result<BoxStream<'static, LinkEvent>, DeviceError> {
        self.stored_device(caller, id).await?;
        let Some(watch) = lock(&self.inner.links).get(id).cloned() else {
            return Ok(stream::empty().boxed());
        };
        // What is there counts as new to this watcher.
        let start = Some((watch, true));
        Ok(stream::unfold(start, async |state| {
            let (mut watch, mut look) = state?;
            loop {
                if !look {
                    watch.changed().await.ok()?;
                }
                look = false;
                let latest = watch.borrow_and_update().clone();
                if let Some(event) = latest {
                    let rest = (!event.is_last()).then_some((watch, false));
                    return Some((event, rest));
                }
            }
        })
        .boxed())
    }

    /// Whether this process is linking it right now.
    pub(crate) fn is_linking(&self, id: &DeviceId) -> bool {
        lock(&self.inner.links).get(id).is_some_and(|watch| {
            let told_last = watch.borrow().as_ref().is_some_and(LinkEvent::is_last);
            // Without a teller nobody works on it.
            !told_last && watch.has_changed().is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_linking_that_is_dropped_tells_its_end() {
        let (teller, mut watch) = Teller::new();
        teller.tell(LinkEvent::Connecting);
        drop(teller);
        let latest = watch.borrow_and_update().clone();
        assert!(matches!(latest, Some(LinkEvent::Failed { reason: None, .. })));
    }

    #[tokio::test]
    async fn the_last_event_stays_the_last() {
        let (teller, watch) = Teller::new();
        teller.tell(LinkEvent::Linked { address: "628111111111".to_owned() });
        drop(teller);
        let latest = watch.borrow().clone();
        assert!(matches!(latest, Some(LinkEvent::Linked { .. })));
    }
}
