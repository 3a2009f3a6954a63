//! whatsapp-rust alone, in a process of its own.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use cetar_simulator_whatsapp_web::Simulator;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{Settings, linked::People, process};

/// Numbers of those who link; others than the gateway's.
const OWNERS: u64 = 628_130_000_000;

/// The process.
pub(crate) struct BareClient {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl BareClient {
    /// Starts it and links so many sessions.
    pub(crate) async fn start(
        settings: &Settings,
        simulator: &Simulator,
        sessions: u64,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(&settings.bare_client)
            .args([&simulator.url(), &sessions.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells every reconnect there.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} is missing: run `make bench`", settings.bare_client.display()))?;
        let stdin = child.stdin.take().context("piped")?;
        let lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut bare = Self { child, stdin, lines };
        loop {
            let line = bare.lines.next_line().await?.context("it ended")?;
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["qr", number, code] => {
                    // A number may link four devices, and each start is a new one: nobody is scanned twice.
                    let owner = OWNERS + 1000 * u64::from(bare.pid()?) + number.parse::<u64>()?;
                    simulator.phone(&owner.to_string()).scan(code).await?;
                }
                ["ready"] => return Ok(bare),
                _ => {}
            }
        }
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.pid()?)
    }

    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        process::resident(self.pid()?)
    }

    /// Of that, without the pages of its program, in MB.
    pub(crate) fn own(&self) -> anyhow::Result<f64> {
        process::own(self.pid()?)
    }

    /// Sends so many through its first session, so many at once; returns when all frames are written.
    pub(crate) async fn send(&mut self, count: usize, tasks: usize, people: &People) -> anyhow::Result<()> {
        let line = format!("send {count} {tasks} {}\n", people.numbers().join(","));
        self.stdin.write_all(line.as_bytes()).await?;
        let answer = self.lines.next_line().await?;
        ensure!(answer.as_deref() == Some("sent"), "{answer:?}");
        Ok(())
    }
}
