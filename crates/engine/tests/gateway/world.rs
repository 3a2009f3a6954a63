//! A machine, its processes, and the network they talk to. A process that is dropped must have left no open job, unless the test
//! says that it means to.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cetar_engine::{
    Engine, Parts, Providers, Settings,
    accept::{AcceptError, AcceptedSend, SendRequest},
    auth::Caller,
    delivery::{Request, Response, Transport, TransportError},
    jobs::JobView,
    media::Setup,
};
use cetar_model::Clock;
use cetar_model::{
    Channel, Chat, Content, DeviceId, DeviceState, Health, IdSource, JobId, MessageState, Timestamp,
};
use cetar_provider::{
    Provider, http,
    testkit::{ManualClock, ScriptedProvider},
};
use cetar_store::{Device, MasterKey, NewDevice, Options, Sealer, Store};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::reader::TextReader;

/// Longer than anything takes that happens at all: a test that waits this long has failed.
const LONGEST: Duration = Duration::from_secs(20);

/// The first process of a machine.
pub(crate) const NODE: &str = "node_a";
/// Another.
pub(crate) const OTHER_NODE: &str = "node_b";

/// Where the data lives, the clock on its wall, and the network outside.
pub(crate) struct World {
    data: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) network: Arc<ScriptedProvider>,
    providers: Mutex<Providers>,
    receiver: Arc<Receiver>,
}

impl World {
    /// On whose network a message may be sent again.
    pub(crate) fn new() -> Self {
        Self::on(ScriptedProvider::new(true))
    }

    /// On whose network a repeat would be a second message.
    pub(crate) fn where_a_repeat_is_a_second_message() -> Self {
        Self::on(ScriptedProvider::new(false))
    }

