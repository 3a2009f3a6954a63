//! Webhook endpoints.

use cetar_model::{EndpointId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    Endpoint, EndpointAct, EndpointChange, Headers, NewEndpoint, Result, Store, StoreError, Target,
    db::{
        Context, Tx, corrupt, count, execute, fetch_all, fetch_optional, json, limit as rows, read,
        read_json, read_opt, row,
    },
    seal::Place,
    statement::statements,
};

macro_rules! shown {
    () => {
        "id, workspace, url, events, device, header_names, ordered, legacy_signature, replies, paused_at, disabled_at, \
         disabled_reason, failures, failing_since, not_before, created_at"
    };
}

statements! {
    INSERT = "INSERT INTO endpoints (id, workspace, url, events, device, secret, headers, header_names, ordered, \
                legacy_signature, replies, paused_at, disabled_at, disabled_reason, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    ROOM = "SELECT id FROM workspaces WHERE id = $1", postgres "FOR NO KEY UPDATE";
    COUNT = "SELECT COUNT(*) FROM endpoints WHERE workspace = $1 AND removed_at IS NULL";
    OF_WORKSPACE = concat!("SELECT ", shown!(), " FROM endpoints WHERE workspace = $1 AND removed_at IS NULL ORDER BY id");
    ONE = concat!("SELECT ", shown!(), " FROM endpoints WHERE workspace = $1 AND id = $2 AND removed_at IS NULL");
    LOCK = "SELECT url FROM endpoints WHERE workspace = $1 AND id = $2 AND removed_at IS NULL",
        postgres "FOR NO KEY UPDATE";
    URL = "UPDATE endpoints SET url = $2, failures = 0, failing_since = NULL, not_before = NULL WHERE id = $1 AND url <> $2";
    EVENTS = "UPDATE endpoints SET events = $2 WHERE id = $1";
    DEVICE = "UPDATE endpoints SET device = $2 WHERE id = $1";
    HEADERS = "UPDATE endpoints SET headers = $2, header_names = $3 WHERE id = $1";
    // Not before: that of an ordered endpoint is its first delivery's, which now waits by itself no longer.
    ORDERED = "UPDATE endpoints SET ordered = $2, not_before = NULL WHERE id = $1 AND ordered <> $2";
    LEGACY = "UPDATE endpoints SET legacy_signature = $2 WHERE id = $1";
    REPLIES = "UPDATE endpoints SET replies = $2 WHERE id = $1";
    PAUSE = "UPDATE endpoints SET paused_at = COALESCE(paused_at, $2) WHERE id = $1";
    RESUME = "UPDATE endpoints SET paused_at = NULL, not_before = NULL WHERE id = $1 AND paused_at IS NOT NULL";
    ENABLE = "UPDATE endpoints SET disabled_at = NULL, disabled_reason = NULL, failures = 0, failing_since = NULL, not_before = NULL \
              WHERE id = $1 AND disabled_at IS NOT NULL";
    SECRETS = "SELECT secret, former_secrets FROM endpoints WHERE id = $1";
    ROTATE = "UPDATE endpoints SET secret = $2, former_secrets = $3 WHERE id = $1";
    // The row stays, unreachable, for the deliveries that name it.
    REMOVE = "UPDATE endpoints SET removed_at = created_at WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
}

/// Secrets that sign at one time: the present one and those before it that are still good.
const MOST_SECRETS: usize = 3;

row! {
    struct Row {
        id: String,
        workspace: String,
        url: String,
        events: String,
        device: Option<String>,
        header_names: String,
        ordered: bool,
        legacy_signature: bool,
        replies: bool,
        paused_at: Option<i64>,
        disabled_at: Option<i64>,
        disabled_reason: Option<String>,
        failures: i64,
        failing_since: Option<i64>,
        not_before: Option<i64>,
        created_at: i64,
    }
}

impl Row {
    fn endpoint(self) -> Result<Endpoint> {
        let id = &self.id;
        Ok(Endpoint {
            id: read(id, "endpoints", "id", id)?,
            workspace: read(&self.workspace, "endpoints", "workspace", id)?,
            events: read_json(&self.events, "endpoints", "events", id)?,
            device: read_opt(self.device.as_deref(), "endpoints", "device", id)?,
            headers: read_json(&self.header_names, "endpoints", "header_names", id)?,
            ordered: self.ordered,
            legacy_signature: self.legacy_signature,
            replies: self.replies,
            paused_at: self.paused_at.map(Timestamp::from_micros),
            disabled: self
                .disabled_at
                .map(|at| (Timestamp::from_micros(at), self.disabled_reason.unwrap_or_default())),
            failures: count(self.failures),
            failing_since: self.failing_since.map(Timestamp::from_micros),
            not_before: self.not_before.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(self.created_at),
            url: self.url,
        })
    }
}

