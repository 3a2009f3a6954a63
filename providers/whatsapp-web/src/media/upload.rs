//! Media going out: read from the gateway as a stream, sealed into a temporary file, handed to WhatsApp's media servers
//! once for all who get the same.

use std::{
    collections::HashMap,
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cetar_model::{DownReason, FailureCode, Media, Timestamp};
use cetar_provider::{HostError, SendError};
use futures::StreamExt;
use tempfile::NamedTempFile;
use tokio::{io::AsyncWriteExt, sync::Semaphore, task::spawn_blocking};
use wacore::upload::{EncryptedMediaInfo, MediaEncryptor, UploadSource};
use whatsapp_rust::{ErrorChainExt, anyhow, download::MediaType};

use super::{mp4, thumbnail};
use crate::send::Live;

/// WhatsApp keeps what is uploaded for weeks; the address it gives is signed for days.
const REUSE: Duration = Duration::from_hours(12);
/// More are not remembered at once.
const CAPACITY: usize = 1_000;
/// A larger picture is sent without thumbnail and measures.
const LARGEST_PICTURE: u64 = 32 * 1024 * 1024;

/// A medium on WhatsApp's servers, and what opens it.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) url: String,
    pub(crate) path: String,
    pub(crate) key: [u8; 32],
    pub(crate) cipher_sha256: [u8; 32],
    pub(crate) sha256: [u8; 32],
    pub(crate) size: u64,
    /// Unix seconds.
    pub(crate) made_at: i64,
    pub(crate) sidecar: Option<Vec<u8>>,
    pub(crate) content_type: String,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) seconds: Option<u32>,
    /// A JPEG.
    pub(crate) thumbnail: Option<Vec<u8>>,
}

type Entry = Arc<tokio::sync::Mutex<Option<(Timestamp, Arc<Sealed>)>>>;

/// What was uploaded lately, by kind and content.
pub(crate) struct Uploads {
    known: Mutex<HashMap<(&'static str, String), Entry>>,
    /// Pictures are decoded one at a time: each may take its share of memory.
    decoding: Semaphore,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { known: Mutex::default(), decoding: Semaphore::new(1) }
    }
}

impl Uploads {
    fn entry(&self, kind: MediaType, content: &str) -> Entry {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            // Those that are being uploaded right now stay.
            known.retain(|_, entry| Arc::strong_count(entry) > 1);
        }
        Arc::clone(known.entry((kind.app_info(), content.to_owned())).or_default())
    }
}

