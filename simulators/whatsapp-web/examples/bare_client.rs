//! whatsapp-rust with nothing around it but a store in memory: what `make bench` holds the gateway against.
//!
//! ```text
//! bare_client URL SESSIONS
//! ```
//!
//! Each session shows its code as `qr NUMBER CODE` and says `connected NUMBER` when it is linked. Then every line on standard
//! input, `send COUNT TASKS NUMBER,NUMBER,…`, sends so many texts through the first session, so many at once; `sent` follows
//! when all frames are written. The end of the input is the end.
#![expect(clippy::print_stdout, reason = "whoever started it reads what happens")]

use std::{error::Error, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::mpsc,
    task::JoinSet,
};
use whatsapp_rust::{
    Client, Jid, SendOptions,
    bot::{Bot, BotHandle},
    transport::TokioWebSocketTransportFactory,
    wacore::{store::InMemoryBackend, types::events::Event},
    waproto::whatsapp::Message,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: bare_client URL SESSIONS";
    let url = arguments.next().ok_or(usage)?;
    let sessions: usize = arguments.next().ok_or(usage)?.parse()?;
    let mut handles = Vec::new();
    for number in 0..sessions {
        handles.push(linked(&url, number).await?);
    }
    println!("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split(' ').skip(1);
        let count: usize = words.next().ok_or("COUNT")?.parse()?;
        let tasks: usize = words.next().ok_or("TASKS")?.parse()?;
        let people = words.next().ok_or("NUMBERS")?.split(',').map(str::to_owned).collect();
        send(&handles.first().ok_or("no session")?.client(), count, tasks, people).await?;
        println!("sent");
    }
    for handle in handles {
        handle.shutdown().await;
    }
    Ok(())
}

async fn linked(url: &str, number: usize) -> Outcome<BotHandle> {
    let (connected, mut is_connected) = mpsc::unbounded_channel();
    let handle = Bot::builder()
        .with_backend_arc(Arc::new(InMemoryBackend::new()))
        .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(url))
        .with_version((2, 3000, 1_030_000_000))
        .skip_history_sync()
        // As many as the gateway keeps.
        .with_wanted_pre_key_count(100)
        .on_event(move |event, _| {
            match &*event {
                Event::PairingQrCode(shown) => println!("qr {number} {}", shown.code),
                Event::Connected(_) => _ = connected.send(()),
                _ => {}
            }
            async {}
        })
        .build()
        .await?
        .spawn();
    is_connected.recv().await.ok_or("it ended before it was connected")?;
    println!("connected {number}");
    Ok(handle)
}

/// Each task writes to people of its own, so that every chat stays in order, as the gateway keeps it.
async fn send(client: &Arc<Client>, count: usize, tasks: usize, people: Vec<String>) -> Outcome {
    let people = Arc::new(people);
    let mut running = JoinSet::new();
    for task in 0..tasks.min(people.len()) {
        let (client, people) = (Arc::clone(client), Arc::clone(&people));
        let tasks = tasks.min(people.len());
        running.spawn(async move {
            for number in (0..count).filter(|number| number % people.len() % tasks == task) {
                let text =
                    format!("pesan {number} Halo! Pesanan Anda sudah kami terima dan sedang kami siapkan.");
                let message = Message { conversation: Some(text), ..Default::default() };
                let to = Jid::pn(people[number % people.len()].as_str());
                client.send_message_with_options(to, message, SendOptions::default()).await?;
            }
            Ok::<_, whatsapp_rust::SendError>(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}
