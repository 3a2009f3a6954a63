//! The scene of the tests on Meta's official channels: a server, a stand-in for the Graph API, a number on it, a key, a webhook.

use cetar_simulator_graph::{Account, Kind, Simulator};
use serde_json::{Value, json};

use crate::{Cli, Database, Gateway, Home, Receiver, Site, scene};

/// What the callback is verified with.
pub const VERIFY_TOKEN: &str = "rahasia-verifikasi";

/// Everything in place to send a message through the official WhatsApp.
pub struct MetaScene {
    /// Meta.
    pub graph: Simulator,
    /// The number there.
    pub number: Account,
    /// The data directory.
    pub home: Home,
    /// The server.
    pub gateway: Gateway,
    /// The customer's server.
    pub receiver: Receiver,
    /// Its signing secret.
    pub secret: String,
    /// A key that may send.
    pub key: String,
    /// The device.
    pub device: String,
    /// The customer's site.
    pub site: Site,
}

/// A number at Meta.
pub fn number(id: &str, secret: &str) -> Account {
    Account {
        kind: Kind::Number,
        id: id.to_owned(),
        waba: "1234567890".to_owned(),
        token: format!("EAAtoken{id}"),
        app_secret: secret.to_owned(),
        display: "628123456789".to_owned(),
    }
}

/// The settings that `device add` reads.
pub fn settings(account: &Account) -> Value {
    let id = match account.kind {
        Kind::Number => "phone_number_id",
        Kind::Page => "page_id",
        Kind::Instagram => "account_id",
    };
    let mut settings = json!({
        "access_token": account.token, "app_secret": account.app_secret, "verify_token": VERIFY_TOKEN,
    });
    settings[id] = account.id.as_str().into();
    match account.kind {
        Kind::Number => settings["waba_id"] = account.waba.as_str().into(),
        Kind::Instagram => settings["login"] = "instagram".into(),
        Kind::Page => {}
    }
    settings
}

/// Adds an account as a device.
pub async fn add(home: &Home, account: &Account, channel: &str) -> Cli {
    let words = ["--channel", channel, "--name", channel];
    home.cli_with_input("device add", &words, &settings(account).to_string()).await
}

impl MetaScene {
    /// Sets it.
    pub async fn set(database: &Database) -> Self {
        Self::set_in(database, |_| {}).await
    }

    /// The same, in a home that the test furnishes besides.
    pub async fn set_in(database: &Database, furnish: impl FnOnce(&mut Home)) -> Self {
        let graph = Simulator::start().await.expect("a free port");
        let number = number("987654321", "rahasia-aplikasi");
        graph.add(number.clone());
        let mut home = Home::new(database, "ws://127.0.0.1:9/ws/chat");
        home.set("CETAR_META__GRAPH_URL", graph.url());
        home.set("CETAR_META__INSTAGRAM_URL", graph.url());
        furnish(&mut home);
        let gateway = home.serve().await;
        graph.set_callback(format!("{}/callbacks/meta", gateway.base));
        let mut receiver = Receiver::start().await;
        let secret = home.cli("webhook add", &["--url", receiver.url()]).await.ok();
        let key = home.cli("key create", &["--name", "php"]).await.ok();
        let device = add(&home, &number, "whatsapp-official").await.ok();
        scene::connected(&mut receiver, &device).await;
        let site = Site::start().await;
        Self { graph, number, home, gateway, receiver, secret, key, device, site }
    }

    /// Someone writes a text to the number; what the callback answered.
    pub async fn writes(&self, from: &str, id: &str, text: &str) -> u16 {
        let message = json!({"type": "text", "text": {"body": text}});
        let body = Simulator::message(&self.number, from, id, message);
        self.graph.tell(&self.number, &body).await.expect("the callback answers")
    }
}
