//! Bad luck: the process is killed, the link is cut, the phone logs out. Nothing is lost, nothing arrives twice, and what
//! it says stays true.

use cetar_e2e::{
    Database, Home,
    scene::{self, ANA, BUDI, Scene},
    within,
};

/// The peer has exactly these, once each and in this order, and no frame the client sent was against the rules.
fn assert_arrived(scene: &Scene, number: &str, texts: &[&str]) {
    let received = scene.simulator.peer(number).received();
    let arrived: Vec<_> =
        received.iter().map(|message| message.text.as_deref().unwrap_or_default()).collect();
    assert_eq!(arrived, texts);
    assert_eq!(scene.simulator.peer(number).undecryptable(), 0);
}

async fn killed_between_commit_and_send(database: Database) {
    let scene = Scene::set(&database).await;
    // Nothing goes out from here on: what is accepted stays committed and unsent.
    scene.simulator.faults().refuse_connections(true);
    scene.simulator.faults().drop_all();
    let mut jobs = Vec::new();
    for text in ["satu", "dua", "tiga"] {
        jobs.push(scene.gateway.send_text(&scene.key, BUDI, text).await.job_id());
    }
    let Scene { simulator, home, gateway, mut receiver, secret, key, device } = scene;
    gateway.kill().await;
    simulator.faults().clear();
    let gateway = home.serve().await;
    for job in &jobs {
        receiver.status_of(job, "message.delivered").await;
    }
    let scene = Scene { simulator, home, gateway, receiver, secret, key, device };
    assert_arrived(&scene, BUDI, &["satu", "dua", "tiga"]);
    scene.gateway.stop().await;
}

