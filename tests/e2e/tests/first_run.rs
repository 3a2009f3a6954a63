//! What a newcomer does: start it, paste the line it prints.

use cetar_e2e::{Database, Home, Receiver, within};
use serde_json::Value;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_curl_line_works_when_it_is_pasted() {
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let mut gateway = home.serve().await;
    let line = gateway.printed("curl ").await;
    let mut command = line[line.find("curl ").expect("a curl line")..].to_owned();
    // The line may go on after a backslash, as a person would read it.
    while command.ends_with('\\') {
        let next = gateway.printed("").await;
        command = format!("{} {}", command.trim_end_matches('\\'), next.trim());
    }
    let output = Command::new("sh").args(["-c", &command]).output().await.expect("sh and curl");
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{command}\n{output:?}"));
    assert_eq!(answer["success"], true, "{answer}");
    assert!(answer["data"]["job_id"].as_str().is_some_and(|id| id.starts_with("job_")), "{answer}");
    gateway.stop().await;
}

/// Every outcome that a simulated person can have with a text, from the request to the webhook.
#[tokio::test(flavor = "multi_thread")]
async fn the_recipient_of_the_sandbox_decides_the_outcome() {
    let home = Home::new(&Database::Sqlite, "ws://127.0.0.1:9/ws/chat");
    let gateway = home.serve().await;
    let key = home.cli("key create", &["--name", "test", "--test"]).await.ok();
    let mut receiver = Receiver::start().await;
    home.cli("webhook add", &["--url", receiver.url()]).await.ok();
    for (to, event, code) in [
        ("628123450001", "message.read", None),
        ("628123450002", "message.failed", Some("recipient_not_on_whatsapp")),
        ("628123450003", "message.failed", Some("rejected_by_network")),
        ("628123450004", "message.sent", None),
        ("628123450005", "message.delivered", None),
        ("628123450007", "message.delivered", None),
        ("628123459999", "message.delivered", None),
    ] {
        let job = gateway.send_text(&key, to, "halo").await.job_id();
        let told = receiver.status_of(&job, event).await.json;
        assert_eq!(told["data"]["error"]["code"].as_str(), code, "{to}: {told}");
    }
    let echo =
        within("the answer", receiver.next("an answer", |webhook| webhook.event() == "message.received"))
            .await;
    assert_eq!(
        (&echo.json["data"]["from"], &echo.json["data"]["text"]),
        (&"628123450007".into(), &"halo".into())
    );
    gateway.stop().await;
}
