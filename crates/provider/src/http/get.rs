//! Reading what somebody else's address leads to, in pieces, over redirects that are each checked like the first address.

use std::{io, time::Duration};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use reqwest::{Method, header};

use super::{Client, Error};

/// Most redirects followed.
const MOST_HOPS: usize = 5;

/// What to read.
#[derive(Clone)]
pub struct Get {
    url: String,
    headers: Vec<(&'static str, String)>,
    timeout: Option<Duration>,
    secret: Option<(&'static str, String)>,
}

impl Get {
    /// This address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new(), secret: None, timeout: None }
    }

    /// With this header, which is a secret: only to the address itself, not to where it redirects.
    #[must_use]
    pub fn secret(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.secret = Some((name, value.into()));
        self
    }

    /// With this header, on every hop: none that is a secret. A value that cannot be one fails the call.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Each hop takes at most this long, its body included, instead of the client's own limit.
    #[must_use]
    pub const fn timeout(mut self, most: Duration) -> Self {
        self.timeout = Some(most);
        self
    }
}

/// An answer whose body is still coming.
pub struct Download {
    response: reqwest::Response,
}

impl Download {
    /// The HTTP status, of the last hop.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header's value, if it is given (the first, if it is several times) and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// How long the body says it is.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The last part of the last hop's path, as it stands there (percent-encoded).
    pub fn name(&self) -> Option<&str> {
        self.response.url().path_segments()?.next_back().filter(|name| !name.is_empty())
    }

    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.response.chunk().await?)
    }

    /// All of the body, in pieces as they come.
    pub fn into_stream(self) -> crate::ByteStream {
        stream::try_unfold(self, |mut download| async move {
            let piece = download.chunk().await.map_err(io::Error::other)?;
            Ok(piece.map(|piece| (piece, download)))
        })
        .boxed()
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Client {
    /// One request, and one more for each redirect; each address is judged, and dialled, as the first one. Never tries again. The
    /// client's time limit covers all of it, the body included, hop by hop.
    pub async fn get(&self, get: Get) -> Result<Download, Error> {
        let (mut url, mut secret) = (get.url, get.secret);
        for _ in 0..=MOST_HOPS {
            let (checked, client) = self.checked(&url)?;
            let mut builder = client.request(Method::GET, checked.clone());
            for (name, value) in &get.headers {
                builder = builder.header(*name, value);
            }
            if let Some(most) = get.timeout {
                builder = builder.timeout(most);
            }
            if let Some((name, value)) = secret.take() {
                builder = builder.header(name, value);
            }
            let response = builder.send().await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(Download { response });
            }
            let next = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let Some(next) = next else { return Ok(Download { response }) };
            url = checked
                .join(next)
                .map_err(|why| Error::refused(format_args!("a redirect to what is not a URL: {why}")))?
                .into();
        }
        Err(Error::refused(format_args!("more than {MOST_HOPS} redirects")))
    }
}
