//! `cetar device link`: shows what the person is to do, and waits until the device is connected.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use anyhow::Context as _;
use axum::http::Method;
use serde_json::{Value, json};

use super::{Desk, segment};
use crate::{
    api::{Api, Event},
    output::{remark, tell},
    qr,
};

/// How long the first connection after linking is waited for. Not coming about in that time is no failure of the link.
const CONNECT: Duration = Duration::from_secs(30);
/// How often the device is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

const ON_THE_PHONE_QR: &str = "\
On the phone: WhatsApp, Settings (or the three dots), Linked devices, Link a device. Then scan this.
It is replaced by itself every few seconds; Ctrl-C gives up.";

const ON_THE_PHONE_CODE: &str = "\
On the phone: WhatsApp, Settings (or the three dots), Linked devices, Link a device, \"Link with phone number instead\".
Then type this code:";

/// How the steps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    /// On a terminal: a new QR takes the place of the one before.
    Terminal,
    /// Into a file or a pipe: one after the other.
    Plain,
    /// One JSON object a line.
    Json,
}

pub(super) async fn run(
    desk: &Desk<'_>,
    workspace: Option<&String>,
    device: &str,
    phone: Option<String>,
    json: bool,
) -> anyhow::Result<()> {
    let show = match (json, io::stdout().is_terminal()) {
        (true, _) => Show::Json,
        (false, true) => Show::Terminal,
        (false, false) => Show::Plain,
    };
    let mut api = desk.api(workspace).await?;
    api.run_sessions();
    let linked = link(&api, device, phone, show).await;
    api.close().await;
    linked
}

async fn link(api: &Api, device: &str, phone: Option<String>, show: Show) -> anyhow::Result<()> {
    let path = format!("/v1/devices/{}", segment(device));
    let by_code = phone.is_some();
    let body = match phone {
        Some(phone) => json!({ "method": "pairing_code", "phone": phone }),
        None => json!({ "method": "qr" }),
    };
    api.call(Method::POST, &format!("{path}/link"), Some(body)).await?;
    let mut events = api.events(&format!("{path}/link/events")).await?;
    if show != Show::Json {
        remark(if by_code { ON_THE_PHONE_CODE } else { ON_THE_PHONE_QR });
    }
    let mut screen = Screen { show, drawn: 0 };
    while let Some(event) = events.next().await? {
        if let Some(address) = screen.step(&event)? {
            return connected(api, &path, &address, show).await;
        }
    }
    anyhow::bail!("the server ended the linking; start it again with the same command")
}

/// What has been drawn.
struct Screen {
    show: Show,
    /// Lines of the QR that is on the terminal.
    drawn: usize,
}

impl Screen {
    /// Shows one step; the account's address once it is linked.
    fn step(&mut self, event: &Event) -> anyhow::Result<Option<String>> {
        let data: Value = serde_json::from_str(&event.data).context("an event of the linking is not JSON")?;
        if self.show == Show::Json {
            let mut line = json!({ "event": event.name });
            if let (Some(line), Some(data)) = (line.as_object_mut(), data.as_object()) {
                line.extend(data.clone());
            }
            tell(&line.to_string())?;
        }
        let text = |member: &str| data[member].as_str().unwrap_or_default();
        match event.name.as_str() {
            "qr" => self.draw(text("data"))?,
            "code" if self.show != Show::Json => tell(&format!("\n    {}\n", spaced(text("code"))))?,
            "connecting" if self.show != Show::Json => {
                self.drawn = 0;
                remark("The phone has taken it; exchanging keys …");
            }
            "linked" => return Ok(Some(text("address").to_owned())),
            "failed" => {
                anyhow::bail!("the device was not linked: {}", failure(text("message"), text("reason")))
            }
            _ => {}
        }
        Ok(None)
    }

    fn draw(&mut self, data: &str) -> anyhow::Result<()> {
        match self.show {
            Show::Json => Ok(()),
            Show::Plain => tell(&qr::plain(data)?),
            Show::Terminal => tell(&self.in_place(data)?),
        }
    }

