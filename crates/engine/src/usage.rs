//! Figures of a workspace, and its first steps.
use std::{collections::BTreeMap, time::Duration};

use cetar_model::{DeviceState, EndpointState, Timestamp};
use cetar_store::{Figures, StoreError};

use crate::{Engine, auth::Caller, lock};

/// Latencies are those of this last span, and of at most so many sends.
const LATELY: Duration = Duration::from_hours(1);
const SENDS: usize = 5_000;
/// What waits is counted up to this.
const MOST_WAITING: usize = 10_000;
const HOUR: Duration = Duration::from_hours(1);

/// A workspace's figures.
#[derive(Debug)]
pub struct Usage {
    /// By the hour, every hour of the span, oldest first.
    pub hours: Vec<(Timestamp, Figures)>,
    /// Over the span.
    pub total: Figures,
    /// Over the span of the same length before.
    pub previous: Figures,
    /// Milliseconds from accepting a send to its network taking it, over the last hour: half of them, and 95 of a hundred, took at most
    /// this. None where nothing was sent.
    pub latency: Option<(u64, u64)>,
    /// Sends that wait, counted up to 10,000.
    pub waiting: u32,
    /// Since when the oldest of them does.
    pub oldest_waiting: Option<Timestamp>,
    /// Devices by their state.
    pub devices: BTreeMap<DeviceState, u32>,
    /// Webhook endpoints by their state.
    pub endpoints: BTreeMap<EndpointState, u32>,
}

/// What a newcomer has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step of its own, done or not")]
pub struct Checklist {
    /// Linked a device that is no sandbox one.
    pub device_linked: bool,
    /// Used a key.
    pub key_used: bool,
    /// Sent a message that its network took.
    pub message_delivered: bool,
    /// Has a webhook that was answered.
    pub webhook_answered: bool,
}

impl Engine {
    /// Figures over the last hours, the present one included.
    pub async fn usage(&self, caller: &Caller, hours: u32) -> Result<Usage, StoreError> {
        let (store, workspace, now) = (&self.inner.store, &caller.workspace.id, self.now());
        let micros = i64::try_from(HOUR.as_micros()).unwrap_or(i64::MAX);
        let first = now.as_micros().div_euclid(micros) - i64::from(hours) + 1;
        let begin = Timestamp::from_micros(first * micros);
        let before = Timestamp::from_micros((first - i64::from(hours)) * micros);
        let mut found: BTreeMap<Timestamp, Figures> =
            store.usage(workspace, before, now).await?.into_iter().collect();
        let later = found.split_off(&begin);
        let all = (first..first + i64::from(hours)).map(|hour| Timestamp::from_micros(hour * micros));
        let hours: Vec<_> = all.map(|hour| (hour, later.get(&hour).copied().unwrap_or_default())).collect();
        let (waiting, oldest_waiting) = store.waiting(workspace, MOST_WAITING).await?;
        let mut devices = BTreeMap::new();
        for device in self.devices(caller).await? {
            *devices.entry(device.health.state).or_default() += 1;
        }
        let mut endpoints = BTreeMap::new();
        for endpoint in store.endpoints(workspace).await? {
            *endpoints.entry(endpoint.state()).or_default() += 1;
        }
        Ok(Usage {
            total: hours.iter().map(|(_, figures)| *figures).sum(),
            previous: found.into_values().sum(),
            hours,
            latency: percentiles(store.latencies(workspace, now - LATELY, SENDS).await?),
            waiting,
            oldest_waiting,
            devices,
            endpoints,
        })
    }

    /// How far a newcomer has come.
    pub async fn checklist(&self, caller: &Caller) -> Result<Checklist, StoreError> {
        let (store, workspace) = (&self.inner.store, &caller.workspace.id);
        let devices = self.devices(caller).await?;
        let keys = store.keys(workspace).await?;
        // A use is written down within a minute; until then it is known here.
        let used_here: Vec<_> = lock(&self.inner.used).keys().cloned().collect();
        let mut webhook_answered = false;
        for endpoint in store.endpoints(workspace).await? {
            webhook_answered = webhook_answered || store.has_answered(&endpoint.id).await?;
        }
        Ok(Checklist {
            device_linked: devices.iter().any(|device| !device.sandbox && device.health.state.is_linked()),
            key_used: keys.iter().any(|key| key.last_used_at.is_some() || used_here.contains(&key.id)),
            message_delivered: store.has_sent(workspace).await?,
            webhook_answered,
        })
    }

    /// Adds up the hours that are over.
    pub(crate) async fn add_up_usage(&self) -> Result<(), StoreError> {
        while self.inner.store.add_up_usage(self.now()).await? {}
        Ok(())
    }
}

/// The half and the 95 of a hundred, in milliseconds.
fn percentiles(mut micros: Vec<i64>) -> Option<(u64, u64)> {
    micros.sort_unstable();
    let at = |percent: usize| {
        let took = micros.get((micros.len() * percent).div_ceil(100).checked_sub(1)?)?;
        u64::try_from(took / 1000).ok()
    };
    at(50).zip(at(95))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        assert_eq!(percentiles(Vec::new()), None);
        assert_eq!(percentiles(vec![7_000]), Some((7, 7)));
        assert_eq!(percentiles((1..=100).rev().map(|n| n * 1000).collect()), Some((50, 95)));
    }
}
