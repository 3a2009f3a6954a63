//! Media: fetched for sends, read from the network for what came in, given out.

use std::time::Duration;

use bytes::Bytes;
use cetar_engine::{
    accept::{AcceptError, NoSuchMedium, SendRequest},
    endpoints::NewEndpoint,
    media::{BadLink, MediaAnswer},
};
use cetar_model::{
    Chat, Content, ContentKind, DeviceState, DownReason, FailureCode, Health, Media, MediaId, MediaSource,
    MessageState as S,
};
use cetar_provider::{DownloadError, Host, Inbound, InboundMessage};
use futures::TryStreamExt;
use rstest::rstest;

use crate::{
    site::{Answer, PNG, Site},
    slow_sites::passing,
    world::{Node, World},
};

const BUDI: &str = "6281234567890";
const ANA: &str = "6281234567891";

pub(crate) fn image(to: &str, url: &str) -> SendRequest {
    let content = Content::Image { media: Media::at(url), caption: Some("Promo".to_owned()) };
    SendRequest { content, ..Node::text(to, "") }
}

fn stored(content: &Content) -> (MediaId, &Media) {
    let media = content.media().expect("a medium");
    (media.stored().expect("a stored medium").clone(), media)
}

async fn bytes_of(node: &Node, id: &MediaId) -> Vec<u8> {
    let MediaAnswer::Here(file) = node.engine.find_media(id).await.unwrap() else { panic!("not here") };
    let bytes = node.engine.read_media(&file, None).await.unwrap().expect("bytes");
    bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[tokio::test]
async fn a_picture_is_fetched_before_the_attempt_and_its_provider_reads_the_same_bytes() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "content-type: text/html\r\n")).await);
    let node = world.start().await;
    let job = node.accept(image(BUDI, &site.url("/promo%20besar.png?x=1"))).await.unwrap().job;
    node.message_is(&job, S::Sent).await;

    let sent = world.network.contents().pop().unwrap();
    let (id, media) = stored(&sent);
    assert_eq!(media.content_type.as_deref(), Some("image/png"), "by its content, whatever its server says");
    assert_eq!((media.size, media.file_name.as_deref()), (Some(PNG.len() as u64), Some("promo besar.png")));
    let read = world.network.host().unwrap().media(&id).await.unwrap();
    assert_eq!(read.size, PNG.len() as u64);
    assert_eq!(read.bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), PNG);
    let kept = node.job(&job).await.job.message.content;
    assert!(stored(&kept).0 == id, "the message remembers where it is kept");
}

#[tokio::test]
async fn the_same_address_is_fetched_once_and_later_only_asked_whether_it_changed() {
    let picture = Answer::of(PNG, "etag: \"1\"\r\nlast-modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n");
    let (world, site) = (World::new(), Site::serving(picture).await);
    let node = world.start().await;
    let url = site.url("/promo.png");
    for to in [BUDI, ANA, "6281234567892", "6281234567893"] {
        node.accept(image(to, &url)).await.unwrap();
    }
    node.run_until_idle().await;
    assert_eq!((world.network.contents().len(), site.asked().len()), (4, 1));

    site.serve(Answer::status("304 Not Modified"));
    node.pass(Duration::from_mins(2));
    node.accept(image(BUDI, &url)).await.unwrap();
    node.run_until_idle().await;
    let asked = site.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains("if-none-match: \"1\"") && asked[1].contains("if-modified-since: sun, 22 nov"));

    let other = [PNG, b"lain"].concat();
    site.serve(Answer::of(&other, "etag: \"2\"\r\n"));
    node.pass(Duration::from_mins(2));
    node.accept(image(BUDI, &url)).await.unwrap();
    node.run_until_idle().await;
    let contents = world.network.contents();
    let ids: Vec<MediaId> = contents.iter().map(|content| stored(content).0).collect();
    assert!(ids[..5].iter().all(|id| *id == ids[0]) && ids[5] != ids[0]);
    assert_eq!(bytes_of(&node, &ids[5]).await, other);
}

#[rstest]
#[case::private("http://10.0.0.1/a.png", FailureCode::MediaAddressRefused)]
#[case::metadata("http://169.254.169.254/latest/meta-data/", FailureCode::MediaAddressRefused)]
#[case::other_loopback("http://127.0.0.2/a.png", FailureCode::MediaAddressRefused)]
#[tokio::test]
async fn an_address_inside_fails_the_message_at_once(#[case] url: &str, #[case] code: FailureCode) {
    let world = World::new();
    let node = world.start().await;
    let job = node.accept(image(BUDI, url)).await.unwrap().job;
    node.message_is(&job, S::Failed).await;
    assert_eq!(node.job(&job).await.job.message.error, Some((code, None)));
    assert!(world.network.attempts().is_empty());
}

