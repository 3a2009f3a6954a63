//! Accepting sends: the hot path. Many callers' sends become a handful of multi-row statements in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use cetar_model::{JobId, MessageId, MessageTag, Timestamp};
use tokio::sync::oneshot;

use crate::{
    Accepted, NewIdempotency, NewSend, Result, Store, StoreError,
    db::{Context, Tx, execute_rows, fetch_optional, fetch_rows, json, plain, read},
    media, message_log,
    statement::{Multi, statements},
    store::{Engine, refusal},
    writer::Command,
};

/// A send, and of its row what takes the longest to make: made by who asks, since all wait for who writes.
pub(crate) struct Prepared {
    pub(crate) send: NewSend,
    content: String,
    /// Sealed.
    request: Option<Vec<u8>>,
}

impl Prepared {
    pub(crate) fn of(ctx: &Context, send: NewSend) -> Result<Self> {
        Ok(Self { content: json(&send.content)?, request: message_log::seal_request(ctx, &send)?, send })
    }
}

/// A send and who waits for its answer.
pub(crate) struct Acceptance {
    send: Prepared,
    reply: oneshot::Sender<Result<Accepted>>,
}

impl Acceptance {
    pub(crate) fn split(self) -> (Prepared, oneshot::Sender<Result<Accepted>>) {
        (self.send, self.reply)
    }

    pub(crate) fn answer(self, result: Result<Accepted>) {
        // Nobody waits any more: the caller went away.
        let _ = self.reply.send(result);
    }
}

impl Store {
    /// The accept path: batched, one durable commit for many callers. The answer comes after the commit.
    ///
    /// Sends of one chat keep the order in which they were handed in, as far as one process can tell it: a send that was
    /// answered before another was handed in goes out before it.
    ///
    /// [`Unavailable`](StoreError::Unavailable) at once if 4,096 sends are waiting already.
    /// [`Conflict`](StoreError::Conflict) if an id is taken, which only a broken id source brings about.
    pub async fn accept(&self, send: NewSend) -> Result<Accepted> {
        let (reply, answer) = oneshot::channel();
        let acceptance = Acceptance { send: Prepared::of(&self.inner.ctx, send)?, reply };
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => {
                writer.try_send(Command::Accept(Box::new(acceptance))).map_err(|why| refusal(&why))?;
            }
            Engine::Postgres { accepts, .. } => accepts.try_send(acceptance).map_err(|why| refusal(&why))?,
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }
}

impl Store {
    /// What was answered to this `Idempotency-Key` before, if it still holds: [`Accepted::Replayed`] or
    /// [`Accepted::KeyReused`]. Asked before anything else is judged, so that a repeat gets its first answer whatever has
    /// become of the device since; [`accept`](Self::accept) decides again, for two that come at once.
    pub async fn asked_before(&self, asked: &NewIdempotency, now: Timestamp) -> Result<Option<Accepted>> {
        let mut conn = self.read().await?;
        let (scope, key) = (asked.scope.as_str(), asked.key.as_str());
        let row = fetch_optional!(conn, (Vec<u8>, String, String), HOLDING, scope, key, now.as_micros())?;
        let Some((fingerprint, job, message)) = row else { return Ok(None) };
        let holder = Holder {
            fingerprint,
            job: read(&job, "idempotency", "job", &job)?,
            message: read(&message, "idempotency", "message", &job)?,
        };
        Ok(Some(holder.answer(asked)))
    }
}

statements! {
    HOLDING = "SELECT fingerprint, job, message FROM idempotency WHERE scope = $1 AND key = $2 AND expires_at > $3";
    SEEN = "SELECT fingerprint, job, message FROM idempotency WHERE scope = $1 AND key = $2";
}

/// The lock keeps a device from being removed while sends for it are being committed.
static DEVICES: Multi = Multi::new(
    "accept::DEVICES",
    "SELECT id FROM devices WHERE removed_at IS NULL AND id IN (",
    "$",
    ") ORDER BY id",
    " FOR KEY SHARE",
);

