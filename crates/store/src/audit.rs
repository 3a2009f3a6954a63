//! Who did what: lines that are written and read, never changed.

use cetar_model::{AuditId, Timestamp, WorkspaceId};

use crate::{
    AuditEntry, Result, Store, StoreError,
    db::{execute, fetch_all, limit as rows, plain, read, row},
    statement::statements,
};

statements! {
    INSERT = "INSERT INTO audit_log (id, workspace, actor_kind, actor, actor_name, action, target, address, detail, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    PAGE = "SELECT id, workspace, actor_kind, actor, actor_name, action, target, address, detail, created_at FROM audit_log \
            WHERE workspace = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
}

/// After every id of its kind: `_` and 32 hexadecimal digits follow the prefix.
const AFTER_ALL: &str = "aud_g";

row! {
    struct Row {
        id: String,
        workspace: String,
        actor_kind: String,
        actor: Option<String>,
        actor_name: String,
        action: String,
        target: Option<String>,
        address: Option<String>,
        detail: Option<String>,
        created_at: i64,
    }
}

impl TryFrom<Row> for AuditEntry {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: read(&row.id, "audit_log", "id", &row.id)?,
            workspace: read(&row.workspace, "audit_log", "workspace", &row.id)?,
            actor_kind: row.actor_kind,
            actor: row.actor,
            actor_name: row.actor_name,
            action: row.action,
            target: row.target,
            address: row.address,
            detail: row.detail,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

impl Store {
    /// Adds a line.
    pub async fn append_audit(&self, entry: AuditEntry) -> Result<()> {
        self.write(entry, |tx, entry| {
            Box::pin(async move {
                execute!(
                    tx,
                    INSERT,
                    entry.id.as_str(),
                    entry.workspace.as_str(),
                    entry.actor_kind.as_str(),
                    entry.actor.as_deref(),
                    &*plain(&entry.actor_name),
                    entry.action.as_str(),
                    entry.target.as_deref().map(plain).as_deref(),
                    entry.address.as_deref(),
                    entry.detail.as_deref().map(plain).as_deref(),
                    entry.created_at.as_micros(),
                )?;
                Ok(())
            })
        })
        .await
    }

    /// A workspace's lines before `before`, newest first, at most `limit`.
    pub async fn audit_log(
        &self,
        workspace: &WorkspaceId,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        let before = before.map_or(AFTER_ALL, AuditId::as_str);
        let mut conn = self.read().await?;
        let found = fetch_all!(conn, Row, PAGE, workspace.as_str(), before, rows(limit))?;
        found.into_iter().map(AuditEntry::try_from).collect()
    }
}
