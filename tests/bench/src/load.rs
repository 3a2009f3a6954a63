//! The load: connections that each send one request after another, over HTTP/1.1 with keep-alive, as a client library does.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::report::Times;

/// One connection.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
    // Ends with the connection.
    _driver: JoinSet<()>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Connection {
    /// To `http://HOST:PORT`.
    pub(crate) async fn open(base: &str) -> anyhow::Result<Self> {
        let host = base.strip_prefix("http://").context("plain HTTP")?.to_owned();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Its end shows in the next request.
            let _ended = connection.await;
        });
        Ok(Self { sender, host, _driver: driver })
    }

    /// `GET`, with a key if there is one.
    pub(crate) async fn get(&mut self, path: &str, key: Option<&str>) -> anyhow::Result<Answer> {
        self.ask("GET", path, key, Bytes::new()).await
    }

    /// `POST` of JSON.
    pub(crate) async fn post(&mut self, path: &str, key: &str, body: Bytes) -> anyhow::Result<Answer> {
        self.ask("POST", path, Some(key), body).await
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
    }
}

/// Where sends go, and what each of them says.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) base: String,
    pub(crate) key: String,
    /// The first of so many numbers that are written to in turn.
    pub(crate) first: u64,
    pub(crate) recipients: u64,
    /// Through this device, where there are several.
    pub(crate) device: Option<String>,
}

impl Target {
    /// The body of a send.
    pub(crate) fn body(&self, number: u64) -> Bytes {
        let to = self.first + number % self.recipients;
        let device = self.device.as_ref().map(|id| format!(r#""session_id":"{id}","#)).unwrap_or_default();
        Bytes::from(format!(
            r#"{{"channel":"whatsapp","type":"text",{device}"to":"{to}","content":{{"text":"pesan {number} Halo! Pesanan Anda sudah kami terima dan sedang kami siapkan. Terima kasih."}}}}"#
        ))
    }
}

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// This much time has passed.
    Time(Duration),
    /// So many were sent.
    Count(u64),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) times: Times,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let count = self.times.count() as f64;
        count / self.elapsed.as_secs_f64()
    }
}

/// Sends over so many connections at once. Every answer must be a 200: an error is fast, and would pass for speed.
pub(crate) async fn send(target: &Target, connections: usize, until: Until) -> anyhow::Result<Outcome> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(&target.base).await?);
    }
    let first = NUMBER.load(Ordering::Relaxed);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in open {
        let target = target.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Time(length) => started.elapsed() >= length,
                    Until::Count(count) => number - first >= count,
                };
                if over {
                    return Ok(times);
                }
                let body = target.body(number);
                let began = Instant::now();
                let answer = connection.post("/v1/messages", &target.key, body).await?;
                times.push(began.elapsed());
                if answer.status != 200 {
                    bail!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
                }
            }
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(Outcome { times: Times::new(times), elapsed: started.elapsed() })
}