    pub(crate) fn on(network: ScriptedProvider) -> Self {
        let network = Arc::new(network);
        let world = Self {
            data: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::default()),
            network: Arc::clone(&network),
            providers: Mutex::default(),
            receiver: Arc::default(),
        };
        world.provide(Channel::Whatsapp, network);
        for channel in Channel::ALL.iter().copied() {
            let simulated: Arc<dyn Provider> = Arc::new(ScriptedProvider::new(true));
            world.providers.lock().unwrap().sandbox.insert(channel, simulated);
        }
        world
    }

    /// Lets processes that start from now on serve this channel.
    pub(crate) fn provide(&self, channel: Channel, provider: Arc<dyn Provider>) {
        self.providers.lock().unwrap().real.insert(channel, provider);
    }

    /// Starts the machine's process, with one linked WhatsApp device, and waits until that is connected.
    pub(crate) async fn start(&self) -> Node {
        let node = self.start_as(NODE).await;
        node.until("the process to be ready", async || node.engine.ready().await.is_ok()).await;
        node.device_is(DeviceState::Connected).await;
        node
    }

    /// An engine that does not run, on whatever data there is.
    pub(crate) fn open(&self, name: &str) -> impl Future<Output = Engine> + Send + use<> {
        let ids = Arc::new(IdSource::new(different_bytes));
        let options = Options {
            url: format!("sqlite:{}", self.data.path().join("cetar.db").display()),
            sealer: Sealer::new(vec![MasterKey::generate([7; 32])]),
            ids: ids.clone(),
        };
        let (providers, clock) = (self.providers.lock().unwrap().clone(), self.clock.clone());
        let (node, webhooks) = (name.to_owned(), Arc::clone(&self.receiver));
        let folder = self.media_folder();
        // Loopback is where a test's site stands; everything else is guarded as in production.
        let allow = vec!["127.0.0.1/32".parse().unwrap()];
        let http = http::Options { allow, plain_http: true, ..http::Options::default() };
        let http = http::Client::new(http).unwrap();
        async move {
            let store = Store::open(options).await.unwrap();
            let settings = Settings::default();
            let (media, replies) = (Setup::new(folder, http), Arc::new(TextReader));
            Engine::new(Parts { store, providers, clock, ids, node, webhooks, replies, media, settings })
        }
    }

    /// Starts a process by this name.
    pub(crate) async fn start_as(&self, name: &str) -> Node {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // The store's own tasks are part of the process, and end with it.
        let engine = runtime.spawn(self.open(name)).await.unwrap();
        let workspace = match engine.workspaces().await.unwrap().into_iter().next() {
            Some(workspace) => workspace,
            None => engine.add_workspace("Toko Budi".to_owned()).await.unwrap(),
        };
        let operator = engine.operator(workspace);
        let there = engine.store().devices(&operator.workspace.id).await.unwrap();
        let device = match there.into_iter().next() {
            Some(device) => device.id,
            None => insert_device(&engine, &operator, Channel::Whatsapp, true).await,
        };
        let stop = CancellationToken::new();
        let running = runtime.spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(stop).await }
        });
        Node {
            engine,
            operator,
            device,
            clock: self.clock.clone(),
            may_leave_jobs: AtomicBool::new(false),
            stop,
            running,
            runtime: Some(runtime),
        }
    }

    /// Where media are kept.
    pub(crate) fn media_folder(&self) -> PathBuf {
        self.data.path().join("media")
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Texts attempted so far, in order.
    pub(crate) fn attempted(&self) -> Vec<String> {
        self.network.attempts().into_iter().map(|(_, text, _)| text).collect()
    }

    /// The events that webhooks were told of, by name.
    pub(crate) fn told(&self) -> Vec<String> {
        let bodies = self.receiver.bodies.lock().unwrap();
        let name = |body: &String| {
            let event: serde_json::Value = serde_json::from_str(body).unwrap();
            event["event"].as_str().unwrap().to_owned()
        };
        bodies.iter().map(name).collect()
    }

    /// The webhooks told so far, in order.
    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        let bodies = self.receiver.bodies.lock().unwrap();
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// Waits until so many webhooks were posted, answered or not.
    pub(crate) async fn has_told(&self, count: usize) {
        let told = async {
            while self.told().len() < count {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONGEST, told).await.unwrap_or_else(|_| panic!("waited in vain for {count} webhooks"));
    }

    /// Lets the receiver wait with its answer to the next webhook of which none was said yet, until it is given here.
    pub(crate) fn next_answer(&self) -> oneshot::Sender<(u16, String)> {
        let (answer, given) = oneshot::channel();
        self.receiver.answers.lock().unwrap().push_back(given);
        answer
    }

    /// Has the receiver answer the next webhook with this.
    pub(crate) fn answer(&self, status: u16, body: &str) {
        self.next_answer().send((status, body.to_owned())).unwrap();
    }

    /// Waits until so many sessions run on the network.
    pub(crate) async fn sessions_are(&self, count: usize) {
        let mut running = self.network.running();
        let seen = running.wait_for(|running| *running == count);
        let seen =
            timeout(LONGEST, seen).await.unwrap_or_else(|_| panic!("waited in vain for {count} sessions"));
        seen.unwrap();
    }
}

/// A device that was linked before, or never was.
async fn insert_device(engine: &Engine, caller: &Caller, channel: Channel, linked: bool) -> DeviceId {
    let now = engine.clock().now();
    let state = if linked { DeviceState::Connecting } else { DeviceState::Unlinked };
    let device = Device {
        id: fresh_ids().make(now),
        workspace: caller.workspace.id.clone(),
        channel,
        name: "Toko".to_owned(),
        sandbox: false,
        address: linked.then(|| "628111111111".to_owned()),
        health: Health::new(state, None),
        paused: false,
        paced: true,
        linked_at: linked.then_some(now),
        created_at: now,
    };
    let id = device.id.clone();
    engine.store().insert_device(NewDevice { device, settings: BTreeMap::new() }).await.unwrap();
    id
}

fn fresh_ids() -> IdSource {
    IdSource::new(different_bytes)
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

/// A receiver that takes everything, and remembers the bodies.
#[derive(Default)]
struct Receiver {
    bodies: Mutex<Vec<String>>,
    /// What it answers to the next, in order, once a test says it; then nothing.
    answers: Mutex<VecDeque<oneshot::Receiver<(u16, String)>>>,
}

#[async_trait]
impl Transport for Receiver {
    fn permits(&self, _url: &str) -> Result<(), String> {
        Ok(())
    }
    async fn post(&self, request: Request) -> Result<Response, TransportError> {
        self.bodies.lock().unwrap().push(String::from_utf8(request.body.to_vec()).unwrap());
        let answer = self.answers.lock().unwrap().pop_front();
        let (status, body) = match answer {
            Some(answer) => answer.await.unwrap(),
            None => (200, String::new()),
        };
        Ok(Response { status, retry_after: None, body, whole: true })
    }
}

/// One process.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    /// In the one workspace.
    pub(crate) operator: Caller,
    /// The first device.
    pub(crate) device: DeviceId,
    clock: Arc<ManualClock>,
    may_leave_jobs: AtomicBool,
    stop: CancellationToken,
    running: JoinHandle<()>,
    runtime: Option<Runtime>,
}

impl Node {
    /// A text on WhatsApp.
    pub(crate) fn text(to: &str, text: &str) -> SendRequest {
        SendRequest {
            channel: Channel::Whatsapp,
            to: Chat::new(to),
            content: Content::Text { text: text.to_owned() },
            device: None,
            reply_to: None,
            tag: None,
            client_ref: None,
            expires_in: None,
            request_id: None,
            request: None,
            idempotency: None,
        }
    }

    /// Has it accepted.
    pub(crate) async fn send(&self, to: &str, text: &str) -> JobId {
        self.accept(Self::text(to, text)).await.unwrap().job
    }

    /// The same, with every outcome.
    pub(crate) async fn accept(&self, request: SendRequest) -> Result<AcceptedSend, AcceptError> {
        self.engine.accept(&self.operator, request).await
    }

    /// Lets another process add a device, and a second pass, after which this one sees it.
    pub(crate) async fn device_appears(&self, channel: Channel, linked: bool) -> DeviceId {
        let id = insert_device(&self.engine, &self.operator, channel, linked).await;
        self.pass(Duration::from_secs(1));
        id
    }

    /// A job as its owner sees it.
    pub(crate) async fn job(&self, id: &JobId) -> JobView {
        self.engine.job(&self.operator, id).await.unwrap().expect("a job")
    }

    /// The state of its message.
    pub(crate) async fn state(&self, id: &JobId) -> MessageState {
        self.job(id).await.job.message.state
    }

    /// How each of its attempts ended.
    pub(crate) async fn history(&self, id: &JobId) -> Vec<String> {
        self.job(id).await.job.history.into_iter().map(|attempt| attempt.outcome).collect()
    }

    /// Waits until a message is in this state.
    pub(crate) async fn message_is(&self, id: &JobId, state: MessageState) {
        let what = format!("a message to be {state}");
        self.until(&what, async || self.state(id).await == state).await;
    }

    /// The first device's health, as shown.
    pub(crate) async fn health(&self) -> Health {
        self.engine.device(&self.operator, &self.device).await.unwrap().expect("a device").health
    }

    /// The first device's health, as stored.
    pub(crate) async fn stored_health(&self) -> Health {
        let stored = self.engine.store().device(&self.operator.workspace.id, &self.device).await;
        stored.unwrap().expect("a device").health
    }

    /// Waits until the first device shows this state, and it is stored.
    pub(crate) async fn device_is(&self, state: DeviceState) {
        let what = format!("the device to be {state}");
        self.until(&what, async || {
            self.health().await.state == state && self.stored_health().await.state == state
        })
        .await;
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets so much time pass that leases are renewed, and waits until they are.
    pub(crate) async fn pass_and_renew(&self) {
        self.pass(Settings::default().lease / 3);
        let now = self.clock.now();
        self.until("the leases to be renewed", async || self.engine.leases_renewed_at() == now).await;
    }

    /// Waits until nothing more happens without time passing or the network changing: no attempt is under way, and no job could be
    /// tried now.
    pub(crate) async fn run_until_idle(&self) {
        self.until("nothing to be under way", async || self.is_idle().await).await;
    }

    /// Lets time pass from one due moment to the next until nothing is open that time alone would bring forward.
    pub(crate) async fn run_to_the_end(&self) {
        loop {
            self.run_until_idle().await;
            let now = self.clock.now();
            let mut next: Option<Timestamp> = None;
            for device in self.engine.devices(&self.operator).await.unwrap() {
                let due = self.engine.store().next_due(&device.id).await.unwrap();
                next = next.into_iter().chain(due.filter(|at| *at > now)).min();
            }
            let Some(at) = next else { break };
            self.pass(at.since(now));
        }
    }

    async fn is_idle(&self) -> bool {
        let store = self.engine.store();
        let before = *self.engine.progress().borrow();
        for device in store.due_devices(self.clock.now()).await.unwrap() {
            let device = self.engine.device(&self.operator, &device).await.unwrap().expect("a device");
            if device.health.state.can_send() {
                return false;
            }
        }
        // An attempt counts until its outcome is on disk and told, so what it made due would have shown above.
        self.engine.attempts_under_way() == 0 && *self.engine.progress().borrow() == before
    }

    /// Waits until something is so. It is looked at whenever the engine has moved.
    pub(crate) async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let mut progress = self.engine.progress();
        let looking = async {
            loop {
                progress.borrow_and_update();
                if is_so().await {
                    return;
                }
                progress.changed().await.unwrap();
            }
        };
        timeout(LONGEST, looking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
    }

    /// This test ends with jobs still open, and means it.
    pub(crate) fn leaves_open_jobs(&self) {
        self.may_leave_jobs.store(true, Ordering::Relaxed);
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Stops it gracefully, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.leaves_open_jobs();
        self.ask_to_stop();
        timeout(LONGEST, &mut self.running).await.expect("a graceful stop ends").unwrap();
        self.engine.store().close().await;
    }

    /// Ends it where it stands, as a crash would.
    pub(crate) async fn kill(mut self) {
        self.leaves_open_jobs();
        let runtime = self.runtime.take().unwrap();
        spawn_blocking(move || runtime.shutdown_timeout(LONGEST)).await.unwrap();
    }

    fn open_jobs(&self, runtime: &Runtime) -> i64 {
        // Dropped within a test's own runtime, which would not let another be waited for.
        std::thread::scope(|scope| {
            let counting = scope.spawn(|| runtime.block_on(self.engine.store().queue_figures()));
            counting.join().unwrap().map_or(0, |figures| figures.open)
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let check = !self.may_leave_jobs.load(Ordering::Relaxed) && !std::thread::panicking();
        let open = if check { self.open_jobs(&runtime) } else { 0 };
        runtime.shutdown_background();
        assert_eq!(open, 0, "the test left jobs open and did not say that it means to");
    }
}

/// From here.
pub(crate) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
