//! Nobody is sent more than the network allows, and nobody waits longer than that.

use std::time::Duration;

use cetar_model::{MessageState as S, SendError};
use cetar_provider::{Inbound, Pace, Rate, testkit::ScriptedProvider};

use crate::world::World;

const BUDI: &str = "6281234567890";
const ANA: &str = "6281234567891";

fn world() -> World {
    let second = Duration::from_secs(1);
    let pace =
        Pace { account: Rate { most: 3, per: second }, chat: Rate { most: 1, per: second }, group: None };
    World::on(ScriptedProvider::new(false).paced(pace))
}

#[tokio::test]
async fn a_chat_is_sent_one_a_second_in_order_and_the_others_do_not_wait_for_it() {
    let world = world();
    let node = world.start().await;
    let mut jobs = Vec::new();
    for (to, text) in [(BUDI, "one"), (BUDI, "two"), (BUDI, "three"), (ANA, "apart")] {
        jobs.push(node.send(to, text).await);
    }
    node.run_until_idle().await;
    let mut first = world.attempted();
    first.sort_unstable();
    assert_eq!(first, ["apart", "one"]);
    let waiting = node.job(&jobs[1]).await;
    assert_eq!((waiting.job.message.state, waiting.job.attempts), (S::Queued, 0));

    node.pass(Duration::from_millis(999));
    node.run_until_idle().await;
    assert_eq!(world.attempted().len(), 2, "not before its time");
    for sent in [3, 4] {
        node.pass(Duration::from_secs(1));
        node.run_until_idle().await;
        assert_eq!(world.attempted().len(), sent);
    }
    assert_eq!(world.attempted()[2..], ["two", "three"]);
    for job in &jobs {
        let view = node.job(job).await;
        assert_eq!((view.job.message.state, view.job.attempts), (S::Sent, 1));
    }
}

#[tokio::test]
async fn an_account_is_sent_no_more_in_a_second_than_it_may() {
    let world = world();
    let node = world.start().await;
    let mut jobs = Vec::new();
    for number in 0..8 {
        jobs.push(node.send(&format!("62812345678{number:02}"), "Halo!").await);
    }
    // What is over the account's pace was not even claimed: the jobs are due, and nobody takes them before time has passed.
    for sent in [3, 6, 8] {
        node.until("the next to be sent", async || world.attempted().len() >= sent).await;
        assert_eq!(world.attempted().len(), sent);
        node.pass(Duration::from_secs(1));
    }
    for job in &jobs {
        node.message_is(job, S::Sent).await;
    }
}

#[tokio::test]
async fn a_chat_that_the_network_slows_down_waits_as_long_as_it_says_and_loses_no_attempt() {
    let world = world();
    let node = world.start().await;
    let slow = Duration::from_secs(7);
    world.network.next_send(Err(SendError::SlowDown { retry_after: Some(slow) }));
    let job = node.send(BUDI, "one").await;
    node.run_until_idle().await;
    node.send(BUDI, "two").await;
    node.send(ANA, "apart").await;
    node.pass(Duration::from_secs(6));
    node.run_until_idle().await;
    assert_eq!(world.attempted(), ["one", "apart"]);
    node.pass(Duration::from_secs(1));
    node.run_until_idle().await;
    assert_eq!(world.attempted(), ["one", "apart", "one"]);
    let view = node.job(&job).await;
    assert_eq!((view.job.message.state, view.job.attempts), (S::Sent, 1));
    node.pass(Duration::from_secs(1));
    node.run_until_idle().await;
}

#[tokio::test]
async fn an_account_that_the_network_raises_is_sent_more() {
    let world = world();
    let node = world.start().await;
    let raised = Rate { most: 8, per: Duration::from_secs(1) };
    world.network.host().unwrap().emit(Inbound::AccountRate(raised)).await.unwrap();
    for number in 0..8 {
        node.send(&format!("62812345678{number:02}"), "Halo!").await;
    }
    node.until("all to be sent", async || world.attempted().len() == 8).await;
    node.run_until_idle().await;
}
