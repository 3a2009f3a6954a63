//! `cetar serve`: from configuration to the last drained request.

mod connections;
mod exposure;
mod first_run;
mod limits;
mod signals;
mod tls;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::first_run::Program;
use self::{
    connections::Connections,
    first_run::Welcome,
    signals::{Ending, Signals},
    tls::Tls,
};
use crate::{
    api::{self, SocketFile},
    config::{Config, Environment},
    data_dir::{DataDir, Role},
    gateway::{Gateway, Make},
    metrics::Figures,
};

/// How long the stop waits for what is under way: the engine's own drain of 25 s, and a little to write it down.
const DRAIN: Duration = Duration::from_secs(27);

/// Runs the server until it is told to stop.
pub(crate) async fn run(
    config: &Config,
    environment: &Environment,
    program: Program,
) -> anyhow::Result<ExitCode> {
    exposure::check(config)?;
    // From here on a signal ends it in good order, also while it is still starting.
    let mut signals = Signals::listen()?;
    let tls = Tls::load(config)?;
    limits::raise_open_files();
    warn_if_simulated();
    if let Err(why) = exposure::address_is_known(config) {
        tracing::warn!("{why}");
    }

    let data = DataDir::create(&config.general.data_dir)?;
    if let Ok(Some(mode)) = data.open_to_others() {
        let folder = data.path().display();
        tracing::warn!("others can look into {folder} (mode {mode:04o}); run: chmod 700 {folder}");
    }
    let _lock = data.lock(Role::Server).await?;
    let figures = Figures::start()?;
    let gateway = Gateway::open(config, environment, data, Make::Everything).await?;
    // Before the first run, whose secrets could not be told if either failed.
    let (listeners, address) = match Listeners::bind(config.general.listen, &gateway.data).await {
        Ok(bound) => bound,
        Err(error) => {
            gateway.close().await;
            return Err(error);
        }
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    gateway.engine.set_base_url(&match &config.general.public_url {
        Some(url) => url.to_string(),
        None => format!("{scheme}://{address}"),
    });
    let welcome = Welcome::new(config, address, tls.is_some(), program);
    let first = first_run::run(&gateway).await?;

    let server = Server {
        stop: CancellationToken::new(),
        broken: CancellationToken::new(),
        tasks: TaskTracker::new(),
        gateway: gateway.clone(),
        figures,
        connections: Connections::new(config.limits.connections),
        tls,
    };
    server.start(listeners);
    welcome.print(first.as_ref());
    tracing::info!(%address, tls = server.tls.is_some(), version = crate::cli::VERSION, "serving");

    let ending = tokio::select! {
        ending = signals.wait(server.tls.as_ref()) => ending,
        () = server.broken.cancelled() => {
            tracing::error!("the engine has ended by itself; stopping, so that a fresh start can help");
            server.drain(&mut signals, Ending::Terminate).await;
            return Ok(ExitCode::FAILURE);
        }
    };
    tracing::info!(
        signal = ending.name(),
        "stopping: finishing what is under way; a second signal ends at once"
    );
    Ok(server.drain(&mut signals, ending).await)
}

/// Where it answers.
struct Listeners {
    public: TcpListener,
    local: UnixListener,
    file: SocketFile,
}

impl Listeners {
    async fn bind(address: SocketAddr, data: &DataDir) -> anyhow::Result<(Self, SocketAddr)> {
        let (public, address) = bind(address).await?;
        let (local, file) = api::listen(data)?;
        Ok((Self { public, local, file }, address))
    }
}

/// Everything that runs.
struct Server {
    stop: CancellationToken,
    /// The engine has ended.
    broken: CancellationToken,
    tasks: TaskTracker,
    gateway: Gateway,
    figures: Figures,
    connections: Connections,
    tls: Option<Arc<Tls>>,
}

impl Server {
    fn start(&self, listeners: Listeners) {
        let Listeners { public: listener, local, file } = listeners;
        let (engine, stop) = (self.gateway.engine.clone(), self.stop.clone());
        let broken = self.broken.clone().drop_guard();
        self.tasks.spawn(async move {
            engine.run(stop).await;
            // Reached, by a panic too, before anyone asked for it: the process must not go on half alive.
            drop(broken);
        });
        self.tasks.spawn(self.figures.clone().run(self.gateway.clone(), self.stop.clone()));
        let public = self.gateway.public_router(self.stop.clone(), self.figures.renderer());
        let connections = self.connections.clone();
        self.tasks.spawn(connections.serve(listener, self.tls.clone(), public, self.stop.clone()));
        let router = self.gateway.local_router(self.stop.clone());
        self.tasks.spawn(serve_local(local, file, router, self.stop.clone()));
        self.tasks.close();
    }

    /// Finishes what is under way, within bounds; a second signal ends it at once.
    async fn drain(self, signals: &mut Signals, first: Ending) -> ExitCode {
        self.stop.cancel();
        let finished = async {
            self.tasks.wait().await;
            self.gateway.close().await;
        };
        tokio::select! {
            () = finished => {
                tracing::info!("stopped");
                ExitCode::SUCCESS
            }
            () = tokio::time::sleep(DRAIN) => {
                tracing::warn!("stopped before everything was finished; what was accepted is on disk and goes on at the next start");
                ExitCode::FAILURE
            }
            second = signals.next() => {
                tracing::warn!("ended at once; what was accepted is on disk and goes on at the next start");
                second.unwrap_or(first).exit_code()
            }
        }
    }
}

/// Answers the command line.
async fn serve_local(listener: UnixListener, file: SocketFile, router: Router, stop: CancellationToken) {
    // Goes with this task, and its name with it.
    let _file = file;
    let served =
        axum::serve(listener, router.into_make_service()).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "the command line's socket broke");
    }
}

/// Whether this configuration may be served.
pub(crate) fn check_exposure(config: &Config) -> anyhow::Result<()> {
    exposure::check(config)
}

/// Whether the server knows by which address others reach it; else what to do.
pub(crate) fn check_address(config: &Config) -> Result<(), String> {
    exposure::address_is_known(config)
}

/// Whether the certificate can be used; false if there is none.
pub(crate) fn check_tls(config: &Config) -> anyhow::Result<bool> {
    Ok(Tls::load(config)?.is_some())
}

/// Whether the address could be listened on now.
pub(crate) async fn check_port(address: SocketAddr) -> anyhow::Result<()> {
    bind(address).await.map(drop)
}

async fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "another program listens on {address}; stop it, or choose another port with --listen (for example --listen {}:0 for any free one)",
            bracketed(address)
        ),
        std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {} is for the system's own programs; choose one above 1023 with --listen, or put a proxy in front",
            address.port()
        ),
        std::io::ErrorKind::AddrNotAvailable => anyhow::anyhow!(
            "this machine has no address {}; choose one it has with --listen",
            address.ip()
        ),
        _ => anyhow::anyhow!("{address} cannot be listened on: {error}; choose another with --listen"),
    })?;
    let address = listener.local_addr().context("the address listened on")?;
    Ok((listener, address))
}

fn bracketed(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn warn_if_simulated() {
    if cfg!(feature = "simulated") {
        tracing::warn!(
            "this is the SIMULATED build: it does not check WhatsApp's certificate and is for tests only; never link a real account"
        );
    }
}
