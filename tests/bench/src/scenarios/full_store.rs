//! Accepting into a store that is nearly empty, and into one that holds years.

use std::time::{Duration, Instant};

use super::accept::{Sandboxed, home};
use crate::{
    Settings,
    load::{Until, send},
    report::{Bar, Report, median, note},
};

const CONNECTIONS: usize = 64;
const SMALL: u32 = 1000;

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let sizes = if settings.quick { vec![SMALL, 100_000] } else { vec![SMALL, 100_000, settings.fullest] };
    let (rounds, length) = if settings.quick { (2, 1) } else { (5, 2) };
    let mut stores = Vec::new();
    for size in &sizes {
        stores.push(filled(settings, *size).await?);
    }
    let mut rates = vec![Vec::new(); sizes.len()];
    let mut longest = vec![Vec::new(); sizes.len()];
    for store in &stores {
        send(&store.target, CONNECTIONS, Until::Count(2000)).await?;
    }
    for _ in 0..rounds {
        for (at, store) in stores.iter().enumerate() {
            let outcome = send(&store.target, CONNECTIONS, Until::Time(Duration::from_secs(length))).await?;
            rates[at].push(outcome.rate());
            longest[at].push(outcome.times.percentile(99).as_secs_f64() * 1000.0);
        }
    }
    // Round by round: what one round suffered, its neighbours suffered too.
    for (at, size) in sizes.iter().enumerate() {
        let ratios = rates[0].iter().zip(&rates[at]).map(|(small, this)| small / this).collect();
        report.add(
            format!("accepted with {size} messages in the store"),
            median(rates[at].clone()),
            "/s",
            Bar::None,
        );
        report.add(format!("p99 with {size}"), median(longest[at].clone()), "ms", Bar::None);
        if at > 0 {
            report.add(
                format!("slower than with {SMALL}, by the factor"),
                median(ratios),
                "",
                Bar::AtMost(1.2),
            );
        }
    }
    Ok(())
}

/// A server on a store that holds so many messages, all of them done.
async fn filled(settings: &Settings, messages: u32) -> anyhow::Result<Sandboxed> {
    let empty = Sandboxed::held(home(settings, None)?).await?;
    let Sandboxed { home, gateway, mut target, device } = empty;
    gateway.stop().await?;
    let started = Instant::now();
    home.fill(&settings.fill, "messages", &device, messages).await?;
    note(&format!("a store of {messages} messages was filled in {:.0} s", started.elapsed().as_secs_f64()));
    let (gateway, _) = home.serve().await?;
    target.base.clone_from(&gateway.base);
    Ok(Sandboxed { home, gateway, target, device })
}
