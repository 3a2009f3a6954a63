//! The engine as a process of its own, with one unlinked device whose changes of state are the events: it can be stopped,
//! killed, and started again on the same data. Time stands still but for what a test lets pass.

use std::{
    collections::BTreeMap,
    ops::AsyncFn,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cetar_engine::{
    Engine, Parts, Providers, Settings,
    auth::Caller,
    delivery::WebhookClient,
    endpoints::{EndpointError, NewEndpoint},
    media::Setup,
};
use cetar_model::{
    Channel, Clock, DeliveryState, DeviceId, DeviceState, DownReason, EndpointId, Health, IdSource, Timestamp,
};
use cetar_provider::{SystemClock, http, testkit::ManualClock};
use cetar_store::{DeliveryFilter, Device, Endpoint, MasterKey, NewDevice, Options, Sealer, Store};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::reader::TextReader;

/// Longer than anything takes that happens at all: a test that waits this long has failed.
const LONGEST: Duration = Duration::from_secs(20);

/// How often the engine looks for what nobody woke it for.
const POLL: Duration = Duration::from_secs(1);

/// Where the data lives, and the clock on its wall.
pub(crate) struct Machine {
    data: TempDir,
    clock: Arc<ManualClock>,
}

impl Machine {
    /// With nothing on it. Its clock begins at the present, as receivers compare a webhook's time with theirs.
    pub(crate) fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap(), clock: Arc::new(ManualClock::at(SystemClock.now())) }
    }

    /// Starts a process that may call loopback, and nothing else but the internet.
    pub(crate) async fn start(&self) -> Process {
        self.start_with(http::Options::default()).await
    }

    /// The same with other limits.
    pub(crate) async fn start_with(&self, options: http::Options) -> Process {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = http::Options { allow: vec!["127.0.0.0/8".parse().unwrap()], ..options };
        let webhooks = WebhookClient::new(http::Client::new(options).unwrap(), self.clock.clone());
        let ids = Arc::new(IdSource::new(different_bytes));
        let store = Options {
            url: format!("sqlite:{}", self.data.path().join("cetar.db").display()),
            sealer: Sealer::new(vec![MasterKey::generate([7; 32])]),
            ids: ids.clone(),
        };
        let store = runtime.spawn(Store::open(store)).await.unwrap().unwrap();
        let engine = Engine::new(Parts {
            store,
            providers: Providers::default(),
            clock: self.clock.clone(),
            ids,
            node: "node_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".to_owned(),
            webhooks: Arc::new(webhooks),
            replies: Arc::new(TextReader),
            media: Setup::new(
                self.data.path().join("media"),
                http::Client::new(http::Options::default()).unwrap(),
            ),
            settings: Settings { poll: POLL, ..Settings::default() },
        });
        let caller = caller(&engine).await;
        let device = device(&engine, &caller).await;
        let stop = CancellationToken::new();
        let running = runtime.spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(stop).await }
        });
        Process {
            engine,
            caller,
            clock: self.clock.clone(),
            device,
            expired: AtomicBool::new(false),
            stop,
            running,
            runtime: Some(runtime),
        }
    }
}

async fn caller(engine: &Engine) -> Caller {
    let workspace = match engine.workspaces().await.unwrap().into_iter().next() {
        Some(workspace) => workspace,
        None => engine.add_workspace("Toko Budi".to_owned()).await.unwrap(),
    };
    engine.operator(workspace)
}

async fn device(engine: &Engine, caller: &Caller) -> DeviceId {
    if let Some(device) = engine.store().devices(&caller.workspace.id).await.unwrap().into_iter().next() {
        return device.id;
    }
    let device = Device {
        id: "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap(),
        workspace: caller.workspace.id.clone(),
        channel: Channel::Whatsapp,
        name: "Toko".to_owned(),
        sandbox: false,
        address: None,
        health: Health::new(DeviceState::Unlinked, None),
        paused: false,
        paced: true,
        linked_at: None,
        created_at: engine.clock().now(),
    };
    let id = device.id.clone();
    engine.store().insert_device(NewDevice { device, settings: BTreeMap::new() }).await.unwrap();
    id
}

/// Never the same twice in a test, whichever process asks.
fn different_bytes(bytes: &mut [u8]) {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    for chunk in bytes.chunks_mut(8) {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let mixed = call.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).to_le_bytes();
        chunk.copy_from_slice(&mixed[..chunk.len()]);
    }
}

/// The engine, running.
pub(crate) struct Process {
    /// It.
    pub(crate) engine: Engine,
    /// The operator, in the one workspace.
    pub(crate) caller: Caller,
    /// The device whose events are told.
    pub(crate) device: DeviceId,
    clock: Arc<ManualClock>,
    expired: AtomicBool,
    stop: CancellationToken,
    running: JoinHandle<()>,
    runtime: Option<Runtime>,
}

