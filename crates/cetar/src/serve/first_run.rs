//! The first run: what is made, and the one time it is told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context as _;
use cetar_engine::passwords;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{config::Config, gateway::Gateway, output};

/// The owner's sign-in name until they choose one.
const OWNER: &str = "owner@localhost";
/// A simulated person who reads every message.
const READER: &str = "6281234560001";

/// What was made, and is known to nobody else.
pub(super) struct Made {
    password: SecretString,
    test_key: SecretString,
}

/// Makes what an empty database needs.
pub(super) async fn run(gateway: &Gateway) -> anyhow::Result<Option<Made>> {
    let (store, engine) = (&gateway.store, &gateway.engine);
    // Hashing takes a tenth of a second on purpose; a later start need not wait for it. The engine decides again.
    if !store.workspaces().await.context("the database cannot be read")?.is_empty() {
        return Ok(None);
    }
    let password = passwords::random(&gateway.ids);
    let hash = passwords::hash(&gateway.ids, password.clone()).await?;
    let first =
        engine.first_run((OWNER.to_owned(), hash)).await.context("the first run could not be finished")?;
    Ok(first.map(|first| Made { password, test_key: first.test_key }))
}

/// What is printed when the server answers.
pub(super) struct Welcome {
    /// Where it answers, as seen from this machine.
    here: String,
    /// Where people find it.
    address: String,
    /// It speaks TLS itself, with a certificate that is hardly made out to this address.
    insecure: bool,
    /// How this program is called, and how it finds this data.
    program: Program,
}

/// How to call this program again.
pub(crate) struct Program {
    /// As it was called.
    pub(crate) name: String,
    /// Options that lead to the same data, with a blank before.
    pub(crate) place: String,
}

impl Welcome {
    pub(super) fn new(config: &Config, bound: SocketAddr, tls: bool, program: Program) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let here = format!("{scheme}://{}", reachable(bound));
        let address = config.general.public_url.as_ref().map_or_else(|| here.clone(), trimmed);
        Self { here, address, insecure: tls, program }
    }

    /// Prints it. What is told once must reach someone: where standard output is closed, standard error gets it.
    pub(super) fn print(&self, first: Option<&Made>) {
        let text = first.map_or_else(|| self.later(), |made| self.first(made));
        if output::tell(&text).is_err() {
            output::remark(&text);
        }
    }

    /// At the first run, once.
    fn first(&self, made: &Made) -> String {
        let Self { here, address, insecure, program: Program { name, place } } = self;
        let (password, key) = (made.password.expose_secret(), made.test_key.expose_secret());
        let insecure = if *insecure { "--insecure " } else { "" };
        format!(
            "\
Cetar is ready. What follows is shown this once; keep it.

  Dashboard   {address}/
  API         {address}/docs
  Sign-in     {OWNER}  {password}
  Test key    {key}   (reaches simulated people only)

Send a first message to a simulated person:

  curl {insecure}-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{{\"to\":\"{READER}\",\"type\":\"text\",\"content\":{{\"text\":\"Halo! Ini pesan teks dari Cetar API.\"}}}}' {here}/v1/messages

Then link WhatsApp, in another terminal:

  {name} device add --channel whatsapp --name Toko{place}
  {name} device link ID{place}

{}",
            self.later()
        )
    }

    /// At every start.
    fn later(&self) -> String {
        format!("Cetar is listening on {} (stop: Ctrl-C)", self.here)
    }
}

/// The address as this machine itself reaches it.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, bound.port())
}

fn trimmed(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_means_this_machine() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("[::]:80".parse().unwrap()).to_string(), "[::1]:80");
        assert_eq!(reachable("192.168.1.5:80".parse().unwrap()).to_string(), "192.168.1.5:80");
    }
}
