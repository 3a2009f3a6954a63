//! What the binary tells this crate.

use std::{fmt, sync::Arc};

use cetar_model::IdSource;
use ipnet::IpNet;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Renders the metrics as Prometheus text.
pub type MetricsRenderer = Arc<dyn Fn() -> String + Send + Sync>;

/// Whether the disk under the database has room for what comes next. Asked at most once a second; must not wait.
pub type DiskHasRoom = Arc<dyn Fn() -> bool + Send + Sync>;

/// The dashboard's files by their names, as they were built (`index.html`, `assets/…`), with their smaller forms beside them
/// (`….br`, `….gz`).
pub type Dashboard = fn(&str) -> Option<&'static [u8]>;

/// Who stands in front of this router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Anyone who can reach the TCP port: keys, ranges, limits.
    Public,
    /// The machine's operator, through the 0600 socket or in process: no key, no limit, and the tenants' management on top.
    Local,
}

/// Figures and outside things; the defaults are the product's.
#[derive(Clone)]
pub struct ServerOptions {
    /// Who stands in front.
    pub face: Face,
    /// Peers whose `X-Forwarded-For` and `-Proto` count (`proxy.trusted`).
    pub trusted_proxies: Vec<IpNet>,
    /// Largest request body, in bytes (`limits.body_bytes`, 1 MiB).
    pub body_limit: usize,
    /// Requests a minute and key, where the plan sets no figure (`limits.requests_per_minute`, 60).
    pub requests_per_minute: u32,
    /// Requests to `/v1` worked on at once (512); one more is answered 503 at once.
    pub concurrency: usize,
    /// Renders `/metrics`; without it there is none.
    pub metrics: Option<MetricsRenderer>,
    /// Opens `/metrics` to callers that are not on this machine, and where a proxy stands in front to any at all.
    pub metrics_token: Option<SecretString>,
    /// For `/readyz`; without it the disk is taken to be well.
    pub disk: Option<DiskHasRoom>,
    /// The program's version, as shown.
    pub version: String,
    /// This build speaks to simulated networks (`make simulated`): said loudly.
    pub simulated: bool,
    /// Where the API is reached from outside (`public_url`); without it the request's own `Host` is shown.
    pub public_url: Option<Url>,
    /// The dashboard; without it `/` says how the server is.
    pub dashboard: Option<Dashboard>,
    /// It is served over TLS by this process itself: cookies are for HTTPS alone.
    pub tls: bool,
    /// Makes request ids.
    pub ids: Arc<IdSource>,
    /// Cancelled when the process begins to stop: streams end, new requests are answered 503.
    pub stop: CancellationToken,
}

impl ServerOptions {
    /// The defaults for a face; `ids` makes the request ids.
    pub fn new(face: Face, ids: Arc<IdSource>) -> Self {
        Self {
            face,
            trusted_proxies: Vec::new(),
            body_limit: 1 << 20,
            requests_per_minute: 60,
            concurrency: 512,
            metrics: None,
            metrics_token: None,
            disk: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            simulated: false,
            public_url: None,
            dashboard: None,
            tls: false,
            ids,
            stop: CancellationToken::new(),
        }
    }
}

impl ServerOptions {
    /// Whether browsers may be told to come back by HTTPS alone. That holds for the whole name, whatever the port: so only where this
    /// process itself ends TLS, at the name's own port.
    pub(crate) fn is_https_for_good(&self) -> bool {
        let at_its_port = |url: &Url| url.scheme() == "https" && url.port().is_none();
        self.tls && self.public_url.as_ref().is_some_and(at_its_port)
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions").field("face", &self.face).finish_non_exhaustive()
    }
}
