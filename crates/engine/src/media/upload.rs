//! A file that a person gives us, to be sent.
use std::{io, time::Duration};

use bytes::Bytes;
use cetar_model::{MediaId, Timestamp};
use cetar_store::{StoreError, StoredBytes};
use futures::{Stream, StreamExt as _, pin_mut};

use super::links;
use crate::{Engine, auth::Caller};

/// Whoever sends nothing for this long has gone.
const SILENCE: Duration = Duration::from_secs(30);
/// However steadily it comes, it is there within this.
const IN_ALL: Duration = Duration::from_mins(30);

/// Not kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Larger than `media.max_bytes`, which is this many.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// It ended before its end, or nothing came.
    #[error("it did not arrive")]
    Cut,
    /// It stopped coming, or came too slowly.
    #[error("it stalled")]
    Stalled,
    /// The same bytes, which were kept before and are used by nobody, are being deleted at this moment.
    #[error("the same bytes are being deleted")]
    BeingDeleted,
    /// Our own disk.
    #[error("the media store: {0}")]
    Disk(#[from] io::Error),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file that is kept.
#[derive(Debug)]
pub struct Uploaded {
    /// Its address, for `media_url` of a send.
    pub url: String,
    /// When the address ends.
    pub ends: Timestamp,
    /// Its media type, by content.
    pub content_type: String,
    /// Its bytes.
    pub size: u64,
}

impl Engine {
    /// Keeps a file as it comes; it is never whole in memory. `name` is what it is called, without a path.
    pub async fn keep_upload<E>(
        &self,
        caller: &Caller,
        name: Option<String>,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Uploaded, UploadError> {
        let (inner, most) = (&self.inner, self.inner.media.max_bytes);
        let mut growing = inner.media.place.begin(inner.ids.random()).await?;
        let mut size = 0;
        pin_mut!(pieces);
        let end = self.now() + IN_ALL;
        loop {
            let patience = inner.clock.sleep_until(end.min(self.now() + SILENCE));
            let piece = tokio::select! {
                biased;
                () = patience => return Err(UploadError::Stalled),
                piece = pieces.next() => piece,
            };
            let Some(piece) = piece else { break };
            let Ok(piece) = piece else { return Err(UploadError::Cut) };
            size = growing.add(&piece).await?;
            if size > most {
                return Err(UploadError::TooLarge(most));
            }
        }
        if size == 0 {
            return Err(UploadError::Cut);
        }
        let content_type = growing.content_type(name.as_deref()).to_owned();
        let kept = inner.media.place.keep(growing, &caller.workspace.id).await?;
        let (id, now): (MediaId, _) = (inner.ids.make(self.now()), self.now());
        let bytes = StoredBytes {
            hash: kept.hash,
            size: kept.size,
            content_type: content_type.clone(),
            file_name: name,
        };
        match inner.store.keep_media(&id, &caller.workspace.id, None, bytes, now).await {
            // What has just been kept goes with them.
            Err(StoreError::Conflict) => return Err(UploadError::BeingDeleted),
            kept => kept?,
        }
        Ok(Uploaded { url: self.media_url(&id), ends: now + links::VALID_FOR, content_type, size })
    }
}
