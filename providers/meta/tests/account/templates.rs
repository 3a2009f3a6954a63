//! Templates, asked for by the clock.

use cetar_provider::Inbound;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn templates_are_asked_for_again_every_hour() {
    let mut world = World::new().await;
    let mut seen = Vec::new();
    let (_end, seen) = world
        .run_until(|graph, event| {
            if let Inbound::Templates { templates, asked_at } = event {
                let names: Vec<String> = templates.into_iter().map(|template| template.name).collect();
                seen.push((names, asked_at));
                graph.add_template(
                    "123",
                    json!({"id": "1", "name": "baru", "language": "id", "status": "APPROVED",
                    "category": "UTILITY", "components": []}),
                );
            }
            (seen.len() == 2).then(|| seen.clone())
        })
        .await;
    let [(first, at), (second, again)] = &seen[..] else { panic!("{seen:?}") };
    assert!(first.is_empty() && second == &["baru"], "{seen:?}");
    assert!(again.since(*at) >= std::time::Duration::from_hours(1), "{:?}", again.since(*at));
}
