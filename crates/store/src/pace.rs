//! What whoever keeps to a network's pace has to know of the past, and to put off.

use std::collections::HashMap;

use cetar_model::{Chat, DeviceId, JobId, MediaSource, Timestamp};

use crate::{
    Result, Store,
    db::{Tx, execute_rows, fetch_all, fetch_optional, fetch_rows, json, read},
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
    // Not what was tried before: whose first message was counted then, waits for nobody's budget.
    WAITING_FIRSTS = concat!(
        "SELECT j.id, c.chat FROM jobs j JOIN conversations c ON c.id = j.conversation \
         WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.attempts = 0 AND j.run_at <= $2 AND NOT ",
        acquainted!("j.conversation"),
        " ORDER BY j.run_at, j.id LIMIT $3"
    );
    IS_STRANGER = concat!("SELECT c.id FROM conversations c WHERE c.device = $1 AND c.chat = $2 AND NOT ", acquainted!("c.id"));
    // The medium as it stands in a stored content. Neither engine has a plainer word for "contains" that the other knows.
    SAME_MEDIUM = "SELECT j.id FROM jobs j JOIN messages m ON m.id = j.message \
                   WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.run_at <= $2 \
                     AND replace(m.content, $3, '') <> m.content ORDER BY j.run_at, j.id LIMIT $4",
        postgres "FOR NO KEY UPDATE OF j SKIP LOCKED";
    // Not what its network asked to wait for.
    PUT_OFF = "SELECT j.id FROM jobs j WHERE j.device = $1 AND j.at_head AND j.state = 'ready' AND j.put_off AND j.run_at > $2 \
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

static FIRSTS_OF: Multi = Multi::new(
    "pace::FIRSTS_OF",
    "SELECT c.device, c.chat, m.state_at FROM conversations c JOIN messages m ON m.conversation = c.id AND m.sequence = 1 \
     WHERE c.created_at >= $ AND m.direction = 'out' AND m.state_at >= $ \
       AND m.state IN ('sending', 'sent', 'delivered', 'read', 'unknown') AND c.device IN (",
    "$",
    ") ORDER BY m.state_at, m.id",
    "",
);

static RUN_AT: Multi = Multi::new(
    "pace::RUN_AT",
    "UPDATE jobs SET run_at = $, put_off = TRUE WHERE state = 'ready' AND at_head AND attempts = 0 AND id IN (",
    "$",
    ")",
    "",
);

/// However often it was tried: that it waits for its pace is noted with it.
static FORWARD: Multi = Multi::new(
    "pace::FORWARD",
    "UPDATE jobs SET run_at = $, put_off = FALSE WHERE state = 'ready' AND at_head AND put_off AND id IN (",
    "$",
    ")",
    "",
);

static LATER: Multi = Multi::new(
    "pace::LATER",
    "UPDATE jobs SET run_at = $ WHERE state = 'ready' AND at_head AND run_at < $ AND id IN (",
    "$",
    ")",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&ACQUAINTED, &FIRSTS_OF, &RUN_AT, &FORWARD, &LATER];

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

    /// The same of several devices.
    pub async fn first_messages_of(
        &self,
        devices: &[DeviceId],
        since: Timestamp,
    ) -> Result<HashMap<DeviceId, Vec<(Chat, Timestamp)>>> {
        let mut of: HashMap<DeviceId, Vec<(Chat, Timestamp)>> = HashMap::new();
        if devices.is_empty() {
            return Ok(of);
        }
        let mut conn = self.read().await?;
        let (accepted, since) = ((since - LONGEST_WAIT).as_micros(), since.as_micros());
        let rows =
            fetch_rows!(conn, (String, String, i64), FIRSTS_OF, [accepted, since], devices, |device| [
                device.as_str()
            ]);
        for (device, chat, at) in rows {
            of.entry(read(&device, "conversations", "device", &device)?)
                .or_default()
                .push((Chat::new(chat), Timestamp::from_micros(at)));
        }
        Ok(of)
    }

    /// Whether a chat of this device is with somebody who neither wrote nor got a message. Groups are such chats too, until one went there.
    pub async fn is_stranger(&self, device: &DeviceId, chat: &Chat) -> Result<bool> {
        let mut conn = self.read().await?;
        Ok(fetch_optional!(conn, (String,), IS_STRANGER, device.as_str(), chat.as_str())?.is_some())
    }

    /// The due jobs of this device, never tried, in whose chats the other side neither wrote nor got a message: up to a thousand of
    /// them, and where they go.
    pub async fn waiting_first_messages(
        &self,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Vec<(JobId, Chat)>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, (String, String), WAITING_FIRSTS, device.as_str(), now.as_micros(), BATCH)?
            .into_iter()
            .map(|(id, chat)| Ok((read(&id, "jobs", "id", &id)?, Chat::new(chat))))
            .collect()
    }

    /// Puts these off that wait and were never tried: none is claimed before `until`. Returns how many that were.
    pub async fn put_off(&self, mut jobs: Vec<JobId>, until: Timestamp) -> Result<usize> {
        // In one order, so that nobody waits for who waits for them.
        jobs.sort_unstable();
        self.write((jobs, until), |tx, (jobs, until)| {
            Box::pin(async move {
                let hit = execute_rows!(tx, RUN_AT, [until.as_micros()], jobs, |job| [job.as_str()]);
                Ok(usize::try_from(hit).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// Has those due jobs of this device wait until then whose medium is at this address, up to a thousand of them: one write, instead
    /// of one for each that is claimed in vain. Returns how many that were. It is no pace that they wait for.
    pub async fn put_off_medium(
        &self,
        device: &DeviceId,
        url: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<usize> {
        let medium = json(&MediaSource::Url(url.to_owned()))?;
        self.write((device.clone(), medium, now, until), |tx, (device, medium, now, until)| {
            Box::pin(async move {
                let (now, until) = (now.as_micros(), until.as_micros());
                let jobs =
                    fetch_all!(tx, (String,), SAME_MEDIUM, device.as_str(), now, medium.as_str(), BATCH)?;
                let hit = execute_rows!(tx, LATER, [until, until], &jobs, |(job,)| [job.as_str()]);
                Ok(usize::try_from(hit).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// Brings forward what was put off for the pace's sake, up to a thousand jobs of this device. Returns how many there were; what its
    /// network itself asked to wait for stays.
    pub async fn bring_forward(&self, device: &DeviceId, now: Timestamp) -> Result<usize> {
        self.write((device.clone(), now), |tx, (device, now)| {
            Box::pin(async move {
                let jobs = fetch_all!(tx, (String,), PUT_OFF, device.as_str(), now.as_micros(), BATCH)?;
                let hit = execute_rows!(tx, FORWARD, [now.as_micros()], &jobs, |(job,)| [job.as_str()]);
                Ok(usize::try_from(hit).unwrap_or(usize::MAX))
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
