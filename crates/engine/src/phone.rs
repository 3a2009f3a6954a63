//! The phones of a simulated network: to try things without people, and without losing an account.
use std::time::Duration;

use cetar_model::{
    Chat, Content, ContentKind, DeviceId, Direction, Disturbance, Media, MediaSource, MessageId, WorkspaceId,
};
use cetar_provider::{HostError, PersonAct, PlayError};
use cetar_store::{MediaState, StoreError, StoredBytes};

use crate::{Engine, accept::NoSuchMedium, auth::Caller, devices::DeviceError, sessions::Live};

/// What is done on one of them.
#[derive(Debug, Clone)]
pub enum PhoneAct {
    /// Somebody writes.
    Write(Box<Written>),
    /// Something happens to the account, for so long if it passes.
    Disturb(Disturbance, Duration),
}

/// What somebody writes.
#[derive(Debug, Clone)]
pub struct Written {
    /// Who; `None`: the owner, on the account's own phone.
    pub from: Option<Chat>,
    /// `from` is an alias (a WhatsApp LID).
    pub from_alias: bool,
    /// The number behind it, which the network tells a little later.
    pub number: Option<Chat>,
    /// The name they gave themselves.
    pub sender_name: Option<String>,
    /// Where: with themselves, with whom the owner writes to, or in a group.
    pub chat: Chat,
    /// `chat` is a group.
    pub group: bool,
    /// What. Messages are named by our ids, a medium by its address on this server.
    pub content: Content,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// Not done.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The people of this device's network are real.
    #[error("the people of this device are real")]
    PeopleAreReal,
    /// The message it is about is not in this chat of this device.
    #[error("there is no such message to be about")]
    NotAboutAnything,
    /// The message to change or to take back is somebody else's.
    #[error("somebody else wrote it")]
    NotTheirs,
    /// The message to answer is not in this chat of this device.
    #[error("there is no such message to answer")]
    NothingToAnswer,
    /// The medium is not at an address of ours.
    #[error("the medium was not uploaded here")]
    NotUploaded,
    /// It is, and leads nowhere.
    #[error("the address of ours leads to no medium: {0:?}")]
    NoSuchMedium(NoSuchMedium),
    /// The medium is not of the type the message says; what it is, and what it should begin with.
    #[error("the medium is {is} and should be {should}")]
    WrongMedium {
        /// Its media type.
        is: String,
        /// The beginning of what would do.
        should: &'static str,
    },
    /// No such device, or its session does not run here just now.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl From<StoreError> for PhoneError {
    fn from(error: StoreError) -> Self {
        Self::Device(error.into())
    }
}

impl From<PlayError> for PhoneError {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::PeopleAreReal => Self::PeopleAreReal,
            PlayError::AccountDown(reason) => DeviceError::Network(reason.to_string()).into(),
            PlayError::Host(error @ (HostError::LeaseLost | HostError::Unavailable(_))) => {
                DeviceError::Network(error.to_string()).into()
            }
        }
    }
}

impl Engine {
    /// Has this done on a simulated phone. When it returns, what was written has come in: on disk, with its event. What is done to the
    /// account is told as by any network.
    pub async fn use_phone(
        &self,
        caller: &Caller,
        device: &DeviceId,
        act: PhoneAct,
    ) -> Result<(), PhoneError> {
        let there = self.stored_device(caller, device).await?;
        if !there.sandbox {
            return Err(PhoneError::PeopleAreReal);
        }
        let live = self.inner.sessions.live(device);
        let not_here = || DeviceError::Network("its session does not run here just now".to_owned());
        let live = live.ok_or_else(not_here)?;
        match act {
            PhoneAct::Write(written) => self.come_in(&there.workspace, &live, *written).await,
            PhoneAct::Disturb(what, lasts) => Ok(live.session.disturb(what, lasts).await?),
        }
    }

