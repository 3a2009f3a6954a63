//! The names of those who write to a page.

use std::time::Duration;

use cetar_model::Chat;
use cetar_simulator_graph::Kind;
use serde_json::json;

use crate::world::World;

const PERSON: &str = "24567890123456789";

#[tokio::test]
async fn a_name_that_meta_does_not_tell_is_asked_for_again_after_an_hour_and_one_that_it_tells_never() {
    let world = World::of(Kind::Page, |_| {}).await;
    let asked = || world.graph.requests().iter().filter(|it| it.path == PERSON).count();
    let person = Chat::new(PERSON);
    for _ in 0..2 {
        assert_eq!(world.session.name_of(&person).await, None, "no such profile, or no consent");
    }
    assert_eq!(asked(), 1);
    world.graph.set_profile(PERSON, json!({"id": PERSON, "first_name": "Budi", "last_name": "Santoso"}));
    world.clock.advance(Duration::from_hours(1));
    for _ in 0..2 {
        assert_eq!(world.session.name_of(&person).await.as_deref(), Some("Budi Santoso"));
    }
    assert_eq!(asked(), 2);
}
