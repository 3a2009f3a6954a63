//! How fast the store accepts and works, and whether it stays so when it is full.
//!
//! ```text
//! cargo run --release -p cetar-store --example accept_rate -- sqlite:target/rate.db
//! CETAR_TEST_POSTGRES_FSYNC=on scripts/postgres run -- sh -c \
//!     'cargo run --release -p cetar-store --example accept_rate -- $CETAR_TEST_POSTGRES'
//! ```
//!
//! A second argument fills the database first: `5000000` messages that are done, a lane with 100,000 waiting jobs and a device
//! with 100,000 waiting lanes.
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cetar_model::{
    Channel, Chat, Content, DeviceId, DeviceState, Health, IdSource, Language, Plan, Timestamp, WorkspaceId,
};
use cetar_store::{
    Accepted, Device, MasterKey, NewDevice, NewIdempotency, NewSend, Options, Outcome, Sealer, Settlement,
    Store, Workspace,
};
use sqlx::{Connection, PgConnection, SqliteConnection};

type Outcomes<T = ()> = Result<T, Box<dyn std::error::Error>>;

const CALLERS: usize = 64;
const TIME: Duration = Duration::from_secs(8);
const WAITING: u32 = 100_000;
const NOW: Timestamp = Timestamp::from_secs(1_760_000_000);

struct Probe {
    store: Store,
    ids: Arc<IdSource>,
    workspace: WorkspaceId,
}

#[tokio::main]
async fn main() -> Outcomes {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: accept_rate DATABASE-URL [MESSAGES]")?;
    let messages: u32 = arguments.next().unwrap_or_default().parse().unwrap_or(0);
    let ids = Arc::new(IdSource::new(|bytes| _ = getrandom::fill(bytes)));
    let sealer = Sealer::new(vec![MasterKey::generate([1; 32])]);
    let store = Store::open(Options { url: url.clone(), sealer, ids: Arc::clone(&ids) }).await?;
    let workspace: WorkspaceId = ids.make(NOW);
    store
        .insert_workspace(Workspace {
            id: workspace.clone(),
            name: "probe".into(),
            plan: Plan::default(),
            language: Language::English,
            created_at: NOW,
        })
        .await?;
    let probe = Probe { store, ids, workspace };
    println!("{}, {CALLERS} callers", probe.store.engine());
    let device = probe.device().await?;
    probe.accept("empty database", &device).await?;
    probe.work("empty database", &device).await?;
    if messages > 0 {
        let (lane, lanes) = (probe.device().await?, probe.device().await?);
        let started = Instant::now();
        for sql in filling(&probe, &url, messages, &lane, &lanes) {
            run(&url, &sql).await?;
        }
        println!("filled with {messages} messages in {:?}", started.elapsed());
        let after = format!("after {messages} messages");
        probe.accept(&after, &device).await?;
        probe.work(&after, &device).await?;
        probe.work("a lane of 100,000 waiting jobs", &lane).await?;
        probe.work("100,000 waiting lanes", &lanes).await?;
        probe.accept("into the lane of 100,000", &lane).await?;
    }
    probe.store.close().await;
    Ok(())
}

impl Probe {
    async fn device(&self) -> Outcomes<DeviceId> {
        let id: DeviceId = self.ids.make(NOW);
        let device = Device {
            id: id.clone(),
            workspace: self.workspace.clone(),
            channel: Channel::Whatsapp,
            name: "probe".into(),
            sandbox: false,
            address: None,
            health: Health::new(DeviceState::Connected, None),
            paused: false,
            linked_at: None,
            created_at: NOW,
        };
        self.store.insert_device(NewDevice { device, settings: [].into() }).await?;
        Ok(id)
    }

    fn send(&self, device: &DeviceId, chat: usize) -> NewSend {
        let job = self.ids.make(NOW);
        NewSend {
            message: self.ids.make(NOW),
            conversation: self.ids.make(NOW),
            contact: self.ids.make(NOW),
            workspace: self.workspace.clone(),
            device: device.clone(),
            channel: Channel::Whatsapp,
            to: Chat::new(format!("62812{chat:08}")),
            content: Content::Text { text: "x".repeat(200) },
            client_ref: None,
            request_id: None,
            remote_id: Some(format!("3EB0{job}")),
            idempotency: Some(NewIdempotency {
                scope: "key_1 /v1/messages".into(),
                key: format!("{job}"),
                fingerprint: [7; 32],
                expires_at: NOW + Duration::from_hours(24),
            }),
            job,
            now: NOW,
            expires_at: NOW + Duration::from_hours(24),
        }
    }

    /// Every caller hands in one send after another, each with an idempotency key, for a while.
    async fn accept(&self, what: &str, device: &DeviceId) -> Outcomes {
        let started = Instant::now();
        let callers = (0..CALLERS).map(|caller| async move {
            let mut times = Vec::new();
            while started.elapsed() < TIME {
                let send = self.send(device, (caller * 31 + times.len() * 7) % 2_000);
                let began = Instant::now();
                match self.store.accept(send).await {
                    Ok(Accepted::New) => times.push(began.elapsed()),
                    other => return Err(format!("{other:?}")),
                }
            }
            Ok(times)
        });
        let mut times = Vec::new();
        for caller in futures::future::join_all(callers).await {
            times.extend(caller?);
        }
        report("accept", what, started.elapsed(), times);
        Ok(())
    }

