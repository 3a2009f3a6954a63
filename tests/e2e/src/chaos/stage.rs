//! Everything a run needs: servers, database, network, the customer's receiver and his key.

use std::sync::Arc;

use cetar_simulator_whatsapp_web::{Event, Simulator};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::task::TaskTracker;

use super::{
    Network, Options, Storage,
    board::Board,
    cluster::{Cluster, Lock},
    evidence::{Arrival, Lane},
    listener::Listener,
    node::Node,
    sender::Sender,
};
use crate::{
    Database, Home,
    gateway::client,
    scene::{self, OWNER, UNPACED},
};

/// Chats that the clients write to, one client each.
const CHATS: usize = 12;

/// The stage.
pub(crate) struct Stage {
    pub(crate) board: Arc<Board>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) cluster: Option<Cluster>,
    /// WhatsApp; there in every run, used where the network is the simulator.
    pub(crate) simulator: Simulator,
    pub(crate) listener: Listener,
    pub(crate) sender: Sender,
    pub(crate) network: Network,
    pub(crate) storage: Storage,
    /// How many sends the clients may make.
    pub(crate) permits: Arc<Semaphore>,
    /// How many of the acknowledged sends are known to have an outcome.
    pub(crate) settled: usize,
    /// What keeps the server at a point, until it is dead: a lock on its outcomes, a device that is paused.
    pub(crate) outcomes: Option<Lock>,
    pub(crate) paused: Option<String>,
    watcher: JoinHandle<()>,
}

/// The chats of the clients.
pub(crate) fn chats(network: Network) -> Vec<Lane> {
    let chat = |number: usize| match (network, number % 4) {
        (Network::Simulator, _) => whatsapp(format!("62812345678{number:02}")),
        // Every second one of the sandbox's people answers with what it got.
        (Network::Sandbox, 0) => whatsapp(format!("62812{number:04}0007")),
        (Network::Sandbox, 1) => whatsapp(format!("62812{number:04}7890")),
        (Network::Sandbox, 2) => telegram(format!("71{number:02}0007")),
        (Network::Sandbox, _) => telegram(format!("71{number:02}7890")),
    };
    (0..CHATS).map(chat).collect()
}

pub(crate) fn whatsapp(to: String) -> Lane {
    Lane { channel: "whatsapp", to }
}

pub(crate) fn telegram(to: String) -> Lane {
    Lane { channel: "telegram", to }
}

/// The chat that named points use.
pub(crate) fn point_chat() -> Lane {
    whatsapp("6281900001111".to_owned())
}

impl Stage {
    pub(crate) async fn set(options: &Options, board: Arc<Board>) -> Self {
        let cluster = match options.storage {
            Storage::Sqlite => None,
            Storage::Postgres => Some(Cluster::start().await),
        };
        let database = match &cluster {
            None => Database::Sqlite,
            Some(cluster) => Database::Postgres { url: cluster.url.clone() },
        };
        let simulator = Simulator::start().await;
        for lane in chats(Network::Simulator).iter().chain([&point_chat()]) {
            simulator.peer(&lane.to);
        }
        let watcher = TaskTracker::new().spawn(watch(simulator.clone(), Arc::clone(&board)));
        let mut nodes = Vec::new();
        for name in ["node A", "node B"].into_iter().take(options.nodes) {
            let home = Home::new(&database, &simulator.url());
            let mut node = Node::new(name, home, Arc::clone(&board));
            if let Some(first) = nodes.first() {
                let first: &Node = first;
                let key = "master.key";
                std::fs::copy(first.home.data().join(key), node.home.data().join(key)).expect("the same key");
            }
            node.start().await;
            nodes.push(node);
        }

        let listener = Listener::start(Arc::clone(&board)).await;
        let home = &nodes[0].home;
        listener.trust(home.cli("webhook add", &["--url", &listener.url]).await.ok());
        let key = match options.network {
            Network::Sandbox => home.cli("key create", &["--name", "chaos", "--test"]).await.ok(),
            Network::Simulator => {
                let device = home.cli("device add", UNPACED).await.ok();
                scene::link_by_qr(home, &simulator, &device).await;
                home.cli("key create", &["--name", "chaos"]).await.ok()
            }
        };
        let bases = nodes.iter().map(Node::base).collect();
        let sender = Sender { board: Arc::clone(&board), http: client(), key, bases };
        let (network, storage, permits) = (options.network, options.storage, Arc::new(Semaphore::new(0)));
        Self {
            board,
            nodes,
            cluster,
            simulator,
            listener,
            sender,
            network,
            storage,
            permits,
            settled: 0,
            outcomes: None,
            paused: None,
            watcher,
        }
    }

    /// Lets the clients make so many more sends.
    pub(crate) fn allow(&self, sends: usize) {
        self.board.note(|known| known.allowed += sends);
        self.permits.add_permits(sends);
    }

    /// Ends what watches, and gives what the network got: the record to check against.
    pub(crate) fn arrivals(&self, wrong: &mut Vec<String>) -> Vec<Arrival> {
        self.watcher.abort();
        if self.network == Network::Sandbox {
            return self.board.look(|known| known.arrivals.clone());
        }
        wrong.extend(
            self.simulator.violations().iter().map(|violation| format!("WhatsApp refuses: {violation}")),
        );
        // As the phones have it, each in its own order.
        let mut numbers: Vec<String> =
            self.board.look(|known| known.acknowledged.iter().map(|sent| sent.lane.to.clone()).collect());
        numbers.sort();
        numbers.dedup();
        let mut arrivals = Vec::new();
        for number in numbers {
            let peer = self.simulator.peer(&number);
            if peer.undecryptable() > 0 {
                wrong.push(format!("{} messages at {number} could not be read", peer.undecryptable()));
            }
            let received = peer.received().into_iter().filter(|received| received.from == OWNER);
            arrivals.extend(received.map(|received| Arrival {
                lane: Some(whatsapp(number.clone())),
                id: received.id,
                text: received.text,
            }));
        }
        arrivals
    }
}

/// Notes what phones read, while the run goes on.
async fn watch(simulator: Simulator, board: Arc<Board>) {
    let mut seen = 0;
    loop {
        simulator.wait_until(|simulator| !simulator.log_since(seen).is_empty()).await;
        let news = simulator.log_since(seen);
        seen += news.len();
        for entry in news {
            match entry.event {
                Event::MessageRead { id, by } if by != OWNER => {
                    board.note(|known| known.arrive(Arrival { lane: Some(whatsapp(by)), id, text: None }));
                }
                Event::Acknowledged { id, class, .. } if class == "receipt" => {
                    board.note(|known| known.receipted.insert(id));
                }
                _ => {}
            }
        }
    }
}
