//! Tenants.

use cetar_model::{Language, Plan, Timestamp, WorkspaceId};

use crate::{
    FirstRun, Result, Store, StoreError, Workspace, WorkspaceChange,
    db::{Tx, execute, fetch_all, fetch_optional, json, plain, read, read_json, row},
    devices, keys,
    statement::statements,
    users,
};

statements! {
    INSERT = "INSERT INTO workspaces (id, name, plan, language, time_zone, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    ALL = "SELECT id, name, plan, language, time_zone, created_at FROM workspaces ORDER BY created_at, id";
    ANY = "SELECT id FROM workspaces LIMIT 1";
    ONE = "SELECT id, name, plan, language, time_zone, created_at FROM workspaces WHERE id = $1";
    CHANGE = "UPDATE workspaces SET name = COALESCE($2, name), language = COALESCE($3, language), \
                time_zone = COALESCE($4, time_zone) WHERE id = $1";
    SET_PLAN = "UPDATE workspaces SET plan = $2 WHERE id = $1";
}

row! {
    pub(crate) struct Row {
        pub(crate) id: String,
        pub(crate) name: String,
        pub(crate) plan: String,
        pub(crate) language: String,
        pub(crate) time_zone: String,
        pub(crate) created_at: i64,
    }
}

impl TryFrom<Row> for Workspace {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: read(&row.id, "workspaces", "id", &row.id)?,
            plan: read_json(&row.plan, "workspaces", "plan", &row.id)?,
            language: read(&row.language, "workspaces", "language", &row.id)?,
            created_at: Timestamp::from_micros(row.created_at),
            name: row.name,
            time_zone: row.time_zone,
        })
    }
}

impl Store {
    /// Gives an empty database its first workspace, owner, devices and key: all of it or nothing. False, and nothing is
    /// written, where there is a workspace already, or another node is doing the same at this moment.
    pub async fn first_run(&self, made: FirstRun) -> Result<bool> {
        let written = self.write_once(made, |tx, made| {
            Box::pin(async move {
                if fetch_optional!(tx, (String,), ANY)?.is_some() {
                    return Ok(false);
                }
                insert(tx, &made.workspace).await?;
                // Unique, so that of two nodes that both find the database empty one is refused.
                users::insert(tx, &made.owner).await?;
                for device in &made.devices {
                    devices::insert(tx, device).await?;
                }
                keys::insert(tx, &made.key).await?;
                Ok(true)
            })
        });
        match written.await {
            Err(StoreError::Conflict) => Ok(false),
            other => other,
        }
    }

    /// `Conflict` if the id is taken.
    pub async fn insert_workspace(&self, workspace: Workspace) -> Result<()> {
        self.write_once(workspace, |tx, new| Box::pin(insert(tx, new))).await
    }

    /// Oldest first: the first is the default of the command line.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, ALL)?.into_iter().map(Workspace::try_from).collect()
    }

    /// `None` if there is none.
    pub async fn workspace(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, id.as_str())?.map(Workspace::try_from).transpose()
    }

    /// Whether the workspace is there.
    pub async fn change_workspace(&self, id: &WorkspaceId, change: WorkspaceChange) -> Result<bool> {
        self.write((id.clone(), change), |tx, (id, change)| {
            Box::pin(async move {
                let language = change.language.map(Language::as_str);
                let name = change.name.as_deref().map(plain);
                let hit = execute!(tx, CHANGE, id.as_str(), name, language, change.time_zone.as_deref())?;
                Ok(hit == 1)
            })
        })
        .await
    }

    /// Whether the workspace is there.
    pub async fn set_plan(&self, id: &WorkspaceId, plan: Plan) -> Result<bool> {
        self.write((id.clone(), plan), |tx, (id, plan)| {
            Box::pin(async move { Ok(execute!(tx, SET_PLAN, id.as_str(), json(plan)?)? == 1) })
        })
        .await
    }
}

async fn insert(tx: &mut Tx, new: &Workspace) -> Result<()> {
    let (plan, language) = (json(&new.plan)?, new.language.as_str());
    let at = new.created_at.as_micros();
    execute!(tx, INSERT, new.id.as_str(), &new.name, plan, language, &new.time_zone, at)?;
    Ok(())
}
