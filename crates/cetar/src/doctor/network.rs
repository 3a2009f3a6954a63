//! What can be seen only by going outside: with `--network`.

use std::time::Duration;

use tokio::{net::TcpStream, time::timeout};
use url::Url;

use super::Finding;
use crate::{bucket, config::Config};

/// How long a name and a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where WhatsApp's websocket is.
const WHATSAPP: &str = "wss://web.whatsapp.com/ws/chat";

pub(super) async fn all(config: &Config) -> Vec<Finding> {
    let whatsapp = config.whatsapp_web.url.clone().map(|url| url.0).or_else(|| Url::parse(WHATSAPP).ok());
    let outward = "let this machine make outgoing connections to that address, or correct its DNS";
    let inward =
        "correct the DNS entry, the proxy or the firewall; networks and people reach this server by it";
    let mut findings = Vec::new();
    if let Some(url) = whatsapp {
        findings.push(reach("whatsapp", &url, outward).await);
    }
    if let Some(url) = &config.general.public_url {
        findings.push(reach("public_url", url, inward).await);
    }
    findings.extend(media(config).await);
    findings
}

/// Whether media can be kept in the bucket, where there is one.
async fn media(config: &Config) -> Option<Finding> {
    let bucket = match bucket::named(config) {
        Ok(bucket) => bucket?,
        Err(error) => return Some(Finding::fail("media.store", &error)),
    };
    Some(match bucket.prove().await {
        Ok(()) => Finding::ok("media.store", "an object was written, read and deleted in the bucket"),
        Err(error) => Finding::failed(
            "media.store",
            format!("the bucket cannot be used: {error}"),
            "check the bucket's name, AWS_REGION, AWS_ENDPOINT_URL, and that the key may get, put and delete objects",
        ),
    })
}

/// Looks the name up and connects; says nothing.
async fn reach(check: &'static str, url: &Url, action: &str) -> Finding {
    let port = url.port().or(match url.scheme() {
        "https" | "wss" => Some(443),
        "http" | "ws" => Some(80),
        _ => None,
    });
    let (Some(host), Some(port)) = (url.host_str(), port) else {
        return Finding::failed(check, format!("{url} names no host"), "correct it in the configuration");
    };
    match timeout(PATIENCE, TcpStream::connect((host.trim_matches(['[', ']']), port))).await {
        Ok(Ok(_)) => Finding::ok(check, format!("{host}:{port} answers")),
        Ok(Err(error)) => Finding::failed(check, format!("{host}:{port} cannot be reached: {error}"), action),
        Err(_) => Finding::failed(check, format!("{host}:{port} does not answer"), action),
    }
}
