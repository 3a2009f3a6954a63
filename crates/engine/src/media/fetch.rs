//! Fetching what a send names by its address, before its first attempt.
//!
//! The same address is fetched once for many recipients: within a minute it is not even asked again, after that its server is asked
//! whether it has changed; that it is not to be had is shared too. Each fetch is bounded in size and time and goes out under the guard of
//! `cetar_provider::http`. Who may fetch at once is in `queue`.
use std::{sync::Arc, time::Duration};

use cetar_model::{Content, ContentKind, FailureCode, Media, MediaId, MediaSource, Timestamp, backoff};
use cetar_provider::{
    Capabilities, MediaLimit,
    http::{Download, Error as HttpError, ErrorClass, Get},
};
use cetar_store::{ClaimedJob, MediaSourceRecord, MediaState, StoreError, StoredBytes};
use sha2::{Digest, Sha256};

use super::{
    Setup, folder,
    queue::{Failure, Fetches, Fetching},
};
use crate::{Engine, lock};

/// What was fetched this lately is not asked for again.
const FRESH: Duration = Duration::from_mins(1);
/// A site that gives no byte for so long is given up.
const SILENCE: Duration = Duration::from_secs(20);
/// Who cannot fetch now is tried again so much later.
const BUSY: Duration = Duration::from_secs(5);
/// So long a medium that is still coming in is waited for without counting attempts: as long as reading it may take.
const COMING: Duration = Duration::from_mins(10);

/// Why a medium could not be fetched.
#[derive(Debug)]
pub(crate) enum NotFetched {
    /// Another try would end the same.
    Refused {
        code: FailureCode,
        /// The status its server answered with.
        status: Option<u16>,
        detail: String,
    },
    /// Another try may succeed; not before, if that is known.
    Later(String, Option<Timestamp>),
    /// Nothing was tried: others are before it, or it is still coming in from its network.
    Busy {
        /// Until when.
        until: Timestamp,
    },
}

impl NotFetched {
    fn refused(code: FailureCode, detail: impl Into<String>) -> Self {
        Self::Refused { code, status: None, detail: detail.into() }
    }

    fn later(why: impl Into<String>) -> Self {
        Self::Later(why.into(), None)
    }
}

impl From<StoreError> for NotFetched {
    fn from(error: StoreError) -> Self {
        Self::later(error.to_string())
    }
}

/// Our own disk.
impl From<std::io::Error> for NotFetched {
    fn from(error: std::io::Error) -> Self {
        Self::later(format!("the media folder: {error}"))
    }
}

impl From<HttpError> for NotFetched {
    fn from(error: HttpError) -> Self {
        match error.class {
            ErrorClass::RefusedAddress => Self::refused(FailureCode::MediaAddressRefused, error.detail),
            ErrorClass::Dns
            | ErrorClass::Connect
            | ErrorClass::Tls
            | ErrorClass::Timeout
            | ErrorClass::Other => Self::later(error.to_string()),
        }
    }
}