#[rstest]
#[case::a_page(Answer::of(b"<!DOCTYPE html><html>", ""), FailureCode::MediaTypeNotSupported, None)]
#[case::a_document(
    Answer::of(b"%PDF-1.7\n", "content-type: image/png\r\n"),
    FailureCode::MediaTypeNotSupported,
    None
)]
#[case::too_large(Answer::of(&[PNG, &vec![0; 5 << 20]].concat(), ""), FailureCode::MediaTooLarge, None)]
#[case::not_there(Answer::status("404 Not Found"), FailureCode::MediaUnreachable, Some("404"))]
#[case::inside(
    Answer::status("302 Found\r\nlocation: http://10.0.0.1/"),
    FailureCode::MediaAddressRefused,
    None
)]
#[tokio::test]
async fn what_cannot_be_sent_fails_the_message_and_says_why(
    #[case] answer: Answer,
    #[case] code: FailureCode,
    #[case] provider_code: Option<&str>,
) {
    let (world, site) = (World::new(), Site::serving(answer).await);
    let node = world.start().await;
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    node.message_is(&job, S::Failed).await;
    let error = node.job(&job).await.job.message.error;
    assert_eq!(error, Some((code, provider_code.map(str::to_owned))));
    assert!(world.network.attempts().is_empty(), "nothing reached the network");
}

#[tokio::test]
async fn a_site_in_trouble_is_tried_again_and_given_up_after_a_while() {
    let (world, site) = (World::new(), Site::serving(Answer::status("503 Busy")).await);
    let node = world.start().await;
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    node.run_until_idle().await;
    assert_eq!(
        (node.state(&job).await, node.history(&job).await),
        (S::Queued, vec!["media_not_fetched".to_owned()])
    );
    site.serve(Answer::of(PNG, ""));
    node.run_to_the_end().await;
    assert_eq!(node.state(&job).await, S::Sent);

    site.serve(Answer::status("503 Busy"));
    let job = node.accept(image(BUDI, &site.url("/lain.png"))).await.unwrap().job;
    node.run_to_the_end().await;
    assert_eq!(node.job(&job).await.job.message.error, Some((FailureCode::MediaUnreachable, None)));
    assert_eq!(node.history(&job).await.len(), 6);
}

#[tokio::test]
async fn a_medium_above_buttons_is_fetched_too() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    let buttons = cetar_model::Buttons {
        title: None,
        text: "Mau?".to_owned(),
        footer: None,
        buttons: vec![cetar_model::Button::Reply { id: "YA".to_owned(), text: "Ya".to_owned() }],
        media: Some(Media::at(site.url("/promo.png"))),
    };
    let request = SendRequest { content: Content::Buttons(buttons), ..Node::text(BUDI, "") };
    let job = node.accept(request).await.unwrap().job;
    node.message_is(&job, S::Sent).await;
    let sent = world.network.contents().pop().unwrap();
    assert_eq!(
        (sent.kind(), stored(&sent).1.content_type.as_deref()),
        (ContentKind::Button, Some("image/png"))
    );
}

/// A picture that comes in; its bytes are with the network under `reference`.
async fn receive(host: &dyn Host, remote_id: &str, reference: &str) {
    let media = Media {
        file_name: Some("foto.png".to_owned()),
        ..Media::of(MediaSource::Network(reference.to_owned()))
    };
    let message = InboundMessage {
        remote_id: remote_id.to_owned(),
        chat: Chat::new(BUDI),
        from: Chat::new(BUDI),
        from_alias: false,
        group: false,
        echo: false,
        sender_name: None,
        content: Content::Image { media, caption: Some("Ini fotonya".to_owned()) },
        reply_to: None,
        raw: None,
        sent_at: host.now(),
    };
    host.emit(Inbound::Message(message)).await.unwrap();
}

async fn listen(node: &Node) {
    let url = "https://example.com/hook".to_owned();
    let endpoint = NewEndpoint { url, ..NewEndpoint::default() };
    node.engine.add_endpoint(&node.operator, endpoint).await.unwrap();
}

