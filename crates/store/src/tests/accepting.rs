//! Accepting sends, idempotency.

use std::time::Duration;

use cetar_model::Content;
use futures::future::join_all;

use super::world::{Kind, World, on_both_engines, sealer};
use crate::{Accepted, NewSend, Options, SentRequest, Store, StoreError};

fn replayed(send: &NewSend) -> Accepted {
    Accepted::Replayed { job: send.job.clone(), message: send.message.clone() }
}

on_both_engines! {
    async fn the_request_of_a_message_is_kept_sealed_and_goes_with_it(world: &World) {
        let device = world.device().await;
        let body = r#"{"to":"6281234567890", "kunci": "rahasia"}"#;
        let request = Some(SentRequest::of("/v1/messages", body));
        let send = NewSend { request: request.clone(), ..world.send(&device, "6281234567890", "halo") };
        let without = world.send(&device, "6281234567890", "lagi");
        for send in [&send, &without] {
            assert_eq!(world.store.accept(send.clone()).await.unwrap(), Accepted::New);
        }
        let kept = async |message| world.store.message_rest(&world.workspace, message).await.unwrap().unwrap().request;
        assert_eq!((kept(&send.message).await, kept(&without.message).await), (request, None));
        assert_eq!(world.store.message_rest(&world.ids.make(world.now()), &send.message).await.unwrap(), None);
        let plain = match world.kind {
            Kind::Sqlite => "SELECT COUNT(*) FROM messages WHERE instr(CAST(request_body AS TEXT), 'rahasia') > 0",
            Kind::Postgres => "SELECT COUNT(*) FROM messages WHERE position('rahasia'::bytea IN request_body) > 0",
        };
        assert_eq!(world.number(plain).await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM messages WHERE request_body IS NOT NULL").await, 1);
    }

    async fn the_same_key_and_request_answer_the_job_of_then(world: &World) {
        let device = world.device().await;
        let first = world.keyed(&device, "budi", "halo", "k1");
        assert_eq!(world.store.accept(first.clone()).await.unwrap(), Accepted::New);
        for _ in 0..2 {
            let again = world.keyed(&device, "budi", "halo", "k1");
            assert_eq!(world.store.accept(again.clone()).await.unwrap(), replayed(&first));
            assert!(world.store.job(&world.workspace, &again.job).await.unwrap().is_none());
        }
        assert_eq!(world.store.queue_figures().await.unwrap().open, 1);
    }

    async fn what_was_asked_before_can_be_looked_up_while_it_holds(world: &World) {
        let device = world.device().await;
        let first = world.keyed(&device, "budi", "halo", "k1");
        let asked = async |text: &str| {
            let asked = world.keyed(&device, "budi", text, "k1").idempotency.unwrap();
            world.store.asked_before(&asked, world.now()).await.unwrap()
        };
        assert_eq!(asked("halo").await, None);
        world.store.accept(first.clone()).await.unwrap();
        assert_eq!(asked("halo").await, Some(replayed(&first)));
        assert_eq!(asked("apa kabar").await, Some(Accepted::KeyReused));
        world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap();
        assert_eq!(asked("halo").await, Some(replayed(&first)), "whatever has become of the device");
        world.pass(Duration::from_hours(24));
        assert_eq!(asked("halo").await, None);
    }

    async fn the_same_key_with_another_request_is_refused(world: &World) {
        let device = world.device().await;
        world.store.accept(world.keyed(&device, "budi", "halo", "k1")).await.unwrap();
        let other = world.keyed(&device, "budi", "apa kabar", "k1");
        assert_eq!(world.store.accept(other).await.unwrap(), Accepted::KeyReused);
        assert_eq!(world.store.queue_figures().await.unwrap().open, 1);
    }

    async fn keys_of_different_scopes_are_different(world: &World) {
        let device = world.device().await;
        world.store.accept(world.keyed(&device, "budi", "halo", "k1")).await.unwrap();
        let mut other = world.keyed(&device, "budi", "halo", "k1");
        other.idempotency.as_mut().unwrap().scope = "key_2 /v1/messages".into();
        assert_eq!(world.store.accept(other).await.unwrap(), Accepted::New);
    }

    async fn a_key_whose_time_is_over_may_be_used_afresh(world: &World) {
        let device = world.device().await;
        world.store.accept(world.keyed(&device, "budi", "halo", "k1")).await.unwrap();
        world.pass(Duration::from_hours(24));
        let second = world.keyed(&device, "budi", "apa kabar", "k1");
        assert_eq!(world.store.accept(second.clone()).await.unwrap(), Accepted::New);
        let third = world.keyed(&device, "budi", "apa kabar", "k1");
        assert_eq!(world.store.accept(third).await.unwrap(), replayed(&second));
    }

    async fn equal_keys_at_the_same_time_make_one_message(world: &World) {
        let device = world.device().await;
        for round in 0..20 {
            let key = format!("k{round}");
            let sends: Vec<_> = (0..16).map(|_| world.keyed(&device, "budi", "halo", &key)).collect();
            let answers = join_all(sends.iter().map(|send| world.store.accept(send.clone()))).await;
            let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
            let new: Vec<_> =
                sends.iter().zip(&answers).filter(|(_, answer)| **answer == Accepted::New).collect();
            assert_eq!(new.len(), 1, "{answers:?}");
            let expected = replayed(new[0].0);
            assert!(answers.iter().all(|answer| *answer == Accepted::New || *answer == expected), "{answers:?}");
        }
        assert_eq!(world.store.queue_figures().await.unwrap().open, 20);
    }

    async fn equal_keys_with_different_requests_at_the_same_time_make_one_message(world: &World) {
        let device = world.device().await;
        let sends = (0..16).map(|n| world.store.accept(world.keyed(&device, "budi", &n.to_string(), "k1")));
        let answers: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| **answer == Accepted::New).count(), 1);
        assert_eq!(answers.iter().filter(|answer| **answer == Accepted::KeyReused).count(), 15);
    }

    /// One store has two writers on PostgreSQL; two stores are two nodes.
    async fn equal_keys_on_two_nodes_make_one_message(world: &World) {
        // SQLite has one node.
        let other = match world.kind {
            Kind::Sqlite => world.store.clone(),
            Kind::Postgres => {
                let options = Options { url: world.url.clone(), sealer: sealer(1), ids: world.ids.clone() };
                Store::open(options).await.unwrap()
            }
        };
        let device = world.device().await;
        for round in 0..20 {
            // In opposite orders, so that a lock taken in the order of arrival would be waited for in a circle.
            let keys: Vec<_> = (0..8).map(|n| format!("k{round}-{n}")).collect();
            let here = keys.iter().map(|key| world.store.accept(world.keyed(&device, key, "halo", key)));
            let there = keys.iter().rev().map(|key| other.accept(world.keyed(&device, key, "halo", key)));
            let (here, there) = futures::join!(join_all(here), join_all(there));
            let new = here.into_iter().chain(there).filter(|answer| *answer.as_ref().unwrap() == Accepted::New);
            assert_eq!(new.count(), keys.len());
        }
        if world.kind == Kind::Postgres {
            other.close().await;
        }
    }

    async fn a_send_for_a_removed_device_is_refused(world: &World) {
        let (gone, there) = (world.device().await, world.device().await);
        assert!(world.store.remove_device(&world.workspace, &gone, world.now()).await.unwrap());
        let sends = [world.keyed(&gone, "budi", "halo", "k1"), world.keyed(&there, "budi", "halo", "k1")];
        let answers = join_all(sends.iter().map(|send| world.store.accept(send.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [Accepted::DeviceGone, Accepted::New], "and its key stays free");
        let never = world.ids.make(world.now());
        assert_eq!(world.store.accept(world.send(&never, "budi", "halo")).await.unwrap(), Accepted::DeviceGone);
    }

    async fn one_bad_send_does_not_fail_its_neighbours(world: &World) {
        let device = world.device().await;
        let taken = world.accept(&device, "budi", "first").await;
        let mut sends: Vec<_> = (0..40).map(|n| world.send(&device, &format!("chat{}", n % 5), "halo")).collect();
        sends[17].job = taken.job.clone();
        sends[23].message = taken.message.clone();
        let answers = join_all(sends.iter().map(|send| world.store.accept(send.clone()))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            match (n, answer) {
                (17 | 23, answer) => assert!(matches!(answer, Err(StoreError::Conflict)), "{answer:?}"),
                (_, answer) => assert_eq!(answer.unwrap(), Accepted::New),
            }
        }
        assert_eq!(world.store.queue_figures().await.unwrap().open, 39);
        assert_eq!(world.claim(&device).await.len(), 6, "every lane has its head");
    }

    async fn sends_of_one_chat_keep_the_order_in_which_they_were_accepted(world: &World) {
        let device = world.device().await;
        for n in 0..50 {
            world.accept(&device, "budi", &n.to_string()).await;
        }
        for n in 0..50 {
            let job = world.claim_one(&device).await;
            assert_eq!(job.content.text().unwrap(), n.to_string());
            world.sent(&job).await;
        }
    }

    async fn a_conversation_counts_its_messages_from_one(world: &World) {
        let (device, lease) = world.leased().await;
        let sends = (0..10).map(|n| world.store.accept(world.send(&device, "budi", &n.to_string())));
        join_all(sends).await;
        world.store.take_in(world.inbound(&device, lease, "budi", "halo")).await.unwrap();
        world.accept(&device, "budi", "11").await;
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts").await, 1);
        assert_eq!(world.number("SELECT COUNT(DISTINCT sequence) FROM messages").await, 12);
        assert_eq!(world.number("SELECT MIN(sequence) FROM messages").await, 1);
        assert_eq!(world.number("SELECT MAX(sequence) FROM messages").await, 12);
        assert_eq!(world.number("SELECT sequence FROM messages WHERE direction = 'in'").await, 11);
    }

    async fn any_text_a_client_may_send_is_stored_as_it_is(world: &World) {
        let device = world.device().await;
        let text = "\0 nul, 😀, \u{202e}, ' \" \\ -- ; $1 ? é\u{301}\n";
        let mut send = world.send(&device, "budi", text);
        send.client_ref = Some("ref 😀 '".into());
        world.store.accept(send.clone()).await.unwrap();
        let shown = world.job(&send.job).await.message;
        assert_eq!(shown.content, Content::Text { text: text.into() });
        assert_eq!(shown.client_ref, send.client_ref);
        assert_eq!(world.claim_one(&device).await.content.text(), Some(text));
    }
}
