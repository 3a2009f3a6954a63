//! What comes in, and aliases.

use std::time::Duration;

use cetar_model::{Chat, Content, ContentKind, DeviceId, EventData, EventType, FailureCode, ReceivedData};

use super::world::{NODE, World, on_both_engines};
use crate::{DeviceLease, NewInbound, NewReach, Outcome, StoreError};

async fn received(world: &World) -> Vec<(EventType, ReceivedData)> {
    let events = world.events().await;
    let data = events.into_iter().map(|event| match event.data {
        EventData::Received(data) => (event.event, *data),
        _ => panic!("{:?}", event.event),
    });
    data.collect()
}

fn repeat(of: &NewInbound, world: &World) -> NewInbound {
    let fresh = world.inbound(&of.device, of.lease.unwrap(), of.from.as_str(), "");
    NewInbound { message: fresh.message, event: fresh.event, ..of.clone() }
}

async fn resolve(world: &World, device: &DeviceId, lease: DeviceLease) {
    let (alias, number) = (Chat::new("123@lid"), Chat::new("6281234567890"));
    world.store.resolve_alias(device, lease, &alias, &number, world.now()).await.unwrap();
}

on_both_engines! {
    async fn a_message_is_taken_in_once(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = world.inbound(&device, lease, "6281234567890", "Halo");
        assert!(world.store.take_in(inbound.clone()).await.unwrap());
        for _ in 0..2 {
            assert!(!world.store.take_in(repeat(&inbound, world)).await.unwrap());
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
        assert_eq!(world.number("SELECT last_sequence FROM conversations").await, 1);
        let (event, data) = received(world).await.pop().unwrap();
        assert_eq!((event, data.message_id), (EventType::MessageReceived, inbound.message));
        assert_eq!((data.from.as_str(), data.sender_name.as_deref()), ("6281234567890", Some("Budi")));
        assert_eq!((data.kind, data.text.as_deref(), data.sequence), (ContentKind::Text, Some("Halo"), 1));
        assert_eq!((data.timestamp, data.to, data.from_lid, data.group_id), (inbound.sent_at.as_secs(), None, false, None));
    }

    async fn repeats_at_the_same_time_are_taken_in_once(world: &World) {
        let (device, lease) = world.leased().await;
        let inbound = world.inbound(&device, lease, "6281234567890", "Halo");
        let repeats = (0..8).map(|_| world.store.take_in(repeat(&inbound, world)));
        let answers = futures::future::join_all(repeats).await;
        assert_eq!(answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn the_same_id_in_another_chat_is_another_message(world: &World) {
        let (device, lease) = world.leased().await;
        let one = world.inbound(&device, lease, "6281234567890", "Halo");
        let other = NewInbound { remote_id: one.remote_id.clone(), ..world.inbound(&device, lease, "6289", "Halo") };
        assert!(world.store.take_in(one).await.unwrap());
        assert!(world.store.take_in(other).await.unwrap());
    }

    async fn nothing_is_taken_in_under_an_old_lease(world: &World) {
        let (device, lease) = world.leased().await;
        let newer = world.lease(&device, NODE).await.unwrap();
        let late = world.inbound(&device, lease, "6281234567890", "Halo");
        assert!(matches!(world.store.take_in(late.clone()).await, Err(StoreError::LeaseLost)));
        assert!(world.store.take_in(NewInbound { lease: Some(newer), ..late }).await.unwrap(), "and it is no repeat");
        world.store.release_device(&device, newer).await.unwrap();
        let after = world.inbound(&device, newer, "6281234567890", "Halo");
        assert!(matches!(world.store.take_in(after).await, Err(StoreError::LeaseLost)), "given up is given up");
    }

    async fn the_name_of_a_contact_is_kept_fresh(world: &World) {
        let (device, lease) = world.leased().await;
        for (name, expected) in [(Some("Budi"), 4), (Some("Budi\0 Santoso"), 12), (None, 12)] {
            let inbound = NewInbound {
                sender_name: name.map(str::to_owned),
                ..world.inbound(&device, lease, "6281234567890", "Halo")
            };
            world.store.take_in(inbound).await.unwrap();
            assert_eq!(world.number("SELECT CAST(LENGTH(name) AS BIGINT) FROM contacts").await, expected);
        }
    }

    async fn a_group_message_names_the_person_and_the_group(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = NewInbound {
            chat: Chat::new("1203@g.us"),
            group: true,
            from: Chat::new("99@lid"),
            from_alias: true,
            ..world.inbound(&device, lease, "", "Halo semua")
        };
        world.store.take_in(inbound).await.unwrap();
        let (_, data) = received(world).await.pop().unwrap();
        assert_eq!((data.from.as_str(), data.from_lid, data.group_id.as_deref()), ("99@lid", true, Some("1203@g.us")));
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE is_alias AND address = '99@lid'").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations WHERE is_group AND chat = '1203@g.us'").await, 1);
    }

    async fn who_blocks_the_account_is_marked_until_they_take_it_back(world: &World) {
        let (device, lease) = world.leased().await;
        let chat = Chat::new("6281234567890");
        world.store.take_in(world.inbound(&device, lease, chat.as_str(), "Halo")).await.unwrap();
        let marked = "SELECT COUNT(*) FROM conversations WHERE chat = '6281234567890' AND unreachable_since IS NOT NULL";
        let news = |remote_id: &str, reachable| NewReach {
            device: device.clone(),
            lease,
            remote_id: remote_id.to_owned(),
            chat: chat.clone(),
            reachable,
            at: world.now(),
            now: world.now(),
        };
        world.endpoint(&["contact.*"]).await;
        // Each twice, as a network tells what was not confirmed; the last pair is what was told first, told again too late.
        for (remote_id, reachable, is_news, expected) in [
            ("u1", false, true, 1),
            ("u1", false, false, 1),
            ("u2", true, true, 0),
            ("u2", true, false, 0),
            ("u1", false, false, 0),
            ("u3", true, false, 0),
            ("u4", false, true, 1),
        ] {
            world.pass(Duration::from_secs(1));
            assert_eq!(world.store.note_reach(news(remote_id, reachable)).await.unwrap(), is_news, "{remote_id}");
            assert_eq!(world.number(marked).await, expected);
        }
        let told = world.events().await.into_iter().map(|event| match event.data {
            EventData::Contact(contact) => (event.event.as_str(), contact.to, contact.group),
            _ => panic!("{:?}", event.event),
        });
        let expected = ["contact.blocked", "contact.unblocked", "contact.blocked"];
        assert_eq!(told.collect::<Vec<_>>(), expected.map(|event| (event, chat.to_string(), false)));
        world.store.release_device(&device, lease).await.unwrap();
        assert!(matches!(world.store.note_reach(news("u5", true)).await, Err(StoreError::LeaseLost)));
        assert_eq!(world.number(marked).await, 1);
    }

    async fn an_attempt_and_a_message_show_who_wants_messages_too(world: &World) {
        let (device, lease) = world.leased().await;
        let blocked = "SELECT COUNT(*) FROM conversations WHERE unreachable_since IS NOT NULL";
        let refused = || Outcome::Failed { code: FailureCode::RecipientBlocked, provider_code: Some("403".into()), detail: None };
        let expect = async |outcome, expected| {
            world.pass(Duration::from_secs(1));
            world.accept(&device, "111", "Halo").await;
            let job = world.claim_one(&device).await;
            world.settle(&job, outcome).await;
            assert_eq!(world.number(blocked).await, expected);
        };
        world.endpoint(&["contact.*"]).await;
        expect(refused(), 1).await;
        expect(refused(), 1).await;
        expect(Outcome::Sent { remote_id: "111/7".into() }, 0).await;
        expect(refused(), 1).await;
        // An echo shows nothing; what they write does.
        let echo = NewInbound { echo: true, ..world.inbound(&device, lease, "111", "Kami") };
        world.store.take_in(echo).await.unwrap();
        assert_eq!(world.number(blocked).await, 1);
        world.pass(Duration::from_secs(1));
        world.store.take_in(world.inbound(&device, lease, "111", "Halo lagi")).await.unwrap();
        assert_eq!(world.number(blocked).await, 0);
        let told: Vec<_> = world.events().await.into_iter().map(|event| event.event.as_str()).collect();
        assert_eq!(told, ["contact.blocked", "contact.unblocked", "contact.blocked", "contact.unblocked"]);
    }

    async fn what_the_owner_typed_on_the_phone_is_an_echo(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["message.echo"]).await;
        let inbound = NewInbound {
            from: Chat::new("6281100000000"),
            echo: true,
            sender_name: Some("Toko".into()),
            ..world.inbound(&device, lease, "6281234567890", "Sebentar ya")
        };
        assert!(world.store.take_in(inbound).await.unwrap());
        let (event, data) = received(world).await.pop().unwrap();
        assert_eq!((event, data.from.as_str(), data.to.as_deref()), (EventType::MessageEcho, "6281100000000", Some("6281234567890")));
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE address = '6281234567890' AND name IS NULL").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts").await, 1);
    }

    async fn our_own_message_is_no_echo(world: &World) {
        let (device, lease) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "halo").await;
        let inbound = NewInbound {
            remote_id: send.remote_id.unwrap(),
            from: Chat::new("6281100000000"),
            echo: true,
            ..world.inbound(&device, lease, "6281234567890", "halo")
        };
        assert!(!world.store.take_in(inbound).await.unwrap());
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn what_we_do_not_understand_is_kept_with_its_bytes(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = NewInbound {
            content: Content::Unsupported { kind: "poll".into() },
            raw: Some(b"\x00\xff".as_slice().into()),
            ..world.inbound(&device, lease, "6281234567890", "")
        };
        world.store.take_in(inbound).await.unwrap();
        let (_, data) = received(world).await.pop().unwrap();
        assert_eq!((data.kind, data.kind_name.as_deref(), data.text), (ContentKind::Unsupported, Some("poll"), None));
        assert_eq!(world.number("SELECT COUNT(*) FROM messages WHERE LENGTH(raw) = 2").await, 1);
    }

    async fn an_alias_that_is_resolved_becomes_the_number(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = NewInbound { from_alias: true, ..world.inbound(&device, lease, "123@lid", "Halo") };
        world.store.take_in(inbound.clone()).await.unwrap();
        world.accept(&device, "123@lid", "Halo juga").await;
        resolve(world, &device, lease).await;
        resolve(world, &device, lease).await;
        let events = world.events().await;
        let resolved = events.iter().filter_map(|event| match &event.data {
            EventData::Resolved(data) => Some((event.event.as_str(), data.lid.as_str(), data.phone.as_str())),
            _ => None,
        });
        let resolved: Vec<_> = resolved.collect();
        assert_eq!(resolved, [("contact.resolved", "123@lid", "6281234567890")], "told once");
        assert_eq!(world.claim_one(&device).await.to.as_str(), "6281234567890");
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE address = '6281234567890' AND NOT is_alias").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM messages WHERE sender = '6281234567890' AND NOT sender_is_alias").await, 1);
        let repeated = NewInbound { chat: Chat::new("6281234567890"), ..repeat(&inbound, world) };
        assert!(!world.store.take_in(repeated).await.unwrap(), "it is known under the number too");
    }

    async fn an_alias_of_a_known_number_is_merged_into_it(world: &World) {
        let (device, lease) = world.leased().await;
        world.accept(&device, "6281234567890", "1").await;
        world.accept(&device, "6281234567890", "2").await;
        let named = world.inbound(&device, lease, "6281234567890", "Halo");
        world.store.take_in(NewInbound { sender_name: None, ..named }).await.unwrap();
        let inbound = NewInbound { from_alias: true, ..world.inbound(&device, lease, "123@lid", "Halo") };
        world.store.take_in(inbound).await.unwrap();
        world.accept(&device, "123@lid", "3").await;
        world.accept(&device, "123@lid", "4").await;
        resolve(world, &device, lease).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(world.number("SELECT last_sequence FROM conversations").await, 6);
        assert_eq!(world.number("SELECT COUNT(DISTINCT sequence) FROM messages").await, 6);
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE name = 'Budi'").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts").await, 1);
        for text in ["1", "2", "3", "4"] {
            let job = world.claim_one(&device).await;
            assert_eq!((job.content.text(), job.to.as_str()), (Some(text), "6281234567890"));
            world.sent(&job).await;
        }
    }

    /// Running in both lanes, in one of them, in none: the merged lane always goes on.
    async fn merged_lanes_go_on_whatever_was_running_in_them(world: &World) {
        for (number_runs, alias_runs) in [(false, false), (true, false), (false, true), (true, true)] {
            let (device, lease) = world.leased().await;
            let mut running = Vec::new();
            let mut lanes = [("6281234567890", number_runs), ("123@lid", alias_runs)];
            lanes.sort_by_key(|(_, runs)| !runs);
            for (chat, runs) in lanes {
                world.accept(&device, chat, "1").await;
                if runs {
                    running.push(world.claim_one(&device).await);
                }
                world.accept(&device, chat, "2").await;
            }
            resolve(world, &device, lease).await;
            for (n, job) in running.iter().enumerate() {
                // One comes back, one does not.
                let outcome = if n == 0 { super::world::again(world.now()) } else { super::world::sent(&job.message) };
                world.settle(job, outcome).await;
            }
            world.pass(Duration::from_secs(1));
            let mut left = 4 - running.len().saturating_sub(1);
            while left > 0 {
                let job = world.claim_one(&device).await;
                world.sent(&job).await;
                left -= 1;
            }
            assert!(world.claim(&device).await.is_empty());
        }
        assert_eq!(world.store.queue_figures().await.unwrap().open, 0);
    }
}