impl Live {
    /// Puts a medium on WhatsApp's servers, unless it is there. Whoever wants the same meanwhile waits for the one upload.
    pub(crate) async fn upload(&self, media: &Media, kind: MediaType) -> Result<Arc<Sealed>, SendError> {
        let Some(id) = media.stored() else {
            return Err(SendError::NotSent("the medium has not been fetched".into()));
        };
        let entry = self.uploads.entry(kind, media.sha256.as_deref().unwrap_or(id.as_str()));
        let mut entry = entry.lock().await;
        let now = self.store.host().now();
        if let Some((at, sealed)) = &*entry
            && now < *at + REUSE
        {
            return Ok(Arc::clone(sealed));
        }
        let stored = self.store.host().media(id).await.map_err(|error| match error {
            HostError::LeaseLost => SendError::AccountDown(DownReason::HeldByAnotherNode),
            HostError::Unavailable(error) => SendError::NotSent(error),
        })?;
        let sealing = Sealing::begin(kind, stored.size).await.map_err(not_sent)?;
        let (file, info, found) =
            sealing.all(stored.bytes, &self.uploads.decoding).await.map_err(not_sent)?;
        let uploaded = self.client.upload_stream(file, info, kind).await.map_err(|error| {
            let error: &(dyn std::error::Error + 'static) = error.as_ref();
            if error.is_transport_unavailable() {
                SendError::AccountDown(DownReason::Disconnected)
            } else {
                SendError::NotSent(error.to_string().into())
            }
        })?;
        let content_type = media.content_type.clone();
        let sealed = Arc::new(Sealed {
            url: uploaded.url,
            path: uploaded.direct_path,
            key: uploaded.media_key,
            cipher_sha256: uploaded.file_enc_sha256,
            sha256: uploaded.file_sha256,
            size: uploaded.file_length,
            made_at: uploaded.media_key_timestamp,
            sidecar: uploaded.streaming_sidecar,
            content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            width: found.size.map(|(width, _)| width).or(media.width),
            height: found.size.map(|(_, height)| height).or(media.height),
            seconds: found.seconds.or(media.seconds),
            thumbnail: found.thumbnail,
        });
        *entry = Some((now, Arc::clone(&sealed)));
        Ok(sealed)
    }
}

fn not_sent(error: anyhow::Error) -> SendError {
    SendError::NotSent(error.into())
}

/// What a medium tells of itself.
#[derive(Default)]
struct Found {
    size: Option<(u32, u32)>,
    seconds: Option<u32>,
    thumbnail: Option<Vec<u8>>,
}

/// A medium on its way into a file that only ciphertext enters.
struct Sealing {
    kind: MediaType,
    encryptor: MediaEncryptor,
    file: NamedTempFile,
    /// The picture itself, to be looked at.
    picture: Option<Vec<u8>>,
    film: mp4::Watcher,
}

impl Sealing {
    async fn begin(kind: MediaType, size: u64) -> anyhow::Result<Self> {
        let streamed = matches!(kind, MediaType::Audio | MediaType::Video);
        Ok(Self {
            kind,
            encryptor: MediaEncryptor::new_with_sidecar(kind, streamed)?,
            file: spawn_blocking(NamedTempFile::new).await??,
            picture: (kind == MediaType::Image && size <= LARGEST_PICTURE).then(Vec::new),
            film: mp4::Watcher::default(),
        })
    }

    async fn all(
        mut self,
        mut bytes: cetar_provider::ByteStream,
        decoding: &Semaphore,
    ) -> anyhow::Result<(SealedFile, EncryptedMediaInfo, Found)> {
        let mut out = tokio::fs::File::from_std(self.file.reopen()?);
        let mut sealed = Vec::new();
        while let Some(piece) = bytes.next().await {
            let piece = piece?;
            self.encryptor.update(&piece, &mut sealed);
            out.write_all(&sealed).await?;
            sealed.clear();
            if let Some(picture) = &mut self.picture {
                picture.extend_from_slice(&piece);
            }
            if self.kind == MediaType::Video {
                self.film.feed(&piece);
            }
        }
        let info = self.encryptor.finalize(&mut sealed)?;
        out.write_all(&sealed).await?;
        out.flush().await?;
        let length = out.metadata().await?.len();
        let mut found = Found::default();
        if let Some(picture) = self.picture {
            let _one_at_a_time = decoding.acquire().await?;
            let look = spawn_blocking(move || thumbnail::look(&picture)).await?;
            (found.size, found.thumbnail) = (look.size, look.thumbnail);
        } else if self.kind == MediaType::Video {
            let film = self.film.film();
            (found.size, found.seconds) = (film.size, film.seconds);
        }
        Ok((SealedFile { file: self.file, length }, info, found))
    }
}

/// Ciphertext, on disk until it is uploaded.
struct SealedFile {
    file: NamedTempFile,
    length: u64,
}

impl UploadSource for SealedFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.file.reopen()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

/// The kind WhatsApp's servers keep this as, and whether it is a kind we send.
pub(crate) fn media_type(kind: cetar_model::ContentKind) -> Result<MediaType, SendError> {
    use cetar_model::ContentKind as K;
    match kind {
        K::Image => Ok(MediaType::Image),
        K::Video => Ok(MediaType::Video),
        K::Audio | K::Voice => Ok(MediaType::Audio),
        K::Document => Ok(MediaType::Document),
        _ => Err(SendError::Rejected {
            code: FailureCode::ContentNotSupported,
            provider_code: None,
            detail: None,
        }),
    }
}