/// Waits for the webhook of a message that came in; its `media_url`.
async fn told_url(world: &World, node: &Node) -> String {
    let url = || {
        world.bodies().into_iter().find(|body| body["event"] == "message.received").map(|body| {
            assert_eq!(
                (&body["data"]["type"], &body["data"]["text"]),
                (&"image".into(), &"Ini fotonya".into())
            );
            body["data"]["media_url"].as_str().expect("a media_url").to_owned()
        })
    };
    node.until("the webhook", async || url().is_some()).await;
    url().unwrap()
}

#[tokio::test]
async fn what_comes_in_is_told_at_once_and_its_address_is_good_for_a_week() {
    let world = World::new();
    let node = world.start().await;
    node.engine.set_base_url("https://cetar.example/");
    listen(&node).await;
    receive(&*world.network.host().unwrap(), "3EB01", "rahasia").await;
    let url = told_url(&world, &node).await;
    let link = url.strip_prefix("https://cetar.example/media/").expect("below the base");
    assert!(!url.contains("rahasia"));
    let id = node.engine.read_media_link(link).unwrap();
    assert_eq!(bytes_of(&node, &id).await, b"rahasia", "the scripted network gives the reference itself");

    for at in 0..link.len() {
        let mut forged = link.to_owned().into_bytes();
        forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(node.engine.read_media_link(&forged).is_err(), "{forged}");
    }
    assert_eq!(node.engine.read_media_link("../../master.key"), Err(BadLink::Forged));
    node.pass(Duration::from_hours(7 * 24));
    assert_eq!(node.engine.read_media_link(link), Err(BadLink::Ended));
}

#[tokio::test]
async fn a_download_that_fails_is_made_again_and_the_message_is_not_lost() {
    let world = World::new();
    let node = world.start().await;
    listen(&node).await;
    world.network.next_download(Err(DownloadError::Failed("cut".into())));
    world.network.next_download(Err(DownloadError::AccountDown(DownReason::Disconnected)));
    receive(&*world.network.host().unwrap(), "3EB01", "gambar").await;
    let url = told_url(&world, &node).await;
    let id = node.engine.read_media_link(url.rsplit('/').next().unwrap()).unwrap();
    let due = async || node.engine.store().next_wanted(&node.device).await.unwrap();
    for _ in 0..2 {
        let before = node.engine.clock().now();
        node.until("another try to be planned", async || due().await.is_some_and(|at| at > before)).await;
        node.pass(Duration::from_secs(5));
    }
    node.until("the medium to be here", async || due().await.is_none()).await;
    assert_eq!(bytes_of(&node, &id).await, b"gambar");
}

#[tokio::test]
async fn a_download_is_made_by_the_next_process_if_this_one_dies() {
    let world = World::new();
    let node = world.start().await;
    listen(&node).await;
    world.network.next_download(Err(DownloadError::Failed("cut".into())));
    receive(&*world.network.host().unwrap(), "3EB01", "gambar").await;
    let url = told_url(&world, &node).await;
    let id = node.engine.read_media_link(url.rsplit('/').next().unwrap()).unwrap();
    let planned = async || {
        let due = node.engine.store().next_wanted(&node.device).await.unwrap();
        due.is_some_and(|at| at > node.engine.clock().now())
    };
    node.until("another try to be planned", planned).await;
    node.kill().await;
    let node = world.start().await;
    node.pass(Duration::from_secs(30));
    assert_eq!(bytes_of(&node, &id).await, b"gambar");
}

#[tokio::test]
async fn a_medium_that_its_network_has_no_more_is_said_to_be_lost() {
    let world = World::new();
    let node = world.start().await;
    listen(&node).await;
    world.network.next_download(Err(DownloadError::Gone("410".to_owned())));
    receive(&*world.network.host().unwrap(), "3EB01", "gambar").await;
    let url = told_url(&world, &node).await;
    let id = node.engine.read_media_link(url.rsplit('/').next().unwrap()).unwrap();
    assert!(matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::Lost));
}

#[tokio::test]
async fn a_medium_whose_bytes_are_not_what_its_sender_said_is_read_three_times_and_not_for_a_day() {
    let world = World::new();
    let node = world.start().await;
    listen(&node).await;
    for _ in 0..3 {
        world.network.next_download(Err(DownloadError::Unsound("MAC mismatch".to_owned())));
    }
    receive(&*world.network.host().unwrap(), "3EB01", "gambar").await;
    let url = told_url(&world, &node).await;
    let id = node.engine.read_media_link(url.rsplit('/').next().unwrap()).unwrap();
    let due = async || node.engine.store().next_wanted(&node.device).await.unwrap();
    for _ in 0..2 {
        let before = node.engine.clock().now();
        node.until("another try to be planned", async || due().await.is_some_and(|at| at > before)).await;
        node.pass(Duration::from_secs(5));
    }
    node.until("it to be given up", async || due().await.is_none()).await;
    assert!(matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::Lost));
}

