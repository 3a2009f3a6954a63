//! How often a device asked its network whether numbers have an account. Kept here, so that neither a restart nor another node has its
//! budget anew.

use std::time::Duration;

use cetar_model::{DeviceId, Timestamp};

use crate::{
    Result, Store,
    db::{Tx, execute, fetch_all},
    statement::statements,
};

/// Longer ago nothing is asked about.
const KEPT: Duration = Duration::from_hours(24);
/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

statements! {
    COUNT = "INSERT INTO number_checks (device, minute, asked) VALUES ($1, $2, 1) \
             ON CONFLICT (device, minute) DO UPDATE SET asked = number_checks.asked + 1";
    PAST = "DELETE FROM number_checks WHERE device = $1 AND minute < $2";
    ALL = "SELECT minute, asked FROM number_checks WHERE device = $1 AND minute >= $2 ORDER BY minute";
    FORGET = "DELETE FROM number_checks WHERE device = $1";
}

impl Store {
    /// Counts a question that this device is about to ask. Repeated, it counts twice.
    pub async fn count_number_check(&self, device: &DeviceId, now: Timestamp) -> Result<()> {
        self.write((device.clone(), now), |tx, (device, now)| {
            Box::pin(async move {
                execute!(tx, PAST, device.as_str(), minute(*now - KEPT))?;
                execute!(tx, COUNT, device.as_str(), minute(*now))?;
                Ok(())
            })
        })
        .await
    }

    /// The questions of the last 24 hours, oldest first: the end of a minute, and how many were asked in it.
    pub async fn number_checks(&self, device: &DeviceId, now: Timestamp) -> Result<Vec<(Timestamp, usize)>> {
        let mut conn = self.read().await?;
        let rows = fetch_all!(conn, (i64, i64), ALL, device.as_str(), minute(now - KEPT))?;
        let end = |minute: i64| Timestamp::from_micros((minute + 1).saturating_mul(MINUTE));
        Ok(rows.into_iter().map(|(at, asked)| (end(at), usize::try_from(asked).unwrap_or(0))).collect())
    }
}

const fn minute(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(MINUTE)
}

/// With the device.
pub(crate) async fn forget(tx: &mut Tx, device: &DeviceId) -> Result<()> {
    execute!(tx, FORGET, device.as_str())?;
    Ok(())
}
