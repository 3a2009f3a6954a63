//! API keys and the block list.

use std::net::IpAddr;

use cetar_model::{ApiKeyId, BlockId, Timestamp, WorkspaceId};
use ipnet::IpNet;

use crate::{
    ApiKey, BlockedRange, Result, Scope, Store, StoreError, Workspace,
    db::{Tx, corrupt, execute, fetch_all, fetch_optional, json, plain, read, read_json, row},
    statement::statements,
    workspaces,
};

macro_rules! columns {
    () => {
        "k.id, k.workspace, k.name, k.hash, k.hint, k.test, k.scopes, k.devices, k.allow_ips, k.expires_at, k.revoked_at, \
         k.last_used_at, k.created_at"
    };
}

statements! {
    INSERT = "INSERT INTO api_keys (id, workspace, name, hash, hint, test, scopes, devices, allow_ips, expires_at, revoked_at, \
                last_used_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    BY_HASH = concat!("SELECT ", columns!(), ", w.name AS workspace_name, w.plan, w.language, w.time_zone, w.created_at AS workspace_created_at \
                       FROM api_keys k JOIN workspaces w ON w.id = k.workspace WHERE k.hash = $1");
    OF_WORKSPACE = concat!("SELECT ", columns!(), " FROM api_keys k WHERE k.workspace = $1 ORDER BY k.id");
    REVOKE = "UPDATE api_keys SET revoked_at = $3 WHERE workspace = $1 AND id = $2 AND revoked_at IS NULL";
    TOUCH = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    BLOCK = "INSERT INTO blocked_ips (workspace, network, id, note, created_at) VALUES ($1, $2, $3, $4, $5)";
    UNBLOCK = "DELETE FROM blocked_ips WHERE workspace = $1 AND id = $2";
    RANGES = "SELECT id, network, note, created_at FROM blocked_ips WHERE workspace = $1 ORDER BY id";
    BLOCKED = "SELECT network FROM blocked_ips WHERE workspace = $1 ORDER BY network";
}

row! {
    struct Row {
        id: String,
        workspace: String,
        name: String,
        hash: Vec<u8>,
        hint: String,
        test: bool,
        scopes: String,
        devices: String,
        allow_ips: String,
        expires_at: Option<i64>,
        revoked_at: Option<i64>,
        last_used_at: Option<i64>,
        created_at: i64,
    }
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        let scopes: Vec<String> = read_json(&row.scopes, "api_keys", "scopes", id)?;
        Ok(Self {
            id: read(id, "api_keys", "id", id)?,
            workspace: read(&row.workspace, "api_keys", "workspace", id)?,
            hash: row.hash.try_into().map_err(|_| corrupt("api_keys", "hash", id))?,
            scopes: scopes
                .iter()
                .map(|scope| read(scope, "api_keys", "scopes", id))
                .collect::<Result<_>>()?,
            devices: read_json(&row.devices, "api_keys", "devices", id)?,
            allow_ips: read_json(&row.allow_ips, "api_keys", "allow_ips", id)?,
            expires_at: row.expires_at.map(Timestamp::from_micros),
            revoked_at: row.revoked_at.map(Timestamp::from_micros),
            last_used_at: row.last_used_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
            name: row.name,
            hint: row.hint,
            test: row.test,
        })
    }
}

row! {
    struct WithWorkspace {
        #[sqlx(flatten)]
        key: Row,
        workspace_name: String,
        plan: String,
        language: String,
        time_zone: String,
        workspace_created_at: i64,
    }
}

impl Store {
    /// `Conflict` if the id or the secret is taken.
    pub async fn insert_key(&self, key: ApiKey) -> Result<()> {
        self.write_once(key, |tx, key| Box::pin(insert(tx, key))).await
    }

    /// Whatever its state: the caller judges revoked and expired. With its workspace, in one read.
    pub async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<(ApiKey, Workspace)>> {
        let mut conn = self.read().await?;
        let Some(row) = fetch_optional!(conn, WithWorkspace, BY_HASH, &hash[..])? else { return Ok(None) };
        let workspace = workspaces::Row {
            id: row.key.workspace.clone(),
            name: row.workspace_name,
            plan: row.plan,
            language: row.language,
            time_zone: row.time_zone,
            created_at: row.workspace_created_at,
        };
        Ok(Some((row.key.try_into()?, workspace.try_into()?)))
    }

