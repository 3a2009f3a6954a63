//! Webhook endpoints.

use cetar_model::{EndpointId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Endpoint, Result, Store, StoreError,
    db::{Context, corrupt, execute, fetch_all, json, read, read_json, read_opt},
    seal::Place,
    statement::statements,
};

statements! {
    INSERT = "INSERT INTO endpoints (id, workspace, url, events, device, secret, disabled_at, disabled_reason, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    OF_WORKSPACE = "SELECT id, workspace, url, events, device, secret, disabled_at, disabled_reason, created_at \
                    FROM endpoints WHERE workspace = $1 AND removed_at IS NULL ORDER BY id";
    // The row stays, unreachable, for the deliveries that name it.
    REMOVE = "UPDATE endpoints SET removed_at = created_at WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: String,
    workspace: String,
    url: String,
    events: String,
    device: Option<String>,
    secret: Vec<u8>,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    created_at: i64,
}

impl Row {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn endpoint(self, ctx: &Context) -> Result<Endpoint> {
        let id = &self.id;
        let secret = ctx.sealer.open(secret(&[id.as_bytes()]), &self.secret);
        let secret = secret.and_then(|secret| String::from_utf8(secret).ok());
        Ok(Endpoint {
            id: read(id, "endpoints", "id", id)?,
            workspace: read(&self.workspace, "endpoints", "workspace", id)?,
            events: read_json(&self.events, "endpoints", "events", id)?,
            device: read_opt(self.device.as_deref(), "endpoints", "device", id)?,
            secret: SecretString::from(secret.ok_or_else(|| corrupt("endpoints", "secret", id))?),
            disabled: self
                .disabled_at
                .map(|at| (Timestamp::from_micros(at), self.disabled_reason.unwrap_or_default())),
            created_at: Timestamp::from_micros(self.created_at),
            url: self.url,
        })
    }
}

impl Store {
    /// `Conflict` if the id is taken.
    pub async fn insert_endpoint(&self, endpoint: Endpoint) -> Result<()> {
        self.write(endpoint, |tx, new| {
            Box::pin(async move {
                tx.listeners.clear();
                let place = [new.id.as_str().as_bytes()];
                let plain = new.secret.expose_secret().as_bytes();
                let sealed = tx.ctx.sealer.seal(tx.ctx.ids.random(), secret(&place), plain);
                let sealed = sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))?;
                let disabled = new.disabled.as_ref();
                execute!(
                    tx,
                    INSERT,
                    new.id.as_str(),
                    new.workspace.as_str(),
                    &new.url,
                    json(&new.events)?,
                    new.device.as_ref().map(cetar_model::DeviceId::as_str),
                    sealed,
                    disabled.map(|(at, _)| at.as_micros()),
                    disabled.map(|(_, why)| why.as_str()),
                    new.created_at.as_micros(),
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Oldest first, disabled ones included.
    pub async fn endpoints(&self, workspace: &WorkspaceId) -> Result<Vec<Endpoint>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, OF_WORKSPACE, workspace.as_str())?
            .into_iter()
            .map(|row| row.endpoint(&self.inner.ctx))
            .collect()
    }

    /// Whether it was there. What still waits for it is not delivered any more.
    pub async fn remove_endpoint(&self, workspace: &WorkspaceId, id: &EndpointId) -> Result<bool> {
        self.write((workspace.clone(), id.clone()), |tx, (workspace, id)| {
            Box::pin(async move {
                tx.listeners.clear();
                Ok(execute!(tx, REMOVE, workspace.as_str(), id.as_str())? == 1)
            })
        })
        .await
    }
}

const fn secret<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "endpoints", column: "secret", row }
}