/// A secret that was rotated out, and until when it signs.
#[derive(Serialize, Deserialize)]
struct Former {
    secret: String,
    until: i64,
}

impl Store {
    /// False if the workspace has `most` already; `Conflict` if the id is taken.
    pub async fn insert_endpoint(&self, new: NewEndpoint, most: usize) -> Result<bool> {
        self.write_once((new, most), |tx, (new, most)| {
            Box::pin(async move {
                tx.listeners.clear();
                let NewEndpoint { endpoint, secret, headers } = new;
                if tx.is_concurrent() {
                    // So that two at the same time do not both find room.
                    fetch_optional!(tx, (String,), ROOM, endpoint.workspace.as_str())?;
                }
                let there = fetch_optional!(tx, (i64,), COUNT, endpoint.workspace.as_str())?;
                if there.is_some_and(|(there,)| there >= rows(*most)) {
                    return Ok(false);
                }
                let id = endpoint.id.as_str();
                let secret = seal(&tx.ctx, "secret", id, secret.expose_secret().as_bytes())?;
                let (headers, names) = seal_headers(&tx.ctx, id, headers)?;
                let disabled = endpoint.disabled.as_ref();
                execute!(
                    tx,
                    INSERT,
                    id,
                    endpoint.workspace.as_str(),
                    &endpoint.url,
                    json(&endpoint.events)?,
                    endpoint.device.as_ref().map(cetar_model::DeviceId::as_str),
                    secret,
                    headers,
                    names,
                    endpoint.ordered,
                    endpoint.legacy_signature,
                    endpoint.replies,
                    endpoint.paused_at.map(Timestamp::as_micros),
                    disabled.map(|(at, _)| at.as_micros()),
                    disabled.map(|(_, why)| why.as_str()),
                    endpoint.created_at.as_micros(),
                )?;
                Ok(true)
            })
        })
        .await
    }

    /// Oldest first, disabled ones included.
    pub async fn endpoints(&self, workspace: &WorkspaceId) -> Result<Vec<Endpoint>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, OF_WORKSPACE, workspace.as_str())?.into_iter().map(Row::endpoint).collect()
    }

    /// One; `None` if this workspace has no such endpoint.
    pub async fn endpoint(&self, workspace: &WorkspaceId, id: &EndpointId) -> Result<Option<Endpoint>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())?.map(Row::endpoint).transpose()
    }

    /// Changes it; false if this workspace has no such endpoint.
    pub async fn change_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &EndpointId,
        change: EndpointChange,
    ) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), change), |tx, (workspace, id, change)| {
            Box::pin(async move {
                if !lock(tx, workspace, id).await? {
                    return Ok(false);
                }
                let id = id.as_str();
                if let Some(url) = &change.url {
                    execute!(tx, URL, id, url)?;
                }
                if let Some(events) = &change.events {
                    execute!(tx, EVENTS, id, json(events)?)?;
                }
                if let Some(device) = &change.device {
                    execute!(tx, DEVICE, id, device.as_ref().map(cetar_model::DeviceId::as_str))?;
                }
                if let Some(headers) = &change.headers {
                    let (sealed, names) = seal_headers(&tx.ctx, id, headers)?;
                    execute!(tx, HEADERS, id, sealed, names)?;
                }
                if let Some(ordered) = change.ordered {
                    execute!(tx, ORDERED, id, ordered)?;
                }
                if let Some(legacy) = change.legacy_signature {
                    execute!(tx, LEGACY, id, legacy)?;
                }
                if let Some(replies) = change.replies {
                    execute!(tx, REPLIES, id, replies)?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// Pauses it and the like; false if this workspace has no such endpoint. Done twice is done.
    pub async fn act_on_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &EndpointId,
        act: EndpointAct,
        now: Timestamp,
    ) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), act, now), |tx, (workspace, id, act, now)| {
            Box::pin(async move {
                if !lock(tx, workspace, id).await? {
                    return Ok(false);
                }
                match act {
                    EndpointAct::Pause => execute!(tx, PAUSE, id.as_str(), now.as_micros())?,
                    EndpointAct::Resume => execute!(tx, RESUME, id.as_str())?,
                    EndpointAct::Enable => execute!(tx, ENABLE, id.as_str())?,
                };
                Ok(true)
            })
        })
        .await
    }

    /// Gives it a new secret. The one before signs beside it until `former_until`; of those before that, at most one more,
    /// until its own time. False if this workspace has no such endpoint.
    pub async fn rotate_secret(
        &self,
        workspace: &WorkspaceId,
        id: &EndpointId,
        secret: SecretString,
        now: Timestamp,
        former_until: Timestamp,
    ) -> Result<bool> {
        let args = (workspace.clone(), id.clone(), secret, now, former_until);
        self.write_once(args, |tx, (workspace, id, secret, now, until)| {
            Box::pin(async move {
                if !lock(tx, workspace, id).await? {
                    return Ok(false);
                }
                let id = id.as_str();
                let row = fetch_optional!(tx, (Vec<u8>, Option<Vec<u8>>), SECRETS, id)?;
                let (present, former) = row.unwrap_or_default();
                // One that cannot be read does not stand in the way of a new one.
                let mut kept = open_former(&tx.ctx, id, former.as_deref()).unwrap_or_default();
                kept.retain(|former| former.until > now.as_micros());
                if let Some(secret) = open(&tx.ctx, "secret", id, &present) {
                    kept.insert(0, Former { secret, until: until.as_micros() });
                }
                kept.truncate(MOST_SECRETS - 1);
                let sealed = seal(&tx.ctx, "secret", id, secret.expose_secret().as_bytes())?;
                let former = seal(&tx.ctx, "former_secrets", id, json(&kept)?.as_bytes())?;
                execute!(tx, ROTATE, id, sealed, former)?;
                Ok(true)
            })
        })
        .await
    }

    /// Whether it was there. What still waits for it is not delivered any more.
    pub async fn remove_endpoint(&self, workspace: &WorkspaceId, id: &EndpointId) -> Result<bool> {
        self.write_once((workspace.clone(), id.clone()), |tx, (workspace, id)| {
            Box::pin(async move {
                tx.listeners.clear();
                Ok(execute!(tx, REMOVE, workspace.as_str(), id.as_str())? == 1)
            })
        })
        .await
    }
}

