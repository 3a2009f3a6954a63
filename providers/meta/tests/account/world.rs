//! A number at Meta, and the provider that has it.

use std::{sync::Arc, time::Duration};

use cetar_meta::{Meta, Settings};
use cetar_model::{Channel, Language};
use cetar_provider::{
    Account, Inbound, Provider, Session, SessionEnd, http,
    testkit::{ManualClock, MemoryHost},
};
use cetar_simulator_graph as graph;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// The number's id at Meta.
pub(crate) const NUMBER: &str = "987";

pub(crate) struct World {
    pub(crate) graph: graph::Simulator,
    pub(crate) number: graph::Account,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) meta: Meta,
    pub(crate) account: Account,
    pub(crate) session: Arc<dyn Session>,
    told: UnboundedReceiver<Inbound>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let graph = graph::Simulator::start().await.expect("a free port");
        let number = graph::Account {
            kind: graph::Kind::Number,
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
        let secrets = [
            ("phone_number_id", NUMBER),
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
        let session = meta.open(account.clone(), host).expect("good settings");
        Self { graph, number, clock, meta, account, session, told }
    }

    /// Opens the account again, with what its settings are now.
    pub(crate) fn reopen(&mut self) {
        let (host, told) = MemoryHost::new(self.clock.clone());
        self.session = self.meta.open(self.account.clone(), host).expect("good settings");
        self.told = told;
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
