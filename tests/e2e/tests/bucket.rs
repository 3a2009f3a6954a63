//! Media in a bucket, against a server of S3's protocol that is not ours. It knows one key by its id; what is signed it does not
//! compute again.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::process::Stdio;

use cetar_e2e::{Database, Home, Receiver, Site, php, root, within};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// The id of that key, and its secret.
const KEY: &str = "S3RVER";

/// A store with the bucket `toko`.
struct S3 {
    url: String,
    data: TempDir,
    _process: Child,
}

impl S3 {
    async fn start() -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let mut process = Command::new("node")
            .arg(root().join("tests/e2e/fixtures/s3.cjs"))
            .arg(data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node is installed");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let port =
            within("the S3 server to listen", lines.next_line()).await.expect("text").expect("its port");
        Self { url: format!("http://127.0.0.1:{port}"), data, _process: process }
    }

    /// A gateway that keeps its media there, and says that it has this key.
    fn home(&self, key: &str) -> Home {
        let mut home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
        home.set("CETAR_MEDIA__STORE", "s3://toko/media");
        home.set("AWS_ENDPOINT_URL", &self.url);
        home.set("AWS_REGION", "ap-southeast-3");
        home.set("AWS_ACCESS_KEY_ID", key);
        home.set("AWS_SECRET_ACCESS_KEY", key);
        home
    }

    /// How many objects there are below the prefix.
    fn objects(&self) -> usize {
        let workspaces = self.data.path().join("toko/media").read_dir().into_iter().flatten().flatten();
        let folders = workspaces.flat_map(|entry| entry.path().read_dir().into_iter().flatten().flatten());
        let files = folders.flat_map(|entry| entry.path().read_dir().into_iter().flatten().flatten());
        files.filter(|file| file.file_name().to_string_lossy().ends_with("._S3rver_object")).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_out_of_the_bucket_and_what_comes_in_goes_into_it() {
    let (store, site) = (S3::start().await, Site::start().await);
    let home = store.home(KEY);
    let gateway = home.serve().await;
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    let key = home.cli("key create", &["--name", "php", "--test"]).await.ok();
    let example = php::MEDIA.replace("6281234567890", "628123450007");
    php::run(&example, &gateway.base, site.url(), &key).await;

    let answer = receiver.next("the answer", |webhook| webhook.event() == "message.received").await;
    let url = answer.json["data"]["media_url"].as_str().expect("a media_url");
    let file = gateway.get_file(url, &[]).await;
    assert_eq!((file.status, &file.body[..]), (200, Site::JPEG), "the same bytes came back");
    let part = gateway.get_file(url, &[("range", "bytes=2-5")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &Site::JPEG[2..6]));
    assert_eq!(store.objects(), 1, "the same bytes are kept once");
    let left: Vec<_> = home.data().join("media/growing").read_dir().expect("the folder").flatten().collect();
    assert!(left.is_empty(), "nothing stays on this machine: {left:?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tries_the_bucket() {
    let store = S3::start().await;
    let sound = store.home(KEY).cli("doctor", &["--network", "--json"]).await;
    let finding = |text: &str| -> serde_json::Value {
        let findings: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let all = findings.as_array().cloned().unwrap_or_default();
        all.into_iter().find(|finding| finding["check"] == "media.store").expect("it is looked at")
    };
    assert_eq!(finding(&sound.stdout)["status"], "ok", "{}", sound.stdout);
    let wrong = store.home("somebody").cli("doctor", &["--network", "--json"]).await;
    assert_eq!(finding(&wrong.stdout)["status"], "fail", "{}", wrong.stdout);
    assert!(finding(&wrong.stdout)["action"].as_str().expect("what to do").contains("AWS_REGION"));
}
