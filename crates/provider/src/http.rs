//! The guarded HTTP client: the only way the product calls an address somebody else chose.
//!
//! Whoever may name a URL (a webhook, a medium) could otherwise make us call our own network: the cloud's metadata
//! service, a database, the router. So the address is checked, both where the URL spells it out and where a name leads to
//! it, on the very address that is dialled; a redirect is an answer, or is followed only after the same check ([`Client::get`]); no
//! proxy of the environment is used, and every step has its limit.

mod addresses;
mod error;
mod get;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod resolver;
mod retry_after;
mod tls;

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use cetar_model::Timestamp;
use ipnet::IpNet;
use reqwest::{Method, Url, header::HeaderMap, redirect};
use url::Host;

pub use error::{Error, ErrorClass};
pub use get::{Download, Get};
pub use resolver::{Resolver, SystemResolver};
pub use rustls::pki_types::CertificateDer;

use addresses::{Egress, Encryption};
use resolver::GuardedResolver;

/// Most header bytes of an HTTP/2 answer. On HTTP/1 it is 100 headers and about 400 KiB, which hyper fixes.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// A connection that lay idle this long is closed, so that a receiver that moved is looked up again.
const IDLE: Duration = Duration::from_secs(30);

/// How the client is set up; the defaults are the product's.
pub struct Options {
    /// `egress.allow`: networks that may be called although they are not public, and by plain http.
    pub allow: Vec<IpNet>,
    /// Public addresses may be called by plain http too: for what anyone may read.
    pub plain_http: bool,
    /// Longest time to look up the name, connect and agree on TLS (5 s).
    pub connect_timeout: Duration,
    /// Longest time for everything, the answer's body included (15 s).
    pub total_timeout: Duration,
    /// Authorities to trust besides the usual ones.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Looks names up.
    pub resolver: Arc<dyn Resolver>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            plain_http: false,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            extra_roots: Vec::new(),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// What to ask.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Bytes,
    max_response: usize,
    timeout: Option<Duration>,
}

impl Request {
    /// A POST of these exact bytes; of the answer up to 64 KiB are read.
    pub fn post(url: impl Into<String>, body: Bytes) -> Self {
        Self {
            method: Method::POST,
            url: url.into(),
            headers: Vec::new(),
            body,
            max_response: 64 * 1024,
            timeout: None,
        }
    }

    /// A GET; of the answer up to 64 KiB are read. Unlike [`Client::get`] it follows no redirect, so that a header may be a secret.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::GET, ..Self::post(url, Bytes::new()) }
    }

    /// With this header. A name or a value that cannot be one fails the call.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Reads at most this many bytes of the answer; the rest is left unread.
    #[must_use]
    pub const fn max_response(mut self, bytes: usize) -> Self {
        self.max_response = bytes;
        self
    }

    /// Takes at most this long, from the look-up of the name to the end of the answer, instead of the client's own limit.
    #[must_use]
    pub const fn timeout(mut self, most: Duration) -> Self {
        self.timeout = Some(most);
        self
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status. A redirect is an answer like any other.
    pub status: u16,
    headers: HeaderMap,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// The body is whole: neither cut at the limit nor by the connection.
    pub complete: bool,
}

impl Response {
    /// A header's value, if it is given (the first, if it is several times) and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After`, given in seconds or as a date.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        retry_after::parse(self.header("retry-after")?, now)
    }
}

/// The client. Cheap to clone; connections are kept and shared.
#[derive(Clone)]
pub struct Client {
    egress: Arc<Egress>,
    // Two, so that the resolver of each knows what it looks names up for, and no connection serves both.
    tls: reqwest::Client,
    plain: reqwest::Client,
    /// How addresses called by plain http are judged.
    unencrypted: Encryption,
}

