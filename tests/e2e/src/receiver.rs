//! A customer's server: takes webhooks, checks their signature, hands them to the test.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::task::TaskTracker;

use crate::within;

/// One webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// All headers.
    pub headers: HeaderMap,
    /// The exact bytes.
    pub body: Bytes,
    /// The same as JSON.
    pub json: Value,
}

impl Webhook {
    /// Its `event`.
    pub fn event(&self) -> &str {
        self.json["event"].as_str().unwrap_or_default()
    }

    /// Panics unless the `standardwebhooks` library accepts the signature under this secret.
    pub fn verify(&self, secret: &str) {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a webhook secret");
        webhook.verify(&self.body, &self.headers).expect("a signature that Standard Webhooks accepts");
    }
}

/// The server.
pub struct Receiver {
    url: String,
    arrived: mpsc::UnboundedReceiver<Webhook>,
    kept: Vec<Webhook>,
    status: Arc<AtomicU16>,
    replies: Arc<Mutex<String>>,
}

#[derive(Clone)]
struct Shared {
    arrived: mpsc::UnboundedSender<Webhook>,
    status: Arc<AtomicU16>,
    replies: Arc<Mutex<String>>,
}

impl Receiver {
    /// Starts it on a free port; it answers 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhook", listener.local_addr().expect("an address"));
        let (sender, arrived) = mpsc::unbounded_channel();
        let status = Arc::new(AtomicU16::new(200));
        let replies = Arc::<Mutex<String>>::default();
        let shared = Shared { arrived: sender, status: Arc::clone(&status), replies: Arc::clone(&replies) };
        // Meta's bodies are passed on as they came, and have up to 3 MB.
        let largest = DefaultBodyLimit::max(4 << 20);
        let router = Router::new().route("/webhook", post(take)).layer(largest).with_state(shared);
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        Self { url, arrived, kept: Vec::new(), status, replies }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it answers from now on. Webhooks answered otherwise than 2xx are not handed to the test.
    pub fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What it says in its answers to `message.received` from now on.
    pub fn say(&self, answer: impl Into<String>) {
        *self.replies.lock().expect("nobody panicked with it") = answer.into();
    }

    /// Waits for the next webhook that satisfies the test; the others are kept for later.
    pub async fn next(&mut self, what: &str, wanted: impl Fn(&Webhook) -> bool) -> Webhook {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index);
        }
        within(what, async {
            loop {
                let webhook = self.arrived.recv().await.expect("the receiver runs");
                if wanted(&webhook) {
                    return webhook;
                }
                self.kept.push(webhook);
            }
        })
        .await
    }

    /// What has arrived and was not taken.
    pub fn rest(&mut self) -> Vec<Webhook> {
        while let Ok(webhook) = self.arrived.try_recv() {
            self.kept.push(webhook);
        }
        std::mem::take(&mut self.kept)
    }

    /// Waits for this event of this job.
    pub async fn status_of(&mut self, job: &str, event: &str) -> Webhook {
        let what = format!("{event} of {job}");
        self.next(&what, |webhook| webhook.event() == event && webhook.json["data"]["job_id"] == job).await
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let status = StatusCode::from_u16(shared.status.load(Ordering::SeqCst)).unwrap_or(StatusCode::OK);
    let mut answer = String::new();
    if status.is_success() {
        let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if json["event"] == "message.received" {
            answer.clone_from(&shared.replies.lock().expect("nobody panicked with it"));
        }
        // The test may be over already.
        let _gone = shared.arrived.send(Webhook { headers, body, json });
    }
    (status, answer)
}
