//! The parts put together: database, networks, engine, and the faces they show.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use cetar_engine::{Engine, Parts, Providers, Settings, delivery::WebhookClient, media};
use cetar_meta::Meta;
use cetar_model::{Channel, Clock, IdSource};
use cetar_provider::{Provider, SystemClock, http};
use cetar_sandbox::Sandbox;
use cetar_server::{Face, MetricsRenderer, ServerOptions};
use cetar_store::{OpenError, Store};
use cetar_telegram::Telegram;
use cetar_whatsapp_web::WhatsappWeb;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    bucket, cli,
    config::{Config, Environment, Secret},
    dashboard,
    data_dir::DataDir,
    disk, local, master_key,
};

/// How much is made that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Master key and database, for the first start.
    Everything,
    /// Nothing: a command in the wrong place must not leave a second gateway behind.
    Nothing,
}

/// The gateway without its HTTP port.
#[derive(Clone)]
pub(crate) struct Gateway {
    /// Its use cases.
    pub(crate) engine: Engine,
    /// Its database.
    pub(crate) store: Store,
    /// Ids and randomness.
    pub(crate) ids: Arc<IdSource>,
    /// Where it lives.
    pub(crate) data: DataDir,
    config: Arc<Config>,
    whatsapp: Arc<WhatsappWeb>,
}

impl Gateway {
    /// Opens the database and puts the rest together. Starts nothing. Needs the data directory's lock.
    pub(crate) async fn open(
        config: &Config,
        environment: &Environment,
        data: DataDir,
        make: Make,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Arc::new(IdSource::new(random));
        let store = open_store(config, environment, &data, make, &ids).await?;
        let node = data.node(&ids, clock.now())?;
        let egress = http::Options { allow: config.egress.allow.clone(), ..http::Options::default() };
        let egress = http::Client::new(egress).map_err(|error| anyhow::anyhow!("{}", error.detail))?;
        let telegram = Telegram::new(egress.clone(), telegram_settings(config), Arc::clone(&clock));
        let whatsapp = Arc::new(WhatsappWeb::new(whatsapp_settings(config, data.empty_temp()?)));
        let mut real: BTreeMap<Channel, Arc<dyn Provider>> = BTreeMap::new();
        real.insert(Channel::Whatsapp, Arc::<WhatsappWeb>::clone(&whatsapp));
        real.insert(Channel::Telegram, Arc::new(telegram));
        let meta = meta_settings(config, egress.clone(), &clock);
        for channel in Meta::CHANNELS {
            real.insert(channel, Arc::new(Meta::new(channel, meta.clone())));
        }
        let engine = Engine::new(Parts {
            store: store.clone(),
            providers: Providers { real, sandbox: Sandbox::every_channel(&clock) },
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            node: node.to_string(),
            webhooks: Arc::new(WebhookClient::new(egress, clock)),
            replies: Arc::new(cetar_server::Replies),
            media: media_setup(config, &data)?,
            settings: Settings {
                requests_per_minute: config.limits.requests_per_minute,
                retention: config.retention.events.0,
                media_retention: config.retention.media.0,
                ..Settings::default()
            },
        });
        Ok(Self { engine, store, ids, data, config: Arc::new(config.clone()), whatsapp })
    }

    /// What everyone can reach.
    pub(crate) fn public_router(&self, stop: CancellationToken, metrics: MetricsRenderer) -> Router {
        let mut options = self.options(Face::Public, stop);
        // PostgreSQL's disk is another machine's; when it is full, the database says so.
        let file = sqlite_file(self.config.database_url().expose());
        options.disk = file.as_deref().map(disk::has_room_for);
        options.metrics = Some(metrics);
        let token = self.config.metrics.token.as_ref().map(Secret::expose);
        options.metrics_token = token.map(SecretString::from);
        options.dashboard = dashboard::files();
        options.tls = self.config.tls.cert.is_some() || !self.config.tls.acme_domains.is_empty();
        cetar_server::router(self.engine.clone(), options)
    }

    /// What the operator reaches, by the socket or in this process.
    pub(crate) fn local_router(&self, stop: CancellationToken) -> Router {
        let options = self.options(Face::Local, stop);
        cetar_server::router(self.engine.clone(), options).merge(local::router(self.store.clone()))
    }

    /// Ends it, once nothing runs any more: what was handed to the database is on disk afterwards.
    pub(crate) async fn close(&self) {
        self.whatsapp.close().await;
        self.store.close().await;
    }

    fn options(&self, face: Face, stop: CancellationToken) -> ServerOptions {
        ServerOptions {
            trusted_proxies: self.config.proxy.trusted.clone(),
            body_limit: self.config.limits.body_bytes,
            requests_per_minute: self.config.limits.requests_per_minute,
            version: cli::VERSION.to_owned(),
            simulated: cfg!(feature = "simulated"),
            public_url: self.config.general.public_url.clone(),
            stop,
            ..ServerOptions::new(face, Arc::clone(&self.ids))
        }
    }
}

