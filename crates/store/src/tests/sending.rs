//! Claiming, settling, lanes, leases.

use std::{collections::HashMap, time::Duration};

use cetar_model::{AttemptOutcome, EventData, FailureCode, JobState, MessageState, Receipt};

use super::world::{LEASE, NODE, World, again, on_both_engines, sent};
use crate::{Outcome, Settlement, StoreError};

const SECOND: Duration = Duration::from_secs(1);

on_both_engines! {
    async fn a_send_is_accepted_claimed_sent_delivered_and_read(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["message.*"]).await;
        let send = world.accept(&device, "6281234567890", "halo").await;
        assert_eq!(world.state(&send.job).await, MessageState::Queued);
        assert_eq!(world.store.due_devices(world.now()).await.unwrap(), std::slice::from_ref(&device));
        assert_eq!(world.store.next_due(&device).await.unwrap(), Some(world.now()));

        let job = world.claim_one(&device).await;
        assert_eq!((job.attempt, job.crashes, job.content.text()), (1, 1, Some("halo")));
        assert_eq!((&job.job, &job.message, job.to.as_str()), (&send.job, &send.message, "6281234567890"));
        assert_eq!(job.request_id.as_deref(), Some("req_1"));
        assert_eq!(world.state(&send.job).await, MessageState::Sending);
        assert_eq!(world.store.next_due(&device).await.unwrap(), None);
        assert_eq!(world.store.due_devices(world.now()).await.unwrap(), []);

        world.pass(SECOND);
        world.sent(&job).await;
        let remote_id = send.remote_id.as_deref().unwrap();
        for receipt in [Receipt::Delivered, Receipt::Read] {
            world.pass(SECOND);
            assert_eq!(world.store.receipt(world.receipt(&device, lease, &[remote_id], receipt)).await.unwrap(), 1);
        }
        let job = world.job(&send.job).await;
        assert_eq!((job.state, job.message.state, job.attempts), (JobState::Done, MessageState::Read, 1));
        assert_eq!((job.message.state_at, job.message.created_at), (world.now(), send.now));
        assert_eq!(job.history.len(), 1);
        assert_eq!((job.history[0].attempt, job.history[0].outcome.as_str()), (1, "sent"));

        let events = world.events().await;
        let told: Vec<_> = events.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(told, ["message.sent", "message.delivered", "message.read"]);
        let EventData::Status(data) = &events[0].data else { panic!() };
        assert_eq!((&data.message_id, &data.job_id, data.to.as_str()), (&send.message, &send.job, "6281234567890"));
        assert_eq!((data.client_ref.as_deref(), data.status), (Some("ref-halo"), MessageState::Sent));
        assert_eq!((data.timestamp, data.error.is_none()), (send.now.as_secs() + 1, true));
    }

    async fn only_the_first_open_job_of_a_chat_can_be_claimed(world: &World) {
        let device = world.device().await;
        for text in ["1", "2", "3"] {
            world.accept(&device, "budi", text).await;
        }
        world.accept(&device, "ani", "a").await;
        let first: Vec<_> = world.claim(&device).await;
        let mut texts: Vec<_> = first.iter().map(|job| job.content.text().unwrap()).collect();
        texts.sort_unstable();
        assert_eq!(texts, ["1", "a"]);
        assert!(world.claim(&device).await.is_empty(), "the rest waits for its lane");
        let one = first.iter().find(|job| job.content.text() == Some("1")).unwrap();
        world.sent(one).await;
        assert_eq!(world.claim_one(&device).await.content.text(), Some("2"));
    }

    async fn a_chat_waits_for_the_retry_of_its_first_message(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        world.accept(&device, "budi", "2").await;
        let one = world.claim_one(&device).await;
        let later = world.now() + SECOND;
        world.settle(&one, again(later)).await;
        assert!(world.claim(&device).await.is_empty());
        assert_eq!(world.store.next_due(&device).await.unwrap(), Some(later));
        world.pass(SECOND);
        let one = world.claim_one(&device).await;
        assert_eq!((one.content.text(), one.attempt), (Some("1"), 2));
        world.sent(&one).await;
        assert_eq!(world.claim_one(&device).await.content.text(), Some("2"));
    }

    async fn a_dead_job_leaves_its_lane(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        world.accept(&device, "budi", "2").await;
        let one = world.claim_one(&device).await;
        world.settle(&one, Outcome::Unknown { detail: "cut".into() }).await;
        assert_eq!(world.claim_one(&device).await.content.text(), Some("2"));
    }

    async fn jobs_come_oldest_first_and_no_more_than_asked_for(world: &World) {
        let device = world.device().await;
        for n in 0..10 {
            world.pass(SECOND);
            world.accept(&device, &format!("chat{n}"), &n.to_string()).await;
        }
        let until = world.now() + LEASE;
        let mut texts = Vec::new();
        for limit in [4, 4, 4] {
            let jobs = world.store.claim(&device, NODE, world.now(), until, limit).await.unwrap();
            assert!(jobs.len() <= limit);
            texts.extend(jobs.iter().map(|job| job.content.text().unwrap().to_owned()));
        }
        assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }

    async fn who_is_not_in_turn_stays_ready_until_it_is_and_holds_up_nobody(world: &World) {
        let device = world.device().await;
        let mut sends = Vec::new();
        for chat in ["slow", "slow", "other slow", "budi", "ani"] {
            world.pass(SECOND);
            sends.push(world.accept(&device, chat, chat).await);
        }
        let (now, turn_at) = (world.now(), world.now() + 5 * SECOND);
        let turn: crate::Turn =
            std::sync::Arc::new(move |due: &crate::Due<'_>| if due.chat.as_str().contains("slow") { Err(turn_at) } else { Ok(()) });
        let turn = crate::InTurn { turn, strangers: false };
        // Two at a time: those who wait must not be all that a claim sees.
        let jobs = world.store.claim_in_turn(&device, NODE, now, now + LEASE, 2, Some(turn.clone())).await.unwrap();
        assert_eq!(jobs.iter().map(|job| job.to.as_str()).collect::<Vec<_>>(), ["budi", "ani"]);
        let waiting = world.job(&sends[0].job).await;
        assert_eq!((waiting.message.state, waiting.attempts), (MessageState::Queued, 0));
        assert_eq!(world.store.next_due(&device).await.unwrap(), Some(turn_at));
        // A process that ends now leaves nothing behind of those it did not begin.
        assert_eq!(rescue(world, NODE, true).await.len(), 2);
        let again = world.store.claim_in_turn(&device, NODE, now, now + LEASE, 10, Some(turn)).await.unwrap();
        assert!(again.is_empty(), "not before its turn");
        world.pass(5 * SECOND);
        let jobs = world.claim(&device).await;
        assert_eq!(jobs.iter().map(|job| (job.to.as_str(), job.attempt)).collect::<Vec<_>>(), [("slow", 1), ("other slow", 1)]);
    }

    async fn a_device_gets_its_own_jobs_only(world: &World) {
        let (here, there) = (world.device().await, world.device().await);
        world.accept(&there, "budi", "1").await;
        assert!(world.claim(&here).await.is_empty());
        assert_eq!(world.claim(&there).await.len(), 1);
    }

    async fn four_workers_keep_every_chat_in_order_and_claim_nothing_twice(world: &World) {
        let device = world.device().await;
        let (chats, each) = (7, 20);
        for n in 0..each {
            let sends = (0..chats).map(|chat| world.store.accept(world.send(&device, &format!("chat{chat}"), &n.to_string())));
            futures::future::join_all(sends).await;
        }
        let work = |node: &'static str| {
            let device = device.clone();
            async move {
                let mut done = Vec::new();
                while world.store.queue_figures().await.unwrap().open > 0 {
                    let until = world.now() + LEASE;
                    for job in world.store.claim(&device, node, world.now(), until, 3).await.unwrap() {
                        done.push((job.to.to_string(), job.content.text().unwrap().parse::<i32>().unwrap()));
                        let settlement = Settlement { node: node.into(), ..world.settlement(&job, sent(&job.message)) };
                        // The order of this list is that of the settlements: a lane has one job at a time.
                        world.store.settle(settlement).await.unwrap();
                    }
                }
                done
            }
        };
        let done = futures::join!(work("node_a"), work("node_b"), work("node_c"), work("node_d"));
        let mut by_chat: HashMap<String, Vec<i32>> = HashMap::new();
        for (chat, n) in [done.0, done.1, done.2, done.3].concat() {
            by_chat.entry(chat).or_default().push(n);
        }
        assert_eq!(by_chat.len(), chats);
        for (chat, mut claimed) in by_chat {
            claimed.sort_unstable();
            assert_eq!(claimed, (0..each).collect::<Vec<_>>(), "{chat}: each once");
        }
        // Each attempt began only after the one before it in its chat was settled: the events tell.
        let disorder = world
            .number(
                "SELECT COUNT(*) FROM events a JOIN messages x ON x.id = a.message JOIN messages y ON y.conversation = x.conversation \
                 JOIN events b ON b.message = y.id WHERE x.sequence < y.sequence AND a.id > b.id",
            )
            .await;
        assert_eq!(disorder, 0);
    }

    async fn a_settlement_without_the_lease_is_dropped(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let good = world.settlement(&job, sent(&job.message));
        let wrong = [
            Settlement { node: "node_b".into(), ..good.clone() },
            Settlement { lease_token: job.lease_token + 1, ..good.clone() },
            Settlement { job: world.ids.make(world.now()), ..good.clone() },
        ];
        for settlement in wrong {
            assert!(matches!(world.store.settle(settlement).await, Err(StoreError::LeaseLost)));
        }
        assert_eq!(world.state(&send.job).await, MessageState::Sending);
        world.store.settle(good.clone()).await.unwrap();
        assert!(matches!(world.store.settle(good).await, Err(StoreError::LeaseLost)), "a second time");
        assert_eq!(world.job(&send.job).await.history.len(), 1);
    }

    async fn an_expired_lease_is_rescued_and_the_old_holder_is_fenced_off(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        assert!(rescue(world, "node_b", false).await.is_empty(), "the lease holds");
        world.pass(LEASE);
        let rescued = rescue(world, "node_b", false).await;
        assert_eq!(rescued.len(), 1);
        assert_eq!((rescued[0].attempt, rescued[0].crashes), (1, 1), "no new attempt");
        assert_eq!(rescued[0].request_id.as_deref(), Some("req_1"));
        assert!(rescued[0].lease_token > job.lease_token);
        let late = world.store.settle(world.settlement(&job, sent(&job.message))).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        let outcome = Outcome::Unknown { detail: "the process ended".into() };
        let settlement = Settlement { node: "node_b".into(), crashed: true, ..world.settlement(&rescued[0], outcome) };
        world.store.settle(settlement).await.unwrap();
        assert_eq!(world.state(&send.job).await, MessageState::Unknown);
    }

    async fn a_node_takes_back_its_own_jobs_at_once(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        world.claim_one(&device).await;
        assert!(rescue(world, "node_b", true).await.is_empty());
        assert_eq!(rescue(world, NODE, true).await.len(), 1);
    }

    async fn renewing_keeps_a_lease_and_tells_what_is_lost(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        world.accept(&device, "ani", "2").await;
        let jobs = world.claim(&device).await;
        world.pass(LEASE.saturating_sub(SECOND));
        let held: Vec<_> = jobs.iter().map(|job| (job.job.clone(), job.lease_token)).collect();
        assert_eq!(world.store.renew_jobs(NODE, &held, world.now() + LEASE).await.unwrap(), []);
        world.pass(LEASE.saturating_sub(SECOND));
        assert!(rescue(world, "node_b", false).await.is_empty());
        world.pass(SECOND);
        assert_eq!(rescue(world, "node_b", false).await.len(), 2);
        let mut lost = world.store.renew_jobs(NODE, &held, world.now() + LEASE).await.unwrap();
        lost.sort();
        let mut all: Vec<_> = held.into_iter().map(|(job, _)| job).collect();
        all.sort();
        assert_eq!(lost, all);
    }

    async fn claims_without_an_outcome_are_counted_as_crashes(world: &World) {
        let device = world.device().await;
        world.accept(&device, "budi", "1").await;
        for crashes in 1..=3 {
            let job = world.claim_one(&device).await;
            assert_eq!((job.crashes, job.attempt), (crashes, crashes));
            world.pass(LEASE);
            let rescued = rescue(world, NODE, false).await.remove(0);
            let settlement = Settlement { crashed: true, ..world.settlement(&rescued, again(world.now())) };
            world.store.settle(settlement).await.unwrap();
        }
        let job = world.claim_one(&device).await;
        assert_eq!(job.crashes, 4);
        world.settle(&job, again(world.now())).await;
        assert_eq!(world.claim_one(&device).await.crashes, 1, "an outcome ends the row");
    }

    async fn what_does_not_count_does_not_use_up_attempts(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        for _ in 0..3 {
            let job = world.claim_one(&device).await;
            assert_eq!(job.attempt, 1);
            let outcome = Outcome::Again {
                run_at: world.now(),
                counts: false,
                class: AttemptOutcome::AccountDown,
                detail: "disconnected".into(),
            };
            world.settle(&job, outcome).await;
        }
        let job = world.job(&send.job).await;
        assert_eq!((job.attempts, job.message.state), (0, MessageState::Queued));
        let history: Vec<_> = job.history.iter().map(|attempt| (attempt.attempt, attempt.outcome.as_str())).collect();
        assert_eq!(history, [(1, "account_down"); 3], "but all of it is in the history");
        assert_eq!(job.history[0].detail.as_deref(), Some("disconnected"));
    }

    async fn unclaiming_leaves_no_trace(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let held = [(job.job.clone(), job.lease_token)];
        world.store.unclaim("node_b", &held, world.now(), None).await.unwrap();
        assert_eq!(world.state(&send.job).await, MessageState::Sending, "another's is left alone");
        world.store.unclaim(NODE, &held, world.now(), None).await.unwrap();
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state, shown.attempts), (JobState::Ready, MessageState::Queued, 0));
        assert!(shown.history.is_empty());
        let job = world.claim_one(&device).await;
        assert_eq!((job.attempt, job.crashes), (1, 1));
    }

    async fn a_failure_says_why_in_the_workspaces_language(world: &World) {
        let device = world.device().await;
        world.endpoint(&["message.failed"]).await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let outcome = Outcome::Failed {
            code: FailureCode::AccountRestricted,
            provider_code: Some("463".into()),
            detail: Some("nack".into()),
        };
        world.settle(&job, outcome).await;
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state), (JobState::Dead, MessageState::Failed));
        assert_eq!(shown.message.error, Some((FailureCode::AccountRestricted, Some("463".into()))));
        assert_eq!(shown.history[0].detail.as_deref(), Some("nack"));
        let events = world.events().await;
        let EventData::Status(data) = &events[0].data else { panic!() };
        let error = data.error.as_ref().unwrap();
        assert_eq!((error.code, error.provider_code.as_deref()), (FailureCode::AccountRestricted, Some("463")));
        assert!(error.message.starts_with("WhatsApp has restricted"), "{}", error.message);
    }

    async fn the_remote_id_is_the_networks(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        world.settle(&job, Outcome::Sent { remote_id: "theirs".into() }).await;
        assert_eq!(world.job(&send.job).await.message.remote_id.as_deref(), Some("theirs"));
    }

    async fn a_job_of_another_workspace_is_not_shown(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        let other = world.ids.make(world.now());
        assert!(world.store.job(&other, &send.job).await.unwrap().is_none());
        assert_eq!(world.store.cancel(&other, &send.job, world.now()).await.unwrap(), crate::Change::NotFound);
    }

    async fn figures_count_what_waits(world: &World) {
        let device = world.device().await;
        world.endpoint(&[]).await;
        assert_eq!(world.store.queue_figures().await.unwrap(), crate::QueueFigures::default());
        let first = world.accept(&device, "budi", "1").await;
        world.pass(SECOND);
        world.accept(&device, "budi", "2").await;
        world.accept(&device, "ani", "3").await;
        let figures = world.store.queue_figures().await.unwrap();
        assert_eq!((figures.open, figures.oldest, figures.dead), (3, Some(first.now), 0));
        let job = world.claim(&device).await.remove(0);
        world.settle(&job, Outcome::Unknown { detail: String::new() }).await;
        let figures = world.store.queue_figures().await.unwrap();
        assert_eq!((figures.open, figures.dead, figures.deliveries), (2, 1, 1));
        assert_eq!(figures.oldest, Some(world.now()));
    }
}

async fn rescue(world: &World, node: &str, own: bool) -> Vec<crate::ClaimedJob> {
    world.store.rescue(node, own, world.now(), world.now() + LEASE, 100).await.unwrap()
}
