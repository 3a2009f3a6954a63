//! The phone of a simulated person: to try things without one.
use cetar_model::{Chat, Content, DeviceId, MessageId};
use cetar_provider::{HostError, PersonAct, PlayError};
use cetar_store::StoreError;

use crate::{Engine, auth::Caller, devices::DeviceError};

/// What a simulated person does.
#[derive(Debug, Clone)]
pub enum PhoneAct {
    /// Writes this.
    Text(String),
    /// Presses a button.
    Button {
        /// The button's id.
        id: String,
        /// What stands on it.
        text: String,
        /// The message that carries it.
        message: Option<MessageId>,
    },
}

/// Not done.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The people of this device's network are real.
    #[error("the people of this device are real")]
    PeopleAreReal,
    /// No such device, or its session does not run here just now.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl From<StoreError> for PhoneError {
    fn from(error: StoreError) -> Self {
        Self::Device(error.into())
    }
}

impl Engine {
    /// Has a simulated person do this. When it returns, it has come in: on disk, with its event.
    pub async fn use_phone(
        &self,
        caller: &Caller,
        device: &DeviceId,
        from: Chat,
        act: PhoneAct,
    ) -> Result<MessageId, PhoneError> {
        let there = self.stored_device(caller, device).await?;
        if !there.sandbox {
            return Err(PhoneError::PeopleAreReal);
        }
        let live = self.inner.sessions.live(device);
        let not_here = || DeviceError::Network("its session does not run here just now".to_owned());
        let live = live.ok_or_else(not_here)?;
        let content = match act {
            PhoneAct::Text(text) => Content::Text { text },
            PhoneAct::Button { id, text, message } => {
                let remote_id = match &message {
                    Some(message) => self.inner.store.remote_id(&there.workspace, device, message).await?,
                    None => None,
                };
                Content::ButtonPress { id, text, message: remote_id }
            }
        };
        let id: MessageId = self.inner.ids.make(self.now());
        let act = PersonAct { from, remote_id: format!("phone-{id}"), content };
        live.session.play(act).await.map_err(|error| match error {
            PlayError::PeopleAreReal => PhoneError::PeopleAreReal,
            PlayError::AccountDown(reason) => DeviceError::Network(reason.to_string()).into(),
            PlayError::Host(error @ (HostError::LeaseLost | HostError::Unavailable(_))) => {
                DeviceError::Network(error.to_string()).into()
            }
        })?;
        Ok(id)
    }
}
