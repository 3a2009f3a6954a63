//! Fetching what a send names by its address, before its first attempt.
//!
//! The same address is fetched once for many recipients: within a minute it is not even asked again, after that its server is asked
//! whether it has changed. Each fetch is bounded in size and time and goes out under the guard of `cetar_provider::http`.
use std::{sync::Arc, time::Duration};

use cetar_model::{Content, ContentKind, FailureCode, Media, MediaId, MediaSource};
use cetar_provider::{
    Capabilities, MediaLimit,
    http::{Download, Error as HttpError, ErrorClass, Get},
};
use cetar_store::{ClaimedJob, MediaSourceRecord, MediaState, StoreError, StoredBytes};
use sha2::{Digest, Sha256};

use super::{Setup, folder, kind};
use crate::{Engine, lock};

/// What was fetched this lately is not asked for again.
const FRESH: Duration = Duration::from_mins(1);

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
    /// Another try may succeed.
    Later(String),
}

impl NotFetched {
    fn refused(code: FailureCode, detail: impl Into<String>) -> Self {
        Self::Refused { code, status: None, detail: detail.into() }
    }
}

impl From<StoreError> for NotFetched {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string())
    }
}

/// Our own disk.
impl From<std::io::Error> for NotFetched {
    fn from(error: std::io::Error) -> Self {
        Self::Later(format!("the media folder: {error}"))
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
            | ErrorClass::Other => Self::Later(error.to_string()),
        }
    }
}

impl Engine {
    /// The content of a job with its medium kept here. Where it was at an address, it is fetched, and the message remembers where
    /// it is kept.
    pub(crate) async fn with_media(
        &self,
        job: &ClaimedJob,
        network: &Capabilities,
    ) -> Result<Content, NotFetched> {
        let mut content = job.content.clone();
        let kind = content.media_kind();
        let (Some(media), Some(kind)) = (content.media_mut(), kind) else { return Ok(content) };
        let Some(url) = media.url().map(str::to_owned) else { return Ok(content) };
        let limit = network.media(kind).ok_or_else(|| {
            NotFetched::refused(
                FailureCode::ContentNotSupported,
                format!("{kind} cannot be sent on this channel"),
            )
        })?;
        let (id, bytes) = match self.own(job, &url, limit).await? {
            Some(ours) => ours,
            None => self.fetch(job, &url, limit).await?,
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

    /// An address of ours (`media_url`) names a medium that is here: nothing is fetched, and the guard has nothing to refuse.
    async fn own(
        &self,
        job: &ClaimedJob,
        url: &str,
        limit: &MediaLimit,
    ) -> Result<Option<(MediaId, StoredBytes)>, NotFetched> {
        let Some(link) = self.own_media_link(url) else { return Ok(None) };
        let gone = |why| NotFetched::refused(FailureCode::MediaUnreachable, why);
        let id = self.read_media_link(link).map_err(|_| gone("the address is not valid any more"))?;
        let record = self.inner.store.media(&id).await?.filter(|record| record.workspace == job.workspace);
        match record.map(|record| record.state) {
            Some(MediaState::Stored(bytes)) => {
                fits(&bytes, limit)?;
                Ok(Some((id, bytes)))
            }
            _ => Err(gone("there is no such medium here")),
        }
    }

    async fn fetch(
        &self,
        job: &ClaimedJob,
        url: &str,
        limit: &MediaLimit,
    ) -> Result<(MediaId, StoredBytes), NotFetched> {
        let hash: [u8; 32] = Sha256::digest(url.as_bytes()).into();
        let key = (job.workspace.clone(), hash);
        let one_at_a_time = Arc::clone(lock(&self.inner.media.fetching).entry(key.clone()).or_default());
        let fetched = {
            let _alone = one_at_a_time.lock().await;
            tokio::select! {
                fetched = self.fetch_alone(job, url, hash, limit) => fetched,
                // The client bounds each hop; this bounds all of them.
                () = self.pause(Setup::FETCH_TIME) => Err(NotFetched::Later("it took too long".to_owned())),
            }
        };
        drop(one_at_a_time);
        // The last to want it takes the entry away.
        let mut fetching = lock(&self.inner.media.fetching);
        if fetching.get(&key).is_some_and(|entry| Arc::strong_count(entry) == 1) {
            fetching.remove(&key);
        }
        fetched
    }

    async fn fetch_alone(
        &self,
        job: &ClaimedJob,
        url: &str,
        url_hash: [u8; 32],
        limit: &MediaLimit,
    ) -> Result<(MediaId, StoredBytes), NotFetched> {
        let store = &self.inner.store;
        let known = self.known(job, &url_hash).await?;
        if let Some((source, bytes)) = &known
            && self.now().since(source.fetched_at) < FRESH
        {
            fits(bytes, limit)?;
            return Ok((source.media.clone(), bytes.clone()));
        }
        let mut get = Get::new(url);
        if let Some((source, _)) = &known {
            if let Some(etag) = &source.etag {
                get = get.header("if-none-match", etag);
            }
            if let Some(since) = &source.last_modified {
                get = get.header("if-modified-since", since);
            }
        }
        let download = self.inner.media.http.get(get).await?;
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
            return Err(NotFetched::Later("what was kept is gone".to_owned()));
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
            429 | 500.. => return Err(NotFetched::Later(format!("its server answered {status}"))),
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
        while let Some(piece) = download.chunk().await? {
            if growing.add(&piece).await? > most {
                return Err(too_large());
            }
        }
        let content_type = kind::content_type(growing.head(), file_name.as_deref());
        if !limit.content_types.contains(&content_type) {
            return Err(wrong_type(content_type, limit));
        }
        let kept = self.inner.media.place.keep(growing, &job.workspace).await?;
        let content_type = content_type.to_owned();
        Ok(StoredBytes { hash: kept.hash, size: kept.size, content_type, file_name })
    }
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
