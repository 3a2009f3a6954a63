//! Accepting: a 200 is a commit on disk. Beside it a handler that parses and answers the same and keeps nothing.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    Settings,
    bare_http::LISTENS,
    gateway::{Gateway, Home, address_in},
    load::{Outcome, Target, Until, send},
    report::{Bar, Report, Times, median, note},
};

const CONNECTIONS: usize = 64;
/// People of the sandbox who take what is sent and do nothing more: the last four digits decide, and 0001 to 0010 are others.
const FIRST: u64 = 628_120_001_000;
const RECIPIENTS: u64 = 1000;

/// A server with a sandbox device, and where to send.
pub(crate) struct Sandboxed {
    pub(crate) home: Home,
    pub(crate) gateway: Gateway,
    pub(crate) target: Target,
    pub(crate) device: String,
}

impl Sandboxed {
    /// In this home, whose device holds what is accepted.
    pub(crate) async fn held(home: Home) -> anyhow::Result<Self> {
        let (gateway, _) = home.serve().await?;
        let key = home.cli(&["key", "create", "--name", "bench", "--test"]).await?;
        let devices = gateway.get(&key, "/v1/devices").await?;
        let all = devices["data"].as_array().context("devices")?;
        let device = all.iter().find(|device| device["channel"] == "whatsapp").context("a sandbox device")?;
        let device = device["id"].as_str().context("an id")?.to_owned();
        home.cli(&["device", "pause", &device]).await?;
        let target =
            Target { base: gateway.base.clone(), key, first: FIRST, recipients: RECIPIENTS, device: None };
        Ok(Self { home, gateway, target, device })
    }
}

/// A home whose database is this; none is SQLite.
pub(crate) fn home(settings: &Settings, postgres: Option<&str>) -> anyhow::Result<Home> {
    let mut home = Home::new(&settings.shipped)?;
    if let Some(url) = postgres {
        home.set("CETAR_DATABASE_URL", url);
    }
    Ok(home)
}

async fn bare() -> anyhow::Result<(Child, Target)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("bare-http")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
    let line = lines.next_line().await?.context("it says where it listens")?;
    ensure!(line.starts_with(LISTENS), "{line}");
    let base = address_in(&line).context("an address")?;
    Ok((
        child,
        Target { base, key: "sk_test_bare".into(), first: FIRST, recipients: RECIPIENTS, device: None },
    ))
}

/// What was measured of one subject, round by round.
#[derive(Default)]
struct Rounds {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Rounds {
    fn note(&mut self, outcome: &Outcome, bare: f64) {
        let ms = |times: &Times, part| times.percentile(part).as_secs_f64() * 1000.0;
        self.rates.push(outcome.rate());
        self.ratios.push(outcome.rate() / bare);
        self.p50.push(ms(&outcome.times, 50));
        self.p99.push(ms(&outcome.times, 99));
    }

    fn tell(self, what: &str, report: &mut Report, ratio: Bar, rate: Bar, p99: Bar) {
        report.add(format!("{what}: accepted"), median(self.rates), "/s", rate);
        report.add(format!("{what}: of the bare handler's rate"), median(self.ratios), "", ratio);
        report.add(format!("{what}: p50"), median(self.p50), "ms", Bar::None);
        report.add(format!("{what}: p99"), median(self.p99), "ms", p99);
    }
}

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let (rounds, length) = if settings.quick { (2, 1) } else { (5, 3) };
    let round = Until::Time(Duration::from_secs(length));
    let (_child, bare) = bare().await?;
    let held = Sandboxed::held(home(settings, None)?).await?;
    let draining = Sandboxed::held(home(settings, None)?).await?;
    let postgres = match settings.postgres.as_deref() {
        Some(url) => Some(Sandboxed::held(home(settings, Some(url))?).await?),
        None => None,
    };
    // Each once, so that none is measured cold.
    let warm = Until::Count(2000);
    for target in
        [&bare, &held.target, &draining.target].into_iter().chain(postgres.as_ref().map(|it| &it.target))
    {
        send(target, CONNECTIONS, warm).await?;
    }
    let mut bare_rates = Vec::new();
    let (mut of_held, mut of_draining, mut of_postgres) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let mut drained = Vec::new();
    for _ in 0..rounds {
        let bare = send(&bare, CONNECTIONS, round).await?.rate();
        bare_rates.push(bare);
        of_held.note(&send(&held.target, CONNECTIONS, round).await?, bare);

        let sent = ("cetar_attempts_total", "outcome=\"sent\"");
        draining.home.cli(&["device", "resume", &draining.device]).await?;
        let before = draining.gateway.metric(sent.0, sent.1).await?;
        let outcome = send(&draining.target, CONNECTIONS, round).await?;
        let after = draining.gateway.metric(sent.0, sent.1).await?;
        drained.push((after - before) / outcome.elapsed.as_secs_f64());
        draining.home.cli(&["device", "pause", &draining.device]).await?;
        draining.gateway.settle().await?;
        of_draining.note(&outcome, bare);

        if let Some(postgres) = &postgres {
            of_postgres.note(&send(&postgres.target, CONNECTIONS, round).await?, bare);
        }
    }
    report.add("bare handler: answered", median(bare_rates), "/s", Bar::None);
    let at_least = Bar::AtLeast;
    of_held.tell("SQLite, queue held", report, at_least(0.35), at_least(2000.0), Bar::AtMost(50.0));
    of_draining.tell("SQLite, queue draining", report, Bar::None, Bar::None, Bar::None);
    report.add("SQLite, queue draining: sent meanwhile", median(drained), "/s", Bar::None);
    if postgres.is_some() {
        of_postgres.tell("PostgreSQL, queue held", report, at_least(0.2), Bar::None, Bar::None);
    } else {
        note("PostgreSQL: not measured, for there is none; `make bench` starts one");
    }
    Ok(())
}
