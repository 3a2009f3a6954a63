//! Media going out: read from the gateway as a stream, sealed into a temporary file, handed to WhatsApp's media servers
//! once for all who get the same.

use std::{
    collections::HashMap,
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cetar_model::{DownReason, FailureCode, Media, Timestamp};
use cetar_provider::{HostError, SendError, StoredMedia};
use futures::StreamExt;
use tokio::{io::AsyncWriteExt, sync::Semaphore, task::spawn_blocking};
use wacore::upload::{EncryptedMediaInfo, MediaEncryptor};
use whatsapp_rust::{ErrorChainExt, anyhow, download::MediaType};

use super::{
    mp4, ogg,
    spool::{self, Written},
    thumbnail,
};
use crate::send::Live;

/// WhatsApp keeps what is uploaded for weeks; the address it gives is signed for days.
const REUSE: Duration = Duration::from_hours(12);
/// More are not remembered at once.
const CAPACITY: usize = 1_000;
/// A larger picture is sent without thumbnail and measures.
const LARGEST_PICTURE: u64 = 32 * 1024 * 1024;

/// So long a picture is read in order to be looked at, while all others wait for it.
const READING: Duration = Duration::from_secs(10);

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

/// Kind, content and content type: the same bytes may be one file as a table and another as a text.
type Key = (&'static str, String, Option<String>);

/// What was uploaded lately.
#[derive(Default)]
pub(crate) struct Uploads {
    known: Mutex<HashMap<Key, Entry>>,
}

/// So long a picture waits for others that are looked at; then it goes without thumbnail and measures.
const IN_LINE: Duration = Duration::from_secs(3);

/// Pictures are looked at one at a time, whatever the number of accounts: each takes its share of memory, as it is and decoded.
static LOOKING: Semaphore = Semaphore::const_new(1);

impl Uploads {
    fn entry(&self, kind: MediaType, content: &str, content_type: Option<&str>) -> Entry {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            // Those that are being uploaded right now stay.
            known.retain(|_, entry| Arc::strong_count(entry) > 1);
        }
        Arc::clone(
            known.entry((kind.app_info(), content.to_owned(), content_type.map(str::to_owned))).or_default(),
        )
    }
}

impl Live {
    /// Puts a medium on WhatsApp's servers, unless it is there. Whoever wants the same meanwhile waits for the one upload.
    pub(crate) async fn upload(&self, media: &Media, kind: MediaType) -> Result<Arc<Sealed>, SendError> {
        let Some(id) = media.stored() else {
            return Err(SendError::NotSent("the medium has not been fetched".into()));
        };
        let content = media.sha256.as_deref().unwrap_or(id.as_str());
        let entry = self.uploads.entry(kind, content, media.content_type.as_deref());
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
        let picture =
            (kind == MediaType::Image && stored.size <= LARGEST_PICTURE).then(|| self.store.host().media(id));
        let sealing = Sealing::begin(kind, &self.settings.temp).await.map_err(not_sent)?;
        let (file, info, mut found) = sealing.all(stored.bytes).await.map_err(not_sent)?;
        if let Some(picture) = picture {
            let look = look_at(picture).await;
            (found.size, found.thumbnail) = (look.size, look.thumbnail);
        }
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

/// Looks at a picture that is stored with the gateway: read once more, so that none waits for its turn in memory. One that cannot be
/// read now goes without thumbnail and measures.
async fn look_at(picture: impl Future<Output = Result<StoredMedia, HostError>> + Send) -> thumbnail::Look {
    // While another is read slowly, the pictures of all accounts do not wait for it.
    let Ok(Ok(_one_at_a_time)) = tokio::time::timeout(IN_LINE, LOOKING.acquire()).await else {
        return thumbnail::Look::default();
    };
    let read = async {
        let mut stored = picture.await.ok()?;
        let mut bytes = Vec::new();
        while let Some(piece) = stored.bytes.next().await {
            bytes.extend_from_slice(&piece.ok()?);
        }
        Some(bytes)
    };
    let Ok(Some(bytes)) = tokio::time::timeout(READING, read).await else {
        return thumbnail::Look::default();
    };
    spawn_blocking(move || thumbnail::look(&bytes)).await.unwrap_or_default()
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
    file: File,
    film: mp4::Watcher,
    sound: ogg::Watcher,
}

impl Sealing {
    async fn begin(kind: MediaType, temp: &Path) -> anyhow::Result<Self> {
        let streamed = matches!(kind, MediaType::Audio | MediaType::Video);
        Ok(Self {
            kind,
            encryptor: MediaEncryptor::new_with_sidecar(kind, streamed)?,
            file: spool::file_in(temp).await?,
            film: mp4::Watcher::default(),
            sound: ogg::Watcher::default(),
        })
    }

    async fn all(
        mut self,
        mut bytes: cetar_provider::ByteStream,
    ) -> anyhow::Result<(Written, EncryptedMediaInfo, Found)> {
        let mut out = tokio::fs::File::from_std(self.file);
        let mut sealed = Vec::new();
        while let Some(piece) = bytes.next().await {
            let piece = piece?;
            self.encryptor.update(&piece, &mut sealed);
            out.write_all(&sealed).await?;
            sealed.clear();
            if matches!(self.kind, MediaType::Video | MediaType::Audio) {
                self.film.feed(&piece);
            }
            if self.kind == MediaType::Audio {
                self.sound.feed(&piece);
            }
        }
        let info = self.encryptor.finalize(&mut sealed)?;
        out.write_all(&sealed).await?;
        out.flush().await?;
        let written = Written::new(out.into_std().await)?;
        let film = self.film.film();
        let found = Found {
            size: film.size,
            seconds: film.seconds.or_else(|| self.sound.seconds()),
            thumbnail: None,
        };
        Ok((written, info, found))
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_picture_waits_for_others_in_line_for_a_moment_only() {
        let _other = LOOKING.acquire().await.unwrap();
        let began = tokio::time::Instant::now();
        let look = look_at(async { unreachable!("it is not read") }).await;
        assert_eq!((look, began.elapsed()), (thumbnail::Look::default(), IN_LINE));
    }

    #[tokio::test]
    async fn no_picture_is_in_memory_while_another_is_looked_at() {
        let other = LOOKING.acquire().await.unwrap();
        let read = Arc::new(AtomicBool::new(false));
        let notes = Arc::clone(&read);
        let mut look = std::pin::pin!(look_at(async move {
            notes.store(true, Ordering::Relaxed);
            Err(HostError::LeaseLost)
        }));
        assert!(futures::poll!(look.as_mut()).is_pending());
        assert!(!read.load(Ordering::Relaxed), "whichever account it is sent by");
        drop(other);
        assert_eq!(look.await, thumbnail::Look::default(), "what cannot be read now goes without");
        assert!(read.load(Ordering::Relaxed));
    }
}
