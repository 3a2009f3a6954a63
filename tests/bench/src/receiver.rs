//! Customers' servers: fast ones, one that takes its time, and one that is not there.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    routing::{get, post},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// How long the slow one takes: less than what the gateway grants.
const SLOW: Duration = Duration::from_secs(10);

/// All of them.
pub(crate) struct Receiver {
    base: String,
    seen: Arc<Seen>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    count: AtomicUsize,
    /// Whether it is noted what came when, which costs something.
    noting: AtomicBool,
    notes: Mutex<Vec<(String, Instant)>>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Seen::default());
        let app = Router::new()
            .route("/fast/{number}", post(fast))
            .route("/slow", post(|| tokio::time::sleep(SLOW)))
            .route("/", get(|| async {}))
            .with_state(Arc::clone(&seen));
        let mut server = JoinSet::new();
        server.spawn(async move {
            // Ends with the measurement.
            let _ended = axum::serve(listener, app).await;
        });
        Ok(Self { base, seen, _server: server })
    }

    /// One of those that answer at once.
    pub(crate) fn fast(&self, number: usize) -> String {
        format!("{}/fast/{number}", self.base)
    }

    /// The one that answers after ten seconds.
    pub(crate) fn slow(&self) -> String {
        format!("{}/slow", self.base)
    }

    /// Where nobody listens.
    pub(crate) async fn dead() -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(format!("http://{}/", listener.local_addr()?))
    }

    /// What the fast ones got so far.
    pub(crate) fn count(&self) -> usize {
        self.seen.count.load(Ordering::Relaxed)
    }

    /// Begins to note what comes.
    pub(crate) fn note(&self) {
        self.seen.noting.store(true, Ordering::Relaxed);
    }

    /// The jobs that webhooks told of and when they came, since the last call.
    pub(crate) fn notes(&self) -> Vec<(String, Instant)> {
        std::mem::take(&mut *self.seen.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn fast(State(seen): State<Arc<Seen>>, body: Bytes) {
    if seen.noting.load(Ordering::Relaxed) {
        let at = Instant::now();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let job = body["data"]["job_id"].as_str().unwrap_or_default().to_owned();
        seen.notes.lock().unwrap_or_else(PoisonError::into_inner).push((job, at));
    }
    seen.count.fetch_add(1, Ordering::Relaxed);
}
