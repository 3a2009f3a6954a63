//! Media, templates, and messages that speak of others.

use std::time::Duration;

use cetar_model::{Button, Content, EventData, Media, MediaId, MediaSource, Template};

use super::world::{LEASE, NODE, World, on_both_engines};
use crate::{
    MediaOutcome, MediaSourceRecord, MediaState, NewInbound, NewTemplate, NewWanted, StoreError, StoredBytes,
};

const DAY: Duration = Duration::from_hours(24);

fn bytes(byte: u8) -> StoredBytes {
    StoredBytes {
        hash: [byte; 32],
        size: 7,
        content_type: "image/png".into(),
        file_name: Some("foto.png".into()),
    }
}

fn template(text: &str) -> Template {
    let buttons = vec![Button::Reply { id: "YA".into(), text: "Ya".into() }];
    Template { text: text.into(), title: None, footer: None, media_url: None, buttons }
}

impl World {
    fn new_template(&self, id: Option<i64>, text: &str) -> NewTemplate {
        let (workspace, now) = (self.workspace.clone(), self.now());
        NewTemplate { workspace, id, name: "Sapa".into(), template: template(text), now }
    }

    async fn secret_is_gone(&self) -> bool {
        self.number("SELECT COUNT(*) FROM media WHERE reference IS NOT NULL").await == 0
    }
}

