//! Webhooks: how many go out, whether a receiver that is slow or dead holds up the others, and what those that wait cost.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::accept::{Sandboxed, home};
use crate::{
    Settings,
    gateway::until,
    load::{Connection, Until, send},
    receiver::Receiver,
    report::{Bar, Report, Times, median},
};

/// Endpoints that answer at once; a slow and a dead one make twenty.
const FAST: usize = 18;
/// Sends a second while latency is measured.
const PACE: u32 = 20;

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    rate(settings, report, &receiver).await?;
    waiting(settings, report, &receiver).await?;
    fairness(settings, report, &receiver).await
}

impl Sandboxed {
    async fn endpoint(&self, url: &str) -> anyhow::Result<String> {
        let words = ["webhook", "add", "--url", url, "--event", "message.sent", "--json"];
        let added: Value = serde_json::from_str(&self.home.cli(&words).await?)?;
        Ok(added["id"].as_str().context("an id")?.to_owned())
    }

    /// With so many deliveries due at this URL, each of a real event.
    async fn with_due(
        self,
        settings: &Settings,
        receiver: &Receiver,
        url: &str,
        count: u32,
    ) -> anyhow::Result<Self> {
        let seed = self.endpoint(&receiver.fast(0)).await?;
        let due = receiver.count() + 1;
        self.home.cli(&["device", "resume", &self.device]).await?;
        send(&self.target, 1, Until::Count(1)).await?;
        until("an event is told", async || Ok(receiver.count() >= due)).await?;
        self.home.cli(&["device", "pause", &self.device]).await?;
        self.home.cli(&["webhook", "remove", &seed]).await?;
        let endpoint = self.endpoint(url).await?;
        let Self { home, gateway, mut target, device } = self;
        gateway.stop().await?;
        home.fill(&settings.fill, "deliveries", &endpoint, count).await?;
        let (gateway, _) = home.serve().await?;
        target.base.clone_from(&gateway.base);
        Ok(Self { home, gateway, target, device })
    }
}

async fn rate(settings: &Settings, report: &mut Report, receiver: &Receiver) -> anyhow::Result<()> {
    let count: u32 = if settings.quick { 4000 } else { 20_000 };
    let empty = Sandboxed::held(home(settings, None)?).await?;
    let url = receiver.fast(1);
    let before = receiver.count() + 1;
    let full = empty.with_due(settings, receiver, &url, count).await?;
    let started = Instant::now();
    let already = receiver.count() - before;
    let all = before + usize::try_from(count)?;
    until("everything was delivered", async || Ok(receiver.count() >= all)).await?;
    let left = f64::from(count) - f64::from(u32::try_from(already)?);
    report.add(
        "delivered to a fast receiver",
        left / started.elapsed().as_secs_f64(),
        "/s",
        Bar::AtLeast(2000.0),
    );
    full.gateway.settle().await?;
    let cpu = full.gateway.cpu()?.as_secs_f64() * 1000.0 / f64::from(count);
    report.add("CPU a delivery", cpu, "ms", Bar::None);
    full.gateway.stop().await
}

/// Accepting with nothing due, and with 100,000 deliveries due at a receiver that is not there.
async fn waiting(settings: &Settings, report: &mut Report, receiver: &Receiver) -> anyhow::Result<()> {
    const COUNT: u32 = 100_000;
    let (rounds, length) = if settings.quick { (2, 1) } else { (5, 2) };
    let none = Sandboxed::held(home(settings, None)?)
        .await?
        .with_due(settings, receiver, &Receiver::dead().await?, 1)
        .await?;
    let many = Sandboxed::held(home(settings, None)?)
        .await?
        .with_due(settings, receiver, &Receiver::dead().await?, COUNT)
        .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let more = many.gateway.resident()? - none.gateway.resident()?;
    report.add(format!("memory of {COUNT} pending"), more, "MB", Bar::AtMost(100.0));
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let round = Until::Time(Duration::from_secs(length));
        let without = send(&none.target, 16, round).await?.times.percentile(50).as_secs_f64();
        let with = send(&many.target, 16, round).await?.times.percentile(50).as_secs_f64();
        ratios.push(with / without);
    }
    report.add(
        format!("accept latency with {COUNT} pending, p50, by the factor"),
        median(ratios),
        "",
        Bar::AtMost(1.2),
    );
    none.gateway.stop().await?;
    many.gateway.stop().await
}

async fn fairness(settings: &Settings, report: &mut Report, receiver: &Receiver) -> anyhow::Result<()> {
    let (rounds, sends) = if settings.quick { (2, 40) } else { (5, 100) };
    let gateway = Sandboxed::held(home(settings, None)?).await?;
    gateway.home.cli(&["device", "resume", &gateway.device]).await?;
    for number in 0..FAST {
        gateway.endpoint(&receiver.fast(number)).await?;
    }
    receiver.note();
    latencies(&gateway, receiver, PACE).await?;
    let (mut alone, mut beside, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let without = latencies(&gateway, receiver, sends).await?.percentile(99).as_secs_f64() * 1000.0;
        let dead = gateway.endpoint(&Receiver::dead().await?).await?;
        let slow = gateway.endpoint(&receiver.slow()).await?;
        let with = latencies(&gateway, receiver, sends).await?.percentile(99).as_secs_f64() * 1000.0;
        for endpoint in [dead, slow] {
            gateway.home.cli(&["webhook", "remove", &endpoint]).await?;
        }
        alone.push(without);
        beside.push(with);
        ratios.push(with / without);
    }
    report.add(
        format!("{FAST} endpoints: from the request to the webhook, p99"),
        median(alone),
        "ms",
        Bar::None,
    );
    report.add("the same beside a dead and a slow one, p99", median(beside), "ms", Bar::None);
    report.add("slower beside them, by the factor", median(ratios), "", Bar::AtMost(1.5));
    gateway.gateway.stop().await
}

/// From each request to each of its webhooks at the fast endpoints.
async fn latencies(gateway: &Sandboxed, receiver: &Receiver, sends: u32) -> anyhow::Result<Times> {
    let _earlier = receiver.notes();
    let mut connection = Connection::open(&gateway.target.base).await?;
    let mut started = HashMap::new();
    for number in 0..sends {
        let at = Instant::now();
        let answer =
            connection.post("/v1/messages", &gateway.target.key, gateway.target.body(number.into())).await?;
        let body: Value = serde_json::from_slice(&answer.body)?;
        started.insert(body["data"]["job_id"].as_str().context("a job")?.to_owned(), at);
        tokio::time::sleep((Duration::from_secs(1) / PACE).saturating_sub(at.elapsed())).await;
    }
    let mut times = Vec::new();
    let due = usize::try_from(sends)? * FAST;
    until("every webhook came", async || {
        let came = receiver.notes();
        times.extend(came.into_iter().filter_map(|(job, at)| Some(at - *started.get(&job)?)));
        Ok(times.len() >= due)
    })
    .await?;
    ensure!(times.len() == due, "{} webhooks instead of {due}", times.len());
    Ok(Times::new(times))
}