impl Process {
    /// Adds an endpoint for every event.
    pub(crate) async fn add_endpoint(&self, url: impl Into<String>) -> Result<Endpoint, EndpointError> {
        Ok(self.add(url).await?.0)
    }

    /// The same, with its secret.
    pub(crate) async fn add(
        &self,
        url: impl Into<String>,
    ) -> Result<(Endpoint, SecretString), EndpointError> {
        let endpoint = NewEndpoint { url: url.into(), ..NewEndpoint::default() };
        self.engine.add_endpoint(&self.caller, endpoint).await
    }

    /// An endpoint, as stored.
    pub(crate) async fn endpoint(&self, id: &EndpointId) -> Option<Endpoint> {
        let endpoints = self.engine.endpoints(&self.caller).await.unwrap();
        endpoints.into_iter().find(|endpoint| endpoint.id == *id)
    }

    /// Makes an event, and lets the time pass after which it is found.
    pub(crate) async fn event(&self) {
        self.commit_event().await;
        self.pass(POLL);
    }

    /// Makes an event.
    pub(crate) async fn commit_event(&self) {
        let reason = self.expired.fetch_not(Ordering::Relaxed).then_some(DownReason::LoggedOut);
        let reason = reason.or(Some(DownReason::LinkExpired));
        let health = Health::new(DeviceState::Unlinked, reason);
        let told =
            self.engine.store().set_health(&self.device, None, health, self.clock.now()).await.unwrap();
        assert!(told, "it was in this state before");
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets time pass until the next attempt is due.
    pub(crate) async fn pass_until_due(&self) {
        let wait = self.rescheduled().await;
        self.pass(wait);
    }

    /// Waits until an attempt has failed and been given another time, with none still due or under way before. How far
    /// that is away.
    pub(crate) async fn rescheduled(&self) -> Duration {
        self.until("the delivery to be rescheduled", async || {
            let now = self.clock.now();
            let due = self.engine.store().next_delivery_due().await.unwrap()?;
            (due > now).then(|| due.since(now))
        })
        .await
    }

    /// Waits until no delivery waits or is under way.
    pub(crate) async fn all_settled(&self) {
        self.until("every delivery to be settled", async || {
            (self.open_deliveries().await == 0).then_some(())
        })
        .await;
    }

    /// Waits until nothing is due and nothing under way.
    pub(crate) async fn caught_up(&self) {
        self.until("what is due to be attempted", async || {
            let due = self.engine.store().next_delivery_due().await.unwrap();
            let waits = due.is_none_or(|due| due > self.clock.now());
            (waits && self.under_way().await == 0).then_some(())
        })
        .await;
    }

    async fn under_way(&self) -> usize {
        let filter = DeliveryFilter { state: Some(DeliveryState::Sending), ..DeliveryFilter::default() };
        let mut found = 0;
        for endpoint in self.engine.endpoints(&self.caller).await.unwrap() {
            found += self.engine.deliveries(&self.caller, &endpoint.id, &filter, 1).await.unwrap().len();
        }
        found
    }

    /// Makes so many events for one endpoint, all at once.
    pub(crate) async fn commit_events(&self, endpoint: &EndpointId, count: usize) {
        let (store, now) = (self.engine.store(), self.clock.now());
        let made = (0..count).map(|_| store.test_endpoint(&self.caller.workspace.id, endpoint, now));
        for made in futures::future::join_all(made).await {
            made.unwrap().expect("the endpoint is there");
        }
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Deliveries that wait or are under way.
    pub(crate) async fn open_deliveries(&self) -> i64 {
        self.engine.store().queue_figures().await.unwrap().deliveries
    }

    /// When the next delivery is due.
    pub(crate) async fn next_due(&self) -> Option<Timestamp> {
        self.engine.store().next_delivery_due().await.unwrap()
    }

    /// Waits until something is found, looking whenever the engine has done something.
    pub(crate) async fn until<T>(&self, what: &str, found: impl AsyncFn() -> Option<T>) -> T {
        let mut progress = self.engine.progress();
        let looking = async {
            loop {
                progress.borrow_and_update();
                if let Some(found) = found().await {
                    return found;
                }
                progress.changed().await.unwrap();
            }
        };
        timeout(LONGEST, looking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Lets time pass until it has stopped, though something is under way that never ends.
    pub(crate) async fn pass_until_stopped(mut self) {
        self.ask_to_stop();
        let clock = self.clock.clone();
        let passing = async {
            loop {
                clock.advance(POLL);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            stopped = timeout(LONGEST, &mut self.running) => stopped.expect("a graceful stop ends").unwrap(),
            () = passing => {}
        }
        self.engine.store().close().await;
    }

    /// Stops it gracefully, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.ask_to_stop();
        timeout(LONGEST, &mut self.running).await.expect("a graceful stop ends").unwrap();
        self.engine.store().close().await;
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(mut self) {
        let runtime = self.runtime.take().unwrap();
        spawn_blocking(move || runtime.shutdown_timeout(LONGEST)).await.unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
