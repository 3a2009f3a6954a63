//! Sites that are slow, silent or out of order, and what waits for them.

use std::time::Duration;

use cetar_model::{FailureCode, MessageState as S};

use crate::{
    media::image,
    site::{Answer, PNG, Site},
    world::{Node, World},
};

const ANA: &str = "6281234567891";

/// Waits until something is so, letting time pass: a little whenever what can happen without has had ample occasion to.
pub(crate) async fn passing(node: &Node, what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        loop {
            for _ in 0..50 {
                if is_so().await {
                    return;
                }
                // A round through the database, as whoever works there makes them.
                node.engine.store().due_devices(node.engine.clock().now()).await.unwrap();
            }
            node.pass(Duration::from_millis(250));
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    waited.unwrap_or_else(|_elapsed| panic!("waited in vain for {what}"));
}

#[tokio::test]
async fn a_site_that_is_silent_holds_up_nobody_else() {
    let (world, site) = (World::new(), Site::serving(Answer::none()).await);
    let node = world.start().await;
    let mut pictures = Vec::new();
    for number in 0..20 {
        pictures.push(
            node.accept(image(&format!("628130000{number:04}"), &site.url("/promo.png"))).await.unwrap(),
        );
    }
    site.was_asked(1).await;
    let start = world.now();
    let text = node.send(ANA, "Halo").await;
    // Those that only wait give their places back in a moment; the fetch itself goes on.
    passing(&node, "the text to go out", async || node.state(&text).await == S::Sent).await;
    let took = world.now().since(start);
    assert!(took < Duration::from_secs(20), "within one fetch: {took:?}");
    assert_eq!(site.asked().len(), 1, "they all want the same");
    let told = async || node.history(&pictures[0].job).await;
    assert!(told().await.is_empty(), "who waits for others has made no attempt");

    site.serve(Answer::of(PNG, ""));
    passing(&node, "it to be asked for again", async || site.asked().len() == 2).await;
    // However slow this machine is: no time passes until the answer is here.
    node.until("the first to go out", async || world.network.contents().len() > 1).await;
    passing(&node, "all to go out", async || world.network.contents().len() == 21).await;
    let took = world.now().since(start);
    assert!(took < Duration::from_mins(1), "{took:?}");
    for picture in &pictures {
        let history = node.history(&picture.job).await;
        let failed = history.iter().filter(|outcome| *outcome == "media_not_fetched").count();
        assert!(failed <= 1, "one silence is one failure for each: {history:?}");
    }
}

#[tokio::test]
async fn a_long_queue_behind_one_slow_address_is_not_claimed_again_and_again() {
    let (world, site) = (World::new(), Site::serving(Answer::none()).await);
    let node = world.start().await;
    let url = site.url("/promo.png");
    let pictures = (0..300).map(|number| node.accept(image(&format!("628130000{number:04}"), &url)));
    for accepted in futures::future::join_all(pictures).await {
        accepted.unwrap();
    }
    site.was_asked(1).await;
    // The engine tells each end of an attempt.
    let ends = node.engine.progress();
    let (before, start) = (*ends.borrow(), world.now());
    passing(&node, "some time", async || world.now().since(start) >= Duration::from_secs(18)).await;
    let ends = *ends.borrow() - before;
    assert!(ends < 300, "for each of a few looks a few are claimed: {ends}");
    node.leaves_open_jobs();
}

#[tokio::test]
async fn silent_sites_with_many_addresses_take_half_of_a_device_at_most() {
    let (world, site) = (World::new(), Site::serving(Answer::none()).await);
    let node = world.start().await;
    for number in 0..20 {
        let url = site.url(&format!("/{number}.png"));
        node.accept(image(&format!("628130000{number:04}"), &url)).await.unwrap();
    }
    let start = world.now();
    let text = node.send(ANA, "Halo").await;
    passing(&node, "the text to go out", async || node.state(&text).await == S::Sent).await;
    let took = world.now().since(start);
    assert!(took < Duration::from_secs(20), "within one fetch: {took:?}");
    assert_eq!(site.asked().len(), 2, "half of the four places of the scripted network");
    node.leaves_open_jobs();
}

#[tokio::test]
async fn what_just_failed_is_not_asked_for_again_by_all_who_want_it() {
    let (world, site) = (World::new(), Site::serving(Answer::status("503 Busy")).await);
    let node = world.start().await;
    let mut jobs = Vec::new();
    for number in 0..10 {
        let picture = image(&format!("628130000{number:04}"), &site.url("/promo.png"));
        jobs.push(node.accept(picture).await.unwrap().job);
    }
    node.run_to_the_end().await;
    for job in &jobs {
        assert_eq!(node.job(job).await.job.message.error, Some((FailureCode::MediaUnreachable, None)));
        assert_eq!(node.history(job).await.len(), 6, "each had its six tries");
    }
    assert!(site.asked().len() <= 20, "{} requests for one picture", site.asked().len());
}
