//! The program without its process: real parts, a clock moved by hand, a scripted network.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, StatusCode},
};
use cetar_engine::{
    Engine, Parts, Providers, Settings,
    auth::Caller,
    delivery::{self, Transport, TransportError},
    devices::NewDevice,
    keys::NewKey,
    media::Setup,
};
use cetar_model::{Channel, Clock, DeviceId, IdSource};
use cetar_provider::{
    http,
    testkit::{ManualClock, ScriptedProvider},
};
use cetar_server::{Face, ServerOptions};
use cetar_store::{DeliveryNext, DeliverySettlement, MasterKey, Options, ReplyOutcome, Scope, Sealer, Store};
use futures::{StreamExt as _, stream};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::{sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The document's first example, byte for byte.
pub(crate) const DOCUMENTS_FIRST: &str = r#"{
"channel": "whatsapp",
"type": "text",
"to": "6281234567890",
"content": {
"text": "Halo! Ini pesan teks dari Cetar API."
}
}"#;

pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) network: Arc<ScriptedProvider>,
    pub(crate) operator: Caller,
    router: Router,
    ids: Arc<IdSource>,
    loops: JoinSet<()>,
    _data: tempfile::TempDir,
}

/// Different bytes each time, the same in every run.
fn fill(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    for byte in bytes {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        *byte = number.to_be_bytes()[1];
    }
}

/// Receives nothing; refuses one URL, and panics at another.
struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    fn permits(&self, url: &str) -> Result<(), String> {
        match url {
            "http://10.0.0.1/" => Err("10.0.0.1 is a private address".to_owned()),
            "https://panic.example/" => panic!("a test wants to see this handled"),
            _ => Ok(()),
        }
    }

    async fn post(&self, _request: delivery::Request) -> Result<delivery::Response, TransportError> {
        Err(TransportError { class: "connect", detail: "connection refused".to_owned() })
    }
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(Face::Public, |_| {}).await
    }

    pub(crate) async fn with(face: Face, change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::on(ScriptedProvider::new(true), face, change).await
    }

    /// With this network in place of every one.
    pub(crate) async fn on(
        network: ScriptedProvider,
        face: Face,
        change: impl FnOnce(&mut ServerOptions),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSource::new(fill));
        let store = Store::open(Options {
            url: format!("sqlite:{}", data.path().join("cetar.db").display()),
            sealer: Sealer::new(vec![MasterKey::generate([7; 32])]),
            ids: Arc::clone(&ids),
        });
        let store = store.await.unwrap();
        let clock = Arc::new(ManualClock::default());
        let network = Arc::new(network);
        let mut providers = Providers::default();
        providers.real.insert(Channel::Whatsapp, Arc::clone(&network) as _);
        for channel in Channel::ALL {
            providers.sandbox.insert(*channel, Arc::clone(&network) as _);
        }
        let engine = Engine::new(Parts {
            store,
            providers,
            clock: Arc::clone(&clock) as _,
            ids: Arc::clone(&ids),
            node: "node".to_owned(),
            webhooks: Arc::new(NoTransport),
            replies: Arc::new(cetar_server::Replies),
            media: Setup::new(
                data.path().join("media"),
                http::Client::new(http::Options::default()).unwrap(),
            ),
            settings: Settings::default(),
        });
        let operator = engine.operator(engine.add_workspace("Toko".to_owned()).await.unwrap());
        let mut options = ServerOptions::new(face, Arc::clone(&ids));
        options.version = String::from("1.2.3");
        change(&mut options);
        let router = cetar_server::router(engine.clone(), options);
        Self { engine, clock, network, operator, router, ids, loops: JoinSet::new(), _data: data }
    }

    /// Another router on the same engine.
    pub(crate) fn router(&mut self, face: Face, change: impl FnOnce(&mut ServerOptions)) {
        let mut options = ServerOptions::new(face, Arc::clone(&self.ids));
        change(&mut options);
        self.router = cetar_server::router(self.engine.clone(), options);
    }

    /// A fresh id.
    pub(crate) fn id<I: From<uuid::Uuid>>(&self) -> I {
        self.ids.make(self.clock.now())
    }

    /// Unix seconds of now.
    pub(crate) fn clock_seconds(&self) -> i64 {
        self.clock.now().as_secs()
    }

    /// Starts the engine's loops and waits until they run; they end with the test.
    pub(crate) async fn run(&mut self) {
        let engine = self.engine.clone();
        self.loops.spawn(async move { engine.run(CancellationToken::new()).await });
        self.until(async |app| app.engine.ready().await.is_ok()).await;
    }

    /// Waits for something to have come about, looking again whenever the engine says that it did something.
    pub(crate) async fn until(&self, holds: impl AsyncFn(&Self) -> bool) {
        let mut progress = self.engine.progress();
        while !holds(self).await {
            tokio::select! {
                _ = progress.changed() => {}
                // Some steps are told to nobody.
                () = tokio::task::yield_now() => {}
            }
        }
    }

    /// A sandbox device: linked from the start.
    pub(crate) async fn sandbox(&self, channel: Channel) -> DeviceId {
        self.device_in(&self.operator, channel, true).await
    }

    pub(crate) async fn device_in(&self, caller: &Caller, channel: Channel, sandbox: bool) -> DeviceId {
        let name = format!("Device {channel}");
        let device =
            NewDevice { channel, name, sandbox, paced: None, settings: std::collections::BTreeMap::new() };
        self.engine.add_device(caller, device).await.unwrap().id
    }

    /// A `sk_test_` key for everything in the first workspace.
    pub(crate) async fn key(&self) -> String {
        self.key_with(|_| {}).await
    }

    pub(crate) async fn admin_key(&self) -> String {
        self.key_with(|key| key.scopes = vec![Scope::Admin]).await
    }

    pub(crate) async fn key_with(&self, change: impl FnOnce(&mut NewKey)) -> String {
        self.key_in(&self.operator, change).await
    }

    pub(crate) async fn key_in(&self, caller: &Caller, change: impl FnOnce(&mut NewKey)) -> String {
        let mut key = NewKey {
            name: "test".to_owned(),
            test: true,
            devices: Vec::new(),
            allow_ips: Vec::new(),
            expires_in: None,
            scopes: Vec::new(),
        };
        change(&mut key);
        self.engine.create_key(caller, key).await.unwrap().1.expose_secret().to_owned()
    }

    /// As if every receiver had answered 410.
    pub(crate) async fn disable_endpoints(&self) {
        self.settle_all(DeliveryNext::EndpointGone, 410, None).await;
    }

    /// As if every receiver had answered with this status, and this had become of its reply.
    pub(crate) async fn settle_all(&self, next: DeliveryNext, status: u16, reply: Option<ReplyOutcome>) {
        let (store, now) = (self.engine.store(), self.clock.now());
        let until = now + std::time::Duration::from_secs(15);
        for delivery in store.claim_deliveries("node", now, until, 100, 100).await.unwrap() {
            let settlement = DeliverySettlement {
                delivery: delivery.delivery,
                node: "node".to_owned(),
                lease_token: delivery.lease_token,
                started_at: now,
                now,
                url: delivery.endpoint.url.clone(),
                headers: Vec::new(),
                status: Some(status),
                error: (next != DeliveryNext::Delivered).then(|| "status".to_owned()),
                response: None,
                reply: reply.clone(),
                next: next.clone(),
            };
            store.settle_delivery(settlement).await.unwrap();
        }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: impl Into<Body>) -> Ask<'_> {
        Ask { body: body.into(), ..self.ask(Method::POST, path) }
    }

    pub(crate) fn ask_with(&self, method: Method, path: &str, body: impl Into<Body>) -> Ask<'_> {
        Ask { body: body.into(), ..self.ask(method, path) }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let request = Request::builder().method(method).uri(path);
        let peer = ConnectInfo(SocketAddr::from(([203, 0, 113, 7], 50_000)));
        Ask { app: self, request: request.extension(peer), body: Body::empty() }
    }

    /// Sends a message and tells its job.
    pub(crate) async fn send(&self, key: &str) -> String {
        let answer = self.post("/v1/messages", DOCUMENTS_FIRST).bearer(key).await_answer().await;
        assert_eq!(answer.status, StatusCode::OK, "{answer}");
        answer.json()["data"]["job_id"].as_str().unwrap().to_owned()
    }
}

