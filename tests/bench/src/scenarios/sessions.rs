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
    for &count in counts {
        let bare = {
            let bare = BareClient::start(settings, &simulator, count).await?;
            tokio::time::sleep(REST).await;
            bare.resident()?
        };
        linked.link_up_to(&simulator, usize::try_from(count)?).await?;
        tokio::time::sleep(REST).await;
        let after_linking = linked.gateway.resident()?;
        linked = linked.restart().await?;
        tokio::time::sleep(REST).await;
        let ours = linked.gateway.resident()?;
        report.add(format!("{count} idle: whatsapp-rust alone"), bare, "MB", Bar::None);
        report.add(format!("{count} idle: gateway, just after linking them"), after_linking, "MB", Bar::None);
        report.add(format!("{count} idle: gateway"), ours, "MB", Bar::None);
        report.add(format!("{count} idle: of whatsapp-rust's"), ours / bare, "", Bar::AtMost(1.3));
    }
    let (linked, back) = linked.kill().await?;
    let count = linked.devices.len();
    report.add(format!("{count} back after a kill"), back.as_secs_f64(), "s", Bar::AtMost(5.0));
    linked.gateway.stop().await
}
