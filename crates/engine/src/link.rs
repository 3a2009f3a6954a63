//! Linking a device, watched by whoever wants to.
use cetar_model::{DeviceId, DownReason, Timestamp};
use cetar_provider::LinkRequest;
use futures::stream::BoxStream;

use crate::{auth::Caller, devices::DeviceError};

/// What to show, with absolute times.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A QR to scan; replaces the one before.
    Qr { data: String, expires_at: Timestamp },
    /// A code to type into the phone.
    Code { code: String, expires_at: Timestamp },
    /// The phone took it.
    Connecting,
    /// Linked. The last event.
    Linked { address: String },
    /// It did not come about. The last event.
    Failed { reason: Option<DownReason>, message: String },
}

impl crate::Engine {
    /// Begins linking; one already under way for this device is ended first. The session starts by itself afterwards.
    /// `DeviceError::Settings` names what the method lacks (a phone for a pairing code).
    pub async fn link_device(
        &self,
        caller: &Caller,
        id: &DeviceId,
        request: LinkRequest,
    ) -> Result<(), DeviceError> {
        todo!()
    }
    /// The latest event of the linking under way (or just ended), then those that follow, up to the last. Empty if there is none.
    pub async fn link_events(
        &self,
        caller: &Caller,
        id: &DeviceId,
    ) -> Result<BoxStream<'static, LinkEvent>, DeviceError> {
        todo!()
    }
}
