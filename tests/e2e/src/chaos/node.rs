//! One server: its process, where it listens, what its log says.

use std::sync::Arc;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::task::TaskTracker;

use super::{board::Board, evidence::Arrival};
use crate::{Home, within};

/// A data directory, and the process that runs in it at times.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) home: Home,
    board: Arc<Board>,
    base: watch::Sender<Option<String>>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    log: JoinHandle<()>,
}

impl Node {
    pub(crate) fn new(name: &'static str, mut home: Home, board: Arc<Board>) -> Self {
        home.set("CETAR_LOG__FORMAT", "json");
        home.set("CETAR_LIMITS__REQUESTS_PER_MINUTE", "100000000");
        // A limit on the size of files is a disk that is full, for one process. It is told by an error, not by a signal.
        home.under(&["sh", "-c", r#"trap '' XFSZ; exec "$0" "$@""#]);
        Self { name, home, board, base: watch::Sender::new(None), running: None }
    }

    /// Where it listens; none while it does not.
    pub(crate) fn base(&self) -> watch::Receiver<Option<String>> {
        self.base.subscribe()
    }

    /// Starts the process and waits for nothing.
    pub(crate) fn launch(&mut self) {
        let (child, _stdin, lines) = self.home.start("serve", &["--listen", "127.0.0.1:0"]);
        let follow = follow(lines, Arc::clone(&self.board), self.base.clone());
        self.running = Some(Running { child, log: TaskTracker::new().spawn(follow) });
    }

    /// Starts it, and waits until it says where it listens.
    pub(crate) async fn start(&mut self) {
        self.launch();
        let mut base = self.base();
        within("the server to listen", base.wait_for(Option::is_some)).await.expect("this node lives on");
        self.board.say(format!("{} listens", self.name));
    }

    /// `SIGKILL`. Returns when nothing of it runs any more and all that it ever said was read.
    pub(crate) async fn kill(&mut self, point: &'static str) {
        let Some(Running { mut child, log }) = self.running.take() else { return };
        self.base.send_replace(None);
        child.kill().await.expect("it could be killed");
        log.await.expect("its log was read");
        // It may have said only now where it listened.
        self.base.send_replace(None);
        let count = self.board.note(|known| {
            *known.kills.entry(point).or_default() += 1;
            known.killed()
        });
        self.board.say(format!("kill {count}: {} ({point})", self.name));
    }

    /// `SIGTERM`. Returns its exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        let pid = self.pid();
        let Running { mut child, log } = self.running.take().expect("it runs");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("the signal is sent");
        let status = within("the server to stop", child.wait()).await.expect("it ended");
        self.base.send_replace(None);
        log.await.expect("its log was read");
        self.board.say(format!("{} was stopped in good order: {status}", self.name));
        status.code()
    }

    /// Lets its files grow no further than this, as a full disk would; `unlimited` ends it.
    pub(crate) async fn limit_file_size(&self, limit: &str) {
        let pid = self.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}:")]).status().await;
        assert!(set.expect("prlimit (util-linux) is installed").success());
    }

    fn pid(&self) -> i32 {
        let pid = self.running.as_ref().and_then(|running| running.child.id()).expect("it runs");
        i32::try_from(pid).expect("a process id")
    }
}

/// Reads the log to its end: where it listens, what the simulated people got, what it complains of.
async fn follow(
    mut lines: mpsc::UnboundedReceiver<String>,
    board: Arc<Board>,
    base: watch::Sender<Option<String>>,
) {
    while let Some(line) = lines.recv().await {
        let Ok(json) = serde_json::from_str::<Value>(&line) else { continue };
        match json["message"].as_str().unwrap_or_default() {
            "serving" => {
                let address = json["address"].as_str().expect("the address is in the line");
                base.send_replace(Some(format!("http://{address}")));
            }
            "the simulated network has it" => {
                let id = json["message_id"].as_str().expect("the message is in the line").to_owned();
                board.note(|known| known.arrive(Arrival { lane: None, id, text: None }));
            }
            "the outcome of a send: could not be stored yet" => board.note(|known| known.unstored += 1),
            _ => {}
        }
        let expected = json["target"] == "cetar::serve";
        if matches!(json["level"].as_str(), Some("WARN" | "ERROR")) && !expected {
            board.complaint(&line);
        }
    }
}