    /// The picture, on the lines of the one before.
    fn in_place(&mut self, data: &str) -> anyhow::Result<String> {
        let picture = qr::colored(data)?;
        let back = if self.drawn > 0 { format!("\x1b[{}A\x1b[J", self.drawn) } else { String::new() };
        self.drawn = picture.lines().count();
        Ok(format!("{back}{picture}"))
    }
}

/// A code, big enough to be read from an arm's length: letters apart, in two groups as the phone shows them.
fn spaced(code: &str) -> String {
    let letters: Vec<String> = code.chars().filter(|letter| *letter != '-').map(String::from).collect();
    letters.chunks(4).map(|group| group.join(" ")).collect::<Vec<_>>().join("  -  ")
}

/// What went wrong and what to do next.
fn failure(message: &str, reason: &str) -> String {
    let next = match reason {
        "passkey_required" => {
            "A passkey can be used in a browser only, so this account cannot be linked from a server for now. Another number \
             without one can; this device stays as it was."
        }
        "link_expired" => "Run the same command again and scan or type within the time shown.",
        "already_linked" => "`cetar device list` shows which one; `cetar device logout ID` ends that link.",
        "version_outdated" => "Install a newer version of cetar, then run the same command again.",
        "" => {
            "Check this machine's connection to the internet (cetar doctor --network), then run the same command again."
        }
        _ => "",
    };
    let message = message.trim_end_matches('.');
    if next.is_empty() { format!("{message}.") } else { format!("{message}. {next}") }
}

/// Linked; the session's first connection shows that the keys hold.
async fn connected(api: &Api, path: &str, address: &str, show: Show) -> anyhow::Result<()> {
    if show != Show::Json {
        remark(&format!("Linked to {address}. Waiting for the first connection …"));
    }
    let mut waited = Duration::ZERO;
    loop {
        let device = api.call(Method::GET, path, None).await?.data;
        let state = device["state"].as_str().unwrap_or_default();
        match state {
            "connected" | "restricted" => {
                if show == Show::Json {
                    tell(&json!({ "event": state, "address": address }).to_string())?;
                } else {
                    remark("Connected. It can send and receive now.");
                }
                return Ok(());
            }
            "logged_out" | "unlinked" => {
                let message = device["message"].as_str().unwrap_or("the network ended the link at once");
                anyhow::bail!("the device was linked and then lost: {message}");
            }
            _ if waited >= CONNECT => {
                remark("It is linked; the first connection takes longer than usual. See: cetar device list");
                return Ok(());
            }
            _ => {
                tokio::time::sleep(LOOK_AGAIN).await;
                waited += LOOK_AGAIN;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_terminal_a_new_qr_takes_the_place_of_the_one_before() {
        let mut screen = Screen { show: Show::Terminal, drawn: 0 };
        let first = screen.in_place("cetar").unwrap();
        assert!(first.starts_with("\x1b[30;107m"), "the first is drawn where the cursor is");
        let lines = first.lines().count();
        let second = screen.in_place("cetar again").unwrap();
        assert!(second.starts_with(&format!("\x1b[{lines}A\x1b[J")), "the second begins as many lines above");
    }

    #[test]
    fn a_code_stands_in_two_groups_however_it_came() {
        assert_eq!(spaced("ABCD1234"), "A B C D  -  1 2 3 4");
        assert_eq!(spaced("ABCD-1234"), "A B C D  -  1 2 3 4");
    }

    #[test]
    fn a_failure_is_told_with_the_next_step() {
        let event = |data: &str| Event { name: "failed".into(), data: data.into() };
        let mut screen = Screen { show: Show::Plain, drawn: 0 };
        let mut told = |data: &str| screen.step(&event(data)).unwrap_err().to_string();
        let expired = told(r#"{"reason":"link_expired","message":"The QR was not used in time."}"#);
        assert_eq!(
            expired,
            "the device was not linked: The QR was not used in time. Run the same command again and scan or type within the time shown."
        );
        assert!(
            told(r#"{"reason":"passkey_required","message":"A passkey is asked for."}"#)
                .contains("Another number")
        );
        assert!(told(r#"{"reason":null,"message":"no route"}"#).contains("cetar doctor --network"));
    }
}
