//! From the start of the process to its first 200 on `/readyz`.

use crate::{
    Settings,
    gateway::Home,
    report::{Bar, Report, Times},
};

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let starts = if settings.quick { 5 } else { 20 };
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        let home = Home::new(&settings.shipped)?;
        let (gateway, took) = home.serve().await?;
        first.push(took);
        gateway.stop().await?;
        let (gateway, took) = home.serve().await?;
        again.push(took);
        gateway.stop().await?;
    }
    let (first, again) = (Times::new(first), Times::new(again));
    report.add_time("start to ready: p50", again.percentile(50), Bar::AtMost(100.0));
    report.add_time("start to ready: longest", again.longest(), Bar::None);
    report.add_time("the very first start, which makes key and schema: p50", first.percentile(50), Bar::None);
    Ok(())
}