    /// Four workers claim eight jobs at a time and settle them all at once, for a while.
    async fn work(&self, what: &str, device: &DeviceId) -> Outcomes {
        let started = Instant::now();
        let (now, until) = (NOW + Duration::from_secs(1), NOW + Duration::from_secs(16));
        let workers = (0..4).map(|worker| async move {
            let node = format!("node_{worker}");
            let (mut claims, mut settles) = (Vec::new(), Vec::new());
            while started.elapsed() < TIME {
                let began = Instant::now();
                let jobs = self
                    .store
                    .claim(device, &node, now, until, 8)
                    .await
                    .map_err(|error| error.to_string())?;
                claims.push(began.elapsed());
                if jobs.is_empty()
                    && self.store.next_due(device).await.map_err(|error| error.to_string())?.is_none()
                {
                    tokio::task::yield_now().await;
                }
                let settled = jobs.into_iter().map(|job| {
                    let outcome = Outcome::Sent { remote_id: format!("3EB0{}", job.job) };
                    let (lease_token, job) = (job.lease_token, job.job);
                    let node = node.clone();
                    let settlement =
                        Settlement { job, node, lease_token, started_at: now, now, outcome, crashed: false };
                    async {
                        let began = Instant::now();
                        self.store.settle(settlement).await.map(|()| began.elapsed())
                    }
                });
                for settled in futures::future::join_all(settled).await {
                    settles.push(settled.map_err(|error| error.to_string())?);
                }
            }
            Ok::<_, String>((claims, settles))
        });
        let (mut claims, mut settles) = (Vec::new(), Vec::new());
        for worker in futures::future::join_all(workers).await {
            let (some, more) = worker?;
            claims.extend(some);
            settles.extend(more);
        }
        let elapsed = started.elapsed();
        report("claim", what, elapsed, claims);
        report("settle", what, elapsed, settles);
        Ok(())
    }
}

fn report(step: &str, what: &str, elapsed: Duration, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "small numbers, printed")]
    let rate = times.len() as f64 / elapsed.as_secs_f64();
    println!("{step:>7} {rate:>9.0}/s   p50 {:>9.2?}   p99 {:>9.2?}   {what}", at(50), at(99));
}

async fn run(url: &str, sql: &str) -> Outcomes {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut conn = SqliteConnection::connect(&format!("sqlite:{path}")).await?;
        sqlx::raw_sql(sql).execute(&mut conn).await?;
        conn.close().await?;
    } else {
        let mut conn = PgConnection::connect(url).await?;
        sqlx::raw_sql(sql).execute(&mut conn).await?;
    }
    Ok(())
}

/// Rows as the store makes them, by the database itself.
fn filling(probe: &Probe, url: &str, messages: u32, lane: &DeviceId, lanes: &DeviceId) -> Vec<String> {
    let workspace = &probe.workspace;
    let hex = if url.starts_with("sqlite:") { "printf('%032x', i)" } else { "lpad(to_hex(i), 32, '0')" };
    let numbers =
        |n: u32| format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})");
    let now = NOW.as_micros();
    let later = now + 86_400_000_000;
    let mut all = Vec::new();
    // Name, device, rows, rows a conversation, state of message and job.
    for (mark, device, rows, each, state, job_state) in [
        ("a", "dev_0", messages, 50, "read", "done"),
        ("b", lane.as_str(), WAITING, WAITING, "queued", "ready"),
        ("c", lanes.as_str(), WAITING, 1, "queued", "ready"),
    ] {
        let with = numbers(rows);
        let conversation = format!("'cnv_{mark}' || ((i - 1) / {each})");
        let id = |prefix: &str| format!("'{prefix}_{mark}' || substr({hex}, 2)");
        let (message, job) = (id("msg"), id("job"));
        let sequence = format!("(i - 1) % {each} + 1");
        let head = if job_state == "ready" { format!("({sequence}) = 1") } else { "FALSE".to_owned() };
        // A real id for each conversation of the last two, which are worked on.
        all.push(format!(
            "{} INSERT INTO conversations (id, workspace, device, channel, chat, is_group, last_sequence, last_message_at, created_at) \
             SELECT 'cnv_{mark}' || (i - 1), '{workspace}', '{device}', 'whatsapp', '62812' || substr('0000000' || (i - 1), -8), FALSE, {each}, {now}, {now} FROM n",
            numbers(rows.div_ceil(each))
        ).replace("substr('0000000' || (i - 1), -8)", if url.starts_with("sqlite:") { "printf('%08d', i - 1)" } else { "lpad((i - 1)::text, 8, '0')" }));
        all.push(format!(
            "{with} INSERT INTO messages (id, workspace, device, channel, conversation, sequence, job, direction, sender_is_alias, \
               content, state, state_at, remote_id, created_at) \
             SELECT {message}, '{workspace}', '{device}', 'whatsapp', {conversation}, {sequence}, {job}, 'out', FALSE, \
               '{{\"type\":\"text\",\"text\":\"{}\"}}', '{state}', {now}, {job}, {now} FROM n",
            "x".repeat(200)
        ));
        all.push(format!(
            "{with} INSERT INTO jobs (id, workspace, device, conversation, message, sequence, state, at_head, run_at, expires_at, \
               attempts, crashes, lease_token, created_at) \
             SELECT {job}, '{workspace}', '{device}', {conversation}, {message}, {sequence}, '{job_state}', {head}, {now}, {later}, \
               0, 0, 0, {now} FROM n"
        ));
    }
    all
}
