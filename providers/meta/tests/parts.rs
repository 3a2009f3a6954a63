//! Messages that Meta cannot carry in one piece: sound with a text, through a number.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::{sync::Arc, time::Duration};

use cetar_meta::{Meta, Settings};
use cetar_model::{
    Channel, Chat, Clock, Content, DeviceState, FailureCode, IdSource, Language, Media, MediaId, MediaSource,
    SendError,
};
use cetar_provider::{
    Account, Host, Inbound, Outbound, Provider, Session, http,
    testkit::{ManualClock, MemoryHost},
};
use cetar_simulator_graph as graph;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const BUDI: &str = "6281234567890";
const DAY: Duration = Duration::from_hours(24);

/// A number that is connected.
struct World {
    graph: graph::Simulator,
    clock: Arc<ManualClock>,
    host: Arc<MemoryHost>,
    meta: Meta,
    account: Account,
    session: Arc<dyn Session>,
    running: JoinSet<()>,
}

impl World {
    async fn connected() -> Self {
        let graph = graph::Simulator::start().await.expect("a free port");
        graph.add(graph::Account {
            kind: graph::Kind::Number,
            id: "987".to_owned(),
            waba: "123".to_owned(),
            token: "token".to_owned(),
            app_secret: "rahasia".to_owned(),
            display: "628123456789".to_owned(),
        });
        let clock = Arc::new(ManualClock::default());
        let options = http::Options {
            allow: vec!["127.0.0.1/32".parse().expect("a network")],
            plain_http: true,
            ..http::Options::default()
        };
        let mut settings = Settings::new(http::Client::new(options).expect("a client"), clock.clone());
        graph.url().clone_into(&mut settings.graph_url);
        let secrets = [
            ("phone_number_id", "987"),
            ("waba_id", "123"),
            ("access_token", "token"),
            ("app_secret", "rahasia"),
            ("verify_token", "v"),
        ];
        let account = Account {
            device: "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().expect("an id"),
            channel: Channel::WhatsappOfficial,
            address: None,
            settings: secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            language: Language::Indonesian,
        };
        let meta = Meta::new(Channel::WhatsappOfficial, settings);
        let (host, told) = MemoryHost::new(clock.clone());
        let session = meta.open(account.clone(), host.clone()).expect("good settings");
        let mut world = Self { graph, clock, host, meta, account, session, running: JoinSet::new() };
        world.run(told).await;
        world
    }

    /// Runs the session until it is connected, and on.
    async fn run(&mut self, mut told: tokio::sync::mpsc::UnboundedReceiver<Inbound>) {
        let session = self.session.clone();
        self.running.spawn(async move {
            let _it_is_ended_with_the_test = session.run(CancellationToken::new()).await;
        });
        loop {
            match told.recv().await.expect("a session that tells") {
                Inbound::Health(health) if health.state == DeviceState::Connected => break,
                _ => {}
            }
        }
        // What it tells from now on nobody asks.
        self.running.spawn(async move { while told.recv().await.is_some() {} });
    }

    /// A voice message with a text.
    fn sound(&self) -> Outbound {
        let ids = IdSource::new(|bytes| bytes.fill(7));
        let id: MediaId = ids.make(self.clock.now());
        self.host.keep(id.clone(), b"OggS".to_vec());
        let media = Media {
            content_type: Some("audio/ogg".to_owned()),
            size: Some(4),
            sha256: Some("ab".repeat(32)),
            ..Media::of(MediaSource::Stored(id))
        };
        Outbound {
            id: ids.make(self.clock.now()),
            to: Chat::new(BUDI),
            content: Content::Audio { media, caption: Some("Dengarkan".to_owned()), voice: false },
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    /// The kinds of what Meta took, in order.
    fn taken(&self) -> Vec<String> {
        let kind = |body: &String| {
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            body["type"].as_str().expect("a type").to_owned()
        };
        self.graph.taken().iter().map(kind).collect()
    }

    async fn noted(&self) -> usize {
        self.host.load_all("parts").await.expect("a host that reads").len()
    }
}

#[tokio::test]
async fn a_part_that_must_wait_goes_out_later_and_the_one_before_it_not_again() {
    let world = World::connected().await;
    let message = world.sound();
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_056, status: 400 });
    let outcome = world.session.send(&message).await;
    let Err(SendError::Partly(rest)) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(*rest, SendError::SlowDown { .. }), "{rest:?}");
    assert_eq!(world.taken(), ["audio"]);
    let sent = world.session.send(&Outbound { attempt: 2, ..message }).await.expect("sent");
    assert_eq!(world.taken(), ["audio", "text"]);
    assert!(!sent.remote_id.is_empty(), "it has the id of its first part");
    assert_eq!(world.noted().await, 0);
}

#[tokio::test]
async fn a_part_that_is_refused_does_not_hide_that_the_one_before_it_was_sent() {
    let world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_047, status: 400 });
    let outcome = world.session.send(&world.sound()).await;
    let Err(SendError::Partly(rest)) = outcome else { panic!("{outcome:?}") };
    let is_meant = matches!(*rest, SendError::Rejected { code: FailureCode::Outside24hWindow, .. });
    assert!(is_meant, "{rest:?}");
}

#[tokio::test]
async fn a_first_part_that_does_not_go_out_is_a_message_that_does_not() {
    let world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Error { code: 131_056, status: 400 });
    let outcome = world.session.send(&world.sound()).await;
    assert!(matches!(outcome, Err(SendError::SlowDown { .. })), "{outcome:?}");
    assert_eq!(world.noted().await, 0);
}

#[tokio::test]
async fn which_parts_are_out_is_remembered_for_as_long_as_somebody_may_retry() {
    let mut world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_047, status: 400 });
    drop(world.session.send(&world.sound()).await);
    for (days, left) in [(89, 1), (2, 0)] {
        world.running.shutdown().await;
        world.clock.advance(days * DAY);
        let (host, told) = MemoryHost::new(world.clock.clone());
        host.save(world.host.load_all("parts").await.expect("reads").into_iter().map(put).collect())
            .await
            .expect("writes");
        world.session = world.meta.open(world.account.clone(), host.clone()).expect("good settings");
        world.host = host;
        world.run(told).await;
        assert_eq!(world.noted().await, left, "after {days} more days");
    }
}

fn put((key, value): (bytes::Bytes, bytes::Bytes)) -> cetar_provider::StateWrite {
    cetar_provider::StateWrite::Put { collection: "parts", key, value }
}