/// A row whose time is over is replaced; one that still holds is not returned, and so is known to hold.
static IDEMPOTENCY: Multi = Multi::new(
    "accept::IDEMPOTENCY",
    "INSERT INTO idempotency (scope, key, fingerprint, job, message, created_at, expires_at) VALUES ",
    "($, $, $, $, $, $, $)",
    " ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, job = excluded.job, \
       message = excluded.message, created_at = excluded.created_at, expires_at = excluded.expires_at \
     WHERE idempotency.expires_at <= excluded.created_at \
     RETURNING scope, key",
    "",
);

/// `last_sequence` of the new row is the number of messages that come to it. Locks the lanes.
static CONVERSATIONS: Multi = Multi::new(
    "accept::CONVERSATIONS",
    "INSERT INTO conversations (id, workspace, device, channel, chat, is_group, last_sequence, last_message_at, created_at) \
     VALUES ",
    "($, $, $, $, $, FALSE, $, $, $)",
    " ON CONFLICT (device, chat) DO UPDATE SET \
       last_sequence = conversations.last_sequence + excluded.last_sequence, last_message_at = excluded.last_message_at \
     RETURNING id, device, chat, last_sequence",
    "",
);

static CONTACTS: Multi = Multi::new(
    "accept::CONTACTS",
    "INSERT INTO contacts (id, workspace, channel, address, is_alias, created_at) VALUES ",
    "($, $, $, $, FALSE, $)",
    " ON CONFLICT (workspace, channel, address) DO NOTHING",
    "",
);

static HEADS: Multi = Multi::new(
    "accept::HEADS",
    "SELECT conversation FROM jobs WHERE at_head AND conversation IN (",
    "$",
    ")",
    "",
);

static MESSAGES: Multi = Multi::new(
    "accept::MESSAGES",
    "INSERT INTO messages (id, workspace, device, channel, conversation, sequence, job, direction, sender_is_alias, content, \
       state, state_at, client_ref, remote_id, reply_to, tag, created_at, request_path, request_body, request_size, media) VALUES ",
    "($, $, $, $, $, $, $, 'out', FALSE, $, 'queued', $, $, $, $, $, $, $, $, $, $)",
    "",
    "",
);

static JOBS: Multi = Multi::new(
    "accept::JOBS",
    "INSERT INTO jobs (id, workspace, device, conversation, message, sequence, state, at_head, run_at, expires_at, attempts, \
       crashes, lease_token, created_at, request_id) VALUES ",
    "($, $, $, $, $, $, 'ready', $, $, $, 0, 0, 0, $, $)",
    "",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] =
    &[&DEVICES, &IDEMPOTENCY, &CONVERSATIONS, &CONTACTS, &HEADS, &MESSAGES, &JOBS];

/// Where a send goes in its lane.
struct Slot<'a> {
    prepared: &'a Prepared,
    send: &'a NewSend,
    conversation: &'a str,
    sequence: i64,
    at_head: bool,
}

/// What a key of this batch is held by.
struct Holder {
    fingerprint: Vec<u8>,
    job: JobId,
    message: MessageId,
}

impl Holder {
    fn of(idempotency: &NewIdempotency, send: &NewSend) -> Self {
        Self {
            fingerprint: idempotency.fingerprint.to_vec(),
            job: send.job.clone(),
            message: send.message.clone(),
        }
    }

    fn answer(&self, idempotency: &NewIdempotency) -> Accepted {
        if self.fingerprint == idempotency.fingerprint {
            Accepted::Replayed { job: self.job.clone(), message: self.message.clone() }
        } else {
            Accepted::KeyReused
        }
    }
}

