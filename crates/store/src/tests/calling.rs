//! What a network tells by calling us.

use std::time::Duration;

use bytes::Bytes;
use cetar_model::{
    Chat, DeviceId, EventData, EventType, FailureCode, JobState, KnownTemplate, MessageId, MessageState,
    Moved, OfPart, Receipt, TemplateChange, TemplateNews,
};

use super::world::{World, again, on_both_engines};
use crate::{NewCallback, NewForwarded, NewInbound, NewStatus, Outcome, StateChange};

fn callback(world: &World, device: &DeviceId) -> NewCallback {
    NewCallback {
        device: device.clone(),
        forwarded: None,
        messages: Vec::new(),
        statuses: Vec::new(),
        watermarks: Vec::new(),
        aliases: Vec::new(),
        moves: Vec::new(),
        templates: Vec::new(),
        now: world.now(),
    }
}

fn forwarded(body: &str) -> NewForwarded {
    let (body, fingerprint) = (body.to_owned(), format!("hash of {body}"));
    NewForwarded { event: EventType::MessageReceived, body, fingerprint }
}

fn status(remote_id: &str, message: Option<&MessageId>, receipt: Receipt, world: &World) -> NewStatus {
    let (remote_id, message) = (remote_id.to_owned(), message.cloned());
    NewStatus { remote_id, message, receipt, part: None, failure: None, at: world.now() }
}

fn part(remote_id: &str) -> OfPart {
    OfPart { remote_id: remote_id.to_owned(), noted_in: "parts" }
}

fn template(name: &str, status: &str) -> KnownTemplate {
    KnownTemplate {
        remote_id: "1".to_owned(),
        status: status.to_owned(),
        ..KnownTemplate::not_found(name, "id")
    }
}

async fn tell(world: &World, device: &DeviceId, news: TemplateNews) {
    let change = TemplateChange { name: "promo".to_owned(), language: "id".to_owned(), news };
    let told = NewCallback { templates: vec![change], ..callback(world, device) };
    world.store.take_callback(told).await.unwrap();
}

