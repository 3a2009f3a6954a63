//! The Graph API: one client for all three channels.

use std::time::Duration;

use bytes::Bytes;
use cetar_model::{Channel, SendError};
use cetar_provider::{ByteStream, http};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    errors,
    settings::{Credentials, Login, Settings},
};

/// How long a send may take. Meta answers in well under a second; after this nobody knows.
const SEND: Duration = Duration::from_secs(30);
/// How long a question may take.
const ASK: Duration = Duration::from_secs(15);
/// How long a file may take on its way up.
const UPLOAD: Duration = Duration::from_mins(5);
/// So much of an answer is read: pages of templates are the largest.
const ANSWER: usize = 4 << 20;

/// The API as one account sees it.
#[derive(Clone)]
pub(crate) struct Graph {
    http: http::Client,
    host: String,
    base: String,
    channel: Channel,
    token: String,
    settings: Settings,
}

/// A request came to nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nothing of it reached Meta.
    NotSent(String),
    /// It may have reached Meta; no answer, or none that can be read.
    Unknown(String),
    /// Meta said no.
    Refused(Refusal),
}

/// Meta's error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: i64,
    pub(crate) subcode: Option<i64>,
    /// In Meta's words; the more useful part of them.
    pub(crate) detail: String,
    retry_after: Option<Duration>,
}

/// `{"error":{…}}`. Everything but the code may be missing or of another type.
#[derive(Deserialize)]
struct Envelope {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: i64,
    #[serde(default)]
    error_subcode: Option<i64>,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    error_data: Value,
}

fn speaking(request: http::Request, token: &str) -> http::Request {
    request
        .header("authorization", format!("Bearer {token}"))
        .header("user-agent", concat!("cetar/", env!("CARGO_PKG_VERSION")))
        .max_response(ANSWER)
}

impl Graph {
    pub(crate) fn new(settings: &Settings, account: &Credentials) -> Self {
        let host = match account.login {
            Login::Facebook => &settings.graph_url,
            Login::Instagram => &settings.instagram_url,
        };
        Self {
            http: settings.http.clone(),
            host: host.clone(),
            base: format!("{host}/{}", settings.version),
            channel: account.channel,
            token: account.token.clone(),
            settings: settings.clone(),
        }
    }

    /// Where it asks, and which setting of the configuration says so.
    pub(crate) fn place(&self) -> (&str, &'static str) {
        let is_instagram = self.host == self.settings.instagram_url && self.host != self.settings.graph_url;
        (&self.base, if is_instagram { "meta.instagram_url" } else { "meta.graph_url" })
    }

    /// The token that it speaks with.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same with another token, from now on.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// Asks Instagram for another token in place of this one. It stands in the address, as Instagram wants it, and no version does.
    pub(crate) async fn renew(&self) -> Result<Value, Failed> {
        let token: String = url::form_urlencoded::byte_serialize(self.token.as_bytes()).collect();
        let query = format!("grant_type=ig_refresh_token&access_token={token}");
        let url = format!("{}/refresh_access_token?{query}", self.host);
        self.answer(http::Request::get(url).timeout(ASK)).await
    }

    /// `GET` below the version: `123?fields=name`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failed> {
        self.answer(http::Request::get(self.url(path)).timeout(ASK)).await
    }

    /// The same with another token than the account's.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Result<Value, Failed> {
        let request = http::Request::get(self.url(path)).timeout(ASK);
        let answer = self.http.send(speaking(request, token)).await;
        self.judge(answer)
    }

    /// `POST` of JSON text, as it is.
    pub(crate) async fn post(&self, path: &str, json: String) -> Result<Value, Failed> {
        let request = http::Request::post(self.url(path), Bytes::from(json)).timeout(SEND);
        self.answer(request.header("content-type", "application/json")).await
    }

    /// Uploads a file, piece by piece; Meta's id of it.
    pub(crate) async fn upload(
        &self,
        path: &str,
        (content_type, file_name): (&str, &str),
        (size, bytes): (u64, ByteStream),
        boundary: &str,
    ) -> Result<String, Failed> {
        let quoted = file_name.replace(['"', '\\', '\r', '\n'], "_");
        let field = |name: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let head = format!(
            "{}{}--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\nContent-Type: {content_type}\r\n\r\n",
            field("messaging_product", "whatsapp"),
            field("type", content_type),
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let length = (head.len() + tail.len()) as u64 + size;
        let around = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
        let body = around(head).chain(bytes).chain(around(tail)).boxed();
        let request = http::Request::post(self.url(path), Bytes::new())
            .timeout(UPLOAD)
            .header("content-type", format!("multipart/form-data; boundary={boundary}"));
        let answer = self.http.upload(speaking(request, &self.token), length, body).await;
        let answer = self.judge(answer)?;
        let id = answer["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| Failed::Unknown("an upload was answered without an id".to_owned()))
    }

    /// Reads a file that came in.
    pub(crate) async fn download(&self, url: &str) -> Result<http::Download, http::Error> {
        let get = http::Get::new(url)
            .timeout(UPLOAD)
            .secret("authorization", format!("Bearer {}", self.token))
            .header("user-agent", concat!("cetar/", env!("CARGO_PKG_VERSION")));
        self.http.get(get).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    async fn answer(&self, request: http::Request) -> Result<Value, Failed> {
        let answer = self.http.send(speaking(request, &self.token)).await;
        self.judge(answer)
    }

    fn judge(&self, answer: Result<http::Response, http::Error>) -> Result<Value, Failed> {
        let answer = answer.map_err(|error| {
            if error.connected {
                Failed::Unknown(error.to_string())
            } else {
                Failed::NotSent(error.to_string())
            }
        })?;
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.complete);
        if (200..300).contains(&answer.status) {
            // Meta took it, and what it said to that is lost.
            return body.ok_or_else(|| Failed::Unknown("an answer could not be read".to_owned()));
        }
        let error = body.and_then(|body| serde_json::from_value::<Envelope>(body).ok());
        let Some(Envelope { error }) = error else {
            let status = answer.status;
            // Something between us and Meta answered. Below 500 it says that it took nothing.
            return Err(match status {
                429 => Failed::Refused(Refusal {
                    status,
                    code: 4,
                    subcode: None,
                    detail: "HTTP 429".to_owned(),
                    retry_after: answer.retry_after(self.settings.clock.now()),
                }),
                500.. => Failed::Unknown(format!("HTTP {status}")),
                _ => Failed::NotSent(format!("HTTP {status}, and no error of Meta's")),
            });
        };
        let detail = error.error_data["details"].as_str().or(error.error_data.as_str());
        let detail = detail.or(error.message.as_str()).unwrap_or_default();
        Err(Failed::Refused(Refusal {
            status: answer.status,
            code: error.code,
            // WhatsApp's are retired, and would only hide the code.
            subcode: error.error_subcode.filter(|_| self.channel != Channel::WhatsappOfficial),
            detail: detail.chars().take(500).collect(),
            retry_after: answer.retry_after(self.settings.clock.now()),
        }))
    }

    /// What a failed send comes to.
    pub(crate) fn send_error(&self, failed: Failed) -> SendError {
        match failed {
            Failed::NotSent(why) => SendError::NotSent(why.into()),
            Failed::Unknown(why) => SendError::Unknown(why.into()),
            Failed::Refused(Refusal { status, code, subcode, detail, retry_after }) => {
                errors::answered(self.channel, status, (code, subcode), detail, retry_after)
            }
        }
    }
}
