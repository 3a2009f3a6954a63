//! Media: what is known of them. Their bytes are kept elsewhere, by workspace and hash.

use cetar_model::{Content, DeviceId, MediaId, Timestamp, WorkspaceId};

use crate::{
    ClaimedJob, MediaOutcome, MediaRecord, MediaSourceRecord, MediaState, NewInbound, NewWanted, Result,
    Store, StoreError, StoredBytes, WantedMedia,
    db::{
        Tx, corrupt, count, execute, fetch_all, fetch_optional, json, limit as rows, plain, read, read_opt,
        row,
    },
    media_prune,
    seal::Place,
    statement::statements,
};

statements! {
    WANT = "INSERT INTO media (id, workspace, device, state, reference, content_type, file_name, attempts, run_at, created_at) \
            VALUES ($1, $2, $3, 'wanted', $4, $5, $6, 0, $7, $7)";
    KEEP = "INSERT INTO media (id, workspace, device, state, hash, size, content_type, file_name, attempts, run_at, created_at) \
            VALUES ($1, $2, $3, 'stored', $4, $5, $6, $7, 0, $8, $8)";
    ONE = "SELECT id, workspace, device, state, hash, size, content_type, file_name, reason, created_at FROM media WHERE id = $1";
    WANTED = "SELECT id, workspace, reference, attempts, created_at, file_name, content_type FROM media \
              WHERE device = $1 AND state = 'wanted' AND run_at <= $2 ORDER BY run_at, id LIMIT $3";
    NEXT = "SELECT MIN(run_at) FROM media WHERE device = $1 AND state = 'wanted'";
    // The reference is of no more use, and is a secret.
    STORED = "UPDATE media SET state = 'stored', reference = NULL, hash = $2, size = $3, content_type = $4, file_name = $5, \
                attempts = attempts + 1 WHERE id = $1 AND state = 'wanted'";
    AGAIN = "UPDATE media SET attempts = attempts + 1, run_at = $2 WHERE id = $1 AND state = 'wanted'";
    LOST = "UPDATE media SET state = 'lost', reference = NULL, reason = $2, attempts = attempts + 1 \
            WHERE id = $1 AND state = 'wanted'";
    SOURCE = "SELECT media, etag, last_modified, fetched_at FROM media_sources WHERE workspace = $1 AND url_hash = $2";
    SET_SOURCE = "INSERT INTO media_sources (workspace, url_hash, media, etag, last_modified, fetched_at) \
                  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace, url_hash) DO UPDATE SET \
                    media = excluded.media, etag = excluded.etag, last_modified = excluded.last_modified, \
                    fetched_at = excluded.fetched_at";
    WHERE_FROM = "SELECT workspace FROM media WHERE id = $1";
    HOLD = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    SET_CONTENT = "UPDATE messages SET content = $2, media = $3 WHERE id = $1";
}

row! {
    struct Row {
        id: String,
        workspace: String,
        device: String,
        state: String,
        hash: Option<Vec<u8>>,
        size: Option<i64>,
        content_type: Option<String>,
        file_name: Option<String>,
        reason: Option<String>,
        created_at: i64,
    }
}

impl TryFrom<Row> for MediaRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        let state = match row.state.as_str() {
            "wanted" => MediaState::Wanted,
            "lost" => MediaState::Lost(row.reason.unwrap_or_default()),
            "stored" => {
                let hash = row.hash.and_then(|hash| hash.try_into().ok());
                MediaState::Stored(StoredBytes {
                    hash: hash.ok_or_else(|| corrupt("media", "hash", id))?,
                    size: row
                        .size
                        .and_then(|size| size.try_into().ok())
                        .ok_or_else(|| corrupt("media", "size", id))?,
                    content_type: row.content_type.ok_or_else(|| corrupt("media", "content_type", id))?,
                    file_name: row.file_name,
                })
            }
            _ => return Err(corrupt("media", "state", id)),
        };
        Ok(Self {
            id: read(id, "media", "id", id)?,
            workspace: read(&row.workspace, "media", "workspace", id)?,
            device: read_opt(Some(row.device.as_str()).filter(|of| !of.is_empty()), "media", "device", id)?,
            state,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

const fn place<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "media", column: "reference", row }
}