/// Accepts all of them in the transaction at hand, or fails for all.
pub(crate) async fn accept(tx: &mut Tx, sends: &[Prepared]) -> Result<Vec<Accepted>> {
    let mut answers: Vec<Option<Accepted>> = vec![None; sends.len()];
    refuse_removed_devices(tx, sends, &mut answers).await?;
    replay(tx, sends, &mut answers).await?;
    let fresh: Vec<&Prepared> =
        sends.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(send, _)| send).collect();
    store(tx, &fresh).await?;
    Ok(answers.into_iter().map(|answer| answer.unwrap_or(Accepted::New)).collect())
}

async fn refuse_removed_devices(
    tx: &mut Tx,
    sends: &[Prepared],
    answers: &mut [Option<Accepted>],
) -> Result<()> {
    let mut devices: Vec<&str> = sends.iter().map(|Prepared { send, .. }| send.device.as_str()).collect();
    devices.sort_unstable();
    devices.dedup();
    let there = fetch_rows!(tx, (String,), DEVICES, [], &devices, |device| [*device]);
    if there.len() == devices.len() {
        return Ok(());
    }
    let there: HashSet<&str> = there.iter().map(|(id,)| id.as_str()).collect();
    for (Prepared { send, .. }, answer) in sends.iter().zip(answers) {
        if !there.contains(send.device.as_str()) {
            *answer = Some(Accepted::DeviceGone);
        }
    }
    Ok(())
}

/// Writes the idempotency keys; answers the sends whose key is taken, by an earlier row or earlier in this batch.
async fn replay(tx: &mut Tx, sends: &[Prepared], answers: &mut [Option<Accepted>]) -> Result<()> {
    type Keyed<'a> = (usize, &'a NewSend, &'a NewIdempotency);
    // By key, in one order for all writers: PostgreSQL waits for another's uncommitted key, and two must not wait for each other.
    let mut by_key: BTreeMap<(&str, &str), Vec<Keyed<'_>>> = BTreeMap::new();
    for (at, Prepared { send, .. }) in sends.iter().enumerate() {
        if let (Some(idempotency), None) = (&send.idempotency, &answers[at]) {
            by_key.entry((&idempotency.scope, &idempotency.key)).or_default().push((at, send, idempotency));
        }
    }
    if by_key.is_empty() {
        return Ok(());
    }
    let first: Vec<_> = by_key.values().filter_map(|same| same.first()).collect();
    let written: HashSet<(String, String)> =
        fetch_rows!(tx, (String, String), IDEMPOTENCY, [], &first, |(_, send, idempotency)| [
            &idempotency.scope,
            &idempotency.key,
            &idempotency.fingerprint[..],
            send.job.as_str(),
            send.message.as_str(),
            send.now.as_micros(),
            idempotency.expires_at.as_micros(),
        ])
        .into_iter()
        .collect();
    for ((scope, key), same) in by_key {
        let is_new = written.contains(&(scope.to_owned(), key.to_owned()));
        let mut holder = if is_new { None } else { Some(holder(tx, scope, key).await?) };
        for (at, send, idempotency) in same {
            match &holder {
                Some(holder) => answers[at] = Some(holder.answer(idempotency)),
                None => holder = Some(Holder::of(idempotency, send)),
            }
        }
    }
    Ok(())
}

async fn holder(tx: &mut Tx, scope: &str, key: &str) -> Result<Holder> {
    let row = fetch_optional!(tx, (Vec<u8>, String, String), SEEN, scope, key)?;
    let (fingerprint, job, message) =
        row.ok_or_else(|| StoreError::internal("an idempotency key is neither free nor taken"))?;
    Ok(Holder {
        fingerprint,
        job: read(&job, "idempotency", "job", &job)?,
        message: read(&message, "idempotency", "message", &job)?,
    })
}

