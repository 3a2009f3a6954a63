//! Many accounts linked: what they weigh, and how soon all are back after a kill.

use std::time::Duration;

use cetar_simulator_whatsapp_web::Simulator;

use crate::{
    Settings,
    bare_client::BareClient,
    linked::Linked,
    report::{Bar, Report},
};

/// Until a process that has nothing to do has done what it does at its start.
const REST: Duration = Duration::from_secs(3);

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let counts: &[u64] = if settings.quick { &[1, 20] } else { &[1, 20, 100] };
    let simulator = Simulator::start().await;
    let mut linked = Linked::new(settings, &simulator.url()).await?;
    tokio::time::sleep(REST).await;
    report.add("memory with no session", linked.gateway.resident()?, "MB", Bar::None);
    report.add("memory with no session, without the program's pages", linked.gateway.own()?, "MB", Bar::None);
    for &count in counts {
        let (bare, bare_own) = {
            let bare = BareClient::start(settings, &simulator, count).await?;
            tokio::time::sleep(REST).await;
            (bare.resident()?, bare.own()?)
        };
        linked.link_up_to(&simulator, usize::try_from(count)?).await?;
        tokio::time::sleep(REST).await;
        let after_linking = linked.gateway.resident()?;
        linked = linked.restart().await?;
        tokio::time::sleep(REST).await;
        let (ours, own) = (linked.gateway.resident()?, linked.gateway.own()?);
        report.add(format!("{count} idle: whatsapp-rust alone"), bare, "MB", Bar::None);
        report.add(format!("{count} idle: gateway, just after linking them"), after_linking, "MB", Bar::None);
        report.add(format!("{count} idle: gateway"), ours, "MB", Bar::None);
        report.add(format!("{count} idle: of whatsapp-rust's"), ours / bare, "", Bar::AtMost(1.3));
        let own_of = |whose: &str| format!("{count} idle: {whose}, without the program's pages");
        report.add(own_of("whatsapp-rust alone"), bare_own, "MB", Bar::None);
        report.add(own_of("gateway"), own, "MB", Bar::None);
    }
    let (linked, back) = linked.kill().await?;
    let count = linked.devices.len();
    report.add(format!("{count} back after a kill"), back.as_secs_f64(), "s", Bar::AtMost(5.0));
    linked.gateway.stop().await
}
