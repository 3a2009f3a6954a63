//! A load tool that is not ours: [oha](https://crates.io/crates/oha), which `scripts/bench` installs. It is a general client and
//! costs more than the requests that [`load`](crate::load) writes; what it drives gets what it leaves of the machine.

use std::{fmt::Write as _, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::load::Target;

/// What it measured.
pub(crate) struct Outcome {
    /// Answers a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: std::collections::BTreeMap<String, u64>,
    error_distribution: std::collections::BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "requestsPerSec")]
    rate: f64,
}

/// In seconds.
#[derive(Deserialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
}

/// Sends over so many connections at once for so long. Every answer must be a 200.
pub(crate) async fn send(
    program: &Path,
    target: &Target,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Outcome> {
    // One line a body, to everybody in turn.
    let mut bodies = String::new();
    for number in 0..target.recipients {
        writeln!(bodies, "{}", String::from_utf8_lossy(&target.body(number)))?;
    }
    let file = tempfile::NamedTempFile::with_prefix("cetar-bench.")?;
    std::fs::write(file.path(), bodies)?;
    let output = Command::new(program)
        .args(["--no-tui", "--output-format", "json", "--wait-ongoing-requests-after-deadline"])
        .args(["-m", "POST", "-T", "application/json", "-c", &connections.to_string()])
        .args(["-z", &format!("{}ms", length.as_millis())])
        .args(["-H", &format!("Authorization: Bearer {}", target.key), "-Z"])
        .arg(file.path())
        .arg(format!("{}/v1/messages", target.base))
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(output.status.success(), "oha: {}", String::from_utf8_lossy(&output.stderr));
    let output: Output = serde_json::from_slice(&output.stdout).context("oha's figures")?;
    let (statuses, errors) = (&output.status_code_distribution, &output.error_distribution);
    ensure!(statuses.keys().all(|status| status == "200"), "oha was answered {statuses:?}");
    ensure!(errors.is_empty(), "oha met {errors:?}");
    Ok(Outcome {
        rate: output.summary.rate,
        p50: Duration::from_secs_f64(output.latency_percentiles.p50),
        p99: Duration::from_secs_f64(output.latency_percentiles.p99),
    })
}
