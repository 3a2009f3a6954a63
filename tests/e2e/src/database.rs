//! The databases the tests run on, and a wire to cut between them and the server.

use std::{
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    process::Command,
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A database of the test's own.
pub enum Database {
    /// SQLite in the data directory: the default.
    Sqlite,
    /// A fresh database in the throw-away cluster that `scripts/postgres` started.
    Postgres {
        /// Its URL.
        url: String,
    },
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// A fresh PostgreSQL database. Fails where there is no server: a test that did not run proves nothing.
    pub async fn postgres() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
        let server = std::env::var("CETAR_TEST_POSTGRES")
            .expect("CETAR_TEST_POSTGRES is not set: run the tests by `make test`, or `scripts/postgres run -- cargo test`");
        let name = format!("e2e_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let output = Command::new("psql")
            .args([
                "--no-psqlrc",
                "--quiet",
                "--dbname",
                &server,
                "--command",
                &format!("CREATE DATABASE {name}"),
            ])
            .stdin(Stdio::null())
            .output()
            .await
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (base, query) =
            server.split_once('?').map_or((server.as_str(), ""), |(base, query)| (base, query));
        let host = base.rsplit_once('/').map_or(base, |(host, _)| host);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Self::Postgres { url: format!("{host}/{name}{query}") }
    }

    /// A fresh one of the same kind.
    pub async fn another(&self) -> Self {
        match self {
            Self::Sqlite => Self::Sqlite,
            Self::Postgres { .. } => Self::postgres().await,
        }
    }

    /// Its URL; none for the default.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url } => Some(url.clone()),
        }
    }

    /// The same database through a wire that can be cut.
    pub async fn through_proxy(&self) -> (Self, Proxy) {
        let Self::Postgres { url } = self else { panic!("SQLite has no wire") };
        let authority =
            url.split("://").nth(1).and_then(|rest| rest.split('/').next()).expect("a host in the URL");
        let (user, address) =
            authority.rsplit_once('@').map_or((None, authority), |(user, address)| (Some(user), address));
        let proxy = Proxy::start(address.to_owned()).await;
        let through = user.map_or_else(|| proxy.address.clone(), |user| format!("{user}@{}", proxy.address));
        (Self::Postgres { url: url.replacen(authority, &through, 1) }, proxy)
    }
}

/// A TCP wire on loopback.
pub struct Proxy {
    address: String,
    cut: watch::Sender<bool>,
    _stop: tokio_util::sync::DropGuard,
}

impl Proxy {
    async fn start(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (cut, is_cut) = watch::channel(false);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (stopped, connections) = (stop.clone(), tasks.clone());
        tasks.spawn(stopped.run_until_cancelled_owned(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut is_cut = is_cut.clone();
                if *is_cut.borrow() {
                    continue;
                }
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        tokio::select! {
                            _done = copy_bidirectional(&mut near, &mut far) => {}
                            _cut = is_cut.wait_for(|cut| *cut) => {}
                        }
                    }
                });
            }
        }));
        Self { address, cut, _stop: stop.drop_guard() }
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}
