//! Accepting a send: a promise.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Channel, Chat, Content, DeviceId, JobId, MediaId, MediaSource, MessageId, MessageTag, Timestamp,
    WorkspaceId,
};
use cetar_provider::{HostError, NotLocated, Provider, SavedState, Unfit};
use cetar_store::{Accepted, Device, MediaState, NewIdempotency, NewSend, SentRequest, StoreError};

use crate::{auth::Caller, media::BadLink};

/// The same `Idempotency-Key` is the same request for this long.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_hours(24);

/// A send, its fields already in the product's words (the HTTP layer has reported every bad one).
#[derive(Debug, Clone)]
pub struct SendRequest {
    /// On which channel.
    pub channel: Channel,
    /// To whom.
    pub to: Chat,
    /// What.
    pub content: Content,
    /// Through which device, if said.
    pub device: Option<DeviceId>,
    /// The message it answers, of the same device.
    pub reply_to: Option<MessageId>,
    /// What the sender claims of it.
    pub tag: Option<MessageTag>,
    /// The application's own reference.
    pub client_ref: Option<String>,
    /// Another expiry than 24 h.
    pub expires_in: Option<Duration>,
    /// The request's own id, which the log of the attempts is found by.
    pub request_id: Option<String>,
    /// The request as it came, kept to be shown.
    pub request: Option<SentRequest>,
    /// `Idempotency-Key` with the path it came on and the SHA-256 of the body.
    pub idempotency: Option<IdempotencyKey>,
}

/// An `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The header's value, unquoted, 1 to 255 characters.
    pub key: String,
    /// `POST /v1/messages`.
    pub path: &'static str,
    /// SHA-256 of the canonical body.
    pub fingerprint: [u8; 32],
    /// How long it is the same request.
    pub kept: Duration,
}

/// On disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSend {
    /// What to ask about later.
    pub job: JobId,
    /// The message.
    pub message: MessageId,
    /// The answer of an earlier, equal request.
    pub replayed: bool,
}

/// Not accepted; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The plan lacks this.
    #[error("the plan lacks {0}")]
    PlanFeatureMissing(&'static str),
    /// The device named does not exist here, is not for this key, or is of the other kind (sandbox or real).
    #[error("device not allowed")]
    DeviceNotAllowed,
    /// The device named is on another channel.
    #[error("the device is on {0}")]
    OtherChannel(Channel),
    /// No device of that channel that the key may use.
    #[error("no device of this channel")]
    NoDevice,
    /// Several devices would do: name one.
    #[error("several devices")]
    SeveralDevices(Vec<DeviceId>),
    /// Never linked, or logged out.
    #[error("the device is not linked")]
    DeviceNotLinked(DeviceId),
    /// The channel cannot carry this; everything about it that does not fit.
    #[error("the channel cannot carry this")]
    Unfit(Vec<Unfit>),
    /// The message to answer is not one of this device, or its network does not know it yet.
    #[error("there is no such message to answer")]
    NoSuchMessage,
    /// It names a medium by an address of ours that leads to none.
    #[error("the address of ours leads to no medium: {0:?}")]
    NoSuchMedium(NoSuchMedium),
    /// The person has not yet allowed this account to write to them; where they can.
    #[error("the recipient has not opted in")]
    RecipientNotOptedIn(Option<String>),
    /// The network's window for free-form messages is shut.
    #[error("the window for free-form messages is shut")]
    OutsideWindow,
    /// The network has not approved this template, or not any more, or never had it.
    #[error("the network would refuse the template: {status}")]
    TemplateRefused {
        /// Where its review stands, in the network's own word.
        status: String,
        /// Why, in the network's own word.
        reason: Option<String>,
    },
    /// The same `Idempotency-Key` came with another body.
    #[error("idempotency key reused")]
    IdempotencyKeyReused,
    /// What the device's sessions have saved cannot be read.
    #[error(transparent)]
    State(HostError),
    /// Shutting down, or the database does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an address of ours (`media_url`) leads to no medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSuchMedium {
    /// It was good for a week, and that is over.
    Ended,
    /// We never gave it out, or not to this workspace, or what it led to is not here.
    NotHere,
}

impl From<NotLocated> for AcceptError {
    fn from(error: NotLocated) -> Self {
        match error {
            NotLocated::NotOptedIn { link } => Self::RecipientNotOptedIn(link),
            NotLocated::State(error) => Self::State(error),
        }
    }
}

