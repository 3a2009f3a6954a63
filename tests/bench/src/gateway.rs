//! The gateway's process and its data directory.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinSet,
};

use crate::{load::Connection, process};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at something that has no other way to tell.
pub(crate) const LOOK: Duration = Duration::from_millis(1);

/// A data directory, and what the binary is told in it.
pub(crate) struct Home {
    binary: PathBuf,
    data: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Home {
    /// A fresh one for this binary.
    pub(crate) fn new(binary: &Path) -> anyhow::Result<Self> {
        let binary = binary
            .canonicalize()
            .with_context(|| format!("{} is missing: run `make bench`", binary.display()))?;
        // More than any load here asks for: what is measured is not the limit.
        let environment = vec![
            ("CETAR_LIMITS__REQUESTS_PER_MINUTE", "1000000000".to_owned()),
            ("CETAR_EGRESS__ALLOW", "127.0.0.0/8".to_owned()),
        ];
        Ok(Self { binary, data: TempDir::with_prefix("cetar-bench.")?, environment })
    }

    /// Sets an environment variable.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).arg("--data-dir").arg(self.data.path());
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command of the binary and gives what it prints.
    pub(crate) async fn cli(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.command(words).stderr(Stdio::piped()).output().await?;
        ensure!(output.status.success(), "cetar {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Fills its SQLite database, while nothing runs on it.
    pub(crate) async fn fill(&self, program: &Path, what: &str, of: &str, count: u32) -> anyhow::Result<()> {
        let database = format!("sqlite:{}", self.data.path().join("cetar.db").display());
        let done = Command::new(program).args([&database, what, of, &count.to_string()]).status().await;
        let done = done.with_context(|| format!("{} is missing: run `make bench`", program.display()))?;
        ensure!(done.success(), "{} failed", program.display());
        Ok(())
    }

    /// Starts a command whose lines are wanted one by one.
    pub(crate) fn start(&self, words: &[&str]) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
        let mut child = self.command(words).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        Ok((child, lines))
    }

    /// Starts the server and waits until it is ready. Answers also how long that took.
    pub(crate) async fn serve(&self) -> anyhow::Result<(Gateway, Duration)> {
        let started = Instant::now();
        // Its log goes to a file, as a person would have it: writing it is part of what a request costs.
        let log = std::fs::File::options().create(true).append(true).open(self.data.path().join("log"))?;
        let mut child = self.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(log).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        let base = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(base) = address_in(&line) {
                    return Ok(base);
                }
            }
            bail!("`cetar serve` ended; see {}", self.data.path().join("log").display())
        })
        .await??;
        let mut rest = JoinSet::new();
        rest.spawn(
            async move { while let Ok(Some(_read_so_that_it_never_blocks)) = lines.next_line().await {} },
        );
        let gateway = Gateway { base, child, _rest: rest };
        let mut connection = Connection::open(&gateway.base).await?;
        until("the server is ready", async || Ok(connection.get("/readyz", None).await?.status == 200))
            .await?;
        Ok((gateway, started.elapsed()))
    }
}

/// The address in a line such as `… http://127.0.0.1:41234 …`.
pub(crate) fn address_in(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let port = start + "http://127.0.0.1:".len();
    let digits = line[port..].chars().take_while(char::is_ascii_digit).count();
    Some(line[start..port + digits].to_owned()).filter(|_| digits > 0)
}

/// Looks again and again until it is so.
pub(crate) async fn until(
    what: &str,
    mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    tokio::time::timeout(PATIENCE, async {
        while !is_so().await? {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    })
    .await
    .with_context(|| format!("waited in vain until {what}"))?
}

/// A running server.
pub(crate) struct Gateway {
    pub(crate) base: String,
    child: Child,
    _rest: JoinSet<()>,
}

impl Gateway {
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }

    /// CPU time used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.pid()?)
    }

    /// Memory held, in MB.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        process::resident(self.pid()?)
    }

    /// Of that, without the pages of its program, in MB.
    pub(crate) fn own(&self) -> anyhow::Result<f64> {
        process::own(self.pid()?)
    }

    /// `SIGKILL`, and its end.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// `SIGTERM`, and its end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid()?)?), Signal::SIGTERM)?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not stop")??;
        Ok(())
    }

    /// JSON that a key may read.
    pub(crate) async fn get(&self, key: &str, path: &str) -> anyhow::Result<Value> {
        let answer = Connection::open(&self.base).await?.get(path, Some(key)).await?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// A figure of `/metrics`, all its labels added up; `part` must stand in the line.
    pub(crate) async fn metric(&self, name: &str, part: &str) -> anyhow::Result<f64> {
        let answer = Connection::open(&self.base).await?.get("/metrics", None).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(part));
        Ok(lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }

    /// Waits until it has done what there was to do: it uses hardly any CPU.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        const SPAN: Duration = Duration::from_millis(200);
        loop {
            let before = self.cpu()?;
            tokio::time::sleep(SPAN).await;
            if self.cpu()?.saturating_sub(before) <= SPAN / 20 {
                return Ok(());
            }
        }
    }
}