async fn store(tx: &mut Tx, sends: &[&Prepared]) -> Result<()> {
    // By device and chat, in one order for all who lock lanes.
    let mut lanes: BTreeMap<(&str, &str), Vec<&Prepared>> = BTreeMap::new();
    for prepared in sends {
        let send = &prepared.send;
        lanes.entry((send.device.as_str(), send.to.as_str())).or_default().push(prepared);
    }
    let first: Vec<(&NewSend, i64)> =
        lanes.values().filter_map(|lane| Some((&lane.first()?.send, crate::db::limit(lane.len())))).collect();
    let conversations: HashMap<(String, String), (String, i64)> =
        fetch_rows!(tx, (String, String, String, i64), CONVERSATIONS, [], &first, |(send, messages)| [
            send.conversation.as_str(),
            send.workspace.as_str(),
            send.device.as_str(),
            send.channel.as_str(),
            send.to.as_str(),
            *messages,
            send.now.as_micros(),
            send.now.as_micros(),
        ])
        .into_iter()
        .map(|(id, device, chat, last)| ((device, chat), (id, last)))
        .collect();
    let conversation = |send: &NewSend| {
        conversations
            .get(&(send.device.to_string(), send.to.to_string()))
            .ok_or_else(|| StoreError::internal("a conversation was not returned"))
    };

    // A lane that is new has no job yet, and perhaps a contact we never heard of.
    let mut new = Vec::new();
    let mut old = Vec::new();
    for (send, _) in &first {
        let (id, _) = conversation(send)?;
        if id == send.conversation.as_str() { new.push(*send) } else { old.push(id) }
    }
    new.sort_by_key(|send| (send.workspace.as_str(), send.channel, send.to.as_str()));
    execute_rows!(tx, CONTACTS, [], &new, |send| [
        send.contact.as_str(),
        send.workspace.as_str(),
        send.channel.as_str(),
        send.to.as_str(),
        send.now.as_micros(),
    ]);
    let busy: HashSet<String> =
        fetch_rows!(tx, (String,), HEADS, [], &old, |id| [id.as_str()]).into_iter().map(|(id,)| id).collect();

    let mut slots = Vec::with_capacity(sends.len());
    for lane in lanes.values() {
        let mut at_head = true;
        for (behind, prepared) in (0..).zip(lane.iter().rev()) {
            let send = &prepared.send;
            let (id, last) = conversation(send)?;
            slots.push(Slot { prepared, send, conversation: id, sequence: last - behind, at_head: false });
            at_head = at_head && !busy.contains(id);
        }
        if let Some(first) = slots.last_mut() {
            first.at_head = at_head;
        }
    }
    // Ids ascend with time: inserting in their order keeps the work at the right edge of the index.
    slots.sort_unstable_by_key(|slot| slot.send.message.as_str());
    execute_rows!(tx, MESSAGES, [], &slots, |slot| [
        slot.send.message.as_str(),
        slot.send.workspace.as_str(),
        slot.send.device.as_str(),
        slot.send.channel.as_str(),
        slot.conversation,
        slot.sequence,
        slot.send.job.as_str(),
        slot.prepared.content.as_str(),
        slot.send.now.as_micros(),
        slot.send.client_ref.as_deref().map(plain),
        slot.send.remote_id.as_deref(),
        slot.send.reply_to.as_deref(),
        slot.send.tag.map(MessageTag::as_str),
        slot.send.now.as_micros(),
        slot.send.request.as_ref().map(|request| request.path.as_str()),
        slot.prepared.request.as_deref(),
        slot.send.request.as_ref().map(|request| i64::try_from(request.size).unwrap_or(i64::MAX)),
        media::kept(&slot.send.content),
    ]);
    execute_rows!(tx, JOBS, [], &slots, |slot| [
        slot.send.job.as_str(),
        slot.send.workspace.as_str(),
        slot.send.device.as_str(),
        slot.conversation,
        slot.send.message.as_str(),
        slot.sequence,
        slot.at_head,
        slot.send.now.as_micros(),
        slot.send.expires_at.as_micros(),
        slot.send.now.as_micros(),
        slot.send.request_id.as_deref(),
    ]);
    Ok(())
}
