//! Templates as the networks of devices keep and review them.
//!
//! Two tell of them, in any order: answers to questions of ours, and callbacks. Whatever is older than what is stored changes nothing:
//! an answer counts from when it was asked for.

use cetar_model::{DeviceId, KnownTemplate, NOT_FOUND, TemplateChange, TemplateNews, Timestamp, WorkspaceId};

use crate::{
    OfficialRecord, Result, Store,
    db::{Tx, execute, fetch_all, fetch_optional, limit as rows, plain, read},
    statement::statements,
};

macro_rules! columns {
    () => {
        "t.device, t.name, t.language, t.remote_id, t.status, t.reason, t.category, t.components, t.updated_at"
    };
}

statements! {
    PUT = "INSERT INTO official_templates (device, name, language, remote_id, status, reason, category, components, updated_at) \
           SELECT d.id, $2, $3, $4, $5, $6, $7, $8, $9 FROM devices d WHERE d.id = $1 AND d.removed_at IS NULL \
           ON CONFLICT (device, name, language) DO UPDATE SET remote_id = excluded.remote_id, status = excluded.status, \
             reason = excluded.reason, category = excluded.category, components = excluded.components, \
             updated_at = excluded.updated_at WHERE official_templates.updated_at <= excluded.updated_at";
    GONE = "DELETE FROM official_templates WHERE device = $1 AND updated_at < $2";
    GONE_OF_NAME = "DELETE FROM official_templates WHERE device = $1 AND name = $3 AND updated_at < $2";
    ONE = concat!("SELECT ", columns!(), " FROM official_templates t WHERE t.device = $1 AND t.name = $2 AND t.language = $3");
    PAGE = concat!(
        "SELECT ", columns!(), " FROM official_templates t JOIN devices d ON d.id = t.device \
         WHERE d.workspace = $1 AND d.removed_at IS NULL AND t.status <> 'NOT_FOUND' \
           AND (t.device, t.name, t.language) > ($2, $3, $4) ORDER BY t.device, t.name, t.language LIMIT $5"
    );
    STATUS = "UPDATE official_templates SET status = $4, reason = $5, updated_at = $6 \
              WHERE device = $1 AND name = $2 AND language = $3 AND updated_at <= $6";
    CATEGORY = "UPDATE official_templates SET category = $4 WHERE device = $1 AND name = $2 AND language = $3";
    FORGET_ONE = "DELETE FROM official_templates WHERE device = $1 AND name = $2 AND language = $3";
    FORGET = "DELETE FROM official_templates WHERE device = $1";
}

/// So many are written in one transaction: others write too.
const AT_ONCE: usize = 100;

type Row = (String, String, String, String, String, Option<String>, String, String, i64);

fn record(row: Row) -> Result<OfficialRecord> {
    let (device, name, language, remote_id, status, reason, category, components, updated_at) = row;
    Ok(OfficialRecord {
        device: read(&device, "official_templates", "device", &device)?,
        template: KnownTemplate { name, language, remote_id, status, reason, category, components },
        updated_at: Timestamp::from_micros(updated_at),
    })
}

impl Store {
    /// Stores what a network answered when it was asked at `asked_at` for all templates of a device, or for those of one name. What it no
    /// longer has is forgotten; what it told us meanwhile stays. Nothing is stored of a device that is gone.
    pub async fn put_official_templates(
        &self,
        device: &DeviceId,
        name: Option<&str>,
        templates: Vec<KnownTemplate>,
        asked_at: Timestamp,
    ) -> Result<()> {
        for some in templates.chunks(AT_ONCE) {
            self.write((device.clone(), some.to_vec(), asked_at), |tx, (device, templates, asked_at)| {
                Box::pin(async move {
                    for template in templates {
                        put(tx, device, template, *asked_at).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        }
        self.write((device.clone(), name.map(str::to_owned), asked_at), |tx, (device, name, asked_at)| {
            Box::pin(async move {
                let asked_at = asked_at.as_micros();
                match name {
                    Some(name) => execute!(tx, GONE_OF_NAME, device.as_str(), asked_at, name.as_str())?,
                    None => execute!(tx, GONE, device.as_str(), asked_at)?,
                };
                Ok(())
            })
        })
        .await
    }

    /// One, or that the network does not have it ([`NOT_FOUND`]); `None`: nobody has asked yet.
    pub async fn official_template(
        &self,
        device: &DeviceId,
        name: &str,
        language: &str,
    ) -> Result<Option<OfficialRecord>> {
        let mut conn = self.read().await?;
        let (name, language) = (plain(name), plain(language));
        fetch_optional!(conn, Row, ONE, device.as_str(), &*name, &*language)?.map(record).transpose()
    }

    /// Those of a workspace's devices, by device, name and language, after this place.
    pub async fn official_templates(
        &self,
        workspace: &WorkspaceId,
        (device, name, language): (&str, &str, &str),
        limit: usize,
    ) -> Result<Vec<OfficialRecord>> {
        let mut conn = self.read().await?;
        let found = fetch_all!(conn, Row, PAGE, workspace.as_str(), device, name, language, rows(limit))?;
        found.into_iter().map(record).collect()
    }
}

async fn put(tx: &mut Tx, device: &DeviceId, template: &KnownTemplate, at: Timestamp) -> Result<()> {
    let KnownTemplate { name, language, remote_id, status, reason, category, components } = template;
    debug_assert!(status == NOT_FOUND || !remote_id.is_empty(), "a network's template has an id");
    let [name, language, remote_id, status] = [name, language, remote_id, status].map(|text| plain(text));
    let [category, components] = [category, components].map(|text| plain(text));
    let reason = reason.as_deref().map(plain);
    let (device, at) = (device.as_str(), at.as_micros());
    execute!(
        tx,
        PUT,
        device,
        &*name,
        &*language,
        &*remote_id,
        &*status,
        reason.as_deref(),
        &*category,
        &*components,
        at
    )?;
    Ok(())
}

/// What a callback tells of a template. Of one that is not known nothing is to be changed: it is asked for when it is needed.
pub(crate) async fn apply(tx: &mut Tx, device: &str, change: &TemplateChange, now: Timestamp) -> Result<()> {
    let (name, language) = (plain(&change.name), plain(&change.language));
    match &change.news {
        TemplateNews::Status { status, reason } => {
            let (status, reason) = (plain(status), reason.as_deref().map(plain));
            execute!(tx, STATUS, device, &*name, &*language, &*status, reason.as_deref(), now.as_micros())?
        }
        TemplateNews::Category(category) => {
            execute!(tx, CATEGORY, device, &*name, &*language, &*plain(category))?
        }
        TemplateNews::Rewritten => execute!(tx, FORGET_ONE, device, &*name, &*language)?,
    };
    Ok(())
}

/// The device is gone.
pub(crate) async fn forget(tx: &mut Tx, device: &DeviceId) -> Result<()> {
    execute!(tx, FORGET, device.as_str())?;
    Ok(())
}
