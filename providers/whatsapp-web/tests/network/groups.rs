//! Groups: whose message it is, where, and what was chosen in a poll there.

use cetar_model::Content;
use cetar_provider::Inbound;
use cetar_simulator_whatsapp_web::Group;
use wacore::poll::{compute_option_hash, encrypt_poll_vote_with_secret};
use waproto::whatsapp::{
    Message, MessageContextInfo, MessageKey,
    message::{PollCreationMessage, PollEncValue, PollUpdateMessage, poll_creation_message},
};
use whatsapp_rust::buffa::MessageField;

use crate::world::{OWNER, PEER, World, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_a_group_comes_with_its_writer_and_its_group() {
    let (mut world, running) = World::connected().await;
    let other = world.simulator.peer("6281200000003");
    let siti = world.peer.clone();
    for group in [
        world.simulator.group(&world.phone, &[&world.peer, &other]),
        world.simulator.group_by_number(&world.phone, &[&world.peer, &other]),
    ] {
        // The first brings the writer's key with it, the second goes without; another writer has another key.
        for (writer, text) in [(&siti, "pertama"), (&siti, "kedua"), (&other, "saya juga")] {
            let id = group.send_text(writer, text).await;
            let message = world.inbound().await;
            assert_eq!((message.content.text(), &message.remote_id), (Some(text), &id));
            assert_eq!((message.chat.as_str(), message.from.as_str()), (&*group.jid(), writer.number()));
            assert_eq!((message.group, message.from_alias, message.echo), (true, false, false));
            soon("the receipt", world.simulator.wait_until(|_| !writer.receipts_of(&id).is_empty())).await;
        }
    }
    running.stop().await;
    assert_eq!(world.further_messages(), 0, "keys alone are nobody's message");
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_owner_writes_in_a_group_is_an_echo() {
    let (mut world, running) = World::connected().await;
    let group = world.simulator.group(&world.phone, &[&world.peer]);
    group.send_text_from_phone(&world.phone, "Dari HP saya").await;
    let message = world.inbound().await;
    assert_eq!((message.chat.as_str(), message.from.as_str()), (&*group.jid(), OWNER));
    assert_eq!((message.group, message.echo), (true, true));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_key_did_not_come_is_asked_for_and_told_under_one_id() {
    let (mut world, running) = World::connected().await;
    let group = world.simulator.group(&world.phone, &[&world.peer]);
    group.send_text(&world.peer, "pertama").await;
    world.inbound().await;
    group.withhold_key(&world.peer);
    let id = group.send_text(&world.peer, "kedua").await;
    let message = world.inbound().await;
    assert_eq!((message.content.text(), &message.remote_id), (Some("kedua"), &id));
    assert_eq!((message.chat.as_str(), message.from.as_str()), (&*group.jid(), PEER));
    group.send_text(&world.peer, "ketiga").await;
    // The owner's phone may repeat it, too: the same in all by which the gateway knows it again.
    loop {
        let next = world.inbound().await;
        if next.remote_id != id {
            assert_eq!(next.content.text(), Some("ketiga"));
            break;
        }
        assert_eq!((&next.chat, &next.from, &next.content), (&message.chat, &message.from, &message.content));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_whose_number_is_hidden_is_told_by_lid_until_it_turns_up() {
    let (mut world, running) = World::connected().await;
    let group = world.simulator.group(&world.phone, &[&world.peer]);
    world.peer.hide_number(true);
    group.send_text(&world.peer, "Siapa saya?").await;
    let message = world.inbound().await;
    let lid = world.peer.lid().to_owned();
    assert_eq!((message.from.as_str(), message.from_alias, message.group), (&*lid, true, true));
    assert_eq!(message.chat.as_str(), group.jid());
    // The next message says who it is.
    world.peer.hide_number(false);
    group.send_text(&world.peer, "Saya Siti").await;
    assert_eq!(world.inbound().await.from.as_str(), PEER);
    let told = world.told("the number", |event| match event {
        Inbound::Resolved { alias, number } => Some((alias.to_string(), number.to_string())),
        _ => None,
    });
    assert_eq!(told.await, (lid, PEER.to_owned()));
    running.stop().await;
}

const SECRET: [u8; 32] = [7; 32];

fn poll() -> Message {
    let option =
        |name: &str| poll_creation_message::Option { option_name: Some(name.into()), ..Default::default() };
    Message {
        poll_creation_message_v3: MessageField::some(PollCreationMessage {
            name: Some("Kapan?".into()),
            options: vec![option("Senin"), option("Selasa"), option("Rabu")],
            selectable_options_count: Some(0),
            ..Default::default()
        }),
        message_context_info: MessageField::some(MessageContextInfo {
            message_secret: Some(SECRET.to_vec()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A vote of the person with this JID.
fn vote(poll: &str, creator: &str, voter: &str, options: &[&str]) -> Message {
    let hashes: Vec<Vec<u8>> = options.iter().map(|option| compute_option_hash(option).to_vec()).collect();
    let (payload, iv) =
        encrypt_poll_vote_with_secret(&hashes, &SECRET, poll, creator, voter).expect("sealed");
    Message {
        poll_update_message: MessageField::some(PollUpdateMessage {
            poll_creation_message_key: MessageField::some(MessageKey {
                id: Some(poll.to_owned()),
                ..Default::default()
            }),
            vote: MessageField::some(PollEncValue { enc_payload: Some(payload), enc_iv: Some(iv.to_vec()) }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn voted(world: &mut World, group: &Group, vote: Message) -> Content {
    let other = world.simulator.peer("6281200000003");
    group.send(&other, vote).await;
    let message = world.inbound().await;
    assert_eq!((message.from.as_str(), message.group), (other.number(), true));
    message.content
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_chosen_in_a_poll_is_told_by_name() {
    let (mut world, running) = World::connected().await;
    let other = world.simulator.peer("6281200000003");
    let group = world.simulator.group(&world.phone, &[&world.peer, &other]);
    let id = group.send(&world.peer, poll()).await;
    assert!(matches!(world.inbound().await.content, Content::Poll { several: true, .. }));
    let (creator, voter) = (format!("{}@lid", world.peer.lid()), format!("{}@lid", other.lid()));
    let (number, voting_number) =
        (format!("{PEER}@s.whatsapp.net"), format!("{}@s.whatsapp.net", other.number()));

    let both = voted(&mut world, &group, vote(&id, &creator, &voter, &["Rabu", "Senin"])).await;
    let options = vec!["Senin".to_owned(), "Rabu".to_owned()];
    assert_eq!(both, Content::PollVote { message: id.clone(), options });
    // An older client seals for the numbers; a choice that is none of the poll's is left out; none at all takes the vote back.
    let older = voted(&mut world, &group, vote(&id, &number, &voting_number, &["Selasa", "Minggu"])).await;
    assert_eq!(older, Content::PollVote { message: id.clone(), options: vec!["Selasa".into()] });
    let back = voted(&mut world, &group, vote(&id, &creator, &voter, &[])).await;
    assert_eq!(back, Content::PollVote { message: id.clone(), options: vec![] });

    // A poll that nobody told of, and a vote that another person sealed.
    for unread in [vote("3EB0FF", &creator, &voter, &["Senin"]), vote(&id, &creator, &creator, &["Senin"])] {
        let told = voted(&mut world, &group, unread).await;
        assert_eq!(told, Content::Unsupported { kind: "poll_vote".into() });
    }
    running.stop().await;

    // The next process knows the poll, too.
    let running = world.run().await;
    let again = voted(&mut world, &group, vote(&id, &creator, &voter, &["Selasa"])).await;
    assert_eq!(again, Content::PollVote { message: id, options: vec!["Selasa".into()] });
    running.stop().await;
}
