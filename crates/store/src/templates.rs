//! Quick-reply templates, numbered within their workspace.

use cetar_model::{Template, Timestamp, WorkspaceId};

use crate::{
    NewTemplate, Result, Store, StoreError, TemplateRecord,
    db::{execute, fetch_all, fetch_optional, json, limit as rows, plain, read_json},
    statement::statements,
};

statements! {
    // Over the removed ones too, whose numbers applications may still know.
    INSERT_NEXT = "INSERT INTO templates (workspace, id, name, body, created_at, updated_at) \
                   SELECT $1, COALESCE(MAX(t.id), 0) + 1, $2, $3, $4, $4 FROM templates t WHERE t.workspace = $1 RETURNING id";
    // A removed one of this number may be made anew: whoever names the number means it.
    INSERT_AT = "INSERT INTO templates (workspace, id, name, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5) \
                 ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name, body = excluded.body, \
                   created_at = excluded.created_at, updated_at = excluded.updated_at, removed_at = NULL \
                 WHERE templates.removed_at IS NOT NULL RETURNING id";
    ONE = "SELECT id, name, body, created_at, updated_at FROM templates WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
    PAGE = "SELECT id, name, body, created_at, updated_at FROM templates \
            WHERE workspace = $1 AND id > $2 AND removed_at IS NULL ORDER BY id LIMIT $3";
    UPDATE = "UPDATE templates SET name = $3, body = $4, updated_at = $5 \
              WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
    REMOVE = "UPDATE templates SET removed_at = $3 WHERE workspace = $1 AND id = $2 AND removed_at IS NULL";
}

type Row = (i64, String, String, i64, i64);

fn record((id, name, body, created_at, updated_at): Row) -> Result<TemplateRecord> {
    Ok(TemplateRecord {
        template: read_json(&body, "templates", "body", &id.to_string())?,
        id,
        name,
        created_at: Timestamp::from_micros(created_at),
        updated_at: Timestamp::from_micros(updated_at),
    })
}

impl Store {
    /// Its number. [`Conflict`](StoreError::Conflict) if that number is taken; without a wanted number only where two were made
    /// at the same time, and then it may be tried again.
    pub async fn insert_template(&self, template: NewTemplate) -> Result<i64> {
        self.write_once(template, |tx, new| {
            Box::pin(async move {
                let (workspace, name) = (new.workspace.as_str(), plain(&new.name));
                let (body, now) = (json(&new.template)?, new.now.as_micros());
                let made = match new.id {
                    Some(id) => fetch_optional!(tx, (i64,), INSERT_AT, workspace, id, &*name, body, now)?,
                    None => fetch_optional!(tx, (i64,), INSERT_NEXT, workspace, &*name, body, now)?,
                };
                made.map(|(id,)| id).ok_or(StoreError::Conflict)
            })
        })
        .await
    }

    /// One of this workspace.
    pub async fn template(&self, workspace: &WorkspaceId, id: i64) -> Result<Option<TemplateRecord>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, workspace.as_str(), id)?.map(record).transpose()
    }

    /// Those of this workspace with a higher number than `after`, ascending.
    pub async fn templates(
        &self,
        workspace: &WorkspaceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<TemplateRecord>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, PAGE, workspace.as_str(), after, rows(limit))?.into_iter().map(record).collect()
    }

    /// Whether it was there.
    pub async fn update_template(
        &self,
        workspace: &WorkspaceId,
        id: i64,
        name: String,
        template: Template,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(
            (workspace.clone(), id, name, template, now),
            |tx, (workspace, id, name, template, now)| {
                Box::pin(async move {
                    let body = json(template)?;
                    Ok(execute!(tx, UPDATE, workspace.as_str(), id, &*plain(name), body, now.as_micros())?
                        == 1)
                })
            },
        )
        .await
    }

    /// Whether it was there. Its number is not given to another.
    pub async fn remove_template(&self, workspace: &WorkspaceId, id: i64, now: Timestamp) -> Result<bool> {
        self.write_once((workspace.clone(), id, now), |tx, (workspace, id, now)| {
            Box::pin(async move { Ok(execute!(tx, REMOVE, workspace.as_str(), id, now.as_micros())? == 1) })
        })
        .await
    }
}
