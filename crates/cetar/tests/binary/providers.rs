//! The page that says what each network can carry is written from the networks' own data.

use std::{fmt::Write as _, path::Path, sync::Arc};

use cetar_meta::Meta;
use cetar_model::{Channel, MAX_BUTTONS};
use cetar_provider::{Capabilities, Length, Provider, SystemClock, Unit, http};
use cetar_sandbox::Sandbox;
use cetar_telegram::Telegram;
use cetar_whatsapp_web::{Settings, WhatsappWeb};

const INTRODUCTION: &str = "\
# What each channel can carry

Written from the code; `CETAR_TEST_WRITE=1 cargo test -p cetar --test binary providers` brings it up to date. `GET \
/v1/devices/{id}/capabilities` answers the same for one device. What does not fit is refused before it is queued, with the field \
that is too much; the type and size of a file are known only once it is fetched, so there the job fails.

WhatsApp publishes no limits for linked devices: those of `whatsapp` are our estimates, on the careful side.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let whatsapp = WhatsappWeb::new(Settings::new(std::path::PathBuf::new()));
    section(&mut page, "WhatsApp by a linked device (`whatsapp`)", whatsapp.capabilities());
    section(&mut page, "Telegram by a bot (`telegram`)", telegram().capabilities());
    for channel in Meta::CHANNELS {
        section(&mut page, &format!("Meta's own API, `{channel}`"), meta(channel).capabilities());
    }
    for channel in Channel::ALL {
        let sandbox = Sandbox::new(*channel, Arc::new(SystemClock));
        section(&mut page, &format!("Sandbox, `{channel}`"), sandbox.capabilities());
    }
    page
}

fn meta(channel: Channel) -> Meta {
    let http = http::Client::new(http::Options::default()).unwrap();
    Meta::new(channel, cetar_meta::Settings::new(http, Arc::new(SystemClock)))
}

fn telegram() -> Telegram {
    let http = http::Client::new(http::Options::default()).unwrap();
    Telegram::new(http, cetar_telegram::Settings::default(), Arc::new(SystemClock))
}

#[test]
fn the_simulated_telegram_carries_what_the_real_one_does() {
    is_promised_alike(&telegram(), Channel::Telegram);
}

#[test]
fn the_simulated_whatsapp_carries_what_the_real_one_does() {
    is_promised_alike(&WhatsappWeb::new(Settings::new(std::path::PathBuf::new())), Channel::Whatsapp);
}

/// Everything but how fast: nobody is kept waiting by a network that is none.
fn is_promised_alike(real: &dyn Provider, channel: Channel) {
    let sandbox = Sandbox::new(channel, Arc::new(SystemClock));
    let (real, twin) = (real.capabilities(), sandbox.capabilities());
    assert_eq!((real.content, real.captioned, real.media), (twin.content, twin.captioned, twin.media));
    assert_eq!((real.text, real.caption, real.buttons), (twin.text, twin.caption, twin.buttons));
    assert_eq!((real.markups, real.typing), (twin.markups, twin.typing));
    assert_eq!((real.resend_is_safe, real.link_methods), (twin.resend_is_safe, twin.link_methods));
    assert_eq!((real.check, real.window, real.human_agent), (twin.check, twin.window, twin.human_agent));
}

#[test]
fn the_simulated_people_of_every_channel_can_write_what_real_ones_can() {
    let whatsapp = WhatsappWeb::new(Settings::new(std::path::PathBuf::new()));
    let metas: Vec<_> = Meta::CHANNELS.into_iter().map(|channel| (channel, meta(channel))).collect();
    let (telegram, mut compared) = (telegram(), 0);
    let mut is_told_alike = |real: &dyn Provider, channel: Channel| {
        let sandbox = Sandbox::new(channel, Arc::new(SystemClock));
        assert_eq!(real.capabilities().receives, sandbox.capabilities().receives, "{channel}");
        compared += 1;
    };
    is_told_alike(&whatsapp, Channel::Whatsapp);
    is_told_alike(&telegram, Channel::Telegram);
    for (channel, provider) in &metas {
        is_told_alike(provider, *channel);
    }
    assert_eq!(compared, Channel::ALL.len());
}

fn section(page: &mut String, title: &str, network: &Capabilities) {
    let list = |words: Vec<&str>| words.join("`, `");
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n## {title}\n\n- Types: `{}`\n- Text: up to {}\n- Linked by: {}\n- Answers `check-number`: {}\n",
        list(network.content.iter().map(|kind| kind.as_str()).collect()),
        length(network.text),
        match network.link_methods {
            [] => "settings".to_owned(),
            methods => format!("`{}`", list(methods.iter().map(|method| method.as_str()).collect())),
        },
        network.check.map_or("no".to_owned(), |limit| format!(
            "yes, {} in a minute and {} in a day for each device",
            limit.per_minute, limit.per_day
        )),
    );
    if network.typing {
        page.push_str("- Shows that something is being written: `POST /v1/typing`\n");
    }
    if !network.markups.is_empty() {
        let names = list(network.markups.iter().map(|markup| markup.as_str()).collect());
        let _ = writeln!(page, "- `parse_mode`: `{names}`; left out, nothing is taken for markup");
    }
    let received = received(network);
    if let Some(buttons) = network.buttons {
        let _ = writeln!(
            page,
            "- Buttons: up to {MAX_BUTTONS}{}; text up to {}, on a button up to {}{}",
            if buttons.mixed { ", kinds mixed" } else { ", of one kind" },
            length(buttons.text),
            length(buttons.label),
            if buttons.best_effort {
                ". WhatsApp does not promise to show them: `\"fallback\": \"text\"` sends readable text instead"
            } else {
                ""
            },
        );
    }
    let _ = writeln!(page, "- Comes in: `{}`{}", received.0, received.1);
    if network.media.is_empty() {
        return;
    }
    page.push_str("\n| type | at most | caption | media types |\n|---|---|---|---|\n");
    for limit in network.media {
        let caption = if network.captioned.contains(&limit.kind) {
            format!("up to {}", length(network.caption))
        } else {
            "none".to_owned()
        };
        let size = if limit.max_bytes >= 1 << 20 {
            format!("{} MiB", limit.max_bytes >> 20)
        } else {
            format!("{} KiB", limit.max_bytes >> 10)
        };
        let types = limit.content_types.join("`, `");
        let _ = writeln!(page, "| `{}` | {size} | {caption} | `{types}` |", limit.kind);
    }
}

/// The types that come in, and how else.
fn received(network: &Capabilities) -> (String, String) {
    let receives = network.receives;
    let types = receives.content.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join("`, `");
    let more = [
        (receives.groups, "in groups"),
        (receives.echoes, "what the owner writes elsewhere"),
        (receives.aliases, "from people whose number is told later"),
    ];
    let more = more.into_iter().filter(|(there, _)| *there).map(|(_, words)| format!("; {words}"));
    (types, more.collect())
}

fn length(Length { max, unit }: Length) -> String {
    let unit = match unit {
        Unit::Characters => "characters",
        Unit::Utf16 => "UTF-16 units",
        Unit::Bytes => "bytes of UTF-8",
    };
    format!("{max} {unit}")
}

#[test]
fn every_network_is_described_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/providers.md");
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let write = std::env::var("CETAR_TEST_WRITE").is_ok();
    if write {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/reference/providers.md is not current: CETAR_TEST_WRITE=1 cargo test -p cetar --test binary providers"
    );
}
