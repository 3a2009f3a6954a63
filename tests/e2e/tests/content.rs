//! Every kind of message of the document's unofficial half, by its own PHP examples, against the sandbox: no account, and the same
//! way through the product as to a real network.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use cetar_e2e::{Database, Gateway, Home, Receiver, Site, php, within};
use serde_json::{Value, json};

/// A server with a sandbox key, a webhook and a customer's site.
struct Shop {
    home: Home,
    gateway: Gateway,
    receiver: Receiver,
    site: Site,
    key: String,
}

impl Shop {
    async fn open(database: &Database) -> Self {
        let home = Home::new(database, "ws://127.0.0.1:9/ws/chat");
        let gateway = home.serve().await;
        let receiver = Receiver::start().await;
        home.cli("webhook add", &["--url", receiver.url()]).await.ok();
        let key =
            home.cli("key create", &["--name", "php", "--test", "--scope", "messages,admin"]).await.ok();
        Self { home, gateway, receiver, site: Site::start().await, key }
    }

    async fn php(&self, example: &str) -> Value {
        php::run(example, &self.gateway.base, self.site.url(), &self.key).await
    }

    /// Runs an example that sends, and waits until its message is delivered.
    async fn delivered(&mut self, example: &str) {
        let answer = self.php(example).await;
        assert_eq!(
            (&answer["success"], &answer["data"]["status"]),
            (&json!(true), &json!("queued")),
            "{answer}"
        );
        let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
        self.receiver.status_of(&job, "message.delivered").await;
    }

    /// The next message that comes in.
    async fn received(&mut self) -> Value {
        let what = "a message that comes in";
        self.receiver.next(what, |webhook| webhook.event() == "message.received").await.json["data"].clone()
    }
}

async fn every_example(database: Database) {
    let mut shop = Shop::open(&database).await;
    let template = json!({"id": 123, "name": "Tagihan", "text": "Halo {{1}}, tagihan Anda {{2}}."});
    let made = shop.gateway.post(&shop.key, "/v1/templates", &template).await;
    assert_eq!((made.status, &made.json["data"]["id"]), (200, &json!(123)), "{made:?}");

    for example in [php::TEXT, php::BUTTONS, php::TEMPLATE, php::MEDIA] {
        shop.delivered(example).await;
    }
    assert_eq!(shop.site.requests(), 2, "each picture once");
    let checked = shop.php(php::CHECK).await;
    assert_eq!(
        checked,
        json!({
            "success": true,
            "message": "Nomor terdaftar di WhatsApp.",
            "data": {"phone": "6281234567890", "jid": "6281234567890@s.whatsapp.net", "is_registered": true},
        })
    );
    assert_eq!(shop.gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_unofficial_half_runs_as_printed() {
    every_example(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    every_example(Database::postgres().await).await;
}

/// The examples as they are, but to people who answer with what they got: so it is seen whole.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_example_says_arrives_whole() {
    let mut shop = Shop::open(&Database::Sqlite).await;
    let to = |example: &str, number: &str| example.replace("6281234567890", number);

    shop.delivered(&to(php::MEDIA, "628123450007")).await;
    let picture = shop.received().await;
    assert_eq!(picture["type"], "image");
    assert!(picture["text"].as_str().expect("a caption").ends_with("Promo Spesial Hari Ini! Diskon 50%."));
    let url = picture["media_url"].as_str().expect("a media_url").to_owned();
    let file = shop.gateway.get_file(&url, &[]).await;
    assert_eq!((file.status, &file.body[..]), (200, Site::JPEG), "the same bytes came back");
    assert_eq!(file.headers["content-type"], "image/jpeg");
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    assert_eq!(
        file.headers["content-disposition"],
        "inline; filename=\"gambar.jpg\"; filename*=UTF-8''gambar.jpg"
    );

    let part = shop.gateway.get_file(&url, &[("range", "bytes=2-5")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &Site::JPEG[2..6]));
    assert_eq!(part.headers["content-range"], format!("bytes 2-5/{}", Site::JPEG.len()));
    let again =
        shop.gateway.get_file(&url, &[("if-none-match", file.headers["etag"].to_str().expect("text"))]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    for forged in
        [format!("{url}x"), url.replace("/media/", "/media/..%2F"), format!("{}/media/x", shop.gateway.base)]
    {
        assert_eq!(shop.gateway.get_file(&forged, &[]).await.status, 404, "{forged}");
    }

    shop.delivered(&to(php::BUTTONS, "628123450008")).await;
    let press = shop.received().await;
    assert_eq!(
        (&press["type"], &press["button_id"], &press["text"]),
        (&json!("button"), &json!("AMBIL_PROMO"), &json!("Ya, Ambil!"))
    );
    assert!(
        press["about"].as_str().is_some_and(|id| id.starts_with("msg_")),
        "which message it was on: {press}"
    );

    let unknown = shop.php(&to(php::CHECK, "628123450002")).await;
    assert_eq!(unknown["message"], "Nomor tidak terdaftar di WhatsApp.");
    assert_eq!(unknown["data"], json!({"phone": "628123450002", "jid": null, "is_registered": false}));
    shop.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_came_in_is_still_there_after_a_kill() {
    let mut shop = Shop::open(&Database::Sqlite).await;
    shop.delivered(&php::MEDIA.replace("6281234567890", "628123450007")).await;
    let url = shop.received().await["media_url"].as_str().expect("a media_url").to_owned();
    let path = url[url.find("/media/").expect("below /media/")..].to_owned();
    shop.gateway.kill().await;
    let gateway = shop.home.serve().await;
    let file = within("the picture", gateway.get_file(&format!("{}{path}", gateway.base), &[])).await;
    assert_eq!((file.status, &file.body[..]), (200, Site::JPEG));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_fails_its_job_and_says_why() {
    let mut shop = Shop::open(&Database::Sqlite).await;
    for (file, code) in [("masuk.jpg", "media_type_not_supported"), ("tidak-ada.jpg", "media_unreachable")] {
        let answer = shop.php(&php::MEDIA.replace("gambar.jpg", file)).await;
        let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
        let failed = shop.receiver.status_of(&job, "message.failed").await;
        assert_eq!(failed.json["data"]["error"]["code"], code, "{}", failed.json);
    }
    let inside =
        php::MEDIA.replace("https://contoh.com/gambar.jpg", "http://169.254.169.254/latest/meta-data/");
    let answer = shop.php(&inside).await;
    let job = answer["data"]["job_id"].as_str().expect("a job id").to_owned();
    let failed = shop.receiver.status_of(&job, "message.failed").await;
    assert_eq!(failed.json["data"]["error"]["code"], "media_address_refused");
    shop.gateway.stop().await;
}
