//! What a session is given: the way into the store, fenced by the lease of its device.
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Chat, Content, DeviceId, DeviceState, DownReason, Health, MediaId, MediaSource, Timestamp, WorkspaceId,
    Writer,
};
use cetar_provider::{Host, HostError, Inbound, InboundMessage, InboundReceipt, StateWrite, StoredMedia};
use cetar_store::{DeviceLease, NewInbound, NewReach, NewReceipt, NewWanted, StateChange, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{Engine, lock, sessions::Signals};

/// What of a health is stored; the evidence beside it changes all the time and stays with the session.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    state: DeviceState,
    reason: Option<DownReason>,
    until: Option<Timestamp>,
    credentials_until: Option<Timestamp>,
}

/// The host of one session, or of one linking. Once it is closed, or its lease is lost, every call fails: whatever of the session
/// were still running could do no harm.
pub(crate) struct SessionHost {
    engine: Engine,
    device: DeviceId,
    workspace: WorkspaceId,
    lease: DeviceLease,
    /// Cancelled when the lease turns out to be lost.
    lost: CancellationToken,
    signals: Arc<Signals>,
    /// What was stored last, so that a session which repeats itself costs nothing.
    stored: Mutex<Option<Told>>,
    closed: AtomicBool,
}

impl SessionHost {
    pub(crate) fn new(
        engine: Engine,
        device: &cetar_store::Device,
        lease: DeviceLease,
        lost: CancellationToken,
        signals: Arc<Signals>,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            device: device.id.clone(),
            workspace: device.workspace.clone(),
            lease,
            lost,
            signals,
            stored: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// Its session has ended.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn is_open(&self) -> Result<(), HostError> {
        if self.closed.load(Ordering::Acquire) || self.lost.is_cancelled() {
            return Err(HostError::LeaseLost);
        }
        Ok(())
    }

    fn error(&self, error: StoreError) -> HostError {
        match error {
            StoreError::LeaseLost => {
                self.engine.inner.sessions.set_elsewhere(&self.device, true);
                self.lost.cancel();
                HostError::LeaseLost
            }
            // Whatever it is: nothing was stored, so nothing may be acknowledged.
            other => HostError::Unavailable(Box::new(other)),
        }
    }

    async fn take_in(&self, message: InboundMessage) -> Result<(), StoreError> {
        let inbound = self.engine.arriving(&self.device, Some(self.lease), message);
        let has_media = inbound.wanted.is_some();
        if self.engine.inner.store.take_in(inbound).await? {
            metrics::counter!("cetar_messages_received_total").increment(1);
            if has_media {
                self.signals.media.notify_one();
            }
            self.engine.told();
        }
        Ok(())
    }

    async fn receipt(&self, receipt: InboundReceipt) -> Result<(), StoreError> {
        let InboundReceipt { remote_ids, receipt, failure, at } = receipt;
        let receipt = NewReceipt {
            device: self.device.clone(),
            lease: self.lease,
            remote_ids,
            receipt,
            failure,
            at,
            now: self.engine.now(),
        };
        if self.engine.inner.store.receipt(receipt).await? > 0 {
            // A job whose message the network has is done, which may free a lane.
            self.signals.wake.notify_one();
            self.engine.told();
        }
        Ok(())
    }

    async fn health(&self, health: Health) -> Result<(), StoreError> {
        let Health { state, reason, until, credentials_until, .. } = health;
        let told = Some(Told { state, reason, until, credentials_until });
        if *lock(&self.stored) != told {
            self.engine.store_health(&self.workspace, &self.device, Some(self.lease), health).await?;
            *lock(&self.stored) = told;
        }
        Ok(())
    }
}

