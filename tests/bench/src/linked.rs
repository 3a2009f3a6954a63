//! WhatsApp, people on it, and a gateway with accounts linked to it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use cetar_simulator_whatsapp_web::{Peer, Simulator};
use serde_json::Value;

use crate::{
    Settings,
    gateway::{Gateway, Home, until},
    load::Target,
};

/// Numbers of those who link: each account is somebody's own phone.
const OWNERS: u64 = 628_110_000_000;
/// The first of those who are written to.
const FIRST: u64 = 628_120_000_000;
/// How many of them.
pub(crate) const PEOPLE: u64 = 20;

/// The people who are written to.
pub(crate) struct People(Vec<Peer>);

impl People {
    /// Puts them on WhatsApp.
    pub(crate) fn on(simulator: &Simulator) -> Self {
        Self((FIRST..FIRST + PEOPLE).map(|number| simulator.peer(&number.to_string())).collect())
    }

    /// Their numbers.
    pub(crate) fn numbers(&self) -> Vec<&str> {
        self.0.iter().map(Peer::number).collect()
    }

    pub(crate) fn each(&self) -> &[Peer] {
        &self.0
    }

    /// Messages that arrived at all of them together.
    pub(crate) fn received(&self) -> usize {
        self.0.iter().map(Peer::received_count).sum()
    }

    /// Waits until so many arrived.
    pub(crate) async fn wait_for(&self, messages: usize) -> anyhow::Result<()> {
        until(&format!("{messages} messages arrived"), async || Ok(self.received() >= messages)).await
    }

    /// Nothing arrived twice or could not be read.
    pub(crate) fn check(&self, simulator: &Simulator) -> anyhow::Result<()> {
        let bad: usize = self.0.iter().map(|peer| peer.duplicates() + peer.undecryptable()).sum();
        ensure!(bad == 0, "{bad} messages came twice or could not be read");
        ensure!(
            simulator.violations().is_empty(),
            "the real server would refuse this: {:?}",
            simulator.violations()
        );
        Ok(())
    }
}

/// A gateway and what is linked to it.
pub(crate) struct Linked {
    pub(crate) home: Home,
    pub(crate) gateway: Gateway,
    pub(crate) key: String,
    pub(crate) devices: Vec<String>,
}

impl Linked {
    /// A gateway that finds WhatsApp at this URL; nothing is linked yet.
    pub(crate) async fn new(settings: &Settings, url: &str) -> anyhow::Result<Self> {
        let mut home = Home::new(&settings.simulated)?;
        home.set("CETAR_WHATSAPP_WEB__URL", url);
        let (gateway, _) = home.serve().await?;
        let key = home.cli(&["key", "create", "--name", "bench"]).await?;
        Ok(Self { home, gateway, key, devices: Vec::new() })
    }

    /// Links accounts until there are so many, and waits until all are connected.
    pub(crate) async fn link_up_to(&mut self, simulator: &Simulator, count: usize) -> anyhow::Result<()> {
        while self.devices.len() < count {
            let name = format!("CS-{}", self.devices.len());
            let device = self
                .home
                .cli(&["device", "add", "--channel", "whatsapp", "--name", &name, "--pace", "off"])
                .await?;
            let owner = OWNERS + u64::try_from(self.devices.len())?;
            self.link(simulator, &device, &owner.to_string()).await?;
            self.devices.push(device);
        }
        self.connected().await
    }

    /// As a person does it: the phone scans what `cetar device link` shows.
    async fn link(&self, simulator: &Simulator, device: &str, owner: &str) -> anyhow::Result<()> {
        let (mut command, mut lines) = self.home.start(&["device", "link", device, "--json"])?;
        while let Some(line) = lines.next_line().await? {
            let step: Value = serde_json::from_str(&line).unwrap_or_default();
            if let (Some("qr"), Some(code)) = (step["event"].as_str(), step["data"].as_str()) {
                simulator.phone(owner).scan(code).await.context("the phone does not link")?;
                break;
            }
        }
        while let Some(_step) = lines.next_line().await? {}
        ensure!(command.wait().await?.success(), "{device} was not linked");
        Ok(())
    }

    /// Waits until every account says that it is connected.
    pub(crate) async fn connected(&self) -> anyhow::Result<()> {
        until("every device is connected", async || {
            let devices = self.gateway.get(&self.key, "/v1/devices?limit=100").await?;
            let all = devices["data"].as_array().context("devices")?;
            Ok(all.iter().filter(|device| device["state"] == "connected").count() >= self.devices.len())
        })
        .await
    }

    /// Stops the server and starts it again on what it keeps.
    pub(crate) async fn restart(mut self) -> anyhow::Result<Self> {
        self.gateway.stop().await?;
        (self.gateway, _) = self.home.serve().await?;
        self.connected().await?;
        Ok(self)
    }

    /// Kills the server and starts it again. Also answers how long it took until all were connected again.
    pub(crate) async fn kill(mut self) -> anyhow::Result<(Self, Duration)> {
        self.gateway.kill().await?;
        let started = std::time::Instant::now();
        (self.gateway, _) = self.home.serve().await?;
        self.connected().await?;
        Ok((self, started.elapsed()))
    }

    /// Where to send: through the first account, to everybody in turn.
    pub(crate) fn target(&self) -> Target {
        Target {
            base: self.gateway.base.clone(),
            key: self.key.clone(),
            first: FIRST,
            recipients: PEOPLE,
            device: self.devices.first().cloned(),
        }
    }
}
