//! Every kind of message that can come in.

use cetar_model::{Card, Content, Coordinate, Location, Writer};
use cetar_provider::Outbound;
use waproto::whatsapp::{
    ContextInfo, Message, MessageKey,
    message::{
        ContactMessage, ExtendedTextMessage, FutureProofMessage, LocationMessage, PollCreationMessage,
        ProtocolMessage, ReactionMessage, poll_creation_message, protocol_message::Type,
    },
};
use whatsapp_rust::buffa::MessageField;

use crate::world::{OWNER, PEER, World, soon};

fn some<T: Default>(value: T) -> MessageField<T> {
    MessageField::some(value)
}

fn text(text: &str) -> Message {
    Message { conversation: Some(text.into()), ..Default::default() }
}

fn key(id: &str) -> MessageField<MessageKey> {
    some(MessageKey { id: Some(id.into()), from_me: Some(false), ..Default::default() })
}

/// A change of another message, as its writer's phone sends it.
fn about(kind: Type, id: &str, now: Option<Message>) -> Message {
    let protocol = ProtocolMessage {
        key: key(id),
        r#type: Some(kind),
        edited_message: now.map_or_else(MessageField::none, some),
        ..Default::default()
    };
    Message { protocol_message: some(protocol), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_told_in_our_words() {
    let (mut world, running) = World::connected().await;
    let location = LocationMessage {
        degrees_latitude: Some(-6.2),
        degrees_longitude: Some(106.816_666),
        name: Some("Toko".into()),
        ..Default::default()
    };
    let vcard = "BEGIN:VCARD\nVERSION:3.0\nFN:Budi\nitem1.TEL;type=CELL;waid=6281234567890:+62 812-3456-7890\n\
                 TEL:021-555\nEND:VCARD";
    let contact =
        ContactMessage { display_name: Some("Budi".into()), vcard: Some(vcard.into()), ..Default::default() };
    let reaction = ReactionMessage { key: key("3EB0A"), text: Some("👍".into()), ..Default::default() };
    let option =
        |name: &str| poll_creation_message::Option { option_name: Some(name.into()), ..Default::default() };
    let poll = PollCreationMessage {
        name: Some("Kapan?".into()),
        options: vec![option("Senin"), option("Selasa")],
        selectable_options_count: Some(1),
        ..Default::default()
    };
    let edit = about(Type::MESSAGE_EDIT, "3EB0A", Some(text("Hai")));
    let wrapped_edit = Message {
        edited_message: some(FutureProofMessage { message: some(edit.clone()) }),
        ..Default::default()
    };
    let once = FutureProofMessage { message: some(text("sekali")) };
    let edited = || Content::Edited {
        message: "3EB0A".into(),
        content: Box::new(Content::Text { text: "Hai".into() }),
    };
    for (message, expected) in [
        (
            Message { location_message: some(location), ..Default::default() },
            Content::Location(Location {
                latitude: Coordinate::from_degrees(-6.2).unwrap(),
                longitude: Coordinate::from_degrees(106.816_666).unwrap(),
                name: Some("Toko".into()),
                address: None,
            }),
        ),
        (
            Message { contact_message: some(contact), ..Default::default() },
            Content::Contacts {
                contacts: vec![Card {
                    name: "Budi".into(),
                    phones: vec!["6281234567890".into(), "021-555".into()],
                    vcard: Some(vcard.into()),
                }],
            },
        ),
        (
            Message { reaction_message: some(reaction), ..Default::default() },
            Content::Reaction { message: "3EB0A".into(), emoji: "👍".into() },
        ),
        (
            Message { poll_creation_message_v3: some(poll), ..Default::default() },
            Content::Poll {
                question: "Kapan?".into(),
                options: vec!["Senin".into(), "Selasa".into()],
                several: false,
            },
        ),
        (edit, edited()),
        (wrapped_edit, edited()),
        (about(Type::REVOKE, "3EB0A", None), Content::Deleted { message: "3EB0A".into() }),
        (
            Message { view_once_message_v2: some(once), ..Default::default() },
            Content::Text { text: "sekali".into() },
        ),
    ] {
        world.peer.send(&world.phone, message).await;
        assert!(world.inbound().await.content == expected, "{expected:?}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_looked_at_once_is_told_at_once_as_what_it_is() {
    let (mut world, running) = World::connected().await;
    let id = world.peer.send_view_once(&world.phone, text("rahasia")).await;
    let message = world.inbound().await;
    assert_eq!(message.content, Content::Unsupported { kind: "view_once".into() });
    assert_eq!((message.remote_id, message.from.as_str()), (id, PEER));
    running.stop().await;
    assert_eq!(world.further_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_names_the_message_it_answers_both_ways() {
    let (mut world, running) = World::connected().await;
    let sent = running.send(&world.message("Halo")).await.expect("sent");
    let answer = ExtendedTextMessage {
        text: Some("Halo juga".into()),
        context_info: some(ContextInfo { stanza_id: Some(sent.remote_id.clone()), ..Default::default() }),
        ..Default::default()
    };
    world
        .peer
        .send(&world.phone, Message { extended_text_message: some(answer), ..Default::default() })
        .await;
    let message = world.inbound().await;
    assert_eq!(message.reply_to, Some(sent.remote_id));

    soon("the first", world.peer.next_message()).await;
    let reply = Outbound { reply_to: Some(message.remote_id.clone()), ..world.message("Baik") };
    running.send(&reply).await.expect("sent");
    let received = soon("the peer", world.peer.next_message()).await;
    assert_eq!(received.text.as_deref(), Some("Baik"));
    let quoted = quoted(&received.message).expect("an answer");
    assert_eq!(quoted, (Some(message.remote_id), Some(format!("{PEER}@s.whatsapp.net"))));
    running.stop().await;
}

/// Which message an answer quotes, and whose it is.
fn quoted(message: &Message) -> Option<(Option<String>, Option<String>)> {
    let context = message.extended_text_message.as_option()?.context_info.as_option()?;
    Some((context.stanza_id.clone(), context.participant.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_a_message_of_our_own_quotes_us() {
    let (world, running) = World::connected().await;
    let ours = running.send(&world.message("Halo")).await.expect("sent").remote_id;
    world.host.note_writer(&ours, Writer::Us);
    soon("the first", world.peer.next_message()).await;
    let more = Outbound { reply_to: Some(ours.clone()), ..world.message("Masih ada?") };
    running.send(&more).await.expect("sent");
    let received = soon("the peer", world.peer.next_message()).await;
    assert_eq!(quoted(&received.message), Some((Some(ours), Some(format!("{OWNER}@s.whatsapp.net")))));
    running.stop().await;
}
