//! An account at Meta, and the provider that has it.

use std::{sync::Arc, time::Duration};

use cetar_meta::{Meta, Settings};
use cetar_model::{Channel, DeviceState, Language};
use cetar_provider::{
    Account, Inbound, Provider, Session, SessionEnd, http,
    testkit::{ManualClock, MemoryHost},
};
use cetar_simulator_graph as graph;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The account's id at Meta.
pub(crate) const NUMBER: &str = "987";

pub(crate) struct World {
    pub(crate) graph: graph::Simulator,
    pub(crate) number: graph::Account,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) host: Arc<MemoryHost>,
    pub(crate) meta: Meta,
    pub(crate) account: Account,
    pub(crate) session: Arc<dyn Session>,
    told: UnboundedReceiver<Inbound>,
    /// The session, where it runs beside the test.
    running: JoinSet<()>,
}

impl World {
    /// A number.
    pub(crate) async fn new() -> Self {
        Self::of(graph::Kind::Number, |_| {}).await
    }

    /// An account of this kind, with other settings of the provider's than usual.
    pub(crate) async fn of(kind: graph::Kind, change: impl FnOnce(&mut Settings)) -> Self {
        let (channel, id_setting) = match kind {
            graph::Kind::Number => (Channel::WhatsappOfficial, "phone_number_id"),
            graph::Kind::Page => (Channel::Messenger, "page_id"),
            graph::Kind::Instagram => (Channel::Instagram, "account_id"),
        };
        let graph = graph::Simulator::start().await.expect("a free port");
        let number = graph::Account {
            kind,
            id: NUMBER.to_owned(),
            waba: "123".to_owned(),
            token: "token".to_owned(),
            app_secret: "rahasia".to_owned(),
            display: "628123456789".to_owned(),
        };
        graph.add(number.clone());
        let clock = Arc::new(ManualClock::default());
        let options = http::Options {
            allow: vec!["127.0.0.1/32".parse().expect("a network")],
            plain_http: true,
            ..http::Options::default()
        };
        let mut settings = Settings::new(http::Client::new(options).expect("a client"), clock.clone());
        graph.url().clone_into(&mut settings.graph_url);
        change(&mut settings);
        let secrets = [
            (id_setting, NUMBER),
            ("waba_id", "123"),
            ("access_token", "token"),
            ("app_secret", "rahasia"),
            ("verify_token", "v"),
        ];
        let account = Account {
            device: "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().expect("an id"),
            channel,
            address: None,
            settings: secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            language: Language::Indonesian,
            credentials_until: None,
        };
        let meta = Meta::new(channel, settings);
        let (host, told) = MemoryHost::new(clock.clone());
        let session = meta.open(account.clone(), host.clone()).expect("good settings");
        Self { graph, number, clock, host, meta, account, session, told, running: JoinSet::new() }
    }

    /// A number whose session runs beside the test.
    pub(crate) async fn connected() -> Self {
        let mut world = Self::new().await;
        world.connect().await;
        world
    }

    /// Opens the account again, with what its settings are now. Its host knows nothing of before.
    pub(crate) fn reopen(&mut self) {
        let (host, told) = MemoryHost::new(self.clock.clone());
        self.session = self.meta.open(self.account.clone(), host.clone()).expect("good settings");
        (self.host, self.told) = (host, told);
    }

    /// Ends the session that runs beside the test.
    pub(crate) async fn disconnect(&mut self) {
        self.running.shutdown().await;
    }

    /// Runs the session until it is connected, and on.
    pub(crate) async fn connect(&mut self) {
        let session = self.session.clone();
        self.running.spawn(async move {
            let _it_is_ended_with_the_test = session.run(CancellationToken::new()).await;
        });
        let mut told = std::mem::replace(&mut self.told, unbounded_channel().1);
        loop {
            match told.recv().await.expect("a session that tells") {
                Inbound::Health(health) if health.state == DeviceState::Connected => break,
                _ => {}
            }
        }
        // What it tells from now on nobody asks.
        self.running.spawn(async move { while told.recv().await.is_some() {} });
    }

    /// Runs the session until it has told what `seen` waits for; `seen` may change the world. Its clock stands still until it has told
    /// something, and is a second on at every turn from then on.
    pub(crate) async fn run_until<T>(
        &mut self,
        mut seen: impl FnMut(&graph::Simulator, Inbound) -> Option<T>,
    ) -> (SessionEnd, T) {
        let stop = CancellationToken::new();
        let Self { graph, clock, session, told, .. } = self;
        let watching = async {
            let mut is_late = false;
            loop {
                tokio::select! {
                    event = told.recv() => {
                        is_late = true;
                        if let Some(found) = seen(graph, event.expect("a session that tells")) {
                            stop.cancel();
                            return found;
                        }
                    }
                    () = tokio::task::yield_now(), if is_late => clock.advance(Duration::from_secs(1)),
                }
            }
        };
        tokio::join!(session.run(stop.clone()), watching)
    }
}
