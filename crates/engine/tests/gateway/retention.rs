//! How long media are kept, and what becomes of what nobody knows of.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use cetar_engine::{accept::SendRequest, media::MediaAnswer};
use cetar_model::{Content, DeviceState, DownReason, Health, Media, MediaId, MessageState as S};

use crate::{
    site::{Answer, PNG, Site},
    world::{Node, World},
};

const BUDI: &str = "6281234567890";
const DAY: Duration = Duration::from_hours(24);

fn image(url: &str) -> SendRequest {
    let content = Content::Image { media: Media::at(url), caption: None };
    SendRequest { content, ..Node::text(BUDI, "") }
}

/// Sends a picture; the medium it was sent as.
async fn sent(world: &World, node: &Node, url: &str) -> MediaId {
    let job = node.accept(image(url)).await.unwrap().job;
    node.message_is(&job, S::Sent).await;
    world.network.contents().pop().unwrap().media().unwrap().stored().unwrap().clone()
}

/// The files that are kept, by their names.
fn kept(world: &World) -> Vec<PathBuf> {
    let mut folders = vec![world.media_folder()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// Lets the turns of pruning come that delete what was noted.
async fn deleted(world: &World, node: &Node, left: usize) {
    for _ in 0..2 {
        node.pass(Duration::from_mins(61));
    }
    node.until("the bytes to be deleted", async || kept(world).len() == left).await;
}

#[tokio::test]
async fn a_picture_is_kept_as_long_as_it_is_used_and_ninety_days_more() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "etag: \"1\"\r\n")).await);
    let node = world.start().await;
    let url = site.url("/promo.png");
    let id = sent(&world, &node, &url).await;
    // Used again, long after it was fetched: its server says that it has not changed.
    node.pass(60 * DAY);
    site.serve(Answer::status("304 Not Modified"));
    assert_eq!(sent(&world, &node, &url).await, id);
    node.pass(60 * DAY);
    // What is sent in between shows that pruning has had its turn.
    site.serve(Answer::of(&[PNG, b"lain"].concat(), ""));
    let other = sent(&world, &node, &site.url("/lain.png")).await;
    node.pass(Duration::from_mins(11));
    node.run_until_idle().await;
    assert!(matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::Here(_)));

    node.pass(31 * DAY);
    node.until("it to be gone", async || {
        matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::None)
    })
    .await;
    assert!(matches!(node.engine.find_media(&other).await.unwrap(), MediaAnswer::Here(_)));
    deleted(&world, &node, 1).await;
    // The same picture again is fetched anew.
    site.serve(Answer::of(PNG, "etag: \"1\"\r\n"));
    let again = sent(&world, &node, &url).await;
    assert_ne!(again, id);
    assert!(matches!(node.engine.find_media(&again).await.unwrap(), MediaAnswer::Here(_)));
    assert_eq!(kept(&world).len(), 2);
}

#[tokio::test]
async fn what_was_uploaded_and_not_sent_is_deleted_when_its_address_has_ended() {
    let world = World::new();
    let node = world.start().await;
    node.engine.set_base_url("https://cetar.example");
    let upload = async |content: &[u8]| {
        let pieces = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(content))]);
        node.engine.keep_upload(&node.operator, None, pieces).await.unwrap().url
    };
    let link = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let unsent = upload(PNG).await;
    let unsent_id = node.engine.read_media_link(&link(&unsent)).unwrap();
    let used = upload(&[PNG, b"lain"].concat()).await;
    let used_id = sent(&world, &node, &used).await;
    assert_eq!(node.engine.read_media_link(&link(&used)).unwrap(), used_id);
    node.pass(7 * DAY);
    assert!(matches!(node.engine.find_media(&unsent_id).await.unwrap(), MediaAnswer::Here(_)));
    node.pass(DAY + Duration::from_mins(61));
    node.until("it to be gone", async || {
        matches!(node.engine.find_media(&unsent_id).await.unwrap(), MediaAnswer::None)
    })
    .await;
    deleted(&world, &node, 1).await;
    assert!(matches!(node.engine.find_media(&used_id).await.unwrap(), MediaAnswer::Here(_)));
}

