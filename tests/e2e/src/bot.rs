//! The scene of the tests on Telegram: a server, a bot on it, a key, a webhook.

use cetar_simulator_bot_api::{Bot, BotApi};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{Database, Gateway, Home, Receiver, scene};

/// The address a server is reached at from outside, whichever port it listens on.
pub struct Front {
    url: String,
    target: watch::Sender<Option<String>>,
    _stop: DropGuard,
}

impl Front {
    /// Nobody is behind it yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        // By name, so that it is told apart from where the server itself says that it listens.
        let url = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
        let (target, behind) = watch::channel(None::<String>);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let connections = tasks.clone();
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Some(target) = behind.borrow().clone() else { continue };
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _closed = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        }));
        Self { url, target, _stop: stop.drop_guard() }
    }

    /// What is set as `public_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// This server is behind it from now on.
    pub fn leads_to(&self, gateway: &Gateway) {
        let target = gateway.base.rsplit('/').next().expect("an address").to_owned();
        self.target.send_replace(Some(target));
    }
}

/// Everything in place to send a message by a bot.
pub struct BotScene {
    /// Telegram.
    pub telegram: BotApi,
    /// The bot there.
    pub bot: Bot,
    /// The data directory.
    pub home: Home,
    /// The server.
    pub gateway: Gateway,
    /// The customer's server.
    pub receiver: Receiver,
    /// Its signing secret.
    pub secret: String,
    /// A key that may send and manage.
    pub key: String,
    /// The device.
    pub device: String,
}

impl BotScene {
    /// Sets it.
    pub async fn set(database: &Database) -> Self {
        let telegram = BotApi::start().await;
        let bot = telegram.bot("toko_bot");
        let mut home = Home::new(database, "ws://127.0.0.1:9/ws/chat");
        home.set("CETAR_TELEGRAM__API_URL", &telegram.url());
        let gateway = home.serve().await;
        let mut receiver = Receiver::start().await;
        let secret = home.cli("webhook add", &["--url", receiver.url()]).await.ok();
        let key = home.cli("key create", &["--name", "php", "--scope", "messages,admin"]).await.ok();
        let device = add(&home, &bot, "Bot").await.ok();
        scene::connected(&mut receiver, &device).await;
        Self { telegram, bot, home, gateway, receiver, secret, key, device }
    }
}

/// Adds the bot as a device.
pub async fn add(home: &Home, bot: &Bot, name: &str) -> crate::Cli {
    add_with(home, name, &serde_json::json!({ "token": bot.token() })).await
}

/// Gives the device these settings in place of those of the same names.
pub async fn change(home: &Home, device: &str, settings: &serde_json::Value) -> crate::Cli {
    home.cli_with_input("device change", &[device, "--settings"], &settings.to_string()).await
}

/// Adds a device with these settings.
pub async fn add_with(home: &Home, name: &str, settings: &serde_json::Value) -> crate::Cli {
    let settings = settings.to_string();
    home.cli_with_input("device add", &["--channel", "telegram", "--name", name], &settings).await
}
