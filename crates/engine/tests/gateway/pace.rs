//! Nobody is sent more than the network allows, and nobody waits longer than that.

use std::time::Duration;

use cetar_engine::{accept::SendRequest, devices::DeviceChange};
use cetar_model::{
    Chat, Clock, Content, DeviceState, DownReason, Health, JobId, Media, MessageState as S, SendError,
};
use cetar_provider::{Inbound, InboundMessage, Manners, Pace, Rate, Span, Typing, testkit::ScriptedProvider};

use crate::{
    site::{Answer, Site},
    world::{NODE, Node, World},
};

const BUDI: &str = "6281234567890";
const ANA: &str = "6281234567891";

fn world() -> World {
    let second = Duration::from_secs(1);
    let pace = Pace {
        account: Rate { most: 3, per: second },
        chat: Rate { most: 1, per: second },
        group: None,
        manners: None,
    };
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
async fn an_answer_that_takes_long_does_not_let_more_go_out() {
    let world = world();
    let node = world.start().await;
    world.network.hold_sends();
    let mut jobs = Vec::new();
    for number in 0..8 {
        jobs.push(node.send(&format!("62812345678{number:02}"), "Halo!").await);
    }
    world.network.attempts_begun(3).await;
    // The network may count them at any moment until it answers.
    node.pass(Duration::from_secs(10));
    world.network.release();
    node.until("the first three to be settled", async || node.engine.attempts_under_way() == 0).await;
    node.pass(Duration::from_millis(999));
    assert_eq!(world.attempted().len(), 3);
    for sent in [6, 8] {
        node.pass(Duration::from_secs(1));
        node.until("the next to be sent", async || world.attempted().len() >= sent).await;
        assert_eq!(world.attempted().len(), sent);
    }
    for job in &jobs {
        node.message_is(job, S::Sent).await;
    }
}

#[tokio::test]
async fn who_takes_a_device_over_keeps_quiet_for_as_long_as_the_account_counts() {
    let world = world();
    let node = world.start().await;
    for number in 0..3 {
        node.send(&format!("62812345678{number:02}"), "Halo!").await;
    }
    node.until("three to be sent", async || world.attempted().len() == 3).await;
    node.until("them to be settled", async || node.engine.attempts_under_way() == 0).await;
    node.stop().await;
    let node = world.start().await;
    let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
    let pace = node.engine.pace_of(&device).await.unwrap().unwrap();
    assert_eq!(pace.next_at, Some(world.clock.now() + SECOND), "what was sent before is not known here");
    let job = node.send(BUDI, "one more").await;
    node.pass(SECOND);
    node.message_is(&job, S::Sent).await;
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

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
/// No text is typed for longer.
const TYPED: Duration = Duration::from_secs(2);
/// Everybody rests for so long.
const RESTED: Duration = Duration::from_secs(3);

/// A network that wants its accounts to behave like people.
fn polite_world() -> World {
    let many = Rate { most: 100, per: SECOND };
    let manners = Manners {
        // Even, so that a test knows when the next one begins.
        gap: Span { from: RESTED, to: RESTED },
        typing: Typing {
            character: Duration::from_millis(100),
            within: Span { from: Duration::from_millis(500), to: TYPED },
        },
        firsts_per_hour: 2,
        firsts_per_day: 3,
        starts: Duration::from_millis(20),
    };
    let pace = Pace { account: many, chat: many, group: None, manners: Some(manners) };
    World::on(ScriptedProvider::new(true).paced(pace))
}

impl World {
    /// Waits until typing was seen in so many chats, types to the end, and rests.
    async fn goes_out(&self, node: &Node, count: usize) {
        node.until("typing to be shown", async || self.network.typed().len() >= count).await;
        assert_eq!(self.network.typed().len(), count);
        node.pass(TYPED);
        node.until("it to be sent", async || self.attempted().len() >= count).await;
        node.until("it to be settled", async || node.engine.attempts_under_way() == 0).await;
        node.pass(RESTED);
    }

    /// Someone writes to the device.
    async fn is_written_to_by(&self, number: &str) {
        let message = InboundMessage {
            remote_id: "IN1".to_owned(),
            chat: Chat::new(number),
            from: Chat::new(number),
            from_alias: false,
            group: false,
            echo: false,
            sender_name: None,
            content: Content::Text { text: "Halo!".to_owned() },
            reply_to: None,
            raw: None,
            sent_at: self.clock.now(),
        };
        self.network.host().unwrap().emit(Inbound::Message(message)).await.unwrap();
    }
}

async fn is_paced(node: &Node, job: &JobId) -> bool {
    let view = node.job(job).await;
    view.put_off && view.job.message.state == S::Queued && view.job.attempts == 0
}

#[tokio::test]
async fn typing_is_shown_before_a_text_and_a_breath_is_drawn_after_it() {
    let world = polite_world();
    let node = world.start().await;
    let jobs = [node.send(BUDI, "Halo, Budi").await, node.send(ANA, "Halo, Ana.").await];
    node.until("typing to be shown", async || !world.network.typed().is_empty()).await;
    node.pass(Duration::from_millis(749));
    assert_eq!(world.attempted(), Vec::<String>::new(), "ten letters take a second, give or take a quarter");
    assert_eq!(node.state(&jobs[0]).await, S::Sending);
    world.goes_out(&node, 1).await;
    assert_eq!(world.attempted(), ["Halo, Budi"], "one after the other");
    world.goes_out(&node, 2).await;
    assert_eq!(world.network.typed(), [BUDI, ANA]);
    for job in &jobs {
        node.message_is(job, S::Sent).await;
    }
}

#[tokio::test]
async fn strangers_wait_for_their_budget_and_acquaintances_do_not_wait_for_them() {
    let world = polite_world();
    let node = world.start().await;
    world.is_written_to_by(ANA).await;
    let strangers = ["6281300000001", "6281300000002", "6281300000003", "6281300000004"];
    let mut jobs = Vec::new();
    for stranger in strangers {
        jobs.push(node.send(stranger, stranger).await);
    }
    node.send(ANA, "a reply").await;
    let again = node.send(strangers[0], "again").await;
    for sent in 1..=4 {
        world.goes_out(&node, sent).await;
    }
    let mut sent = world.attempted();
    sent.sort_unstable();
    assert_eq!(sent, [strangers[0], strangers[1], "a reply", "again"]);
    node.message_is(&again, S::Sent).await;
    assert!(is_paced(&node, &jobs[2]).await && is_paced(&node, &jobs[3]).await);
    let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
    let firsts = node.engine.pace_of(&device).await.unwrap().unwrap().firsts.unwrap();
    assert_eq!((firsts.hour.left, firsts.day.left), (0, 1));
    assert!(firsts.next_at.is_some());

    node.pass(HOUR);
    world.goes_out(&node, 5).await;
    assert_eq!(world.attempted()[4], strangers[2]);
    node.until("the last to wait for tomorrow", async || is_paced(&node, &jobs[3]).await).await;
    node.leaves_open_jobs();
}

#[tokio::test]
async fn a_restart_gives_strangers_no_new_budget() {
    let world = polite_world();
    let node = world.start().await;
    let strangers = ["6281300000001", "6281300000002", "6281300000003"];
    for (sent, stranger) in strangers[..2].iter().enumerate() {
        node.send(stranger, stranger).await;
        world.goes_out(&node, sent + 1).await;
    }
    node.stop().await;
    let node = world.start().await;
    let third = node.send(strangers[2], strangers[2]).await;
    node.until("the third to wait", async || is_paced(&node, &third).await).await;
    node.leaves_open_jobs();
}

#[tokio::test]
async fn while_the_network_forbids_strangers_none_is_written_to_and_replies_flow() {
    let world = polite_world();
    let node = world.start().await;
    world.is_written_to_by(ANA).await;
    let until = world.clock.now() + 2 * HOUR;
    let restricted = Health::new(DeviceState::Restricted, Some(DownReason::Restricted));
    world.network.set_health(Health { until: Some(until), ..restricted }).await;
    let stranger = node.send(BUDI, "cold").await;
    node.send(ANA, "warm").await;
    world.goes_out(&node, 1).await;
    assert_eq!(world.attempted(), ["warm"]);
    node.until("the other to wait", async || is_paced(&node, &stranger).await).await;
    assert_eq!(node.job(&stranger).await.job.run_at, until, "to the end that the network told");

    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.pass(2 * HOUR);
    world.goes_out(&node, 2).await;
    node.message_is(&stranger, S::Sent).await;
}

#[tokio::test]
async fn what_the_network_forbids_is_not_tried_without_a_pace_either() {
    let world = polite_world();
    let node = world.start().await;
    let off = DeviceChange { paced: Some(false), ..DeviceChange::default() };
    node.engine.change_device(&node.operator, &node.device, off).await.unwrap();
    world.is_written_to_by(ANA).await;
    let until = world.clock.now() + 2 * HOUR;
    let restricted = Health::new(DeviceState::Restricted, Some(DownReason::Restricted));
    world.network.set_health(Health { until: Some(until), ..restricted }).await;
    let stranger = node.send(BUDI, "cold").await;
    for text in ["warm", "and warmer"] {
        let job = node.send(ANA, text).await;
        node.message_is(&job, S::Sent).await;
    }
    assert_eq!(world.attempted(), ["warm", "and warmer"], "without a wait between them");
    node.until("the other to wait", async || node.job(&stranger).await.job.run_at == until).await;

    // Nothing else holds it back: it goes at once.
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.message_is(&stranger, S::Sent).await;
}

#[tokio::test]
async fn who_turns_the_pace_off_while_the_network_forbids_strangers_does_not_set_the_device_turning() {
    let world = polite_world();
    let node = world.start().await;
    let until = world.clock.now() + 2 * HOUR;
    let restricted = Health::new(DeviceState::Restricted, Some(DownReason::Restricted));
    world.network.set_health(Health { until: Some(until), ..restricted }).await;
    let stranger = node.send(BUDI, "cold").await;
    node.until("it to wait", async || is_paced(&node, &stranger).await).await;
    let off = DeviceChange { paced: Some(false), ..DeviceChange::default() };
    node.engine.change_device(&node.operator, &node.device, off).await.unwrap();

    // Each look at the queue is told. A handful follow the change; after that nothing is left to look for.
    let looks = node.engine.progress();
    let mut changes = 0;
    let mut last = *looks.borrow();
    for _ in 0..500 {
        assert_eq!(node.job(&stranger).await.job.run_at, until);
        let now = *looks.borrow();
        changes += usize::from(now != last);
        last = now;
    }
    assert!(changes < 50, "the queue was looked at again and again: {changes} times");
    world.network.set_health(Health::new(DeviceState::Connected, None)).await;
    node.message_is(&stranger, S::Sent).await;
}

#[tokio::test]
async fn a_first_message_that_never_left_costs_nobody_a_turn() {
    let (world, site) = (polite_world(), Site::serving(Answer::status("404 Not Found")).await);
    let node = world.start().await;
    let picture = |to: &str| {
        let content = Content::Image { media: Media::at(site.url("/salah.png")), caption: None };
        SendRequest { content, ..Node::text(to, "") }
    };
    for stranger in ["6281300000001", "6281300000002"] {
        let job = node.accept(picture(stranger)).await.unwrap().job;
        node.message_is(&job, S::Failed).await;
    }
    let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
    let pace = node.engine.pace_of(&device).await.unwrap().unwrap();
    assert_eq!((pace.firsts.unwrap().hour.left, pace.next_at), (2, None));
    let job = node.send("6281300000003", "third").await;
    world.goes_out(&node, 1).await;
    node.message_is(&job, S::Sent).await;
}

#[tokio::test]
async fn what_waits_for_its_turn_goes_out_when_the_pace_is_turned_off() {
    let world = polite_world();
    let node = world.start().await;
    let strangers = ["6281300000001", "6281300000002", "6281300000003"];
    let mut jobs = Vec::new();
    for stranger in strangers {
        jobs.push(node.send(stranger, stranger).await);
    }
    for sent in 1..=2 {
        world.goes_out(&node, sent).await;
    }
    node.until("the third to wait", async || is_paced(&node, &jobs[2]).await).await;
    let off = DeviceChange { paced: Some(false), ..DeviceChange::default() };
    node.engine.change_device(&node.operator, &node.device, off).await.unwrap();
    node.message_is(&jobs[2], S::Sent).await;
    assert_eq!(world.network.typed().len(), 2, "without typing");
    let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
    assert_eq!(node.engine.pace_of(&device).await.unwrap(), None);

    let on = DeviceChange { paced: Some(true), ..DeviceChange::default() };
    node.engine.change_device(&node.operator, &node.device, on).await.unwrap();
    node.until("it to be on again", async || {
        let job = node.send(ANA, "one more").await;
        node.engine.cancel(&node.operator, &job).await.unwrap();
        let device = node.engine.device(&node.operator, &node.device).await.unwrap().unwrap();
        node.engine.pace_of(&device).await.unwrap().is_some()
    })
    .await;
}

#[tokio::test]
async fn sessions_that_start_together_start_one_after_another() {
    let world = polite_world();
    let node = world.start().await;
    node.device_appears(cetar_model::Channel::Whatsapp, true).await;
    world.sessions_are(2).await;
    node.stop().await;
    world.sessions_are(0).await;
    let node = world.start_as(NODE).await;
    world.sessions_are(1).await;
    assert_eq!(*world.network.running().borrow(), 1);
    node.pass(Duration::from_millis(30));
    world.sessions_are(2).await;
}
