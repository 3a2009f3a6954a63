//! The customer's server: notes every webhook, and keeps an answer back where it is told to.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::task::TaskTracker;

use super::{board::Board, evidence::Hook};

#[derive(Clone)]
struct Shared {
    board: Arc<Board>,
    secret: Arc<OnceLock<String>>,
    held: watch::Sender<Option<String>>,
    holding: Arc<Mutex<Vec<String>>>,
}

/// The server.
pub(crate) struct Listener {
    pub(crate) url: String,
    shared: Shared,
}

impl Listener {
    pub(crate) async fn start(board: Arc<Board>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhook", listener.local_addr().expect("an address"));
        let shared =
            Shared { board, secret: Arc::default(), held: watch::Sender::new(None), holding: Arc::default() };
        let router = Router::new().route("/webhook", post(take)).with_state(shared.clone());
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Every signature is checked with this from now on.
    pub(crate) fn trust(&self, secret: String) {
        self.shared.secret.set(secret).expect("one secret");
    }

    /// Leaves webhooks about the message with this `client_ref` unanswered until [`release`](Self::release).
    pub(crate) fn hold(&self, client_ref: &str) {
        self.shared.held.send_replace(Some(client_ref.to_owned()));
    }

    /// Whether such a webhook is here and has no answer yet.
    pub(crate) fn holds(&self, client_ref: &str) -> bool {
        let holding = self.shared.holding.lock().unwrap_or_else(PoisonError::into_inner);
        holding.iter().any(|held| held == client_ref)
    }

    pub(crate) fn release(&self) {
        self.shared.held.send_replace(None);
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if let Err(why) = note(&shared, &headers, &body) {
        shared.board.wrong(why);
        // Accepted all the same: it would only come again.
        return StatusCode::OK;
    }
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let client_ref = json["data"]["client_ref"].as_str();
    if client_ref.is_some() && *shared.held.borrow() == client_ref.map(str::to_owned) {
        let kept = client_ref.unwrap_or_default().to_owned();
        shared.holding.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        shared.board.note(|_| ());
        let mut held = shared.held.subscribe();
        let _ended = held.wait_for(Option::is_none).await;
    }
    StatusCode::OK
}

fn note(shared: &Shared, headers: &HeaderMap, body: &Bytes) -> Result<(), String> {
    let secret = shared.secret.get().ok_or("a webhook came before there was an endpoint")?;
    let signed = standardwebhooks::Webhook::new(secret).and_then(|secret| secret.verify(body, headers));
    signed.map_err(|error| format!("a webhook with a bad signature: {error}"))?;
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).ok_or("a webhook without an id")?;
    let json: Value =
        serde_json::from_slice(body).map_err(|error| format!("a webhook without JSON: {error}"))?;
    let (event, data) = (json["event"].as_str().unwrap_or_default(), &json["data"]);
    let subject = data["job_id"].as_str().or_else(|| data["message_id"].as_str()).unwrap_or_default();
    shared.board.note(|known| {
        known.posts += 1;
        if data["job_id"].is_string() {
            known.tell(event, subject);
        }
        let hook = known.hooks.entry(id.to_owned()).or_insert_with(|| Hook {
            event: event.to_owned(),
            subject: subject.to_owned(),
            text: data["text"].as_str().map(str::to_owned),
            body: body.to_vec(),
            times: 0,
        });
        hook.times += 1;
        if hook.body == body.as_ref() {
            Ok(())
        } else {
            Err(format!("the webhook {id} came again with another body"))
        }
    })
}
