//! Sending on one WhatsApp session: from the request to the frame that the other phone decrypted. Beside it whatsapp-rust alone,
//! called in process, with its keys in memory and no promise to keep.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use cetar_simulator_whatsapp_web::Simulator;

use crate::{
    Settings,
    bare_client::BareClient,
    gateway::until,
    linked::{Linked, PEOPLE, People},
    load::{Connection, Target, Until, send},
    report::{Bar, Report, Times, median},
};

/// At once: tasks of the bare client, connections to the gateway.
const AT_ONCE: usize = 16;

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let (rounds, count) = if settings.quick { (2, 500) } else { (5, 2000) };
    let simulator = Simulator::start().await;
    let people = People::on(&simulator);
    let mut bare = BareClient::start(settings, &simulator, 1).await?;
    let mut linked = Linked::new(settings, &simulator.url()).await?;
    linked.link_up_to(&simulator, 1).await?;
    let target = linked.target();

    // Everybody once, so that keys are fetched and chats begun.
    let everybody = usize::try_from(PEOPLE)?;
    bare.send(everybody, 1, &people).await?;
    people.wait_for(everybody).await?;
    send(&target, 1, Until::Count(PEOPLE)).await?;
    people.wait_for(2 * everybody).await?;
    linked.gateway.settle().await?;

    idle(settings, report, &people, &target).await?;

    let sends = f64::from(u32::try_from(count)?);
    let (mut bare_rates, mut rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare_cpu, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = bare.cpu()?;
        let due = people.received() + count;
        let started = Instant::now();
        bare.send(count, AT_ONCE, &people).await?;
        people.wait_for(due).await?;
        let alone = sends / started.elapsed().as_secs_f64();
        bare_cpu.push(bare.cpu()?.saturating_sub(before).as_secs_f64() * 1000.0 / sends);

        let before = linked.gateway.cpu()?;
        let due = people.received() + count;
        let started = Instant::now();
        send(&target, AT_ONCE, Until::Count(u64::try_from(count)?)).await?;
        people.wait_for(due).await?;
        let ours = sends / started.elapsed().as_secs_f64();
        // With everything that is still to be done: receipts, events.
        linked.gateway.settle().await?;
        cpu.push(linked.gateway.cpu()?.saturating_sub(before).as_secs_f64() * 1000.0 / sends);
        bare_rates.push(alone);
        rates.push(ours);
        ratios.push(ours / alone);
    }
    people.check(&simulator)?;
    report.add("whatsapp-rust alone: arrived", median(bare_rates), "/s", Bar::None);
    report.add("whatsapp-rust alone: CPU a message", median(bare_cpu), "ms", Bar::None);
    report.add("through the gateway: arrived", median(rates), "/s", Bar::None);
    report.add("through the gateway: of whatsapp-rust's rate", median(ratios), "", Bar::AtLeast(0.7));
    report.add(
        "through the gateway: CPU a message, HTTP and receipts included",
        median(cpu),
        "ms",
        Bar::AtMost(1.0),
    );
    linked.gateway.stop().await
}

/// One message at a time, on a gateway that has nothing else to do.
async fn idle(
    settings: &Settings,
    report: &mut Report,
    people: &People,
    target: &Target,
) -> anyhow::Result<()> {
    let count = if settings.quick { 40 } else { 200 };
    let mut connection = Connection::open(&target.base).await?;
    let mut times = Vec::new();
    for number in 0..count {
        let peer = &people.each()[usize::try_from(number % PEOPLE)?];
        let due = peer.received_count() + 1;
        let started = now();
        let answer = connection.post("/v1/messages", &target.key, target.body(number)).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.status);
        until("the message arrived", async || Ok(peer.received_count() >= due)).await?;
        let arrived = peer.received().last().context("it arrived")?.at;
        times.push(arrived.duration_since(started)?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let times = Times::new(times);
    report.add_time(
        "idle: from the request to the other phone, p50",
        times.percentile(50),
        Bar::AtMost(15.0),
    );
    report.add_time("idle: p99", times.percentile(99), Bar::None);
    Ok(())
}

/// The simulator's clock.
fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "compared with the time the simulator notes")]
    SystemTime::now()
}
