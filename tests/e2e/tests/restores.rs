//! The machine is lost, and a backup made while it worked is all there is, with the master key that was kept apart: by the
//! commands that docs/operations/backup.md gives.
#![expect(clippy::expect_used, clippy::panic, reason = "what should not happen fails the test")]

use std::path::Path;

use cetar_e2e::{
    Database, Home,
    scene::{self, BUDI, Scene},
    within,
};
use cetar_simulator_whatsapp_web::Simulator;
use tokio::process::Command;

/// A simulated person who gets and reads everything.
const SANDBOX: &str = "6281234560001";

/// A master key, and not the one.
const STRANGERS_KEY: &str = "cmk_5555555555555555555555555555555555555555555555555555555555555555";

async fn run(program: &str, arguments: &[&str]) {
    let output = within(program, Command::new(program).args(arguments).output()).await;
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The backup of this kind of database.
async fn back_up(home: &Home, database: &Database, file: &str) {
    match database.url() {
        None => drop(home.cli("backup", &[file]).await.ok()),
        Some(url) => run("pg_dump", &["--format=custom", "--file", file, &url]).await,
    }
}

/// Its way back; another master key, or none, is refused on the way.
async fn restore(database: &Database, whatsapp_web: &str, master_key: &Path, file: &str) -> Home {
    let without_key = Home::new(database, whatsapp_web);
    let mut with_a_strangers = Home::new(database, whatsapp_web);
    with_a_strangers.set("CETAR_MASTER_KEY", STRANGERS_KEY);
    let mut home = Home::new(database, whatsapp_web);
    home.set("CETAR_LIMITS__REQUESTS_PER_MINUTE", "1000000");
    std::fs::copy(master_key, home.data().join("master.key")).expect("the key that was kept apart");
    match database.url() {
        None => {
            let refused = without_key.cli("restore", &[file]).await;
            assert!(refused.status == Some(1) && refused.stderr.contains("no master key"), "{refused:?}");
            let refused = with_a_strangers.cli("restore", &[file]).await;
            assert!(
                refused.status == Some(1) && refused.stderr.contains("another master key"),
                "{refused:?}"
            );
            home.cli("restore", &[file]).await.ok();
        }
        Some(url) => {
            run("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", &url, file]).await;
            for stranger in [without_key, with_a_strangers] {
                let refused = stranger.cli("migrate", &[]).await;
                assert!(
                    refused.status == Some(1) && refused.stderr.contains("put back the master.key"),
                    "{refused:?}"
                );
            }
        }
    }
    home
}

async fn the_machine_is_lost(database: Database) {
    let furnish = |simulator: &Simulator| {
        let mut home = Home::new(&database, &simulator.url());
        home.set("CETAR_LIMITS__REQUESTS_PER_MINUTE", "1000000");
        home
    };
    let mut scene = Scene::set_in(furnish).await;
    let test_key = scene.home.cli("key create", &["--name", "sandbox", "--test"]).await.ok();
    // One that is through, and two that wait for a link that is down.
    let through = scene.gateway.send_text(&scene.key, BUDI, "satu").await.job_id();
    scene.receiver.status_of(&through, "message.delivered").await;
    scene.simulator.faults().refuse_connections(true);
    scene.simulator.faults().drop_all();
    scene::state(&mut scene.receiver, &scene.device, "connecting").await;
    let mut waiting = Vec::new();
    for text in ["dua", "tiga"] {
        waiting.push(scene.gateway.send_text(&scene.key, BUDI, text).await.job_id());
    }
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        let text = number.to_string();
        acknowledged.push(scene.gateway.send_text(&test_key, SANDBOX, &text).await.job_id());
    }

    // Sending goes on while the backup is made: before it has begun, during, and after.
    let kept = tempfile::tempdir().expect("another machine");
    let file = kept.path().join("cetar.backup").display().to_string();
    let gateway = &scene.gateway;
    let sending = async {
        for number in 0..40 {
            gateway.send_text(&test_key, SANDBOX, &format!("meanwhile {number}")).await.job_id();
        }
    };
    tokio::join!(back_up(&scene.home, &database, &file), sending);
    let master_key = kept.path().join("master.key");
    std::fs::copy(scene.home.data().join("master.key"), &master_key).expect("kept apart");

    let Scene { simulator, home, gateway, mut receiver, key, .. } = scene;
    gateway.kill().await;
    drop(home);
    let replacement = database.another().await;
    let home = restore(&replacement, &simulator.url(), &master_key, &file).await;
    simulator.faults().clear();
    let gateway = home.serve().await;

    // The device is linked still: nobody scans anything, and what waited goes out, once and in order.
    for job in &waiting {
        receiver.status_of(job, "message.delivered").await;
    }
    let texts: Vec<_> =
        simulator.peer(BUDI).received().into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, ["satu", "dua", "tiga"]);
    assert_eq!(simulator.phone(scene::OWNER).linked_devices().await.len(), 1);
    // Everything that was acknowledged before the backup is there, and comes to its end.
    for job in &acknowledged {
        within("a job's end", async { while gateway.job(&test_key, job).await["status"] != "read" {} }).await;
    }
    assert_eq!(gateway.job(&key, &through).await["status"], "delivered");
    // And it works on.
    let job = gateway.send_text(&key, BUDI, "empat").await.job_id();
    receiver.status_of(&job, "message.delivered").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_sending_goes_on_brings_everything_back() {
    the_machine_is_lost(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_made_while_sending_goes_on_brings_everything_back_on_postgresql() {
    the_machine_is_lost(Database::postgres().await).await;
}