on_both_engines! {
    async fn a_body_is_passed_on_once_as_it_came(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let message = NewInbound { lease: None, ..world.inbound(&device, lease, "6281234567890", "Halo") };
        let body = r#"{"object":"x","t":"\u00e4\/"}"#;
        let told = NewCallback { forwarded: Some(forwarded(body)), messages: vec![message.clone()], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told.clone()).await.unwrap().messages, 1);
        let again = world.store.take_callback(told.clone()).await.unwrap();
        assert_eq!(again.messages, 0);
        // In another body the same message is no news either.
        let other = NewCallback { forwarded: Some(forwarded("{}")), ..told };
        assert_eq!(world.store.take_callback(other).await.unwrap().messages, 0);
        let events = world.events().await;
        assert_eq!(events.len(), 1, "no event of the message's own");
        assert!(matches!(&events[0].data, EventData::Forwarded { forwarded } if forwarded == body));
        assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn a_status_that_carries_our_id_settles_what_nobody_knew(world: &World) {
        let (device, _) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        world.raw(&format!("UPDATE messages SET remote_id = '{0}' WHERE id = '{0}'", send.message)).await;
        let job = world.claim_one(&device).await;
        world.settle(&job, Outcome::Unknown { detail: "cut".to_owned() }).await;
        assert_eq!(world.state(&send.job).await, MessageState::Unknown);
        let ours = status("wamid.A=", Some(&send.message), Receipt::Read, world);
        let told = NewCallback { statuses: vec![ours], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 1);
        // Later ones need no id of ours, and nothing moves backwards.
        let late = status("wamid.A=", None, Receipt::Accepted, world);
        let strange = status("wamid.LAIN", None, Receipt::Failed, world);
        let told = NewCallback { statuses: vec![late, strange], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 0);
        let message = world.job(&send.job).await.message;
        assert_eq!((message.state, message.remote_id.as_deref()), (MessageState::Read, Some("wamid.A=")));
    }

    async fn a_status_of_another_device_moves_nothing(world: &World) {
        let (device, _) = world.leased().await;
        let other = world.device().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        let failure = Some((FailureCode::RejectedByNetwork, None));
        let forged = NewStatus { failure, ..status("wamid.A", Some(&send.message), Receipt::Failed, world) };
        let told = NewCallback { statuses: vec![forged], ..callback(world, &other) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 0);
        assert_eq!(world.state(&send.job).await, MessageState::Queued);
    }

    async fn a_message_of_which_one_part_was_refused_has_failed_in_whichever_order_is_told(world: &World) {
        let (device, _) = world.leased().await;
        for (chat, order) in [
            ("6281234567890", [Receipt::Failed, Receipt::Accepted, Receipt::Delivered]),
            ("6281234567891", [Receipt::Accepted, Receipt::Delivered, Receipt::Failed]),
        ] {
            let send = world.accept(&device, chat, "Halo").await;
            world.sent(&world.claim_one(&device).await).await;
            for receipt in order {
                let part = Some(part(&format!("wamid.{chat}")));
                let told = NewStatus { part, ..status("", Some(&send.message), receipt, world) };
                let told = NewCallback { statuses: vec![told], ..callback(world, &device) };
                world.store.take_callback(told).await.unwrap();
            }
            assert_eq!(world.state(&send.job).await, MessageState::Failed, "{order:?}");
            assert_eq!(world.job(&send.job).await.state, JobState::Dead, "{order:?}");
        }
    }

    async fn a_refusal_of_a_part_counts_once_and_what_is_sent_after_it_is_sent_whole(world: &World) {
        let (device, lease) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        let tell = async |remote_id: &str, receipt| {
            let told = NewStatus { part: Some(part(remote_id)), ..status("", Some(&send.message), receipt, world) };
            let told = NewCallback { statuses: vec![told], ..callback(world, &device) };
            world.store.take_callback(told).await.unwrap().moved
        };
        // One part is out, the other waits.
        let claimed = world.claim_one(&device).await;
        let key = Bytes::copy_from_slice(send.message.as_str().as_bytes());
        let noted = vec![StateChange::Put("parts", key.clone(), Bytes::from_static(b"[]"))];
        world.store.save_state(&device, lease, noted).await.unwrap();
        let is_noted = async || world.store.state(&device, "parts", &key).await.unwrap().is_some();
        world.settle(&claimed, again(world.now())).await;
        assert_eq!(tell("wamid.LAIN", Receipt::Accepted).await, 1);
        assert!(is_noted().await);
        assert_eq!(tell("wamid.A", Receipt::Failed).await, 1);
        assert!(!is_noted().await, "another attempt begins with the first part");
        assert_eq!(world.state(&send.job).await, MessageState::Failed);

        let expires = world.now() + Duration::from_hours(1);
        world.store.retry(&world.workspace, &send.job, world.now(), expires).await.unwrap();
        world.sent(&world.claim_one(&device).await).await;
        assert_eq!(tell("wamid.B", Receipt::Delivered).await, 1);
        assert_eq!(tell("wamid.A", Receipt::Failed).await, 0, "told again");
        assert_eq!(world.state(&send.job).await, MessageState::Delivered);
        assert_eq!(tell("wamid.B", Receipt::Failed).await, 1, "no repeat, but another's refusal");
        assert_eq!(world.state(&send.job).await, MessageState::Failed);
    }

    async fn a_watermark_moves_what_was_sent_before_it(world: &World) {
        let (device, _) = world.leased().await;
        let chat = Chat::new("77");
        let one = world.accept(&device, "77", "satu").await;
        world.sent(&world.claim_one(&device).await).await;
        let until = world.now();
        world.pass(Duration::from_secs(5));
        let two = world.accept(&device, "77", "dua").await;
        world.sent(&world.claim_one(&device).await).await;
        let told = NewCallback { watermarks: vec![(chat, Receipt::Read, until)], ..callback(world, &device) };
        assert_eq!(world.store.take_callback(told).await.unwrap().moved, 1);
        assert_eq!(world.state(&one.job).await, MessageState::Read);
        assert_eq!(world.state(&two.job).await, MessageState::Sent);
    }

    async fn a_watermark_that_is_told_late_does_not_reach_what_went_out_after_it(world: &World) {
        let (device, _) = world.leased().await;
        let send = world.accept(&device, "77", "tertahan").await;
        // It could not go out at first.
        let early = world.claim_one(&device).await;
        world.settle(&early, again(world.now())).await;
        world.pass(Duration::from_mins(1));
        let read = world.now();
        world.pass(Duration::from_mins(20));
        world.sent(&world.claim_one(&device).await).await;
        let watermark = |until| NewCallback {
            watermarks: vec![(Chat::new("77"), Receipt::Read, until)],
            ..callback(world, &device)
        };
        assert_eq!(world.store.take_callback(watermark(read)).await.unwrap().moved, 0);
        assert_eq!(world.state(&send.job).await, MessageState::Sent);
        assert_eq!(world.store.take_callback(watermark(world.now())).await.unwrap().moved, 1);
        assert_eq!(world.state(&send.job).await, MessageState::Read);
    }

    async fn whether_somebody_wrote_lately_is_known_once_the_network_has_called(world: &World) {
        let (device, lease) = world.leased().await;
        let (ana, budi, since) = (Chat::new("6289"), Chat::new("6281234567890"), world.now() - Duration::from_hours(24));
        assert_eq!(world.store.wrote_since(&device, &budi, since).await.unwrap(), None);
        let message = NewInbound { lease: None, ..world.inbound(&device, lease, "6281234567890", "Halo") };
        let told = NewCallback { messages: vec![message], ..callback(world, &device) };
        world.store.take_callback(told).await.unwrap();
        assert_eq!(world.store.wrote_since(&device, &budi, since).await.unwrap(), Some(true));
        assert_eq!(world.store.wrote_since(&device, &ana, since).await.unwrap(), Some(false));
        let later = world.now() + Duration::from_secs(1);
        assert_eq!(world.store.wrote_since(&device, &budi, later).await.unwrap(), Some(false));
    }

    async fn what_the_network_tells_of_a_template_stands_against_an_older_answer(world: &World) {
        let device = world.device().await;
        let asked = world.now();
        world.pass(Duration::from_secs(5));
        let put = |status: &str, at| {
            world.store.put_official_templates(&device, None, vec![template("promo", status)], at)
        };
        put("APPROVED", asked - Duration::from_mins(1)).await.unwrap();
        let paused = TemplateNews::Status { status: "PAUSED".to_owned(), reason: Some("ABUSIVE".to_owned()) };
        tell(world, &device, paused).await;
        // The answer was under way before that.
        put("APPROVED", asked).await.unwrap();
        let known = world.store.official_template(&device, "promo", "id").await.unwrap().unwrap().template;
        assert_eq!((known.status.as_str(), known.reason.as_deref()), ("PAUSED", Some("ABUSIVE")));
        world.pass(Duration::from_secs(5));
        put("APPROVED", world.now()).await.unwrap();
        let known = world.store.official_template(&device, "promo", "id").await.unwrap().unwrap().template;
        assert_eq!((known.status.as_str(), known.reason), ("APPROVED", None));
        tell(world, &device, TemplateNews::Category("MARKETING".to_owned())).await;
        let known = world.store.official_template(&device, "promo", "id").await.unwrap().unwrap().template;
        assert_eq!(known.category, "MARKETING");
        tell(world, &device, TemplateNews::Rewritten).await;
        assert!(world.store.official_template(&device, "promo", "id").await.unwrap().is_none());
    }

    async fn templates_that_the_network_no_longer_has_are_forgotten(world: &World) {
        let device = world.device().await;
        let put = |name: Option<&'static str>, templates| {
            world.store.put_official_templates(&device, name, templates, world.now())
        };
        let many: Vec<_> = (0..250).map(|number| template(&format!("t{number:03}"), "APPROVED")).collect();
        put(None, many).await.unwrap();
        world.pass(Duration::from_secs(1));
        put(Some("t001"), vec![KnownTemplate::not_found("t001", "id")]).await.unwrap();
        let page = async |after: &str| {
            let after = (device.as_str(), after, "id");
            let found = world.store.official_templates(&world.workspace, after, 200).await.unwrap();
            found.into_iter().map(|record| record.template.name).collect::<Vec<_>>()
        };
        let (first, rest) = (page("").await, page("t200").await);
        assert_eq!((first.len(), first[0].as_str(), first[1].as_str()), (200, "t000", "t002"));
        assert_eq!((rest.len(), rest[0].as_str()), (49, "t201"));
        world.pass(Duration::from_secs(1));
        put(None, vec![template("t007", "REJECTED")]).await.unwrap();
        assert_eq!(page("").await, ["t007"]);
        assert!(world.store.remove_device(&world.workspace, &device, world.now()).await.unwrap());
        assert!(page("").await.is_empty());
        put(None, vec![template("t008", "APPROVED")]).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM official_templates").await, 0, "an answer that came late");
    }

    async fn somebody_told_of_by_two_addresses_is_one_conversation(world: &World) {
        let (device, lease) = world.leased().await;
        let (user, number) = (Chat::new("ID.22"), Chat::new("6281234567890"));
        let message = |from: &Chat, text: &str| NewInbound {
            lease: None,
            from_alias: *from == user,
            ..world.inbound(&device, lease, from.as_str(), text)
        };
        let take = async |messages: Vec<NewInbound>, aliases: Vec<(Chat, Chat)>| {
            let told = NewCallback { messages, aliases, ..callback(world, &device) };
            world.store.take_callback(told).await.unwrap().messages
        };
        // First only the user id is told, and a send goes there; then both; then only the user id again.
        assert_eq!(take(vec![message(&user, "satu")], Vec::new()).await, 1);
        let send = world.accept(&device, "ID.22", "jawab").await;
        let both = vec![(user.clone(), number.clone())];
        assert_eq!(take(vec![message(&number, "dua")], both.clone()).await, 1);
        assert_eq!(take(vec![message(&user, "tiga")], Vec::new()).await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts").await, 1);
        assert_eq!(world.claim_one(&device).await.to, number, "what waited goes to the number");
        assert_eq!(world.state(&send.job).await, MessageState::Sending);
        // A send to the user id makes a conversation of its own until the next word.
        world.accept(&device, "ID.22", "lagi").await;
        take(Vec::new(), both).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
        let open = |since| world.store.wrote_since(&device, &number, since);
        assert_eq!(open(world.now() - Duration::from_hours(1)).await.unwrap(), Some(true));
    }

    async fn a_read_that_comes_before_sent_stands(world: &World) {
        let (device, _) = world.leased().await;
        let send = world.accept(&device, "6281234567890", "Halo").await;
        let tell = async |receipt| {
            let status = status("wamid.A", Some(&send.message), receipt, world);
            let told = NewCallback { statuses: vec![status], ..callback(world, &device) };
            world.store.take_callback(told).await.unwrap().moved
        };
        assert_eq!(tell(Receipt::Read).await, 1);
        assert_eq!((tell(Receipt::Delivered).await, tell(Receipt::Accepted).await), (0, 0));
        assert_eq!(world.state(&send.job).await, MessageState::Read);
    }

    async fn the_conversation_follows_somebody_who_has_another_number(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["contact.resolved"]).await;
        let (old, new) = (Chat::new("628111000222"), Chat::new("628999000111"));
        let (old_user, new_user) = (Chat::new("ID.1"), Chat::new("ID.2"));
        let message = |from: &Chat, text: &str| NewInbound {
            lease: None,
            from_alias: from.as_str().starts_with("ID."),
            ..world.inbound(&device, lease, from.as_str(), text)
        };
        let take = async |told: NewCallback| world.store.take_callback(told).await.unwrap().messages;
        let empty = || callback(world, &device);
        let first = message(&old, "satu");
        let aliases = vec![(old_user.clone(), old.clone())];
        assert_eq!(take(NewCallback { messages: vec![first.clone()], aliases, ..empty() }).await, 1);
        let send = world.accept(&device, old.as_str(), "jawab").await;
        let moved = Moved {
            remote_id: "wamid.S".to_owned(),
            from: vec![old.clone(), old_user.clone()],
            to: new.clone(),
            to_alias: false,
            alias: Some(new_user.clone()),
        };
        let news = NewCallback { moves: vec![moved], ..empty() };
        take(news.clone()).await;
        assert_eq!(world.claim_one(&device).await.to, new, "what waited goes to the new number");
        assert_eq!(world.state(&send.job).await, MessageState::Sending);
        // From the new number, from the new user id alone, and once more what was told of the old one.
        let later = vec![message(&new, "dua"), message(&new_user, "tiga"), first];
        assert_eq!(take(NewCallback { messages: later, ..empty() }).await, 2);
        for table in ["conversations", "contacts"] {
            assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM messages WHERE sender_is_alias OR sender = '628111000222'").await, 0);
        let resolved: Vec<_> = world.events().await.into_iter().filter_map(|event| match event.data {
            EventData::Resolved(data) => Some((data.lid, data.phone)),
            _ => None,
        }).collect();
        assert_eq!(resolved, [(old.to_string(), new.to_string())]);
        // The old number is somebody else's by now; the news, told again, does not take their words to the new one.
        assert_eq!(take(NewCallback { messages: vec![message(&old, "siapa ini?")], ..empty() }).await, 1);
        take(news).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 2);
    }

    async fn somebody_whose_new_number_is_hidden_is_found_by_the_new_user_id(world: &World) {
        let (device, lease) = world.leased().await;
        let number = Chat::new("628111000222");
        let (old_user, new_user) = (Chat::new("ID.1"), Chat::new("ID.2"));
        let first = NewInbound { lease: None, ..world.inbound(&device, lease, number.as_str(), "satu") };
        let aliases = vec![(old_user.clone(), number)];
        world.store.take_callback(NewCallback { messages: vec![first], aliases, ..callback(world, &device) }).await.unwrap();
        let moved = Moved {
            remote_id: "wamid.S".to_owned(),
            from: vec![old_user],
            to: new_user.clone(),
            to_alias: true,
            alias: None,
        };
        let hidden = NewInbound { lease: None, from_alias: true, ..world.inbound(&device, lease, "ID.2", "dua") };
        let told = NewCallback { moves: vec![moved], messages: vec![hidden], ..callback(world, &device) };
        world.store.take_callback(told).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE address = 'ID.2' AND is_alias").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
        // And by the number, once that is told.
        let told = vec![(new_user, Chat::new("628999000111"))];
        world.store.take_callback(NewCallback { aliases: told, ..callback(world, &device) }).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM contacts WHERE address = '628999000111' AND NOT is_alias").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM conversations").await, 1);
    }
}