impl Client {
    /// Sets it up. Fails only if an extra root certificate is none.
    pub fn new(options: Options) -> Result<Self, Error> {
        let Options { allow, plain_http, connect_timeout, total_timeout, extra_roots, resolver } = options;
        let tls = tls::client_config(&extra_roots)?;
        let egress = Arc::new(Egress::new(allow));
        // Where plain http may go anywhere, its addresses are judged as those of https are.
        let unencrypted = if plain_http { Encryption::Tls } else { Encryption::None };
        let client = |encryption| {
            builder(GuardedResolver { resolver: resolver.clone(), egress: egress.clone(), encryption })
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(connect_timeout)
                .timeout(total_timeout)
                .build()
        };
        Ok(Self { tls: client(Encryption::Tls)?, plain: client(unencrypted)?, egress, unencrypted })
    }

    /// Whether this URL may be called, as far as it can be told without looking a name up: https (or http, to allowed
    /// addresses), no user name, no forbidden address. The error is `refused_address` and says why.
    pub fn check(&self, url: &str) -> Result<(), Error> {
        self.checked(url).map(|_permitted| ())
    }

    /// One request, one answer. Never tries again.
    pub async fn send(&self, mut request: Request) -> Result<Response, Error> {
        let body = std::mem::take(&mut request.body).into();
        self.answered(request, body).await
    }

    /// The same with a body that is read as it goes out, so that a large file is never whole in memory: exactly `length` bytes.
    /// A body that turns out shorter, or breaks off, breaks the request off.
    pub async fn upload(
        &self,
        request: Request,
        length: u64,
        body: crate::ByteStream,
    ) -> Result<Response, Error> {
        let request = request.header("content-length", length.to_string());
        self.answered(request, reqwest::Body::wrap_stream(body)).await
    }

    async fn answered(&self, request: Request, body: reqwest::Body) -> Result<Response, Error> {
        let (url, client) = self.checked(&request.url)?;
        let mut builder = client.request(request.method, url).body(body);
        for (name, value) in request.headers {
            builder = builder.header(&*name, value);
        }
        if let Some(most) = request.timeout {
            builder = builder.timeout(most);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (body, complete) = read_up_to(response, request.max_response).await;
        Ok(Response { status, headers, body, complete })
    }

    /// The client for a library that makes its own requests to this address, as [`Client::check`] judges it. Names are looked up
    /// and judged again at every connection; redirects are not followed.
    pub fn client_for(&self, url: &str) -> Result<reqwest::Client, Error> {
        self.checked(url).map(|(_, client)| client.clone())
    }

    /// The address, if it may be called, and the client for it.
    fn checked(&self, text: &str) -> Result<(Url, &reqwest::Client), Error> {
        // `Url` has already turned every spelling of an IPv4 address (0x7f.1, 2130706433) into the address, and does not
        // take an IPv6 zone (`%eth0`).
        let url = Url::parse(text).map_err(|why| Error::refused(format_args!("not a URL: {why}")))?;
        let (encryption, client) = match url.scheme() {
            "https" => (Encryption::Tls, &self.tls),
            "http" => (self.unencrypted, &self.plain),
            _ => return Err(Error::refused("not an https URL")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::refused("a user name or password in the URL is not accepted"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(Error::refused("the URL names no host")),
        };
        let judged = match literal {
            Some(address) => self.egress.judge(address, encryption),
            None => self.egress.judge_name(encryption),
        };
        judged.map_err(Error::refused)?;
        Ok((url, client))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the guarded client")]
fn builder(resolver: GuardedResolver) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .pool_idle_timeout(IDLE)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
}

/// The status has been said by now, and stands: a body that breaks off or takes too long is only incomplete.
async fn read_up_to(mut response: reqwest::Response, limit: usize) -> (Bytes, bool) {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = limit - body.len();
                body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if chunk.len() > room {
                    return (body.freeze(), false);
                }
            }
            Ok(None) => return (body.freeze(), true),
            Err(_) => return (body.freeze(), false),
        }
    }
}