/// Notes the medium of a message that is being taken in, with its message.
pub(crate) async fn want(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    new: &NewInbound,
    wanted: &NewWanted,
) -> Result<()> {
    let id = wanted.media.as_str();
    let row = [id.as_bytes()];
    let sealed = tx.ctx.sealer.seal(tx.ctx.ids.random(), place(&row), wanted.reference.as_bytes());
    let sealed = sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))?;
    let media = new.content.media();
    let content_type = media.and_then(|media| media.content_type.as_deref()).map(plain);
    let file_name = media.and_then(|media| media.file_name.as_deref()).map(plain);
    let now = new.now.as_micros();
    execute!(
        tx,
        WANT,
        id,
        workspace.as_str(),
        new.device.as_str(),
        sealed,
        content_type.as_deref(),
        file_name.as_deref(),
        now
    )?;
    Ok(())
}

impl Store {
    /// Notes a medium whose bytes are kept already: one of a send, or one that a person gave us, which is of no device yet.
    /// [`Conflict`](StoreError::Conflict) in the moment in which the same bytes are being deleted.
    pub async fn keep_media(
        &self,
        id: &MediaId,
        workspace: &WorkspaceId,
        device: Option<&DeviceId>,
        bytes: StoredBytes,
        now: Timestamp,
    ) -> Result<()> {
        let args = (id.clone(), workspace.clone(), device.cloned(), bytes, now);
        self.write(args, |tx, (id, workspace, device, bytes, now)| {
            Box::pin(async move {
                media_prune::referable(tx, workspace.as_str(), &bytes.hash).await?;
                execute!(
                    tx,
                    KEEP,
                    id.as_str(),
                    workspace.as_str(),
                    device.as_ref().map_or("", DeviceId::as_str),
                    &bytes.hash[..],
                    size(bytes),
                    bytes.content_type.as_str(),
                    bytes.file_name.as_deref().map(plain).as_deref(),
                    now.as_micros(),
                )?;
                Ok(())
            })
        })
        .await
    }