impl Engine {
    /// The content of a job with its medium kept here. Where it was at an address, it is fetched, and the message remembers where
    /// it is kept. `queue` is its device's.
    pub(crate) async fn with_media(
        &self,
        job: &ClaimedJob,
        network: &Capabilities,
        queue: &Fetches,
    ) -> Result<Content, NotFetched> {
        let mut content = job.content.clone();
        let kind = content.media_kind();
        let (Some(media), Some(kind)) = (content.media_mut(), kind) else { return Ok(content) };
        if is_here(media) {
            return Ok(content);
        }
        let limit = network.media(kind).ok_or_else(|| {
            NotFetched::refused(
                FailureCode::ContentNotSupported,
                format!("{kind} cannot be sent on this channel"),
            )
        })?;
        let (id, bytes) = match &media.source {
            MediaSource::Stored(id) => (id.clone(), self.own(job, id, limit).await?),
            // Accepted before acceptance looked at addresses of ours: nothing is fetched from ourselves.
            MediaSource::Url(url) if let Some(link) = self.own_media_link(url) => {
                let id = self.signed_media_link(link).map(|(id, _end)| id).map_err(|_forged| {
                    NotFetched::refused(FailureCode::MediaUnreachable, "there is no such medium here")
                })?;
                (id.clone(), self.own(job, &id, limit).await?)
            }
            MediaSource::Url(url) => self.fetch(job, url, limit, queue).await?,
            // Only what came in is there.
            MediaSource::Network(_) => return Ok(content),
        };
        let file_name = media.file_name.take().or_else(|| bytes.file_name.clone());
        *media = Media {
            content_type: Some(bytes.content_type),
            size: Some(bytes.size),
            sha256: Some(folder::hex(&bytes.hash)),
            file_name,
            ..Media::of(MediaSource::Stored(id))
        };
        // Before anything goes out: whoever takes the job over reads off it whether that can have been.
        let until = self.now() + self.inner.settings.lease;
        self.inner.store.set_content(job, &self.inner.node, until, &content).await?;
        Ok(content)
    }

    /// With one that has to wait for its address, all others of its device wait that want the same and are due: thousands of them would
    /// else be claimed one by one, each in vain.
    pub(crate) async fn put_off_medium(&self, job: &ClaimedJob, until: Timestamp) {
        let Some(url) = job.content.media().and_then(Media::url) else { return };
        let key = (job.workspace.clone(), Sha256::digest(url.as_bytes()).into());
        let fetching = lock(&self.inner.media.fetching).get(&key).cloned();
        // Nobody fetches it any more, or they have been told.
        if !fetching.is_some_and(|fetching| fetching.wait_until(&job.device, until, self.now())) {
            return;
        }
        loop {
            match self.inner.store.put_off_medium(&job.device, url, self.now(), until).await {
                Ok(0) => return,
                Ok(others) => tracing::debug!(?until, others, "they wait for the same address"),
                Err(error) => {
                    tracing::warn!(%error, "what waits for the same address could not be put off together");
                    return;
                }
            }
        }
    }

    /// A medium that was named by an address of ours. One that came in may still be on its way from its network.
    async fn own(
        &self,
        job: &ClaimedJob,
        id: &MediaId,
        limit: &MediaLimit,
    ) -> Result<StoredBytes, NotFetched> {
        let gone = |why: String| NotFetched::refused(FailureCode::MediaUnreachable, why);
        let record = self.inner.store.media(id).await?.filter(|record| record.workspace == job.workspace);
        let Some(record) = record else { return Err(gone("there is no such medium here any more".into())) };
        match record.state {
            MediaState::Stored(bytes) => {
                fits(&bytes, limit)?;
                Ok(bytes)
            }
            MediaState::Lost(why) => Err(gone(format!("it did not come from its network: {why}"))),
            MediaState::Wanted if self.now().since(record.created_at) < COMING => {
                Err(NotFetched::Busy { until: self.now() + BUSY })
            }
            MediaState::Wanted => Err(NotFetched::later("it has not come from its network yet")),
        }
    }

    async fn fetch(
        &self,
        job: &ClaimedJob,
        url: &str,
        limit: &MediaLimit,
        queue: &Fetches,
    ) -> Result<(MediaId, StoredBytes), NotFetched> {
        let hash: [u8; 32] = Sha256::digest(url.as_bytes()).into();
        let key = (job.workspace.clone(), hash);
        let fetching = Arc::clone(lock(&self.inner.media.fetching).entry(key).or_default());
        let fetched = self.fetch_in_turn(job, (url, hash), limit, queue, &fetching).await;
        drop(fetching);
        // Those that nobody wants, and whose failure nobody need know of any more.
        let now = self.now();
        lock(&self.inner.media.fetching)
            .retain(|_, entry| Arc::strong_count(entry) > 1 || entry.failure(now).is_some());
        fetched
    }