/// Opens the database; a master key made for it is taken back if the database turns out to have another.
pub(crate) async fn open_store(
    config: &Config,
    environment: &Environment,
    data: &DataDir,
    make: Make,
    ids: &Arc<IdSource>,
) -> anyhow::Result<Store> {
    let url = config.database_url();
    if make == Make::Nothing {
        must_be_there(url.expose(), data, environment, ids).await?;
    }
    let keys = master_key::load(data, environment, make == Make::Everything)?;
    let options =
        cetar_store::Options { url: url.expose().to_owned(), sealer: keys.sealer, ids: Arc::clone(ids) };
    match Store::open(options).await {
        Ok(store) => Ok(store),
        Err(error) => {
            if let (
                OpenError::WrongMasterKey
                | OpenError::SchemaNewer { .. }
                | OpenError::Unreachable(_)
                | OpenError::Damaged(_),
                Some(made),
            ) = (&error, &keys.made)
            {
                // It sealed nothing: without it, the right one can be put in its place.
                std::fs::remove_file(made)
                    .with_context(|| format!("{} was made for nothing; remove it", made.display()))?;
            }
            Err(error.into())
        }
    }
}

/// Opening makes what is missing; a command in the wrong place must not.
async fn must_be_there(
    url: &str,
    data: &DataDir,
    environment: &Environment,
    ids: &Arc<IdSource>,
) -> anyhow::Result<()> {
    match sqlite_file(url) {
        Some(file) if file.exists() => Ok(()),
        Some(file) => anyhow::bail!(
            "there is no database at {}; start `cetar serve` once, or name the right place with --data-dir or --database-url",
            file.display()
        ),
        // PostgreSQL: only asking tells.
        None => {
            let sealer = master_key::load(data, environment, false)?.sealer;
            let options = cetar_store::Options { url: url.to_owned(), sealer, ids: Arc::clone(ids) };
            if cetar_store::inspect(options).await?.schema == 0 {
                anyhow::bail!(
                    "the database is empty; start `cetar serve` once, or name the right one with --database-url"
                );
            }
            Ok(())
        }
    }
}

/// The file of a SQLite URL.
pub(crate) fn sqlite_file(url: &str) -> Option<std::path::PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.strip_prefix("//").unwrap_or(path).into())
}

/// Where media are kept, and the client that fetches them: anyone's public address, by plain http too.
fn media_setup(config: &Config, data: &DataDir) -> anyhow::Result<media::Setup> {
    let bucket = bucket::named(config)?;
    let folder = match &config.media.store {
        Some(folder) if bucket.is_none() => folder.into(),
        _ => data.path().join("media"),
    };
    let options = http::Options {
        allow: config.egress.allow.clone(),
        plain_http: true,
        total_timeout: media::Setup::FETCH_TIME,
        ..http::Options::default()
    };
    let http = http::Client::new(options).map_err(|error| anyhow::anyhow!("{}", error.detail))?;
    Ok(media::Setup { bucket, max_bytes: config.media.max_bytes, ..media::Setup::new(folder, http) })
}

/// Meta, or where the configuration says that it is.
fn meta_settings(config: &Config, http: http::Client, clock: &Arc<dyn Clock>) -> cetar_meta::Settings {
    let mut settings = cetar_meta::Settings::new(http, Arc::clone(clock));
    let place = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    if let Some(url) = &config.meta.graph_url {
        settings.graph_url = place(url);
    }
    if let Some(url) = &config.meta.instagram_url {
        settings.instagram_url = place(url);
    }
    if let Some(version) = &config.meta.graph_version {
        settings.version.clone_from(version);
    }
    settings
}

fn whatsapp_settings(config: &Config, temp: PathBuf) -> cetar_whatsapp_web::Settings {
    cetar_whatsapp_web::Settings {
        url: config.whatsapp_web.url.as_ref().map(|url| url.0.to_string()),
        media_max_bytes: config.media.max_bytes,
        ..cetar_whatsapp_web::Settings::new(temp)
    }
}

fn telegram_settings(config: &Config) -> cetar_telegram::Settings {
    let defaults = cetar_telegram::Settings::default();
    let api_url = config.telegram.api_url.as_ref().map_or(defaults.api_url, url::Url::to_string);
    let public_url = config.general.public_url.as_ref().map(url::Url::to_string);
    cetar_telegram::Settings { api_url, public_url, ..defaults }
}

/// The operating system's randomness. Without it no id and no secret can be made: better to end than to make weak ones.
#[expect(clippy::panic, reason = "an `IdSource` cannot fail, and going on would be worse")]
pub(crate) fn random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the system gives no random bytes: {error}");
    }
}
