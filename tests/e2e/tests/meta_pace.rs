//! As fast as Meta allows, and never faster: in real time, with a stand-in that counts whoever breaks its limits.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use cetar_e2e::{Database, meta::MetaScene};
use serde_json::{Value, json};

/// People who get a few messages each.
const PEOPLE: u64 = 90;
const EACH: u64 = 4;
/// One who gets more than the 45 that Meta takes at once for one person.
const CHATTY: &str = "6281299999999";
const MANY: u64 = 50;
const AT_ONCE: usize = 45;

/// The numbers in the messages that each person got, in the order in which Meta took them.
fn taken(scene: &MetaScene) -> BTreeMap<String, Vec<u64>> {
    let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for body in scene.graph.taken() {
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let (to, number) = (body["to"].as_str(), body["text"]["body"].as_str());
        let number = number.and_then(|text| text.parse().ok()).expect("a number");
        taken.entry(to.expect("a number").to_owned()).or_default().push(number);
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_sends_as_fast_as_it_may_breaks_no_limit_and_keeps_the_order_of_every_person() {
    let mut scene = MetaScene::set_in(&Database::Sqlite, |home| {
        home.set("CETAR_LIMITS__REQUESTS_PER_MINUTE", "1000000");
    })
    .await;
    // All of it is accepted at once; what is faster than Meta allows waits in the queue.
    let mut jobs = Vec::new();
    let mut chatty = Vec::new();
    let send = async |to: &str, number: u64| {
        let body = json!({"to": to, "type": "text", "text": number.to_string()});
        scene.gateway.post(&scene.key, "/v1/meta/messages", &body).await.job_id()
    };
    for number in 0..MANY.max(EACH) {
        if number < MANY {
            chatty.push(send(CHATTY, number).await);
        }
        if number < EACH {
            for person in 0..PEOPLE {
                jobs.push(send(&format!("{}", 6_281_200_000_000 + person), number).await);
            }
        }
    }
    jobs.extend(chatty.drain(..AT_ONCE));
    for job in &jobs {
        scene.receiver.status_of(job, "message.sent").await;
    }
    assert_eq!(scene.graph.violations(), 0);
    let taken = taken(&scene);
    assert_eq!(taken.len(), usize::try_from(PEOPLE).expect("few") + 1);
    for (to, numbers) in &taken {
        let expected = if to.ends_with(CHATTY) { AT_ONCE as u64 } else { EACH };
        assert!(numbers.iter().copied().eq(0..expected), "{to}: {numbers:?}");
    }
    // What is over one person's share waits, as queued, and holds up nobody else.
    for job in &chatty {
        assert_eq!(scene.gateway.job(&scene.key, job).await["status"], "queued");
    }
    scene.gateway.stop().await;
}
