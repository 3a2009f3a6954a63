//! Media, both ways, over the media servers.

use cetar_model::{Button, Buttons, Content, Media, MediaSource};
use cetar_provider::{DownloadError, Outbound, SendError};
use cetar_simulator_whatsapp_web::{MediaKind, SealedMedia};
use cetar_whatsapp_web::Settings;
use futures::TryStreamExt;
use waproto::whatsapp::{
    Message,
    message::{AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage},
};
use whatsapp_rust::buffa::MessageField;

use crate::world::{Running, World, soon};

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("encoded");
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_arrives_byte_for_byte_with_caption_measures_and_thumbnail() {
    let (world, running) = World::connected().await;
    let bytes = png(640, 320);
    let media = world.stored("image/png", &bytes);
    let image = Content::Image { media, caption: Some("Promo hari ini".into()) };
    running.send(&world.sends(image)).await.expect("sent");
    let received = soon("the peer", world.peer.next_message()).await;
    assert_eq!(world.simulator.open_media(&received.message).expect("it opens"), bytes);
    let told = received.message.image_message.as_option().expect("a picture");
    assert_eq!(
        (told.caption.as_deref(), told.mimetype.as_deref()),
        (Some("Promo hari ini"), Some("image/png"))
    );
    assert_eq!((told.width, told.height), (Some(640), Some(320)));
    assert!(told.jpeg_thumbnail.as_ref().is_some_and(|jpeg| jpeg.starts_with(&[0xff, 0xd8])));
    assert_eq!(received.kind, "media");
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn films_sounds_and_files_arrive_with_what_belongs_to_them() {
    let (world, running) = World::connected().await;
    // Over the size from which the library asks whether a part of it is there already.
    let film: Vec<u8> = (0..6 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    let video = Content::Video { media: world.stored("video/mp4", &film), caption: Some("Lihat".into()) };
    let named = |name: &str| Media {
        file_name: Some(name.into()),
        ..world.stored("application/pdf", b"%PDF-1.7 harga")
    };
    let bare = Content::Document { media: named("harga.pdf"), caption: None };
    let captioned = Content::Document { media: named("harga.pdf"), caption: Some("Daftar harga".into()) };
    let sound = world.stored("audio/ogg", b"OggS suara");
    let audio = Content::Audio { media: sound.clone(), caption: None, voice: false };
    let voice = Content::Audio { media: sound, caption: None, voice: true };
    for content in [video, bare, captioned, audio, voice] {
        running.send(&world.sends(content.clone())).await.expect("sent");
        let Message { video_message, document_message, document_with_caption_message, audio_message, .. } = {
            let message = soon("the peer", world.peer.next_message()).await.message;
            let opened = world.simulator.open_media(&message).expect("it opens");
            assert_eq!(Some(opened.len() as u64), content.media().and_then(|media| media.size));
            message
        };
        match &content {
            Content::Video { .. } => {
                let video = video_message.as_option().expect("a film");
                assert_eq!(video.caption.as_deref(), Some("Lihat"));
                assert!(video.streaming_sidecar.is_some());
            }
            Content::Document { caption, .. } => {
                let wrapped = document_with_caption_message.as_option().and_then(|it| it.message.as_option());
                let document = wrapped.map_or(&document_message, |message| &message.document_message);
                let document = document.as_option().expect("a file");
                assert_eq!((&document.caption, document.file_name.as_deref()), (caption, Some("harga.pdf")));
            }
            Content::Audio { voice, .. } => {
                let audio = audio_message.as_option().expect("a sound");
                assert_eq!(audio.ptt.unwrap_or_default(), *voice);
                let content_type = if *voice { "audio/ogg; codecs=opus" } else { "audio/ogg" };
                assert_eq!(audio.mimetype.as_deref(), Some(content_type));
            }
            other => panic!("{other:?}"),
        }
    }
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_picture_to_many_is_uploaded_once_and_stands_above_buttons_too() {
    let (world, running) = World::connected().await;
    let bytes = png(8, 8);
    let mut sends = tokio::task::JoinSet::new();
    for number in 0..6 {
        let peer = world.simulator.peer(&format!("628130000000{number}"));
        // The gateway may have fetched it more than once: what counts is the content.
        let media = world.stored("image/png", &bytes);
        let content = if number % 2 == 0 {
            Content::Image { media, caption: None }
        } else {
            Content::Buttons(Buttons {
                title: None,
                text: "Mau?".into(),
                footer: None,
                buttons: vec![Button::Reply { id: "YA".into(), text: "Ya".into() }],
                media: Some(media),
            })
        };
        let message = Outbound { to: cetar_model::Chat::new(peer.number()), ..world.sends(content) };
        let session = running.session.clone();
        sends.spawn(async move { session.send(&message).await });
    }
    for sent in soon("all", sends.join_all()).await {
        sent.expect("sent");
    }
    for number in 0..6 {
        let received = world.simulator.peer(&format!("628130000000{number}")).received();
        assert_eq!(world.simulator.open_media(&received[0].message).expect("it opens"), bytes);
        assert_eq!(received[0].buttons().len(), number % 2);
    }
    assert_eq!(world.simulator.media_uploads(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_under_another_type_are_another_file() {
    let (world, running) = World::connected().await;
    for content_type in ["text/csv", "text/plain"] {
        let media = world.stored(content_type, b"nama,harga");
        running.send(&world.sends(Content::Document { media, caption: None })).await.expect("sent");
        let received = soon("the peer", world.peer.next_message()).await;
        let document = received.message.document_message.as_option().expect("a file");
        assert_eq!(document.mimetype.as_deref(), Some(content_type));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_could_not_be_uploaded_is_not_sent_and_may_be_tried_again() {
    let (world, running) = World::connected().await;
    let message = world.sends(Content::Image { media: world.stored("image/png", &png(8, 8)), caption: None });
    world.simulator.faults().refuse_uploads(Some(503));
    assert!(matches!(running.send(&message).await, Err(SendError::NotSent(_))));
    assert!(world.peer.received().is_empty());
    world.simulator.faults().refuse_uploads(None);
    // What proved us to the media server may have lapsed meanwhile.
    world.simulator.faults().expire_media_auth();
    running.send(&message).await.expect("sent");
    running.stop().await;
}

/// What came in, opened.
async fn bytes(running: &Running, media: &Media) -> Result<Vec<u8>, DownloadError> {
    let MediaSource::Network(reference) = &media.source else { panic!("not with the network") };
    let mut pieces = soon("the download", running.session.download(reference)).await?;
    let mut all = Vec::new();
    while let Some(piece) = pieces.try_next().await.expect("read") {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

fn image(told: SealedMedia) -> Message {
    Message {
        image_message: MessageField::some(ImageMessage {
            direct_path: Some(told.direct_path),
            media_key: Some(told.media_key),
            file_sha256: Some(told.file_sha256),
            file_enc_sha256: Some(told.file_enc_sha256),
            file_length: Some(told.file_length),
            mimetype: Some("image/jpeg".into()),
            caption: Some("Ini fotonya".into()),
            width: Some(640),
            height: Some(480),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_come_in_are_read_as_they_were_sent() {
    let (mut world, running) = World::connected().await;
    let plain: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    macro_rules! medium {
        ($kind:ident, $field:ident: $message:ident { $($more:tt)* }) => {{
            let told = world.simulator.keep_media(MediaKind::$kind, &plain);
            Message {
                $field: MessageField::some($message {
                    direct_path: Some(told.direct_path),
                    media_key: Some(told.media_key),
                    file_sha256: Some(told.file_sha256),
                    file_enc_sha256: Some(told.file_enc_sha256),
                    file_length: Some(told.file_length),
                    $($more)*
                    ..Default::default()
                }),
                ..Default::default()
            }
        }};
    }
    let messages = [
        image(world.simulator.keep_media(MediaKind::Image, &plain)),
        medium!(Video, video_message: VideoMessage { seconds: Some(12), }),
        medium!(Audio, audio_message: AudioMessage { ptt: Some(true), seconds: Some(3), }),
        medium!(Document, document_message: DocumentMessage { file_name: Some("harga.pdf".into()), }),
        medium!(Image, sticker_message: StickerMessage {}),
    ];
    for message in messages {
        world.peer.send(&world.phone, message).await;
        let content = world.inbound().await.content;
        let media = content.media().expect("a medium");
        match &content {
            Content::Image { caption, .. } => {
                assert_eq!(caption.as_deref(), Some("Ini fotonya"));
                assert_eq!((media.width, media.height), (Some(640), Some(480)));
                assert_eq!(media.content_type.as_deref(), Some("image/jpeg"));
            }
            Content::Video { .. } => assert_eq!(media.seconds, Some(12)),
            Content::Audio { voice, .. } => assert!(*voice),
            Content::Document { .. } => assert_eq!(media.file_name.as_deref(), Some("harga.pdf")),
            Content::Sticker { .. } => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(media.size, Some(plain.len() as u64));
        assert!(bytes(&running, media).await.expect("read") == plain);
    }
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_medium_that_is_gone_is_told_apart_from_one_that_does_not_come_now() {
    let (mut world, running) = World::connected().await;
    let told = world.simulator.keep_media(MediaKind::Image, b"foto");
    world.peer.send(&world.phone, image(told)).await;
    let content = world.inbound().await.content;
    let media = content.media().expect("a medium");
    world.simulator.faults().refuse_downloads(Some(503));
    assert!(matches!(bytes(&running, media).await, Err(DownloadError::Failed(_))));
    world.simulator.faults().refuse_downloads(None);
    world.simulator.faults().expire_media_auth();
    assert_eq!(bytes(&running, media).await.expect("read"), b"foto");
    world.simulator.forget_media();
    assert!(matches!(bytes(&running, media).await, Err(DownloadError::Gone(_))));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_on_their_way_lie_in_the_gateways_own_folder_and_nowhere_else() {
    let nowhere = |settings| Settings { temp: "/nonexistent/tmp".into(), ..settings };
    let (mut world, running) = World::connected_with(nowhere).await;
    let message = world.sends(Content::Image { media: world.stored("image/png", &png(8, 8)), caption: None });
    let Err(SendError::NotSent(why)) = running.send(&message).await else { panic!("there is no folder") };
    assert!(why.to_string().contains("/nonexistent/tmp"), "{why}");
    world.peer.send(&world.phone, image(world.simulator.keep_media(MediaKind::Image, b"foto"))).await;
    let content = world.inbound().await.content;
    let Err(DownloadError::Failed(why)) = bytes(&running, content.media().expect("a medium")).await else {
        panic!("there is no folder")
    };
    assert!(why.to_string().contains("/nonexistent/tmp"), "{why}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_larger_than_we_keep_is_not_read_whatever_its_sender_says_of_its_size() {
    let small = |settings| Settings { media_max_bytes: 100_000, ..settings };
    let (mut world, running) = World::connected_with(small).await;
    let plain = vec![7; 100_001];
    let told = world.simulator.keep_media(MediaKind::Image, &plain);
    // By its sender's word it is not even asked for: the server would refuse.
    for (size, refused) in [(plain.len() as u64, Some(503)), (4, None)] {
        world.simulator.faults().refuse_downloads(refused);
        world.peer.send(&world.phone, image(SealedMedia { file_length: size, ..told.clone() })).await;
        let content = world.inbound().await.content;
        let read = bytes(&running, content.media().expect("a medium")).await;
        let Err(DownloadError::Gone(why)) = read else { panic!("{size}: {read:?}") };
        assert!(why.contains("100000 bytes"), "{why}");
    }
    let whole = world.simulator.keep_media(MediaKind::Image, &plain[1..]);
    world.peer.send(&world.phone, image(whole)).await;
    let content = world.inbound().await.content;
    assert_eq!(bytes(&running, content.media().expect("a medium")).await.expect("read"), plain[1..]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_key_does_not_open_is_told_apart_from_what_did_not_come() {
    let (mut world, running) = World::connected().await;
    for plain in [b"foto".to_vec(), vec![7; 100_000]] {
        let mut told = world.simulator.keep_media(MediaKind::Image, &plain);
        told.media_key[0] ^= 1;
        world.peer.send(&world.phone, image(told)).await;
        let content = world.inbound().await.content;
        let read = bytes(&running, content.media().expect("a medium")).await;
        assert!(matches!(read, Err(DownloadError::Unsound(_))), "{read:?}");
    }
    running.stop().await;
}
