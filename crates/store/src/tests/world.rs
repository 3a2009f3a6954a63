//! A fresh database for each test, on either engine, with the people and devices tests speak of.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use cetar_model::{
    AttemptOutcome, Channel, Chat, Content, DeviceId, DeviceState, EndpointId, Event, Health, IdSource,
    JobId, Language, MessageState, Plan, Receipt, Timestamp, WorkspaceId,
};
use futures::FutureExt;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::{
    Accepted, ClaimedDelivery, ClaimedJob, Cutoffs, Device, DeviceLease, Endpoint, Job, MasterKey, NewDevice,
    NewEndpoint, NewIdempotency, NewInbound, NewReceipt, NewSend, OpenError, Options, Outcome, PrunePlace,
    Sealer, Settlement, Store, Workspace,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Declares tests once and runs each on both engines.
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: &World) $body:block)*) => {
        $($(#[$doc])* async fn $name($world: &World) $body)*
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use $crate::tests::world::{Kind, World};
                World::run(Kind::Sqlite, |world| Box::pin(super::$name(world))).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use $crate::tests::world::{Kind, World};
                World::run(Kind::Postgres, |world| Box::pin(super::$name(world))).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// The node of these tests.
pub(crate) const NODE: &str = "node_a";
/// A lease that lasts for a test.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) workspace: WorkspaceId,
    now: AtomicI64,
    dir: tempfile::TempDir,
}

pub(crate) type Test = for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Fails rather than skips: a test that did not run proves nothing.
pub(crate) fn postgres_server() -> String {
    match std::env::var_os("CETAR_TEST_POSTGRES") {
        Some(url) => url.into_string().unwrap(),
        None => panic!(
            "CETAR_TEST_POSTGRES is not set: run the tests as `scripts/postgres run -- cargo nextest run -p cetar-store`"
        ),
    }
}

pub(crate) fn ids() -> Arc<IdSource> {
    Arc::new(IdSource::new(|bytes| getrandom::fill(bytes).unwrap()))
}

pub(crate) fn sealer(key: u8) -> Sealer {
    Sealer::new(vec![MasterKey::generate([key; 32])])
}

/// Statements of a test's own, past the store. Only for what the store itself would never do.
pub(crate) async fn raw(url: &str, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
        let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}

/// One number, asked past the store.
pub(crate) async fn number(url: &str, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
        let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    } else {
        let mut conn = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }
}

/// A database of its own: made before, removed after, whatever becomes of `test`.
pub(crate) async fn with_database<F, T>(kind: Kind, test: F) -> T
where
    F: AsyncFnOnce(String, &tempfile::TempDir) -> T,
{
    static MADE: AtomicU32 = AtomicU32::new(0);
    let dir = tempfile::tempdir().unwrap();
    match kind {
        Kind::Sqlite => {
            let url = format!("sqlite:{}", dir.path().join("cetar.db").display());
            test(url, &dir).await
        }
        Kind::Postgres => {
            let server = postgres_server();
            let n = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("cetar_{}_{n}_{:08x}", std::process::id(), ids().random::<1>()[0]);
            raw(&server, &format!("CREATE DATABASE {name}")).await;
            let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
            let outcome = AssertUnwindSafe(test(url, &dir)).catch_unwind().await;
            raw(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }
    }
}

pub(crate) async fn open(url: &str, key: u8) -> Result<Store, OpenError> {
    Store::open(Options { url: url.to_owned(), sealer: sealer(key), ids: ids() }).await
}

impl World {
    pub(crate) async fn run(kind: Kind, test: Test) {
        with_database(kind, async |url, dir| {
            let world = Self::new(kind, url, dir).await;
            test(&world).await;
            world.store.close().await;
        })
        .await;
    }

    async fn new(kind: Kind, url: String, dir: &tempfile::TempDir) -> Self {
        let ids = ids();
        let options = Options { url: url.clone(), sealer: sealer(1), ids: Arc::clone(&ids) };
        let store = Store::open(options).await.unwrap();
        let start = Timestamp::from_secs(1_760_000_000);
        let workspace: WorkspaceId = ids.make(start);
        let world = Self {
            kind,
            url,
            store,
            ids,
            workspace: workspace.clone(),
            now: AtomicI64::new(start.as_micros()),
            dir: tempfile::tempdir_in(dir.path()).unwrap(),
        };
        let workspace = Workspace {
            id: workspace,
            name: "Toko".into(),
            plan: Plan::default(),
            language: Language::English,
            time_zone: "Asia/Jakarta".into(),
            created_at: start,
        };
        world.store.insert_workspace(workspace).await.unwrap();
        world
    }

    /// Somebody else.
    pub(crate) async fn another_workspace(&self) -> WorkspaceId {
        let own = self.store.workspace(&self.workspace).await.unwrap().unwrap();
        let id: WorkspaceId = self.ids.make(self.now());
        self.store.insert_workspace(Workspace { id: id.clone(), ..own }).await.unwrap();
        id
    }

    /// A directory of the test's own.
    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, time: Duration) -> Timestamp {
        self.now.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
        self.now()
    }

    pub(crate) async fn raw(&self, sql: &str) {
        raw(&self.url, sql).await;
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        number(&self.url, sql).await
    }

    /// One whole turn of pruning, `limit` rows at a time. What each step that found something deleted.
    pub(crate) async fn prune(&self, cutoffs: Cutoffs, limit: usize) -> Vec<usize> {
        let (mut place, mut gone) = (Some(PrunePlace::default()), Vec::new());
        while let Some(from) = place {
            let step = self.store.prune(cutoffs, from, limit).await.unwrap();
            gone.extend((step.gone > 0).then_some(step.gone));
            place = step.next;
        }
        gone
    }

    /// A linked, connected device.
    pub(crate) async fn device(&self) -> DeviceId {
        let id: DeviceId = self.ids.make(self.now());
        let device = Device {
            id: id.clone(),
            workspace: self.workspace.clone(),
            channel: Channel::Whatsapp,
            name: "Kasir".into(),
            sandbox: false,
            address: Some("6281100000000".into()),
            health: Health::new(DeviceState::Connected, None),
            paused: false,
            paced: true,
            linked_at: Some(self.now()),
            created_at: self.now(),
        };
        self.store.insert_device(NewDevice { device, settings: [].into() }).await.unwrap();
        id
    }

    /// A device and the right to run it.
    pub(crate) async fn leased(&self) -> (DeviceId, DeviceLease) {
        let device = self.device().await;
        let lease = self.lease(&device, NODE).await.unwrap();
        (device, lease)
    }

    pub(crate) async fn lease(&self, device: &DeviceId, node: &str) -> Option<DeviceLease> {
        self.store.lease_device(device, node, self.now(), self.now() + LEASE).await.unwrap()
    }

    pub(crate) fn send(&self, device: &DeviceId, to: &str, text: &str) -> NewSend {
        let now = self.now();
        let message: cetar_model::MessageId = self.ids.make(now);
        NewSend {
            remote_id: Some(format!("R{}", &message.as_str()[4..])),
            message,
            job: self.ids.make(now),
            conversation: self.ids.make(now),
            contact: self.ids.make(now),
            workspace: self.workspace.clone(),
            device: device.clone(),
            channel: Channel::Whatsapp,
            to: Chat::new(to),
            content: Content::Text { text: text.into() },
            reply_to: None,
            tag: None,
            client_ref: Some(format!("ref-{text}")),
            request_id: Some("req_1".into()),
            request: None,
            idempotency: None,
            now,
            expires_at: now + Duration::from_hours(24),
        }
    }

    /// A send under an idempotency key, good for 24 hours.
    pub(crate) fn keyed(&self, device: &DeviceId, to: &str, text: &str, key: &str) -> NewSend {
        let mut fingerprint = [0; 32];
        fingerprint[..text.len().min(32)].copy_from_slice(&text.as_bytes()[..text.len().min(32)]);
        let idempotency = NewIdempotency {
            scope: "key_1 /v1/messages".into(),
            key: key.into(),
            fingerprint,
            expires_at: self.now() + Duration::from_hours(24),
        };
        NewSend { idempotency: Some(idempotency), ..self.send(device, to, text) }
    }

    /// Accepts a text and returns its job.
    pub(crate) async fn accept(&self, device: &DeviceId, to: &str, text: &str) -> NewSend {
        let send = self.send(device, to, text);
        assert_eq!(self.store.accept(send.clone()).await.unwrap(), Accepted::New);
        send
    }

    pub(crate) async fn claim(&self, device: &DeviceId) -> Vec<ClaimedJob> {
        self.store.claim(device, NODE, self.now(), self.now() + LEASE, 100).await.unwrap()
    }

    /// Claims the one job that is due.
    pub(crate) async fn claim_one(&self, device: &DeviceId) -> ClaimedJob {
        let mut jobs = self.claim(device).await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    pub(crate) fn settlement(&self, job: &ClaimedJob, outcome: Outcome) -> Settlement {
        Settlement {
            job: job.job.clone(),
            node: NODE.into(),
            lease_token: job.lease_token,
            started_at: self.now(),
            now: self.now(),
            outcome,
            crashed: false,
        }
    }

    pub(crate) async fn settle(&self, job: &ClaimedJob, outcome: Outcome) {
        self.store.settle(self.settlement(job, outcome)).await.unwrap();
    }

    pub(crate) async fn sent(&self, job: &ClaimedJob) {
        self.settle(job, sent(&job.message)).await;
    }

    pub(crate) async fn job(&self, id: &JobId) -> Job {
        self.store.job(&self.workspace, id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: &JobId) -> MessageState {
        self.job(id).await.message.state
    }

    pub(crate) fn receipt(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        ids: &[&str],
        receipt: Receipt,
    ) -> NewReceipt {
        NewReceipt {
            device: device.clone(),
            lease,
            remote_ids: ids.iter().map(|&id| id.to_owned()).collect(),
            receipt,
            failure: None,
            at: self.now(),
            now: self.now(),
        }
    }

    pub(crate) fn inbound(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        from: &str,
        text: &str,
    ) -> NewInbound {
        let now = self.now();
        let message: cetar_model::MessageId = self.ids.make(now);
        NewInbound {
            remote_id: format!("I{}", &message.as_str()[4..]),
            message,
            event: self.ids.make(now),
            conversation: self.ids.make(now),
            contact: self.ids.make(now),
            device: device.clone(),
            lease: Some(lease),
            chat: Chat::new(from),
            from: Chat::new(from),
            from_alias: false,
            group: false,
            echo: false,
            sender_name: Some("Budi".into()),
            content: Content::Text { text: text.into() },
            wanted: None,
            media_url: None,
            reply_to: None,
            raw: None,
            sent_at: now,
            now,
        }
    }

    /// An endpoint for these events; none means all.
    pub(crate) async fn endpoint(&self, events: &[&str]) -> EndpointId {
        self.endpoint_with(|new| {
            new.endpoint.events = events.iter().map(|event| event.parse().unwrap()).collect();
        })
        .await
    }

    /// An endpoint for all events, changed before it is added.
    pub(crate) async fn endpoint_with(&self, change: impl FnOnce(&mut NewEndpoint)) -> EndpointId {
        let mut new = self.new_endpoint();
        change(&mut new);
        let id = new.endpoint.id.clone();
        assert!(self.store.insert_endpoint(new, usize::MAX).await.unwrap());
        id
    }

    pub(crate) fn new_endpoint(&self) -> NewEndpoint {
        let endpoint = Endpoint {
            id: self.ids.make(self.now()),
            workspace: self.workspace.clone(),
            url: "https://toko.example/hook".into(),
            events: Vec::new(),
            device: None,
            headers: Vec::new(),
            ordered: false,
            legacy_signature: false,
            replies: false,
            paused_at: None,
            disabled: None,
            failures: 0,
            failing_since: None,
            not_before: None,
            created_at: self.now(),
        };
        NewEndpoint { endpoint, secret: "whsec_dG9rbw==".into(), headers: Vec::new() }
    }

    /// An endpoint as it is now.
    pub(crate) async fn endpoint_now(&self, id: &EndpointId) -> Endpoint {
        self.store.endpoint(&self.workspace, id).await.unwrap().unwrap()
    }

    pub(crate) async fn deliveries(&self) -> Vec<ClaimedDelivery> {
        self.store.claim_deliveries(NODE, self.now(), self.now() + LEASE, 1000, 1000).await.unwrap()
    }

    /// The events waiting for delivery, oldest first, as their names and bodies.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let mut claimed = self.deliveries().await;
        claimed.sort_by(|a, b| a.delivery.cmp(&b.delivery));
        claimed.iter().map(|delivery| serde_json::from_str(&delivery.body).unwrap()).collect()
    }
}

/// What the network answers when it takes a message.
pub(crate) fn sent(message: &cetar_model::MessageId) -> Outcome {
    Outcome::Sent { remote_id: format!("R{}", &message.as_str()[4..]) }
}

pub(crate) fn again(run_at: Timestamp) -> Outcome {
    Outcome::Again {
        run_at,
        counts: true,
        class: AttemptOutcome::NotSent,
        detail: "connection refused".into(),
    }
}
