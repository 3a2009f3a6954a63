//! The inbox, and figures.

use std::time::Duration;

use cetar_model::{Chat, Content, Media, MediaId, MediaSource};

use super::{
    statements::plan_of,
    world::{Kind, LEASE, NODE, World, on_both_engines},
};
use crate::{
    Assigned, Conversation, ConversationChange, ConversationFilter, Figures, MediaSourceRecord, NewInbound,
    NewUser, Note, StoredBytes,
};

/// Conversations as years of use leave them: each with its contact and its last message; every thousandth is unread, one is resolved.
const MANY: i64 = 100_000;

async fn fill(world: &World) {
    let device = world.device().await;
    let (hex, numbers) = match world.kind {
        Kind::Sqlite => (
            "printf('%032x', i)",
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"),
        ),
        Kind::Postgres => (
            "lpad(to_hex(i), 32, '0')",
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"),
        ),
    };
    let workspace = &world.workspace;
    let conversations = format!(
        "INSERT INTO conversations (id, workspace, device, channel, chat, is_group, last_sequence, last_message_at, created_at, \
           unread, resolved_at) \
         {numbers} SELECT 'cnv_' || {hex}, '{workspace}', '{device}', 'whatsapp', '628' || i, FALSE, 1, i * 1000, i, \
           CASE WHEN i % 1000 = 0 THEN 1 ELSE 0 END, CASE WHEN i = 500 THEN 1 ELSE NULL END FROM n"
    );
    let contacts = format!(
        "INSERT INTO contacts (id, workspace, channel, address, name, is_alias, created_at) \
         {numbers} SELECT 'ctc_' || {hex}, '{workspace}', 'whatsapp', '628' || i, 'Orang ' || i, FALSE, i FROM n"
    );
    let messages = format!(
        "INSERT INTO messages (id, workspace, device, channel, conversation, sequence, direction, sender_is_alias, content, state, \
           state_at, created_at) \
         {numbers} SELECT 'msg_' || {hex}, '{workspace}', '{device}', 'whatsapp', 'cnv_' || {hex}, 1, 'in', FALSE, \
           '{{\"type\":\"text\",\"text\":\"halo\"}}', 'delivered', i, i FROM n"
    );
    for sql in [conversations, contacts, messages] {
        world.raw(&sql).await;
    }
    world.raw("ANALYZE").await;
}

async fn page(world: &World, filter: ConversationFilter, limit: usize) -> Vec<Conversation> {
    world.store.conversations(&world.workspace, &filter, limit).await.unwrap().0
}

fn chats(found: &[Conversation]) -> Vec<String> {
    found.iter().map(|it| it.chat.to_string()).collect()
}

/// A line of SQLite's plan that reads what a subquery with a limit of its own gives.
fn ends_in_order(line: &str) -> bool {
    ["SCAN c", "SCAN k"].contains(&line)
}

/// However little a search fits, each step looks at a bounded number of conversations, goes on where the step before ended, and nothing
/// that fits is passed over. Conversation `i` was last active at `i` milliseconds: a place tells how far a step came.
async fn every_step_of_a_search_is_bounded(world: &World) {
    let search =
        |text: &str| ConversationFilter { search: Some(text.into()), ..ConversationFilter::default() };
    for (text, expected) in
        [("orang 77777", vec!["62877777"]), ("orang 100", vec!["628100000"]), ("nobody", vec![])]
    {
        let (mut filter, mut found, mut at, mut steps) = (search(text), Vec::new(), MANY + 1, 0);
        loop {
            let (some, next) = world.store.conversations(&world.workspace, &filter, 30).await.unwrap();
            found.extend(chats(&some));
            steps += 1;
            let Some(place) = next else { break };
            let reached = place.0.as_micros() / 1000;
            assert!(reached < at && at - reached <= 5_200, "step {steps} went from {at} to {reached}");
            at = reached;
            filter.after = Some(place);
        }
        assert!(
            found.starts_with(&expected.iter().map(|chat| (*chat).to_owned()).collect::<Vec<_>>()),
            "{text}: {found:?}"
        );
        let fits = if text == "orang 100" { 112 } else { expected.len() };
        assert_eq!(found.len(), fits, "{text}");
        // Twenty look at all of them; a page that is full before its bound is one more.
        assert!((20..=20 + fits / 30 + 1).contains(&steps), "{text}: {steps}");
    }
    let (mut before, mut found, mut steps) = (None, Vec::new(), 0);
    loop {
        let some =
            world.store.contacts(&world.workspace, Some("orang 77777"), before.as_ref(), 30).await.unwrap();
        found.extend(some.0);
        steps += 1;
        before = some.1;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), steps), (1, 21), "5,000 at a time, and a last one that finds nobody");
}

