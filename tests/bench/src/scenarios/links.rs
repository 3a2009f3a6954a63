//! The link to WhatsApp fails, by being cut and by going silent without a word: sends are still accepted at once, held, and go
//! out in their order when the link is back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use cetar_simulator_whatsapp_web::Simulator;

use crate::{
    Settings,
    linked::{Linked, PEOPLE, People},
    load::{Connection, Target},
    report::{Bar, Report, Times},
    wire::Wire,
};

const SENDS: u64 = 100;

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let simulator = Simulator::start().await;
    let people = People::on(&simulator);
    let url = simulator.url();
    let (address, path) =
        url.strip_prefix("ws://").and_then(|rest| rest.split_once('/')).context("a websocket URL")?;
    let wire = Wire::to(address.to_owned()).await?;
    let mut linked = Linked::new(settings, &format!("ws://{}/{path}", wire.address())).await?;
    linked.link_up_to(&simulator, 1).await?;
    let mut scene = Scene { people, wire, linked, sent: 0 };
    scene.send(PEOPLE, Duration::ZERO).await?;
    scene.people.wait_for(usize::try_from(PEOPLE)?).await?;

    scene.fail(report, "cut", Wire::cut, Duration::from_secs(2)).await?;
    // Shorter than it takes to notice: what was under way gets its answer late.
    scene.fail(report, "silent for 5 s", Wire::silence, Duration::from_secs(5)).await?;
    if !settings.quick {
        // Longer: the session is called dead and built anew, again and again.
        scene.fail(report, "silent for 45 s", Wire::silence, Duration::from_secs(45)).await?;
    }
    // A repeat under the same id is dropped by the phone that gets it: that is how nothing is lost and nothing doubled.
    ensure!(simulator.violations().is_empty(), "{:?}", simulator.violations());
    scene.linked.gateway.stop().await
}

struct Scene {
    people: People,
    wire: Wire,
    linked: Linked,
    sent: u64,
}

impl Scene {
    async fn fail(
        &mut self,
        report: &mut Report,
        how: &str,
        fail: impl Fn(&Wire),
        length: Duration,
    ) -> anyhow::Result<()> {
        let (before, started) = (self.people.received(), Instant::now());
        fail(&self.wire);
        let times = self.send(SENDS, length).await?;
        tokio::time::sleep(length.saturating_sub(started.elapsed())).await;
        ensure!(self.people.received() == before, "nothing comes through");
        self.wire.mend();
        let mended = Instant::now();
        self.people.wait_for(before + usize::try_from(SENDS)?).await?;
        let back = mended.elapsed();
        let in_order = self.in_order();
        report.add_time(format!("{how}: accepted, longest of {SENDS}"), times.longest(), Bar::AtMost(50.0));
        report.add(format!("{how}: arrived, of {SENDS}"), 100.0, "", Bar::AtLeast(100.0));
        report.add(format!("{how}: chats in order, of {PEOPLE}"), in_order, "", Bar::AtLeast(20.0));
        report.add(format!("{how}: all arrived after"), back.as_secs_f64(), "s", Bar::None);
        Ok(())
    }

    /// Sends one after another, spread over this time.
    async fn send(&mut self, count: u64, over: Duration) -> anyhow::Result<Times> {
        let target: Target = self.linked.target();
        let mut connection = Connection::open(&target.base).await?;
        let mut times = Vec::new();
        for _ in 0..count {
            let began = Instant::now();
            let answer = connection.post("/v1/messages", &target.key, target.body(self.sent)).await?;
            times.push(began.elapsed());
            ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
            self.sent += 1;
            tokio::time::sleep(over / u32::try_from(2 * count)?).await;
        }
        Ok(Times::new(times))
    }

    /// How many people have everything in the order in which it was accepted. The text carries its number.
    fn in_order(&self) -> f64 {
        let number = |text: Option<&str>| text?.split(' ').nth(1)?.parse::<u64>().ok();
        let is_ordered = |peer: &&cetar_simulator_whatsapp_web::Peer| {
            peer.received().iter().map(|message| number(message.text.as_deref())).is_sorted()
        };
        f64::from(u32::try_from(self.people.each().iter().filter(is_ordered).count()).unwrap_or(0))
    }
}