impl crate::Engine {
    /// Accepts a send: when this returns `Ok`, it is on disk. One transaction, then the worker is woken.
    pub async fn accept(&self, caller: &Caller, request: SendRequest) -> Result<AcceptedSend, AcceptError> {
        let (workspace, now) = (&caller.workspace, self.now());
        if let Some(given) = &request.idempotency
            && let Some(answer) = self.asked_before(caller, given).await?
        {
            return Ok(answer);
        }
        let idempotency = request.idempotency.map(|given| new_idempotency(caller, given, now));
        let named = request.device.is_some();
        let (device, provider) = self.choose_device(caller, request.channel, request.device.as_ref()).await?;
        let unfit = provider.capabilities().unfit(&request.content);
        if !unfit.is_empty() {
            return Err(AcceptError::Unfit(unfit));
        }
        if !device.health.state.is_linked() {
            return Err(AcceptError::DeviceNotLinked(device.id));
        }

        let saved = Saved { engine: self, device: &device.id };
        let to = provider.locate(&request.to, &saved).await.map_err(AcceptError::from)?;
        let reply_to = match &request.reply_to {
            Some(answered) => {
                let remote_id = self.inner.store.remote_id(&workspace.id, &device.id, answered).await?;
                // A message whose network has not told its id of it yet is known by ours.
                let theirs = remote_id.filter(|id| id != answered.as_str());
                Some(theirs.ok_or(AcceptError::NoSuchMessage)?)
            }
            None => None,
        };
        let mut content = self.about_theirs(&workspace.id, &device.id, request.content).await?;
        self.look_up_medium(&workspace.id, &mut content).await?;
        if let Content::Template(template) = &mut content {
            self.look_at_template(&device, &*provider, template).await?;
        }
        let capabilities = provider.capabilities();
        let longer = capabilities.human_agent.filter(|_| request.tag == Some(MessageTag::HumanAgent));
        if let Some(window) = longer.or(capabilities.window)
            && !matches!(content, Content::Template(_) | Content::Seen { .. })
        {
            let known_since = device.linked_at.is_none_or(|linked_at| now.since(linked_at) >= window);
            let wrote = self.inner.store.wrote_since(&device.id, &to, now - window).await?;
            // Where it cannot be known, the network is the judge.
            if known_since && wrote == Some(false) {
                return Err(AcceptError::OutsideWindow);
            }
        }
        let ids = &self.inner.ids;
        let message: MessageId = ids.make(now);
        let job: JobId = ids.make(now);
        let send = NewSend {
            remote_id: provider.remote_id(&message),
            message: message.clone(),
            job: job.clone(),
            conversation: ids.make(now),
            contact: ids.make(now),
            workspace: workspace.id.clone(),
            device: device.id.clone(),
            channel: device.channel,
            to,
            content,
            reply_to,
            tag: request.tag,
            client_ref: request.client_ref,
            request_id: request.request_id,
            request: request.request,
            idempotency,
            now,
            expires_at: now + request.expires_in.unwrap_or(self.inner.settings.expires_in),
        };
        match self.inner.store.accept(send).await? {
            Accepted::New => {
                metrics::counter!("cetar_messages_accepted_total", "channel" => device.channel.as_str())
                    .increment(1);
                self.inner.sessions.wake(&device.id);
                self.progressed();
                Ok(AcceptedSend { job, message, replayed: false })
            }
            Accepted::Replayed { job, message } => Ok(AcceptedSend { job, message, replayed: true }),
            Accepted::KeyReused => Err(AcceptError::IdempotencyKeyReused),
            Accepted::DeviceGone => {
                // Another process removed it within the last second.
                self.inner.devices.forget(&workspace.id);
                Err(if named { AcceptError::DeviceNotAllowed } else { AcceptError::NoDevice })
            }
        }
    }
}

impl crate::Engine {
    /// What was answered to an equal request before. To be asked before anything is judged: what was accepted once is answered the same,
    /// though the device has been logged out since, or the template is gone.
    pub async fn asked_before(
        &self,
        caller: &Caller,
        asked: &IdempotencyKey,
    ) -> Result<Option<AcceptedSend>, AcceptError> {
        let now = self.now();
        match self.inner.store.asked_before(&new_idempotency(caller, asked.clone(), now), now).await? {
            Some(Accepted::Replayed { job, message }) => {
                Ok(Some(AcceptedSend { job, message, replayed: true }))
            }
            Some(Accepted::KeyReused) => Err(AcceptError::IdempotencyKeyReused),
            Some(Accepted::New | Accepted::DeviceGone) | None => Ok(None),
        }
    }

    /// A medium that is named by an address of ours is meant by its id from now on: the address may end while the message waits for its
    /// turn, and what a message refers to is kept. What it is, is looked at in its turn: it may still be coming in.
    async fn look_up_medium(
        &self,
        workspace: &WorkspaceId,
        content: &mut Content,
    ) -> Result<(), AcceptError> {
        let Some(media) = content.media_mut() else { return Ok(()) };
        let Some(url) = media.url() else { return Ok(()) };
        let Some(found) = self.own_medium(workspace, url).await? else { return Ok(()) };
        let (id, _state) = found.map_err(AcceptError::NoSuchMedium)?;
        media.source = MediaSource::Stored(id);
        Ok(())
    }