#[async_trait]
impl Host for SessionHost {
    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        self.is_open()?;
        let done = match event {
            Inbound::Message(message) => self.take_in(message).await,
            Inbound::Receipt(receipt) => self.receipt(receipt).await,
            Inbound::Health(health) => {
                let done = self.health(health).await;
                // Whether or not it could be stored: the worker goes by the session's own word.
                self.signals.health_told();
                self.engine.progressed();
                done
            }
            Inbound::Reachable { remote_id, chat, reachable, at } => {
                let (device, lease, now) = (self.device.clone(), self.lease, self.engine.now());
                let new = NewReach { device, lease, remote_id, chat, reachable, at, now };
                self.engine.inner.store.note_reach(new).await.map(|is_news| {
                    if is_news {
                        self.engine.told();
                    }
                })
            }
            Inbound::AccountRate(rate) => {
                self.engine.inner.paces.set_account_rate(&self.device, rate);
                Ok(())
            }
            Inbound::Templates { templates, asked_at } => {
                let store = &self.engine.inner.store;
                store.put_official_templates(&self.device, None, templates, asked_at).await
            }
            Inbound::Renewed(renewed) => {
                let secrets = (renewed.was.as_str(), renewed.is.as_str());
                let store = &self.engine.inner.store;
                let done = store.renew_setting(&self.device, self.lease, renewed.name, secrets).await;
                self.engine.inner.callers.forget_all();
                done.map(|_person_was_first| ())
            }
            Inbound::Resolved { alias, number } => {
                let now = self.engine.now();
                let store = &self.engine.inner.store;
                let done = store.resolve_alias(&self.device, self.lease, &alias, &number, now).await;
                self.engine.told();
                done
            }
        };
        done.map_err(|error| self.error(error))
    }

    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        self.is_open()?;
        self.engine.inner.store.state(&self.device, collection, key).await.map_err(|error| self.error(error))
    }

    async fn load_all(&self, collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        self.is_open()?;
        self.engine.inner.store.state_all(&self.device, collection).await.map_err(|error| self.error(error))
    }

    async fn save(&self, batch: Vec<StateWrite>) -> Result<(), HostError> {
        self.is_open()?;
        let changes = batch
            .into_iter()
            .map(|write| match write {
                StateWrite::Put { collection, key, value } => StateChange::Put(collection, key, value),
                StateWrite::Delete { collection, key } => StateChange::Delete(collection, key),
                StateWrite::Clear { collection } => StateChange::Clear(collection),
                StateWrite::ClearAll => StateChange::ClearAll,
            })
            .collect();
        let saved = self.engine.inner.store.save_state(&self.device, self.lease, changes).await;
        saved.map_err(|error| self.error(error))
    }

    async fn media(&self, id: &MediaId) -> Result<StoredMedia, HostError> {
        self.is_open()?;
        self.engine.open_media(&self.workspace, id).await
    }

    fn media_link(&self, id: &MediaId) -> Option<String> {
        Some(self.engine.media_url(id))
    }

    async fn is_linked_elsewhere(&self, address: &str) -> Result<bool, HostError> {
        self.is_open()?;
        let known = self.engine.inner.store.is_linked_elsewhere(&self.device, address).await;
        known.map_err(|error| self.error(error))
    }

    async fn writer_of(&self, chat: &Chat, remote_id: &str) -> Result<Option<Writer>, HostError> {
        self.is_open()?;
        let known = self.engine.inner.store.writer_of(&self.device, chat, remote_id).await;
        known.map_err(|error| self.error(error))
    }

    fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

impl Engine {
    /// Exchanges the network's reference of a medium for an id of ours, under which it is given out from now on.
    fn receive_media(&self, content: &mut Content) -> Option<NewWanted> {
        let media = content.media_mut()?;
        let MediaSource::Network(reference) = &media.source else { return None };
        let id: MediaId = self.inner.ids.make(self.now());
        let wanted = NewWanted { media: id.clone(), reference: reference.clone() };
        media.source = MediaSource::Stored(id);
        Some(wanted)
    }

    /// A message from a network, as the store takes it in.
    pub(crate) fn arriving(
        &self,
        device: &DeviceId,
        lease: Option<DeviceLease>,
        message: InboundMessage,
    ) -> NewInbound {
        let (ids, now) = (&self.inner.ids, self.now());
        let InboundMessage {
            remote_id,
            chat,
            from,
            from_alias,
            group,
            echo,
            sender_name,
            mut content,
            reply_to,
            raw,
            sent_at,
        } = message;
        let wanted = self.receive_media(&mut content);
        // Where the network did not say when, it was now: in 1970 there was no window to answer in.
        let sent_at = if sent_at == Timestamp::default() { now } else { sent_at };
        NewInbound {
            message: ids.make(now),
            event: ids.make(now),
            conversation: ids.make(now),
            contact: ids.make(now),
            device: device.clone(),
            lease,
            remote_id,
            chat,
            from,
            from_alias,
            group,
            echo,
            sender_name,
            content,
            media_url: wanted.as_ref().map(|wanted| self.media_url(&wanted.media)),
            wanted,
            reply_to,
            raw,
            sent_at,
            now,
        }
    }

    /// Stores a device's health; if its state or reason changed, those who want to know are told.
    pub(crate) async fn store_health(
        &self,
        workspace: &WorkspaceId,
        device: &DeviceId,
        lease: Option<DeviceLease>,
        health: Health,
    ) -> Result<(), StoreError> {
        if self.inner.store.set_health(device, lease, health, self.now()).await? {
            tracing::info!(
                %device,
                state = %health.state,
                reason = health.reason.map(DownReason::as_str),
                "device state"
            );
            self.inner.devices.forget(workspace);
            self.told();
        }
        Ok(())
    }

    /// A person ended the link: says so, and forgets the session's keys. One that was only being linked is unlinked again.
    pub(crate) async fn forget_link(
        &self,
        workspace: &WorkspaceId,
        device: &DeviceId,
        lease: DeviceLease,
    ) -> Result<(), StoreError> {
        let store = &self.inner.store;
        store.save_state(device, lease, vec![StateChange::ClearAll]).await?;
        let was_linked = store.device(workspace, device).await?.is_some_and(|it| it.linked_at.is_some());
        let health = if was_linked {
            Health::new(DeviceState::LoggedOut, Some(DownReason::LoggedOut))
        } else {
            Health::new(DeviceState::Unlinked, None)
        };
        self.store_health(workspace, device, Some(lease), health).await
    }
}
