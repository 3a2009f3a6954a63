//! Files: to Meta before a message carries them, and from Meta once one has come in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cetar_model::{FailureCode, Media, SendError, Timestamp};
use cetar_provider::{ByteStream, DownloadError, Host, HostError, StateWrite};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    cloud_api::Uploaded,
    graph::{Failed, Graph},
};

/// Where the ids of uploads are kept in the session's state, by the hash of their bytes.
const UPLOADS: &str = "uploads";
/// Meta keeps an upload for thirty days; so long it is used.
const USED_FOR: std::time::Duration = std::time::Duration::from_hours(25 * 24);
/// Whose files may be read with our token, and at all.
const HOSTS: &[&str] = &["fbsbx.com", "fbcdn.net", "facebook.com", "cdninstagram.com", "instagram.com"];

/// Where a file that came in is, as its message says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reference {
    /// To be looked up: its address is good for five minutes only.
    Id {
        id: String,
        /// In Base64, as webhooks give it.
        sha256: Option<String>,
    },
    /// At an address, without a token.
    Url(String),
}

impl Reference {
    pub(crate) fn to_text(&self) -> String {
        // Texts always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[derive(Serialize, Deserialize)]
struct Known {
    id: String,
    at: Timestamp,
}

/// Gives Meta a file, unless it has it already.
pub(crate) async fn upload(
    graph: &Graph,
    host: &dyn Host,
    number: &str,
    media: &Media,
) -> Result<Uploaded, SendError> {
    let not_sent = |error: HostError| SendError::NotSent(error.into());
    let stored = media.stored().ok_or_else(|| SendError::NotSent("a medium is not stored".into()))?;
    let file_name = media.file_name.clone();
    let content_type = match media.content_type.as_deref() {
        // Meta's list has it under its other name only.
        Some("audio/m4a") => "audio/mp4",
        other => other.unwrap_or("application/octet-stream"),
    };
    // The same bytes under another type are another file to Meta.
    let key = media.sha256.as_deref().map(|hash| Bytes::from(format!("{hash} {content_type}")));
    if let Some(key) = &key {
        let known = host.load(UPLOADS, key).await.map_err(not_sent)?;
        let known = known.and_then(|known| serde_json::from_slice::<Known>(&known).ok());
        if let Some(known) = known.filter(|known| host.now().since(known.at) < USED_FOR) {
            return Ok(Uploaded { id: known.id, file_name });
        }
    }
    let file = host.media(stored).await.map_err(not_sent)?;
    let name = file_name.as_deref().unwrap_or("file");
    // Nothing in the file can look like it: it is longer than chance, and made of the file's own hash.
    let boundary = format!("cetar-{}", media.sha256.as_deref().unwrap_or(stored.as_str()));
    let path = format!("{number}/media");
    let uploaded = graph.upload(&path, (content_type, name), (file.size, file.bytes), &boundary).await;
    let id = uploaded.map_err(|failed| match failed {
        // An upload sends no message: whatever became of it, it may be made again.
        Failed::Unknown(why) => SendError::NotSent(why.into()),
        Failed::Refused(refusal) if matches!(refusal.code, 100 | 131_053) => SendError::Rejected {
            code: FailureCode::MediaTypeNotSupported,
            provider_code: Some(refusal.code.to_string()),
            detail: Some(refusal.detail),
        },
        other => match graph.send_error(other) {
            SendError::Unknown(why) => SendError::NotSent(why),
            known => known,
        },
    })?;
    if let Some(key) = key {
        let known = serde_json::to_vec(&Known { id: id.clone(), at: host.now() }).unwrap_or_default();
        let write = StateWrite::Put { collection: UPLOADS, key, value: known.into() };
        if let Err(error) = host.save(vec![write]).await {
            tracing::debug!(%error, "an upload could not be noted; it is made again next time");
        }
    }
    Ok(Uploaded { id, file_name })
}

/// Reads a file that came in.
pub(crate) async fn download(
    graph: &Graph,
    number: &str,
    reference: &str,
    also_from: &str,
) -> Result<ByteStream, DownloadError> {
    let gone = |why: &str| DownloadError::Gone(why.to_owned());
    let reference = Reference::from_text(reference).ok_or_else(|| gone("its reference cannot be read"))?;
    let (url, sha256) = match reference {
        Reference::Url(url) => (url, None),
        Reference::Id { id, sha256 } => {
            let path = format!("{}?phone_number_id={number}", escaped(&id));
            let found = graph.get(&path).await.map_err(|failed| match failed {
                Failed::Refused(refusal) if matches!(refusal.code, 100 | 33) => gone(&refusal.detail),
                Failed::Refused(refusal) => DownloadError::Failed(refusal.detail.into()),
                Failed::NotSent(why) | Failed::Unknown(why) => DownloadError::Failed(why.into()),
            })?;
            let url = found["url"].as_str().ok_or_else(|| gone("Meta gave no address for it"))?;
            (url.to_owned(), sha256)
        }
    };
    if !is_metas(&url, also_from) {
        return Err(gone("its address is not one of Meta's"));
    }
    let file = graph.download(&url).await.map_err(|error| DownloadError::Failed(error.into()))?;
    match file.status() {
        200 => Ok(match sha256 {
            Some(expected) => checked(file.into_stream(), expected),
            None => file.into_stream(),
        }),
        // Its five minutes were over: the next try looks it up anew.
        status => Err(DownloadError::Failed(format!("HTTP {status}").into())),
    }
}

/// An id in a path.
fn escaped(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// Over https from one of Meta's own hosts, or from where the Graph API itself is configured to be.
fn is_metas(url: &str, also_from: &str) -> bool {
    let (Ok(url), Ok(configured)) = (Url::parse(url), Url::parse(also_from)) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_theirs = HOSTS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    let same_place = url.origin() == configured.origin();
    (is_theirs && url.scheme() == "https") || same_place
}

/// Ends with an error if the bytes are not those the message spoke of.
fn checked(bytes: ByteStream, expected: String) -> ByteStream {
    let state = (bytes, Sha256::new(), Some(expected));
    futures::stream::unfold(state, |(mut bytes, mut hash, mut expected)| async move {
        match bytes.next().await {
            Some(Ok(piece)) => {
                hash.update(&piece);
                Some((Ok(piece), (bytes, hash, expected)))
            }
            Some(Err(error)) => Some((Err(error), (bytes, hash, None))),
            None => {
                let expected = expected.take()?;
                let same = STANDARD.encode(hash.clone().finalize()) == expected;
                let wrong = std::io::Error::other("the bytes have another hash than the message said");
                (!same).then_some((Err(wrong), (bytes, hash, None)))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_from_metas_hosts_and_from_the_configured_one_only() {
        for (url, allowed) in [
            ("https://lookaside.fbsbx.com/x", true),
            ("https://scontent.xx.fbcdn.net/x", true),
            ("https://fbcdn.net/x", true),
            ("http://lookaside.fbsbx.com/x", false),
            ("https://evilfbsbx.com/x", false),
            ("https://fbsbx.com.evil.example/x", false),
            ("http://127.0.0.1:9/x", true),
            ("http://127.0.0.1:10/x", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_metas(url, "http://127.0.0.1:9"), allowed, "{url}");
        }
    }
}