    /// The medium of this workspace that an address of ours leads to, which is here or still coming in; `None` of any other address.
    pub(crate) async fn own_medium(
        &self,
        workspace: &WorkspaceId,
        url: &str,
    ) -> Result<Option<Result<(MediaId, MediaState), NoSuchMedium>>, StoreError> {
        let Some(link) = self.own_media_link(url) else { return Ok(None) };
        let id = match self.read_media_link(link) {
            Ok(id) => id,
            Err(BadLink::Ended) => return Ok(Some(Err(NoSuchMedium::Ended))),
            Err(BadLink::Forged) => return Ok(Some(Err(NoSuchMedium::NotHere))),
        };
        let record = self.inner.store.media(&id).await?.filter(|record| record.workspace == *workspace);
        Ok(Some(match record.map(|record| record.state) {
            Some(state @ (MediaState::Stored(_) | MediaState::Wanted)) => Ok((id, state)),
            Some(MediaState::Lost(_)) | None => Err(NoSuchMedium::NotHere),
        }))
    }

    /// A reaction or a read mark may name its message by our id: the network knows it by its own.
    async fn about_theirs(
        &self,
        workspace: &WorkspaceId,
        device: &DeviceId,
        mut content: Content,
    ) -> Result<Content, AcceptError> {
        if let Content::Reaction { message, .. } | Content::Seen { message, .. } = &mut content
            && let Ok(ours) = message.parse::<MessageId>()
        {
            let remote_id = self.inner.store.remote_id(workspace, device, &ours).await?;
            *message = remote_id.filter(|id| id != ours.as_str()).ok_or(AcceptError::NoSuchMessage)?;
        }
        Ok(content)
    }

    /// The device to use, and its network.
    pub(crate) async fn choose_device(
        &self,
        caller: &Caller,
        channel: Channel,
        named: Option<&DeviceId>,
    ) -> Result<(Device, Arc<dyn Provider>), AcceptError> {
        if !caller.workspace.plan.allows(channel) {
            return Err(AcceptError::PlanFeatureMissing(channel.as_str()));
        }
        let devices = self.devices_of(&caller.workspace.id).await?;
        let device = choose(caller, &devices, channel, named)?;
        // A device whose network this build lacks can never be linked.
        let provider = self.provider_of(device);
        let provider = provider.ok_or_else(|| AcceptError::DeviceNotLinked(device.id.clone()))?;
        Ok((device.clone(), Arc::clone(provider)))
    }
}

/// What the sessions of a device have saved.
pub(crate) struct Saved<'e> {
    pub(crate) engine: &'e crate::Engine,
    pub(crate) device: &'e DeviceId,
}

#[async_trait]
impl SavedState for Saved<'_> {
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        let state = self.engine.inner.store.state(self.device, collection, key).await;
        state.map_err(|error| HostError::Unavailable(error.into()))
    }
}

/// "Choosing the device" of the contract: the one named, if the caller may use it; else the only one of the channel it may use.
fn choose<'d>(
    caller: &Caller,
    devices: &'d [Device],
    channel: Channel,
    named: Option<&DeviceId>,
) -> Result<&'d Device, AcceptError> {
    let mut usable = devices.iter().filter(|device| caller.may_use(device));
    if let Some(id) = named {
        // Not there, not of this workspace, of the other kind, not for this key: one answer, which tells nothing of the others.
        let device = usable.find(|device| device.id == *id).ok_or(AcceptError::DeviceNotAllowed)?;
        return if device.channel == channel {
            Ok(device)
        } else {
            Err(AcceptError::OtherChannel(device.channel))
        };
    }
    let fitting: Vec<&Device> = usable.filter(|device| device.channel == channel).collect();
    match fitting[..] {
        [] => Err(AcceptError::NoDevice),
        [device] => Ok(device),
        _ => Err(AcceptError::SeveralDevices(fitting.into_iter().map(|device| device.id.clone()).collect())),
    }
}

fn new_idempotency(caller: &Caller, given: IdempotencyKey, now: Timestamp) -> NewIdempotency {
    NewIdempotency {
        scope: scope(caller, given.path),
        key: given.key,
        fingerprint: given.fingerprint,
        expires_at: now + given.kept,
    }
}

/// An `Idempotency-Key` means what one API key (or one person, or the operator of one workspace) asked on one path.
fn scope(caller: &Caller, path: &str) -> String {
    match (&caller.key, &caller.session) {
        (Some(key), _) => format!("{} {path}", key.id),
        (None, Some(session)) => format!("{} {path}", session.user.id),
        (None, None) => format!("{} {path}", caller.workspace.id),
    }
}
