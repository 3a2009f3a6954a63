//! One call of the Bot API and what came of it. The token is in every address, so no address is ever logged or put into an error.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cetar_provider::{StoredMedia, http};
use futures::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{multipart::Multipart, wire};

/// Most bytes of an answer: a hundred updates, each with a message and the one it answers.
const LARGEST_ANSWER: usize = 16 << 20;

/// The methods' parameters, by name.
pub(crate) type Params = Map<String, Value>;

/// The Bot API for one bot. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BotApi {
    http: http::Client,
    base: Arc<str>,
    token: Arc<str>,
}

/// Why a call brought no result, by how certain it is that nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Telegram said no: nothing was done.
    #[error("{} {}", .0.code, .0.description)]
    Refused(Refusal),
    /// Certain: nothing reached Telegram.
    #[error("{0}")]
    NotSent(String),
    /// It may have been done: no answer, or none that can be read.
    #[error("{0}")]
    Unknown(String),
}

/// A "no" of Telegram's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) description: String,
    pub(crate) parameters: wire::Parameters,
}

impl CallError {
    /// The refusal's code; 0 where it is none.
    pub(crate) fn code(&self) -> i64 {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::NotSent(_) | Self::Unknown(_) => 0,
        }
    }
}

impl From<http::Error> for CallError {
    fn from(error: http::Error) -> Self {
        let text = error.to_string();
        if error.connected { Self::Unknown(text) } else { Self::NotSent(text) }
    }
}

/// A file to upload.
pub(crate) struct Upload {
    /// The parameter it is.
    pub(crate) field: &'static str,
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) media: StoredMedia,
}

impl BotApi {
    pub(crate) fn new(http: http::Client, base: &str, token: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').into(), token: token.into() }
    }

    /// A digest that only this bot's owner can make.
    pub(crate) fn keyed(&self, of: Sha256) -> [u8; 32] {
        of.chain_update(self.token.as_bytes()).finalize().into()
    }

    fn url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.base, self.token)
    }

    /// Calls a method with these parameters; takes at most `most`.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Params,
        most: Duration,
    ) -> Result<T, CallError> {
        let body = serde_json::to_vec(&params).map_err(|error| CallError::NotSent(error.to_string()))?;
        let request = http::Request::post(self.url(method), Bytes::from(body))
            .header("content-type", "application/json")
            .max_response(LARGEST_ANSWER)
            .timeout(most);
        read(&self.http.send(request).await?)
    }

    /// The same with a file, which is read while it goes out.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Params,
        upload: Upload,
        most: Duration,
    ) -> Result<T, CallError> {
        let Upload { field, file_name, content_type, media } = upload;
        let form = Multipart::of(&self.token, params, field, &file_name, &content_type);
        let length = form.head.len() as u64 + media.size + form.tail.len() as u64;
        let (head, tail) = (Ok(form.head), Ok(form.tail));
        let body = stream::iter([head]).chain(media.bytes).chain(stream::iter([tail])).boxed();
        let request = http::Request::post(self.url(method), Bytes::new())
            .header("content-type", form.content_type)
            .max_response(LARGEST_ANSWER)
            .timeout(most);
        read(&self.http.upload(request, length, body).await?)
    }

    /// Reads a file that came in, by the path `getFile` gave.
    pub(crate) async fn file(&self, path: &str, most: Duration) -> Result<http::Download, CallError> {
        let url = format!("{}/file/bot{}/{path}", self.base, self.token);
        Ok(self.http.get(http::Get::new(url).timeout(most)).await?)
    }
}

/// Whatever is not a whole and well-formed answer tells nothing of what was done.
fn read<T: DeserializeOwned>(response: &http::Response) -> Result<T, CallError> {
    let unknown = |what: &str| CallError::Unknown(format!("HTTP {}: {what}", response.status));
    if !response.complete {
        return Err(unknown("the answer broke off"));
    }
    let answer: wire::Answer =
        serde_json::from_slice(&response.body).map_err(|_| unknown("the answer is not of the Bot API"))?;
    if !answer.ok {
        let wire::Answer { error_code, description, parameters, .. } = answer;
        let code = if error_code == 0 { i64::from(response.status) } else { error_code };
        return Err(CallError::Refused(Refusal { code, description, parameters }));
    }
    let result = answer.result.unwrap_or(Value::Null);
    serde_json::from_value(result).map_err(|error| unknown(&format!("the result cannot be read: {error}")))
}
