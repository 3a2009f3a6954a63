//! `cetar doctor`: is everything as it should be, and if not, what to do. Changes nothing.

mod checks;
mod network;

use std::{path::Path, process::ExitCode};

use serde::Serialize;

use crate::{
    cli,
    config::{Config, Environment},
    output::tell,
};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// It works, and something should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    #[serde(rename = "status")]
    verdict: Verdict,
    /// What was found.
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, message: message.into(), action: None }
    }

    fn warn(check: &'static str, message: impl Into<String>, action: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, message: message.into(), action: Some(action.into()) }
    }

    /// The message of an error says what to do by itself.
    fn fail(check: &'static str, error: &anyhow::Error) -> Self {
        Self { check, verdict: Verdict::Fail, message: format!("{error:#}"), action: None }
    }

    fn failed(check: &'static str, message: impl Into<String>, action: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, message: message.into(), action: Some(action.into()) }
    }

    fn line(&self) -> String {
        let mark = match self.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        let mut line = format!("{mark}  {:<14}  {}", self.check, self.message);
        if let Some(action) = &self.action {
            line = format!("{line}\n{:22}do: {action}", "");
        }
        line
    }
}

/// Runs every check. Exit code 1 if one failed.
pub(crate) async fn run(options: &cli::Doctor, environment: &Environment) -> anyhow::Result<ExitCode> {
    let findings = match Config::load(&options.place.flags(), environment, Path::new(".")) {
        Ok(config) if options.ready => vec![checks::ready(&config, environment).await],
        Ok(config) => {
            let mut findings = checks::all(&config, environment).await;
            if options.network {
                findings.extend(network::all(&config).await);
            }
            findings
        }
        // Where the rest is, nobody can say.
        Err(error) => vec![Finding::fail("configuration", &error.into())],
    };
    if options.listing.json {
        tell(&serde_json::to_string_pretty(&findings)?)?;
    } else {
        let lines = findings.iter().map(Finding::line).collect::<Vec<_>>();
        tell(&lines.join("\n"))?;
    }
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
