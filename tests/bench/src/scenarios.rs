//! What is measured, each with what is asked of it.

mod accept;
mod deliveries;
mod full_store;
mod links;
mod meta;
mod sends;
mod sessions;
mod start;

use crate::{Settings, report::Report};

/// All, in the order in which they run.
pub(crate) const NAMES: [&str; 8] =
    ["accept", "start", "deliveries", "sends", "links", "meta", "sessions", "full-store"];

/// Measures one.
pub(crate) async fn run(name: &str, settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    match name {
        "accept" => accept::measure(settings, report).await,
        "start" => start::measure(settings, report).await,
        "deliveries" => deliveries::measure(settings, report).await,
        "full-store" => full_store::measure(settings, report).await,
        "sends" => sends::measure(settings, report).await,
        "links" => links::measure(settings, report).await,
        "meta" => meta::measure(settings, report).await,
        _ => sessions::measure(settings, report).await,
    }
}
