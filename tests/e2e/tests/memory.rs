//! What does not grow with what passes through: films, and devices that are being linked.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::time::Duration;

use cetar_e2e::{
    Database, Gateway, Site,
    scene::{self, BUDI, OWNER, Scene},
    within,
};
use cetar_simulator_whatsapp_web::{MediaKind, message};
use serde_json::{Value, json};

/// 40 MB, the most that may come on top for a film of 60.
const GROWTH: u64 = 40_000_000;
/// The most that may come on top for one device that is being linked, in a build that is not optimised.
const LINK: u64 = 4_000_000;
/// A film of 60 MB is encrypted and decrypted by code that is not optimised.
const LONG: Duration = Duration::from_mins(5);

/// A field of what Linux tells of the server's memory, in bytes.
fn memory(gateway: &Gateway, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    let kib: u64 = line.trim_matches(|it: char| !it.is_ascii_digit()).parse().expect("a number");
    kib * 1024
}

/// The most it held while something was done, over what it held before.
struct Growth {
    before: u64,
}

impl Growth {
    fn begin(gateway: &Gateway) -> Self {
        // The peak begins anew: proc(5), clear_refs.
        std::fs::write(format!("/proc/{}/clear_refs", gateway.pid()), "5").expect("our own process");
        Self { before: memory(gateway, "VmRSS:") }
    }

    fn end(self, gateway: &Gateway) -> u64 {
        memory(gateway, "VmHWM:").saturating_sub(self.before)
    }
}

async fn long<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.unwrap_or_else(|_elapsed| panic!("waited in vain for {what}"))
}

async fn send(scene: &Scene, site: &Site, kind: &str, file: &str) {
    let body =
        json!({ "type": kind, "to": BUDI, "media_url": format!("{}/{file}", site.url()), "content": {} });
    scene.gateway.post(&scene.key, "/v1/messages", &body).await.job_id();
}

async fn received(scene: &mut Scene, bytes: &[u8], file: &str) {
    let webhook = scene.receiver.next(file, |webhook| webhook.event() == "message.received").await;
    let url = webhook.json["data"]["media_url"].as_str().expect("a media_url").to_owned();
    long(file, async {
        // It may still be on its way from WhatsApp.
        loop {
            let got = scene.gateway.get_file(&url, &[]).await;
            if got.status == 200 {
                assert!(got.body == bytes, "the same bytes came back");
                return;
            }
            assert_eq!(got.status, 503);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_of_60_mb_is_sent_and_received_without_being_held_in_memory() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    let site = Site::start().await;
    let budi = scene.simulator.peer(BUDI);
    let phone = scene.simulator.phone(OWNER);

    // Once with little, so that what every medium needs is there.
    send(&scene, &site, "image", "gambar.jpg").await;
    within("the picture", budi.next_message()).await;
    let sealed = scene.simulator.keep_media(MediaKind::Image, Site::JPEG);
    budi.send(&phone, message::picture(&sealed, "gambar")).await;
    received(&mut scene, Site::JPEG, "a picture").await;

    let film = Site::film();
    let growth = Growth::begin(&scene.gateway);
    send(&scene, &site, "video", "film.mp4").await;
    let message = long("the film at the phone", budi.next_message()).await.message;
    let sent = growth.end(&scene.gateway);
    assert!(scene.simulator.open_media(&message).expect("it opens") == film, "byte for byte");

    let sealed = scene.simulator.keep_media(MediaKind::Video, film);
    let growth = Growth::begin(&scene.gateway);
    budi.send(&phone, message::film(&sealed)).await;
    received(&mut scene, film, "the film").await;
    let taken = growth.end(&scene.gateway);
    eprintln!("a film of 60 MB takes {:.1} MB to send and {:.1} MB to receive", mb(sent), mb(taken));
    assert!(sent < GROWTH && taken < GROWTH, "{:.1} MB, {:.1} MB", mb(sent), mb(taken));
    scene.gateway.stop().await;
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_devices_are_linked_at_once() {
    let mut scene = Scene::set(&Database::Sqlite).await;
    let mut devices = Vec::new();
    for number in 0..20 {
        let name = format!("CS-1{number:02}");
        devices.push(
            scene
                .home
                .cli("device add", &["--channel", "whatsapp", "--name", &name, "--pace", "off"])
                .await
                .ok(),
        );
    }
    let growth = Growth::begin(&scene.gateway);
    // All of them show a code before the first is scanned.
    let mut links = Vec::new();
    for device in &devices {
        let (command, stdin, mut printed) = scene.home.start("device link", &[device, "--json"]);
        let code = within("a QR in the terminal", async {
            loop {
                let line = printed.recv().await.expect("`device link` shows a QR");
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                if line["event"] == "qr" {
                    return line["data"].as_str().expect("QR data").to_owned();
                }
            }
        })
        .await;
        links.push((command, stdin, printed, code));
    }
    for (number, (mut command, _stdin, _printed, code)) in links.into_iter().enumerate() {
        let phone = scene.simulator.phone(&format!("6281110002{number:02}"));
        within("the phone to link", phone.scan(&code)).await.expect("the phone links");
        assert!(within("`device link` to end", command.wait()).await.expect("it ends").success());
    }
    for device in &devices {
        scene::connected(&mut scene.receiver, device).await;
    }
    let each = growth.end(&scene.gateway) / devices.len() as u64;
    eprintln!("{:.1} MB for each of twenty devices that are linked at once", mb(each));
    assert!(each < LINK, "{:.1} MB for each", mb(each));
    scene.gateway.stop().await;
}
