//! Showing that something is being written: at once or not at all, because a sign that comes late is a wrong one.
use std::time::Duration;

use cetar_model::{Channel, Chat, DeviceId, DownReason, FailureCode, SendError};

use crate::{
    Engine,
    accept::{AcceptError, Saved},
    auth::Caller,
};

/// The longest a network may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// It is not shown.
#[derive(Debug, thiserror::Error)]
pub enum TypingError {
    /// No device, or nobody there.
    #[error(transparent)]
    Device(#[from] AcceptError),
    /// This network has no such sign.
    #[error("this channel has no such sign")]
    NotOnChannel,
    /// The network does not show it to this chat.
    #[error("refused: {0}")]
    Refused(FailureCode),
    /// The device cannot ask now.
    #[error("the device is down: {0}")]
    Down(DownReason),
    /// No answer, or one not understood.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

impl Engine {
    /// Shows it, through the device named or the only one that fits.
    pub async fn show_typing(
        &self,
        caller: &Caller,
        channel: Channel,
        device: Option<&DeviceId>,
        to: &Chat,
    ) -> Result<(), TypingError> {
        let (device, provider) = self.choose_device(caller, channel, device).await?;
        if !provider.capabilities().typing {
            return Err(TypingError::NotOnChannel);
        }
        let health = self.health(&device);
        if !health.state.is_linked() {
            return Err(AcceptError::DeviceNotLinked(device.id).into());
        }
        let saved = Saved { engine: self, device: &device.id };
        let to = provider.locate(to, &saved).await.map_err(AcceptError::from)?;
        let down = TypingError::Down(health.reason.unwrap_or(DownReason::Disconnected));
        let live = self.inner.sessions.live(&device.id).filter(|live| live.can_send()).ok_or(down)?;
        let shown = tokio::select! {
            shown = live.session.typing(&to) => shown,
            () = self.pause(PATIENCE) => Err(SendError::Unknown("it did not answer in time".into())),
        };
        shown.map_err(|error| match error {
            SendError::Rejected { code, .. } => TypingError::Refused(code),
            SendError::AccountDown(reason) => TypingError::Down(reason),
            SendError::SlowDown { .. }
            | SendError::NotSent(_)
            | SendError::Unknown(_)
            | SendError::Partly(_) => TypingError::NoAnswer(error.to_string()),
        })
    }
}