    /// Oldest first, revoked and expired ones included.
    pub async fn keys(&self, workspace: &WorkspaceId) -> Result<Vec<ApiKey>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, OF_WORKSPACE, workspace.as_str())?.into_iter().map(ApiKey::try_from).collect()
    }

    /// Whether there was such a key, not revoked yet.
    pub async fn revoke_key(&self, workspace: &WorkspaceId, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
        self.write((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
            Box::pin(async move {
                Ok(execute!(tx, REVOKE, workspace.as_str(), id.as_str(), now.as_micros())? == 1)
            })
        })
        .await
    }

    /// Notes when keys were used last; an earlier time than the one noted changes nothing.
    pub async fn touch_keys(&self, used: Vec<(ApiKeyId, Timestamp)>) -> Result<()> {
        if used.is_empty() {
            return Ok(());
        }
        let mut used = used;
        used.sort_unstable();
        self.write(used, |tx, used| {
            Box::pin(async move {
                for (id, at) in used {
                    execute!(tx, TOUCH, id.as_str(), at.as_micros())?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Puts a range on the workspace's block list. [`Conflict`](StoreError::Conflict) if it is there already.
    pub async fn block_ip(&self, workspace: &WorkspaceId, range: BlockedRange) -> Result<()> {
        self.write((workspace.clone(), range), |tx, (workspace, range)| {
            Box::pin(async move {
                execute!(
                    tx,
                    BLOCK,
                    workspace.as_str(),
                    range.network.trunc().to_string(),
                    range.id.as_str(),
                    range.note.as_deref().map(plain).as_deref(),
                    range.created_at.as_micros(),
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Takes a range off the block list. Whether it was on it.
    pub async fn unblock_ip(&self, workspace: &WorkspaceId, id: &BlockId) -> Result<bool> {
        self.write((workspace.clone(), id.clone()), |tx, (workspace, id)| {
            Box::pin(async move { Ok(execute!(tx, UNBLOCK, workspace.as_str(), id.as_str())? == 1) })
        })
        .await
    }

    /// The workspace's block list with what is known of each range, oldest first.
    pub async fn blocked_ranges(&self, workspace: &WorkspaceId) -> Result<Vec<BlockedRange>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, (String, String, Option<String>, i64), RANGES, workspace.as_str())?
            .into_iter()
            .map(|(id, network, note, created_at)| {
                Ok(BlockedRange {
                    network: read(&network, "blocked_ips", "network", &id)?,
                    id: read(&id, "blocked_ips", "id", &id)?,
                    note,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }

    /// The workspace's block list.
    pub async fn blocked_ips(&self, workspace: &WorkspaceId) -> Result<Vec<IpNet>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, (String,), BLOCKED, workspace.as_str())?
            .into_iter()
            .map(|(network,)| read(&network, "blocked_ips", "network", workspace.as_str()))
            .collect()
    }

    /// Whether this address is on the workspace's block list. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`) counts as
    /// the IPv4 address.
    pub async fn is_ip_blocked(&self, workspace: &WorkspaceId, ip: IpAddr) -> Result<bool> {
        let ip = ip.to_canonical();
        Ok(self.blocked_ips(workspace).await?.iter().any(|network| network.contains(&ip)))
    }
}

pub(crate) async fn insert(tx: &mut Tx, key: &ApiKey) -> Result<()> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let scopes: Vec<&str> = key.scopes.iter().copied().map(Scope::as_str).collect();
    execute!(
        tx,
        INSERT,
        key.id.as_str(),
        key.workspace.as_str(),
        &key.name,
        &key.hash[..],
        &key.hint,
        key.test,
        json(&scopes)?,
        json(&key.devices)?,
        json(&key.allow_ips)?,
        micros(key.expires_at),
        micros(key.revoked_at),
        micros(key.last_used_at),
        key.created_at.as_micros(),
    )?;
    Ok(())
}