    /// One medium, of whatever workspace: whoever asks has its unguessable id, signed, or compares the workspace.
    pub async fn media(&self, id: &MediaId) -> Result<Option<MediaRecord>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, id.as_str())?.map(MediaRecord::try_from).transpose()
    }

    /// Media of this device that are to be read from the network now, longest due first.
    pub async fn wanted_media(
        &self,
        device: &DeviceId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<WantedMedia>> {
        type Due = (String, String, Vec<u8>, i64, i64, Option<String>, Option<String>);
        let mut conn = self.read().await?;
        let due = fetch_all!(conn, Due, WANTED, device.as_str(), now.as_micros(), rows(limit))?;
        due.into_iter()
            .map(|(id, workspace, reference, attempts, created_at, file_name, content_type)| {
                let plain = self.inner.ctx.sealer.open(place(&[id.as_bytes()]), &reference);
                let reference = plain.and_then(|plain| String::from_utf8(plain).ok());
                Ok(WantedMedia {
                    reference: reference.ok_or_else(|| corrupt("media", "reference", &id))?,
                    workspace: read(&workspace, "media", "workspace", &id)?,
                    attempts: count(attempts),
                    created_at: Timestamp::from_micros(created_at),
                    file_name,
                    content_type,
                    id: read(&id, "media", "id", &id)?,
                })
            })
            .collect()
    }

    /// When the next medium of this device is to be read.
    pub async fn next_wanted(&self, device: &DeviceId) -> Result<Option<Timestamp>> {
        let mut conn = self.read().await?;
        let next = fetch_optional!(conn, (Option<i64>,), NEXT, device.as_str())?;
        Ok(next.and_then(|(at,)| at).map(Timestamp::from_micros))
    }

    /// Writes what came of a try to read one. Nothing changes if it is not wanted any more. [`Conflict`](StoreError::Conflict) in the
    /// moment in which the same bytes are being deleted: then they are to be kept anew.
    pub async fn settle_media(&self, id: &MediaId, outcome: MediaOutcome) -> Result<()> {
        self.write((id.clone(), outcome), |tx, (id, outcome)| {
            Box::pin(async move {
                let id = id.as_str();
                if let MediaOutcome::Stored(bytes) = outcome
                    && let Some((workspace,)) = fetch_optional!(tx, (String,), WHERE_FROM, id)?
                {
                    media_prune::referable(tx, &workspace, &bytes.hash).await?;
                }
                match outcome {
                    MediaOutcome::Stored(bytes) => execute!(
                        tx,
                        STORED,
                        id,
                        &bytes.hash[..],
                        size(bytes),
                        bytes.content_type.as_str(),
                        bytes.file_name.as_deref().map(plain).as_deref(),
                    )?,
                    MediaOutcome::Again(at) => execute!(tx, AGAIN, id, at.as_micros())?,
                    MediaOutcome::Lost(why) => execute!(tx, LOST, id, &*plain(why))?,
                };
                Ok(())
            })
        })
        .await
    }

    /// What this address led to last; `url_hash` is its SHA-256.
    pub async fn media_source(
        &self,
        workspace: &WorkspaceId,
        url_hash: &[u8; 32],
    ) -> Result<Option<MediaSourceRecord>> {
        type Source = (String, Option<String>, Option<String>, i64);
        let mut conn = self.read().await?;
        let row = fetch_optional!(conn, Source, SOURCE, workspace.as_str(), &url_hash[..])?;
        row.map(|(media, etag, last_modified, fetched_at)| {
            Ok(MediaSourceRecord {
                media: read(&media, "media_sources", "media", &media)?,
                etag,
                last_modified,
                fetched_at: Timestamp::from_micros(fetched_at),
            })
        })
        .transpose()
    }

    /// Remembers what an address led to.
    pub async fn set_media_source(
        &self,
        workspace: &WorkspaceId,
        url_hash: [u8; 32],
        source: MediaSourceRecord,
    ) -> Result<()> {
        self.write((workspace.clone(), url_hash, source), |tx, (workspace, url_hash, source)| {
            Box::pin(async move {
                execute!(
                    tx,
                    SET_SOURCE,
                    workspace.as_str(),
                    &url_hash[..],
                    source.media.as_str(),
                    source.etag.as_deref().map(plain).as_deref(),
                    source.last_modified.as_deref().map(plain).as_deref(),
                    source.fetched_at.as_micros(),
                )?;
                Ok(())
            })
        })
        .await
    }

    /// The same message, its medium now named as stored, and the lease of its job renewed: a later attempt does not fetch it again, and
    /// whoever takes the job over knows that it may have gone out. `LeaseLost` if somebody did already: then it must not go out.
    pub async fn set_content(
        &self,
        job: &ClaimedJob,
        node: &str,
        lease_until: Timestamp,
        content: &Content,
    ) -> Result<()> {
        let args = (
            job.job.clone(),
            job.message.clone(),
            node.to_owned(),
            job.lease_token,
            lease_until,
            content.clone(),
        );
        self.write(args, |tx, (job, message, node, token, until, content)| {
            Box::pin(async move {
                // Together with the content: who finds the lease expired does not find the address in one row and us in the other.
                if execute!(tx, HOLD, job.as_str(), node, token, until.as_micros())? == 0 {
                    return Err(StoreError::LeaseLost);
                }
                execute!(tx, SET_CONTENT, message.as_str(), json(content)?, kept(content))?;
                Ok(())
            })
        })
        .await
    }
}

/// The medium of a message that is kept here, as its row names it.
pub(crate) fn kept(content: &Content) -> Option<&str> {
    content.media()?.stored().map(MediaId::as_str)
}

fn size(bytes: &StoredBytes) -> i64 {
    i64::try_from(bytes.size).unwrap_or(i64::MAX)
}
