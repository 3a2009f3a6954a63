//! The examples, each run as its first lines say, against the real server and a simulated WhatsApp: someone writes, the example
//! gets the webhook, and what it sends reaches that person.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::process::Stdio;

use axum::{Json, Router, http::HeaderMap, routing::post};
use cetar_e2e::{
    Database, root,
    scene::{self, BUDI, Scene},
    within,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};
use tokio_util::task::TaskTracker;

/// An example under way behind an endpoint of its own.
struct Example {
    endpoint: String,
    _child: Child,
}

impl Example {
    /// Adds the endpoint, and starts the example by its own instructions, on a free port.
    async fn start(scene: &Scene, file: &str, environment: &[(&str, &str)]) -> Self {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            listener.local_addr().expect("an address").port()
        };
        let url = format!("http://127.0.0.1:{port}/");
        let words = ["--url", &url, "--event", "message.received", "--replies", "--json"];
        let added: Value =
            serde_json::from_str(&scene.home.cli("webhook add", &words).await.ok()).expect("JSON");
        let text = |name: &str| added[name].as_str().expect(name);
        let path = root().join("examples").join(file);
        let mut command = match path.extension().and_then(|extension| extension.to_str()) {
            Some("php") => {
                let mut command = Command::new("php");
                command.arg("-S").arg(format!("127.0.0.1:{port}")).arg(&path);
                command
            }
            Some("py") => {
                let mut command = Command::new("python3");
                command.arg("-B").arg(&path).arg(port.to_string());
                command
            }
            _ => {
                let mut command = Command::new("node");
                command.arg(&path).arg(port.to_string());
                command
            }
        };
        command.env("WEBHOOK_SECRET", text("secret")).envs(environment.iter().copied());
        command.env("NODE_PATH", root().join("target/packages/node_modules"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|error| panic!("{file}: {error}; `make setup`"));
        within(file, async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self { endpoint: text("id").to_owned(), _child: child }
    }

    /// Removes its endpoint, so that the next example is the only one that answers.
    async fn end(self, scene: &Scene) {
        scene.home.cli("webhook remove", &[&self.endpoint]).await.ok();
    }
}

/// Someone writes, and gets this answer.
async fn asks_and_is_answered(scene: &Scene, question: &str, answer: &str) {
    let budi = scene.simulator.peer(BUDI);
    budi.push_name("Budi Santoso");
    budi.send_text(&scene.simulator.phone(scene::OWNER), question).await;
    let message = within(answer, budi.next_message()).await;
    assert_eq!(message.text.as_deref(), Some(answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_auto_reply_answers_in_each_language() {
    let scene = Scene::set(&Database::Sqlite).await;
    for file in ["auto-reply/auto-reply.php", "auto-reply/auto_reply.py", "auto-reply/auto-reply.mjs"] {
        let example = Example::start(&scene, file, &[]).await;
        asks_and_is_answered(&scene, "Buka?", "Halo Budi Santoso, pesan Anda sudah kami terima.").await;
        example.end(&scene).await;
    }
    assert_eq!(scene.simulator.peer(BUDI).received().len(), 3, "each once");
    scene.gateway.stop().await;
}

/// A stand-in for a language model, over a real socket: says what it was asked, to those with the key.
async fn model() -> String {
    async fn complete(headers: HeaderMap, Json(asked): Json<Value>) -> Json<Value> {
        assert_eq!(headers["authorization"], "Bearer sk-model");
        assert_eq!((&asked["model"], &asked["messages"][0]["role"]), (&json!("small"), &json!("system")));
        let question = asked["messages"][1]["content"].as_str().expect("a question").to_owned();
        Json(
            json!({"choices": [{"message": {"role": "assistant", "content": format!("Tentang \"{question}\": ya.")}}]}),
        )
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/chat/completions", post(complete));
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chatbot_passes_on_what_the_model_says_in_each_language() {
    let scene = Scene::set(&Database::Sqlite).await;
    let model = model().await;
    let environment =
        [("OPENAI_BASE_URL", model.as_str()), ("OPENAI_API_KEY", "sk-model"), ("OPENAI_MODEL", "small")];
    for file in ["ai-chatbot/chatbot.php", "ai-chatbot/chatbot.py", "ai-chatbot/chatbot.mjs"] {
        let example = Example::start(&scene, file, &environment).await;
        asks_and_is_answered(&scene, "Ada kopi?", "Tentang \"Ada kopi?\": ya.").await;
        example.end(&scene).await;
    }
    scene.gateway.stop().await;
}

/// What a query of one value says, once it says something.
async fn once_there(program: &str, arguments: &[&str]) -> String {
    within("the row", async {
        loop {
            let output = Command::new(program).args(arguments).output().await.expect("it runs");
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if output.status.success() && !said.is_empty() {
                return said;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

const READ_SQLITE: &str = "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute('SELECT body FROM events'): print(row[0])";

#[tokio::test(flavor = "multi_thread")]
async fn the_recorder_writes_to_a_database_in_each_language() {
    let scene = Scene::set(&Database::Sqlite).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let postgres = Database::postgres().await.url().expect("PostgreSQL has a URL");
    let (php, python) = (file("php.db"), file("python.db"));
    for (example, database, read) in [
        ("record/record.php", format!("sqlite:{php}"), vec!["python3", "-c", READ_SQLITE, &php]),
        ("record/record.py", python.clone(), vec!["python3", "-c", READ_SQLITE, &python]),
        ("record/record.mjs", postgres.clone(), vec!["psql", "-XAtc", "SELECT body FROM events", &postgres]),
    ] {
        let example = Example::start(&scene, example, &[("DATABASE", &database)]).await;
        scene.simulator.peer(BUDI).send_text(&scene.simulator.phone(scene::OWNER), "Catat ini").await;
        let row: Value =
            serde_json::from_str(&once_there(read[0], &read[1..]).await).expect("one row of JSON");
        assert_eq!(row["data"]["text"], "Catat ini");
        example.end(&scene).await;
    }
    scene.gateway.stop().await;
}