on_both_engines! {
    async fn a_medium_that_comes_in_is_wanted_until_it_is_here(world: &World) {
        let (device, lease) = world.leased().await;
        let id: MediaId = world.ids.make(world.now());
        let media = Media { file_name: Some("foto.png".into()), ..Media::of(MediaSource::Stored(id.clone())) };
        let inbound = NewInbound {
            content: Content::Image { media, caption: None },
            wanted: Some(NewWanted { media: id.clone(), reference: "kunci".into() }),
            media_url: Some("https://cetar.example/media/x".into()),
            ..world.inbound(&device, lease, "6281234567890", "")
        };
        assert!(world.store.take_in(inbound.clone()).await.unwrap());
        assert!(!world.store.take_in(inbound).await.unwrap(), "a repeat wants nothing more");
        assert_eq!(world.number("SELECT COUNT(*) FROM media").await, 1);

        let now = world.now();
        let wanted = world.store.wanted_media(&device, now, 9).await.unwrap();
        let [one] = &wanted[..] else { panic!("{wanted:?}") };
        assert_eq!((&one.id, one.reference.as_str(), one.file_name.as_deref()), (&id, "kunci", Some("foto.png")));
        assert_eq!(one.attempts, 0);
        let later = now + Duration::from_secs(2);
        world.store.settle_media(&id, MediaOutcome::Again(later)).await.unwrap();
        assert!(world.store.wanted_media(&device, now, 9).await.unwrap().is_empty());
        assert_eq!(world.store.next_wanted(&device).await.unwrap(), Some(later));
        assert_eq!(world.store.wanted_media(&device, later, 9).await.unwrap()[0].attempts, 1);

        world.store.settle_media(&id, MediaOutcome::Stored(bytes(1))).await.unwrap();
        world.store.settle_media(&id, MediaOutcome::Lost("late".into())).await.unwrap();
        let record = world.store.media(&id).await.unwrap().unwrap();
        assert_eq!((record.state, record.workspace), (MediaState::Stored(bytes(1)), world.workspace.clone()));
        assert_eq!(world.store.next_wanted(&device).await.unwrap(), None);
        assert!(world.secret_is_gone().await);
    }

    async fn a_medium_that_is_lost_stays_lost_and_says_why(world: &World) {
        let (device, lease) = world.leased().await;
        let id: MediaId = world.ids.make(world.now());
        let inbound = NewInbound {
            wanted: Some(NewWanted { media: id.clone(), reference: "kunci".into() }),
            ..world.inbound(&device, lease, "6281234567890", "")
        };
        world.store.take_in(inbound).await.unwrap();
        world.store.settle_media(&id, MediaOutcome::Lost("410".into())).await.unwrap();
        world.store.settle_media(&id, MediaOutcome::Stored(bytes(1))).await.unwrap();
        assert_eq!(world.store.media(&id).await.unwrap().unwrap().state, MediaState::Lost("410".into()));
        assert!(world.secret_is_gone().await);
    }

    async fn what_an_address_led_to_is_remembered_by_workspace(world: &World) {
        let device = world.device().await;
        let (id, now): (MediaId, _) = (world.ids.make(world.now()), world.now());
        world.store.keep_media(&id, &world.workspace, Some(&device), bytes(2), now).await.unwrap();
        assert_eq!(world.store.media(&id).await.unwrap().unwrap().state, MediaState::Stored(bytes(2)));
        assert_eq!(world.store.media_source(&world.workspace, &[9; 32]).await.unwrap(), None);
        for etag in ["\"1\"", "\"2\""] {
            let source = MediaSourceRecord {
                media: id.clone(),
                etag: Some(etag.into()),
                last_modified: None,
                fetched_at: now,
            };
            world.store.set_media_source(&world.workspace, [9; 32], source.clone()).await.unwrap();
            assert_eq!(world.store.media_source(&world.workspace, &[9; 32]).await.unwrap(), Some(source));
        }
        let other = world.ids.make(now);
        assert_eq!(world.store.media_source(&other, &[9; 32]).await.unwrap(), None);
    }

    async fn media_past_their_time_go_with_the_bytes_that_nothing_else_has(world: &World) {
        let device = world.device().await;
        let store = &world.store;
        let keep = async |byte| {
            let id: MediaId = world.ids.make(world.now());
            store.keep_media(&id, &world.workspace, Some(&device), bytes(byte), world.now()).await.map(|()| id)
        };
        let (old, shared, used) = (keep(1).await.unwrap(), keep(2).await.unwrap(), keep(3).await.unwrap());
        world.pass(DAY * 100);
        let young = keep(2).await.unwrap();
        for (media, fetched_at) in [(&used, world.now()), (&old, world.now() - DAY * 100)] {
            let source = MediaSourceRecord { media: media.clone(), etag: None, last_modified: None, fetched_at };
            let url_hash = [u8::from(media == &used); 32];
            store.set_media_source(&world.workspace, url_hash, source).await.unwrap();
        }
        let prune = async || store.prune_media(world.now() - DAY * 90, world.now(), 1).await.unwrap();
        let mut rows = 0;
        while prune().await > 0 {
            rows += 1;
        }
        assert_eq!(rows, 3, "an address that led to one, and two media");
        for (id, stays) in [(&old, false), (&shared, false), (&used, true), (&young, true)] {
            assert_eq!(store.media(id).await.unwrap().is_some(), stays);
        }
        let at = world.now();
        assert_eq!(store.media_garbage(at, 9).await.unwrap(), [], "not at once");
        world.pass(DAY);
        let garbage = store.media_garbage(world.now(), 9).await.unwrap();
        assert_eq!(garbage, [(world.workspace.clone(), [1; 32])], "others have the same bytes as the second");
        assert!(matches!(keep(1).await, Err(StoreError::Conflict)), "not while they are being deleted");
        let left_behind = store.media_garbage(world.now(), 9).await.unwrap();
        assert_eq!(left_behind, garbage, "who was to delete them may have died");
        store.forget_garbage(garbage).await.unwrap();
        keep(1).await.unwrap();

        let found = vec![(world.workspace.clone(), [1; 32]), (world.workspace.clone(), [9; 32])];
        assert_eq!(store.note_orphans(found.clone(), world.now()).await.unwrap(), 1);
        keep(9).await.unwrap();
        world.pass(DAY);
        assert_eq!(store.media_garbage(world.now(), 9).await.unwrap(), [], "what comes in again in time is not deleted");
        store.note_orphans(vec![(world.workspace.clone(), [8; 32])], world.now()).await.unwrap();
        world.pass(DAY);
        assert_eq!(store.media_garbage(world.now(), 9).await.unwrap(), [(world.workspace.clone(), [8; 32])]);
    }

    async fn a_message_of_a_job_that_was_taken_over_is_left_to_whoever_took_it(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let image = |caption: &str| Content::Image {
            media: Media::of(MediaSource::Stored(world.ids.make(world.now()))),
            caption: Some(caption.to_owned()),
        };
        let ours = image("kami");
        world.store.set_content(&job, NODE, world.now() + LEASE, &ours).await.unwrap();
        world.pass(LEASE);
        let until = world.now() + LEASE;
        let taken = world.store.rescue("another", false, world.now(), until, 10).await.unwrap();
        assert!(taken.iter().map(|job| &job.content).eq([&ours]));
        let late = world.store.set_content(&job, NODE, until, &image("terlambat")).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
        assert!(world.job(&send.job).await.message.content == ours);
    }

    async fn what_came_in_waits_while_the_same_bytes_are_being_deleted(world: &World) {
        let (device, lease) = world.leased().await;
        let id: MediaId = world.ids.make(world.now());
        let inbound = NewInbound {
            wanted: Some(NewWanted { media: id.clone(), reference: "kunci".into() }),
            ..world.inbound(&device, lease, "6281234567890", "")
        };
        world.store.take_in(inbound).await.unwrap();
        let bytes_of = vec![(world.workspace.clone(), [1; 32])];
        world.store.note_orphans(bytes_of.clone(), world.now()).await.unwrap();
        world.pass(DAY);
        assert_eq!(world.store.media_garbage(world.now(), 9).await.unwrap(), bytes_of);
        let settled = world.store.settle_media(&id, MediaOutcome::Stored(bytes(1))).await;
        assert!(matches!(settled, Err(StoreError::Conflict)));
        assert_eq!(world.store.media(&id).await.unwrap().unwrap().state, MediaState::Wanted);
        world.store.forget_garbage(bytes_of).await.unwrap();
        world.store.settle_media(&id, MediaOutcome::Stored(bytes(1))).await.unwrap();
    }

    async fn ids_that_no_database_can_keep_do_not_keep_a_message_out(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = NewInbound {
            remote_id: "3EB0\u{0}".into(),
            reply_to: Some("3EB1\u{0}".into()),
            content: Content::Reaction { message: "3EB2\u{0}".into(), emoji: "👍\u{0}".into() },
            ..world.inbound(&device, lease, "6281234567890", "")
        };
        assert!(world.store.take_in(inbound.clone()).await.unwrap());
        assert!(!world.store.take_in(inbound).await.unwrap(), "and the same again is the same");
        let Some(EventData::Received(told)) = world.events().await.pop().map(|event| event.data) else { panic!() };
        assert_eq!((told.reply_to.as_deref(), told.about.as_deref()), (Some("3EB1"), Some("3EB2")));
    }

    async fn what_a_message_answers_is_told_by_our_id_where_we_have_it(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let first = world.inbound(&device, lease, "6281234567890", "Halo");
        world.store.take_in(first.clone()).await.unwrap();
        let reaction = |message: &str| Content::Reaction { message: message.into(), emoji: "👍".into() };
        for (named, expected) in [(first.remote_id.as_str(), first.message.as_str()), ("3EB0", "3EB0")] {
            let inbound = NewInbound {
                reply_to: Some(named.into()),
                content: reaction(named),
                ..world.inbound(&device, lease, "6281234567890", "")
            };
            world.store.take_in(inbound.clone()).await.unwrap();
            let told = world.events().await.into_iter().find_map(|event| match event.data {
                EventData::Received(data) if data.message_id == inbound.message => Some(data),
                _ => None,
            });
            let told = told.unwrap();
            assert_eq!((told.reply_to.as_deref(), told.about.as_deref()), (Some(expected), Some(expected)));
        }
    }

    async fn templates_are_numbered_within_their_workspace(world: &World) {
        let store = &world.store;
        let mut ids = Vec::new();
        for wanted in [None, Some(123), None] {
            ids.push(store.insert_template(world.new_template(wanted, "Halo {{1}}")).await.unwrap());
        }
        assert_eq!(ids, [1, 123, 124]);
        let taken = store.insert_template(world.new_template(Some(123), "x")).await;
        assert!(matches!(taken, Err(StoreError::Conflict)));
        let page = store.templates(&world.workspace, 1, 1).await.unwrap();
        assert_eq!(page.iter().map(|record| record.id).collect::<Vec<_>>(), [123]);

        let now = world.now() + Duration::from_secs(1);
        assert!(store.update_template(&world.workspace, 123, "Lain".into(), template("Hai"), now).await.unwrap());
        let record = store.template(&world.workspace, 123).await.unwrap().unwrap();
        assert!(record.template == template("Hai") && record.updated_at == now && record.created_at < now);

        assert!(store.remove_template(&world.workspace, 124, now).await.unwrap());
        assert!(!store.remove_template(&world.workspace, 124, now).await.unwrap());
        assert!(store.template(&world.workspace, 124).await.unwrap().is_none());
        assert_eq!(store.insert_template(world.new_template(None, "x")).await.unwrap(), 125);
        assert_eq!(store.insert_template(world.new_template(Some(124), "x")).await.unwrap(), 124, "who names it means it");

        let other = world.ids.make(now);
        assert!(store.template(&other, 123).await.unwrap().is_none());
        assert!(!store.remove_template(&other, 123, now).await.unwrap());
        assert!(store.templates(&other, 0, 9).await.unwrap().is_empty());
    }
}