    async fn fetch_in_turn(
        &self,
        job: &ClaimedJob,
        (url, hash): (&str, [u8; 32]),
        limit: &MediaLimit,
        queue: &Fetches,
        fetching: &Fetching,
    ) -> Result<(MediaId, StoredBytes), NotFetched> {
        let busy = || NotFetched::Busy { until: self.now() + BUSY };
        let _alone = fetching.alone(self).await.ok_or_else(busy)?;
        if let Some(Failure { until, why }) = fetching.failure(self.now()) {
            return Err(NotFetched::Later(why, Some(until)));
        }
        let known = self.known(job, &hash).await?;
        if let Some((source, bytes)) = &known
            && self.now().since(source.fetched_at) < FRESH
        {
            fits(bytes, limit)?;
            return Ok((source.media.clone(), bytes.clone()));
        }
        let _place = queue.place(self).await.ok_or_else(busy)?;
        let fetched = tokio::select! {
            fetched = self.fetch_alone(job, (url, hash), known, limit) => fetched,
            // The client bounds each hop; this bounds all of them.
            () = self.pause(Setup::FETCH_TIME) => Err(NotFetched::later("it took too long")),
        };
        let until = self.now() + backoff(job.attempt);
        fetching.went(match &fetched {
            Err(NotFetched::Later(why, _)) => Some(Failure { until, why: why.clone() }),
            _ => None,
        });
        fetched
    }

    /// What comes of this, unless nothing comes for a while.
    async fn unless_silent<T>(
        &self,
        come: impl Future<Output = Result<T, HttpError>>,
    ) -> Result<T, NotFetched> {
        tokio::select! {
            come = come => Ok(come?),
            () = self.pause(SILENCE) => {
                Err(NotFetched::later(format!("its server was silent for {} s", SILENCE.as_secs())))
            }
        }
    }

    async fn fetch_alone(
        &self,
        job: &ClaimedJob,
        (url, url_hash): (&str, [u8; 32]),
        known: Option<(MediaSourceRecord, StoredBytes)>,
        limit: &MediaLimit,
    ) -> Result<(MediaId, StoredBytes), NotFetched> {
        let store = &self.inner.store;
        let mut get = Get::new(url);
        if let Some((source, _)) = &known {
            if let Some(etag) = &source.etag {
                get = get.header("if-none-match", etag);
            }
            if let Some(since) = &source.last_modified {
                get = get.header("if-modified-since", since);
            }
        }
        let download = self.unless_silent(self.inner.media.http.get(get)).await?;
        if let (304, Some((source, bytes))) = (download.status(), known) {
            metrics::counter!("cetar_media_fetches_total", "outcome" => "unchanged").increment(1);
            let source = MediaSourceRecord { fetched_at: self.now(), ..source };
            store.set_media_source(&job.workspace, url_hash, source.clone()).await?;
            fits(&bytes, limit)?;
            return Ok((source.media, bytes));
        }
        let source = |media| MediaSourceRecord {
            media,
            etag: download.header("etag").map(str::to_owned),
            last_modified: download.header("last-modified").map(str::to_owned),
            fetched_at: self.now(),
        };
        let id: MediaId = self.inner.ids.make(self.now());
        let source = source(id.clone());
        let bytes = self.read(job, download, limit).await?;
        store.keep_media(&id, &job.workspace, Some(&job.device), bytes.clone(), self.now()).await?;
        // The same bytes may have been deleted as past their time after we kept them, and before the database knew of it.
        if !self.inner.media.place.has(&job.workspace, &bytes.hash).await? {
            return Err(NotFetched::later("what was kept is gone"));
        }
        store.set_media_source(&job.workspace, url_hash, source).await?;
        metrics::counter!("cetar_media_fetches_total", "outcome" => "fetched").increment(1);
        Ok((id, bytes))
    }

