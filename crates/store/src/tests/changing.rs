//! Receipts, cancel, retry, resolve, expiry, removal.

use std::time::Duration;

use cetar_model::{AttemptOutcome, EventData, FailureCode, JobState, MessageState, Receipt};

use super::world::{LEASE, NODE, World, again, on_both_engines, sent};
use crate::{Change, NewReceipt, NewSend, Outcome, StoreError};

const SECOND: Duration = Duration::from_secs(1);

fn remote(send: &NewSend) -> &str {
    send.remote_id.as_deref().unwrap()
}

fn unknown() -> Outcome {
    Outcome::Unknown { detail: "cut".into() }
}

on_both_engines! {
    async fn a_receipt_before_the_settlement_wins_whatever_the_outcome(world: &World) {
        let (device, lease) = world.leased().await;
        let failed =
            Outcome::Failed { code: FailureCode::AttemptsExhausted, provider_code: None, detail: None };
        for outcome in [unknown(), again(world.now()), failed] {
            let send = world.accept(&device, "budi", "1").await;
            world.accept(&device, "budi", "2").await;
            let job = world.claim_one(&device).await;
            let receipt = world.receipt(&device, lease, &[remote(&send)], Receipt::Delivered);
            assert_eq!(world.store.receipt(receipt).await.unwrap(), 1);
            assert_eq!(world.job(&send.job).await.state, JobState::Running, "left to its settlement");
            world.settle(&job, outcome).await;
            let shown = world.job(&send.job).await;
            assert_eq!((shown.state, shown.message.state), (JobState::Done, MessageState::Delivered));
            assert_eq!(shown.message.error, None);
            let next = world.claim_one(&device).await;
            assert_eq!(next.content.text(), Some("2"), "and its lane is free");
            world.sent(&next).await;
        }
    }

    async fn a_refusal_before_the_settlement_stands(world: &World) {
        let (device, lease) = world.leased().await;
        let send = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let receipt = NewReceipt {
            failure: Some((FailureCode::AccountRestricted, Some("463".into()))),
            ..world.receipt(&device, lease, &[remote(&send)], Receipt::Failed)
        };
        world.store.receipt(receipt).await.unwrap();
        world.settle(&job, again(world.now())).await;
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state), (JobState::Dead, MessageState::Failed));
        assert_eq!(shown.message.error, Some((FailureCode::AccountRestricted, Some("463".into()))));
        assert!(world.claim(&device).await.is_empty());
    }

    async fn a_receipt_ends_a_job_that_was_to_be_sent_again(world: &World) {
        let (device, lease) = world.leased().await;
        let send = world.accept(&device, "budi", "1").await;
        world.accept(&device, "budi", "2").await;
        let job = world.claim_one(&device).await;
        world.settle(&job, again(world.now())).await;
        world.store.receipt(world.receipt(&device, lease, &[remote(&send)], Receipt::Read)).await.unwrap();
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state), (JobState::Done, MessageState::Read));
        assert_eq!(world.claim_one(&device).await.content.text(), Some("2"));
    }

    async fn a_late_receipt_resolves_an_unknown_outcome(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let send = world.accept(&device, "budi", "1").await;
        world.settle(&world.claim_one(&device).await, unknown()).await;
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state), (JobState::Dead, MessageState::Unknown));
        assert_eq!(shown.message.error, Some((FailureCode::OutcomeUnknown, None)));
        world.store.receipt(world.receipt(&device, lease, &[remote(&send)], Receipt::Accepted)).await.unwrap();
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state, shown.message.error), (JobState::Done, MessageState::Sent, None));
        let told: Vec<_> = world.events().await.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(told, ["message.unknown", "message.sent"]);
    }

    async fn receipts_never_take_a_message_back(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let send = world.accept(&device, "budi", "1").await;
        world.sent(&world.claim_one(&device).await).await;
        for (receipt, moved) in
            [(Receipt::Read, 1), (Receipt::Delivered, 0), (Receipt::Accepted, 0), (Receipt::Read, 0), (Receipt::Failed, 0)]
        {
            let receipt = world.receipt(&device, lease, &[remote(&send)], receipt);
            assert_eq!(world.store.receipt(receipt).await.unwrap(), moved);
        }
        assert_eq!(world.state(&send.job).await, MessageState::Read);
        assert_eq!(world.events().await.len(), 2, "sent and read");
    }

    async fn one_receipt_may_speak_of_many_messages(world: &World) {
        let (device, lease) = world.leased().await;
        let mut ids = Vec::new();
        for n in 0..20 {
            let send = world.accept(&device, &format!("chat{}", n % 3), "halo").await;
            ids.push(send.remote_id.unwrap());
            for job in world.claim(&device).await {
                world.sent(&job).await;
            }
        }
        let mut named: Vec<&str> = ids.iter().map(String::as_str).collect();
        named.extend(["nobody's", &ids[0]]);
        let receipt = world.receipt(&device, lease, &named, Receipt::Delivered);
        assert_eq!(world.store.receipt(receipt).await.unwrap(), 20);
        assert_eq!(world.number("SELECT COUNT(*) FROM messages WHERE state = 'delivered'").await, 20);
    }

    async fn a_receipt_carries_the_networks_time(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["message.delivered"]).await;
        let send = world.accept(&device, "budi", "1").await;
        world.sent(&world.claim_one(&device).await).await;
        let at = world.now() - 90 * SECOND;
        let receipt = NewReceipt { at, ..world.receipt(&device, lease, &[remote(&send)], Receipt::Delivered) };
        world.store.receipt(receipt).await.unwrap();
        let events = world.events().await;
        let EventData::Status(data) = &events[0].data else { panic!() };
        assert_eq!(data.timestamp, at.as_secs());
    }

    async fn a_receipt_for_another_device_or_under_an_old_lease_changes_nothing(world: &World) {
        let (device, lease) = world.leased().await;
        let (other, others) = world.leased().await;
        let send = world.accept(&device, "budi", "1").await;
        world.sent(&world.claim_one(&device).await).await;
        let receipt = world.receipt(&other, others, &[remote(&send)], Receipt::Read);
        assert_eq!(world.store.receipt(receipt).await.unwrap(), 0);
        world.lease(&device, NODE).await.unwrap();
        let late = world.receipt(&device, lease, &[remote(&send)], Receipt::Read);
        assert!(matches!(world.store.receipt(late).await, Err(StoreError::LeaseLost)));
        assert_eq!(world.state(&send.job).await, MessageState::Sent);
    }

    async fn a_queued_message_can_be_taken_back(world: &World) {
        let device = world.device().await;
        world.endpoint(&[]).await;
        let one = world.accept(&device, "budi", "1").await;
        let two = world.accept(&device, "budi", "2").await;
        let three = world.accept(&device, "budi", "3").await;
        for send in [&one, &two] {
            assert_eq!(world.store.cancel(&world.workspace, &send.job, world.now()).await.unwrap(), Change::Done);
            let shown = world.job(&send.job).await;
            assert_eq!((shown.state, shown.message.state), (JobState::Cancelled, MessageState::Cancelled));
        }
        let again = world.store.cancel(&world.workspace, &one.job, world.now()).await.unwrap();
        assert_eq!(again, Change::NotNow(MessageState::Cancelled));
        let job = world.claim_one(&device).await;
        assert_eq!(job.job, three.job, "the lane goes on");
        let late = world.store.cancel(&world.workspace, &three.job, world.now()).await.unwrap();
        assert_eq!(late, Change::NotNow(MessageState::Sending));
        let nothing = world.ids.make(world.now());
        assert_eq!(world.store.cancel(&world.workspace, &nothing, world.now()).await.unwrap(), Change::NotFound);
        assert!(world.events().await.is_empty(), "no event tells of it");
    }

    async fn what_may_have_been_sent_cannot_be_taken_back(world: &World) {
        let device = world.device().await;
        for (chat, class) in [("budi", AttemptOutcome::Unknown), ("siti", AttemptOutcome::PartlySent)] {
            let send = world.accept(&device, chat, "1").await;
            assert!(!world.store.may_have_been_sent(&send.job).await.unwrap());
            let later = world.now() + SECOND;
            let ambiguous = Outcome::Again { run_at: later, counts: true, class, detail: "cut".into() };
            world.settle(&world.claim_one(&device).await, ambiguous).await;
            assert!(world.store.may_have_been_sent(&send.job).await.unwrap());
            let refused = world.store.cancel(&world.workspace, &send.job, world.now()).await.unwrap();
            assert_eq!(refused, Change::NotNow(MessageState::Queued));
            assert_eq!(world.state(&send.job).await, MessageState::Queued);
        }
    }

    async fn a_failed_message_gets_another_round(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        world.settle(&world.claim_one(&device).await, again(world.now())).await;
        world.settle(&world.claim_one(&device).await, unknown()).await;
        world.accept(&device, "budi", "2").await;
        world.accept(&device, "budi", "3").await;
        let two = world.claim_one(&device).await;
        let expires = world.now() + Duration::from_hours(48);
        let retried = world.store.retry(&world.workspace, &send.job, world.now(), expires).await.unwrap();
        assert_eq!(retried, Change::Done);
        let shown = world.job(&send.job).await;
        assert_eq!((shown.state, shown.message.state, shown.attempts), (JobState::Ready, MessageState::Queued, 0));
        assert_eq!((shown.expires_at, shown.message.error, shown.history.len()), (expires, None, 2));
        assert!(world.claim(&device).await.is_empty(), "its lane is busy");
        world.sent(&two).await;
        let one = world.claim_one(&device).await;
        assert_eq!((&one.job, one.attempt, one.crashes), (&send.job, 1, 1), "it keeps its place before 3");
        world.sent(&one).await;
        let late = world.store.retry(&world.workspace, &send.job, world.now(), expires).await.unwrap();
        assert_eq!(late, Change::NotNow(MessageState::Sent));
    }

    async fn a_retry_in_an_idle_lane_can_be_claimed_at_once(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        world.settle(&world.claim_one(&device).await, unknown()).await;
        world.store.retry(&world.workspace, &send.job, world.now(), world.now() + LEASE).await.unwrap();
        assert_eq!(world.claim_one(&device).await.job, send.job);
    }

    async fn a_person_resolves_an_unknown_outcome(world: &World) {
        let device = world.device().await;
        world.endpoint(&["message.sent", "message.failed"]).await;
        for (is_sent, state, job_state, error) in [
            (true, MessageState::Sent, JobState::Done, None),
            (false, MessageState::Failed, JobState::Dead, Some((FailureCode::ResolvedAsFailed, None))),
        ] {
            let send = world.accept(&device, "budi", "1").await;
            let early = world.store.resolve(&world.workspace, &send.job, is_sent, world.now()).await.unwrap();
            assert_eq!(early, Change::NotNow(MessageState::Queued));
            world.settle(&world.claim_one(&device).await, unknown()).await;
            let done = world.store.resolve(&world.workspace, &send.job, is_sent, world.now()).await.unwrap();
            assert_eq!(done, Change::Done);
            let shown = world.job(&send.job).await;
            assert_eq!((shown.state, shown.message.state, shown.message.error), (job_state, state, error));
            let again = world.store.resolve(&world.workspace, &send.job, is_sent, world.now()).await.unwrap();
            assert_eq!(again, Change::NotNow(state));
        }
        assert_eq!(world.events().await.len(), 2);
    }

    async fn what_nobody_sent_in_time_fails_as_expired(world: &World) {
        let device = world.device().await;
        world.endpoint(&[]).await;
        let mut sends = Vec::new();
        for n in 0..5 {
            sends.push(world.accept(&device, "budi", &n.to_string()).await);
            world.pass(SECOND);
        }
        let running = world.claim_one(&device).await;
        world.pass(Duration::from_secs(24 * 3600 - 3));
        assert_eq!(world.store.expire(world.now(), 100).await.unwrap(), 2, "1 and 2: 0 is running");
        assert_eq!(world.store.expire(world.now(), 100).await.unwrap(), 0);
        for send in &sends[1..3] {
            let shown = world.job(&send.job).await;
            assert_eq!((shown.state, shown.message.state), (JobState::Dead, MessageState::Failed));
            assert_eq!(shown.message.error, Some((FailureCode::Expired, None)));
        }
        world.sent(&running).await;
        assert_eq!(world.claim_one(&device).await.job, sends[3].job);
        let told: Vec<_> = world.events().await.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(told, ["message.failed", "message.failed", "message.sent"]);
    }

    async fn a_claim_hands_out_nothing_that_is_past_its_expiry(world: &World) {
        let device = world.device().await;
        let old = world.accept(&device, "budi", "1").await;
        world.accept(&device, "budi", "2").await;
        world.pass(Duration::from_hours(24));
        let fresh = world.accept(&device, "budi", "3").await;
        assert_eq!(world.claim_one(&device).await.job, fresh.job);
        assert_eq!(world.job(&old.job).await.message.error, Some((FailureCode::Expired, None)));
    }

    async fn expiry_goes_in_batches(world: &World) {
        let device = world.device().await;
        for n in 0..10 {
            world.accept(&device, &format!("chat{}", n % 2), "halo").await;
        }
        world.pass(Duration::from_hours(24));
        for expected in [4, 4, 2, 0] {
            assert_eq!(world.store.expire(world.now(), 4).await.unwrap(), expected);
        }
    }

    async fn removing_a_device_fails_what_waits_and_keeps_what_was_said(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let done = world.accept(&device, "budi", "0").await;
        world.sent(&world.claim_one(&device).await).await;
        let running = world.accept(&device, "budi", "1").await;
        let job = world.claim_one(&device).await;
        let waiting = world.accept(&device, "budi", "2").await;
        let other = world.accept(&device, "ani", "3").await;
        assert!(world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap());

        assert!(world.store.device(&world.workspace, &device).await.unwrap().is_none());
        assert!(world.store.devices(&world.workspace).await.unwrap().is_empty());
        assert_eq!(world.state(&done.job).await, MessageState::Sent);
        for send in [&waiting, &other] {
            let shown = world.job(&send.job).await;
            assert_eq!((shown.state, shown.message.state), (JobState::Dead, MessageState::Failed));
            assert_eq!(shown.message.error, Some((FailureCode::DeviceRemoved, None)));
        }
        assert_eq!(world.state(&running.job).await, MessageState::Unknown, "it may have been sent");
        assert!(matches!(world.store.settle(world.settlement(&job, sent(&job.message))).await, Err(StoreError::LeaseLost)));
        assert!(matches!(world.store.save_state(&device, lease, vec![]).await, Err(StoreError::LeaseLost)));
        assert!(world.lease(&device, NODE).await.is_none());
        assert_eq!(world.store.queue_figures().await.unwrap().open, 0);

        let retry = world.store.retry(&world.workspace, &waiting.job, world.now(), world.now() + LEASE).await.unwrap();
        assert_eq!(retry, Change::NotNow(MessageState::Failed), "nobody would send it");
        assert!(!world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap());
    }

    async fn removing_a_device_with_many_waiting_jobs_closes_them_all(world: &World) {
        let device = world.device().await;
        let sends = (0..450).map(|n| world.store.accept(world.send(&device, &format!("chat{}", n % 2), "halo")));
        futures::future::join_all(sends).await;
        world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap();
        let figures = world.store.queue_figures().await.unwrap();
        assert_eq!((figures.open, figures.dead), (0, 450));
    }

    async fn a_removal_that_was_cut_short_is_finished_by_expiry(world: &World) {
        let device = world.device().await;
        let send = world.accept(&device, "budi", "1").await;
        world.accept(&device, "budi", "2").await;
        world.raw("UPDATE devices SET removed_at = 1").await;
        while world.store.expire(world.now(), 10).await.unwrap() > 0 {}
        assert_eq!(world.job(&send.job).await.message.error, Some((FailureCode::DeviceRemoved, None)));
        assert_eq!(world.store.queue_figures().await.unwrap().open, 0);
    }
}
