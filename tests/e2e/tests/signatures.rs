//! That a webhook of the real server passes every way of checking it that we name: the guide's own, in four languages, and the
//! official packages of Standard Webhooks; and that a forged one passes none.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use cetar_e2e::{Database, Home, Receiver, Webhook, root, within};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

const GUIDE: &str = include_str!("../../../docs/guide/webhooks.md");

/// A way to check a webhook: reads `{secret, headers, body}`, prints `true` or `false`.
struct Checker {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    environment: Option<(&'static str, PathBuf)>,
}

impl Checker {
    fn new(name: &'static str, program: &str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|path| root().join(path)).collect();
        Self { name, program: program.into(), arguments, environment: None }
    }

    fn with(self, variable: &'static str, path: &str) -> Self {
        let path = root().join(path);
        assert!(path.exists(), "{} is missing: run `make setup` first", path.display());
        Self { environment: Some((variable, path)), ..self }
    }

    async fn says(&self, asked: &Value) -> bool {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, path)| (name, path)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{} runs: {error}; `make setup`", self.name));
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(asked.to_string().as_bytes()).await.expect("it reads");
        drop(stdin);
        let output = within(self.name, child.wait_with_output()).await.expect("it ends");
        match String::from_utf8_lossy(&output.stdout).trim() {
            "true" => true,
            "false" => false,
            other => panic!("{}: {other} {}", self.name, String::from_utf8_lossy(&output.stderr)),
        }
    }
}

async fn checkers(folder: &Path) -> Vec<Checker> {
    let fixtures = "tests/e2e/fixtures/verify";
    let example = |name: &str| format!("examples/webhooks/{name}");
    let run = |name: &str| format!("{fixtures}/{name}");
    let mut all = vec![
        Checker::new("PHP", "php", &[&run("run.php"), &example("verify.php")]),
        Checker::new("Python", "python3", &[&run("run.py"), &example("verify.py")]),
        Checker::new("Node", "node", &[&run("run.mjs"), &example("verify.mjs")]),
        Checker::new("standardwebhooks of PyPI", "python3", &[&run("official.py")])
            .with("PYTHONPATH", "target/packages/python"),
        Checker::new("standardwebhooks of npm", "node", &[&run("official.cjs")])
            .with("NODE_PATH", "target/packages/node_modules"),
    ];
    // Too large to be installed for one file: where it is, it is used.
    if let Some(program) = go(folder, &[&run("run.go"), &example("verify.go")]).await {
        all.push(Checker { name: "Go", program, arguments: Vec::new(), environment: None });
    }
    all
}

async fn go(folder: &Path, files: &[&str]) -> Option<PathBuf> {
    let binary = folder.join("verify");
    let mut command = Command::new("go");
    command.arg("build").arg("-o").arg(&binary).current_dir(folder);
    for file in files {
        // Go builds files of one folder only.
        let source = root().join(file);
        let copy = folder.join(source.file_name().expect("a name"));
        std::fs::copy(&source, &copy).expect("a copy");
        command.arg(copy);
    }
    command.env("GO111MODULE", "off").kill_on_drop(true);
    let output = match command.output().await {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("go: {error}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(binary)
}

/// A webhook of the real server, and the secret of its endpoint.
async fn genuine() -> (Webhook, String) {
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:1");
    let gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    let secret = home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let key = home.cli("key create", &["--name", "x", "--test"]).await.ok();
    // Whoever is written to under such a number answers with the same.
    let answer = gateway.send_text(&key, "6281200000007", "Halo, \"saya\" butuh bantuan! 🙏").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let webhook = receiver.next("the answer", |webhook| webhook.event() == "message.received").await;
    gateway.stop().await;
    (webhook, secret)
}

/// The same request with another secret, body, or header.
fn asked(webhook: &Webhook, secret: &str) -> Value {
    let headers: Value = webhook
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), json!(value.to_str().expect("text"))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({"secret": secret, "headers": headers, "body": String::from_utf8(webhook.body.to_vec()).expect("UTF-8")})
}

fn with(asked: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut changed = asked.clone();
    change(&mut changed);
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_webhook_passes_every_check_and_a_forged_one_none() {
    let (webhook, secret) = genuine().await;
    let genuine = asked(&webhook, &secret);
    let header = |name: &str| genuine["headers"][name].as_str().expect(name).to_owned();
    let signature = header("webhook-signature");
    let signer = standardwebhooks::Webhook::new(&secret).expect("a secret");
    let sent_at: i64 = header("webhook-timestamp").parse().expect("seconds");
    let signed_at = |seconds: i64| {
        let signature = signer.sign(&header("webhook-id"), seconds, &webhook.body).expect("a signature");
        with(&genuine, |asked| {
            asked["headers"]["webhook-timestamp"] = seconds.to_string().into();
            asked["headers"]["webhook-signature"] = signature.into();
        })
    };
    let wrong = format!("v1,{}", "A".repeat(43) + "=");
    let cases = [
        ("as it came", genuine.clone(), true),
        (
            "during a rotation",
            with(&genuine, |asked| {
                asked["headers"]["webhook-signature"] = format!("{wrong} {signature}").into();
            }),
            true,
        ),
        (
            "another body",
            with(&genuine, |asked| {
                asked["body"] = (asked["body"].as_str().expect("text").to_owned() + " ").into();
            }),
            false,
        ),
        ("another id", with(&genuine, |asked| asked["headers"]["webhook-id"] = "evt_1".into()), false),
        (
            "another secret",
            with(&genuine, |asked| asked["secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()),
            false,
        ),
        (
            "another signature",
            with(&genuine, |asked| asked["headers"]["webhook-signature"] = wrong.clone().into()),
            false,
        ),
        ("no headers", with(&genuine, |asked| asked["headers"] = json!({})), false),
        ("from ten minutes ago", signed_at(sent_at - 600), false),
        ("from ten minutes hence", signed_at(sent_at + 600), false),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for checker in checkers(folder.path()).await {
        for (case, asked, expected) in &cases {
            assert_eq!(checker.says(asked).await, *expected, "{}: {case}", checker.name);
        }
    }
}

#[test]
fn the_guide_shows_the_files_that_are_tested() {
    for file in ["verify.php", "verify.py", "verify.mjs", "verify.go"] {
        let path = root().join("examples/webhooks").join(file);
        let text = std::fs::read_to_string(&path).expect("the example");
        assert!(
            GUIDE.contains(text.trim_end()),
            "docs/guide/webhooks.md does not show {} as it is",
            path.display()
        );
    }
}
