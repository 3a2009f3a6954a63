//! Giving a medium out.
use std::{ops::Range, time::Duration};

use cetar_model::MediaId;
use cetar_provider::ByteStream;
use cetar_store::{MediaState, StoreError, StoredBytes};

use super::kind;
use crate::Engine;

/// How long one who asks waits for a medium that is still being read from its network. Most are there within a second.
const WAIT: Duration = Duration::from_secs(20);

/// What there is to give out.
#[derive(Debug, Clone)]
pub enum MediaAnswer {
    /// This.
    Here(MediaFile),
    /// Not yet: its network has not given it yet.
    NotYet,
    /// It will not come any more.
    Lost,
    /// There is none of this id, or its bytes are gone.
    None,
}

/// A medium that is there.
#[derive(Debug, Clone)]
pub struct MediaFile {
    id: MediaId,
    workspace: cetar_model::WorkspaceId,
    hash: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// Its media type, by content.
    pub content_type: String,
    /// The name to save it under.
    pub file_name: String,
}

impl MediaFile {
    /// Names these bytes, whatever medium they belong to.
    pub fn tag(&self) -> String {
        super::folder::hex(&self.hash[..16])
    }
}

impl Engine {
    /// What there is of a medium. Where it is still on its way, this waits for it, for at most 20 seconds.
    pub async fn find_media(&self, id: &MediaId) -> Result<MediaAnswer, StoreError> {
        let mut arrived = self.inner.media.arrived.subscribe();
        let until = self.now() + WAIT;
        loop {
            arrived.borrow_and_update();
            let Some(record) = self.inner.store.media(id).await? else { return Ok(MediaAnswer::None) };
            match record.state {
                MediaState::Stored(bytes) => return Ok(self.file(record.id, record.workspace, bytes).await),
                MediaState::Lost(_) => return Ok(MediaAnswer::Lost),
                MediaState::Wanted if self.now() >= until => return Ok(MediaAnswer::NotYet),
                MediaState::Wanted => tokio::select! {
                    // The sender lives as long as the engine.
                    _ = arrived.changed() => {}
                    // Another process may read it from its network.
                    () = self.pause(self.inner.settings.poll) => {}
                },
            }
        }
    }

    async fn file(
        &self,
        id: MediaId,
        workspace: cetar_model::WorkspaceId,
        bytes: StoredBytes,
    ) -> MediaAnswer {
        let StoredBytes { hash, size, content_type, file_name } = bytes;
        // What cannot be asked now is told by the reading itself.
        if let Ok(false) = self.inner.media.place.has(&workspace, &hash).await {
            tracing::warn!(media = %id, "the bytes of a medium are gone from `media.store`");
            return MediaAnswer::None;
        }
        let file_name = file_name.unwrap_or_else(|| format!("{id}.{}", kind::ending(&content_type)));
        MediaAnswer::Here(MediaFile { id, workspace, hash, size, content_type, file_name })
    }

    /// The bytes of a medium, or a part of them. `None` if they are gone.
    pub async fn read_media(
        &self,
        file: &MediaFile,
        part: Option<Range<u64>>,
    ) -> std::io::Result<Option<ByteStream>> {
        let part = part.unwrap_or(0..file.size);
        let length = part.end.saturating_sub(part.start);
        let place = &self.inner.media.place;
        let opened = place.open(&file.workspace, &file.hash, part.start, Some(length)).await?;
        tracing::debug!(media = %file.id, length, "given out");
        Ok(opened.map(|(_, bytes)| bytes))
    }
}
