//! The one path of all commands: the management API, spoken to the running server through its socket, or else to the same router
//! inside this process, which then holds the data directory.

mod events;
mod socket;

use std::time::Duration;

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use bytes::Bytes;
pub(crate) use events::{Event, Events};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{
    config::{Config, Environment},
    data_dir::{DataDir, Lock, LockError, Role},
    gateway::{self, Gateway},
};

pub(crate) use socket::{SocketFile, listen};

/// How long a command waits for a server that is just starting, or for another command.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The header that names the workspace on this path.
const WORKSPACE: &str = "x-cetar-workspace";
/// Most entries a page may have.
const PAGE: usize = 100;

/// Whoever answers.
enum Peer {
    /// The running server.
    Server(DataDir),
    /// This process itself.
    Here(Box<Here>),
}

/// The gateway inside this process.
struct Here {
    gateway: Gateway,
    router: Router,
    stop: CancellationToken,
    engine: Option<JoinHandle<()>>,
    _lock: Lock,
}

/// The management API.
pub(crate) struct Api {
    peer: Peer,
    tasks: TaskTracker,
    workspace: Option<String>,
}

/// The API said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// `error.code`.
    pub(crate) code: String,
    /// What it means, in English.
    pub(crate) message: String,
    /// Bad fields, with what is wrong.
    pub(crate) fields: Vec<(String, String)>,
}

impl Refusal {
    fn told(&self) -> String {
        if self.fields.is_empty() {
            return self.message.clone();
        }
        let fields = self.fields.iter().map(|(field, problem)| format!("{field}: {problem}"));
        fields.collect::<Vec<_>>().join("\n")
    }

    fn read(status: StatusCode, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let error = &body["error"];
        let fields = error["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        let message = match text(&body["message"]) {
            message if message.is_empty() => format!("the server answered {status}"),
            message => message,
        };
        Self {
            status,
            code: text(&error["code"]),
            message,
            fields: fields.iter().map(|field| (text(&field["field"]), text(&field["message"]))).collect(),
        }
    }
}

/// An answer.
pub(crate) struct Answer {
    /// What happened, in words.
    pub(crate) message: String,
    /// The thing itself.
    pub(crate) data: Value,
}

impl Api {
    /// Finds the running server, or takes the data directory and becomes one for a moment. Nothing is made that was not there.
    pub(crate) async fn open(
        config: &Config,
        environment: &Environment,
        workspace: Option<String>,
    ) -> anyhow::Result<Self> {
        let data = DataDir::existing(&config.general.data_dir)?;
        let tasks = TaskTracker::new();
        let mut waited = Duration::ZERO;
        loop {
            if socket::connect(&data).await.is_ok() {
                return Ok(Self { peer: Peer::Server(data), tasks, workspace });
            }
            match data.try_lock(Role::Command) {
                Ok(lock) => {
                    let peer = Peer::Here(Box::new(Here::open(config, environment, data, lock).await?));
                    return Ok(Self { peer, tasks, workspace });
                }
                // A server that is starting has the lock and no socket yet; another command will be done in a moment.
                Err(LockError::Held(_)) if waited < PATIENCE => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                    waited += LOOK_AGAIN;
                }
                Err(LockError::Held(holder)) => {
                    let pid = holder.pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
                    anyhow::bail!(
                        "process {pid} holds this data directory and does not answer on {}; see what it is doing, or stop it",
                        data.socket().display()
                    )
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether a running server answers.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self.peer, Peer::Server(_))
    }

    /// Lets sessions run, where this process is the gateway: linking needs them.
    pub(crate) fn run_sessions(&mut self) {
        if let Peer::Here(here) = &mut self.peer {
            here.run_sessions(&self.tasks);
        }
    }

    /// Ends what [`Self::open`] began; sessions are stopped in good order.
    pub(crate) async fn close(self) {
        if let Peer::Here(here) = self.peer {
            here.close().await;
        }
    }

    /// Asks for one thing.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let (status, bytes) = self.exchange(method, path, body).await?;
        if !status.is_success() {
            return Err(Refusal::read(status, &bytes).into());
        }
        let mut body: Value =
            serde_json::from_slice(&bytes).with_context(|| format!("the answer to {path} is not JSON"))?;
        let message = body["message"].as_str().unwrap_or_default().to_owned();
        Ok(Answer { message, data: body["data"].take() })
    }

    /// Reads a whole listing, page by page.
    pub(crate) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let page = format!("{path}?limit={PAGE}{after}");
            let (status, bytes) = self.exchange(Method::GET, &page, None).await?;
            if !status.is_success() {
                return Err(Refusal::read(status, &bytes).into());
            }
            let mut body: Value = serde_json::from_slice(&bytes)
                .with_context(|| format!("the answer to {path} is not JSON"))?;
            if let Value::Array(entries) = body["data"].take() {
                all.extend(entries);
            }
            match body["next_cursor"].as_str() {
                Some(cursor) if body["has_more"] == true => {
                    let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
                    after = format!("&after={cursor}");
                }
                _ => return Ok(all),
            }
        }
    }

    /// Asks for a page that is not in the envelope: whether the answer was a success, and its text.
    pub(crate) async fn probe(&self, path: &str) -> anyhow::Result<(bool, String)> {
        let (status, bytes) = self.exchange(Method::GET, path, None).await?;
        Ok((status.is_success(), String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Watches server-sent events.
    pub(crate) async fn events(&self, path: &str) -> anyhow::Result<Events> {
        let (status, body) = self.send(Method::GET, path, None).await?;
        if status.is_success() {
            return Ok(Events::new(body));
        }
        let bytes = body.collect().await.context("the answer broke off")?.to_bytes();
        Err(Refusal::read(status, &bytes).into())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let (status, body) = self.send(method, path, body).await?;
        let bytes = body.collect().await.context("the answer broke off")?.to_bytes();
        Ok((status, bytes))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(StatusCode, Body)> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT_LANGUAGE, "en");
        if let Some(workspace) = &self.workspace {
            request = request.header(WORKSPACE, workspace);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).context("the request cannot be written")?;
        let response = match &self.peer {
            Peer::Server(data) => socket::send(data, &self.tasks, request).await?,
            Peer::Here(here) => match here.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
        };
        let (head, body) = response.into_parts();
        Ok((head.status, body))
    }
}

impl Here {
    async fn open(
        config: &Config,
        environment: &Environment,
        data: DataDir,
        lock: Lock,
    ) -> anyhow::Result<Self> {
        let gateway = Gateway::open(config, environment, data, gateway::Make::Nothing).await?;
        let stop = CancellationToken::new();
        let router = gateway.local_router(stop.clone());
        Ok(Self { gateway, router, stop, engine: None, _lock: lock })
    }

    fn run_sessions(&mut self, tasks: &TaskTracker) {
        if self.engine.is_none() {
            let (engine, stop) = (self.gateway.engine.clone(), self.stop.clone());
            self.engine = Some(tasks.spawn(async move { engine.run(stop).await }));
        }
    }

    async fn close(self) {
        self.stop.cancel();
        if let Some(engine) = self.engine {
            // A panic of the engine has been told on standard error already.
            let _ = engine.await;
        }
        self.gateway.close().await;
    }
}
