//! Accepts sends as fast as the store does by itself, with no HTTP, for `make bench`: what no server over it can exceed.
//!
//! ```text
//! cargo run --release -p cetar-store --example accept -- DATABASE-URL CALLERS SECONDS
//! ```
//!
//! On SQLite the file must be new; on PostgreSQL a database of its own is made beside the one named, and removed. Prints how many a second
//! were committed, and the processor time of this process for each, in microseconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use cetar_model::{
    Channel, Chat, Content, DeviceState, Health, IdSource, Language, MessageId, Plan, Timestamp,
};
use cetar_store::{
    Accepted, Device, MasterKey, NewDevice, NewSend, Options, Sealer, SentRequest, Store, Workspace,
};
use sqlx::{Connection, Executor, PgConnection};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// As in the measurement over HTTP.
const PEOPLE: u64 = 1000;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, callers, seconds] = arguments.as_slice() else {
        return Err("usage: accept DATABASE-URL CALLERS SECONDS".into());
    };
    let (callers, length) = (callers.parse()?, Duration::from_secs(seconds.parse()?));
    if url.starts_with("sqlite:") {
        return measure(url, callers, length).await;
    }
    let (server, _) = url.rsplit_once('/').ok_or("the URL names no database")?;
    let mut conn = PgConnection::connect(url).await?;
    conn.execute("CREATE DATABASE cetar_alone").await?;
    let measured = measure(&format!("{server}/cetar_alone"), callers, length).await;
    conn.execute("DROP DATABASE cetar_alone WITH (FORCE)").await?;
    measured
}

async fn measure(url: &str, callers: u64, length: Duration) -> Outcome {
    let ids = Arc::new(IdSource::new(|bytes| getrandom::fill(bytes).unwrap_or(())));
    let sealer = Sealer::new(vec![MasterKey::generate([7; 32])]);
    let store = Store::open(Options { url: url.to_owned(), sealer, ids: Arc::clone(&ids) }).await?;
    let model = model(&store, &ids).await?;

    let done = Arc::new(AtomicU64::new(0));
    let (started, before) = (Instant::now(), cpu()?);
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (store, ids, done, model) = (store.clone(), Arc::clone(&ids), Arc::clone(&done), model.clone());
        tasks.spawn(async move {
            for number in 0.. {
                if started.elapsed() >= length {
                    break;
                }
                let send = send(&model, &ids, (caller + number * callers) % PEOPLE);
                if !matches!(store.accept(send).await, Ok(Accepted::New)) {
                    return Err("a send was not accepted");
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let (accepted, took) = (done.load(Ordering::Relaxed), started.elapsed());
    let cpu = cpu()?.saturating_sub(before);
    store.close().await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let accepted = accepted as f64;
    #[expect(clippy::print_stdout, reason = "its one purpose")]
    {
        println!("{:.0} {:.1}", accepted / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / accepted);
    }
    Ok(())
}

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "rows of now")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A send of a workspace and a device that are there, to be made anew each time.
async fn model(store: &Store, ids: &IdSource) -> Outcome<NewSend> {
    let now = now();
    let workspace = Workspace {
        id: ids.make(now),
        name: "Toko".into(),
        plan: Plan::default(),
        language: Language::English,
        time_zone: "Asia/Jakarta".into(),
        created_at: now,
    };
    let device = Device {
        id: ids.make(now),
        workspace: workspace.id.clone(),
        channel: Channel::Whatsapp,
        name: "Kasir".into(),
        sandbox: true,
        address: Some("6281100000000".into()),
        health: Health::new(DeviceState::Connected, None),
        paused: true,
        paced: false,
        linked_at: Some(now),
        created_at: now,
    };
    let text = "Halo! Pesanan Anda sudah kami terima dan sedang kami siapkan. Terima kasih.";
    let model = NewSend {
        remote_id: None,
        message: ids.make(now),
        job: ids.make(now),
        conversation: ids.make(now),
        contact: ids.make(now),
        workspace: workspace.id.clone(),
        device: device.id.clone(),
        channel: Channel::Whatsapp,
        to: Chat::new("628120001000"),
        content: Content::Text { text: text.into() },
        reply_to: None,
        tag: None,
        client_ref: None,
        request_id: Some("req_0123456789".into()),
        request: Some(SentRequest {
            path: "/v1/messages".into(),
            body: format!(
                r#"{{"channel":"whatsapp","type":"text","to":"628120001000","content":{{"text":"{text}"}}}}"#
            ),
            size: 140,
        }),
        idempotency: None,
        now,
        expires_at: now + Duration::from_hours(24),
    };
    store.insert_workspace(workspace).await?;
    store.insert_device(NewDevice { device, settings: [].into() }).await?;
    Ok(model)
}

fn send(model: &NewSend, ids: &IdSource, person: u64) -> NewSend {
    let now = now();
    let message: MessageId = ids.make(now);
    NewSend {
        remote_id: Some(format!("3EB0{}", &message.as_str()[4..])),
        message,
        job: ids.make(now),
        conversation: ids.make(now),
        contact: ids.make(now),
        to: Chat::new(format!("62812000{:04}", 1000 + person)),
        now,
        expires_at: now + Duration::from_hours(24),
        ..model.clone()
    }
}

/// Processor time of this process so far.
fn cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // After the name, which may hold spaces: user and system time are the 14th and the 15th, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