#[tokio::test]
async fn a_picture_that_was_accepted_again_is_kept_until_it_is_sent_and_ninety_days_more() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    node.engine.set_base_url("https://cetar.example");
    let id = sent(&world, &node, &site.url("/promo.png")).await;
    let there = async || matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::Here(_));
    // Passed on when it was about to be forgotten, through a device that is down.
    node.pass(89 * DAY + Duration::from_hours(21));
    world.network.set_health(Health::new(DeviceState::Connecting, Some(DownReason::Disconnected))).await;
    let expires_in = Some(7 * DAY);
    let request = SendRequest { expires_in, ..image(&node.engine.media_url(&id)) };
    let job = node.accept(request).await.unwrap().job;
    node.pass(6 * DAY);
    // Pruning has its turn while it waits.
    assert_eq!(
        node.engine
            .store()
            .prune_media(node.engine.clock().now(), node.engine.clock().now(), 500)
            .await
            .unwrap(),
        1
    );
    node.engine.store().prune_media(node.engine.clock().now(), node.engine.clock().now(), 500).await.unwrap();
    assert!(there().await, "a message waits for it");
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.message_is(&job, S::Sent).await;

    // Used last when that was accepted, and forgotten as long after it as any other.
    node.pass(83 * DAY);
    node.pass(Duration::from_mins(61));
    node.run_until_idle().await;
    assert!(there().await);
    node.pass(2 * DAY);
    node.until("it to be gone", async || !there().await).await;
}

#[tokio::test]
async fn what_cannot_be_deleted_is_in_nobodys_way() {
    let world = World::new();
    let node = world.start().await;
    node.engine.set_base_url("https://cetar.example");
    let upload = async |content: &[u8]| {
        let pieces = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(content))]);
        node.engine.keep_upload(&node.operator, None, pieces).await.map(|kept| kept.url)
    };
    upload(PNG).await.unwrap();
    // In the place of the oldest stands what is no file: it cannot be deleted as one.
    let stuck = kept(&world).remove(0);
    fs::remove_file(&stuck).unwrap();
    fs::create_dir_all(stuck.join("here")).unwrap();
    node.pass(Duration::from_mins(1));
    let url = upload(&[PNG, b"lain"].concat()).await.unwrap();
    let other = node.engine.read_media_link(url.rsplit('/').next().unwrap()).unwrap();
    node.pass(8 * DAY + Duration::from_mins(61));
    node.until("both to be given up", async || {
        matches!(node.engine.find_media(&other).await.unwrap(), MediaAnswer::None)
    })
    .await;
    deleted(&world, &node, 0).await;
    assert!(stuck.exists());
    fs::remove_dir_all(&stuck).unwrap();
    upload(PNG).await.unwrap();
}

#[tokio::test]
async fn what_is_kept_without_a_medium_is_found_and_deleted() {
    let (world, site) = (World::new(), Site::serving(Answer::of(PNG, "")).await);
    let node = world.start().await;
    let id = sent(&world, &node, &site.url("/promo.png")).await;
    // Left by a process that died between keeping and noting it, days ago; and one that may be about to be noted.
    let now = UNIX_EPOCH + Duration::from_micros(u64::try_from(world.now().as_micros()).unwrap());
    let folder = kept(&world)[0].parent().unwrap().parent().unwrap().to_owned();
    for (byte, age) in [("cd", 3 * DAY), ("ef", Duration::from_hours(1))] {
        fs::create_dir_all(folder.join(byte)).unwrap();
        let file = fs::File::create(folder.join(byte).join(byte.repeat(32))).unwrap();
        file.set_modified(now - age).unwrap();
    }
    node.pass(Duration::from_mins(61));
    node.until("it to be found", async || {
        let noted = node.engine.store().media_garbage(world.now() + Duration::from_secs(1), 9).await.unwrap();
        noted.len() == 1
    })
    .await;
    deleted(&world, &node, 2).await;
    assert!(!folder.join("cd").join("cd".repeat(32)).exists());
    assert!(matches!(node.engine.find_media(&id).await.unwrap(), MediaAnswer::Here(_)));
}