on_both_engines! {
    /// What the plan says with statistics of a large table: whatever is asked for, an index gives it in order.
    async fn a_hundred_thousand_conversations_are_read_in_order_from_an_index(world: &World) {
        fill(world).await;
        let first = page(world, ConversationFilter::default(), 3).await;
        assert_eq!(chats(&first), ["628100000", "62899999", "62899998"]);
        assert_eq!(first[0].name.as_deref(), Some("Orang 100000"));
        assert!(first[0].last.as_ref().is_some_and(|last| last.content.text() == Some("halo")));
        let last = &first[2];
        let next = ConversationFilter { after: Some((last.updated_at, last.id.clone())), ..ConversationFilter::default() };
        assert_eq!(chats(&page(world, next, 2).await), ["62899997", "62899996"]);

        let unread = ConversationFilter { unread: true, ..ConversationFilter::default() };
        let mut found = 0;
        let mut after = None;
        loop {
            let some = page(world, ConversationFilter { after, ..unread.clone() }, 30).await;
            found += some.len();
            let Some(last) = some.last() else { break };
            after = Some((last.updated_at, last.id.clone()));
        }
        assert_eq!(found, 100);
        let resolved = ConversationFilter { resolved: Some(true), ..ConversationFilter::default() };
        assert_eq!(chats(&page(world, resolved, 2).await), ["628500"]);
        let search = |text: &str| ConversationFilter { search: Some(text.into()), ..ConversationFilter::default() };
        assert_eq!(chats(&page(world, search("ORANG 99999"), 2).await), ["62899999"]);
        assert_eq!(chats(&page(world, search("62899999"), 2).await), ["62899999"]);
        let open = ConversationFilter { resolved: Some(false), ..ConversationFilter::default() };
        assert_eq!(page(world, open, 30).await.len(), 30);

        for name in ["conversations::ALL", "conversations::UNREAD", "conversations::ASSIGNED", "conversations::RESOLVED", "contacts::PAGE"] {
            let plan = plan_of(world, name).await;
            let bad = |line: &&String| line.contains("Seq Scan") || line.starts_with("SCAN") && !ends_in_order(line);
            assert_eq!(plan.iter().find(bad), None, "{name}: {plan:#?}");
        }
        // What is walked comes in the order of an index, so the walk ends where its limit says.
        for name in ["conversations::END", "contacts::END"] {
            let plan = plan_of(world, name).await;
            let bad = |line: &&String| {
                ["Seq Scan", "Sort", "TEMP B-TREE"].iter().any(|word| line.contains(word)) || line.starts_with("SCAN")
            };
            assert_eq!(plan.iter().find(bad), None, "{name}: {plan:#?}");
        }
        every_step_of_a_search_is_bounded(world).await;
    }

    async fn what_comes_in_is_counted_with_the_message_and_an_echo_says_that_it_was_read(world: &World) {
        let (device, lease) = world.leased().await;
        let state = async || {
            let all = page(world, ConversationFilter::default(), 9).await;
            (all[0].unread, all[0].inbound_at.is_some(), all[0].resolved_at.is_some())
        };
        world.accept(&device, "6281234567890", "halo").await;
        assert_eq!(state().await, (0, false, false), "a send is nothing to read");
        for text in ["1", "2"] {
            world.store.take_in(world.inbound(&device, lease, "6281234567890", text)).await.unwrap();
        }
        assert_eq!(state().await, (2, true, false));
        let id = page(world, ConversationFilter::default(), 1).await[0].id.clone();
        let resolve = || world.store.change_conversation(&world.workspace, &id, ConversationChange::Resolve, world.now());
        assert!(resolve().await.unwrap());
        assert_eq!(state().await, (0, true, true));
        let again = world.inbound(&device, lease, "6281234567890", "3");
        world.store.take_in(again.clone()).await.unwrap();
        assert_eq!(state().await, (1, true, false), "opened again");
        assert!(!world.store.take_in(again).await.unwrap());
        assert_eq!(state().await, (1, true, false), "the network's repeat counts nothing");
        let echo = NewInbound { echo: true, ..world.inbound(&device, lease, "6281234567890", "Sebentar") };
        world.store.take_in(echo).await.unwrap();
        assert_eq!(state().await, (0, true, false));
    }

    async fn the_time_to_answer_runs_from_when_a_message_was_written(world: &World) {
        let (device, lease) = world.leased().await;
        let inbound_at = async || page(world, ConversationFilter::default(), 1).await[0].inbound_at;
        let now = world.now();
        let written = |text: &str, sent_at| NewInbound { sent_at, ..world.inbound(&device, lease, "6281234567890", text) };
        let hour = Duration::from_hours(1);
        world.store.take_in(written("two hours on its way", now - hour * 2)).await.unwrap();
        assert_eq!(inbound_at().await, Some(now - hour * 2));
        world.store.take_in(written("one hour", now - hour)).await.unwrap();
        world.store.take_in(written("older, and later still", now - hour * 3)).await.unwrap();
        assert_eq!(inbound_at().await, Some(now - hour));
        world.store.take_in(written("by a clock that is ahead", now + hour)).await.unwrap();
        assert_eq!(inbound_at().await, Some(now));
    }

    async fn an_alias_that_is_resolved_brings_its_count_and_its_notes(world: &World) {
        let (device, lease) = world.leased().await;
        world.store.take_in(world.inbound(&device, lease, "6281234567890", "1")).await.unwrap();
        let alias = NewInbound { from_alias: true, ..world.inbound(&device, lease, "123@lid", "2") };
        world.store.take_in(alias).await.unwrap();
        let of_alias = page(world, ConversationFilter { search: Some("lid".into()), ..ConversationFilter::default() }, 2).await;
        let note = Note { id: world.ids.make(world.now()), author: "Ani".into(), text: "vip".into(), created_at: world.now() };
        assert!(world.store.add_note(&world.workspace, &of_alias[0].id, note.clone()).await.unwrap());
        world.store.resolve_alias(&device, lease, &Chat::new("123@lid"), &Chat::new("6281234567890"), world.now()).await.unwrap();
        let merged = page(world, ConversationFilter::default(), 9).await;
        assert_eq!((merged.len(), merged[0].unread), (1, 2));
        assert_eq!(world.store.notes(&world.workspace, &merged[0].id, None, 9).await.unwrap(), [note]);
    }

    async fn a_conversation_is_given_to_people_of_its_workspace_alone(world: &World) {
        let (device, lease) = world.leased().await;
        world.store.take_in(world.inbound(&device, lease, "6281234567890", "1")).await.unwrap();
        let id = page(world, ConversationFilter::default(), 1).await[0].id.clone();
        let user = |workspace: &cetar_model::WorkspaceId, email: &str| NewUser {
            id: world.ids.make(world.now()),
            workspace: workspace.clone(),
            email: email.into(),
            role: cetar_model::Role::Agent,
            password_hash: "x".into(),
            invitation: None,
            created_at: world.now(),
        };
        let (ours, theirs) = (user(&world.workspace, "a@x"), user(&world.ids.make(world.now()), "b@x"));
        world.store.insert_user(ours.clone()).await.unwrap();
        world.store.insert_user(theirs.clone()).await.unwrap();
        let assign = async |to| world.store.change_conversation(&world.workspace, &id, ConversationChange::Assign(to), world.now()).await.unwrap();
        assert!(!assign(Some(theirs.id)).await);
        assert!(assign(Some(ours.id.clone())).await);
        let mine = ConversationFilter { assigned: Some(Assigned::To(ours.id)), ..ConversationFilter::default() };
        assert_eq!(page(world, mine.clone(), 2).await.len(), 1);
        assert!(assign(None).await);
        assert!(page(world, mine, 2).await.is_empty());
    }

    async fn who_is_erased_leaves_nothing_but_their_place_in_the_stream(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        world.store.take_in(world.inbound(&device, lease, "6281234567890", "rahasia")).await.unwrap();
        world.store.take_in(world.inbound(&device, lease, "6281234567891", "lain")).await.unwrap();
        let running = world.accept(&device, "6281234567890", "rahasia").await;
        let job = world.claim_one(&device).await;
        assert_eq!(job.job, running.job);
        let found = world.store.contacts(&world.workspace, Some("67890"), None, 9).await.unwrap().0;
        let other = world.ids.make(world.now());
        assert!(!world.store.erase_contact(&other, &found[0].id, world.now()).await.unwrap(), "another workspace's");
        assert!(world.store.erase_contact(&world.workspace, &found[0].id, world.now()).await.unwrap());
        assert!(!world.store.erase_contact(&world.workspace, &found[0].id, world.now()).await.unwrap());
        for (table, left) in [("contacts", 1), ("conversations", 1), ("messages", 1), ("jobs", 0), ("received", 1), ("deliveries", 1), ("events", 2)] {
            assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, left, "{table}");
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM events WHERE body LIKE '%rahasia%' OR body LIKE '%67890%'").await, 0);
        // The attempt that was under way finds nothing to settle.
        let late = world.store.settle(world.settlement(&job, super::world::sent(&job.message))).await;
        assert!(matches!(late, Err(crate::StoreError::LeaseLost)), "{late:?}");
    }

    async fn pictures_go_with_the_last_person_who_had_them(world: &World) {
        let (device, lease) = world.leased().await;
        let keep = async |byte: u8| {
            let id: MediaId = world.ids.make(world.now());
            let bytes = StoredBytes { hash: [byte; 32], size: 3, content_type: "image/png".into(), file_name: None };
            world.store.keep_media(&id, &world.workspace, Some(&device), bytes, world.now()).await.unwrap();
            id
        };
        let picture = |media: &MediaId| Content::Image { media: Media::of(MediaSource::Stored(media.clone())), caption: None };
        let (theirs, shared, same_bytes) = (keep(1).await, keep(2).await, keep(1).await);
        let (budi, ani) = ("6281234567890", "6281234567891");
        world.store.take_in(NewInbound { content: picture(&theirs), ..world.inbound(&device, lease, budi, "") }).await.unwrap();
        for to in [budi, ani] {
            // As an attempt leaves it that has fetched the picture.
            world.accept(&device, to, "promo").await;
            let job = world.claim_one(&device).await;
            world.store.set_content(&job, NODE, world.now() + LEASE, &picture(&shared)).await.unwrap();
        }
        let source = MediaSourceRecord { media: shared.clone(), etag: None, last_modified: None, fetched_at: world.now() };
        world.store.set_media_source(&world.workspace, [9; 32], source).await.unwrap();
        let erase = async |address: &str| {
            let found = world.store.contacts(&world.workspace, Some(address), None, 1).await.unwrap().0;
            assert!(world.store.erase_contact(&world.workspace, &found[0].id, world.now()).await.unwrap());
        };
        let there = async |id: &MediaId| world.store.media(id).await.unwrap().is_some();
        let noted = async || world.store.media_garbage(world.now() + Duration::from_secs(1), 9).await.unwrap();
        erase(budi).await;
        assert_eq!((there(&theirs).await, there(&shared).await), (false, true));
        assert_eq!(noted().await, [], "another medium has the same bytes");
        erase(ani).await;
        assert_eq!((there(&shared).await, there(&same_bytes).await), (false, true));
        assert_eq!(noted().await, [(world.workspace.clone(), [2; 32])]);
        assert_eq!(world.store.media_source(&world.workspace, &[9; 32]).await.unwrap(), None, "nor is it found by its address");
    }

    async fn what_was_told_of_somebody_elsewhere_goes_too(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let (budi, other) = ("6281234567890", "62812345678901");
        let in_group = |from: &str| NewInbound {
            chat: Chat::new("120363@g.us"),
            group: true,
            ..world.inbound(&device, lease, from, "rahasia")
        };
        for from in [budi, other] {
            world.store.take_in(in_group(from)).await.unwrap();
        }
        let found = world.store.contacts(&world.workspace, Some(budi), None, 9).await.unwrap().0;
        let budis = found.iter().find(|contact| contact.address == budi).unwrap();
        assert!(world.store.erase_contact(&world.workspace, &budis.id, world.now()).await.unwrap());
        for (what, left) in [
            ("messages WHERE content LIKE '%rahasia%'", 2),
            ("messages WHERE sender = '6281234567890'", 0),
            ("events WHERE body LIKE '%\"6281234567890\"%'", 0),
            ("events WHERE body LIKE '%rahasia%'", 1),
            ("deliveries", 1),
        ] {
            assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {what}")).await, left, "{what}");
        }
    }

    async fn hours_that_are_over_are_added_up_once_and_the_present_one_is_counted(world: &World) {
        let (device, lease) = world.leased().await;
        let start = world.now();
        world.accept(&device, "6281234567890", "a").await;
        world.store.take_in(world.inbound(&device, lease, "6281234567890", "b")).await.unwrap();
        let failing = world.claim_one(&device).await;
        let failed = crate::Outcome::Failed { code: cetar_model::FailureCode::RejectedByNetwork, provider_code: None, detail: None };
        world.settle(&failing, failed).await;
        let figures = async || {
            let hours = world.store.usage(&world.workspace, start, world.now() + Duration::from_micros(1)).await.unwrap();
            hours.into_iter().map(|(_, figures)| figures).collect::<Vec<_>>()
        };
        let first = Figures { sent: 1, came_in: 1, failed: 1 };
        assert_eq!(figures().await, [first], "not over yet");
        assert!(!world.store.add_up_usage(world.now()).await.unwrap());
        world.pass(Duration::from_mins(61));
        world.accept(&device, "6281234567891", "c").await;
        let second = Figures { sent: 1, ..Figures::default() };
        assert_eq!(figures().await, [first, second]);
        while world.store.add_up_usage(world.now()).await.unwrap() {}
        assert_eq!(world.number("SELECT COUNT(*) FROM usage_hours").await, 1, "the present hour is not over");
        assert_eq!(figures().await, [first, second], "the same, from what was added up");
        assert_eq!(world.store.waiting(&world.workspace, 9).await.unwrap().0, 1);
        assert_eq!(world.store.waiting(&world.ids.make(world.now()), 9).await.unwrap(), (0, None));
        world.raw("DELETE FROM messages").await;
        world.pass(Duration::from_hours(26));
        while world.store.add_up_usage(world.now()).await.unwrap() {}
        assert_eq!(figures().await, [], "of whom everything was forgotten, nothing is counted");
    }
}

#[test]
fn what_is_a_pattern_in_a_search_stands_for_itself() {
    assert_eq!(crate::conversations::containing(" 100%_!A "), "%100!%!_!!a%");
}
