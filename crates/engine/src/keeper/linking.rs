//! Linking, as one of the things a keeper does: no session of the device runs meanwhile, and the lease is the keeper's.
use std::{panic::AssertUnwindSafe, sync::Arc};

use cetar_model::{DeviceState, DownReason, Health};
use cetar_provider::{Host, LinkError, LinkRequest, LinkStep, Linked};
use cetar_store::{Device, StateChange, StoreError};
use futures::FutureExt;

use super::{Keeper, account, policy::link_ended};
use crate::{
    host::SessionHost,
    link::{LinkEvent, Teller},
    sessions::{Command, Signals},
};

const INTERNAL: &str = "an internal error; see the log";

/// How a linking ended.
enum End {
    Linked(Linked),
    /// It did not come about.
    Failed(Option<DownReason>, String),
    /// A person asked for something else meanwhile.
    CutShort(Command),
}

impl End {
    fn failed(reason: impl Into<Option<DownReason>>, message: impl Into<String>) -> Self {
        Self::Failed(reason.into(), message.into())
    }
}

impl Keeper {
    /// Links the device and tells each step. Returns the command that cut it short, if one did.
    pub(super) async fn link(&mut self, request: LinkRequest, teller: Teller) -> Option<Command> {
        let device = match self.begin_link().await {
            Ok(Some(device)) => device,
            Ok(None) => {
                let reason = Some(DownReason::HeldByAnotherNode);
                teller.tell(LinkEvent::failed(reason, "another node runs this device"));
                return None;
            }
            Err(error) => {
                tracing::warn!(device = %self.id, %error, "linking could not begin");
                teller.tell(LinkEvent::failed(None, INTERNAL));
                return None;
            }
        };
        let end = match self.drive(&device, request, &teller).await {
            End::Linked(linked) => self.keep_link(linked).await,
            other => other,
        };
        let (event, command) = match end {
            End::Linked(linked) => {
                tracing::info!(device = %self.id, "linked");
                (LinkEvent::Linked { address: linked.address }, None)
            }
            End::Failed(reason, message) => {
                tracing::info!(device = %self.id, reason = reason.map(DownReason::as_str), "linking failed");
                self.link_failed(&device, reason).await;
                (LinkEvent::failed(reason, message), None)
            }
            End::CutShort(command) => {
                self.link_failed(&device, None).await;
                (LinkEvent::failed(None, "something else was asked of this device meanwhile"), Some(command))
            }
        };
        teller.tell(event);
        self.engine.progressed();
        command
    }

    /// Takes the lease and says what is going on. `None` if the device is gone or another node has it.
    async fn begin_link(&mut self) -> Result<Option<Device>, StoreError> {
        if !self.take_hold().await? {
            return Ok(None);
        }
        let store = &self.engine.inner.store;
        let Some(device) = store.device(&self.workspace, &self.id).await? else { return Ok(None) };
        if device.paused {
            // Whoever links a device wants it to run.
            store.set_paused(&self.workspace, &self.id, false).await?;
        }
        self.store(Health::new(DeviceState::Linking, None)).await?;
        Ok(Some(device))
    }

    /// Asks the provider for one step after the other.
    async fn drive(&mut self, device: &Device, request: LinkRequest, teller: &Teller) -> End {
        let engine = self.engine.clone();
        let (Some(provider), Some(hold)) = (engine.provider_of(device).cloned(), &self.hold) else {
            return End::failed(None, "this build cannot link that channel");
        };
        let lost = hold.lost.clone();
        let signals = Arc::new(Signals::default());
        let host = SessionHost::new(engine.clone(), device, hold.lease, lost.clone(), signals);
        let account = match account(&engine, device).await {
            Ok(account) => account,
            Err(error) => {
                tracing::warn!(device = %self.id, %error, "linking could not begin");
                return End::failed(None, INTERNAL);
            }
        };
        let given = Arc::clone(&host) as Arc<dyn Host>;
        let steps = async {
            let mut process = provider.link(account, request, given).await?;
            loop {
                let event = match process.next().await? {
                    LinkStep::Qr { data, expires_in } => {
                        LinkEvent::Qr { data, expires_at: engine.now() + expires_in }
                    }
                    LinkStep::Code { code, expires_in } => {
                        LinkEvent::Code { code, expires_at: engine.now() + expires_in }
                    }
                    LinkStep::Connecting => LinkEvent::Connecting,
                    LinkStep::Done(linked) => return Ok(linked),
                };
                teller.tell(event);
                engine.progressed();
            }
        };
        let mut steps = Box::pin(AssertUnwindSafe(steps).catch_unwind());
        let end = loop {
            tokio::select! {
                end = &mut steps => break match end {
                    Ok(Ok(linked)) => End::Linked(linked),
                    Ok(Err(error @ LinkError::Refused(reason))) => End::failed(reason, error.to_string()),
                    Ok(Err(error)) => End::failed(None, error.to_string()),
                    Err(_panic) => {
                        tracing::error!(device = %self.id, "linking panicked");
                        End::failed(None, INTERNAL)
                    }
                },
                () = self.stop.cancelled() => break End::failed(None, "shutting down"),
                () = lost.cancelled() => {
                    break End::failed(DownReason::HeldByAnotherNode, "another node took this device over");
                }
                () = self.post.nudge.notified() => {
                    let there = self.engine.inner.store.device(&self.workspace, &self.id).await;
                    if matches!(there, Ok(None)) {
                        break End::failed(None, "the device was removed");
                    }
                }
                Some(command) = self.post.commands.recv() => match command {
                    // A session follows anyway.
                    Command::Restart => {}
                    other => break End::CutShort(other),
                },
            }
        };
        drop(steps);
        host.close();
        end
    }

    /// The phone considers it linked: that must not be lost because the database is away for a moment.
    async fn keep_link(&mut self, linked: Linked) -> End {
        loop {
            let Some(hold) = &self.hold else {
                return End::failed(DownReason::HeldByAnotherNode, "the lease was lost");
            };
            let store = &self.engine.inner.store;
            match store.set_linked(&self.id, hold.lease, &linked.address, self.engine.now()).await {
                Ok(()) => break,
                Err(StoreError::LeaseLost) => {
                    return End::failed(DownReason::HeldByAnotherNode, "another node took this device over");
                }
                // Another device was a moment faster. The keys of this link are of no use to anybody; the phone lists it until its owner
                // ends it there.
                Err(StoreError::Conflict) => {
                    let forgotten = store.save_state(&self.id, hold.lease, vec![StateChange::ClearAll]).await;
                    if let Err(error) = forgotten {
                        tracing::warn!(device = %self.id, %error, "the keys of a link that was refused are still there");
                    }
                    let reason = DownReason::AlreadyLinked;
                    return End::failed(reason, LinkError::Refused(reason).to_string());
                }
                Err(error) => tracing::warn!(device = %self.id, %error, "a new link could not be stored yet"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return End::failed(None, "shutting down"),
                () = self.engine.pause(self.engine.inner.settings.poll) => {}
            }
        }
        self.engine.inner.devices.forget(&self.workspace);
        self.engine.told();
        End::Linked(linked)
    }

    async fn link_failed(&mut self, device: &Device, reason: Option<DownReason>) {
        // If this cannot be stored, the next look finds it still linking and nobody at it, and says so.
        if let Err(error) = self.store(link_ended(device, reason)).await {
            tracing::warn!(device = %self.id, %error, "the end of a linking could not be stored");
        }
    }
}
