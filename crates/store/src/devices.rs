//! Linked accounts: what they are, how they are.

use std::collections::BTreeMap;

use cetar_model::{
    Channel, DeviceId, DeviceState, DownReason, Event, EventData, EventType, Fate, Health, JobId, JobState,
    Language, SessionStateData, Timestamp, WorkspaceId,
};

use crate::{
    Device, DeviceLease, NewDevice, Result, Store, StoreError, alias,
    db::{Tx, corrupt, execute, fetch_all, fetch_optional, read, read_opt, row},
    events::{self, NewEvent},
    expire, lanes, number_checks, official,
    seal::{Place, Sealer},
    statement::statements,
};

/// Jobs of a removed device that are closed in one transaction.
const REMOVAL_BATCH: i64 = 200;

macro_rules! columns {
    () => {
        "SELECT id, workspace, channel, name, sandbox, address, state, reason, last_frame_at, last_ack_at, until_at, \
           credentials_until, paused, paced, linked_at, created_at FROM devices WHERE removed_at IS NULL"
    };
}

statements! {
    ONE = concat!(columns!(), " AND workspace = $1 AND id = $2");
    // Of removed ones too.
    KIND = "SELECT sandbox FROM devices WHERE workspace = $1 AND id = $2";
    OF_WORKSPACE = concat!(columns!(), " AND workspace = $1 ORDER BY id");
    ALL = concat!(columns!(), " ORDER BY id");
    INSERT = "INSERT INTO devices (id, workspace, channel, name, sandbox, address, state, reason, last_frame_at, last_ack_at, \
                until_at, credentials_until, paused, paced, linked_at, created_at, lease_token) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)";
    SET_SETTING = "INSERT INTO device_settings (device, name, value) VALUES ($1, $2, $3)";
    SETTINGS = "SELECT name, value FROM device_settings WHERE device = $1 ORDER BY name";
    CURRENT = "SELECT d.workspace, d.channel, d.state, d.reason, d.lease_token, d.lease_node, w.language \
               FROM devices d JOIN workspaces w ON w.id = d.workspace WHERE d.id = $1 AND d.removed_at IS NULL",
        postgres "FOR NO KEY UPDATE OF d";
    HEALTH = "UPDATE devices SET state = $2, reason = $3, last_frame_at = $4, last_ack_at = $5, until_at = $6, \
                credentials_until = $7 WHERE id = $1";
    LINKED = "UPDATE devices SET address = $2, linked_at = $3 WHERE id = $1";
    ELSEWHERE = "SELECT o.id FROM devices d JOIN devices o ON o.workspace = d.workspace AND o.channel = d.channel AND o.sandbox = d.sandbox \
                 WHERE d.id = $1 AND o.id <> d.id AND o.address = $2 AND o.removed_at IS NULL \
                   AND o.state NOT IN ('unlinked', 'linking', 'logged_out') LIMIT 1";
    // Of two links to one account, one waits for the other.
    ONE_BY_ONE = "SELECT w.id FROM workspaces w JOIN devices d ON d.workspace = w.id WHERE d.id = $1", postgres "FOR NO KEY UPDATE OF w";
    PAUSE = "UPDATE devices SET paused = $3 WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
    // Waits for sends that are being committed, and has later ones refused.
    LOCK = "SELECT id FROM devices WHERE workspace = $1 AND id = $2 AND removed_at IS NULL", postgres "FOR UPDATE";
    REMOVE = "UPDATE devices SET removed_at = $2, lease_node = NULL, lease_until = NULL, lease_token = lease_token + 1 WHERE id = $1";
    DELETE_STATE = "DELETE FROM session_state WHERE device = $1";
    DELETE_SETTINGS = "DELETE FROM device_settings WHERE device = $1";
    HEADS = "SELECT id FROM jobs WHERE device = $1 AND at_head AND state = 'ready' ORDER BY run_at, id LIMIT $2";
    RUNNING = "SELECT id FROM jobs WHERE state = 'running' AND device = $1 LIMIT $2";
}

