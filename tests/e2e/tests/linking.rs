//! What becomes of a link, as the customer's server is told: each step is a state of the device and an event.

use cetar_e2e::{
    Database, Home,
    scene::{self, BUDI, OWNER, Scene},
    within,
};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_a_device_already_is_not_linked_a_second_time() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    let second = scene.home.cli("device add", &["--channel", "whatsapp", "--name", "CS-2"]).await.ok();
    let (mut command, _stdin, mut printed) = scene.home.start("device link", &[&second, "--json"]);
    let phone = scene.simulator.phone(OWNER);
    let mut failed = Value::Null;
    within("`device link` to end", async {
        while let Some(line) = printed.recv().await {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["event"] == "qr" {
                phone.scan(line["data"].as_str().expect("QR data")).await.expect("the phone links");
            } else if line["event"] == "failed" {
                failed = line;
            }
        }
    })
    .await;
    assert!(!command.wait().await.expect("it ends").success(), "linking did not come about");
    assert_eq!(failed["reason"], "already_linked", "{failed}");
    scene::state(&mut scene.receiver, &second, "linking").await;
    let why = |data: &Value| data["reason"] == "already_linked";
    let told = scene.receiver.next("the reason", |webhook| why(&webhook.json["data"])).await.json;
    assert_eq!(told["session_id"], second.as_str());
    assert_eq!(
        (&told["data"]["state"], &told["data"]["next_action"]),
        (&"unlinked".into(), &"link_again".into()),
        "{told}"
    );
    // The phone lists the first device alone, and that one goes on.
    assert_eq!(phone.linked_devices().await.len(), 1);
    let body = serde_json::json!({
        "channel": "whatsapp", "session_id": scene.device, "type": "text", "to": BUDI, "content": { "text": "masih" },
    });
    let job = scene.gateway.post(&scene.key, "/v1/messages", &body).await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    assert_eq!(scene.simulator.violations(), vec![]);
    scene.gateway.stop().await;
}

/// Two machines on one link, as when a backup is put to work while the original still runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_another_machine_took_is_told_and_taken_back_on_demand() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    let kept = tempfile::tempdir().expect("another machine");
    let file = kept.path().join("cetar.backup").display().to_string();
    scene.home.cli("backup", &[&file]).await.ok();
    let copy = Home::new(&Database::Sqlite, &scene.simulator.url());
    std::fs::copy(scene.home.data().join("master.key"), copy.data().join("master.key")).expect("its key");
    copy.cli("restore", &[&file]).await.ok();
    let other = copy.serve().await;

    let told = scene::state(&mut scene.receiver, &scene.device, "replaced").await;
    let data = &told["data"];
    assert_eq!(
        (&data["reason"], &data["next_action"]),
        (&"replaced_elsewhere".into(), &"stop_other".into()),
        "{told}"
    );
    let path = format!("/v1/devices/{}", scene.device);
    let shown = scene.gateway.get(&scene.key, &path).await.json["data"].clone();
    assert_eq!(
        (&shown["state"], &shown["next_action"]),
        (&"replaced".into(), &"stop_other".into()),
        "{shown}"
    );
    // What is sent meanwhile waits; nobody fights over the link.
    let job = scene.gateway.send_text(&scene.key, BUDI, "sabar").await.job_id();
    assert_eq!(scene.gateway.job(&scene.key, &job).await["status"], "queued");

    other.stop().await;
    scene.home.cli("device restart", &[&scene.device]).await.ok();
    scene.receiver.status_of(&job, "message.delivered").await;
    scene.gateway.stop().await;
}
