//! Who is a stranger, whom we wrote to first, and what is put off.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cetar_model::{AttemptOutcome, Chat, Content, DeviceId, FailureCode, Media, MessageState};

use super::world::{LEASE, NODE, World, again, on_both_engines};
use crate::{DeviceChange, InTurn, NewSend, Outcome, pace};

const HOUR: Duration = Duration::from_hours(1);

fn chats(names: &[&str]) -> Vec<Chat> {
    names.iter().map(|name| Chat::new(*name)).collect()
}

async fn acquainted(world: &World, device: &DeviceId, chats: &[Chat]) -> Vec<Chat> {
    let args = (device.clone(), chats.to_vec());
    let known = world.store.write(args, |tx, (device, chats)| Box::pin(pace::acquainted(tx, device, chats)));
    known.await.unwrap()
}

on_both_engines! {
    async fn questions_are_counted_by_the_minute_for_a_day_and_go_with_their_device(world: &World) {
        let (device, other) = (world.device().await, world.device().await);
        let begin = world.now();
        let ask = async || world.store.count_number_check(&device, world.now()).await.unwrap();
        ask().await;
        ask().await;
        world.store.count_number_check(&other, begin).await.unwrap();
        world.pass(HOUR);
        ask().await;
        let counted = async || -> Vec<usize> {
            let all = world.store.number_checks(&device, world.now()).await.unwrap();
            assert!(all.iter().all(|(at, _)| *at >= begin && at.since(world.now()) <= Duration::from_mins(1)), "{all:?}");
            all.into_iter().map(|(_, asked)| asked).collect()
        };
        assert_eq!(counted().await, [2, 1]);
        world.pass(23 * HOUR + Duration::from_mins(59));
        assert_eq!(counted().await, [1], "the first are over a day ago");
        ask().await;
        let rows = async || world.number("SELECT COUNT(*) FROM number_checks").await;
        assert_eq!((counted().await, rows().await), (vec![1, 1], 3));
        world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap();
        assert_eq!(rows().await, 1);
    }

    async fn who_wrote_or_got_something_is_no_stranger(world: &World) {
        let (device, lease) = world.leased().await;
        let other = world.device().await;
        world.store.take_in(world.inbound(&device, lease, "ana", "halo")).await.unwrap();
        for name in ["budi", "citra", "dewi"] {
            world.accept(&device, name, name).await;
        }
        let all = chats(&["ana", "budi", "citra", "dewi", "eka"]);
        assert_eq!(acquainted(world, &device, &all).await, chats(&["ana"]));
        let jobs = world.claim(&device).await;
        let job = |name: &str| jobs.iter().find(|job| job.to.as_str() == name).unwrap();
        world.sent(job("budi")).await;
        let refused = Outcome::Failed { code: FailureCode::AccountRestricted, provider_code: None, detail: None };
        world.settle(job("citra"), refused).await;
        let mut known = acquainted(world, &device, &all).await;
        known.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        assert_eq!(known, chats(&["ana", "budi"]));
        assert_eq!(acquainted(world, &other, &all).await, [], "each account has its own");
        assert_eq!(acquainted(world, &device, &[]).await, []);
    }

    async fn whom_a_device_wrote_to_first_is_known_for_as_long_as_it_is_asked(world: &World) {
        let (device, lease) = world.leased().await;
        let start = world.now();
        world.store.take_in(world.inbound(&device, lease, "ana", "halo")).await.unwrap();
        for name in ["ana", "budi", "citra"] {
            world.accept(&device, name, name).await;
        }
        let jobs = world.claim(&device).await;
        let job = |name: &str| jobs.iter().find(|job| job.to.as_str() == name).unwrap();
        // It waited long in the queue: when it was sent counts, not when it was accepted.
        let sent_at = world.pass(2 * HOUR);
        world.sent(job("budi")).await;
        world.sent(job("ana")).await;
        let firsts = world.store.first_messages(&device, start).await.unwrap();
        let expected = [(Chat::new("citra"), start), (Chat::new("budi"), sent_at)];
        assert_eq!(firsts, expected, "one under way counts, a reply does not");
        let late = world.store.first_messages(&device, start + HOUR).await.unwrap();
        assert_eq!(late, [(Chat::new("budi"), sent_at)]);
        let other = world.device().await;
        let of_all = world.store.first_messages_of(&[other, device.clone()], start).await.unwrap();
        assert_eq!(of_all, HashMap::from([(device, expected.to_vec())]), "as when it is asked alone");
        assert!(world.store.first_messages_of(&[], start).await.unwrap().is_empty());
    }

    async fn first_messages_are_put_off_together_and_brought_forward_again(world: &World) {
        let (device, lease) = world.leased().await;
        let other = world.device().await;
        world.store.take_in(world.inbound(&device, lease, "ana", "halo")).await.unwrap();
        let mut sends = Vec::new();
        for name in ["ana", "budi", "budi", "citra"] {
            sends.push(world.accept(&device, name, name).await);
        }
        world.accept(&other, "budi", "budi").await;
        let until = world.now() + HOUR;
        let waiting = world.store.waiting_first_messages(&device, world.now()).await.unwrap();
        let heads = [&sends[1], &sends[3]].map(|send| (send.job.clone(), send.to.clone()));
        assert_eq!(waiting, heads);
        assert_eq!(world.store.put_off(heads.map(|(job, _)| job).to_vec(), until).await.unwrap(), 2);
        assert!(world.job(&sends[1].job).await.put_off);
        assert_eq!(world.claim_one(&device).await.job, sends[0].job);
        assert_eq!(world.claim_one(&other).await.to.as_str(), "budi");
        assert_eq!(world.store.next_due(&device).await.unwrap(), Some(until));
        assert_eq!(world.store.bring_forward(&device, world.now()).await.unwrap(), 2);
        assert_eq!(world.store.bring_forward(&device, world.now()).await.unwrap(), 0);
        let claimed = world.claim(&device).await;
        assert!(claimed.iter().map(|job| &job.job).eq([&sends[1].job, &sends[3].job]));
        assert!(!world.job(&sends[1].job).await.put_off);
        assert_eq!(world.state(&sends[2].job).await, MessageState::Queued, "its lane is busy");
    }

    async fn what_was_tried_or_what_its_network_asked_to_wait_for_is_left_alone(world: &World) {
        let device = world.device().await;
        let (tried, slowed) = (world.accept(&device, "budi", "1").await, world.accept(&device, "citra", "2").await);
        let jobs = world.claim(&device).await;
        let later = world.now() + HOUR;
        world.settle(&jobs[0], again(world.now())).await;
        let slow_down = Outcome::Again { run_at: later, counts: false, class: AttemptOutcome::SlowDown, detail: "429".into() };
        world.settle(&jobs[1], slow_down).await;
        assert_eq!(world.store.waiting_first_messages(&device, world.now()).await.unwrap(), [], "whom it wrote to already");
        assert_eq!(world.store.put_off(vec![tried.job.clone()], later + HOUR).await.unwrap(), 0);
        assert_eq!(world.store.bring_forward(&device, world.now()).await.unwrap(), 0, "the network's word holds");
        let slowed = world.job(&slowed.job).await;
        assert_eq!((slowed.run_at, slowed.put_off), (later, false));
        assert_eq!(world.claim_one(&device).await.job, tried.job);
    }

    async fn what_was_tried_before_is_brought_forward_too_and_counted_once(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        world.settle(&world.claim_one(&device).await, again(world.now())).await;
        let later = world.now() + HOUR;
        let turn = InTurn { turn: Arc::new(move |_| Err(later)), strangers: false };
        let (now, until) = (world.now(), world.now() + LEASE);
        let none = world.store.claim_in_turn(&device, NODE, now, until, 1, Some(turn)).await.unwrap();
        assert!(none.is_empty() && world.job(&send.job).await.put_off);
        assert_eq!(world.store.bring_forward(&device, now).await.unwrap(), 1);
        assert_eq!(world.store.bring_forward(&device, now).await.unwrap(), 0);
        assert_eq!(world.claim_one(&device).await.job, send.job);
    }

    async fn what_waits_for_one_address_is_put_off_together(world: &World) {
        let (device, other) = (world.device().await, world.device().await);
        let picture = async |device: &DeviceId, to: &str, url: &str| {
            let content = Content::Image { media: Media::at(url), caption: Some("Promo".into()) };
            let send = NewSend { content, ..world.send(device, to, "") };
            world.store.accept(send.clone()).await.unwrap();
            send.job
        };
        let url = "https://contoh.com/a_%25.png?x=\"y\"";
        let (first, second) = (picture(&device, "ana", url).await, picture(&device, "budi", url).await);
        picture(&device, "citra", "https://contoh.com/a.png").await;
        picture(&other, "ana", url).await;
        world.accept(&device, "dewi", url).await;
        let (now, until) = (world.now(), world.now() + HOUR);
        assert_eq!(world.store.put_off_medium(&device, url, now, until).await.unwrap(), 2);
        for job in [&first, &second] {
            let job = world.job(job).await;
            assert_eq!((job.run_at, job.put_off), (until, false));
        }
        assert_eq!(world.claim(&device).await.len(), 2, "neither another picture, nor a text that names it");
        assert_eq!(world.claim(&other).await.len(), 1);
        assert_eq!(world.store.put_off_medium(&device, url, now, until).await.unwrap(), 0);
    }

    async fn the_pace_of_a_device_is_changed_if_that_is_asked(world: &World) {
        let device = world.device().await;
        let paced = async || world.store.device(&world.workspace, &device).await.unwrap().unwrap().paced;
        let change = |workspace: &cetar_model::WorkspaceId, paced| DeviceChange {
            workspace: workspace.clone(),
            device: device.clone(),
            name: None,
            paced,
            settings: [].into(),
            node: NODE.into(),
            now: world.now(),
        };
        assert!(world.store.change_device(change(&world.workspace, Some(false))).await.unwrap());
        assert!(!paced().await);
        assert!(world.store.change_device(change(&world.workspace, None)).await.unwrap());
        assert!(!paced().await);
        let elsewhere = world.ids.make(world.now());
        assert!(!world.store.change_device(change(&elsewhere, Some(true))).await.unwrap());
        assert!(!paced().await, "another workspace's");
    }
}