row! {
    struct Row {
        id: String,
        workspace: String,
        channel: String,
        name: String,
        sandbox: bool,
        address: Option<String>,
        state: String,
        reason: Option<String>,
        last_frame_at: Option<i64>,
        last_ack_at: Option<i64>,
        until_at: Option<i64>,
        credentials_until: Option<i64>,
        paused: bool,
        paced: bool,
        linked_at: Option<i64>,
        created_at: i64,
    }
}

impl TryFrom<Row> for Device {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        Ok(Self {
            id: read(id, "devices", "id", id)?,
            workspace: read(&row.workspace, "devices", "workspace", id)?,
            channel: read(&row.channel, "devices", "channel", id)?,
            health: Health {
                state: read(&row.state, "devices", "state", id)?,
                reason: read_opt(row.reason.as_deref(), "devices", "reason", id)?,
                last_frame_at: row.last_frame_at.map(Timestamp::from_micros),
                last_ack_at: row.last_ack_at.map(Timestamp::from_micros),
                until: row.until_at.map(Timestamp::from_micros),
                credentials_until: row.credentials_until.map(Timestamp::from_micros),
            },
            name: row.name,
            sandbox: row.sandbox,
            address: row.address,
            paused: row.paused,
            paced: row.paced,
            linked_at: row.linked_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

impl Store {
    /// `Conflict` if the id is taken.
    pub async fn insert_device(&self, device: NewDevice) -> Result<()> {
        self.write_once(device, |tx, new| Box::pin(insert(tx, new))).await
    }

    /// `None` if this workspace has no such device, or it was removed.
    pub async fn device(&self, workspace: &WorkspaceId, id: &DeviceId) -> Result<Option<Device>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())?.map(Device::try_from).transpose()
    }

    /// Whether a device of this workspace is, or was, one of the sandbox: removed ones are known too. `None` if there never was such.
    pub async fn was_sandbox(&self, workspace: &WorkspaceId, id: &DeviceId) -> Result<Option<bool>> {
        let mut conn = self.read().await?;
        let found = fetch_optional!(conn, (bool,), KIND, workspace.as_str(), id.as_str())?;
        Ok(found.map(|(sandbox,)| sandbox))
    }

    /// Oldest first.
    pub async fn devices(&self, workspace: &WorkspaceId) -> Result<Vec<Device>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, OF_WORKSPACE, workspace.as_str())?.into_iter().map(Device::try_from).collect()
    }

    /// Of all workspaces: for the supervisor.
    pub async fn all_devices(&self) -> Result<Vec<Device>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, ALL)?.into_iter().map(Device::try_from).collect()
    }

    /// Settings and secrets, opened. Empty for a device that is not there.
    pub async fn device_settings(&self, id: &DeviceId) -> Result<BTreeMap<String, String>> {
        let mut conn = self.read().await?;
        let mut settings = BTreeMap::new();
        for (name, value) in fetch_all!(conn, (String, Vec<u8>), SETTINGS, id.as_str())? {
            let text = open_setting(&self.inner.ctx.sealer, id, &name, &value)?;
            settings.insert(name, text);
        }
        Ok(settings)
    }

    /// Stores the health; if state or reason changed, a `session.state` event with its deliveries in the same transaction.
    /// Returns whether it changed. With a lease, fenced by it. Without effect on a device that is not there.
    pub async fn set_health(
        &self,
        id: &DeviceId,
        lease: Option<DeviceLease>,
        health: Health,
        now: Timestamp,
    ) -> Result<bool> {
        self.write((id.clone(), lease, health, now), |tx, (id, lease, health, now)| {
            Box::pin(set_health(tx, id, *lease, *health, *now))
        })
        .await
    }

    /// Linked: address, time, state `connecting`, with its event. `Conflict` if another device
    /// [is linked](Self::is_linked_elsewhere) to this address by now.
    pub async fn set_linked(
        &self,
        id: &DeviceId,
        lease: DeviceLease,
        address: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.write((id.clone(), lease, address.to_owned(), now), |tx, (id, lease, address, now)| {
            Box::pin(async move {
                fetch_optional!(tx, (String,), ONE_BY_ONE, id.as_str())?;
                if fetch_optional!(tx, (String,), ELSEWHERE, id.as_str(), address)?.is_some() {
                    return Err(StoreError::Conflict);
                }
                set_health(tx, id, Some(*lease), Health::new(DeviceState::Connecting, None), *now).await?;
                execute!(tx, LINKED, id.as_str(), address, now.as_micros())?;
                Ok(())
            })
        })
        .await
    }

    /// Whether another device of this one's workspace, on the same channel and as real as it is, is linked to this address.
    pub async fn is_linked_elsewhere(&self, id: &DeviceId, address: &str) -> Result<bool> {
        let mut conn = self.read().await?;
        Ok(fetch_optional!(conn, (String,), ELSEWHERE, id.as_str(), address)?.is_some())
    }

    /// Whether the device is there.
    pub async fn set_paused(&self, workspace: &WorkspaceId, id: &DeviceId, paused: bool) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), paused), |tx, (workspace, id, paused)| {
            Box::pin(async move { Ok(execute!(tx, PAUSE, workspace.as_str(), id.as_str(), *paused)? == 1) })
        })
        .await
    }

    /// Removes it: open jobs fail as `device_removed` (with events), state and secrets are deleted; messages stay. Whether it
    /// was there.
    ///
    /// A send that is under way ends as `unknown`: it may have reached the network, and nobody will hear of it any more. The
    /// device is gone, and further sends refused, with the first commit; many open jobs are closed in batches after it. If that
    /// is cut short, [`expire`](Store::expire) goes on with it.
    pub async fn remove_device(
        &self,
        workspace: &WorkspaceId,
        id: &DeviceId,
        now: Timestamp,
    ) -> Result<bool> {
        let removed = self
            .write((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
                Box::pin(async move {
                    if fetch_optional!(tx, (String,), LOCK, workspace.as_str(), id.as_str())?.is_none() {
                        return Ok(false);
                    }
                    execute!(tx, REMOVE, id.as_str(), now.as_micros())?;
                    execute!(tx, DELETE_STATE, id.as_str())?;
                    execute!(tx, DELETE_SETTINGS, id.as_str())?;
                    official::forget(tx, id).await?;
                    alias::forget(tx, id).await?;
                    number_checks::forget(tx, id).await?;
                    Ok(true)
                })
            })
            .await?;
        if removed {
            while self.write((id.clone(), now), |tx, (id, now)| Box::pin(close_jobs(tx, id, *now))).await? > 0
            {
            }
        }
        Ok(removed)
    }
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewDevice) -> Result<()> {
    let device = &new.device;
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    execute!(
        tx,
        INSERT,
        device.id.as_str(),
        device.workspace.as_str(),
        device.channel.as_str(),
        &device.name,
        device.sandbox,
        device.address.as_deref(),
        device.health.state.as_str(),
        device.health.reason.map(DownReason::as_str),
        micros(device.health.last_frame_at),
        micros(device.health.last_ack_at),
        micros(device.health.until),
        micros(device.health.credentials_until),
        device.paused,
        device.paced,
        micros(device.linked_at),
        device.created_at.as_micros(),
    )?;
    put_settings(tx, &device.id, &new.settings).await
}

