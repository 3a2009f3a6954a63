//! What whoever keeps to a network's pace has to know of the past, and to put off.

use cetar_model::{Chat, DeviceId, Timestamp};

use crate::{
    Result, Store,
    db::{Tx, execute_rows, fetch_all, fetch_rows},
    statement::{Multi, statements},
};

/// Jobs that are put off, or brought forward, in one transaction.
const BATCH: i64 = 1000;
/// No message waits longer in the queue (`expires_in` is at most a week): what was sent within a day was accepted within this.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_hours(8 * 24);

/// Who wrote to us, or got something of us, is no stranger. By the unique index of a conversation's messages, the first of which
/// mostly settles it.
macro_rules! acquainted {
    ($conversation:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM messages m WHERE m.conversation = ",
            $conversation,
            " AND (m.direction <> 'out' OR m.state IN ('sent', 'delivered', 'read')))"
        )
    };
}

statements! {
    FIRSTS = "SELECT c.chat, m.state_at FROM conversations c JOIN messages m ON m.conversation = c.id AND m.sequence = 1 \
              WHERE c.device = $1 AND c.created_at >= $2 AND m.direction = 'out' AND m.state_at >= $3 \
                AND m.state IN ('sending', 'sent', 'delivered', 'read', 'unknown') ORDER BY m.state_at, m.id";
    WAITING_FIRSTS = concat!(
        "SELECT j.id FROM jobs j WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.run_at <= $2 AND NOT ",
        acquainted!("j.conversation"),
        " ORDER BY j.run_at, j.id LIMIT $3"
    ), postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    PUT_OFF = "SELECT j.id FROM jobs j WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.attempts = 0 AND j.run_at > $2 \
               ORDER BY j.run_at, j.id LIMIT $3",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
}

static ACQUAINTED: Multi = Multi::new(
    "pace::ACQUAINTED",
    concat!(
        "SELECT c.chat FROM conversations c WHERE ",
        acquainted!("c.id"),
        " AND c.device = $ AND c.chat IN ("
    ),
    "$",
    ")",
    "",
);

static RUN_AT: Multi = Multi::new("pace::RUN_AT", "UPDATE jobs SET run_at = $ WHERE id IN (", "$", ")", "");

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&ACQUAINTED, &RUN_AT];

impl Store {
    /// First messages of conversations that this device began and sent since then, oldest first.
    pub async fn first_messages(
        &self,
        device: &DeviceId,
        since: Timestamp,
    ) -> Result<Vec<(Chat, Timestamp)>> {
        let mut conn = self.read().await?;
        let accepted = (since - LONGEST_WAIT).as_micros();
        let rows = fetch_all!(conn, (String, i64), FIRSTS, device.as_str(), accepted, since.as_micros())?;
        Ok(rows.into_iter().map(|(chat, at)| (Chat::new(chat), Timestamp::from_micros(at))).collect())
    }

    /// Puts off the due jobs of this device whose recipients are strangers, up to a thousand of them: none is claimed before
    /// `until`. Returns how many there were.
    pub async fn put_off_first_messages(
        &self,
        device: &DeviceId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<usize> {
        self.write((device.clone(), now, until), |tx, (device, now, until)| {
            Box::pin(async move {
                let jobs =
                    fetch_all!(tx, (String,), WAITING_FIRSTS, device.as_str(), now.as_micros(), BATCH)?;
                run_at(tx, &jobs, *until).await
            })
        })
        .await
    }

    /// Brings forward what was put off and never tried, up to a thousand jobs of this device. Returns how many there were.
    pub async fn bring_forward(&self, device: &DeviceId, now: Timestamp) -> Result<usize> {
        self.write((device.clone(), now), |tx, (device, now)| {
            Box::pin(async move {
                let jobs = fetch_all!(tx, (String,), PUT_OFF, device.as_str(), now.as_micros(), BATCH)?;
                run_at(tx, &jobs, *now).await
            })
        })
        .await
    }
}

/// Those of these chats in which the other side has written, or has got a message of this device.
pub(crate) async fn acquainted(tx: &mut Tx, device: &DeviceId, chats: &[Chat]) -> Result<Vec<Chat>> {
    let known = fetch_rows!(tx, (String,), ACQUAINTED, [device.as_str()], chats, |chat| [chat.as_str()]);
    Ok(known.into_iter().map(|(chat,)| Chat::new(chat)).collect())
}

/// These are locked and ready. Heads of their lanes stay heads.
async fn run_at(tx: &mut Tx, jobs: &[(String,)], at: Timestamp) -> Result<usize> {
    execute_rows!(tx, RUN_AT, [at.as_micros()], jobs, |(job,)| [job.as_str()]);
    Ok(jobs.len())
}
