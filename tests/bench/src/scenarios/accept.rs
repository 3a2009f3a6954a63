//! Accepting: a 200 is a commit on disk. Beside it a handler that parses and answers the same and keeps nothing.
//!
//! Both are driven twice: by [`oha`](crate::oha), a client as clients are, and by our own load, which costs so little that nearly
//! the whole machine is left to what is measured. On a machine that all of them share the second ratio is the harder one.
//!
//! Then the store alone, called in process by as many: what no server over it can exceed on this machine.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    Settings,
    bare_http::LISTENS,
    gateway::{Gateway, Home, address_in},
    load::{Target, Until, send},
    oha,
    report::{Bar, Report, median, note},
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

/// Who sends.
#[derive(Clone, Copy)]
enum Driver<'a> {
    Ours,
    Oha(&'a Path),
}

impl Driver<'_> {
    async fn drive(self, target: &Target, length: Duration) -> anyhow::Result<oha::Outcome> {
        match self {
            Self::Ours => {
                let outcome = send(target, CONNECTIONS, Until::Time(length)).await?;
                let [p50, p99] = [50, 99].map(|part| outcome.times.percentile(part));
                Ok(oha::Outcome { rate: outcome.rate(), p50, p99 })
            }
            Self::Oha(program) => oha::send(program, target, CONNECTIONS, length).await,
        }
    }
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
    fn note(&mut self, outcome: &oha::Outcome, bare: f64) {
        self.rates.push(outcome.rate);
        self.ratios.push(outcome.rate / bare);
        self.p50.push(outcome.p50.as_secs_f64() * 1000.0);
        self.p99.push(outcome.p99.as_secs_f64() * 1000.0);
    }

    fn tell(self, what: &str, report: &mut Report, ratio: Bar, rate: Bar, p99: Bar) {
        report.add(format!("{what}: accepted"), median(self.rates), "/s", rate);
        report.add(format!("{what}: of the bare handler's rate"), median(self.ratios), "", ratio);
        report.add(format!("{what}: p50"), median(self.p50), "ms", Bar::None);
        report.add(format!("{what}: p99"), median(self.p99), "ms", p99);
    }
}

/// All that is driven.
struct Subjects {
    bare: Target,
    held: Sandboxed,
    draining: Sandboxed,
    postgres: Option<Sandboxed>,
}

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let (_child, bare) = bare().await?;
    let subjects = Subjects {
        bare,
        held: Sandboxed::held(home(settings, None)?).await?,
        draining: Sandboxed::held(home(settings, None)?).await?,
        postgres: match settings.postgres.as_deref() {
            Some(url) => Some(Sandboxed::held(home(settings, Some(url))?).await?),
            None => None,
        },
    };
    // Each once, so that none is measured cold.
    let (held, draining) = (&subjects.held.target, &subjects.draining.target);
    let postgres = subjects.postgres.as_ref().map(|it| &it.target);
    for target in [&subjects.bare, held, draining].into_iter().chain(postgres) {
        send(target, CONNECTIONS, Until::Count(2000)).await?;
    }
    if postgres.is_none() {
        note("PostgreSQL: not measured, for there is none; `make bench` starts one");
    }
    if settings.oha.exists() {
        subjects.drive(settings, report, "by oha", Driver::Oha(&settings.oha), [0.35, 0.2]).await?;
    } else {
        note("oha is missing; `make bench` installs it");
    }
    subjects.drive(settings, report, "by our own load", Driver::Ours, [0.0, 0.0]).await?;
    let dir = tempfile::tempdir()?;
    let url = format!("sqlite:{}", dir.path().join("alone.db").display());
    alone(settings, report, "SQLite", &url).await?;
    if let Some(url) = settings.postgres.as_deref() {
        alone(settings, report, "PostgreSQL", url).await?;
    }
    Ok(())
}

/// The store, in a process of its own with nothing else in it.
async fn alone(settings: &Settings, report: &mut Report, name: &str, url: &str) -> anyhow::Result<()> {
    let seconds = if settings.quick { "1" } else { "5" };
    let mut program = Command::new(&settings.store_alone);
    let output = program.args([url, &CONNECTIONS.to_string(), seconds]).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [rate, cpu] = figures.as_slice() else {
        anyhow::bail!("{}", String::from_utf8_lossy(&output.stderr));
    };
    report.add(format!("the store alone, without HTTP, {name}: accepted"), *rate, "/s", Bar::None);
    report.add(format!("the store alone, without HTTP, {name}: CPU a send"), cpu / 1000.0, "ms", Bar::None);
    Ok(())
}

impl Subjects {
    async fn drive(
        &self,
        settings: &Settings,
        report: &mut Report,
        by: &str,
        driver: Driver<'_>,
        [sqlite, postgres]: [f64; 2],
    ) -> anyhow::Result<()> {
        let (rounds, length) = if settings.quick { (2, 1) } else { (5, 3) };
        let length = Duration::from_secs(length);
        let mut bare_rates = Vec::new();
        let (mut held, mut draining, mut on_postgres) =
            (Rounds::default(), Rounds::default(), Rounds::default());
        let mut sent = Vec::new();
        for _ in 0..rounds {
            let bare = driver.drive(&self.bare, length).await?.rate;
            bare_rates.push(bare);
            held.note(&driver.drive(&self.held.target, length).await?, bare);
            let (outcome, rate) = self.draining.drained(driver, length).await?;
            draining.note(&outcome, bare);
            sent.push(rate);
            if let Some(postgres) = &self.postgres {
                on_postgres.note(&driver.drive(&postgres.target, length).await?, bare);
            }
        }
        let at_least = |bar: f64| if bar > 0.0 { Bar::AtLeast(bar) } else { Bar::None };
        report.add(format!("{by}, bare handler: answered"), median(bare_rates), "/s", Bar::None);
        let what = format!("{by}, SQLite, queue held");
        held.tell(&what, report, at_least(sqlite), Bar::AtLeast(2000.0), Bar::AtMost(50.0));
        let what = format!("{by}, SQLite, queue draining");
        draining.tell(&what, report, Bar::None, Bar::None, Bar::None);
        report.add(format!("{what}: sent meanwhile"), median(sent), "/s", Bar::None);
        if self.postgres.is_some() {
            let what = format!("{by}, PostgreSQL, queue held");
            on_postgres.tell(&what, report, at_least(postgres), Bar::None, Bar::None);
        }
        Ok(())
    }
}

impl Sandboxed {
    /// Drives it while its queue drains; also answers how many were sent on each second.
    async fn drained(&self, driver: Driver<'_>, length: Duration) -> anyhow::Result<(oha::Outcome, f64)> {
        let sent = ("cetar_attempts_total", "outcome=\"sent\"");
        self.home.cli(&["device", "resume", &self.device]).await?;
        let (before, started) = (self.gateway.metric(sent.0, sent.1).await?, Instant::now());
        let outcome = driver.drive(&self.target, length).await?;
        let rate = (self.gateway.metric(sent.0, sent.1).await? - before) / started.elapsed().as_secs_f64();
        self.home.cli(&["device", "pause", &self.device]).await?;
        self.gateway.settle().await?;
        Ok((outcome, rate))
    }
}
