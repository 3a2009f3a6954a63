//! Meta's accounts: where they are asked about, how long their tokens last, whose secrets count, and who is not listened to.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::time::Duration;

use cetar_e2e::{
    Database, Gateway, Home,
    meta::{self, MetaScene},
    scene,
};
use cetar_simulator_graph::{Account, Kind, Simulator, escaped, signature};
use serde_json::{Value, json};

const BUDI: &str = "6281234567890";

/// A body that speaks of this account, as Meta writes it.
fn body(account: &Account, id: &str) -> String {
    escaped(&Simulator::message(account, BUDI, id, json!({"type": "text", "text": {"body": "Halo"}})))
}

/// What the callback answers to a body under this secret.
async fn tell(graph: &Simulator, body: &str, secret: &str) -> u16 {
    let signature = signature(secret, body.as_bytes());
    graph.tell_raw(body.to_owned(), Some(signature)).await.expect("the callback answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_soon_is_shown_and_told_of_while_messages_go_out() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let number = meta::number("555666777", "rahasia-kedua");
    scene.graph.add(number.clone());
    #[expect(clippy::disallowed_methods, reason = "the server goes by the same clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let end = i64::try_from(now.as_secs()).expect("a moment") + 3 * 24 * 60 * 60;
    scene.graph.end_token_at(&number.id, end);
    let device = meta::add(&scene.home, &number, "whatsapp-official").await.ok();
    let told = scene::connected(&mut scene.receiver, &device).await;
    let data = &told["data"];
    assert_eq!(
        (&data["reason"], &data["next_action"], &data["credentials_expire_at"]),
        (&json!("credentials_expiring"), &json!("renew_credentials"), &json!(end))
    );
    let shown = scene.gateway.get(&scene.key, &format!("/v1/devices/{device}")).await.json["data"].clone();
    assert!(shown["credentials_expire_at"].is_string() && shown["message"].is_string(), "{shown}");
    let without = scene.gateway.get(&scene.key, &format!("/v1/devices/{}", scene.device)).await.json;
    assert_eq!(
        (&without["data"]["credentials_expire_at"], &without["data"]["reason"]),
        (&Value::Null, &Value::Null)
    );
    let list = scene.home.cli("device list", &[]).await.ok();
    assert!(list.contains("TOKEN ENDS"), "{list}");

    let body = json!({"to": BUDI, "type": "text", "text": "Halo", "session_id": device});
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", &body).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_instagrams_own_login_is_renewed_kept_and_shown() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    let account =
        Account { kind: Kind::Instagram, waba: String::new(), ..meta::number("901", "rahasia-instagram") };
    scene.graph.add(account.clone());
    scene.graph.let_renew(&account.id, "IGbaru", Duration::from_hours(60 * 24));
    let device = meta::add(&scene.home, &account, "instagram").await.ok();
    let told = scene::connected(&mut scene.receiver, &device).await;
    assert!(told["data"]["credentials_expire_at"].is_number(), "{told}");
    assert_eq!(told["data"]["reason"], Value::Null, "sixty days are not soon");
    // The old one is worth nothing now: every later session begins with the new one, and nobody renews it again within a week.
    scene.gateway.stop().await;
    scene.gateway = scene.home.serve().await;
    let message = json!({"channel": "instagram", "type": "text", "to": "77", "content": {"text": "Halo"}});
    let job = scene.gateway.post(&scene.key, "/v1/messages", &message).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    let shown = scene.gateway.get(&scene.key, &format!("/v1/devices/{device}")).await.json["data"].clone();
    assert!(shown["credentials_expire_at"].is_string(), "{shown}");
    scene.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_addresses_and_version_are_spoken_and_a_wrong_version_costs_nobody_their_link() {
    let instagram = Simulator::start().await.expect("a free port");
    let mut scene = MetaScene::set_in(&Database::Sqlite, |home| {
        home.set("CETAR_META__INSTAGRAM_URL", instagram.url());
        home.set("CETAR_META__GRAPH_VERSION", "v24.0");
    })
    .await;
    let account =
        Account { kind: Kind::Instagram, waba: String::new(), ..meta::number("901", "rahasia-instagram") };
    instagram.add(account.clone());
    let device = meta::add(&scene.home, &account, "instagram").await.ok();
    scene::connected(&mut scene.receiver, &device).await;
    let message = json!({"channel": "instagram", "type": "text", "to": "77", "content": {"text": "Halo"}});
    let job = scene.gateway.post(&scene.key, "/v1/messages", &message).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;
    assert_eq!((instagram.taken().len(), scene.graph.taken().len()), (1, 0));
    for graph in [&instagram, &scene.graph] {
        assert!(graph.requests().iter().all(|it| it.version == "v24.0"), "{:?}", graph.requests());
    }

    // A version that Meta does not serve: nothing is linked under it, and what is linked waits.
    scene.gateway.stop().await;
    scene.home.set("CETAR_META__GRAPH_VERSION", "v99.0");
    scene.gateway = scene.home.serve().await;
    let told = scene::state(&mut scene.receiver, &scene.device, "degraded").await;
    assert_eq!(told["data"]["next_action"], "wait", "{told}");
    scene.gateway.printed("meta.graph_version").await;
    let refused = meta::add(&scene.home, &meta::number("111", "x"), "whatsapp-official").await;
    assert!(refused.status != Some(0) && refused.stderr.contains("meta.graph_version"), "{refused:?}");
    let official = json!({"to": BUDI, "type": "text", "text": "Halo"});
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", &official).await.job_id();
    scene.gateway.stop().await;
    scene.home.set("CETAR_META__GRAPH_VERSION", "v26.0");
    scene.gateway = scene.home.serve().await;
    scene.receiver.status_of(&job, "message.sent").await;
    scene.gateway.stop().await;
}

async fn whose_secrets_count(database: Database) {
    let mut scene = MetaScene::set(&database).await;
    let change = async |home: &Home, device: &str, settings: Value| {
        home.cli_with_input("device change", &[device, "--settings"], &settings.to_string()).await.ok();
    };
    assert_eq!(tell(&scene.graph, &body(&scene.number, "wamid.1"), "rahasia-aplikasi").await, 200);
    change(&scene.home, &scene.device, json!({"app_secret": "rahasia-baru"})).await;
    assert_eq!(tell(&scene.graph, &body(&scene.number, "wamid.2"), "rahasia-aplikasi").await, 403, "the old");
    assert_eq!(tell(&scene.graph, &body(&scene.number, "wamid.3"), "rahasia-baru").await, 200, "the new");
    change(&scene.home, &scene.device, json!({"verify_token": "kata-baru"})).await;
    assert_eq!(scene.graph.verify("kata-baru").await, Ok((200, "1158201444".to_owned())));
    assert_eq!(scene.graph.verify(meta::VERIFY_TOKEN).await.map(|(status, _)| status), Ok(403));

    // A fresh token is used from the next send on, also after the old one was revoked.
    scene.graph.revoke(&scene.number.id);
    scene.graph.renew(&scene.number.id, "EAAbaru");
    change(&scene.home, &scene.device, json!({"access_token": "EAAbaru"})).await;
    let message = json!({"to": BUDI, "type": "text", "text": "Halo"});
    let job = scene.gateway.post(&scene.key, "/v1/meta/messages", &message).await.job_id();
    scene.receiver.status_of(&job, "message.sent").await;

    let conversations = async |gateway: &Gateway, key: &str| {
        let page = gateway.get(key, "/v1/conversations").await.json;
        page["data"].as_array().expect("a page").len()
    };
    let admin = admin_key(&scene.home).await;
    assert_eq!(conversations(&scene.gateway, &admin).await, 1);
    scene.home.cli("device remove", &[&scene.device]).await.ok();
    assert_eq!(tell(&scene.graph, &body(&scene.number, "wamid.4"), "rahasia-baru").await, 403, "removed");
    assert_eq!(scene.graph.verify("kata-baru").await.map(|(status, _)| status), Ok(403));
    scene.gateway.stop().await;
}

async fn admin_key(home: &Home) -> String {
    home.cli("key create", &["--name", "admin", "--scope", "messages,admin"]).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_changed_and_an_account_that_was_removed_count_at_once_on_sqlite() {
    whose_secrets_count(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_changed_and_an_account_that_was_removed_count_at_once_on_postgres() {
    whose_secrets_count(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_signatures_shut_an_address_out_and_what_an_account_signed_is_taken_all_the_same() {
    let mut scene = MetaScene::set(&Database::Sqlite).await;
    // Signed by a secret of ours, and about a number that is not here: nothing is in it for us, and Meta is told that all is well.
    let stranger = meta::number("222333444", "");
    let of_nobody = body(&Account { waba: "999".to_owned(), ..stranger }, "wamid.X");
    assert_eq!(tell(&scene.graph, &of_nobody, &scene.number.app_secret).await, 200);
    for number in 0..20 {
        let forged = body(&scene.number, &format!("wamid.F{number}"));
        assert_eq!(tell(&scene.graph, &forged, "salah").await, 403);
    }
    scene.gateway.printed("too many wrong signatures").await;
    assert_eq!(
        tell(&scene.graph, &of_nobody, &scene.number.app_secret).await,
        403,
        "no secret is tried for it"
    );
    assert_eq!(tell(&scene.graph, &body(&scene.number, "wamid.F"), "salah").await, 403);
    assert_eq!(scene.writes(BUDI, "wamid.IN1", "Halo").await, 200, "whatever else comes from there");
    let webhook = scene.receiver.next("the message", |it| it.json["object"].is_string()).await;
    assert!(webhook.body.windows(9).any(|it| it == b"wamid.IN1"), "and no forged one before it");
    scene.gateway.stop().await;
}
