//! Reading from a network what came in with its messages.
//!
//! The message is on disk before this begins, so a download that fails loses nothing but time: it is tried again, over restarts, for a
//! day.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cetar_model::{Timestamp, backoff};
use cetar_provider::{ByteStream, DownloadError};
use cetar_store::{MediaOutcome, StoreError, StoredBytes, WantedMedia};
use futures::{FutureExt, StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{Engine, sessions::Live};

/// Of one device at once.
const AT_ONCE: usize = 4;
/// The longest one may take.
const LONGEST: Duration = Duration::from_mins(10);
/// So often a medium is read whose bytes are not what its sender said. Whoever sends such would else have us fetch it for a day.
const UNSOUND_TRIES: u32 = 3;
/// After this one is given up: no network keeps what nobody fetched for good, and by now it has refused often enough.
const GIVEN_UP: Duration = Duration::from_hours(24);

/// Reads what this device's messages carry, until `stop`.
pub(crate) async fn run(engine: Engine, live: Arc<Live>, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            let next = some(&engine, &live).await;
            tokio::select! {
                () = live.signals.media.notified() => {}
                () = async {
                    match next {
                        Some(at) => engine.inner.clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
        }
    })
    .await;
}

/// Reads what is due now. Returns when to look again if nothing happens before.
async fn some(engine: &Engine, live: &Live) -> Option<Timestamp> {
    let (store, now) = (&engine.inner.store, engine.now());
    let soon = Some(now + engine.inner.settings.poll);
    let due = match store.wanted_media(&live.device, now, 2 * AT_ONCE).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(device = %live.device, %error, "media cannot be looked up");
            return soon;
        }
    };
    if due.is_empty() {
        return store
            .next_wanted(&live.device)
            .await
            .ok()
            .flatten()
            .map(|at| at.max(now + engine.inner.settings.poll));
    }
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |wanted| async move {
            let span = tracing::info_span!("download", media = %wanted.id, device = %live.device);
            one(engine, live, wanted).instrument(span).await;
        })
        .await;
    Some(engine.now())
}

async fn one(engine: &Engine, live: &Live, wanted: WantedMedia) {
    let id = wanted.id.clone();
    let reading = tokio::select! {
        read = AssertUnwindSafe(read(engine, live, &wanted)).catch_unwind() => {
            read.unwrap_or_else(|_panic| Err(DownloadError::Failed("the provider panicked".into())))
        }
        () = engine.pause(LONGEST) => Err(DownloadError::Failed("it took too long".into())),
    };
    let now = engine.now();
    let old = now.since(wanted.created_at) >= GIVEN_UP;
    let outcome = match reading {
        Ok(bytes) => {
            metrics::counter!("cetar_media_downloads_total", "outcome" => "stored").increment(1);
            MediaOutcome::Stored(bytes)
        }
        Err(DownloadError::Gone(why)) => MediaOutcome::Lost(why),
        Err(error @ DownloadError::Unsound(_)) if wanted.attempts + 1 >= UNSOUND_TRIES => {
            MediaOutcome::Lost(error.to_string())
        }
        Err(error) if old => MediaOutcome::Lost(error.to_string()),
        Err(error) => {
            tracing::info!(%error, "a medium could not be read yet");
            MediaOutcome::Again(now + backoff(wanted.attempts.saturating_add(1)))
        }
    };
    if let MediaOutcome::Lost(why) = &outcome {
        metrics::counter!("cetar_media_downloads_total", "outcome" => "lost").increment(1);
        tracing::warn!(why, "a medium is lost; its message stays");
    }
    let settled = match engine.inner.store.settle_media(&id, outcome).await {
        // The same bytes were being deleted: what we have just kept went with them.
        Err(StoreError::Conflict) => {
            let again = MediaOutcome::Again(now + backoff(wanted.attempts.saturating_add(1)));
            engine.inner.store.settle_media(&id, again).await
        }
        settled => settled,
    };
    if let Err(error) = settled {
        tracing::warn!(%error, "what came of a download could not be noted; it is made again");
        engine.pause(engine.inner.settings.poll).await;
    }
    engine.inner.media.tell();
    engine.progressed();
}

async fn read(engine: &Engine, live: &Live, wanted: &WantedMedia) -> Result<StoredBytes, DownloadError> {
    let bytes = live.session.download(&wanted.reference).await?;
    keep(engine, wanted, bytes).await
}

async fn keep(
    engine: &Engine,
    wanted: &WantedMedia,
    mut bytes: ByteStream,
) -> Result<StoredBytes, DownloadError> {
    let disk = |error: std::io::Error| DownloadError::Failed(error.into());
    let media = &engine.inner.media;
    let mut growing = media.place.begin(engine.inner.ids.random()).await.map_err(disk)?;
    while let Some(piece) = bytes.next().await {
        let size = growing.add(&piece.map_err(disk)?).await.map_err(disk)?;
        if size > media.max_bytes {
            return Err(DownloadError::Gone(format!("it is larger than {} bytes", media.max_bytes)));
        }
    }
    let file_name = wanted.file_name.clone();
    let by_content = growing.content_type(file_name.as_deref());
    let kept = media.place.keep(growing, &wanted.workspace).await.map_err(disk)?;
    Ok(StoredBytes { hash: kept.hash, size: kept.size, content_type: by_content.to_owned(), file_name })
}
