//! Jobs that nobody will send any more: past their expiry, or their device is gone.

use cetar_model::{FailureCode, Fate, JobId, JobState, Timestamp};

use crate::{
    Result, Store,
    db::{Tx, fetch_all, limit as rows, read},
    lanes::{self, Work},
    statement::statements,
};

statements! {
    EXPIRED = "SELECT id FROM jobs WHERE state = 'ready' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2";
    // What a removal left behind that was cut short. A removed device has no open jobs otherwise.
    ORPHANED = "SELECT j.id FROM devices d JOIN jobs j ON j.device = d.id AND j.at_head AND j.state = 'ready' \
                WHERE d.removed_at IS NOT NULL LIMIT $1";
}

impl Store {
    /// Fails ready jobs past their expiry, with events, at most `limit` of them. Returns how many.
    pub async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let mut conn = self.read().await?;
        let mut jobs = fetch_all!(conn, (String,), EXPIRED, now.as_micros(), rows(limit))?;
        if jobs.len() < limit {
            jobs.extend(fetch_all!(conn, (String,), ORPHANED, rows(limit - jobs.len()))?);
        }
        drop(conn);
        if jobs.is_empty() {
            return Ok(0);
        }
        let jobs = jobs.iter().map(|(id,)| read(id, "jobs", "id", id)).collect::<Result<Vec<JobId>>>()?;
        self.write((jobs, now), |tx, (jobs, now)| Box::pin(expire_all(tx, jobs, *now))).await
    }
}

/// Fails those of these jobs that still wait and that nobody will send. Returns how many.
pub(crate) async fn expire_all(tx: &mut Tx, jobs: &[JobId], now: Timestamp) -> Result<usize> {
    lanes::lock(tx, jobs).await?;
    let mut failed = 0;
    for job in jobs {
        let Some(mut work) = lanes::load_locked(tx, job).await? else { continue };
        let code = if work.device_removed {
            FailureCode::DeviceRemoved
        } else if work.expires_at <= now {
            FailureCode::Expired
        } else {
            continue;
        };
        if work.state == JobState::Ready {
            give_up(tx, &mut work, code, now).await?;
            failed += 1;
        }
    }
    Ok(failed)
}

/// Ends a job that is not to run any more.
pub(crate) async fn give_up(tx: &mut Tx, work: &mut Work, code: FailureCode, now: Timestamp) -> Result<()> {
    lanes::advance(tx, work, Fate::GivenUp, Some((code, None)), now, now).await?;
    lanes::close(tx, work, now).await
}