async fn killed_between_send_and_ack(database: Database) {
    let scene = Scene::set(&database).await;
    let budi = scene.simulator.peer(BUDI);
    budi.auto_deliver(false);
    scene.simulator.faults().withhold_acks(true);
    let job = scene.gateway.send_text(&scene.key, BUDI, "sekali saja").await.job_id();
    let first = within("the message at the peer", budi.next_message()).await;
    assert_eq!(scene.gateway.job(&scene.key, &job).await["status"], "sending", "no ack, so not sent");
    let Scene { simulator, home, gateway, mut receiver, secret, key, device } = scene;
    gateway.kill().await;
    simulator.faults().clear();
    let gateway = home.serve().await;
    receiver.status_of(&job, "message.sent").await;
    let scene = Scene { simulator, home, gateway, receiver, secret, key, device };
    assert_arrived(&scene, BUDI, &["sekali saja"]);
    assert_eq!(budi.duplicates(), 1, "it was sent again under the same id, and the phone dropped the repeat");
    assert_eq!(budi.received()[0].id, first.id);
    assert_eq!(scene.gateway.job(&scene.key, &job).await["status"], "sent");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_commit_and_send_loses_and_repeats_nothing() {
    killed_between_commit_and_send(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_commit_and_send_loses_and_repeats_nothing_on_postgresql() {
    killed_between_commit_and_send(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_send_and_ack_loses_and_repeats_nothing() {
    killed_between_send_and_ack(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_send_and_ack_loses_and_repeats_nothing_on_postgresql() {
    killed_between_send_and_ack(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_dies_before_the_frame_is_taken_loses_nothing() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    scene.simulator.faults().drop_before_message();
    let job = scene.gateway.send_text(&scene.key, BUDI, "tetap sampai").await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    assert_arrived(&scene, BUDI, &["tetap sampai"]);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_dies_after_the_frame_repeats_nothing() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    scene.simulator.faults().drop_after_message_before_ack();
    let job = scene.gateway.send_text(&scene.key, BUDI, "hanya sekali").await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    assert_arrived(&scene, BUDI, &["hanya sekali"]);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_are_accepted_and_held_in_order_while_the_link_is_cut() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    scene.simulator.faults().refuse_connections(true);
    scene.simulator.faults().drop_all();
    scene::state(&mut scene.receiver, &scene.device, "connecting").await;
    let texts = ["1", "2", "3", "4", "5"];
    let mut jobs = Vec::new();
    for text in texts {
        jobs.push(scene.gateway.send_text(&scene.key, BUDI, text).await.job_id());
    }
    let waiting = scene.gateway.job(&scene.key, &jobs[0]).await;
    assert_eq!(
        (&waiting["status"], &waiting["held_reason"]),
        (&"queued".into(), &"disconnected".into()),
        "{waiting}"
    );
    scene.simulator.faults().clear();
    for job in &jobs {
        scene.receiver.status_of(job, "message.delivered").await;
    }
    assert_arrived(&scene, BUDI, &texts);
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_needs_no_new_qr() {
    let scene = Scene::set(&Database::Sqlite).await;
    let Scene { simulator, home, gateway, mut receiver, key, .. } = scene;
    assert_eq!(gateway.stop().await, Some(0));
    let gateway = home.serve().await;
    let job = gateway.send_text(&key, BUDI, "masih tertaut").await.job_id();
    receiver.status_of(&job, "message.delivered").await;
    assert_eq!(simulator.phone(scene::OWNER).linked_devices().await.len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_unlinks_us_is_seen_and_said() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    scene.simulator.phone(scene::OWNER).unlink_all().await;
    let told = scene::state(&mut scene.receiver, &scene.device, "logged_out").await;
    assert_eq!(told["data"]["next_action"], "link_again", "{told}");
    let refused = scene.gateway.send_text(&scene.key, BUDI, "ke mana?").await;
    assert_eq!(
        (refused.status, &refused.json["error"]["code"]),
        (422, &"device_not_linked".into()),
        "{refused:?}"
    );
    // And it can be linked again, on the same id.
    scene::link_by_qr(&scene.home, &scene.simulator, &scene.device).await;
    scene::connected(&mut scene.receiver, &scene.device).await;
    let job = scene.gateway.send_text(&scene.key, BUDI, "kembali").await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapps_restriction_fails_the_message_with_its_code_and_is_said() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    scene.simulator.peer(ANA).send_text(&scene.simulator.phone(scene::OWNER), "Halo").await;
    scene.receiver.next("what she wrote", |webhook| webhook.event() == "message.received").await;
    scene.simulator.faults().nack(BUDI, 463);
    // Some hour of the far future, of which WhatsApp tells the account.
    scene.simulator.faults().restricted_until(Some(4_102_444_800));
    let job = scene.gateway.send_text(&scene.key, BUDI, "kenalan").await.job_id();
    let failed = scene.receiver.status_of(&job, "message.failed").await.json;
    let error = &failed["data"]["error"];
    assert_eq!(
        (&error["code"], &error["provider_code"]),
        (&"account_restricted".into(), &"463".into()),
        "{failed}"
    );
    scene::state(&mut scene.receiver, &scene.device, "restricted").await;
    let path = format!("/v1/devices/{}", scene.device);
    let shown = within("the end that WhatsApp told", async {
        loop {
            let shown = scene.gateway.get(&scene.key, &path).await.json["data"].clone();
            if shown["until"].is_string() {
                return shown;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let until = "2100-01-01T00:00:00.000Z";
    assert_eq!(
        (&shown["state"], &shown["reason"], &shown["next_action"], &shown["until"]),
        (&"restricted".into(), &"restricted".into(), &"slow_down".into(), &until.into()),
        "{shown}"
    );
    // Who wrote first can still be answered; to another stranger nothing goes out, though this device has no pace.
    let strange = scene.gateway.send_text(&scene.key, "6281234567899", "kenalan lagi").await.job_id();
    let job = scene.gateway.send_text(&scene.key, ANA, "balasan").await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    let held = scene.gateway.job(&scene.key, &strange).await;
    assert_eq!((&held["status"], &held["held_reason"]), (&"queued".into(), &"restricted".into()), "{held}");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_came_while_we_were_down_arrives_once_we_are_back() {
    let scene = Scene::set(&Database::Sqlite).await;
    let Scene { simulator, home, gateway, mut receiver, .. } = scene;
    gateway.kill().await;
    let budi = simulator.peer(BUDI);
    budi.send_text(&simulator.phone(scene::OWNER), "ada orang?").await;
    let gateway = home.serve().await;
    let webhook = receiver.next("the reply", |webhook| webhook.event() == "message.received").await;
    assert_eq!(webhook.json["data"]["text"], "ada orang?");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_refused_is_delivered_after_a_kill_and_a_restart() {
    let scene = Scene::set(&Database::Sqlite).await;
    scene.receiver.answer_with(500);
    let budi = scene.simulator.peer(BUDI);
    let id = budi.send_text(&scene.simulator.phone(scene::OWNER), "penting").await;
    // Acknowledged to WhatsApp means committed here.
    within("the acknowledgement", async {
        while !budi.acked_by_client(&id).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let Scene { simulator: _simulator, home, gateway, mut receiver, secret, .. } = scene;
    gateway.kill().await;
    receiver.answer_with(200);
    let gateway = home.serve().await;
    let webhook = receiver.next("the webhook", |webhook| webhook.json["data"]["text"] == "penting").await;
    webhook.verify(&secret);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_never_run_one_session() {
    let database = Database::postgres().await;
    let mut scene = Scene::set(&database).await;
    let mut second = Home::new(&database, &scene.simulator.url());
    std::fs::copy(scene.home.data().join("master.key"), second.data().join("master.key"))
        .expect("the same master key");
    second.set("CETAR_LOG__FORMAT", "text");
    let other = second.serve().await;
    // The second one accepts; the first one, which holds the session, sends.
    let job = other.send_text(&scene.key, BUDI, "lewat yang lain").await.job_id();
    scene.receiver.status_of(&job, "message.delivered").await;
    assert_eq!(scene.simulator.connections(), 1, "one session, one connection");
    // The first one is gone: the second takes over when the lease has run out.
    let Scene { simulator, gateway, mut receiver, key, .. } = scene;
    gateway.kill().await;
    let job = other.send_text(&key, BUDI, "diambil alih").await.job_id();
    receiver.status_of(&job, "message.delivered").await;
    let texts: Vec<_> =
        simulator.peer(BUDI).received().into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, ["lewat yang lain", "diambil alih"]);
    other.stop().await;
}