/// Holds the row until the commit; whether it is there.
async fn lock(tx: &mut Tx, workspace: &WorkspaceId, id: &EndpointId) -> Result<bool> {
    tx.listeners.clear();
    Ok(fetch_optional!(tx, (String,), LOCK, workspace.as_str(), id.as_str())?.is_some())
}

row! {
    /// What a claim reads of an endpoint.
    pub(crate) struct TargetRow {
        pub(crate) id: String,
        pub(crate) workspace: String,
        pub(crate) url: String,
        secret: Vec<u8>,
        former_secrets: Option<Vec<u8>>,
        headers: Option<Vec<u8>>,
        pub(crate) ordered: bool,
        legacy_signature: bool,
        replies: bool,
        pub(crate) failures: i64,
        /// Deliveries of its workspace that are under way.
        pub(crate) crowd: i64,
    }
}

impl TargetRow {
    pub(crate) fn target(self, ctx: &Context, now: Timestamp) -> Result<Target> {
        let id = &self.id;
        let secret =
            open(ctx, "secret", id, &self.secret).ok_or_else(|| corrupt("endpoints", "secret", id))?;
        let former = open_former(ctx, id, self.former_secrets.as_deref())
            .ok_or_else(|| corrupt("endpoints", "former_secrets", id))?;
        let headers = open_headers(ctx, id, self.headers.as_deref())
            .ok_or_else(|| corrupt("endpoints", "headers", id))?;
        let former = former.into_iter().filter(|former| former.until > now.as_micros());
        Ok(Target {
            id: read(id, "endpoints", "id", id)?,
            secrets: std::iter::once(secret)
                .chain(former.map(|former| former.secret))
                .map(SecretString::from)
                .collect(),
            headers,
            legacy_signature: self.legacy_signature,
            replies: self.replies,
            url: self.url,
        })
    }
}

fn seal_headers(ctx: &Context, id: &str, headers: &Headers) -> Result<(Option<Vec<u8>>, String)> {
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = json(&names)?;
    if headers.is_empty() {
        return Ok((None, names));
    }
    let plain: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    Ok((Some(seal(ctx, "headers", id, json(&plain)?.as_bytes())?), names))
}

fn open_headers(ctx: &Context, id: &str, sealed: Option<&[u8]>) -> Option<Headers> {
    let Some(sealed) = sealed else { return Some(Headers::new()) };
    let plain: Vec<(String, String)> = serde_json::from_str(&open(ctx, "headers", id, sealed)?).ok()?;
    Some(plain.into_iter().map(|(name, value)| (name, value.into())).collect())
}

fn open_former(ctx: &Context, id: &str, sealed: Option<&[u8]>) -> Option<Vec<Former>> {
    let Some(sealed) = sealed else { return Some(Vec::new()) };
    serde_json::from_str(&open(ctx, "former_secrets", id, sealed)?).ok()
}

fn seal(ctx: &Context, column: &'static str, id: &str, plain: &[u8]) -> Result<Vec<u8>> {
    let place = Place { table: "endpoints", column, row: &[id.as_bytes()] };
    let sealed = ctx.sealer.seal(ctx.ids.random(), place, plain);
    sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))
}

fn open(ctx: &Context, column: &'static str, id: &str, sealed: &[u8]) -> Option<String> {
    let place = Place { table: "endpoints", column, row: &[id.as_bytes()] };
    String::from_utf8(ctx.sealer.open(place, sealed)?).ok()
}
