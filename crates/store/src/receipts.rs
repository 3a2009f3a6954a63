//! What the network says later on about messages of ours.

use cetar_model::{FailureCode, Fate, JobId, JobState, Receipt, Timestamp};

use crate::{
    NewReceipt, Result, Store,
    db::{Tx, fetch_rows, plain, read},
    lanes, leases,
    statement::Multi,
};

static MESSAGES: Multi = Multi::new(
    "receipts::MESSAGES",
    "SELECT job FROM messages WHERE device = $ AND direction = 'out' AND job IS NOT NULL AND remote_id IN (",
    "$",
    ")",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&MESSAGES];

impl Store {
    /// Moves messages forward, with events; a ready job whose message the network has is done. Returns how many moved.
    ///
    /// A ready job whose message the network refused is dead, and an unknown one that turns out to have arrived is done: a job
    /// that is not running always agrees with its message. A running one is left to its settlement. `LeaseLost` if the device
    /// is not held under this lease.
    pub async fn receipt(&self, receipt: NewReceipt) -> Result<usize> {
        if receipt.remote_ids.is_empty() {
            return Ok(0);
        }
        self.write(receipt, |tx, receipt| Box::pin(apply(tx, receipt))).await
    }
}

async fn apply(tx: &mut Tx, receipt: &NewReceipt) -> Result<usize> {
    leases::fence(tx, &receipt.device, receipt.lease).await?;
    let mut ids = receipt.remote_ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let found = fetch_rows!(tx, (String,), MESSAGES, [receipt.device.as_str()], &ids, |id| [id.as_str()]);
    let jobs = found.iter().map(|(id,)| read(id, "messages", "job", id)).collect::<Result<Vec<JobId>>>()?;
    lanes::lock(tx, &jobs).await?;
    let failure = (receipt.receipt == Receipt::Failed).then(|| match &receipt.failure {
        Some((code, provider)) => (*code, provider.as_deref().map(|code| plain(code).into_owned())),
        None => (FailureCode::RejectedByNetwork, None),
    });
    let mut moved = 0;
    for job in &jobs {
        let Some(mut work) = lanes::load_locked(tx, job).await? else { continue };
        let fate = Fate::Receipt(receipt.receipt);
        let when = (receipt.at, receipt.now);
        moved += usize::from(move_to(tx, &mut work, fate, failure.clone(), when).await?);
    }
    Ok(moved)
}

/// Moves one message, and closes its job where that follows; false if it changes nothing.
pub(crate) async fn move_to(
    tx: &mut Tx,
    work: &mut lanes::Work,
    fate: Fate,
    failure: Option<lanes::Failure>,
    (at, now): (Timestamp, Timestamp),
) -> Result<bool> {
    if !lanes::advance(tx, work, fate, failure, at, now).await? {
        return Ok(false);
    }
    if work.state != JobState::Running && work.state != lanes::follows(work.message_state) {
        lanes::close(tx, work, now).await?;
    }
    Ok(true)
}