/// A request in the making.
pub(crate) struct Ask<'a> {
    app: &'a App,
    request: axum::http::request::Builder,
    body: Body,
}

impl Ask<'_> {
    pub(crate) fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn method(mut self, method: Method) -> Self {
        self.request = self.request.method(method);
        self
    }

    /// As if the connection came from there.
    pub(crate) fn from(mut self, ip: &str) -> Self {
        let peer = SocketAddr::new(ip.parse().unwrap(), 50_000);
        self.request = self.request.extension(ConnectInfo(peer));
        self
    }

    /// The answer's head; its body may still be coming.
    pub(crate) async fn begin(self) -> Response<Body> {
        let request = self.request.body(self.body).unwrap();
        self.app.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn await_answer(self) -> Answer {
        let (parts, body) = self.begin().await.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        assert!(parts.headers.contains_key("x-request-id"), "no request id: {} {body}", parts.status);
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and, of a refusal, the code; then the bad fields.
    pub(crate) fn gist(&self) -> String {
        let json = self.json();
        let mut gist = format!("{} {}", self.status.as_u16(), json["error"]["code"].as_str().unwrap_or("ok"));
        let fields = json["error"]["fields"].as_array().into_iter().flatten();
        let bad = fields.map(|field| {
            let [name, code] = ["field", "code"].map(|part| field[part].as_str().unwrap_or(""));
            format!(" · {name}: {code}")
        });
        gist.extend(bad);
        gist
    }
}

/// Status and body, as a specification shows them: ids and secrets masked.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = serde_json::from_str::<Value>(&self.body)
            .map_or_else(|_| self.body.clone(), |json| serde_json::to_string_pretty(&json).unwrap());
        write!(f, "{}\n{}", self.status.as_u16(), mask(&body))
    }
}

/// A sender that says something and then nothing more; and a word when its silence has begun.
pub(crate) fn stalling() -> (Body, oneshot::Receiver<()>) {
    let (begun, silence) = oneshot::channel();
    let mut begun = Some(begun);
    let rest = stream::poll_fn(move |_| {
        if let Some(begun) = begun.take() {
            begun.send(()).unwrap();
        }
        std::task::Poll::Pending
    });
    let first = stream::iter([Ok::<_, std::io::Error>(axum::body::Bytes::from_static(b"a"))]);
    (Body::from_stream(first.chain(rest)), silence)
}

/// What differs from run to run: the bodies of ids, secrets.
pub(crate) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('_') {
        let (before, after) = rest.split_at(start + 1);
        masked += before;
        let length = |is_part: fn(char) -> bool| after.find(|c| !is_part(c)).unwrap_or(after.len());
        let secret = ["sk_test_", "sk_live_", "whsec_"].iter().any(|prefix| masked.ends_with(prefix));
        let cut = match length(|c| c.is_ascii_hexdigit()) {
            32 => 32,
            _ if secret => length(|c| c.is_ascii_alphanumeric() || "+/=…".contains(c)),
            _ => 0,
        };
        masked += if cut > 3 { "…" } else { "" };
        rest = if cut > 3 { &after[cut..] } else { after };
    }
    masked + rest
}
