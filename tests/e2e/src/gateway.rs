//! The binary and its data directory.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    sync::mpsc,
};

use crate::{Database, root, within};

/// Where `make simulated` leaves the binary; `CETAR_TEST_BINARY` names another.
fn binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let named = std::env::var("CETAR_TEST_BINARY").ok().map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("target/simulated/cetar"));
    assert!(path.exists(), "{} is missing: run `make simulated` first", path.display());
    path
}

/// A data directory and what the binary is told in it.
pub struct Home {
    data: TempDir,
    environment: Vec<(String, String)>,
    wrapper: Vec<String>,
}

impl Home {
    /// A fresh one on this database; `whatsapp_web` is the simulator's address.
    pub fn new(database: &Database, whatsapp_web: &str) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let mut environment = vec![
            ("CETAR_WHATSAPP_WEB__URL".to_owned(), whatsapp_web.to_owned()),
            ("CETAR_EGRESS__ALLOW".to_owned(), "127.0.0.0/8".to_owned()),
            ("CETAR_LOG__LEVEL".to_owned(), "info".to_owned()),
        ];
        environment.extend(database.url().map(|url| ("CETAR_DATABASE_URL".to_owned(), url)));
        Self { data, environment, wrapper: Vec::new() }
    }

    /// Sets an environment variable for everything that runs here.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Runs the server under another program, such as `strace`.
    pub fn under(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
    }

    /// The directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    fn command(&self, sub: &str, rest: &[&str]) -> Command {
        let mut words = if sub == "serve" { self.wrapper.clone() } else { Vec::new() };
        words.push(binary().display().to_string());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        // A command of two words, such as `key create`, comes before its options.
        command.args(sub.split(' ')).args(rest).arg("--data-dir").arg(self.data.path());
        command.env_clear().envs(self.environment.iter().cloned());
        // Nothing may be written outside the data directory: a container has nothing else.
        command.env("TMPDIR", "/nonexistent/tmp");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts `cetar serve` on a free port and waits until it says that it listens.
    pub async fn serve(&self) -> Gateway {
        self.serve_with(&[]).await
    }

    /// The same with further options.
    pub async fn serve_with(&self, options: &[&str]) -> Gateway {
        let mut rest = vec!["--listen", "127.0.0.1:0"];
        rest.extend(options);
        let mut child = self.command("serve", &rest).spawn().expect("the binary starts");
        let (lines, mut printed) = mpsc::unbounded_channel();
        let readers = tokio_util::task::TaskTracker::new();
        readers.spawn(copy_lines(child.stdout.take().expect("piped"), lines.clone()));
        readers.spawn(copy_lines(child.stderr.take().expect("piped"), lines));
        let mut seen = Vec::new();
        let base = within("`cetar serve` to say where it listens", async {
            loop {
                let line = printed.recv().await.unwrap_or_else(|| panic!("`cetar serve` ended: {seen:#?}"));
                let base = address_in(&line);
                seen.push(line);
                if let Some(base) = base {
                    return base;
                }
            }
        })
        .await;
        let gateway = Gateway { base, child, printed, http: client() };
        within("the server to be ready", async {
            while gateway.get_public("/readyz").await.status != 200 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        gateway
    }

    /// Runs a command to its end.
    pub async fn cli(&self, sub: &str, rest: &[&str]) -> Cli {
        self.cli_with_input(sub, rest, "").await
    }

    /// Runs a command to its end, with this on its standard input.
    pub async fn cli_with_input(&self, sub: &str, rest: &[&str], input: &str) -> Cli {
        let mut child = self.command(sub, rest).spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A command that reads no input closes it: that is its right.
        let _closed_early = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = within(sub, child.wait_with_output()).await.expect("the command runs");
        Cli {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Starts a command that goes on for a while; its standard output comes line by line.
    pub fn start(&self, sub: &str, rest: &[&str]) -> (Child, ChildStdin, mpsc::UnboundedReceiver<String>) {
        let mut child = self.command(sub, rest).spawn().expect("the binary starts");
        let (lines, printed) = mpsc::unbounded_channel();
        let readers = tokio_util::task::TaskTracker::new();
        readers.spawn(copy_lines(child.stdout.take().expect("piped"), lines.clone()));
        readers.spawn(copy_lines(child.stderr.take().expect("piped"), lines));
        let stdin = child.stdin.take().expect("piped");
        (child, stdin, printed)
    }
}

async fn copy_lines(from: impl AsyncRead + Unpin, to: mpsc::UnboundedSender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if to.send(line).is_err() {
            break;
        }
    }
}

/// The address in a line such as `… http://127.0.0.1:41234 …`.
fn address_in(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:").or_else(|| line.find("https://127.0.0.1:"))?;
    let rest = &line[start..];
    let port = rest.rfind("127.0.0.1:")? + "127.0.0.1:".len();
    let digits = rest[port..].chars().take_while(char::is_ascii_digit).count();
    Some(rest[..port + digits].to_owned()).filter(|_| digits > 0)
}

pub(crate) fn client() -> reqwest::Client {
    // Another test of the same process may have installed it already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the tests' own client, on loopback")]
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// What a command came to.
#[derive(Debug)]
pub struct Cli {
    /// The exit code; none if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cli {
    /// Its output without the line end; the command must have succeeded.
    pub fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout.trim_end().to_owned()
    }
}

/// A running server.
pub struct Gateway {
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    child: Child,
    printed: mpsc::UnboundedReceiver<String>,
    http: reqwest::Client,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as JSON; `null` if it is none.
    pub json: Value,
}

/// A file, as it was answered.
#[derive(Debug)]
pub struct File {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The bytes.
    pub body: bytes::Bytes,
}

impl Gateway {
    /// The server's process id: that of the innermost program, if it runs under another such as `strace`.
    pub fn pid(&self) -> i32 {
        let mut pid = self.child.id().expect("still running");
        let child_of =
            |pid| std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        while let Some(child) = child_of(pid).split_whitespace().next().and_then(|child| child.parse().ok()) {
            pid = child;
        }
        i32::try_from(pid).expect("a process id")
    }

    /// `SIGKILL`, and waits for its end: nothing of it runs any more.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it could be killed");
    }

    /// `SIGTERM`, and waits for its end.
    pub async fn stop(mut self) -> Option<i32> {
        kill(Pid::from_raw(self.pid()), Signal::SIGTERM).expect("the signal is sent");
        within("the server to stop", self.child.wait()).await.expect("it ended").code()
    }

    /// Waits until it prints a line with this in it.
    pub async fn printed(&mut self, part: &str) -> String {
        within(part, async {
            loop {
                let line = self.printed.recv().await.expect("the server still runs");
                if line.contains(part) {
                    return line;
                }
            }
        })
        .await
    }

    /// `GET` without a key.
    pub async fn get_public(&self, path: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.base))).await
    }

    /// `GET` with a key.
    pub async fn get(&self, key: &str, path: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.base)).bearer_auth(key)).await
    }

    /// `GET` of a file by its whole address, without a key.
    pub async fn get_file(&self, url: &str, headers: &[(&'static str, &str)]) -> File {
        let request =
            headers.iter().fold(self.http.get(url), |request, (name, value)| request.header(*name, *value));
        let response = within("a file", request.send()).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        File { status, headers, body: response.bytes().await.expect("a whole body") }
    }

    /// `POST` of JSON with a key.
    pub async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        answer(self.http.post(format!("{}{path}", self.base)).bearer_auth(key).json(body)).await
    }

    /// `POST` of this very text, with a key.
    pub async fn post_text(&self, key: &str, path: &str, body: &str) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(key);
        answer(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    /// The same, asking for an answer in this language.
    pub async fn post_in(&self, key: &str, language: &str, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(key).json(body);
        answer(request.header("accept-language", language)).await
    }

    /// `POST` of these bytes, with a key.
    pub async fn post_file(&self, key: &str, path: &str, bytes: &[u8]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(key);
        answer(request.header("content-type", "application/octet-stream").body(bytes.to_vec())).await
    }

    /// `GET` with a key of what is no JSON, to its end.
    pub async fn get_text(&self, key: &str, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(key);
        let response = within("an answer", request.send()).await.expect("an answer");
        within("its end", response.text()).await.expect("a whole body")
    }

    /// Sends a text on WhatsApp; returns the answer.
    pub async fn send_text(&self, key: &str, to: &str, text: &str) -> Answer {
        let body = serde_json::json!({ "channel": "whatsapp", "type": "text", "to": to, "content": { "text": text } });
        self.post(key, "/v1/messages", &body).await
    }

    /// The job as `GET /v1/jobs/{id}` shows it.
    pub async fn job(&self, key: &str, id: &str) -> Value {
        let answer = self.get(key, &format!("/v1/jobs/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"].clone()
    }
}

impl Answer {
    /// `data.job_id` of an accepted send.
    pub fn job_id(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json["data"]["job_id"].as_str().expect("a job id").to_owned()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = within("an HTTP answer", request.send()).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.expect("a whole body");
    Answer { status, headers, json: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}
