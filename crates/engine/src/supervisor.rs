//! Sees to it that every device has a keeper, and that each keeper hears of changes, whoever made them.
use std::collections::{HashMap, HashSet};

use cetar_model::{DeviceId, Timestamp};
use cetar_store::Device;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{Engine, keeper::Keeper};

/// What a keeper goes by; when it changes, the keeper is told to look.
#[derive(PartialEq)]
struct Seen {
    paused: bool,
    paced: bool,
    state: cetar_model::DeviceState,
    linked_at: Option<Timestamp>,
}

impl Seen {
    const fn of(device: &Device) -> Self {
        Self {
            paused: device.paused,
            paced: device.paced,
            state: device.health.state,
            linked_at: device.linked_at,
        }
    }
}

struct Supervisor {
    engine: Engine,
    stop: CancellationToken,
    keepers: JoinSet<()>,
    kept: HashMap<DeviceId, (Id, Seen)>,
}

/// Until `stop`; then until every keeper has put its device down.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let poll = engine.inner.settings.poll;
    let mut supervisor = Supervisor {
        engine: engine.clone(),
        stop: stop.clone(),
        keepers: JoinSet::new(),
        kept: HashMap::new(),
    };
    let mut failing = false;
    while !stop.is_cancelled() {
        let look_again = engine.now() + poll;
        // Polling, because another process may have changed the same database (ADR 8).
        match engine.inner.store.all_devices().await {
            Ok(devices) => {
                failing = false;
                supervisor.reconcile(&devices);
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the list of devices cannot be read");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.inner.sessions.changed.notified() => {}
            () = engine.inner.clock.sleep_until(look_again) => {}
            Some(ended) = supervisor.keepers.join_next_with_id() => supervisor.ended(&ended),
        }
    }
    while let Some(ended) = supervisor.keepers.join_next_with_id().await {
        supervisor.ended(&ended);
    }
}

impl Supervisor {
    fn reconcile(&mut self, devices: &[Device]) {
        for device in devices {
            let now = Seen::of(device);
            match self.kept.get_mut(&device.id) {
                Some((_, seen)) if *seen == now => {}
                Some((_, seen)) => {
                    if seen.paced != now.paced {
                        self.engine.inner.paces.switch(&device.id, now.paced);
                        self.engine.inner.sessions.wake(&device.id);
                    }
                    *seen = now;
                    self.engine.inner.sessions.look(&device.id);
                }
                None => {
                    let keeper = Keeper::new(self.engine.clone(), device, self.stop.clone());
                    let task = self.keepers.spawn(keeper.run()).id();
                    self.kept.insert(device.id.clone(), (task, now));
                }
            }
        }
        if self.kept.len() > devices.len() {
            let there: HashSet<&DeviceId> = devices.iter().map(|device| &device.id).collect();
            for gone in self.kept.keys().filter(|id| !there.contains(id)) {
                self.engine.inner.sessions.look(gone);
            }
        }
    }

    /// A keeper ends when its device is gone, or when the process stops. One that panicked is replaced at the next look.
    fn ended(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => *task,
            Err(error) => {
                tracing::error!(%error, "a device's keeper panicked; it is replaced");
                error.id()
            }
        };
        let device = self.kept.iter().find(|(_, (kept, _))| *kept == task).map(|(id, _)| id.clone());
        if let Some(device) = device {
            self.kept.remove(&device);
            if ended.is_ok() {
                self.engine.inner.sessions.forget(&device);
                self.engine.inner.paces.forget(&device);
                self.engine.inner.checks.forget(&device);
            }
        }
    }
}