/// Seals and stores settings that are not there.
pub(crate) async fn put_settings(
    tx: &mut Tx,
    device: &DeviceId,
    settings: &BTreeMap<String, String>,
) -> Result<()> {
    for (name, value) in settings {
        let row = [device.as_str().as_bytes(), name.as_bytes()];
        let sealed = tx.ctx.sealer.seal(tx.ctx.ids.random(), setting(&row), value.as_bytes());
        let sealed = sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))?;
        execute!(tx, SET_SETTING, device.as_str(), name, sealed)?;
    }
    Ok(())
}

/// What a sealed setting says.
pub(crate) fn open_setting(sealer: &Sealer, device: &DeviceId, name: &str, value: &[u8]) -> Result<String> {
    let row = [device.as_str().as_bytes(), name.as_bytes()];
    let plain = sealer.open(setting(&row), value);
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    text.ok_or_else(|| corrupt("device_settings", "value", &format!("{device}/{name}")))
}

const fn setting<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "device_settings", column: "value", row }
}

row! {
    struct Current {
        workspace: String,
        channel: String,
        state: String,
        reason: Option<String>,
        lease_token: i64,
        lease_node: Option<String>,
        language: String,
    }
}

pub(crate) async fn set_health(
    tx: &mut Tx,
    id: &DeviceId,
    lease: Option<DeviceLease>,
    health: Health,
    now: Timestamp,
) -> Result<bool> {
    let current = fetch_optional!(tx, Current, CURRENT, id.as_str())?;
    let Some(current) = current else {
        return if lease.is_some() { Err(StoreError::LeaseLost) } else { Ok(false) };
    };
    if lease.is_some_and(|lease| lease.token != current.lease_token || current.lease_node.is_none()) {
        return Err(StoreError::LeaseLost);
    }
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let reason = health.reason.map(DownReason::as_str);
    execute!(
        tx,
        HEALTH,
        id.as_str(),
        health.state.as_str(),
        reason,
        micros(health.last_frame_at),
        micros(health.last_ack_at),
        micros(health.until),
        micros(health.credentials_until),
    )?;
    if current.state == health.state.as_str() && current.reason.as_deref() == reason {
        return Ok(false);
    }
    let channel: Channel = read(&current.channel, "devices", "channel", id.as_str())?;
    let workspace: WorkspaceId = read(&current.workspace, "devices", "workspace", id.as_str())?;
    let language: Language = read(&current.language, "workspaces", "language", workspace.as_str())?;
    let event = Event {
        event: EventType::SessionState,
        channel: Some(channel),
        session_id: Some(id.clone()),
        data: EventData::Session(SessionStateData {
            state: health.state,
            reason: health.reason,
            next_action: health.reason.map(DownReason::next_action),
            message: health.reason.map(|reason| reason.message(language).to_owned()),
            until: health.until.map(Timestamp::as_secs),
            credentials_expire_at: health.credentials_until.map(Timestamp::as_secs),
            last_frame_at: health.last_frame_at.map(Timestamp::as_secs),
            timestamp: now.as_secs(),
        }),
    };
    events::emit(tx, NewEvent { id: None, workspace: &workspace, message: None, event: &event, now }).await?;
    Ok(true)
}

/// Closes some of a removed device's open jobs. Returns how many; the next ones are at the heads then.
async fn close_jobs(tx: &mut Tx, device: &DeviceId, now: Timestamp) -> Result<usize> {
    let mut ids = fetch_all!(tx, (String,), RUNNING, device.as_str(), REMOVAL_BATCH)?;
    ids.extend(fetch_all!(tx, (String,), HEADS, device.as_str(), REMOVAL_BATCH)?);
    let jobs = ids.iter().map(|(id,)| read(id, "jobs", "id", id)).collect::<Result<Vec<JobId>>>()?;
    lanes::lock(tx, &jobs).await?;
    for job in &jobs {
        let Some(mut work) = lanes::load_locked(tx, job).await? else { continue };
        match work.state {
            JobState::Ready => {
                expire::give_up(tx, &mut work, cetar_model::FailureCode::DeviceRemoved, now).await?;
            }
            JobState::Running => {
                lanes::advance(tx, &mut work, Fate::Lost, None, now, now).await?;
                lanes::close(tx, &mut work, now).await?;
            }
            JobState::Done | JobState::Dead | JobState::Cancelled => {}
        }
    }
    Ok(jobs.len())
}