    /// What this address led to last, if its bytes are still here.
    async fn known(
        &self,
        job: &ClaimedJob,
        url_hash: &[u8; 32],
    ) -> Result<Option<(MediaSourceRecord, StoredBytes)>, StoreError> {
        let Some(source) = self.inner.store.media_source(&job.workspace, url_hash).await? else {
            return Ok(None);
        };
        let record = self.inner.store.media(&source.media).await?;
        match record.map(|record| record.state) {
            Some(MediaState::Stored(bytes))
                // What cannot be asked now is fetched again.
                if self.inner.media.place.has(&job.workspace, &bytes.hash).await.unwrap_or(false) =>
            {
                Ok(Some((source, bytes)))
            }
            _ => Ok(None),
        }
    }

    async fn read(
        &self,
        job: &ClaimedJob,
        mut download: Download,
        limit: &MediaLimit,
    ) -> Result<StoredBytes, NotFetched> {
        let status = download.status();
        match status {
            200 => {}
            408 | 425 | 429 | 500.. => {
                return Err(NotFetched::later(format!("its server answered {status}")));
            }
            _ => {
                return Err(NotFetched::Refused {
                    code: FailureCode::MediaUnreachable,
                    status: Some(status),
                    detail: format!("its server answered {status}"),
                });
            }
        }
        let most = limit.max_bytes.min(self.inner.media.max_bytes);
        let too_large = || NotFetched::refused(FailureCode::MediaTooLarge, format!("more than {most} bytes"));
        if download.length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let file_name = download.name().map(percent_decoded);
        let mut growing = self.inner.media.place.begin(self.inner.ids.random()).await?;
        while let Some(piece) = self.unless_silent(download.chunk()).await? {
            if growing.add(&piece).await? > most {
                return Err(too_large());
            }
        }
        let content_type = growing.content_type(file_name.as_deref());
        if !limit.content_types.contains(&content_type) {
            return Err(wrong_type(content_type, limit));
        }
        let kept = self.inner.media.place.keep(growing, &job.workspace).await?;
        let content_type = content_type.to_owned();
        Ok(StoredBytes { hash: kept.hash, size: kept.size, content_type, file_name })
    }
}

/// Whether nothing is left to be found out about a medium. One that was named by an address of ours has no type until its turn comes.
pub(crate) fn is_here(media: &Media) -> bool {
    media.stored().is_some() && media.content_type.is_some()
}

/// What was fetched before for one message may not do for another.
fn fits(bytes: &StoredBytes, limit: &MediaLimit) -> Result<(), NotFetched> {
    if !limit.content_types.contains(&bytes.content_type.as_str()) {
        return Err(wrong_type(&bytes.content_type, limit));
    }
    if bytes.size > limit.max_bytes {
        let detail = format!("more than {} bytes", limit.max_bytes);
        return Err(NotFetched::refused(FailureCode::MediaTooLarge, detail));
    }
    Ok(())
}

fn wrong_type(content_type: &str, limit: &MediaLimit) -> NotFetched {
    let kind: ContentKind = limit.kind;
    let allowed = limit.content_types.join(", ");
    NotFetched::refused(
        FailureCode::MediaTypeNotSupported,
        format!("it is {content_type}; as {kind} this channel takes {allowed}"),
    )
}

/// `harga%20baru.pdf` as a person would read it; what is not UTF-8 stays as it is.
fn percent_decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%').and_then(|two| std::str::from_utf8(two).ok());
        if let Some(decoded) = digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(decoded);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    let decoded = String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned());
    // It names a file, and nothing else.
    let last = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(255).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_the_readable_last_part_of_its_address() {
        for (part, expected) in [
            ("harga%20baru.pdf", "harga baru.pdf"),
            ("a%2Fb%5C..%2fpasswd", "passwd"),
            ("100%", "100%"),
            ("%ff.jpg", "%ff.jpg"),
            ("a%0d%0ab", "ab"),
        ] {
            assert_eq!(percent_decoded(part), expected, "{part}");
        }
    }
}
