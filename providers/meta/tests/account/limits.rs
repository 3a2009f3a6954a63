//! How fast a number may send.

use std::time::Duration;

use cetar_provider::{Inbound, Rate};

use crate::world::{NUMBER, World};

#[tokio::test]
async fn a_number_has_what_meta_says_it_has() {
    let mut world = World::new().await;
    let mut rates = Vec::new();
    let (_end, rates) = world
        .run_until(|graph, event| {
            if let Inbound::AccountRate(rate) = event
                && rates.last() != Some(&rate)
            {
                rates.push(rate);
                // It looks again every five minutes.
                graph.raise(NUMBER);
            }
            (rates.len() == 2).then(|| rates.clone())
        })
        .await;
    let per = Duration::from_secs(1);
    assert_eq!(rates, [Rate { most: 80, per }, Rate { most: 1000, per }]);
}
