//! A PostgreSQL of the run's own, to be stopped and started while the gateway runs.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::within;

/// Runs until it is dropped. It syncs to disk: what it has committed must outlive an immediate stop.
pub(crate) struct Cluster {
    pub(crate) url: String,
    directory: String,
    /// The script ends with the command it runs, which ends with its input.
    _input: ChildStdin,
    _script: Child,
}

fn script() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
    root.join("scripts/postgres")
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let tell = r#"echo "$CETAR_TEST_POSTGRES"; echo "$CETAR_TEST_POSTGRES_DIRECTORY"; exec cat"#;
        let mut script = Command::new(script())
            .args(["run", "--", "sh", "-c", tell])
            .env("CETAR_TEST_POSTGRES_FSYNC", "on")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres runs");
        let input = script.stdin.take().expect("piped");
        let mut lines = BufReader::new(script.stdout.take().expect("piped")).lines();
        let mut line = async || {
            let line = within("PostgreSQL to start", lines.next_line()).await;
            line.expect("its output is text").expect("scripts/postgres starts a cluster")
        };
        let (url, directory) = (line().await, line().await);
        Self { url, directory, _input: input, _script: script }
    }

    /// Stops it: `fast` ends all connections in good order, `immediate` is a crash.
    pub(crate) async fn stop(&self, mode: &str) {
        self.control(&["stop", &self.directory, mode]).await;
    }

    pub(crate) async fn start_again(&self) {
        self.control(&["start", &self.directory]).await;
    }

    async fn control(&self, words: &[&str]) {
        let done = within("PostgreSQL", Command::new(script()).args(words).status()).await;
        assert!(done.expect("scripts/postgres runs").success(), "scripts/postgres {words:?}");
    }

    /// Keeps every outcome of an attempt from being written until the lock is dropped.
    pub(crate) async fn lock_outcomes(&self) -> Lock {
        let mut session = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--dbname", &self.url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("psql runs");
        let mut input = session.stdin.take().expect("piped");
        let lock = b"BEGIN;\nLOCK TABLE job_attempts IN SHARE MODE;\n\\echo locked\n";
        input.write_all(lock).await.expect("psql reads");
        let mut lines = BufReader::new(session.stdout.take().expect("piped")).lines();
        let line = within("the lock", lines.next_line()).await.expect("text");
        assert_eq!(line.as_deref(), Some("locked"));
        Lock { _session: session, _input: input }
    }
}

/// Held until it is dropped.
pub(crate) struct Lock {
    _session: Child,
    _input: ChildStdin,
}