#[tokio::test]
async fn media_wait_for_a_device_that_is_down() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    let job = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    node.run_until_idle().await;
    assert!(site.asked().is_empty(), "nothing is fetched for a message that cannot go out");
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.message_is(&job, S::Sent).await;
}

/// The address of a medium that came in, as a webhook tells it.
async fn own_url(node: &Node, world: &World) -> String {
    node.engine.set_base_url("https://cetar.example/");
    listen(node).await;
    receive(&*world.network.host().unwrap(), "3EB01", "harga").await;
    told_url(world, node).await
}

#[tokio::test]
async fn what_is_still_coming_in_can_be_passed_on_already() {
    let world = World::new();
    let node = world.start().await;
    world.network.next_download(Err(DownloadError::AccountDown(DownReason::Disconnected)));
    let url = own_url(&node, &world).await;
    let text = SendRequest {
        content: Content::Document { media: Media::at(&url), caption: None },
        ..Node::text(ANA, "")
    };
    let job = node.accept(text).await.unwrap().job;
    passing(&node, "it to go out", async || node.state(&job).await == S::Sent).await;
    assert!(node.history(&job).await.iter().all(|outcome| outcome == "sent"), "waiting is no attempt");
}

#[tokio::test]
async fn an_address_of_ours_is_judged_when_a_send_is_accepted_and_may_end_afterwards() {
    let world = World::new();
    let node = world.start().await;
    let url = own_url(&node, &world).await;
    let document = || SendRequest {
        content: Content::Document { media: Media::at(&url), caption: None },
        expires_in: Some(Duration::from_hours(7 * 24)),
        ..Node::text(ANA, "")
    };
    // It has come in once it went out again.
    let first = node.accept(document()).await.unwrap().job;
    passing(&node, "it to go out", async || node.state(&first).await == S::Sent).await;
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    node.pass(Duration::from_hours(6 * 24 + 23));
    let job = node.accept(document()).await.unwrap().job;
    node.pass(Duration::from_hours(2));
    let refused = node.accept(document()).await;
    assert!(matches!(refused, Err(AcceptError::NoSuchMedium(NoSuchMedium::Ended))), "{refused:?}");
    for forged in [format!("{url}x"), url.replace("/media/med_0", "/media/med_1")] {
        let content = Content::Document { media: Media::at(&forged), caption: None };
        let refused = node.accept(SendRequest { content, ..Node::text(ANA, "") }).await;
        assert!(matches!(refused, Err(AcceptError::NoSuchMedium(NoSuchMedium::NotHere))), "{forged}");
    }
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    // The leases ran out with the days: their session is looked after, and begun again, as time goes on.
    passing(&node, "it to go out", async || node.state(&job).await == S::Sent).await;
}

/// As an older version did, which knew no addresses of ours.
#[tokio::test]
async fn an_address_of_ours_that_was_accepted_as_any_other_is_not_fetched_from_ourselves() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    let first = node.accept(image(BUDI, &site.url("/promo.png"))).await.unwrap().job;
    node.message_is(&first, S::Sent).await;
    let (id, _) = stored(&world.network.contents()[0]);
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    let base = "http://10.0.0.7";
    let url = format!("{base}{}", node.engine.media_url(&id));
    let accept = async |url: &str| {
        let expires_in = Some(Duration::from_hours(30 * 24));
        node.accept(SendRequest { expires_in, ..image(ANA, url) }).await.unwrap().job
    };
    let (job, forged) = (accept(&url).await, accept(&format!("{url}x")).await);
    node.engine.set_base_url(base);
    // It has ended meanwhile; the message was accepted before.
    node.pass(Duration::from_hours(8 * 24));
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    passing(&node, "it to go out", async || node.state(&job).await == S::Sent).await;
    assert_eq!(stored(world.network.contents().last().unwrap()).0, id);
    passing(&node, "the forged to fail", async || node.state(&forged).await == S::Failed).await;
    assert_eq!(node.job(&forged).await.job.message.error, Some((FailureCode::MediaUnreachable, None)));
}
