//! Messages that Meta cannot carry in one piece: sound with a text, through a number.

use std::time::Duration;

use cetar_model::{Chat, Clock as _, Content, FailureCode, IdSource, Media, MediaId, MediaSource, SendError};
use cetar_provider::{Host as _, Outbound};
use cetar_simulator_graph as graph;

use crate::world::World;

const BUDI: &str = "6281234567890";
const DAY: Duration = Duration::from_hours(24);

impl World {
    /// A voice message with a text.
    fn sound(&self) -> Outbound {
        let ids = IdSource::new(|bytes| bytes.fill(7));
        let id: MediaId = ids.make(self.clock.now());
        self.host.keep(id.clone(), b"OggS".to_vec());
        let media = Media {
            content_type: Some("audio/ogg".to_owned()),
            size: Some(4),
            sha256: Some("ab".repeat(32)),
            ..Media::of(MediaSource::Stored(id))
        };
        Outbound {
            id: ids.make(self.clock.now()),
            to: Chat::new(BUDI),
            content: Content::Audio { media, caption: Some("Dengarkan".to_owned()), voice: false },
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    /// The kinds of what Meta took, in order.
    fn taken(&self) -> Vec<String> {
        let kind = |body: &String| {
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            body["type"].as_str().expect("a type").to_owned()
        };
        self.graph.taken().iter().map(kind).collect()
    }

    async fn noted(&self) -> usize {
        self.host.load_all("parts").await.expect("a host that reads").len()
    }
}

#[tokio::test]
async fn a_part_that_must_wait_goes_out_later_and_the_one_before_it_not_again() {
    let world = World::connected().await;
    let message = world.sound();
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_056, status: 400 });
    let outcome = world.session.send(&message).await;
    let Err(SendError::Partly(rest)) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(*rest, SendError::SlowDown { .. }), "{rest:?}");
    assert_eq!(world.taken(), ["audio"]);
    let sent = world.session.send(&Outbound { attempt: 2, ..message }).await.expect("sent");
    assert_eq!(world.taken(), ["audio", "text"]);
    assert!(!sent.remote_id.is_empty(), "it has the id of its first part");
    assert_eq!(world.noted().await, 0);
}

#[tokio::test]
async fn a_part_that_is_refused_does_not_hide_that_the_one_before_it_was_sent() {
    let world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_047, status: 400 });
    let outcome = world.session.send(&world.sound()).await;
    let Err(SendError::Partly(rest)) = outcome else { panic!("{outcome:?}") };
    let is_meant = matches!(*rest, SendError::Rejected { code: FailureCode::Outside24hWindow, .. });
    assert!(is_meant, "{rest:?}");
}

#[tokio::test]
async fn a_first_part_that_does_not_go_out_is_a_message_that_does_not() {
    let world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Error { code: 131_056, status: 400 });
    let outcome = world.session.send(&world.sound()).await;
    assert!(matches!(outcome, Err(SendError::SlowDown { .. })), "{outcome:?}");
    assert_eq!(world.noted().await, 0);
}

#[tokio::test]
async fn which_parts_are_out_is_remembered_for_as_long_as_somebody_may_retry() {
    let mut world = World::connected().await;
    world.graph.script(BUDI, graph::Fault::Silent);
    world.graph.script(BUDI, graph::Fault::Error { code: 131_047, status: 400 });
    drop(world.session.send(&world.sound()).await);
    for (days, left) in [(89, 1), (2, 0)] {
        world.disconnect().await;
        world.clock.advance(days * DAY);
        let kept = world.host.load_all("parts").await.expect("reads");
        world.reopen();
        world.host.save(kept.into_iter().map(put).collect()).await.expect("writes");
        world.connect().await;
        assert_eq!(world.noted().await, left, "after {days} more days");
    }
}

fn put((key, value): (bytes::Bytes, bytes::Bytes)) -> cetar_provider::StateWrite {
    cetar_provider::StateWrite::Put { collection: "parts", key, value }
}