    async fn come_in(
        &self,
        workspace: &WorkspaceId,
        live: &Live,
        written: Written,
    ) -> Result<(), PhoneError> {
        let Written { from, from_alias, number, sender_name, chat, group, mut content, reply_to } = written;
        let place = Place { workspace, device: &live.device, chat: &chat };
        self.name_what_it_is_about(&place, from.as_ref(), &mut content).await?;
        let reply_to = match &reply_to {
            Some(answered) => {
                Some(self.named_there(&place, answered).await?.ok_or(PhoneError::NothingToAnswer)?.0)
            }
            None => None,
        };
        let kind = content.kind();
        if let Some(media) = content.media_mut() {
            self.look_up_upload(workspace, kind, media).await?;
        }
        let id: MessageId = self.inner.ids.make(self.now());
        let remote_id = format!("phone-{id}");
        let act =
            PersonAct { from, from_alias, number, sender_name, chat, group, remote_id, content, reply_to };
        Ok(live.session.play(act).await?)
    }

    /// A press may be of a message that nobody knows any more; everything else is about one that is there.
    async fn name_what_it_is_about(
        &self,
        place: &Place<'_>,
        by: Option<&Chat>,
        content: &mut Content,
    ) -> Result<(), PhoneError> {
        let changes = matches!(content, Content::Edited { .. } | Content::Deleted { .. });
        if let Content::ButtonPress { message, .. } = content {
            if let Some(Ok(ours)) = message.as_deref().map(str::parse) {
                *message = self.inner.store.remote_id(place.workspace, place.device, &ours).await?;
            }
            return Ok(());
        }
        let Some(about) = content.about_mut() else { return Ok(()) };
        let ours = about.parse().map_err(|_| PhoneError::NotAboutAnything)?;
        let there = self.named_there(place, &ours).await?.ok_or(PhoneError::NotAboutAnything)?;
        if changes {
            let rest = self.inner.store.message_rest(place.workspace, &ours).await?;
            let theirs = match by {
                Some(person) => {
                    there.1 == Direction::In
                        && rest.and_then(|rest| rest.sender).as_deref() == Some(person.as_str())
                }
                // What the account wrote, on its phone or through us.
                None => there.1 != Direction::In,
            };
            if !theirs {
                return Err(PhoneError::NotTheirs);
            }
        }
        *about = there.0;
        Ok(())
    }

    /// The network's id of a message of this chat, and which way it went.
    async fn named_there(
        &self,
        place: &Place<'_>,
        message: &MessageId,
    ) -> Result<Option<(String, Direction)>, StoreError> {
        let store = &self.inner.store;
        let logged = store.message(place.workspace, message).await?;
        let logged = logged.filter(|it| it.device == *place.device && it.chat == place.chat.as_str());
        let Some(logged) = logged else { return Ok(None) };
        let remote_id = store.remote_id(place.workspace, place.device, message).await?;
        Ok(remote_id.map(|remote_id| (remote_id, logged.direction)))
    }

    /// The bytes that the person sends are those of a file that was uploaded.
    async fn look_up_upload(
        &self,
        workspace: &WorkspaceId,
        kind: ContentKind,
        media: &mut Media,
    ) -> Result<(), PhoneError> {
        let found = match media.url() {
            Some(url) => self.own_medium(workspace, url).await?,
            None => None,
        };
        let (id, state) = found.ok_or(PhoneError::NotUploaded)?.map_err(PhoneError::NoSuchMedium)?;
        let MediaState::Stored(StoredBytes { size, content_type, file_name, .. }) = state else {
            return Err(PhoneError::NoSuchMedium(NoSuchMedium::NotHere));
        };
        let should = match kind {
            ContentKind::Image => "image/",
            ContentKind::Video => "video/",
            ContentKind::Audio | ContentKind::Voice => "audio/",
            ContentKind::Sticker => "image/webp",
            _ => "",
        };
        if !content_type.starts_with(should) {
            return Err(PhoneError::WrongMedium { is: content_type, should });
        }
        *media = Media {
            content_type: Some(content_type),
            size: Some(size),
            file_name,
            ..Media::of(MediaSource::Stored(id))
        };
        Ok(())
    }
}

/// Where something is written.
struct Place<'a> {
    workspace: &'a WorkspaceId,
    device: &'a DeviceId,
    chat: &'a Chat,
}
