//! The PHP examples of the document's unofficial half, as printed, over WhatsApp's own protocol: what the phone of the person
//! they are for decrypts is held against what the example's own JSON asks for.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{
    Database, Site, php,
    scene::{BUDI, Scene},
    within,
};
use cetar_simulator_whatsapp_web::{Press, Received};
use serde_json::{Value, json};

/// The JSON that an example sends.
fn asked(example: &str) -> Value {
    let from = example.find("'{").expect("a payload") + 1;
    let to = from + example[from..].find("}'").expect("its end") + 1;
    serde_json::from_str(&example[from..to]).expect("JSON")
}

/// Runs an example; what the phone it was for got, once the job says that it was delivered.
async fn got(scene: &mut Scene, site: &Site, example: &str) -> Received {
    let answer = php::run(example, &scene.gateway.base, site.url(), &scene.key).await;
    assert_eq!((&answer["success"], &answer["data"]["status"]), (&json!(true), &json!("queued")), "{answer}");
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    scene.receiver.status_of(&job, "message.delivered").await;
    within("the message at the phone", scene.simulator.peer(BUDI).next_message()).await
}

async fn every_example(database: Database) {
    let mut scene = Scene::set(&database).await;
    let site = Site::start().await;

    let text = got(&mut scene, &site, php::TEXT).await;
    assert_eq!(text.text.as_deref(), asked(php::TEXT)["content"]["text"].as_str());

    let picture = got(&mut scene, &site, php::MEDIA).await;
    assert_eq!(scene.simulator.open_media(&picture.message).expect("it opens"), Site::JPEG);
    let image = picture.message.image_message.as_option().expect("a picture");
    assert_eq!(image.caption.as_deref(), asked(php::MEDIA)["content"]["caption"].as_str());
    assert_eq!(image.mimetype.as_deref(), Some("image/jpeg"));

    buttons(&mut scene, &site).await;

    let key = scene.home.cli("key create", &["--name", "dashboard", "--scope", "admin"]).await.ok();
    let template = json!({"id": 123, "name": "Tagihan", "text": "Halo {{1}}, tagihan Anda {{2}}."});
    assert_eq!(scene.gateway.post(&key, "/v1/templates", &template).await.status, 200);
    let filled = got(&mut scene, &site, php::TEMPLATE).await;
    assert_eq!(filled.text.as_deref(), Some("Halo Budi Santoso, tagihan Anda Rp 500.000."));

    let checked = php::run(php::CHECK, &scene.gateway.base, "", &scene.key).await;
    assert_eq!(
        checked,
        json!({
            "success": true,
            "message": "Nomor terdaftar di WhatsApp.",
            "data": {"phone": BUDI, "jid": format!("{BUDI}@s.whatsapp.net"), "is_registered": true},
        })
    );

    assert_eq!(scene.simulator.peer(BUDI).received_count(), 4, "each once");
    assert_eq!(scene.simulator.violations(), vec![], "the real server would have refused this");
    assert_eq!(scene.gateway.stop().await, Some(0));
}

/// The phone shows what the example says, below its picture; the press comes back on the webhook.
async fn buttons(scene: &mut Scene, site: &Site) {
    let asked = asked(php::BUTTONS);
    let received = got(scene, site, php::BUTTONS).await;
    let content = &asked["content"];
    let interactive = received.message.interactive_message.as_option().expect("a native flow");
    let header = interactive.header.as_option().expect("a title");
    assert_eq!(header.title.as_deref(), content["title"].as_str());
    assert_eq!(interactive.body.as_option().and_then(|body| body.text.as_deref()), content["text"].as_str());
    assert_eq!(
        interactive.footer.as_option().and_then(|footer| footer.text.as_deref()),
        content["footer"].as_str()
    );
    assert_eq!(scene.simulator.open_media(&received.message).expect("its picture opens"), Site::JPEG);

    let shown: Vec<_> = received.buttons().into_iter().map(|button| (button.name, button.params)).collect();
    let [reply, url, code] = [0, 1, 2].map(|index| &content["buttons"][index]);
    assert_eq!(
        shown,
        [
            ("quick_reply".to_owned(), json!({"display_text": reply["text"], "id": reply["id"]})),
            (
                "cta_url".to_owned(),
                json!({"display_text": url["text"], "url": url["url"], "merchant_url": url["url"]})
            ),
            ("cta_copy".to_owned(), json!({"display_text": code["text"], "copy_code": code["copy_code"]})),
        ]
    );

    let budi = scene.simulator.peer(BUDI);
    budi.press(&received, "AMBIL_PROMO", Press::NativeFlow).await.expect("a button to press");
    let webhook = scene.receiver.next("the press", |webhook| webhook.event() == "message.received").await;
    webhook.verify(&scene.secret);
    let data = &webhook.json["data"];
    assert_eq!(
        (&data["type"], &data["button_id"], &data["text"], &data["from"]),
        (&json!("button"), &reply["id"], &reply["text"], &json!(BUDI))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_reaches_a_phone_as_it_asks() {
    every_example(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    every_example(Database::postgres().await).await;
}
